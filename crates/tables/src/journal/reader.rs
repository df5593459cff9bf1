//! Reading a journal, whole or cut short.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::columns::Decoder;
use super::record::{self, Tag};
use super::room::Room;
use super::{HEADER_LENGTH, MAGIC, VERSION, block};
use crate::check;
use crate::error::{Error, Result};
use crate::meta::Meta;
use crate::positioned::read_exact_at;
use crate::schema::{Frame, Sample, Stack, Tables};

/// Samples handed over at once.
const BATCH_ROWS: usize = 8192;

/// A recording in progress, or one that was cut short: everything up to the last whole block.
#[derive(Debug)]
pub struct Journal {
    /// What the profile is of, as last written; `complete` is false and the counts are those of
    /// the samples found if the journal does not say that the recording reached its end.
    pub meta: Meta,
    /// Every table but the samples.
    pub tables: Tables,
    /// The offset from which on nothing could be read, if that is not the end.
    pub cut: Option<u64>,
    path: PathBuf,
    file: File,
    end: u64,
    samples: u64,
}

/// True if `head`, the first bytes of a file, begins a journal.
#[must_use]
pub fn is_journal(head: &[u8]) -> bool {
    head.starts_with(&MAGIC)
}

impl Journal {
    /// Opens the journal and reads its tables.
    ///
    /// # Errors
    /// [`Error::NotAProfile`], [`Error::FutureVersion`], [`Error::Truncated`] if not even the
    /// first block is whole, [`Error::Corrupt`] if a whole block makes no sense, [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        let length = file.metadata().map_err(Error::io(path))?.len();
        check_header(path, &file, length)?;
        let mut loader = Loader::new(path, length);
        let end = each_block(path, &file, length, |offset, records| loader.block(offset, records))?;
        let cut = (end < length).then_some(end);
        let meta = loader.finish(cut, end)?;
        Ok(Self {
            meta,
            tables: loader.tables,
            cut,
            path: path.to_owned(),
            file,
            end,
            samples: loader.samples,
        })
    }

    /// Number of rows of `samples`.
    #[must_use]
    pub fn sample_count(&self) -> u64 {
        self.samples
    }

    /// Hands over all samples in order, some thousand at a time.
    ///
    /// # Errors
    /// Those of `batch`; [`Error::Io`]; [`Error::Corrupt`] if the file changed since it was opened.
    pub fn for_each_batch(&self, mut batch: impl FnMut(&[Sample]) -> Result<()>) -> Result<()> {
        let mut rows = Vec::with_capacity(BATCH_ROWS);
        let mut seen = 0;
        each_block(&self.path, &self.file, self.end, |offset, records| {
            each_record(&self.path, offset, records, |tag, body| match tag {
                Tag::Samples => each_batch(&self.path, offset, body, &mut rows, |samples| {
                    seen += samples.len() as u64;
                    batch(samples)
                }),
                _ => Ok(()),
            })
        })?;
        match seen == self.samples {
            true => Ok(()),
            false => Err(Error::corrupt(
                &self.path,
                None,
                format!("{} samples, as when it was opened", self.samples),
                seen,
            )),
        }
    }
}

fn check_header(path: &Path, file: &File, length: u64) -> Result<()> {
    let mut header = [0; HEADER_LENGTH as usize];
    let there = header.len().min(usize::try_from(length).unwrap_or(usize::MAX));
    read_exact_at(file, &mut header[..there], 0).map_err(Error::io(path))?;
    if !MAGIC.starts_with(&header[..there.min(MAGIC.len())]) || there == 0 {
        return Err(Error::NotAProfile {
            path: path.to_owned(),
            found: "a file that begins otherwise".to_owned(),
        });
    }
    if there < header.len() {
        return Err(Error::truncated(path, Some(length), "the header of a recording", "the end"));
    }
    let version = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
    match version {
        1..=VERSION => Ok(()),
        _ => Err(Error::FutureVersion {
            path: path.to_owned(),
            version: version.into(),
            supported: VERSION.into(),
        }),
    }
}

/// Calls `each` for every whole block; returns where they end.
fn each_block(
    path: &Path,
    file: &File,
    length: u64,
    mut each: impl FnMut(u64, &[u8]) -> Result<()>,
) -> Result<u64> {
    let mut records = Vec::new();
    let mut offset = HEADER_LENGTH;
    while let Some(next) = block::unpack(file, offset, length, &mut records).map_err(Error::io(path))? {
        each(offset, &records)?;
        offset = next;
    }
    Ok(offset)
}

fn each_record(
    path: &Path,
    offset: u64,
    mut records: &[u8],
    mut each: impl FnMut(Tag, &[u8]) -> Result<()>,
) -> Result<()> {
    while !records.is_empty() {
        let (tag, body) = record::next(&mut records)
            .ok_or_else(|| Error::corrupt(path, Some(offset), "a record", "something else"))?;
        each(tag, body)?;
    }
    Ok(())
}

/// Decodes the samples of a record into `rows`, batch by batch.
fn each_batch(
    path: &Path,
    offset: u64,
    body: &[u8],
    rows: &mut Vec<Sample>,
    mut each: impl FnMut(&[Sample]) -> Result<()>,
) -> Result<()> {
    let bad = || Error::corrupt(path, Some(offset), "columns of samples", "something else");
    let mut decoder = Decoder::new(body).ok_or_else(bad)?;
    while decoder.rows_left() > 0 {
        rows.clear();
        for _ in 0..decoder.rows_left().min(BATCH_ROWS) {
            rows.push(decoder.next().ok_or_else(bad)?);
        }
        each(rows)?;
    }
    Ok(())
}

/// Puts the tables together, block by block.
struct Loader<'a> {
    path: &'a Path,
    meta: Option<Meta>,
    tables: Tables,
    samples: u64,
    last_time: Option<i64>,
    rows: Vec<Sample>,
    room: Room,
}

impl<'a> Loader<'a> {
    fn new(path: &'a Path, length: u64) -> Self {
        Self {
            path,
            meta: None,
            tables: Tables::default(),
            samples: 0,
            last_time: None,
            rows: Vec::new(),
            room: Room::for_length(length),
        }
    }

    fn block(&mut self, offset: u64, records: &[u8]) -> Result<()> {
        let path = self.path;
        each_record(path, offset, records, |tag, body| match tag {
            Tag::Samples => self.samples(offset, body),
            _ if !self.room.take(tag, body) => Err(Error::corrupt(
                path,
                Some(offset),
                "a plausible number of rows",
                "far more than fit the file",
            )),
            _ => self.row(tag, body).ok_or_else(|| {
                Error::corrupt(path, Some(offset), format!("a {tag:?} record"), "other bytes")
            }),
        })
    }

    fn row(&mut self, tag: Tag, body: &[u8]) -> Option<()> {
        let tables = &mut self.tables;
        match tag {
            Tag::Meta => self.meta = Some(serde_json::from_slice(body).ok()?),
            Tag::Metric => place(&mut tables.metrics, body)?,
            Tag::Process => place(&mut tables.processes, body)?,
            Tag::Thread => place(&mut tables.threads, body)?,
            Tag::Binary => place(&mut tables.binaries, body)?,
            Tag::Function => place(&mut tables.functions, body)?,
            Tag::Frames => tables.frames.extend(record::read_value::<Vec<Frame>>(body)?),
            Tag::Stacks => tables.stacks.extend(record::read_value::<Vec<Stack>>(body)?),
            Tag::Event => tables.events.push(record::read_value(body)?),
            Tag::Counter => tables.counters.push(record::read_value(body)?),
            Tag::Samples => return None,
        }
        Some(())
    }

    fn samples(&mut self, offset: u64, body: &[u8]) -> Result<()> {
        let mut rows = std::mem::take(&mut self.rows);
        let read = each_batch(self.path, offset, body, &mut rows, |samples| {
            for (row, sample) in samples.iter().enumerate() {
                check::sample(row, sample, &self.tables)
                    .map_err(|bad| bad.in_file(self.path, Some(offset)))?;
                self.last_time = self.last_time.max(sample.time);
            }
            self.samples += samples.len() as u64;
            Ok(())
        });
        self.rows = rows;
        read
    }

    fn finish(&mut self, cut: Option<u64>, end: u64) -> Result<Meta> {
        let mut meta = self
            .meta
            .take()
            .ok_or_else(|| Error::truncated(self.path, Some(end), "a first whole block", "none"))?;
        check::tables(&self.tables).map_err(|bad| bad.in_file(self.path, None))?;
        meta.complete &= cut.is_none();
        if !meta.complete {
            meta.quality.samples = i64::try_from(self.samples).unwrap_or(i64::MAX);
            let last = self.last_time.unwrap_or(meta.start);
            meta.duration = meta.duration.max(last.saturating_sub(meta.start));
        }
        Ok(meta)
    }
}

fn place<T: DeserializeOwned>(rows: &mut Vec<T>, body: &[u8]) -> Option<()> {
    let (row, value): (i32, T) = record::read_value(body)?;
    let row = usize::try_from(row).ok()?;
    if row == rows.len() {
        rows.push(value);
    } else {
        *rows.get_mut(row)? = value;
    }
    Some(())
}
