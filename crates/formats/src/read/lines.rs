//! A file line by line, in memory that does not grow with it.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::input::{self, Input};
use crate::error::{Error, Result};

/// What is held at once: twice what is read at once, so that what is left of a line seldom makes a read smaller.
const CHUNK: usize = 2 * input::CHUNK;
/// The longest line: a stack a million frames deep has some ten million bytes.
const LONGEST: usize = 256 << 20;

/// A line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Without its end, also of Windows.
    pub bytes: &'a [u8],
    /// Where it begins, in what is unpacked.
    pub offset: u64,
    /// From 1.
    pub number: u64,
    /// Whether the file ends before the line does.
    pub is_open: bool,
    path: &'a Path,
}

impl Line<'_> {
    /// The error of a line in which something else stands than `expected`.
    #[must_use]
    pub fn malformed(&self, expected: &str) -> Error {
        Error::malformed_line(self.path, self.offset, self.number, expected, self.bytes)
    }
}

/// The lines of an [`Input`].
#[derive(Debug)]
pub struct Lines<'i, 'a> {
    input: &'i mut Input<'a>,
    path: PathBuf,
    buffer: Vec<u8>,
    /// The part of `buffer` that was not handed out.
    start: usize,
    end: usize,
    /// Of `buffer[start]`.
    offset: u64,
    number: u64,
    ended: bool,
}

impl<'i, 'a> Lines<'i, 'a> {
    pub(super) fn new(input: &'i mut Input<'a>) -> Self {
        let (path, offset) = (input.path().to_owned(), input.begin());
        Self { input, path, buffer: vec![0; CHUNK], start: 0, end: 0, offset, number: 0, ended: false }
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// Those of reading; [`Error::TooLarge`] for a line that no profile has.
    #[allow(clippy::should_implement_trait, reason = "it lends")]
    pub fn next(&mut self) -> Result<Option<Line<'_>>> {
        let mut searched = self.start;
        let end = loop {
            match memchr::memchr(b'\n', &self.buffer[searched..self.end]) {
                Some(at) => break searched + at + 1,
                None if self.ended && self.start == self.end => return Ok(None),
                None if self.ended => break self.end,
                None => {
                    let read = self.fill()?;
                    searched = self.end - read;
                }
            }
        };
        let whole = &self.buffer[self.start..end];
        let (bytes, is_open) = (without_end(whole), !whole.ends_with(b"\n"));
        self.number += 1;
        let line = Line { bytes, offset: self.offset, number: self.number, is_open, path: &self.path };
        self.offset += (end - self.start) as u64;
        self.start = end;
        Ok(Some(line))
    }

    /// What was read and not handed out, `ahead` bytes of it unless the file ends before; the last line may be cut.
    ///
    /// # Errors
    /// Those of reading.
    #[inline]
    pub(super) fn ready(&mut self, ahead: usize) -> Result<&[u8]> {
        while self.end - self.start < ahead && !self.ended {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Passes over `lines` whole lines of [`Self::ready`], of `bytes` bytes with their ends; where the last of them ends.
    #[inline]
    pub(super) fn skip(&mut self, bytes: usize, lines: u64) -> u64 {
        let length = without_end(&self.buffer[self.start..self.start + bytes]).len();
        let end = self.offset + length as u64;
        self.start += bytes;
        self.offset += bytes as u64;
        self.number += lines;
        end
    }

    /// Reads on; how many bytes came.
    fn fill(&mut self) -> Result<usize> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            if self.end >= LONGEST {
                return Err(Error::TooLarge {
                    path: self.input.path().to_owned(),
                    what: format!("line {} of more than {} MiB", self.number + 1, LONGEST >> 20),
                });
            }
            self.buffer.resize(self.end * 2, 0);
        }
        let read = self.input.read(&mut self.buffer[self.end..]);
        let read = read.map_err(|error| self.input.failed(&error, self.offset + self.end as u64))?;
        self.end += read;
        self.ended = read == 0;
        Ok(read)
    }
}

/// A line without its end, also of Windows.
#[inline]
fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
