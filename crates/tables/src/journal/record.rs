//! The records of a block: what is said about the profile, in the order in which it was learnt.

use serde::{Deserialize, Serialize};

use super::block::UNPACKED_LIMIT;

/// What a record's body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    /// `meta.json`, replacing the one before.
    Meta = 1,
    /// A row of `metrics` at a given place.
    Metric,
    /// A row of `processes` at a given place.
    Process,
    /// A row of `threads` at a given place.
    Thread,
    /// A row of `binaries` at a given place.
    Binary,
    /// A row of `functions` at a given place.
    Function,
    /// Further rows of `frames`.
    Frames,
    /// Further rows of `stacks`.
    Stacks,
    /// A further row of `events`.
    Event,
    /// Samples, column by column ([`super::columns`]).
    Samples,
    /// A further row of `counters`.
    Counter,
}

impl Tag {
    pub(super) const ALL: [Self; 11] = [
        Self::Meta,
        Self::Metric,
        Self::Process,
        Self::Thread,
        Self::Binary,
        Self::Function,
        Self::Frames,
        Self::Stacks,
        Self::Event,
        Self::Samples,
        Self::Counter,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| *tag as u8 == byte)
    }
}

/// Appends a record whose body is written by `fill`; nothing if that fails.
pub(super) fn write(
    records: &mut Vec<u8>,
    tag: Tag,
    fill: impl FnOnce(&mut Vec<u8>) -> Result<(), String>,
) -> Result<(), String> {
    let start = records.len();
    records.push(tag as u8);
    records.extend_from_slice(&[0; 4]);
    let written = fill(records).and_then(|()| body_length(records.len() - start - 5));
    match written {
        Ok(length) => records[start + 1..start + 5].copy_from_slice(&length.to_le_bytes()),
        Err(_) => records.truncate(start),
    }
    written.map(drop)
}

fn body_length(bytes: usize) -> Result<u32, String> {
    u32::try_from(bytes)
        .ok()
        .filter(|_| bytes < UNPACKED_LIMIT / 2)
        .ok_or_else(|| format!("{bytes} bytes in one record, more than a block may hold"))
}

/// Appends a record that holds `value`.
pub(super) fn write_value(
    records: &mut Vec<u8>,
    tag: Tag,
    value: &(impl Serialize + ?Sized),
) -> Result<(), String> {
    write(records, tag, |out| postcard::to_io(value, out).map(drop).map_err(|error| error.to_string()))
}

/// Reads `bytes` as a value and nothing else.
pub(super) fn read_value<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

/// Splits the next record off `records`: its tag and its body.
pub(super) fn next<'a>(records: &mut &'a [u8]) -> Option<(Tag, &'a [u8])> {
    let (head, rest) = records.split_at_checked(5)?;
    let tag = Tag::from_byte(head[0])?;
    let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    let (body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *records = rest;
    Some((tag, body))
}
