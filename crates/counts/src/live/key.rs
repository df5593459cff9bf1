//! Keys as they are written: literal ones are known by their site, those of numbers by these, others are put together.

use std::fmt::{self, Arguments, Write};
use std::mem::MaybeUninit;
use std::panic::Location;

use super::argument::{self, Argument};
use super::thread::{Site, count_at, count_key, count_known, count_origin};
use crate::weight::Amount;

/// Counts an event.
#[inline]
pub fn count(
    site: &'static Site,
    amount: Amount,
    place: Option<&'static Location<'static>>,
    key: Arguments<'_>,
) {
    match key.as_str() {
        Some(key) => count_at(site, amount, place, key),
        None => count_formatted(amount, place, key),
    }
}

/// Counts an event whose key is a function of its arguments, so many, if they are numbers.
#[inline(always)]
pub fn count_numbers<const N: usize>(
    site: &'static Site,
    amount: Amount,
    place: Option<&'static Location<'static>>,
    arguments: [Option<Argument>; N],
    key: Arguments<'_>,
) {
    match argument::Arguments::new(arguments) {
        Some(arguments) => {
            if !count_known(site, amount, place, &arguments) {
                count_new(site, amount, place, &arguments, key);
            }
        }
        None => count(site, amount, place, key),
    }
}

/// Counts an event whose key is a text.
pub fn count_text(amount: Amount, place: Option<&'static Location<'static>>, key: &str) {
    count_key(amount, place, key.as_bytes());
}

/// Counts an event whose arguments were not met before.
#[inline(never)]
fn count_new(
    site: &'static Site,
    amount: Amount,
    place: Option<&'static Location<'static>>,
    arguments: &argument::Arguments,
    key: Arguments<'_>,
) {
    with_text(key, |key| count_origin(site, amount, place, arguments, key));
}

/// Bytes of a key that are put together without memory of their own.
const SHORT: usize = 256;

/// The text of a key, as far as it is short.
struct Short {
    bytes: [MaybeUninit<u8>; SHORT],
    length: usize,
}

impl Write for Short {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let room = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        // SAFETY: the room is as long as the text, and nobody else's.
        unsafe { copy(text.as_bytes(), room.as_mut_ptr().cast::<u8>()) };
        self.length = end;
        Ok(())
    }
}

/// Copies a part of a key. Most are shorter than the call of a function takes.
///
/// # Safety
/// There is room for all of them, where `text` is not.
#[inline(always)]
unsafe fn copy(text: &[u8], room: *mut u8) {
    let (length, from) = (text.len(), text.as_ptr());
    // SAFETY: the two ends of a text are inside of it, and together are all of it.
    unsafe {
        match length {
            8..=16 => copy_ends::<u64>(from, room, length),
            4..8 => copy_ends::<u32>(from, room, length),
            1..4 => {
                *room = text[0];
                *room.add(length / 2) = text[length / 2];
                *room.add(length - 1) = text[length - 1];
            }
            _ => room.copy_from_nonoverlapping(from, length),
        }
    }
}

/// Copies the first and the last bytes, as many as a word of type `T` has.
///
/// # Safety
/// There are `length` bytes at both places, at least those of a word.
#[inline(always)]
unsafe fn copy_ends<T>(from: *const u8, room: *mut u8, length: usize) {
    let last = length - size_of::<T>();
    // SAFETY: both words are inside of the `length` bytes.
    unsafe {
        let ends = (from.cast::<T>().read_unaligned(), from.add(last).cast::<T>().read_unaligned());
        room.cast::<T>().write_unaligned(ends.0);
        room.add(last).cast::<T>().write_unaligned(ends.1);
    }
}

impl Short {
    fn text(&self) -> &[u8] {
        // SAFETY: so many bytes were written.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.length) }
    }
}

fn count_formatted(amount: Amount, place: Option<&'static Location<'static>>, key: Arguments<'_>) {
    with_text(key, |key| count_key(amount, place, key));
}

/// Puts a key together, and does something with it.
#[inline]
fn with_text(key: Arguments<'_>, then: impl FnOnce(&[u8])) {
    let mut short = Short { bytes: [const { MaybeUninit::uninit() }; SHORT], length: 0 };
    match short.write_fmt(key) {
        Ok(()) => then(short.text()),
        Err(_) => then(long(key).as_bytes()),
    }
}

/// The text of a key of any length; as far as it comes, if a part of it cannot be written.
#[cold]
fn long(key: Arguments<'_>) -> String {
    let mut text = String::new();
    let _ = text.write_fmt(key);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_any_length_are_put_together() {
        let text: String = ('!'..='~').collect();
        for (first, second) in (0..40).flat_map(|first| (0..40).map(move |second| (first, second))) {
            let mut short = Short { bytes: [const { MaybeUninit::uninit() }; SHORT], length: 0 };
            let (one, other) = (&text[..first], &text[first..first + second]);
            assert!(short.write_str(one).and_then(|()| short.write_str(other)).is_ok());
            assert_eq!(short.text(), &text.as_bytes()[..first + second]);
        }
    }

    #[test]
    fn a_part_without_room_is_refused() {
        let mut short = Short { bytes: [const { MaybeUninit::uninit() }; SHORT], length: 0 };
        assert!(short.write_str(&"a".repeat(SHORT)).is_ok());
        assert!(short.write_char('b').is_err());
        assert_eq!(short.text(), "a".repeat(SHORT).as_bytes());
    }
}
