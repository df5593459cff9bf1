//! Sums by key, k columns each, in flat memory: what the costs of a large file are added up in.
//!
//! Constraints:
//! - a key that is found again costs no memory, so that a file of many parts needs that of one;
//! - files that repeat repeat in the same order: the key after the last one is tried before anything is searched;
//! - keys of a group come close to each other, all lines of a function for instance. As long as they ascend they are found
//!   where they stand; those in disorder by one small table of the group that is being added to. Only a group that is
//!   come back to again and again gets a table of its own;
//! - keys keep the order in which they came, so that the same file gives the same rows.

use std::hash::{BuildHasher, Hash};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

use crate::narrow::Narrow;

/// No table has more rows: ids are int32.
const LARGEST: usize = i32::MAX as usize;
/// So often a group in disorder is come back to before it gets a table of its own.
const RETURNS: u8 = 2;

/// Sums by key.
#[derive(Debug)]
pub(crate) struct Sums<K> {
    keys: Vec<K>,
    /// Columns of every key.
    width: usize,
    /// The columns of all keys, behind each other.
    values: Narrow,
    groups: Vec<Group>,
    current: Current,
    last: usize,
    /// Whether there were more keys than a table has rows: then the sums mean nothing.
    pub(crate) overflowed: bool,
}

/// Where the keys of a group are.
#[derive(Debug, Default)]
struct Group {
    /// Rows that follow each other: the first keys, or all of them.
    run: Run,
    /// All rows by the hash of their key, if they do not follow each other or the group is come back to often.
    table: Option<Box<HashTable<u32>>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Run {
    start: u32,
    end: u32,
    /// Whether there are keys that do not ascend.
    in_disorder: bool,
    /// How often it was come back to since then.
    returns: u8,
}

impl Run {
    fn of<'k, K>(&self, keys: &'k [K]) -> &'k [K] {
        &keys[self.start as usize..self.end as usize]
    }

    /// The row of a key in a run that ascends.
    fn find<K: Ord>(&self, keys: &[K], key: &K) -> Option<usize> {
        let own = self.of(keys);
        // The next key is larger as a rule.
        if own.last().is_none_or(|last| last < key) {
            return None;
        }
        own.binary_search(key).ok().map(|at| self.start as usize + at)
    }

    /// Whether the next row, that of a new key, continues it.
    fn goes_on<K>(&mut self, keys: &[K]) -> bool {
        let next = keys.len() as u32;
        if self.start == self.end {
            (self.start, self.end) = (next, next);
        }
        self.end == next
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

/// The rows of the group that is being added to, by the hash of their key. Made for another group it costs nothing for
/// the rows that were in it.
#[derive(Debug, Default)]
struct Current {
    group: Option<usize>,
    /// Rows with the number of the filling that they are of; a power of two of them.
    slots: Vec<(u32, u32)>,
    filling: u32,
    rows: usize,
}

impl Current {
    /// Makes it that of a run.
    fn fill<K: Eq + Hash>(&mut self, group: usize, run: Run, keys: &[K]) {
        self.group = Some(group);
        self.empty();
        for row in run.start..run.end {
            self.insert(row, keys);
        }
    }

    fn empty(&mut self) {
        self.rows = 0;
        self.filling = self.filling.wrapping_add(1);
        if self.filling == 0 {
            self.slots.fill((0, 0));
            self.filling = 1;
        }
    }

    fn slots_from<K: Hash>(&self, key: &K) -> impl Iterator<Item = usize> + use<K> {
        let (hash, mask) = (FxBuildHasher.hash_one(key) as usize, self.slots.len() - 1);
        (0..=mask).map(move |step| hash.wrapping_add(step) & mask)
    }

    fn find<K: Eq + Hash>(&self, key: &K, keys: &[K]) -> Option<usize> {
        if self.rows == 0 {
            return None;
        }
        let found = self.slots_from(key).map(|slot| self.slots[slot]);
        let mut known = found.take_while(|(filling, _)| *filling == self.filling);
        known.find(|(_, row)| keys[*row as usize] == *key).map(|(_, row)| row as usize)
    }

    /// Adds the row of a key that is not in it. At least half of the slots are free.
    fn insert<K: Eq + Hash>(&mut self, row: u32, keys: &[K]) {
        if 2 * (self.rows + 1) > self.slots.len() {
            self.grow(keys);
        }
        self.rows += 1;
        let free = self.slots_from(&keys[row as usize]).find(|slot| self.slots[*slot].0 != self.filling);
        if let Some(slot) = free {
            self.slots[slot] = (self.filling, row);
        }
    }

    #[cold]
    fn grow<K: Eq + Hash>(&mut self, keys: &[K]) {
        let old = std::mem::take(&mut self.slots);
        let filling = self.filling;
        self.slots = vec![(0, 0); (2 * old.len()).max(64)];
        (self.filling, self.rows) = (1, 0);
        for (_, row) in old.into_iter().filter(|(of, _)| *of == filling) {
            self.insert(row, keys);
        }
    }
}

impl<K> Default for Sums<K> {
    fn default() -> Self {
        let (keys, values, groups, current) = Default::default();
        Self { keys, width: 0, values, groups, current, last: 0, overflowed: false }
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
        self.values.add(row * self.width, &values[..values.len().min(width)]);
    }

    /// Gives every key more columns.
    #[cold]
    fn widen(&mut self, width: usize) {
        let mut values = Narrow::default();
        values.grow(self.keys.len() * width);
        for (key, column) in
            (0..self.keys.len()).flat_map(|key| (0..self.width).map(move |column| (key, column)))
        {
            values.set(key * width + column, self.values.get(key * self.width + column));
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
        let known = match run.in_disorder {
            false => run.find(&self.keys, &key),
            true => {
                if self.current.group != Some(at) {
                    run.returns = run.returns.saturating_add(1);
                    if run.returns > RETURNS {
                        return self.row_in_table(at, key);
                    }
                    self.current.fill(at, *run, &self.keys);
                }
                self.current.find(&key, &self.keys)
            }
        };
        match known {
            Some(row) => row,
            None if self.keys.len() >= LARGEST => self.overflow(),
            None if run.goes_on(&self.keys) => self.go_on(at, key),
            None => self.row_in_table(at, key),
        }
    }

    /// Adds a new key behind the run of its group.
    fn go_on(&mut self, group: usize, key: K) -> usize {
        let run = &mut self.groups[group].run;
        let ascends = run.of(&self.keys).last().is_none_or(|last| *last < key);
        if !ascends && !run.in_disorder {
            run.in_disorder = true;
            self.current.fill(group, *run, &self.keys);
        }
        run.end += 1;
        let is_current = run.in_disorder;
        let row = self.push(key);
        if is_current {
            self.current.insert(row as u32, &self.keys);
        }
        row
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
        self.values.grow(self.width);
        self.keys.len() - 1
    }

    #[cold]
    fn overflow(&mut self) -> usize {
        self.overflowed = true;
        self.keys.len() - 1
    }

    /// How many columns each key has, and those of all keys behind each other.
    pub(crate) fn into_columns(self) -> (usize, Narrow) {
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
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, impl Iterator<Item = i64> + Clone)> {
        let columns = |row| self.values.of(row * self.width..(row + 1) * self.width);
        self.keys.iter().enumerate().map(move |(row, key)| (key, columns(row)))
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
        let found: Vec<_> = sums.iter().map(|(key, values)| (*key, values.collect::<Vec<_>>())).collect();
        assert_eq!(found, [(5, vec![111, 22]), (6, vec![33, 40]), (7, vec![0, 0])]);
    }

    #[test]
    fn columns_that_come_later_are_0_before() {
        let mut sums: Sums<u32> = Sums::default();
        sums.add(0, 1, 1, &[7]);
        sums.add(0, 2, 3, &[1, 2, 3]);
        sums.add(0, 1, 1, &[1, 9]);
        let found: Vec<_> = sums.iter().map(|(key, values)| (*key, values.collect::<Vec<_>>())).collect();
        assert_eq!(found, [(1, vec![8, 0, 0]), (2, vec![1, 2, 3])]);
    }

    proptest! {
        #[test]
        fn every_order_gives_the_sums(runs in proptest::collection::vec((0..4_u32, proptest::collection::vec(0..200_u32, 0..60)), 0..20)) {
            let keys: Vec<_> = runs.iter().flat_map(|(group, own)| own.iter().map(|key| (*group, *key))).collect();
            let mut sums: Sums<(u32, u32)> = Sums::default();
            let mut expected: BTreeMap<_, i64> = BTreeMap::new();
            for key in &keys {
                sums.add(key.0, *key, 1, &[1]);
                *expected.entry(*key).or_default() += 1;
            }
            let found: BTreeMap<_, _> = sums.iter().map(|(key, values)| (*key, values.sum())).collect();
            prop_assert_eq!(sums.len(), found.len());
            prop_assert_eq!(found, expected);
        }
    }
}
