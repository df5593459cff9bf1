//! The records of a thread by the numbers of which their keys were put together: what is known is not formatted again.
//!
//! Open addressing, at most half full. Numbers may be without end where their keys are not: what came first stays.

use std::ptr;

use super::argument::{Arguments, MOST};
use super::layout::Record;
use super::table::{Place, address, fold};

const SMALLEST: usize = 64;
/// Slots, at most.
const LARGEST: usize = 1 << 16;

/// What a key was made of.
#[derive(Clone, Copy, PartialEq)]
pub struct Origin {
    /// The number of the site: with it, the format.
    site: u32,
    /// Of the weight, and the types of the arguments.
    kinds: u32,
    place: *const std::panic::Location<'static>,
    bits: [u64; MOST],
}

#[derive(Clone, Copy)]
struct Slot {
    origin: Origin,
    /// Null if the slot is free.
    record: *const Record,
}

const FREE: Slot =
    Slot { origin: Origin { site: 0, kinds: 0, place: ptr::null(), bits: [0; MOST] }, record: ptr::null() };

/// Bits of the kind of a weight.
const KIND: u32 = 2;

impl Origin {
    /// `site`: its number. `kind`: that of the weight.
    #[inline]
    pub fn new(site: u32, kind: u32, place: Place, arguments: &Arguments) -> Self {
        Self { site, kinds: arguments.kinds << KIND | kind, place: address(place), bits: arguments.bits }
    }

    #[inline]
    fn hash(&self) -> u64 {
        let site = u64::from(self.site) << 32 | u64::from(self.kinds);
        let state = fold(site ^ self.place.addr() as u64, self.bits[0]);
        fold(state, self.bits[1].rotate_left(32) ^ site)
    }
}

/// The table.
#[derive(Default)]
pub struct Known {
    slots: Vec<Slot>,
    used: usize,
}

impl Known {
    /// The record that an event of this origin is added to.
    #[inline]
    pub fn find(&self, origin: &Origin) -> Option<*const Record> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = origin.hash() as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.record.is_null() {
                return None;
            }
            if slot.origin == *origin {
                return Some(slot.record);
            }
            at = (at + 1) & mask;
        }
    }

    /// Whether it takes no more.
    pub fn is_full(&self) -> bool {
        self.used * 2 >= LARGEST
    }

    /// Adds an origin that is not in it, unless it is full.
    pub fn insert(&mut self, origin: Origin, record: *const Record) {
        if self.is_full() {
            return;
        }
        if self.used * 2 >= self.slots.len() {
            let larger = vec![FREE; (self.slots.len() * 2).max(SMALLEST)];
            let before = std::mem::replace(&mut self.slots, larger);
            before.into_iter().filter(|slot| !slot.record.is_null()).for_each(|slot| self.put(slot));
        }
        self.used += 1;
        self.put(Slot { origin, record });
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = slot.origin.hash() as usize & mask;
        while !self.slots[at].record.is_null() {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::argument::argument;

    fn origin(site: u32, kind: u32, number: u64) -> Origin {
        let arguments = Arguments::new([argument(&number)]).expect("a number");
        Origin::new(site, kind, None, &arguments)
    }

    /// Never looked at.
    fn record(number: usize) -> *const Record {
        ptr::without_provenance(number * 8 + 8)
    }

    #[test]
    fn what_came_first_is_found_and_what_found_no_room_is_not() {
        let mut known = Known::default();
        let all = (0..50_000u64).map(|number| origin(1 + number as u32 % 3, number as u32 % 2, number / 6));
        let all: Vec<_> = all.collect();
        for (number, origin) in all.iter().enumerate() {
            assert!(known.find(origin).is_none());
            known.insert(*origin, record(number));
        }
        assert!(known.is_full());
        for (number, origin) in all.iter().enumerate() {
            let expected = (number < LARGEST / 2).then(|| record(number));
            assert_eq!(known.find(origin), expected, "{number}");
        }
    }
}
