//! Lines and their sums: a hash table of 8 bytes a slot over an arena.
//!
//! A slot is the line's tag (32 bits of its hash) and its place. The tag alone says where a slot belongs, so that a
//! table grows by going over its slots in order, without looking at a line. A line in the arena is its cell, its length
//! and its bytes.

use std::io;
use std::marker::PhantomData;

use memmap2::MmapMut;
use rustc_hash::FxHashMap;

use crate::arena::{Arena, Place};
use crate::cell::Cell;
use crate::memory::{prefetch, zeroes};
use crate::short::{Lanes, Processor, SHORT, Task};

/// What a table begins with.
const FEWEST_SLOTS: usize = 512;
/// Tables grow when four of five slots are taken, by half: so two of three are on the average.
const FULL: (usize, usize) = (4, 5);
/// Beside each other in a slot.
const TAG_SHIFT: u32 = 32;
/// A length of this many bytes or more follows in four bytes.
const LONG: usize = 0xff;
/// Lines of a batch that are brought near before the first of them is looked up.
const AHEAD: usize = 16;

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
    /// 8 bytes each: 0, or the tag in the upper half and the place plus 1 in the lower one.
    slots: Option<MmapMut>,
    capacity: usize,
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

    /// Adds a line; its place.
    #[inline(always)]
    fn add<C: Cell, L: Lanes>(&mut self, lanes: L, addition: &Addition<'_>) -> io::Result<Place> {
        if self.used * FULL.1 >= self.capacity * FULL.0 {
            self.grow()?;
        }
        let tag = addition.tag;
        let sought = Sought::new(lanes, addition);
        let mut at = home(tag, self.capacity);
        loop {
            let slot = self.slot(at);
            if slot == 0 {
                return self.insert::<C>(at, addition);
            }
            if (slot >> TAG_SHIFT) as u32 == tag {
                let place = slot as u32 - 1;
                let record = self.arena.at_mut(place);
                if sought.is_of::<C>(record) {
                    if let Some(rest) = C::add(record, addition.weight) {
                        *self.elsewhere.entry(place).or_default() += rest;
                    }
                    return Ok(place);
                }
            }
            at = if at + 1 == self.capacity { 0 } else { at + 1 };
        }
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
        self.arena.prefetch(place);
    }

    /// Gives the slots' memory back: lines are found by their places from now on.
    pub(crate) fn forget_slots(&mut self) {
        self.slots = None;
        self.capacity = 0;
    }

    #[inline(never)]
    fn insert<C: Cell>(&mut self, at: usize, addition: &Addition<'_>) -> io::Result<Place> {
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
        let slot = (u64::from(tag) << TAG_SHIFT) | (u64::from(place) + 1);
        self.set_slot(at, slot);
        self.used += 1;
        if let Some(rest) = rest {
            *self.elsewhere.entry(place).or_default() += rest;
        }
        Ok(place)
    }

    /// First the slots, then the lines that the slots may be of.
    fn bring_near(&self, batch: &[Addition<'_>]) {
        let Some(slots) = self.slots.as_deref() else { return };
        for addition in batch {
            prefetch(slots, home(addition.tag, self.capacity) * 8);
        }
        for addition in batch {
            let slot = self.slot(home(addition.tag, self.capacity));
            if slot != 0 {
                self.arena.prefetch(slot as u32 - 1);
            }
        }
    }

    fn grow(&mut self) -> io::Result<()> {
        let capacity = (self.capacity + self.capacity / 2).max(FEWEST_SLOTS);
        let before =
            std::mem::replace(self, Self { slots: Some(zeroes(capacity * 8)?), capacity, ..Self::default() });
        self.used = before.used;
        for slot in (0..before.capacity).map(|at| before.slot(at)).filter(|slot| *slot != 0) {
            let mut at = home((slot >> TAG_SHIFT) as u32, capacity);
            while self.slot(at) != 0 {
                at = if at + 1 == capacity { 0 } else { at + 1 };
            }
            self.set_slot(at, slot);
        }
        self.arena = before.arena;
        self.elsewhere = before.elsewhere;
        Ok(())
    }

    #[inline]
    fn slot(&self, at: usize) -> u64 {
        let slots = self.slots.as_deref().unwrap_or_default();
        slots[at * 8..].first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    #[inline]
    fn set_slot(&mut self, at: usize, slot: u64) {
        if let Some(slots) = self.slots.as_deref_mut() {
            slots[at * 8..at * 8 + 8].copy_from_slice(&slot.to_le_bytes());
        }
    }
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
        loop {
            batch.clear();
            batch.extend(self.additions.by_ref().take(AHEAD));
            if batch.is_empty() {
                return Ok(());
            }
            self.table.bring_near(&batch);
            for addition in &batch {
                self.table.add::<C, L>(lanes, addition)?;
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

/// Where the slot of a tag belongs: tags in order have places in order.
#[inline]
fn home(tag: u32, capacity: usize) -> usize {
    ((u64::from(tag) * capacity as u64) >> TAG_SHIFT) as usize
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
