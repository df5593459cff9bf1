//! Sums by key, k columns each, in flat memory: what the costs of a large file are added up in.
//!
//! Constraints:
//! - a key that is found again costs no memory, so that a file of many parts needs that of one;
//! - files that repeat repeat in the same order: the key after the last one is tried before anything is hashed;
//! - keys keep the order in which they came, so that the same file gives the same rows.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

/// No table has more rows: ids are int32.
const LARGEST: usize = i32::MAX as usize;

/// Sums by key.
#[derive(Debug)]
pub(crate) struct Sums<K> {
    keys: Vec<K>,
    /// For each key, where its columns begin in `values`.
    starts: Vec<usize>,
    values: Vec<i64>,
    /// For each group, rows by the hash of their key.
    groups: Vec<HashTable<u32>>,
    last: usize,
    /// Whether there were more keys than a table has rows: then the sums mean nothing.
    pub(crate) overflowed: bool,
}

impl<K> Default for Sums<K> {
    fn default() -> Self {
        let (keys, starts, values, groups) = Default::default();
        Self { keys, starts, values, groups, last: 0, overflowed: false }
    }
}

impl<K: Copy + Eq + Hash> Sums<K> {
    /// Adds `values` to the first of the `width` columns of a key, which are 0 if it is new. A key has the same width
    /// and the same group each time.
    ///
    /// Keys of a group come close to each other, all lines of a function for instance: its small table stays in the
    /// cache where one of all keys would not.
    #[inline]
    pub(crate) fn add(&mut self, group: u32, key: K, width: usize, values: &[i64]) {
        let follows = self.keys.get(self.last + 1) == Some(&key);
        let row = if follows { self.last + 1 } else { self.row(group, key, width) };
        self.last = row;
        let start = self.starts[row];
        for (sum, value) in self.values[start..].iter_mut().take(width).zip(values) {
            *sum = sum.saturating_add(*value);
        }
    }

    fn row(&mut self, group: u32, key: K, width: usize) -> usize {
        let group = group as usize;
        if group >= self.groups.len() {
            self.groups.resize_with(group + 1, HashTable::new);
        }
        let keys = &mut self.keys;
        let hash = FxBuildHasher.hash_one(key);
        let hash_of = |row: &u32| FxBuildHasher.hash_one(keys[*row as usize]);
        match self.groups[group].entry(hash, |row| keys[*row as usize] == key, hash_of) {
            Entry::Occupied(row) => *row.get() as usize,
            Entry::Vacant(_) if keys.len() >= LARGEST => {
                self.overflowed = true;
                keys.len() - 1
            }
            Entry::Vacant(vacant) => {
                let row = keys.len();
                vacant.insert(row as u32);
                keys.push(key);
                self.starts.push(self.values.len());
                self.values.resize(self.values.len() + width, 0);
                row
            }
        }
    }

    /// The columns of all keys behind each other, and where those of each begin.
    pub(crate) fn into_columns(self) -> (Vec<usize>, Vec<i64>) {
        (self.starts, self.values)
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Each key with its columns, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &[i64])> {
        let ends = self.starts.iter().skip(1).copied().chain([self.values.len()]);
        let columns = self.starts.iter().zip(ends).map(|(start, end)| &self.values[*start..end]);
        self.keys.iter().zip(columns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_added_whatever_its_order() {
        let mut sums: Sums<u32> = Sums::default();
        for (key, values) in
            [(5, &[1, 2][..]), (6, &[3]), (5, &[10, 20]), (6, &[30, 40]), (7, &[]), (5, &[100])]
        {
            sums.add(key / 6, key, 2, values);
        }
        let found: Vec<_> = sums.iter().map(|(key, values)| (*key, values.to_vec())).collect();
        assert_eq!(found, [(5, vec![111, 22]), (6, vec![33, 40]), (7, vec![0, 0])]);
    }
}
