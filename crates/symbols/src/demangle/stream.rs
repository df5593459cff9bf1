//! A filter from a stream to a stream.
//!
//! Constraints:
//! - memory does not grow with the input, whatever it holds: a few chunks are under way at a time, and what becomes of
//!   one is handed on in pieces;
//! - nothing waits for more input than it needs: what a read brings, up to the last byte that no symbol can go on with,
//!   is written before the next read;
//! - all cores work, on one chunk each; the order of the input is kept.
//!
//! The reader hands each chunk to the workers, and the other end of its output to the writer, in order.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::output::{LONGEST_NAME, Spelling};
use super::scan::{Replace, Sink, in_symbol, scan};
use super::structure::Objects;

/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;
/// Bytes of output that are handed on at once.
const PIECE: usize = 512 << 10;
/// Bytes that are written at once, as long as they are there.
const WRITE: usize = 1 << 20;
/// Chunks that wait for a worker or for the writer.
const WAITING: usize = 4;
/// More threads than this are of no use: reading and writing are the limit.
const MOST_THREADS: usize = 16;

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The text, its symbols replaced.
    Text,
    /// One JSON object for each symbol, a line each.
    Json,
}

/// Which end of a stream failed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The input cannot be read.
    #[error("standard input cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The output cannot be written, for instance [`ErrorKind::BrokenPipe`].
    #[error("standard output cannot be written: {0}")]
    Write(#[source] io::Error),
}

/// Bytes on their way to a worker.
struct Chunk {
    bytes: Vec<u8>,
    /// Part of a run that is too long to be a symbol.
    raw: bool,
    output: SyncSender<Vec<u8>>,
}

/// Demangles everything from `input` to `output`.
///
/// # Errors
/// Those of reading and of writing; then the rest of the input stays unread.
pub fn demangle_stream(
    input: &mut (impl Read + ?Sized),
    output: &mut (impl Write + Send + ?Sized),
    spelling: Spelling,
    form: Form,
) -> Result<(), StreamError> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let (to_workers, work) = sync_channel::<Chunk>(WAITING);
    let (to_writer, in_order) = sync_channel::<Receiver<Vec<u8>>>(threads + WAITING);
    let work = Mutex::new(work);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(chunk) = next(&work) {
                    demangle_chunk(chunk, spelling, form)
                }
            });
        }
        let writer = scope.spawn(move || write_all(&in_order, output));
        let read = read_all(input, |bytes, raw| {
            let (output, outputs) = sync_channel(1);
            // Only a writer that has failed is gone; its error is the result.
            to_writer.send(outputs).is_ok() && to_workers.send(Chunk { bytes, raw, output }).is_ok()
        });
        drop((to_workers, to_writer));
        let written = writer.join().unwrap_or_else(|_| Err(io::Error::other("the writer panicked")));
        written.map_err(StreamError::Write).and(read.map_err(StreamError::Read))
    })
}

fn next(work: &Mutex<Receiver<Chunk>>) -> Option<Chunk> {
    work.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Reads until the end, or until `send` refuses.
fn read_all(input: &mut (impl Read + ?Sized), mut send: impl FnMut(Vec<u8>, bool) -> bool) -> io::Result<()> {
    // Made once: a program that writes line by line is read line by line.
    let mut buffer = vec![0; CHUNK];
    let mut pending = Vec::new();
    // Within a run that is too long already.
    let mut overlong = false;
    loop {
        let mut start = pending.len();
        let count = read(input, &mut buffer)?;
        pending.extend_from_slice(&buffer[..count]);
        if count == 0 {
            if !pending.is_empty() {
                send(pending, overlong);
            }
            return Ok(());
        }
        if overlong {
            let end = pending[start..]
                .iter()
                .position(|byte| !in_symbol(*byte))
                .map_or(pending.len(), |at| start + at);
            let rest = pending.split_off(end);
            overlong = rest.is_empty();
            if !send(std::mem::replace(&mut pending, rest), true) {
                return Ok(());
            }
            start = 0;
        }
        // Only what was read now can hold the end of a run.
        let last = pending[start..].iter().rposition(|byte| !in_symbol(*byte));
        let end = last.map_or(0, |last| start + last + 1);
        let rest = pending.split_off(end);
        if !pending.is_empty() && !send(std::mem::take(&mut pending), false) {
            return Ok(());
        }
        pending = rest;
        overlong |= pending.len() > LONGEST_NAME;
        if overlong && !pending.is_empty() && !send(std::mem::take(&mut pending), true) {
            return Ok(());
        }
    }
}

fn read(input: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn demangle_chunk(chunk: Chunk, spelling: Spelling, form: Form) {
    let Chunk { bytes, raw, output } = chunk;
    match form {
        Form::Text if raw => drop(output.send(bytes)),
        Form::Json if raw => {}
        Form::Text => {
            let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 4);
            scan(&bytes, &mut Pieces { sink: Replace { spelling, out: &mut out }, output: &output });
            drop(output.send(out));
        }
        Form::Json => {
            let mut out = Vec::new();
            scan(&bytes, &mut Pieces { sink: Objects { spelling, out: &mut out }, output: &output });
            drop(output.send(out));
        }
    }
}

/// Hands output on whenever there is a piece of it.
struct Pieces<'o, S> {
    sink: S,
    output: &'o SyncSender<Vec<u8>>,
}

impl<S: Sink> Sink for Pieces<'_, S> {
    fn plain(&mut self, bytes: &[u8]) {
        if self.sink.out().len() >= PIECE {
            // A writer that is gone has failed, and says so.
            drop(self.output.send(std::mem::take(self.sink.out())));
        }
        self.sink.plain(bytes);
    }

    fn symbol(&mut self, symbol: &[u8]) -> bool {
        self.sink.symbol(symbol)
    }

    fn out(&mut self) -> &mut Vec<u8> {
        self.sink.out()
    }
}

/// Writes what the workers send, in order; together, what is there at once.
fn write_all(in_order: &Receiver<Receiver<Vec<u8>>>, output: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let mut gathered = Vec::new();
    loop {
        let chunk = match in_order.try_recv() {
            Ok(chunk) => chunk,
            Err(TryRecvError::Disconnected) => break,
            Err(TryRecvError::Empty) => {
                flush(&mut gathered, output)?;
                match in_order.recv() {
                    Ok(chunk) => chunk,
                    Err(_) => break,
                }
            }
        };
        for piece in chunk {
            if gathered.is_empty() && piece.len() >= WRITE / 8 {
                // Large enough by itself; copying would cost more than a call.
                output.write_all(&piece)?;
                continue;
            }
            gathered.extend_from_slice(&piece);
            if gathered.len() >= WRITE {
                flush(&mut gathered, output)?;
            }
        }
    }
    flush(&mut gathered, output)
}

fn flush(gathered: &mut Vec<u8>, output: &mut (impl Write + ?Sized)) -> io::Result<()> {
    output.write_all(gathered)?;
    gathered.clear();
    output.flush()
}
