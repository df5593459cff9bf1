//! Lines and their sums: a hash table of 8 bytes a slot over an arena.
//!
//! A slot is the line's tag (32 bits of its hash) and its place. Eight of them are a bucket, one line of the cache: first
//! their tags, which are compared at once, then their places. The tag alone says to which bucket a slot belongs, so that
//! a table grows by going over its slots in order, without looking at a line. In the arena a line is a [record].

use std::io;
use std::marker::PhantomData;
use std::ops::Range;

use memmap2::MmapMut;
use rustc_hash::FxHashMap;

use crate::arena::{Arena, Place};
use crate::cell::Cell;
use crate::memory::{LARGE_PAGE, prefetch, touch, untouched};
use crate::record::{self, Addition, Sought, key_of, size_of_record};
use crate::short::{Lanes, Processor, SHORT, Task};

/// Slots of a bucket, and bytes of its tags, of its places and of both.
const SLOTS: usize = 8;
const HALF: usize = 4 * SLOTS;
const BUCKET: usize = 2 * HALF;
/// A bit for each slot.
const ALL: u32 = (1 << SLOTS) - 1;
/// What a table begins with.
const FEWEST_BUCKETS: usize = 64;
/// Tables grow when nine of ten slots are taken; large ones by a quarter or a large page, so that four of five are on the
/// average.
const FULL: (usize, usize) = (9, 10);
/// A table's memory is made for so many times its buckets, where what is not used is only addresses.
const ROOM: usize = if cfg!(unix) { 16 } else { 1 };
/// Buckets of a large page.
const PAGE: usize = LARGE_PAGE / BUCKET;
/// Lines of a batch that are brought near before the first of them is looked up.
const AHEAD: usize = 32;

#[derive(Default)]
pub(crate) struct Table {
    /// Of each bucket eight tags, then eight places plus 1: 0 where there is none. Behind the last one are zeroes.
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
            self.grow(lanes)?;
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
        let cell = self.arena.at(place);
        let is_there = !self.elsewhere.is_empty() && C::has_elsewhere(cell);
        let elsewhere = if is_there { self.elsewhere.get(&place) } else { None };
        C::value(cell, elsewhere.copied().unwrap_or(0))
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
        let place = self.arena.take(record::size::<C>(addition.length))?;
        // Plus 1, the last of all places would be no number of 32 bits.
        if place == Place::MAX {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        let rest = record::write::<C>(self.arena.at_mut(place), addition);
        self.set_slot(bucket, slot, addition.tag, place + 1);
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
        let home = self.home(addition.tag);
        let (mut tags, mut places) = self.bucket(home).into();
        let mut found = lanes.which(tags, !0, addition.tag);
        if found == 0 && home + 1 < self.buckets && lanes.which(places, !0, 0) == 0 {
            (tags, places) = self.bucket(home + 1).into();
            found = lanes.which(tags, !0, addition.tag);
        }
        let place = number(places, found.trailing_zeros() as usize % SLOTS).checked_sub(1);
        let place = if found == 0 { None } else { place };
        if let Some(place) = place {
            self.arena.prefetch(place, addition.length);
        }
        place
    }

    /// Makes a larger table of it, in its place: as tags in order have buckets in order, each bucket's lines belong at or
    /// behind it, and the last one is moved first. The few that do not are put back at the end: those that had found no
    /// room where they belong, and those for which there is none behind it now.
    #[inline(always)]
    fn grow<L: Lanes>(&mut self, lanes: L) -> io::Result<()> {
        let before = self.buckets;
        self.make_room(larger(before))?;
        let mut later = Vec::new();
        for bucket in (0..before).rev() {
            let [tags, places] = self.bucket(bucket).map(|half| *half);
            self.clear(bucket);
            let mut taken = !lanes.which(&places, !0, 0) & ALL;
            while taken != 0 {
                let slot = taken.trailing_zeros() as usize;
                let (tag, place) = (number(&tags, slot), number(&places, slot));
                if !self.put_back(lanes, bucket, tag, place) {
                    later.push((tag, place));
                }
                taken &= taken - 1;
            }
        }
        for (tag, place) in later {
            if !self.put_back(lanes, 0, tag, place) {
                self.put_first(lanes, tag, place);
            }
        }
        Ok(())
    }

    /// Makes room for so many buckets.
    fn make_room(&mut self, buckets: usize) -> io::Result<()> {
        let before = std::mem::replace(&mut self.buckets, buckets) * BUCKET;
        let size = buckets * BUCKET;
        if self.slots.as_ref().is_none_or(|slots| slots.len() < size) {
            // Of small tables less than a large page, which would be taken as a whole.
            let room = size.saturating_mul(ROOM);
            let room = if buckets < PAGE { room.min(LARGE_PAGE - BUCKET) } else { room };
            let mut slots = untouched(room).or_else(|_| untouched(size))?;
            touch(&mut slots, 0, size);
            if let Some(old) = &self.slots {
                slots[..before].copy_from_slice(&old[..before]);
            }
            self.slots = Some(slots);
        } else if let Some(slots) = &mut self.slots {
            touch(slots, before, size);
        }
        Ok(())
    }

    fn clear(&mut self, bucket: usize) {
        let slots = self.slots.as_deref_mut().unwrap_or_default();
        slots[bucket * BUCKET..(bucket + 1) * BUCKET].fill(0);
    }

    /// Puts a slot where there is room for it; false if it belongs before bucket `least`, or there is none behind it.
    #[inline(always)]
    fn put_back<L: Lanes>(&mut self, lanes: L, least: usize, tag: u32, place: u32) -> bool {
        let home = self.home(tag);
        if home < least {
            return false;
        }
        self.put_between(lanes, home..self.buckets, tag, place)
    }

    /// Puts a slot that has no room behind its bucket where others begin.
    #[cold]
    fn put_first<L: Lanes>(&mut self, lanes: L, tag: u32, place: u32) {
        let home = self.home(tag);
        self.put_between(lanes, 0..home, tag, place);
    }

    #[inline(always)]
    fn put_between<L: Lanes>(&mut self, lanes: L, buckets: Range<usize>, tag: u32, place: u32) -> bool {
        for bucket in buckets {
            let free = lanes.which(self.bucket(bucket)[1], !0, 0);
            if free != 0 {
                self.set_slot(bucket, free.trailing_zeros() as usize, tag, place);
                return true;
            }
        }
        false
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

/// How many buckets a table has next: of large ones whole pages, for a part of one takes as much.
fn larger(buckets: usize) -> usize {
    let more = (buckets + buckets / 2).max(FEWEST_BUCKETS);
    let pages = buckets / PAGE;
    if more < PAGE { more } else { (pages + (pages / 4).max(1)) * PAGE }
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
    fn tables_of_many_pages_lose_nothing_and_are_four_fifths_full() {
        const KEYS: u32 = 900_000;
        let mut table = Table::default();
        let hash = |key: u32| key.wrapping_mul(0x9e37_79b1);
        let keys: Vec<_> = (0..KEYS).map(u32::to_le_bytes).collect();
        for weight in [1, 2] {
            let addition = |(key, text): (u32, _)| Addition { tag: hash(key), text, length: 4, weight };
            let all = (0..).zip(&keys).map(|(key, text)| addition((key, &text[..])));
            table.add_all::<Number>(Processor::detect(), all).expect("memory");
            // Large pages are there as a whole.
            assert!(table.buckets % PAGE == 0 && table.buckets * SLOTS * 3 < table.len() * 4);
        }
        let mut found: Vec<_> = table.places::<Number>().map(|place| table.key::<Number>(place)).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!((found.len(), table.len()), (keys.len(), keys.len()));
        let mut values = table.places::<Number>().map(|place| table.value::<Number>(place));
        assert!(values.all(|value| value == Value::Whole(3)));
    }

    #[test]
    fn sums_at_the_edge_of_their_cells() {
        for weights in [[254, 1, 1], [255, 1, 1], [1, 254, 7], [253, 1, 0], [1000, 255, 1]] {
            let mut table = Table::default();
            let all = weights.map(|weight| addition(b"x", weight, 1));
            table.add_all::<Number>(Processor::Any, all.into_iter()).expect("memory");
            let sum = weights.iter().map(|weight| i128::from(*weight)).sum();
            assert_eq!(contents::<Number>(&table), HashMap::from([(b"x".to_vec(), Value::Whole(sum))]));
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
