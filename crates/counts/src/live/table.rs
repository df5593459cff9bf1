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

/// The place's identity.
#[inline]
pub fn address(place: Place) -> *const Location<'static> {
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
        kind == wanted.kind && self.place == address(wanted.place) && is_same(key, wanted.key)
    }
}

/// Whether two keys are one, word by word: most are shorter than the call of a function takes.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && words(one).eq(words(other)) && end(one) == end(other)
}

/// The whole words of a key.
#[inline]
fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word))
}

/// What follows the whole words, as one word that is another for every other end of keys of this length. Bytes may be
/// in it twice: so there is no loop.
#[inline]
fn end(bytes: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk() {
        return u64::from_le_bytes(*last);
    }
    let half = |bytes: &[u8; 4]| u64::from(u32::from_le_bytes(*bytes));
    match (bytes.first_chunk(), bytes.last_chunk(), bytes) {
        (Some(first), Some(last), _) => half(first) << 32 | half(last),
        (_, _, [first, .., last]) => {
            u64::from(*first) << 16 | u64::from(bytes[bytes.len() / 2]) << 8 | u64::from(*last)
        }
        (_, _, [only]) => u64::from(*only),
        _ => 0,
    }
}

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes a word into a state.
#[inline]
pub fn fold(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word) * u128::from(ODD);
    (product >> 64) as u64 ^ product as u64
}

/// Mixes bytes, eight at a time, by folded multiplication: keys are few and nobody's attack.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let state = words(bytes).fold(seed ^ ODD ^ (bytes.len() as u64).rotate_left(32), fold);
    fold(fold(state, end(bytes)), ODD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_one_only_if_all_their_bytes_are() {
        for length in 0..40 {
            let key: Vec<u8> = (1..=length).collect();
            assert!(is_same(&key, &key.clone()));
            assert!(!is_same(&key, &[&key[..], &[0]].concat()));
            for at in 0..key.len() {
                let mut other = key.clone();
                other[at] ^= 0x80;
                assert!(!is_same(&key, &other), "byte {at} of {length}");
                assert_ne!(hash(0, &key), hash(0, &other), "byte {at} of {length}");
            }
        }
    }
}
