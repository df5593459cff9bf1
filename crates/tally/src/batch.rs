//! The lines of a chunk: their keys, hashes and weights.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::feed::Chunk;
use crate::rules::{Rule, Unfit};

/// Another one in each process, so that nobody can make lines that collide.
static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(0));

/// The hash of a key.
#[inline]
pub(crate) fn hash(key: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(key, seed)
}

/// The seed of this process.
pub(crate) fn seed() -> u64 {
    *SEED
}

/// A key within its batch.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub hash: u64,
    start: u32,
    length: u32,
    pub weight: u64,
}

/// What does not fit in a chunk.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The line, from 0 on, in the chunk.
    pub line: u64,
    pub kind: FaultKind,
}

#[derive(Debug)]
pub(crate) enum FaultKind {
    /// From this byte of the line on, from 0 on.
    NotText(usize),
    Weight(Vec<u8>),
}

/// Keys of a chunk.
#[derive(Default)]
pub(crate) struct Batch {
    pub entries: Vec<Entry>,
    /// Keys that are not lines as they stand in the chunk.
    keys: Vec<u8>,
    copied: bool,
    /// How many lines there were.
    pub lines: u64,
    /// Lines that were not counted, each with its end, if they are asked for.
    pub others: Vec<u8>,
    /// How many these are.
    pub left_out: u64,
}

impl Batch {
    /// Takes the keys of a chunk's lines. `keep_others`: keep the lines that are not counted.
    pub(crate) fn fill<R: Rule>(&mut self, chunk: &Chunk, rule: &R, keep_others: bool) -> Result<(), Fault> {
        self.entries.clear();
        self.keys.clear();
        self.others.clear();
        (self.lines, self.left_out, self.copied) = (0, 0, R::COPIES);
        let bytes = chunk.bytes();
        let text = valid_up_to(bytes);
        // The line that is no text is looked at no further; those before it may have faults of their own.
        let end = if text == bytes.len() { text } else { start_of_line(bytes, text) };
        self.take_lines(&bytes[..end], rule, keep_others)?;
        if end == bytes.len() {
            return Ok(());
        }
        Err(Fault { line: self.lines, kind: FaultKind::NotText(text - end) })
    }

    /// A key.
    #[inline]
    pub(crate) fn key<'a>(&'a self, chunk: &'a Chunk, entry: &Entry) -> &'a [u8] {
        let keys = if self.copied { &self.keys } else { chunk.bytes() };
        &keys[entry.start as usize..][..entry.length as usize]
    }

    fn take_lines<R: Rule>(&mut self, text: &[u8], rule: &R, keep_others: bool) -> Result<(), Fault> {
        let seed = seed();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text) {
            self.take(text, start, end, rule, keep_others, seed)?;
            start = end + 1;
        }
        if start < text.len() {
            self.take(text, start, text.len(), rule, keep_others, seed)?;
        }
        Ok(())
    }

    #[inline]
    fn take<R: Rule>(
        &mut self,
        text: &[u8],
        start: usize,
        end: usize,
        rule: &R,
        keep_others: bool,
        seed: u64,
    ) -> Result<(), Fault> {
        let line = &text[start..end];
        let before = self.keys.len();
        let weight = rule.apply(line, &mut self.keys);
        let weight =
            weight.map_err(|Unfit(number)| Fault { line: self.lines, kind: FaultKind::Weight(number) })?;
        self.lines += 1;
        match weight {
            Some(weight) => {
                let (key, start) = if R::COPIES { (&self.keys[before..], before) } else { (line, start) };
                let (start, length) = (start as u32, key.len() as u32);
                self.entries.push(Entry { hash: hash(key, seed), start, length, weight });
            }
            None => {
                self.left_out += 1;
                if keep_others {
                    self.others.extend_from_slice(line);
                    self.others.push(b'\n');
                }
            }
        }
        Ok(())
    }
}

/// How many bytes are text. Most are ASCII, which is told several times faster than the rest is looked through.
fn valid_up_to(bytes: &[u8]) -> usize {
    if bytes.is_ascii() {
        return bytes.len();
    }
    std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len)
}

/// Where the line of a byte begins.
fn start_of_line(bytes: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1)
}
