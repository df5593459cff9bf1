//! Sums by key, k columns each, in flat memory: what the costs of a large file are added up in.
//!
//! Constraints:
//! - a key that is found again costs no memory, so that a file of many parts needs that of one;
//! - files that repeat repeat in the same order: the key after the last one is tried before anything is searched;
//! - keys of a group come close to each other, all lines of a function for instance. As long as they ascend, or are few,
//!   they are found where they stand; only a group in disorder gets a table, a small one that stays in the cache;
//! - keys keep the order in which they came, so that the same file gives the same rows.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

/// No table has more rows: ids are int32.
const LARGEST: usize = i32::MAX as usize;
/// So many keys are looked through one by one.
const FEW: usize = 16;

/// Sums by key.
#[derive(Debug)]
pub(crate) struct Sums<K> {
    keys: Vec<K>,
    /// Columns of every key.
    width: usize,
    /// The columns of all keys, behind each other.
    values: Vec<i64>,
    groups: Vec<Group>,
    last: usize,
    /// Whether there were more keys than a table has rows: then the sums mean nothing.
    pub(crate) overflowed: bool,
}

/// Where the keys of a group are.
#[derive(Debug, Default)]
struct Group {
    /// Rows that follow each other: the first keys, or all of them.
    run: Run,
    /// All rows by the hash of their key, once they do not follow each other or are in disorder.
    table: Option<Box<HashTable<u32>>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Run {
    start: u32,
    end: u32,
    /// Whether there are keys that do not ascend; then there are few.
    in_disorder: bool,
}

impl Run {
    fn of<'k, K>(&self, keys: &'k [K]) -> &'k [K] {
        &keys[self.start as usize..self.end as usize]
    }

    /// The row of a key.
    fn find<K: Ord>(&self, keys: &[K], key: &K) -> Option<usize> {
        let own = self.of(keys);
        let at = match self.in_disorder {
            true => own.iter().position(|known| known == key),
            // The next key is larger as a rule.
            false if own.last().is_none_or(|last| last < key) => None,
            false => own.binary_search(key).ok(),
        };
        at.map(|at| self.start as usize + at)
    }

    /// Takes in the next row, that of a new key, if it can.
    fn take<K: Ord>(&mut self, keys: &[K], key: &K) -> bool {
        let next = keys.len() as u32;
        if self.start == self.end {
            *self = Self { start: next, end: next, in_disorder: false };
        }
        let ascends = !self.in_disorder && self.of(keys).last().is_none_or(|last| last < key);
        let takes = self.end == next && (ascends || self.of(keys).len() < FEW);
        if takes {
            self.in_disorder = !ascends;
            self.end += 1;
        }
        takes
    }

    /// Its rows by the hash of their key.
    fn table<K: Hash>(&self, keys: &[K]) -> HashTable<u32> {
        let hash_of = |row: &u32| FxBuildHasher.hash_one(&keys[*row as usize]);
        let mut table = HashTable::with_capacity(2 * self.of(keys).len());
        for row in self.start..self.end {
            table.insert_unique(hash_of(&row), row, hash_of);
        }
        table
    }
}

impl<K> Default for Sums<K> {
    fn default() -> Self {
        let (keys, values, groups) = Default::default();
        Self { keys, width: 0, values, groups, last: 0, overflowed: false }
    }
}

impl<K: Copy + Ord + Hash> Sums<K> {
    /// Adds `values` to the first of the `width` columns of a key, which are 0 if it is new. A key has the same group
    /// each time.
    #[inline]
    pub(crate) fn add(&mut self, group: u32, key: K, width: usize, values: &[i64]) {
        if width > self.width {
            self.widen(width);
        }
        let follows = self.keys.get(self.last + 1) == Some(&key);
        let row = if follows { self.last + 1 } else { self.row(group, key) };
        self.last = row;
        let sums = &mut self.values[row * self.width..][..width];
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = sum.saturating_add(*value);
        }
    }

    /// Gives every key more columns.
    #[cold]
    fn widen(&mut self, width: usize) {
        let mut values = vec![0; self.keys.len() * width];
        if self.width > 0 {
            for (wide, old) in values.chunks_exact_mut(width).zip(self.values.chunks_exact(self.width)) {
                wide[..old.len()].copy_from_slice(old);
            }
        }
        (self.values, self.width) = (values, width);
    }

    /// The row of a key.
    fn row(&mut self, group: u32, key: K) -> usize {
        let at = group as usize;
        if at >= self.groups.len() {
            self.groups.resize_with(at + 1, Group::default);
        }
        let Group { run, table } = &mut self.groups[at];
        if table.is_some() {
            return self.row_in_table(at, key);
        }
        match run.find(&self.keys, &key) {
            Some(row) => row,
            None if self.keys.len() >= LARGEST => self.overflow(),
            None if run.take(&self.keys, &key) => self.push(key),
            None => self.row_in_table(at, key),
        }
    }

    fn row_in_table(&mut self, group: usize, key: K) -> usize {
        let (keys, Group { run, table }) = (&self.keys, &mut self.groups[group]);
        let table = table.get_or_insert_with(|| Box::new(run.table(keys)));
        let hash_of = |row: &u32| FxBuildHasher.hash_one(keys[*row as usize]);
        match table.entry(FxBuildHasher.hash_one(key), |row| keys[*row as usize] == key, hash_of) {
            Entry::Occupied(row) => *row.get() as usize,
            Entry::Vacant(_) if keys.len() >= LARGEST => self.overflow(),
            Entry::Vacant(vacant) => {
                vacant.insert(keys.len() as u32);
                self.push(key)
            }
        }
    }

    fn push(&mut self, key: K) -> usize {
        self.keys.push(key);
        self.values.resize(self.values.len() + self.width, 0);
        self.keys.len() - 1
    }

    #[cold]
    fn overflow(&mut self) -> usize {
        self.overflowed = true;
        self.keys.len() - 1
    }

    /// How many columns each key has, and those of all keys behind each other.
    pub(crate) fn into_columns(self) -> (usize, Vec<i64>) {
        (self.width, self.values)
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys, in the order in which they came.
    pub(crate) fn keys(&self) -> &[K] {
        &self.keys
    }

    /// Each key with its columns, in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &[i64])> {
        self.keys.iter().enumerate().map(|(row, key)| (key, &self.values[row * self.width..][..self.width]))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

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

    #[test]
    fn columns_that_come_later_are_0_before() {
        let mut sums: Sums<u32> = Sums::default();
        sums.add(0, 1, 1, &[7]);
        sums.add(0, 2, 3, &[1, 2, 3]);
        sums.add(0, 1, 1, &[1, 9]);
        let found: Vec<_> = sums.iter().map(|(key, values)| (*key, values.to_vec())).collect();
        assert_eq!(found, [(1, vec![8, 0, 0]), (2, vec![1, 2, 3])]);
    }

    proptest! {
        #[test]
        fn every_order_gives_the_sums(keys in proptest::collection::vec((0..4_u32, 0..40_u32), 0..300)) {
            let mut sums: Sums<(u32, u32)> = Sums::default();
            let mut expected: BTreeMap<_, i64> = BTreeMap::new();
            for key in &keys {
                sums.add(key.0, *key, 1, &[1]);
                *expected.entry(*key).or_default() += 1;
            }
            let found: BTreeMap<_, _> = sums.iter().map(|(key, values)| (*key, values[0])).collect();
            prop_assert_eq!(sums.len(), found.len());
            prop_assert_eq!(found, expected);
        }
    }
}
