//! Systems on which nothing is counted.

use core::fmt::Arguments;
use core::panic::Location;

use crate::weight::Amount;

/// A place in the program that counts.
#[derive(Debug)]
pub struct Site;

impl Site {
    /// One that was not reached yet.
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

/// Never.
#[inline]
#[must_use]
pub fn is_on() -> bool {
    false
}

/// Never called.
#[inline]
pub fn count(_: &'static Site, _: Amount, _: Option<&'static Location<'static>>, _: Arguments<'_>) {}

/// Never called.
#[inline]
pub fn count_numbers<const N: usize>(
    _: &'static Site,
    _: Amount,
    _: Option<&'static Location<'static>>,
    _: [Option<()>; N],
    _: Arguments<'_>,
) {
}

/// Never called.
#[inline]
pub fn count_text(_: Amount, _: Option<&'static Location<'static>>, _: &str) {}

/// Nothing is looked at.
#[inline]
pub fn argument<T: ?Sized>(_: &T) -> Option<()> {
    None
}

/// Nothing is looked at.
#[inline]
pub fn text<T: ?Sized>(_: &T) -> Option<&str> {
    None
}

/// Nothing is looked at.
#[must_use]
pub const fn is_function(_: &str) -> bool {
    false
}
