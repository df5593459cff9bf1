//! Inputs, cut into chunks of whole lines, for whoever asks next.
//!
//! A chunk is read by the thread that will count it, one thread at a time: reading takes a fraction of counting, and
//! the bytes are in that core's cache afterwards.

use std::io::{self, ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::short::SHORT;

/// Bytes that are read at once.
const CHUNK: usize = 64 << 10;
/// The longest line: places within a chunk, and among the keys that are made of it, have 32 bits. The keys of the other
/// lines in its chunk may be several times as long as these.
const LONGEST: usize = u32::MAX as usize - (64 << 20);

/// Something to count the lines of.
pub struct Source {
    /// How messages call it.
    pub name: String,
    /// Its text.
    pub stream: Box<dyn Read + Send>,
}

/// Whole lines of one source.
#[derive(Default)]
pub(crate) struct Chunk {
    /// At its end are [`SHORT`] bytes that are never filled.
    buffer: Vec<u8>,
    filled: usize,
    /// Chunks are numbered in the order of the lines.
    pub number: usize,
    /// The source.
    pub source: usize,
}

impl Chunk {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// The same with what stands behind, which means nothing: [`SHORT`] bytes at least.
    #[inline(always)]
    pub(crate) fn padded(&self) -> &[u8] {
        &self.buffer
    }
}

/// A source that cannot be read further, after the chunk before `number`.
#[derive(Debug)]
pub(crate) struct Broken {
    pub number: usize,
    pub source: usize,
    pub cause: Cause,
}

/// Why.
#[derive(Debug)]
pub(crate) enum Cause {
    Read(io::Error),
    LongLine,
}

/// How to cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Full chunks, for speed.
    Full,
    /// Whatever lines are there, at once.
    Prompt,
}

pub(crate) struct Feed<'a> {
    state: Mutex<State>,
    stop: &'a AtomicBool,
    pace: Pace,
    names: Vec<String>,
}

struct State {
    streams: Vec<Box<dyn Read + Send>>,
    /// The one that is read.
    source: usize,
    number: usize,
    /// The beginning of a line whose end was not read yet.
    carry: Vec<u8>,
    /// Found after lines that had to be handed out first.
    broken: Option<Cause>,
}

impl<'a> Feed<'a> {
    /// `stop`: read no more once it is set; the line that is not whole then is dropped.
    pub(crate) fn new(sources: Vec<Source>, stop: &'a AtomicBool, pace: Pace) -> Self {
        let (names, streams) = sources.into_iter().map(|source| (source.name, source.stream)).unzip();
        let state = State { streams, source: 0, number: 0, carry: Vec::new(), broken: None };
        Self { state: Mutex::new(state), stop, pace, names }
    }

    /// Fills a chunk; false at the end of all sources.
    pub(crate) fn next(&self, chunk: &mut Chunk) -> Result<bool, Broken> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(cause) = state.broken.take() {
                // Nobody reads on after it.
                let source = std::mem::replace(&mut state.source, usize::MAX);
                return Err(Broken { number: state.number, source, cause });
            }
            if state.source >= state.streams.len() {
                return Ok(false);
            }
            chunk.source = state.source;
            state.fill(chunk, self.pace, self.stop);
            if chunk.filled > 0 {
                chunk.number = state.number;
                state.number += 1;
                return Ok(true);
            }
        }
    }

    /// What was read of a line whose end was not; nobody gets it from [`next`](Self::next) any more.
    pub(crate) fn take_begun_line(&self) -> Vec<u8> {
        std::mem::take(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).carry)
    }

    /// How a source is called.
    pub(crate) fn name(&self, source: usize) -> String {
        self.names.get(source).cloned().unwrap_or_default()
    }
}

impl State {
    /// Reads whole lines. At the end of the source it goes on to the next; an error is left for later.
    fn fill(&mut self, chunk: &mut Chunk, pace: Pace, stop: &AtomicBool) {
        let size = self.carry.len() + CHUNK;
        if chunk.buffer.len() < size + SHORT || chunk.buffer.len() > 4 * size {
            chunk.buffer = vec![0; size + SHORT];
        }
        let buffer = &mut chunk.buffer;
        buffer[..self.carry.len()].copy_from_slice(&self.carry);
        let mut filled = self.carry.len();
        self.carry.clear();
        // Behind the last end of a line.
        let mut whole = 0;
        chunk.filled = loop {
            if whole > 0 && filled >= size {
                break self.keep(&buffer[whole..filled], whole);
            }
            if filled >= LONGEST {
                self.broken = Some(Cause::LongLine);
                break 0;
            }
            if filled + SHORT == buffer.len() {
                buffer.resize(filled * 2 + SHORT, 0);
            }
            // No more than a chunk, so that what follows a long line is none.
            let end = (buffer.len() - SHORT).min(filled + CHUNK);
            match self.streams[self.source].read(&mut buffer[filled..end]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.broken = Some(Cause::Read(error));
                    break whole;
                }
                Ok(0) => {
                    self.source += 1;
                    break if stop.load(Ordering::Relaxed) { whole } else { filled };
                }
                Ok(count) => {
                    let read = filled..filled + count;
                    filled = read.end;
                    if let Some(last) = memchr::memrchr(b'\n', &buffer[read.clone()]) {
                        whole = read.start + last + 1;
                        if pace == Pace::Prompt {
                            break self.keep(&buffer[whole..filled], whole);
                        }
                    }
                }
            }
        };
    }

    fn keep(&mut self, rest: &[u8], whole: usize) -> usize {
        self.carry.extend_from_slice(rest);
        whole
    }
}

impl Broken {
    /// As an error of the source of this name.
    pub(crate) fn error(self, name: String, line: u64) -> Error {
        match self.cause {
            Cause::Read(source) => Error::Read { name, source },
            Cause::LongLine => Error::LongLine { name, line },
        }
    }
}
