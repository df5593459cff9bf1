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

use crate::dwarf::{Chains, Companions, DebugSections, DwarfIndex, UnitAddresses};
use crate::elf::ElfImage;
use crate::group::Group;
use crate::naming::Naming;
use crate::outline::Outline;
use crate::resolution::Resolution;
use crate::symtab::{SymbolSource, SymbolTable};

/// Addresses that one thread takes at a time where there are no units.
const CHUNK: usize = 1024;

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
        let units = match &self.dwarf {
            Some(dwarf) => dwarf.by_unit(&addresses),
            None => UnitAddresses::without_units(&addresses, CHUNK),
        };
        let groups: Vec<Group<'_>> = units.par_iter().with_max_len(1).map(|unit| self.group(unit)).collect();
        Naming::new(&addresses, &units, groups).finish()
    }

    fn group(&self, unit: &UnitAddresses) -> Group<'_> {
        let chains = match &self.dwarf {
            Some(dwarf) => dwarf.lookup_all(unit),
            None => Chains::without_frames(unit.addresses.len()),
        };
        Group::new(self, &unit.addresses, &chains)
    }
}
