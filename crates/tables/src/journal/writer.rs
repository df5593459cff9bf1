//! Writing a journal.
//!
//! Rows gather in memory until [`Writer::commit`], which appends them with one `write`. When that
//! fails (no space left), the file is cut back to the last whole block: what was committed stays
//! readable, and a later commit tries the rest again.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::columns::Columns;
use super::record::{self, Tag};
use super::{HEADER_LENGTH, MAGIC, VERSION, block};
use crate::error::{Error, Result};
use crate::meta::Meta;
use crate::positioned::write_all_at;
use crate::schema::{Binary, Counter, Event, Frame, Function, Metric, Process, Sample, Stack, Thread};

/// Records are packed into a block as soon as there are this many bytes of them.
const BLOCK_BYTES: usize = 4 << 20;
/// Rows of `frames` or `stacks` in one record.
const CHUNK_ROWS: usize = 4096;

/// An open journal.
pub struct Writer {
    path: PathBuf,
    file: File,
    committed: u64,
    /// Blocks that are packed, but not yet in the file.
    sealed: Vec<u8>,
    records: Vec<u8>,
    samples: Columns,
    rows: Rows,
}

/// How many rows each table has: what a new row may refer to.
#[derive(Default)]
struct Rows {
    metrics: i32,
    processes: i32,
    threads: i32,
    binaries: i32,
    functions: i32,
    frames: i32,
    stacks: i32,
}

impl Writer {
    /// Creates the journal, replacing any file at `path`, and commits `meta`.
    ///
    /// # Errors
    /// [`Error::Busy`] if somebody else writes it; [`Error::Io`] if the file cannot be created or
    /// written: then there is none.
    pub fn create(path: &Path, meta: &Meta) -> Result<Self> {
        let open = File::options().write(true).create(true).truncate(false).open(path);
        let file = open.map_err(Error::io(path))?;
        // Held as long as the file is open: by it, others see that the recording still runs.
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(Error::io(path)(error)),
        }
        file.set_len(0).map_err(Error::io(path))?;
        Self::begin(path, file, meta).inspect_err(|_| {
            // It holds nothing that anybody could open.
            let _ = std::fs::remove_file(path);
        })
    }

    fn begin(path: &Path, file: File, meta: &Meta) -> Result<Self> {
        let header = [&MAGIC[..], &VERSION.to_le_bytes()].concat();
        write_all_at(&file, &header, 0).map_err(Error::io(path))?;
        let mut writer = Self {
            path: path.to_owned(),
            file,
            committed: HEADER_LENGTH,
            sealed: Vec::new(),
            records: Vec::new(),
            samples: Columns::default(),
            rows: Rows::default(),
        };
        writer.put_meta(meta)?;
        writer.commit()?;
        Ok(writer)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes in the file: all of it is readable.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.committed
    }

    /// Bytes in memory that the next commit will write, before packing.
    #[must_use]
    pub fn bytes_pending(&self) -> usize {
        self.sealed.len() + self.records.len() + self.samples.bytes()
    }

    /// Replaces the meta data.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it cannot be written as JSON.
    pub fn put_meta(&mut self, meta: &Meta) -> Result<()> {
        let json = serde_json::to_vec(meta).map_err(|error| self.invalid(error.to_string()))?;
        let written = record::write(&mut self.records, Tag::Meta, |out| {
            out.extend_from_slice(&json);
            Ok(())
        });
        written.map_err(|what| self.invalid(what))?;
        self.seal_if_full()
    }

    /// Appends row `row` of `metrics`, or replaces it if it is there.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `row` is beyond the end; so do all methods that take rows if these
    /// refer to rows that do not exist.
    pub fn put_metric(&mut self, row: i32, metric: &Metric) -> Result<()> {
        self.rows.metrics = self.place("metrics", row, self.rows.metrics)?;
        self.put(Tag::Metric, &(row, metric))
    }

    /// Appends row `row` of `processes`, or replaces it.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn put_process(&mut self, row: i32, process: &Process) -> Result<()> {
        if let Some(parent) = process.parent {
            self.refer("processes", parent, self.rows.processes)?;
        }
        self.rows.processes = self.place("processes", row, self.rows.processes)?;
        self.put(Tag::Process, &(row, process))
    }

    /// Appends row `row` of `threads`, or replaces it.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn put_thread(&mut self, row: i32, thread: &Thread) -> Result<()> {
        self.refer("processes", thread.process, self.rows.processes)?;
        self.rows.threads = self.place("threads", row, self.rows.threads)?;
        self.put(Tag::Thread, &(row, thread))
    }

    /// Appends row `row` of `binaries`, or replaces it.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn put_binary(&mut self, row: i32, binary: &Binary) -> Result<()> {
        self.rows.binaries = self.place("binaries", row, self.rows.binaries)?;
        self.put(Tag::Binary, &(row, binary))
    }

    /// Appends row `row` of `functions`, or replaces it.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn put_function(&mut self, row: i32, function: &Function) -> Result<()> {
        if let Some(binary) = function.binary {
            self.refer("binaries", binary, self.rows.binaries)?;
        }
        self.rows.functions = self.place("functions", row, self.rows.functions)?;
        self.put(Tag::Function, &(row, function))
    }

    /// Appends rows to `frames`.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn append_frames(&mut self, frames: &[Frame]) -> Result<()> {
        for frame in frames {
            if let Some(function) = frame.function {
                self.refer("functions", function, self.rows.functions)?;
            }
            if let Some(binary) = frame.binary {
                self.refer("binaries", binary, self.rows.binaries)?;
            }
        }
        self.rows.frames = self.extend("frames", self.rows.frames, frames.len())?;
        self.put_chunks(Tag::Frames, frames)
    }

    /// Appends rows to `stacks`.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn append_stacks(&mut self, stacks: &[Stack]) -> Result<()> {
        let end = self.extend("stacks", self.rows.stacks, stacks.len())?;
        for (row, stack) in (self.rows.stacks..end).zip(stacks) {
            self.refer("frames", stack.frame, self.rows.frames)?;
            if let Some(parent) = stack.parent {
                self.refer("stacks", parent, row)?;
            }
        }
        self.rows.stacks = end;
        self.put_chunks(Tag::Stacks, stacks)
    }

    /// Appends rows to `samples`.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn append_samples(&mut self, samples: &[Sample]) -> Result<()> {
        for sample in samples {
            self.refer("stacks", sample.stack, self.rows.stacks)?;
            self.refer("threads", sample.thread, self.rows.threads)?;
            self.refer("metrics", sample.metric, self.rows.metrics)?;
            self.samples.push(sample);
        }
        self.seal_if_full()
    }

    /// Appends a row to `events`.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn put_event(&mut self, event: &Event) -> Result<()> {
        if let Some(thread) = event.thread {
            self.refer("threads", thread, self.rows.threads)?;
        }
        if let Some(stack) = event.stack {
            self.refer("stacks", stack, self.rows.stacks)?;
        }
        self.put(Tag::Event, event)
    }

    /// Appends a row to `counters`.
    ///
    /// # Errors
    /// As [`Self::put_metric`].
    pub fn put_counter(&mut self, counter: &Counter) -> Result<()> {
        if let Some(thread) = counter.thread {
            self.refer("threads", thread, self.rows.threads)?;
        }
        self.put(Tag::Counter, counter)
    }

    /// Writes everything since the last commit.
    ///
    /// # Errors
    /// [`Error::Io`], after which the file ends with the last whole commit and the rows are still
    /// in memory: commit again later, or drop the writer and lose only them.
    pub fn commit(&mut self) -> Result<()> {
        self.seal()?;
        let written = write_all_at(&self.file, &self.sealed, self.committed);
        if let Err(source) = written {
            self.file.set_len(self.committed).map_err(Error::io(&self.path))?;
            return Err(Error::io(&self.path)(source));
        }
        self.committed += self.sealed.len() as u64;
        self.sealed.clear();
        Ok(())
    }

    fn put(&mut self, tag: Tag, value: &impl Serialize) -> Result<()> {
        let written = record::write_value(&mut self.records, tag, value);
        written.map_err(|what| self.invalid(what))?;
        self.seal_if_full()
    }

    fn put_chunks<T: Serialize>(&mut self, tag: Tag, rows: &[T]) -> Result<()> {
        rows.chunks(CHUNK_ROWS).try_for_each(|chunk| self.put(tag, &chunk))
    }

    fn seal_if_full(&mut self) -> Result<()> {
        match self.records.len() + self.samples.bytes() {
            bytes if bytes >= BLOCK_BYTES => self.seal(),
            _ => Ok(()),
        }
    }

    fn seal(&mut self) -> Result<()> {
        if !self.samples.is_empty() {
            let samples = &mut self.samples;
            let written = record::write(&mut self.records, Tag::Samples, |out| {
                samples.drain_into(out);
                Ok(())
            });
            written.map_err(|what| self.invalid(what))?;
        }
        if !self.records.is_empty() {
            block::pack(&self.records, &mut self.sealed).map_err(Error::io(&self.path))?;
            self.records.clear();
        }
        Ok(())
    }

    fn place(&self, table: &str, row: i32, rows: i32) -> Result<i32> {
        match row {
            _ if (0..rows).contains(&row) => Ok(rows),
            _ if row == rows => self.extend(table, rows, 1),
            _ => Err(self.invalid(format!("row {row} of `{table}`, which has {rows} rows"))),
        }
    }

    fn extend(&self, table: &str, rows: i32, more: usize) -> Result<i32> {
        i32::try_from(more)
            .ok()
            .and_then(|more| rows.checked_add(more))
            .ok_or_else(|| self.invalid(format!("more than {} rows of `{table}`", i32::MAX)))
    }

    #[inline]
    fn refer(&self, table: &str, row: i32, rows: i32) -> Result<()> {
        match (0..rows).contains(&row) {
            true => Ok(()),
            false => {
                Err(self.invalid(format!("a reference to row {row} of `{table}`, which has {rows} rows")))
            }
        }
    }

    #[cold]
    fn invalid(&self, what: impl Into<String>) -> Error {
        Error::invalid(&self.path, what)
    }
}
