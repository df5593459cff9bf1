//! JSON of which we know the shape.

use serde::Deserialize;

use super::Input;
use crate::error::Result;

/// Parses a whole file.
///
/// # Errors
/// [`crate::Error::Malformed`] with the place where it is no JSON, or not of this shape.
pub(super) fn parse<'a, T: Deserialize<'a>>(input: &Input<'_>, bytes: &'a [u8], expected: &str) -> Result<T> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| {
        let line = error.line().saturating_sub(1);
        let start = if line == 0 {
            0
        } else {
            memchr::memchr_iter(b'\n', bytes).nth(line - 1).map_or(0, |at| at + 1)
        };
        let offset = (start + error.column().saturating_sub(1)) as u64;
        input.malformed(offset, expected, &error.to_string()).of_the_whole()
    })
}
