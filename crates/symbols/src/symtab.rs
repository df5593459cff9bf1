//! Function names from the symbol table: `.symtab`, else `.dynsym`, and the linkage stubs.
//!
//! Constraints:
//! - sizes are respected: what lies between two sized functions belongs to neither;
//! - a symbol of size 0 (hand-written assembly) reaches to the next symbol or the section's end;
//! - of several names at one address the choice is always the same, and the others are kept as
//!   aliases (identical code folding);
//! - names may overlap in the file, so that a small one could list gigabytes of them: what they come
//!   to is bounded by the file's size.

use std::ops::Range;

use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use rustc_hash::FxHashMap;

use crate::demangle::strip_version;
use crate::elf::{ElfImage, is_code};
use crate::names::NameBudget;
use crate::plt::plt_stubs;

/// How many other names of one function are kept.
const MOST_ALIASES: usize = 32;
/// How many enclosing symbols a lookup tries.
const DEEPEST_ENCLOSURE: usize = 64;

/// Which table the names came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolSource {
    /// The full table.
    Symtab,
    /// The binary was stripped, but keeps what its dynamic table lacks in packed form.
    Mini,
    /// Exported and imported names only: the binary was stripped.
    Dynsym,
    /// No table at all.
    None,
}

/// Functions by address.
pub struct SymbolTable<'a> {
    entries: Vec<Entry>,
    names: Vec<&'a str>,
    stubs: Vec<String>,
    source: SymbolSource,
}

/// One function: its range and names.
struct Entry {
    start: u64,
    end: u64,
    name: Name,
    /// Range in `names` of the other names.
    aliases: Range<u32>,
    /// The nearest entry before this one that reaches past its start, or itself.
    enclosing: u32,
}

/// Where an entry's name is kept.
#[derive(Clone, Copy)]
enum Name {
    /// Index in `names`.
    Symbol(u32),
    /// Index in `stubs`.
    Stub(u32),
}

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'t> {
    /// Linkage name.
    pub name: &'t str,
    /// First address of the function.
    pub start: u64,
    /// Address just after it.
    pub end: u64,
    /// Linkage names of other functions that share exactly this code.
    pub aliases: &'t [&'t str],
}

/// A symbol as the file lists it.
struct Raw<'a> {
    start: u64,
    size: u64,
    name: &'a str,
    /// The name without its version.
    bare: &'a str,
    /// How many underscores it begins with.
    underscores: usize,
    global: bool,
    /// End of its section.
    limit: u64,
}

impl<'a> SymbolTable<'a> {
    /// Reads the table of `image`.
    pub fn new(image: &ElfImage<'a>) -> Self {
        Self::of_files(image, None, None)
    }

    /// Reads the table of `image`; if it was stripped, that of `debug`, a file of its separate debug
    /// info; else its dynamic symbols with those of `mini`.
    pub fn of_files(image: &ElfImage<'a>, debug: Option<&ElfImage<'a>>, mini: Option<&ElfImage<'a>>) -> Self {
        let (raw, source) = read_symbols(image, debug, mini);
        let mut table = SymbolTable { entries: Vec::new(), names: Vec::new(), stubs: Vec::new(), source };
        table.add_functions(raw);
        table.add_stubs(image);
        table.finish();
        table
    }

    /// Which table the names came from.
    pub fn source(&self) -> SymbolSource {
        self.source
    }

    /// Number of functions and stubs.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if the binary names no function.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The function that holds `address`.
    pub fn find(&self, address: u64) -> Option<Found<'_>> {
        let after = self.entries.partition_point(|entry| entry.start <= address);
        let mut at = after.checked_sub(1)?;
        for _ in 0..DEEPEST_ENCLOSURE {
            let entry = &self.entries[at];
            if address < entry.end {
                return Some(self.found(entry));
            }
            if entry.enclosing as usize == at {
                return None;
            }
            at = entry.enclosing as usize;
        }
        None
    }

    /// All functions whose linkage name satisfies `wanted`.
    pub fn matching<'t>(&'t self, wanted: &'t dyn Fn(&str) -> bool) -> impl Iterator<Item = Found<'t>> {
        self.entries.iter().map(|entry| self.found(entry)).filter(|found| wanted(found.name))
    }

    fn found(&self, entry: &Entry) -> Found<'_> {
        Found {
            name: match entry.name {
                Name::Symbol(at) => self.names[at as usize],
                Name::Stub(at) => &self.stubs[at as usize],
            },
            start: entry.start,
            end: entry.end,
            aliases: &self.names[entry.aliases.start as usize..entry.aliases.end as usize],
        }
    }

    fn add_functions(&mut self, mut raw: Vec<Raw<'a>>) {
        raw.sort_unstable_by(|a, b| a.start.cmp(&b.start).then_with(|| preference(a).cmp(&preference(b))));
        drop_inner_labels(&mut raw);
        let groups: Vec<&[Raw<'a>]> = raw.chunk_by(|a, b| a.start == b.start).collect();
        for (at, group) in groups.iter().enumerate() {
            let next = groups.get(at + 1).map_or(u64::MAX, |next| next[0].start);
            let best = &group[0];
            let end = match best.size {
                0 => next.min(best.limit),
                size => best.start.saturating_add(size),
            };
            if best.start < end {
                self.add_group(group, end);
            }
        }
    }

    /// One function with all its names.
    fn add_group(&mut self, group: &[Raw<'a>], end: u64) {
        let best = &group[0];
        let name = self.names.len() as u32;
        self.names.push(best.name);
        let mut listed = vec![best.bare];
        for other in &group[1..] {
            if listed.len() > MOST_ALIASES {
                break;
            }
            let same_code = other.size == best.size && best.size > 0;
            if same_code && !listed.contains(&other.bare) {
                listed.push(other.bare);
                self.names.push(other.name);
            }
        }
        let aliases = name + 1..self.names.len() as u32;
        self.entries.push(Entry { start: best.start, end, name: Name::Symbol(name), aliases, enclosing: 0 });
    }

    fn add_stubs(&mut self, image: &ElfImage<'a>) {
        let stubs = plt_stubs(image, &|address| self.find_flat(address));
        let mut known = FxHashMap::default();
        for stub in stubs {
            // Any number of stubs can lead to one target.
            let name = *known.entry((stub.target.as_ptr(), stub.target.len())).or_insert_with(|| {
                self.stubs.push(format!("{}@plt", stub.target));
                Name::Stub(self.stubs.len() as u32 - 1)
            });
            self.entries.push(Entry { start: stub.start, end: stub.end, name, aliases: 0..0, enclosing: 0 });
        }
    }

    /// The name at exactly `address`, before the stubs are in.
    fn find_flat(&self, address: u64) -> Option<&'a str> {
        let at = self.entries.binary_search_by_key(&address, |entry| entry.start).ok()?;
        match self.entries[at].name {
            Name::Symbol(name) => Some(self.names[name as usize]),
            Name::Stub(_) => None,
        }
    }

    /// Sorts, and links each entry to the one around it.
    fn finish(&mut self) {
        // Some linkers give stubs symbols (`puts$plt`): the relocation's name comes first.
        self.entries.sort_by_key(|entry| (entry.start, matches!(entry.name, Name::Symbol(_))));
        self.entries.dedup_by_key(|entry| entry.start);
        let mut open: Vec<u32> = Vec::new();
        for at in 0..self.entries.len() {
            let start = self.entries[at].start;
            while open.last().is_some_and(|&outer| self.entries[outer as usize].end <= start) {
                open.pop();
            }
            self.entries[at].enclosing = open.last().copied().unwrap_or(at as u32);
            open.push(at as u32);
        }
    }
}

/// Smaller is better: sized, global, few leading underscores, short, alphabetical. What others may call by name is what
/// they know it by, and of those names the one without marks of the library's own use: `malloc`, not `__libc_malloc`.
fn preference<'a>(symbol: &Raw<'a>) -> (bool, bool, usize, usize, &'a str) {
    (symbol.size == 0, !symbol.global, symbol.underscores, symbol.name.len(), symbol.name)
}

/// Unsized labels inside a sized function are places in it, not functions.
fn drop_inner_labels(sorted: &mut Vec<Raw<'_>>) {
    let mut covered = 0;
    sorted.retain(|symbol| {
        let keep = symbol.size > 0 || symbol.start >= covered;
        covered = covered.max(symbol.start.saturating_add(symbol.size));
        keep
    });
}

fn read_symbols<'a>(
    image: &ElfImage<'a>,
    debug: Option<&ElfImage<'a>>,
    mini: Option<&ElfImage<'a>>,
) -> (Vec<Raw<'a>>, SymbolSource) {
    for file in [Some(image), debug].into_iter().flatten() {
        let full = listed(file, file.file.symbols());
        if !full.is_empty() {
            return (full, SymbolSource::Symtab);
        }
    }
    let mut all = listed(image, image.file.dynamic_symbols());
    let packed = mini.map(|mini| listed(mini, mini.file.symbols())).unwrap_or_default();
    let source = match (packed.is_empty(), all.is_empty()) {
        (false, _) => SymbolSource::Mini,
        (true, false) => SymbolSource::Dynsym,
        (true, true) => SymbolSource::None,
    };
    all.extend(packed);
    (all, source)
}

/// The functions among the symbols of a file.
fn listed<'a>(image: &ElfImage<'a>, symbols: impl Iterator<Item = impl ObjectSymbol<'a>>) -> Vec<Raw<'a>> {
    let limits = section_limits(image);
    let mut budget = NameBudget::for_image(image);
    symbols.filter_map(|symbol| raw(&symbol, &limits, &mut budget)).collect()
}

/// End address of each section by index; 0 for those that hold no code.
fn section_limits(image: &ElfImage<'_>) -> Vec<u64> {
    let mut limits = Vec::new();
    for section in image.file.sections() {
        let at = section.index().0;
        if limits.len() <= at {
            limits.resize(at + 1, 0);
        }
        if is_code(section.flags()) {
            limits[at] = section.address().saturating_add(section.size());
        }
    }
    limits
}

fn raw<'a>(symbol: &impl ObjectSymbol<'a>, limits: &[u64], budget: &mut NameBudget) -> Option<Raw<'a>> {
    let callable = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown | SymbolKind::Label);
    if !callable || symbol.is_undefined() {
        return None;
    }
    let limit = *limits.get(symbol.section_index()?.0)?;
    if symbol.address() >= limit {
        return None;
    }
    let name = budget.name(symbol)?;
    names_a_function(name).then(|| Raw {
        start: symbol.address(),
        size: symbol.size(),
        name,
        bare: strip_version(name),
        underscores: name.bytes().take_while(|&byte| byte == b'_').count(),
        global: symbol.is_global(),
        limit,
    })
}

/// False for local labels and for the marks that assemblers set between code and data.
fn names_a_function(name: &str) -> bool {
    let mapping = matches!(name.as_bytes(), [b'$', b'a' | b'd' | b't' | b'x', rest @ ..] if matches!(rest, [] | [b'.', ..]));
    !name.is_empty() && !mapping && !name.starts_with(".L")
}
