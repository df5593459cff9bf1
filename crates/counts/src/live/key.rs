//! Keys as they are written: literal ones are known by their site, others are put together.

use std::fmt::{self, Arguments, Write};
use std::mem::MaybeUninit;
use std::panic::Location;

use super::thread::{Site, count_at, count_key};
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
        unsafe { room.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), text.len()) };
        self.length = end;
        Ok(())
    }
}

impl Short {
    fn text(&self) -> &[u8] {
        // SAFETY: so many bytes were written.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.length) }
    }
}

fn count_formatted(amount: Amount, place: Option<&'static Location<'static>>, key: Arguments<'_>) {
    let mut short = Short { bytes: [const { MaybeUninit::uninit() }; SHORT], length: 0 };
    match short.write_fmt(key) {
        Ok(()) => count_key(amount, place, short.text()),
        Err(_) => count_key(amount, place, long(key).as_bytes()),
    }
}

/// The text of a key of any length; as far as it comes, if a part of it cannot be written.
#[cold]
fn long(key: Arguments<'_>) -> String {
    let mut text = String::new();
    let _ = text.write_fmt(key);
    text
}
