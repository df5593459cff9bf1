//! Lines and their sums: a hash table of 8 bytes a slot over an arena.
//!
//! A slot is the line's tag (32 bits of its hash) and its place. Eight of them are a bucket, one line of the cache: first
//! their tags, which are compared at once, then their places. The tag alone says to which bucket a slot belongs, so that
//! a table grows by going over its slots in order, without looking at a line. A line in the arena is its cell, its
//! length and its bytes.

use std::io;
use std::marker::PhantomData;

use memmap2::MmapMut;
use rustc_hash::FxHashMap;

use crate::arena::{Arena, Place};
use crate::cell::Cell;
use crate::memory::{prefetch, zeroes};
use crate::short::{Lanes, Processor, SHORT, Task};

/// Slots of a bucket, and bytes of its tags, of its places and of both.
const SLOTS: usize = 8;
const HALF: usize = 4 * SLOTS;
const BUCKET: usize = 2 * HALF;
/// What a table begins with.
const FEWEST_BUCKETS: usize = 64;
/// Tables grow when four of five slots are taken, by half: so two of three are on the average.
const FULL: (usize, usize) = (4, 5);
/// A length of this many bytes or more follows in four bytes.
const LONG: usize = 0xff;
/// Lines of a batch that are brought near before the first of them is looked up.
const AHEAD: usize = 32;

/// A line to be added.
#[derive(Clone, Copy)]
pub(crate) struct Addition<'a> {
    pub tag: u32,
    /// Its first `length` bytes are the line; a short one is compared fastest if there are [`SHORT`] in all.
    pub text: &'a [u8],
    pub length: usize,
    pub weight: u64,
}

impl Addition<'_> {
    fn key(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

#[derive(Default)]
pub(crate) struct Table {
    /// Of each bucket eight tags, then eight places plus 1: 0 where there is none.
    slots: Option<MmapMut>,
    buckets: usize,
    used: usize,
    arena: Arena,
    /// Parts of sums that did not fit into their cells.
    elsewhere: FxHashMap<Place, i128>,
}

impl Table {
    /// How many different lines it has.
    pub(crate) fn len(&self) -> usize {
        self.used
    }

    /// Adds lines, looking several up at a time.
    pub(crate) fn add_all<'a, C: Cell>(
        &mut self,
        processor: Processor,
        additions: impl Iterator<Item = Addition<'a>>,
    ) -> io::Result<()> {
        processor.run(AddAll { table: self, additions, cell: PhantomData::<C> })
    }

    /// Adds a line. `guess`: where it is, if it is anywhere, most likely.
    #[inline(always)]
    fn add<C: Cell, L: Lanes>(
        &mut self,
        lanes: L,
        addition: &Addition<'_>,
        guess: Option<Place>,
    ) -> io::Result<()> {
        let sought = Sought::new(lanes, addition);
        if guess.is_some_and(|place| self.add_at::<C, L>(&sought, place)) {
            return Ok(());
        }
        if self.used * FULL.1 >= self.buckets * SLOTS * FULL.0 {
            self.grow()?;
        }
        let mut bucket = self.home(addition.tag);
        loop {
            let [tags, places] = self.bucket(bucket);
            let (mut found, free) = (lanes.which(tags, !0, addition.tag), lanes.which(places, !0, 0));
            // What is free may have any tag.
            found &= !free;
            while found != 0 {
                let place = number(self.bucket(bucket)[1], found.trailing_zeros() as usize) - 1;
                if self.add_at::<C, L>(&sought, place) {
                    return Ok(());
                }
                found &= found - 1;
            }
            if free != 0 {
                return self.insert::<C>(bucket, free.trailing_zeros() as usize, addition);
            }
            bucket = if bucket + 1 == self.buckets { 0 } else { bucket + 1 };
        }
    }

    /// Adds to a line, if it is this one.
    #[inline(always)]
    fn add_at<C: Cell, L: Lanes>(&mut self, sought: &Sought<'_, L>, place: Place) -> bool {
        let record = self.arena.at_mut(place);
        if !sought.is_of::<C>(record) {
            return false;
        }
        if let Some(rest) = C::add(record, sought.addition.weight) {
            *self.elsewhere.entry(place).or_default() += rest;
        }
        true
    }

    /// Each line's place, in the order in which lines were added.
    pub(crate) fn places<C: Cell>(&self) -> impl Iterator<Item = Place> + '_ {
        self.arena.parts().flat_map(move |(start, filled)| {
            let mut next = 0;
            std::iter::from_fn(move || {
                let place = (next < filled).then_some(start + next as Place)?;
                next += size_of_record::<C>(self.arena.at(place));
                Some(place)
            })
        })
    }

    /// A line.
    pub(crate) fn key<C: Cell>(&self, place: Place) -> &[u8] {
        key_of::<C>(self.arena.at(place))
    }

    /// Its sum.
    pub(crate) fn value<C: Cell>(&self, place: Place) -> crate::value::Value {
        let elsewhere = if self.elsewhere.is_empty() { None } else { self.elsewhere.get(&place) };
        C::value(self.arena.at(place), elsewhere.copied().unwrap_or(0))
    }

    /// Begins to bring a line near.
    #[inline]
    pub(crate) fn prefetch(&self, place: Place) {
        self.arena.prefetch(place, SHORT);
    }

    /// Gives the slots' memory back: lines are found by their places from now on.
    pub(crate) fn forget_slots(&mut self) {
        self.slots = None;
        self.buckets = 0;
    }

    #[inline(never)]
    fn insert<C: Cell>(&mut self, bucket: usize, slot: usize, addition: &Addition<'_>) -> io::Result<()> {
        let (Addition { tag, weight, .. }, key) = (*addition, addition.key());
        let long = key.len() >= LONG;
        let start = C::WIDTH + if long { 5 } else { 1 };
        let place = self.arena.take(start + key.len())?;
        // Plus 1, the last of all places would be no number of 32 bits.
        if place == Place::MAX {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let record = self.arena.at_mut(place);
        let rest = C::begin(record, weight);
        record[C::WIDTH] = key.len().min(LONG) as u8;
        if long {
            record[C::WIDTH + 1..start].copy_from_slice(&(key.len() as u32).to_le_bytes());
        }
        record[start..start + key.len()].copy_from_slice(key);
        self.set_slot(bucket, slot, tag, place + 1);
        self.used += 1;
        if let Some(rest) = rest {
            *self.elsewhere.entry(place).or_default() += rest;
        }
        Ok(())
    }

    /// Begins to bring the buckets of lines near.
    #[inline(always)]
    fn bring_buckets_near(&self, batch: &[Addition<'_>]) {
        let slots = self.slots.as_deref().unwrap_or_default();
        batch.iter().for_each(|addition| prefetch(slots, self.home(addition.tag) * BUCKET));
    }

    /// Where a line most likely is, if it is anywhere; on its way here.
    #[inline(always)]
    fn guess<L: Lanes>(&self, lanes: L, addition: &Addition<'_>) -> Option<Place> {
        if self.buckets == 0 {
            return None;
        }
        let [tags, places] = self.bucket(self.home(addition.tag));
        let found = lanes.which(tags, !0, addition.tag);
        let place = number(places, found.trailing_zeros() as usize % SLOTS).checked_sub(1);
        let place = if found == 0 { None } else { place };
        if let Some(place) = place {
            self.arena.prefetch(place, addition.length);
        }
        place
    }

    fn grow(&mut self) -> io::Result<()> {
        let buckets = (self.buckets + self.buckets / 2).max(FEWEST_BUCKETS);
        let before = std::mem::replace(
            self,
            Self { slots: Some(zeroes(buckets * BUCKET)?), buckets, ..Self::default() },
        );
        self.used = before.used;
        for bucket in 0..before.buckets {
            let [tags, places] = before.bucket(bucket);
            for slot in (0..SLOTS).filter(|slot| number(places, *slot) != 0) {
                self.put_back(number(tags, slot), number(places, slot));
            }
        }
        self.arena = before.arena;
        self.elsewhere = before.elsewhere;
        Ok(())
    }

    /// Puts a slot where there is room for it.
    fn put_back(&mut self, tag: u32, place: u32) {
        let mut bucket = self.home(tag);
        loop {
            let places = self.bucket(bucket)[1];
            if let Some(slot) = (0..SLOTS).find(|slot| number(places, *slot) == 0) {
                return self.set_slot(bucket, slot, tag, place);
            }
            bucket = if bucket + 1 == self.buckets { 0 } else { bucket + 1 };
        }
    }

    /// The bucket that a tag belongs to: tags in order have buckets in order.
    #[inline(always)]
    fn home(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.buckets as u64) >> u32::BITS) as usize
    }

    /// Tags and places of a bucket.
    #[inline(always)]
    fn bucket(&self, bucket: usize) -> [&[u8; HALF]; 2] {
        let slots = self.slots.as_deref().unwrap_or_default();
        [0, HALF].map(|half| slots[bucket * BUCKET + half..].first_chunk().unwrap_or(&[0; HALF]))
    }

    #[inline(always)]
    fn set_slot(&mut self, bucket: usize, slot: usize, tag: u32, place: u32) {
        let slots = self.slots.as_deref_mut().unwrap_or_default();
        for (half, number) in [(0, tag), (HALF, place)] {
            let at = bucket * BUCKET + half + slot * 4;
            slots[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        }
    }
}

#[inline(always)]
fn number(half: &[u8; HALF], slot: usize) -> u32 {
    u32::from_ne_bytes(half.as_chunks().0[slot])
}

/// The work of [`Table::add_all`].
struct AddAll<'a, I, C> {
    table: &'a mut Table,
    additions: I,
    cell: PhantomData<C>,
}

impl<'a, I: Iterator<Item = Addition<'a>>, C: Cell> Task for AddAll<'_, I, C> {
    type Output = io::Result<()>;

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) -> Self::Output {
        let mut batch = Vec::with_capacity(AHEAD);
        let mut guesses = [None; AHEAD];
        loop {
            batch.clear();
            batch.extend(self.additions.by_ref().take(AHEAD));
            if batch.is_empty() {
                return Ok(());
            }
            self.table.bring_buckets_near(&batch);
            for (addition, guess) in batch.iter().zip(&mut guesses) {
                *guess = self.table.guess(lanes, addition);
            }
            for (addition, guess) in batch.iter().zip(guesses) {
                self.table.add::<C, L>(lanes, addition, guess)?;
            }
        }
    }
}

/// A line that is compared with others.
struct Sought<'a, L: Lanes> {
    lanes: L,
    addition: &'a Addition<'a>,
    short: Option<L::Key>,
}

impl<'a, L: Lanes> Sought<'a, L> {
    #[inline(always)]
    fn new(lanes: L, addition: &'a Addition<'a>) -> Self {
        let block = if addition.length > SHORT { None } else { addition.text.first_chunk() };
        Self { lanes, addition, short: block.map(|block| lanes.load(block, addition.length)) }
    }

    #[inline(always)]
    fn is_of<C: Cell>(&self, record: &[u8]) -> bool {
        let length = self.addition.length;
        match (self.short, record[C::WIDTH + 1..].first_chunk()) {
            (Some(key), Some(block)) => {
                usize::from(record[C::WIDTH]) == length && self.lanes.begins(block, length, key)
            }
            _ => key_of::<C>(record) == self.addition.key(),
        }
    }
}

/// The bytes of a record.
#[inline]
fn size_of_record<C: Cell>(record: &[u8]) -> usize {
    let (text, length) = text_of::<C>(record);
    record.len() - text.len() + length
}

/// The line of a record.
#[inline]
fn key_of<C: Cell>(record: &[u8]) -> &[u8] {
    let (text, length) = text_of::<C>(record);
    &text[..length]
}

/// What begins with the line of a record, and the line's length.
#[inline]
fn text_of<C: Cell>(record: &[u8]) -> (&[u8], usize) {
    let short = usize::from(record[C::WIDTH]);
    let after = &record[C::WIDTH + 1..];
    match short {
        LONG => (&after[4..], after.first_chunk().copied().map_or(0, u32::from_le_bytes) as usize),
        _ => (after, short),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::cell::{Number, Whole};
    use crate::value::Value;

    /// Tags of few values, so that lines collide.
    fn addition(key: &[u8], weight: u64, tags: u32) -> Addition<'_> {
        let tag = key.iter().fold(0u32, |tag, byte| tag.wrapping_mul(31).wrapping_add(u32::from(*byte)));
        Addition { tag: (tag % tags) << 20, text: key, length: key.len(), weight }
    }

    fn contents<C: Cell>(table: &Table) -> HashMap<Vec<u8>, Value> {
        let places = table.places::<C>();
        places.map(|place| (table.key::<C>(place).to_vec(), table.value::<C>(place))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn sums_are_those_of_a_map(
            lines in prop::collection::vec(("[ab]{0,3}|[a-c]{250,260}|[a-z]{8}", -9i64..9), 0..3000),
            tags in prop_oneof![Just(1u32), Just(7), Just(4000)],
        ) {
            let mut expected = HashMap::new();
            for (key, weight) in &lines {
                *expected.entry(key.as_bytes().to_vec()).or_insert(0i128) += i128::from(*weight);
            }
            let expected: HashMap<_, _> =
                expected.into_iter().map(|(key, sum)| (key, Value::Whole(sum))).collect();
            for processor in Processor::all() {
                let mut table = Table::default();
                let all = lines.iter().map(|(key, weight)| addition(key.as_bytes(), weight.cast_unsigned(), tags));
                table.add_all::<Whole>(processor, all).expect("memory");
                prop_assert_eq!(table.len(), expected.len());
                prop_assert_eq!(contents::<Whole>(&table), expected.clone());
            }
        }
    }

    #[test]
    fn sums_beyond_their_cells() {
        let mut numbers = Table::default();
        let mut sums = Table::default();
        for _ in 0..5 {
            let (number, sum) = (addition(b"x", 60_000, 1), addition(b"x", i64::MAX.cast_unsigned(), 1));
            numbers.add_all::<Number>(Processor::Any, [number].into_iter()).expect("memory");
            sums.add_all::<Whole>(Processor::Any, [sum].into_iter()).expect("memory");
        }
        assert_eq!(contents::<Number>(&numbers), HashMap::from([(b"x".to_vec(), Value::Whole(300_000))]));
        let sum = 5 * i128::from(i64::MAX);
        assert_eq!(contents::<Whole>(&sums), HashMap::from([(b"x".to_vec(), Value::Whole(sum))]));
    }
}
