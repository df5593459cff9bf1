//! Everything that one binary says about its addresses: debug info first, symbol table else.
//!
//! Constraints:
//! - addresses are those of the binary itself (SVMA); the address of a call is one less than its
//!   return address, which is the caller's affair;
//! - a name that only the symbol table has (debug info with lines alone) is used, and so are its
//!   other names of the same code;
//! - the same addresses give the same result, whatever the number of threads.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::demangle::{demangle, strip_suffixes, with_closure_number};
use crate::dwarf::{Companions, DebugSections, DwarfFrame, DwarfIndex, FileKey, FunctionKey, Origin};
use crate::elf::ElfImage;
use crate::outline::Outline;
use crate::resolution::{Builder, Resolution, SymFrame, SymFunction};
use crate::symtab::{Found, SymbolSource, SymbolTable};

/// Addresses that one thread takes at a time: neighbours share units and functions.
const CHUNK: usize = 128;

/// The symbols of one binary.
///
/// ```no_run
/// use pyrometer_symbols::{DebugSections, ElfImage, Resolver};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bytes = std::fs::read("/proc/self/exe")?;
/// let image = ElfImage::parse(&bytes)?;
/// let debug = DebugSections::load(&image);
/// let resolver = Resolver::new(&image, debug.as_ref());
/// let found = resolver.resolve(&[0x1234]);
/// for frame in found.frames(0x1234).unwrap_or_default() {
///     println!("{:?} at {:?}:{:?}", found.function(frame).map(|f| &f.name), found.file(frame), frame.line);
/// }
/// # Ok(()) }
/// ```
pub struct Resolver<'e> {
    symbols: SymbolTable<'e>,
    dwarf: Option<DwarfIndex<'e>>,
    outline: Outline<'e>,
}

/// What a resolver is made of, beside the binary itself.
#[derive(Clone, Copy, Default)]
pub struct Sources<'e, 'i> {
    /// Debug info: the binary's own, or separate.
    pub debug: Option<&'e DebugSections<'e>>,
    /// What belongs to that.
    pub companions: Companions<'e>,
    /// A file with the symbol table of the binary, if that was stripped.
    pub symbols: Option<&'i ElfImage<'e>>,
    /// The binary's mini debug info: symbols that its dynamic table lacks.
    pub mini: Option<&'i ElfImage<'e>>,
}

/// What a function's name is taken from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    /// An entry of the debug info, inlined somewhere.
    Inlined(FunctionKey),
    /// An entry of the debug info that has code of its own.
    Outermost(FunctionKey),
    /// A symbol, by its first address.
    Symbol(u64),
    /// A function without a name, by its first address.
    Nameless(u64),
}

/// Frames of one chunk of addresses.
#[derive(Default)]
struct Chain {
    frames: Vec<DwarfFrame>,
    ends: Vec<usize>,
}

impl<'e> Resolver<'e> {
    /// Reads the symbol table of `image` and the headers of the debug info in `debug`: its own, or
    /// that of a file of separate debug info with the same build id.
    pub fn new(image: &ElfImage<'e>, debug: Option<&'e DebugSections<'e>>) -> Self {
        Self::assemble(image, Sources { debug, ..Sources::default() })
    }

    /// The same, of several files.
    pub fn assemble(image: &ElfImage<'e>, sources: Sources<'e, '_>) -> Self {
        let first_code = image.code_ranges().first().map_or(0, |range| range.start);
        let index = |sections| DwarfIndex::new(sections, sources.companions, first_code);
        let index = || sources.debug.map(index).filter(|index| index.unit_count() > 0);
        let table = || SymbolTable::of_files(image, sources.symbols, sources.mini);
        let (symbols, dwarf) = rayon::join(table, index);
        Resolver { symbols, dwarf, outline: Outline::new(image) }
    }

    /// The symbol table.
    pub fn symbols(&self) -> &SymbolTable<'e> {
        &self.symbols
    }

    /// The function that holds `address`: its linkage name, empty if it has none, and where it
    /// begins and ends.
    pub fn function_at(&self, address: u64) -> Option<(&str, Range<u64>)> {
        match self.symbols.find(address) {
            Some(found) => Some((found.name, found.start..found.end)),
            None => self.outline.find(address).map(|range| ("", range)),
        }
    }

    /// The debug info, if there is any.
    pub fn dwarf(&self) -> Option<&DwarfIndex<'e>> {
        self.dwarf.as_ref()
    }

    /// Where names come from, as `binaries.symbols_from` says it.
    pub fn symbols_from(&self) -> &'static str {
        match (&self.dwarf, self.symbols.source()) {
            (Some(_), _) => "dwarf",
            (None, SymbolSource::Symtab) => "symtab",
            (None, SymbolSource::Mini) => "mini-debuginfo",
            (None, SymbolSource::Dynsym) => "dynsym",
            (None, SymbolSource::None) => "none",
        }
    }

    /// Functions, lines and inlined calls of all `addresses` (in any order, repeats allowed).
    pub fn resolve(&self, addresses: &[u64]) -> Resolution {
        let mut addresses = addresses.to_vec();
        addresses.par_sort_unstable();
        addresses.dedup();
        if let Some(dwarf) = &self.dwarf {
            dwarf.prepare(&addresses);
        }
        let chains: Vec<Chain> = addresses.par_chunks(CHUNK).map(|chunk| self.chains(chunk)).collect();
        let mut names = Names::new(self, &addresses, &chains);
        for (chunk, chain) in addresses.chunks(CHUNK).zip(&chains) {
            for (at, &address) in chunk.iter().enumerate() {
                names.push(self, address, chain.frames_at(at));
            }
        }
        names.builder.finish()
    }

    fn chains(&self, addresses: &[u64]) -> Chain {
        let mut chain = Chain::default();
        for &address in addresses {
            if let Some(dwarf) = &self.dwarf {
                dwarf.lookup(address, &mut chain.frames);
            }
            chain.ends.push(chain.frames.len());
        }
        chain
    }

    /// The source of each frame's name; none if nothing names the address.
    fn source(&self, address: u64, frames: &[DwarfFrame], at: usize) -> Option<Source> {
        match frames.get(at).and_then(|frame| frame.function) {
            Some(function) if at > 0 => Some(Source::Inlined(function)),
            Some(function) => Some(Source::Outermost(function)),
            // The symbol is that of the function around it.
            None if at > 0 => None,
            None => self.function_at(address).map(|(name, range)| match name {
                "" => Source::Nameless(range.start),
                _ => Source::Symbol(range.start),
            }),
        }
    }

    fn describe(&self, source: Source, address: u64) -> SymFunction {
        match source {
            Source::Inlined(key) => self.of_origin(key, None),
            Source::Outermost(key) => self.of_origin(key, self.symbols.find(address)),
            Source::Symbol(_) => self.symbols.find(address).map(from_symbol).unwrap_or_default(),
            Source::Nameless(start) => SymFunction { start: Some(start), ..SymFunction::default() },
        }
    }

    fn of_origin(&self, key: FunctionKey, symbol: Option<Found<'_>>) -> SymFunction {
        let Some(dwarf) = &self.dwarf else { return SymFunction::default() };
        let origin = dwarf.origin(key);
        let linkage_name = linkage_name(&origin, symbol);
        let shown = demangle(&linkage_name);
        SymFunction {
            aliases: symbol.map(|found| other_names(found, &linkage_name)).unwrap_or_default(),
            name: with_closure_number(shown.name, origin.name.as_deref()),
            namespace: shown.namespace,
            file: origin.file.and_then(|file| dwarf.path(file)),
            line: origin.line,
            linkage_name,
            start: None,
        }
    }
}

impl Chain {
    fn frames_at(&self, at: usize) -> &[DwarfFrame] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.frames[start..self.ends[at]]
    }
}

/// Turns entries of the debug info into rows, each read once.
struct Names {
    builder: Builder,
    functions: FxHashMap<Source, u32>,
    files: FxHashMap<FileKey, Option<u32>>,
}

impl Names {
    /// Reads all functions that the chains name, in parallel.
    fn new(resolver: &Resolver<'_>, addresses: &[u64], chains: &[Chain]) -> Self {
        let mut sources: Vec<(Source, u64)> = Vec::new();
        let mut seen = FxHashMap::default();
        for (chunk, chain) in addresses.chunks(CHUNK).zip(chains) {
            for (at, &address) in chunk.iter().enumerate() {
                let frames = chain.frames_at(at);
                let found =
                    (0..frames.len().max(1)).filter_map(|depth| resolver.source(address, frames, depth));
                sources.extend(
                    found.filter(|&source| seen.insert(source, ()).is_none()).map(|source| (source, address)),
                );
            }
        }
        let described: Vec<SymFunction> =
            sources.par_iter().map(|&(source, address)| resolver.describe(source, address)).collect();
        let mut builder = Builder::default();
        let functions = sources
            .iter()
            .zip(unified(described))
            .filter(|(_, function)| !function.name.is_empty() || function.start.is_some())
            .map(|(&(source, _), function)| (source, builder.function(function)))
            .collect();
        Names { builder, functions, files: FxHashMap::default() }
    }

    fn push(&mut self, resolver: &Resolver<'_>, address: u64, frames: &[DwarfFrame]) {
        let mut found = Vec::with_capacity(frames.len().max(1));
        for at in 0..frames.len().max(1) {
            let source = resolver.source(address, frames, at);
            let function = source.and_then(|source| self.functions.get(&source).copied());
            let position = frames.get(at);
            if function.is_none() && position.is_none() {
                break;
            }
            let file = position.and_then(|frame| self.file(resolver, frame.file?));
            let number = |number: u32| (number > 0).then_some(number);
            let frame = SymFrame {
                function,
                file,
                line: position.and_then(|frame| number(frame.line)),
                // The column of no line is none either.
                column: position.filter(|frame| frame.line > 0).and_then(|frame| number(frame.column)),
                inlined: at > 0,
            };
            match found.last_mut() {
                // An inlined call whose name lies in a file that was not found is a part of its caller.
                Some(caller) if function.is_none() => *caller = within(caller, frame),
                _ => found.push(frame),
            }
        }
        self.builder.push(address, found);
    }

    fn file(&mut self, resolver: &Resolver<'_>, key: FileKey) -> Option<u32> {
        let builder = &mut self.builder;
        let path = || resolver.dwarf.as_ref()?.path(key);
        *self.files.entry(key).or_insert_with(|| path().map(|path| builder.file(path)))
    }
}

/// The caller, at the place where the call that was inlined into it is.
fn within(caller: &SymFrame, inlined: SymFrame) -> SymFrame {
    SymFrame { function: caller.function, inlined: caller.inlined, ..inlined }
}

/// One function can have entries in many units: the same name, file and line mean the same
/// function, and it has the aliases that any of the entries has.
fn unified(mut functions: Vec<SymFunction>) -> Vec<SymFunction> {
    type Identity = (String, Option<String>, Option<u32>);
    let key = |function: &SymFunction| -> Identity {
        (function.linkage_name.clone(), function.file.clone(), function.line)
    };
    let with_aliases = functions.iter().filter(|function| !function.aliases.is_empty());
    let aliases: FxHashMap<Identity, Vec<String>> =
        with_aliases.map(|function| (key(function), function.aliases.clone())).collect();
    let names: FxHashSet<&String> = aliases.keys().map(|(name, _, _)| name).collect();
    for function in functions
        .iter_mut()
        .filter(|function| function.aliases.is_empty() && names.contains(&function.linkage_name))
    {
        function.aliases = aliases.get(&key(function)).cloned().unwrap_or_default();
    }
    functions
}

fn from_symbol(found: Found<'_>) -> SymFunction {
    let shown = demangle(found.name);
    SymFunction {
        aliases: other_names(found, found.name),
        name: shown.name,
        linkage_name: found.name.to_owned(),
        namespace: shown.namespace,
        file: None,
        line: None,
        start: None,
    }
}

/// The debug info's linkage name; without one, the symbol's if it is a mangled name (the debug
/// info's own is then only its last part), else the debug info's plain name, as in C.
fn linkage_name(origin: &Origin, symbol: Option<Found<'_>>) -> String {
    if let Some(linkage) = &origin.linkage_name {
        return linkage.clone();
    }
    let symbol = symbol.map(|found| strip_suffixes(name_like(found, origin.name.as_deref())));
    match (&origin.name, symbol) {
        (Some(name), Some(symbol)) if !symbol.starts_with("_Z") && !symbol.starts_with("_R") => name.clone(),
        (_, Some(symbol)) => symbol.to_owned(),
        (Some(name), None) => name.clone(),
        (None, None) => String::new(),
    }
}

/// Of the names of the same code the one that ends with `name`, which the debug info gives it.
fn name_like<'t>(found: Found<'t>, name: Option<&str>) -> &'t str {
    let is_like = |symbol: &&&str| {
        let shown = demangle(symbol).name;
        name.is_some_and(|name| shown.rsplit("::").next() == Some(name))
    };
    match found.aliases {
        [] => found.name,
        aliases => std::iter::once(&found.name).chain(aliases).find(is_like).map_or(found.name, |name| name),
    }
}

/// Demangled names of the symbols that share the code of `found`, but not `own`. (A single symbol of
/// another name is the same function spelled differently.)
fn other_names(found: Found<'_>, own: &str) -> Vec<String> {
    if found.aliases.is_empty() {
        return Vec::new();
    }
    let own = demangle(own).name;
    let all = std::iter::once(&found.name).chain(found.aliases);
    let mut names: Vec<String> = all.map(|name| demangle(name).name).filter(|name| *name != own).collect();
    names.sort_unstable();
    names.dedup();
    names
}
