//! JSON of which we know the shape.

use std::cell::OnceCell;

use serde::Deserialize;

use super::json_cut::{Part, parts};
use super::{Builder, Input};
use crate::error::{Error, Result};

/// Parses a whole file.
///
/// # Errors
/// [`crate::Error::Malformed`] with the place where it is no JSON, or not of this shape.
pub(super) fn parse<'a, T: Deserialize<'a>>(input: &Input<'_>, bytes: &'a [u8], expected: &str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(malformed(input, bytes, expected))
}

/// What a file of JSON holds.
pub(super) trait Shape {
    /// It as a whole.
    type Of<'a>: Deserialize<'a>;
    /// What it is, in words.
    const EXPECTED: &'static str;

    /// Whether a part of a file, which is of this shape, has any samples.
    fn is_of_use(part: &Self::Of<'_>) -> bool;
}

/// The bytes of a file, which may end too early: cut, or packed and cut.
pub(super) struct Json {
    bytes: Vec<u8>,
    /// Why it could not be unpacked to its end.
    broken: Option<Error>,
    /// Whether its last byte is a bracket that it lacked.
    closed: bool,
    /// What is whole of it.
    part: OnceCell<Vec<u8>>,
}

impl Json {
    /// All that is left of a file.
    ///
    /// # Errors
    /// Those of reading.
    pub(super) fn of(input: &mut Input<'_>) -> Result<Self> {
        let (bytes, broken) = input.bytes_to_the_end()?;
        Ok(Self { bytes, broken, closed: false, part: OnceCell::new() })
    }

    /// Gives a list that ends behind one of its objects the bracket that it may lack.
    pub(super) fn close_list(&mut self) {
        let end = self.bytes.trim_ascii_end();
        let end = end.strip_suffix(b",").unwrap_or(end).trim_ascii_end();
        // Or behind an object within one of them: then it does not fit, and is cut.
        if matches!(end.last(), Some(b'}' | b'[')) {
            let end = end.len();
            self.bytes.truncate(end);
            self.bytes.push(b']');
            self.closed = true;
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Parses the file. If it ends too early, that does not fit: a lenient reading goes on with the longest part of it that
    /// is of use.
    ///
    /// # Errors
    /// As [`parse`], and of a file that ends too early.
    pub(super) fn parse<S: Shape>(&mut self, input: &Input<'_>, builder: &mut Builder) -> Result<S::Of<'_>> {
        let broken = self.broken.take();
        let this = &*self;
        let cut = match serde_json::from_slice(&this.bytes) {
            Ok(parsed) => {
                broken.map_or(Ok(()), |error| builder.left_out(error.of_a_part("")))?;
                return Ok(parsed);
            }
            Err(error) if error.is_eof() || this.closed => error,
            Err(error) => return Err(malformed(input, &this.bytes, S::EXPECTED)(error)),
        };
        let error = broken.unwrap_or_else(|| malformed(input, &this.bytes, S::EXPECTED)(cut));
        let is_of_use = |part: &Part| serde_json::from_slice(&part.text).is_ok_and(|of| S::is_of_use(&of));
        let read = &this.bytes[..this.bytes.len() - usize::from(this.closed)];
        let Some(part) = parts(read).find(is_of_use) else { return Err(error.of_the_whole()) };
        let offset = input.begin() + part.end as u64;
        builder.left_out(error.of_a_part(&format!("; what begins at byte {offset} is not whole")))?;
        let text = this.part.get_or_init(|| part.text);
        serde_json::from_slice(text).map_err(malformed(input, text, S::EXPECTED))
    }

    /// Parses a file of values that follow each other, a line each for instance; a lenient reading goes on with those
    /// before one that is cut.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub(super) fn parse_each<'a, T>(
        &'a mut self,
        input: &Input<'_>,
        builder: &mut Builder,
        expected: &str,
    ) -> Result<Vec<T>>
    where
        T: Deserialize<'a>,
    {
        let broken = self.broken.take();
        let this = &*self;
        let mut parsed = Vec::new();
        let mut failed = broken;
        for value in serde_json::Deserializer::from_slice(&this.bytes).into_iter() {
            match value {
                Ok(value) => parsed.push(value),
                Err(error) => {
                    let is_cut = error.is_eof();
                    let error = malformed(input, &this.bytes, expected)(error);
                    if !is_cut {
                        return Err(error);
                    }
                    failed = failed.or(Some(error));
                    break;
                }
            }
        }
        match failed {
            Some(error) if parsed.is_empty() => return Err(error.of_the_whole()),
            Some(error) => builder.left_out(error.of_a_part(""))?,
            None => {}
        }
        Ok(parsed)
    }
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
