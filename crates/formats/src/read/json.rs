//! JSON of which we know the shape.

use serde::Deserialize;

use super::Input;
use crate::error::{Error, Result};

/// Parses a whole file.
///
/// # Errors
/// [`crate::Error::Malformed`] with the place where it is no JSON, or not of this shape.
pub(super) fn parse<'a, T: Deserialize<'a>>(input: &Input<'_>, bytes: &'a [u8], expected: &str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(malformed(input, bytes, expected))
}

/// Parses a file of values that follow each other, a line each for instance.
///
/// # Errors
/// As [`parse`].
pub(super) fn parse_each<'a, T>(input: &Input<'_>, bytes: &'a [u8], expected: &str) -> Result<Vec<T>>
where
    T: Deserialize<'a>,
{
    let values = serde_json::Deserializer::from_slice(bytes).into_iter();
    values.collect::<std::result::Result<_, _>>().map_err(malformed(input, bytes, expected))
}

/// The error at the place that serde names by line and column.
fn malformed(input: &Input<'_>, bytes: &[u8], expected: &str) -> impl FnOnce(serde_json::Error) -> Error {
    move |error| {
        let line = error.line().saturating_sub(1);
        let start = if line == 0 {
            0
        } else {
            memchr::memchr_iter(b'\n', bytes).nth(line - 1).map_or(0, |at| at + 1)
        };
        let offset = input.begin() + (start + error.column().saturating_sub(1)) as u64;
        input.malformed(offset, expected, &error.to_string()).of_the_whole()
    }
}
