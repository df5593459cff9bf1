//! A line in the arena: its cell, its length and its bytes.

use crate::cell::Cell;
use crate::short::{Lanes, SHORT};

/// A length of this many bytes or more follows in four bytes.
const LONG: usize = 0xff;

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

/// The bytes of the record of a line of this length.
pub(crate) fn size<C: Cell>(length: usize) -> usize {
    C::WIDTH + if length >= LONG { 5 } else { 1 } + length
}

/// Writes a line's record; returns what of its weight does not fit into the cell.
pub(crate) fn write<C: Cell>(record: &mut [u8], addition: &Addition<'_>) -> Option<i128> {
    let (key, length) = (addition.key(), addition.length);
    let rest = C::begin(record, addition.weight);
    record[C::WIDTH] = length.min(LONG) as u8;
    if length >= LONG {
        record[C::WIDTH + 1..C::WIDTH + 5].copy_from_slice(&(length as u32).to_le_bytes());
    }
    let end = size::<C>(length);
    record[end - length..end].copy_from_slice(key);
    rest
}

/// A line that is compared with others.
pub(crate) struct Sought<'a, L: Lanes> {
    lanes: L,
    pub addition: &'a Addition<'a>,
    short: Option<L::Key>,
}

impl<'a, L: Lanes> Sought<'a, L> {
    #[inline(always)]
    pub(crate) fn new(lanes: L, addition: &'a Addition<'a>) -> Self {
        let block = if addition.length > SHORT { None } else { addition.text.first_chunk() };
        Self { lanes, addition, short: block.map(|block| lanes.load(block, addition.length)) }
    }

    /// Whether a record is its.
    #[inline(always)]
    pub(crate) fn is_of<C: Cell>(&self, record: &[u8]) -> bool {
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
pub(crate) fn size_of_record<C: Cell>(record: &[u8]) -> usize {
    let (text, length) = text_of::<C>(record);
    record.len() - text.len() + length
}

/// The line of a record.
#[inline]
pub(crate) fn key_of<C: Cell>(record: &[u8]) -> &[u8] {
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
