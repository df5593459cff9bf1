//! The result of resolving addresses: functions, files and frames, each stored once.
//!
//! Constraint: nothing in here depends on where the binary lies, so that it can be cached under the
//! binary's build id.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use rayon::prelude::*;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Serialize};

/// One function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SymFunction {
    /// Demangled, without a hash.
    pub name: String,
    /// As the linker knows it; the plain name where it has no other.
    pub linkage_name: String,
    /// File of its declaration.
    pub file: Option<String>,
    /// Line of its declaration, from 1.
    pub line: Option<u32>,
    /// Crate (Rust) or outermost namespace (C++).
    pub namespace: Option<String>,
    /// Demangled names of other functions that share exactly this code.
    pub aliases: Vec<String>,
    /// First address, of a function that has no name.
    pub start: Option<u64>,
}

/// One function of the chain at an address, and the position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SymFrame {
    /// Row in [`Resolution::functions`]; none if only the line is known.
    pub function: Option<u32>,
    /// Row in [`Resolution::files`].
    pub file: Option<u32>,
    /// Line, from 1; none where the compiler says that the code stems from no line.
    pub line: Option<u32>,
    /// Column, from 1.
    pub column: Option<u32>,
    /// True if inlined into the frame before it.
    pub inlined: bool,
}

/// What addresses of one binary resolve to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// Every function once.
    pub functions: Vec<SymFunction>,
    /// Every path once.
    pub files: Vec<String>,
    /// Sorted, each once.
    pub(crate) addresses: Vec<u64>,
    /// Where each address's frames end in `frames`.
    pub(crate) ends: Vec<u32>,
    pub(crate) frames: Vec<SymFrame>,
}

impl Resolution {
    /// The resolved addresses, ascending.
    pub fn addresses(&self) -> &[u64] {
        &self.addresses
    }

    /// The frames at `address`, outermost first: empty if it names nothing, none if it was not asked
    /// for.
    pub fn frames(&self, address: u64) -> Option<&[SymFrame]> {
        self.addresses.binary_search(&address).ok().map(|at| self.frames_at(at))
    }

    /// The function of a frame.
    pub fn function(&self, frame: &SymFrame) -> Option<&SymFunction> {
        self.functions.get(frame.function? as usize)
    }

    /// The path of a frame.
    pub fn file(&self, frame: &SymFrame) -> Option<&str> {
        self.files.get(frame.file? as usize).map(String::as_str)
    }

    pub(crate) fn frames_at(&self, at: usize) -> &[SymFrame] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.frames[start as usize..self.ends[at] as usize]
    }

    /// True if every index is in range: what was read from a file may hold anything.
    pub(crate) fn is_consistent(&self) -> bool {
        let sorted = self.addresses.windows(2).all(|pair| pair[0] < pair[1]);
        let rising = self.ends.windows(2).all(|pair| pair[0] <= pair[1]);
        let whole = self.ends.last().map_or(0, |&end| end as usize) == self.frames.len();
        let inside = |row: Option<u32>, rows: usize| row.is_none_or(|row| (row as usize) < rows);
        let known = |frame: &SymFrame| {
            inside(frame.function, self.functions.len()) && inside(frame.file, self.files.len())
        };
        sorted && rising && whole && self.ends.len() == self.addresses.len() && self.frames.iter().all(known)
    }

    /// All that either of the two knows; where both know an address, `newer` counts.
    pub(crate) fn merged(older: &Resolution, newer: &Resolution) -> Resolution {
        let mut builder = Builder::default();
        let (mut i, mut j) = (0, 0);
        while i < older.addresses.len() || j < newer.addresses.len() {
            let from_older = older.addresses.get(i).copied().unwrap_or(u64::MAX);
            let from_newer = newer.addresses.get(j).copied().unwrap_or(u64::MAX);
            if j < newer.addresses.len() && from_newer <= from_older {
                builder.copy(newer, j);
                i += usize::from(i < older.addresses.len() && from_newer == from_older);
                j += 1;
            } else {
                builder.copy(older, i);
                i += 1;
            }
        }
        builder.finish()
    }
}

/// Puts a [`Resolution`] together, addresses ascending.
#[derive(Default)]
pub(crate) struct Builder {
    functions: Interner<SymFunction>,
    files: Interner<String>,
    addresses: Vec<u64>,
    ends: Vec<u32>,
    frames: Vec<SymFrame>,
}

impl Builder {
    pub(crate) fn function(&mut self, function: SymFunction) -> u32 {
        self.functions.row(function)
    }

    /// The rows of many functions; none for those that are not `wanted`.
    pub(crate) fn functions(
        &mut self,
        functions: Vec<SymFunction>,
        wanted: impl Fn(&SymFunction) -> bool,
    ) -> Vec<Option<u32>> {
        let hashes: Vec<u64> =
            functions.par_iter().map(|function| FxBuildHasher.hash_one(function)).collect();
        self.functions.reserve(functions.len());
        let row = |(function, hash)| wanted(&function).then(|| self.functions.row_hashed(hash, function));
        functions.into_iter().zip(hashes).map(row).collect()
    }

    pub(crate) fn file(&mut self, path: String) -> u32 {
        self.files.row(path)
    }

    pub(crate) fn push(&mut self, address: u64, frames: impl IntoIterator<Item = SymFrame>) {
        self.frames.extend(frames);
        self.addresses.push(address);
        self.ends.push(self.frames.len() as u32);
    }

    fn copy(&mut self, from: &Resolution, at: usize) {
        for frame in from.frames_at(at) {
            let function = from.function(frame).map(|function| self.functions.row_of(function));
            let file = frame.file.map(|file| self.files.row_of(&from.files[file as usize]));
            self.frames.push(SymFrame { function, file, ..*frame });
        }
        self.push(from.addresses[at], []);
    }

    pub(crate) fn finish(self) -> Resolution {
        Resolution {
            functions: self.functions.rows,
            files: self.files.rows,
            addresses: self.addresses,
            ends: self.ends,
            frames: self.frames,
        }
    }
}

/// Gives equal values one row, and keeps each value once.
pub(crate) struct Interner<T> {
    pub(crate) rows: Vec<T>,
    known: HashTable<u32>,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Interner { rows: Vec::new(), known: HashTable::new() }
    }
}

impl<T: Clone + Eq + Hash> Interner<T> {
    pub(crate) fn row(&mut self, value: T) -> u32 {
        self.row_hashed(FxBuildHasher.hash_one(&value), value)
    }

    fn row_hashed(&mut self, hash: u64, value: T) -> u32 {
        self.find(hash, &value).unwrap_or_else(|| self.insert(hash, value))
    }

    /// Makes room for so many more values.
    pub(crate) fn reserve(&mut self, values: usize) {
        self.rows.reserve(values);
        let rows = &self.rows;
        self.known.reserve(values, |&row| FxBuildHasher.hash_one(&rows[row as usize]));
    }

    pub(crate) fn row_of(&mut self, value: &T) -> u32 {
        let hash = FxBuildHasher.hash_one(value);
        self.find(hash, value).unwrap_or_else(|| self.insert(hash, value.clone()))
    }

    fn find(&self, hash: u64, value: &T) -> Option<u32> {
        self.known.find(hash, |&row| self.rows[row as usize] == *value).copied()
    }

    fn insert(&mut self, hash: u64, value: T) -> u32 {
        let row = self.rows.len() as u32;
        self.rows.push(value);
        let rows = &self.rows;
        self.known.insert_unique(hash, row, |&row| FxBuildHasher.hash_one(&rows[row as usize]));
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolution(of: &[(u64, &str)]) -> Resolution {
        let mut builder = Builder::default();
        for &(address, name) in of {
            let function =
                Some(builder.function(SymFunction { name: name.into(), ..SymFunction::default() }));
            let file = Some(builder.file(format!("{name}.c")));
            builder.push(address, [SymFrame { function, file, line: Some(1), column: None, inlined: false }]);
        }
        builder.finish()
    }

    #[test]
    fn merging_keeps_all_addresses_and_prefers_the_newer_names() {
        let merged = Resolution::merged(
            &resolution(&[(1, "a"), (5, "old")]),
            &resolution(&[(3, "b"), (5, "new"), (9, "b")]),
        );
        let names: Vec<_> = merged
            .addresses()
            .iter()
            .map(|&address| {
                let frame = merged.frames(address).expect("it was merged")[0];
                (
                    address,
                    merged.function(&frame).expect("it has a function").name.clone(),
                    merged.file(&frame).map(str::to_owned),
                )
            })
            .collect();
        let expected = [(1, "a"), (3, "b"), (5, "new"), (9, "b")];
        assert_eq!(
            names,
            expected.map(|(address, name)| (address, name.to_owned(), Some(format!("{name}.c"))))
        );
        assert!(merged.is_consistent());
        assert_eq!(merged.functions.len(), 3);
    }

    #[test]
    fn a_frame_outside_its_tables_is_noticed() {
        let mut broken = resolution(&[(1, "a")]);
        broken.frames[0].function = Some(7);
        assert!(!broken.is_consistent());
    }
}
