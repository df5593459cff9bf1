//! What stands in a file, as `docs/counts-format.md` says: a header, then records, each of a multiple of 8 bytes.

use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::weight::Amount;

pub const MAGIC: [u8; 8] = *b"PYRCOUNT";
pub const VERSION: u32 = 1;
/// Records begin at multiples of this, and have multiples of it as sizes.
pub const ALIGNMENT: usize = 8;

/// Kinds of records; the sum of one never changes its type.
pub const PLAIN: u32 = 0;
pub const WHOLE: u32 = 1;
pub const FRACTION: u32 = 2;
/// No record: what is left of a segment, when the next record did not fit.
pub const FILLER: u32 = 3;
/// Beside the kind: the sum did not fit, and stays at the largest or smallest number.
pub const SATURATED: u32 = 1 << 8;
const KIND: u32 = 0xff;

/// What a file begins with.
#[repr(C)]
pub struct Header {
    pub magic: [u8; 8],
    pub version: u32,
    /// Bytes of the header: where the first record stands.
    pub size: u32,
    pub pid: u32,
    pub tid: u32,
    /// When the file was made, nanoseconds since 1970.
    pub start: u64,
    /// Events that could not be kept.
    pub lost: AtomicU64,
    /// Names of the program and of the thread, as far as the system has any, filled up with zeros.
    pub program: [u8; 16],
    pub thread: [u8; 16],
}

/// A key with its place, and what was counted.
#[repr(C)]
pub struct Record {
    /// Bytes of the record with its texts. Written last: a zero is the end of what there is.
    size: AtomicU32,
    kind: AtomicU32,
    count: AtomicU64,
    /// Sum of the weights, by the kind: nothing, an `i64`, or an `f64`.
    sum: AtomicU64,
    /// From 1; 0 if the event has no place.
    line: u32,
    column: u32,
    key_length: u32,
    file_length: u32,
    // The key, then the file, then zeros.
}

/// What identifies a record.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub kind: u32,
    pub key: &'a [u8],
    pub file: &'a str,
    pub line: u32,
    pub column: u32,
}

impl Amount {
    /// The kind of the records that it is added to.
    pub fn kind(self) -> u32 {
        match self {
            Self::None => PLAIN,
            Self::Whole(_) | Self::Beyond => WHOLE,
            Self::Fraction(_) => FRACTION,
        }
    }
}

impl Entry<'_> {
    /// Bytes of its record; none if that could not be written down.
    pub fn size(&self) -> Option<u32> {
        let whole = size_of::<Record>() + self.key.len() + self.file.len();
        u32::try_from(whole.next_multiple_of(ALIGNMENT)).ok()
    }

    /// Writes its record, empty.
    ///
    /// # Safety
    /// `to` is aligned to [`ALIGNMENT`], valid for `size` bytes, as [`Self::size`] says, which are zeros.
    pub unsafe fn write(&self, to: *mut u8, size: u32) {
        let record = Record {
            size: AtomicU32::new(0),
            kind: AtomicU32::new(self.kind),
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            line: self.line,
            column: self.column,
            key_length: self.key.len() as u32,
            file_length: self.file.len() as u32,
        };
        // SAFETY: the caller gives the room for the record and both texts.
        unsafe {
            to.cast::<Record>().write(record);
            let texts = to.add(size_of::<Record>());
            texts.copy_from_nonoverlapping(self.key.as_ptr(), self.key.len());
            texts.add(self.key.len()).copy_from_nonoverlapping(self.file.as_ptr(), self.file.len());
            (*to.cast::<Record>()).size.store(size, Release);
        }
    }
}

/// Writes what says that nothing stands in the `room` bytes from `to`.
///
/// # Safety
/// `to` is aligned to [`ALIGNMENT`] and valid for `room` bytes, a multiple of it.
pub unsafe fn write_filler(to: *mut u8, room: u32) {
    // SAFETY: as the caller says; a multiple of the alignment that is not 0 has room for both words.
    unsafe {
        (*to.cast::<AtomicU32>().add(1)).store(FILLER, Relaxed);
        (*to.cast::<AtomicU32>()).store(room, Release);
    }
}

impl Record {
    /// The kind, without what stands beside it.
    #[inline]
    pub fn kind(&self) -> u32 {
        self.kind.load(Relaxed) & KIND
    }

    /// Counts an event. One thread does, so that nothing needs to be locked; others read whole words.
    #[inline]
    pub fn add(&self, amount: Amount) {
        self.count.store(self.count.load(Relaxed).wrapping_add(1), Relaxed);
        match amount {
            Amount::None => {}
            Amount::Whole(weight) => self.add_whole(weight),
            Amount::Beyond => self.saturate(i64::MAX),
            Amount::Fraction(weight) => {
                let sum = f64::from_bits(self.sum.load(Relaxed)) + weight;
                self.sum.store(sum.to_bits(), Relaxed);
            }
        }
    }

    #[inline]
    fn add_whole(&self, weight: i64) {
        let sum = self.sum.load(Relaxed).cast_signed();
        match sum.checked_add(weight) {
            Some(sum) => self.sum.store(sum.cast_unsigned(), Relaxed),
            None => self.saturate(if weight < 0 { i64::MIN } else { i64::MAX }),
        }
    }

    #[cold]
    fn saturate(&self, sum: i64) {
        self.sum.store(sum.cast_unsigned(), Relaxed);
        self.kind.store(WHOLE | SATURATED, Relaxed);
    }
}

/// The key of a record.
///
/// # Safety
/// The record was written by [`Entry::write`], and is still mapped as long as the key is used.
pub unsafe fn key_of<'a>(record: *const Record) -> &'a [u8] {
    // SAFETY: as the caller says; the key follows the record.
    unsafe { std::slice::from_raw_parts(record.add(1).cast(), (*record).key_length as usize) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_one_that_is_documented() {
        assert_eq!((size_of::<Header>(), size_of::<Record>()), (72, 40));
        assert_eq!(std::mem::offset_of!(Header, lost), 32);
        assert_eq!(std::mem::offset_of!(Record, key_length), 32);
    }
}
