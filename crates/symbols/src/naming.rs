//! From the descriptions that units give of functions to names, each function once.
//!
//! Constraint: rows are in the order in which functions and files are met from the lowest address to the highest, so
//! that the same addresses give the same result, whatever thread did what.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::description::{Description, Sameness};
use crate::dwarf::UnitAddresses;
use crate::group::{Group, NONE, Part, Source};
use crate::resolution::{Builder, Interner, Resolution, SymFrame, SymFunction};

/// Puts the groups of all units together.
pub(crate) struct Naming<'t> {
    addresses: &'t [u64],
    groups: Vec<Group<'t>>,
    /// For each address, its group and its place in that.
    places: Vec<(u32, u32)>,
    /// For each group, rows in `paths` of its files, or [`NONE`].
    files: Vec<Vec<u32>>,
    paths: Interner<String>,
}

/// A function of a group that is not that of another row, the row of its file in `paths`, and what it stands in.
struct Distinct<'t> {
    description: Description<'t>,
    file: u32,
    scope: &'t str,
}

impl<'t> Naming<'t> {
    /// `groups` are those of `units`, and these are all `addresses`.
    pub(crate) fn new(addresses: &'t [u64], units: &[UnitAddresses], mut groups: Vec<Group<'t>>) -> Self {
        let mut places = vec![(0, 0); addresses.len()];
        for (group, unit) in units.iter().enumerate() {
            for (at, &row) in unit.rows.iter().enumerate() {
                places[row as usize] = (group as u32, at as u32);
            }
        }
        let mut paths = Interner::default();
        let mut row = |path: Option<String>| path.map_or(NONE, |path| paths.row(path));
        let files = groups.iter_mut().map(|group| std::mem::take(&mut group.files));
        let files = files.map(|files| files.into_iter().map(&mut row).collect()).collect();
        Naming { addresses, groups, places, files, paths }
    }

    /// The names of all addresses.
    pub(crate) fn finish(self) -> Resolution {
        let mut builder = Builder::default();
        let (rows, distinct) = self.distinct();
        let function = |distinct: &Distinct<'_>| {
            let file = self.paths.rows.get(distinct.file as usize).map(String::as_str);
            distinct.description.function(file, distinct.scope)
        };
        let functions: Vec<SymFunction> = distinct.par_iter().map(function).collect();
        let named = |function: &SymFunction| !function.name.is_empty() || function.start.is_some();
        let functions = builder.functions(unified(functions), named);
        self.push_all(builder, &rows, &functions)
    }

    /// The functions in the order in which they are met; for each group, the row of each of its own.
    fn distinct(&self) -> (Vec<Vec<u32>>, Vec<Distinct<'_>>) {
        let mut rows: Vec<Vec<u32>> =
            self.groups.iter().map(|group| vec![NONE; group.functions.len()]).collect();
        let mut distinct = Vec::new();
        let mut outermost: FxHashMap<Source, u32> = FxHashMap::default();
        let mut known: FxHashMap<(Sameness, u32, &str), u32> = FxHashMap::default();
        for &(group, at) in &self.places {
            let (group, rows) = (group as usize, &mut rows[group as usize]);
            for part in self.groups[group].parts(at as usize) {
                let Some(row) = rows.get_mut(part.function as usize).filter(|row| **row == NONE) else {
                    continue;
                };
                let found = &self.groups[group].functions[part.function as usize];
                let (source, description) = (found.source, found.description);
                let scope = self.groups[group].scope(found);
                let mut new = || {
                    let file = self.files[group].get(found.file as usize).copied().unwrap_or(NONE);
                    *known.entry((description.sameness(), file, scope)).or_insert_with(|| {
                        distinct.push(Distinct { description, file, scope });
                        distinct.len() as u32 - 1
                    })
                };
                *row = match source {
                    // The symbol is that of the address where the function was first met.
                    Source::Outermost(_) => *outermost.entry(source).or_insert_with(new),
                    _ => new(),
                };
            }
        }
        (rows, distinct)
    }

    fn push_all(&self, mut builder: Builder, rows: &[Vec<u32>], functions: &[Option<u32>]) -> Resolution {
        let mut files = vec![NONE; self.paths.rows.len()];
        let mut frames: Vec<SymFrame> = Vec::new();
        for (&address, &(group, at)) in self.addresses.iter().zip(&self.places) {
            let group = group as usize;
            for (depth, part) in self.groups[group].parts(at as usize).iter().enumerate() {
                let row = rows[group].get(part.function as usize);
                let function = row.and_then(|&row| *functions.get(row as usize)?);
                if function.is_none() && !part.has_position {
                    break;
                }
                let file = self.files[group].get(part.file as usize).and_then(|&path| {
                    let row = files.get_mut(path as usize)?;
                    if *row == NONE {
                        *row = builder.file(self.paths.rows[path as usize].clone());
                    }
                    Some(*row)
                });
                let frame = frame(part, function, file, depth > 0);
                match frames.last_mut() {
                    // An inlined call whose name lies in a file that was not found is a part of its caller.
                    Some(caller) if function.is_none() => *caller = within(caller, frame),
                    _ => frames.push(frame),
                }
            }
            builder.push(address, frames.drain(..));
        }
        builder.finish()
    }
}

fn frame(part: &Part, function: Option<u32>, file: Option<u32>, inlined: bool) -> SymFrame {
    let number = |number: u32| (number > 0).then_some(number);
    SymFrame { function, file, line: number(part.line), column: number(part.column), inlined }
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
