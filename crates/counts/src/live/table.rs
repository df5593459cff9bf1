//! The records of a thread by key, kind and place: open addressing, at most half full.

use std::panic::Location;
use std::ptr;

use super::layout::{Record, key_of};

/// The place of an event, by identity: equal places of two addresses have two records, which readers add up.
pub type Place = Option<&'static Location<'static>>;

#[derive(Clone, Copy)]
struct Slot {
    hash: u64,
    /// Null if the slot is free.
    record: *const Record,
    place: *const Location<'static>,
}

const FREE: Slot = Slot { hash: 0, record: ptr::null(), place: ptr::null() };
const SMALLEST: usize = 64;

/// The table.
#[derive(Default)]
pub struct Table {
    slots: Vec<Slot>,
    used: usize,
}

/// What is looked for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub key: &'a [u8],
    pub kind: u32,
    pub place: Place,
    hash: u64,
}

impl<'a> Wanted<'a> {
    /// With its hash.
    pub fn new(key: &'a [u8], kind: u32, place: Place) -> Self {
        let seed = address(place).addr() as u64 ^ u64::from(kind) << 56;
        Self { key, kind, place, hash: hash(seed, key) }
    }
}

fn address(place: Place) -> *const Location<'static> {
    place.map_or(ptr::null(), ptr::from_ref)
}

impl Table {
    /// The record of a key.
    pub fn find(&self, wanted: &Wanted<'_>) -> Option<*const Record> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = wanted.hash as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.record.is_null() {
                return None;
            }
            if slot.hash == wanted.hash && slot.is_of(wanted) {
                return Some(slot.record);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds the record of a key that is not in it.
    pub fn insert(&mut self, wanted: &Wanted<'_>, record: *const Record) {
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        self.used += 1;
        self.put(Slot { hash: wanted.hash, record, place: address(wanted.place) });
    }

    fn grow(&mut self) {
        let larger = vec![FREE; (self.slots.len() * 2).max(SMALLEST)];
        for slot in std::mem::replace(&mut self.slots, larger) {
            if !slot.record.is_null() {
                self.put(slot);
            }
        }
    }

    fn put(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = slot.hash as usize & mask;
        while !self.slots[at].record.is_null() {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }
}

impl Slot {
    fn is_of(&self, wanted: &Wanted<'_>) -> bool {
        // SAFETY: records of the table are in the file of the same thread, which lives as long.
        let (kind, key) = unsafe { ((*self.record).kind(), key_of(self.record)) };
        kind == wanted.kind && self.place == address(wanted.place) && key == wanted.key
    }
}

/// Mixes bytes, eight at a time, by folded multiplication: keys are few and nobody's attack.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(ODD);
        (product >> 64) as u64 ^ product as u64
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut state = seed ^ ODD ^ (bytes.len() as u64).rotate_left(32);
    for word in words {
        state = fold(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(fold(state, u64::from_le_bytes(last)), ODD)
}
