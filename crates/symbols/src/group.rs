//! The frames of the addresses of one unit, in numbers of its own, and what these stand for.
//!
//! All that can be done for one unit without knowing of the others, so that threads share nothing.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::description::Description;
use crate::dwarf::{Chains, DwarfFrame, FileKey, FunctionKey};
use crate::resolver::Resolver;

/// Stands for no row.
pub(crate) const NONE: u32 = u32::MAX;

/// Functions that one thread describes at a time.
const CHUNK: usize = 256;

/// What a function's name is taken from.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// An entry of the debug info, inlined somewhere.
    Inlined(FunctionKey),
    /// An entry of the debug info that has code of its own.
    Outermost(FunctionKey),
    /// A symbol, by its first address.
    Symbol(u64),
    /// A function without a name, by its first address.
    Nameless(u64),
}

/// One function of the chain at an address, and the position in it.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// Row in [`Group::functions`], or [`NONE`].
    pub(crate) function: u32,
    /// Row in [`Group::files`], or [`NONE`].
    pub(crate) file: u32,
    /// 0 if unknown.
    pub(crate) line: u32,
    /// 0 if unknown.
    pub(crate) column: u32,
    /// Whether the debug info knows the position.
    pub(crate) has_position: bool,
}

/// A function, and the row of the file that declares it in [`Group::files`], or [`NONE`].
#[derive(Clone, Copy)]
pub(crate) struct Described<'t> {
    pub(crate) source: Source,
    pub(crate) description: Description<'t>,
    pub(crate) file: u32,
    /// Row in [`Group::scopes`] of what its declaration stands in, or [`NONE`].
    pub(crate) scope: u32,
}

/// Addresses of one unit.
pub(crate) struct Group<'t> {
    parts: Vec<Part>,
    ends: Vec<u32>,
    pub(crate) functions: Vec<Described<'t>>,
    pub(crate) files: Vec<Option<String>>,
    scopes: Vec<String>,
}

/// Gives keys rows.
struct Rows<K> {
    keys: Vec<K>,
    known: FxHashMap<K, u32>,
}

impl<K: Copy + Eq + std::hash::Hash> Rows<K> {
    fn row(&mut self, key: K) -> u32 {
        let next = self.keys.len() as u32;
        let row = *self.known.entry(key).or_insert(next);
        if row == next {
            self.keys.push(key);
        }
        row
    }
}

impl<K> Default for Rows<K> {
    fn default() -> Self {
        Rows { keys: Vec::new(), known: FxHashMap::default() }
    }
}

impl<'t> Group<'t> {
    /// The frames of `addresses`, and descriptions of the functions in them.
    pub(crate) fn new(resolver: &'t Resolver<'_>, addresses: &[u64], chains: &Chains) -> Self {
        let (mut parts, mut ends) = (Vec::new(), Vec::with_capacity(addresses.len()));
        let (mut files, mut sources) = (Rows::<FileKey>::default(), Rows::<Source>::default());
        // The address that a function was first met at.
        let mut met = Vec::new();
        for (&address, frames) in addresses.iter().zip(chains.iter()) {
            for at in 0..frames.len().max(1) {
                let source = resolver.source(address, frames, at);
                let function = source.map_or(NONE, |source| sources.row(source));
                if sources.keys.len() > met.len() {
                    met.push(address);
                }
                let frame = frames.get(at);
                if source.is_some() || frame.is_some() {
                    parts.push(Part::of(function, frame, |file| files.row(file)));
                }
            }
            ends.push(parts.len() as u32);
        }
        let mut functions = described(resolver, &sources.keys, &met, &mut files);
        let scopes = scopes(resolver, &mut functions);
        let path = |&key: &FileKey| resolver.dwarf()?.path(key);
        let files = files.keys.par_iter().with_min_len(CHUNK).map(path).collect();
        Group { parts, ends, functions, files, scopes }
    }

    /// What the declaration of a function stands in; empty if in a file.
    pub(crate) fn scope(&self, function: &Described<'_>) -> &str {
        self.scopes.get(function.scope as usize).map_or("", String::as_str)
    }

    /// The frames of an address.
    pub(crate) fn parts(&self, at: usize) -> &[Part] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.parts[start as usize..self.ends[at] as usize]
    }
}

impl Part {
    fn of(function: u32, frame: Option<&DwarfFrame>, file: impl FnOnce(FileKey) -> u32) -> Self {
        match frame {
            Some(frame) => Part {
                function,
                file: frame.file.map_or(NONE, file),
                line: frame.line,
                // The column of no line is none either.
                column: if frame.line > 0 { frame.column } else { 0 },
                has_position: true,
            },
            None => Part { function, file: NONE, line: 0, column: 0, has_position: false },
        }
    }
}

fn described<'t>(
    resolver: &'t Resolver<'_>,
    sources: &[Source],
    met: &[u64],
    files: &mut Rows<FileKey>,
) -> Vec<Described<'t>> {
    let describe = |(&source, &address): (&Source, &u64)| (source, resolver.describe(source, address));
    let found: Vec<(Source, Description<'t>)> =
        sources.par_iter().zip(met).with_min_len(CHUNK).map(describe).collect();
    let with_file = |(source, description)| {
        let file = match &description {
            Description::Entry(origin, _) => origin.file.map_or(NONE, |file| files.row(file)),
            _ => NONE,
        };
        Described { source, description, file, scope: NONE }
    };
    found.into_iter().map(with_file).collect()
}

/// The scopes of functions that nothing else tells, whose rows in them are set.
fn scopes(resolver: &Resolver<'_>, functions: &mut [Described<'_>]) -> Vec<String> {
    let mut keys = Vec::new();
    for function in functions.iter_mut().filter(|function| function.description.lacks_scope()) {
        if let Source::Inlined(key) | Source::Outermost(key) = function.source {
            function.scope = keys.len() as u32;
            keys.push(key);
        }
    }
    resolver.dwarf().map(|dwarf| dwarf.scopes(&keys)).unwrap_or_default()
}

impl<'e> Resolver<'e> {
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

    fn describe(&self, source: Source, address: u64) -> Description<'_> {
        let symbol = || self.symbols().find(address);
        let origin = |key| self.dwarf().map(|dwarf| dwarf.origin(key)).unwrap_or_default();
        match source {
            Source::Inlined(key) => Description::Entry(origin(key), None),
            Source::Outermost(key) => Description::Entry(origin(key), symbol()),
            Source::Symbol(start) => symbol().map_or(Description::Nameless(start), Description::Symbol),
            Source::Nameless(start) => Description::Nameless(start),
        }
    }
}
