//! What a binary offers a profiler, and what it lacks: the facts that `pyrometer doctor` judges.
//!
//! Constraints:
//! - bytes in, facts out: which of the named files exist is the caller's affair;
//! - quick for any size: of the debug info the unit headers and the first entries of a bounded number
//!   of units are read, of compressed sections a beginning, of the code some functions;
//! - any bytes give facts or an [`Error`], never a panic.

mod allocator;
mod code;
mod debug;
mod rust;

use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader};
use object::{Object, ObjectKind, ObjectSymbol, SymbolKind};
use serde::Serialize;

use crate::elf::ElfImage;
use crate::error::Error;
use crate::identity;
use crate::names::NameBudget;

pub use allocator::Allocator;
pub use code::{FramePointers, Unwind};
pub use debug::{Debug, Levels, Split};
pub use rust::Rustc;

/// Shared libraries of a binary that are listed at most.
const MOST_LIBRARIES: usize = 1024;

/// What a binary says about itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// `X86_64`, `Aarch64` and so on.
    pub architecture: String,
    /// 32 or 64.
    pub bits: u8,
    /// `executable`, `library`, or `other` (an object file, a core dump, a file of debug info alone).
    pub kind: &'static str,
    /// `rust`, `c++`, `go`, or `c` for all that leaves no trace of its own.
    pub language: &'static str,
    /// Lower-case hex.
    pub build_id: Option<String>,
    /// The dynamic loader that the binary asks for.
    pub interpreter: Option<String>,
    /// Shared libraries that it asks for.
    pub libraries: Vec<String>,
    /// Which table names its functions: `symtab`, `dynsym` or `none`.
    pub symbols: &'static str,
    /// Its own debug info.
    pub debug: Option<Debug>,
    /// The name in `.gnu_debuglink`.
    pub debug_link: Option<String>,
    /// The name in `.gnu_debugaltlink`.
    pub debug_alt_link: Option<String>,
    /// Whether it has compressed symbols in `.gnu_debugdata`.
    pub mini_debug_info: bool,
    /// What says how to unwind its code.
    pub unwind: Unwind,
    /// How many of its functions keep frame pointers.
    pub frame_pointers: FramePointers,
    /// Memory allocators other than the C library's, by name.
    pub allocators: Vec<Allocator>,
    /// The Rust compiler that built it.
    pub rustc: Option<Rustc>,
}

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Headers, and unwind tables only if they are small.
    Headers,
    /// Everything.
    All,
}

/// Reads the facts of `image`; with [`Depth::Headers`] there is no debug info, and there are symbols and
/// functions only where no unwind table says how to walk the code.
pub fn inspect(image: &ElfImage<'_>, depth: Depth) -> Inspection {
    let all = depth == Depth::All;
    let unwind = if all { code::unwind(image) } else { code::unwind_of_size(image) };
    let functions = all || unwind.covered == 0;
    let symbols = if functions { Symbols::read(image) } else { Symbols::default() };
    let debug = if all { debug::read(image) } else { None };
    let rustc = if all { rust::compiler(image, debug.as_ref()) } else { None };
    let linkage = Linkage::read(image);
    Inspection {
        architecture: format!("{:?}", image.file.architecture()),
        bits: if image.file.is_64() { 64 } else { 32 },
        kind: kind(image, linkage.interpreter.is_some()),
        language: language(image, &symbols, debug.as_ref(), &linkage, rustc.is_some()),
        build_id: identity::build_id(image.bytes()),
        symbols: symbols.source,
        debug_link: link(image, ".gnu_debuglink"),
        debug_alt_link: link(image, ".gnu_debugaltlink"),
        mini_debug_info: image.has_section(".gnu_debugdata"),
        unwind,
        frame_pointers: if functions {
            code::frame_pointers(image, &symbols.functions)
        } else {
            FramePointers::default()
        },
        allocators: symbols.allocators.found(&linkage.libraries, linkage.interpreter.is_some()),
        interpreter: linkage.interpreter,
        libraries: linkage.libraries,
        debug,
        rustc,
    }
}

impl Inspection {
    /// Reads the facts of the bytes of a file.
    pub fn of_bytes(bytes: &[u8], depth: Depth) -> Result<Self, Error> {
        Ok(inspect(&ElfImage::parse(bytes)?, depth))
    }
}

/// What one pass over the symbols learns.
#[derive(Default)]
struct Symbols {
    source: &'static str,
    /// Address and size of functions that have a size.
    functions: Vec<(u64, u64)>,
    allocators: allocator::Names,
    /// Whether a name tells the language.
    rust: bool,
    cpp: bool,
}

impl Symbols {
    fn read(image: &ElfImage<'_>) -> Self {
        let mut symbols = Symbols { source: "none", ..Symbols::default() };
        let mut budget = NameBudget::for_image(image);
        for symbol in image.file.dynamic_symbols() {
            symbols.add(&symbol, &mut budget, "dynsym");
        }
        symbols.functions.clear();
        for symbol in image.file.symbols() {
            symbols.add(&symbol, &mut budget, "symtab");
        }
        symbols
    }

    fn add<'d>(&mut self, symbol: &impl ObjectSymbol<'d>, budget: &mut NameBudget, source: &'static str) {
        if !matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label) {
            return;
        }
        let Some(name) = budget.name(symbol).filter(|name| !name.is_empty()) else { return };
        self.rust |= name.starts_with("rust_eh_personality") || name.contains("__rust_alloc");
        // Rust's older names begin so too, but Rust is recognised first.
        self.cpp |= name.starts_with("_Z") || name.starts_with("__gxx_personality_v0");
        self.allocators.see(name, symbol.is_definition());
        if symbol.is_definition() && symbol.kind() == SymbolKind::Text {
            self.source = source;
            if symbol.size() > 0 {
                self.functions.push((symbol.address(), symbol.size()));
            }
        }
    }
}

/// What the linker wrote for the loader.
#[derive(Default)]
struct Linkage {
    interpreter: Option<String>,
    libraries: Vec<String>,
}

impl Linkage {
    fn read(image: &ElfImage<'_>) -> Self {
        match &image.file {
            object::File::Elf64(elf) => Self::of(elf.elf_header(), image.bytes()),
            object::File::Elf32(elf) => Self::of(elf.elf_header(), image.bytes()),
            _ => None,
        }
        .unwrap_or_default()
    }

    fn of<Elf: FileHeader>(header: &Elf, data: &[u8]) -> Option<Self> {
        let endian = header.endian().ok()?;
        let segments = header.program_headers(endian, data).ok()?;
        let interpreter = segments.iter().find_map(|segment| segment.interpreter(endian, data).ok()?);
        let libraries = libraries(header, endian, data).unwrap_or_default();
        Some(Linkage { interpreter: interpreter.map(text), libraries })
    }
}

fn libraries<Elf: FileHeader>(header: &Elf, endian: Elf::Endian, data: &[u8]) -> Option<Vec<String>> {
    let sections = header.sections(endian, data).ok()?;
    let (_, table) = sections.section_by_name(endian, b".dynamic")?;
    let (entries, strings) = table.dynamic(endian, data).ok()??;
    let strings = sections.strings(endian, data, strings).ok()?;
    let needed = entries.iter().filter(|entry| entry.tag(endian) == object::elf::DT_NEEDED);
    let names = needed.filter_map(|entry| entry.string(endian, strings).ok()).take(MOST_LIBRARIES);
    Some(names.map(text).collect())
}

/// A program needs a loader, or begins somewhere: a library has neither.
fn kind(image: &ElfImage<'_>, interpreted: bool) -> &'static str {
    match image.file.kind() {
        ObjectKind::Executable => "executable",
        ObjectKind::Dynamic if interpreted || image.file.entry() != 0 => "executable",
        ObjectKind::Dynamic => "library",
        _ => "other",
    }
}

fn language(
    image: &ElfImage<'_>,
    symbols: &Symbols,
    debug: Option<&Debug>,
    linkage: &Linkage,
    rustc: bool,
) -> &'static str {
    if rustc || symbols.rust || debug.is_some_and(|debug| debug.rust_units > 0) {
        "rust"
    } else if image.has_section(".gopclntab") || image.has_section(".go.buildinfo") {
        "go"
    } else if symbols.cpp
        || linkage.libraries.iter().any(|library| is_of_cpp(library))
        || debug.is_some_and(|debug| debug.cpp_units > 0)
    {
        "c++"
    } else {
        "c"
    }
}

fn is_of_cpp(library: &str) -> bool {
    library.starts_with("libstdc++.so") || library.starts_with("libc++.so")
}

/// The file that such a section names.
fn link(image: &ElfImage<'_>, section: &str) -> Option<String> {
    let contents = image.section(section)?;
    let name = contents.split(|&byte| byte == 0).next().filter(|name| !name.is_empty())?;
    Some(text(&name[..name.len().min(4096)]))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
