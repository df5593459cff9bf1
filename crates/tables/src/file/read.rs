//! Reading a `.pyro` file.

use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::archive::Archive;
use super::attachment::Attachments;
use super::guard::{Batches, guarded};
use super::samples::StoredSamples;
use super::{META, entry_name};
use crate::arrow::{Row, TableRow, TableVisitor, from_batch, visit_tables};
use crate::check;
use crate::error::{Error, Result};
use crate::meta::Meta;
use crate::schema::{SCHEMA_VERSION, Sample, Tables};

/// Rows read at once.
const BATCH_ROWS: usize = 1 << 11;
/// A table may claim this many rows, and [`ROWS_PER_BYTE`] more for each byte it has: far above
/// what any real one packs to, and the limit of the memory that a forged one can demand.
const ROWS_BASE: u64 = 1 << 20;
const ROWS_PER_BYTE: u64 = 256;

/// The same for the bytes of its rows, text included: one text can stand in every row.
const BYTES_BASE: usize = 64 << 20;
const BYTES_PER_BYTE: usize = 1 << 10;

/// What a file holds, all checked.
pub(crate) struct Contents {
    pub(crate) meta: Meta,
    pub(crate) tables: Tables,
    pub(crate) samples: StoredSamples,
    pub(crate) attachments: Attachments,
}

/// Reads all of a `.pyro` file but the samples, which are only checked.
pub(crate) fn read(path: &Path, file: File) -> Result<Contents> {
    let archive = Archive::open(path, file)?;
    let meta = read_meta(path, &archive.entry(META)?.bytes(path)?)?;
    let mut reader = Reader { path, archive: &archive, tables: Tables::default() };
    visit_tables(&mut reader)?;
    let tables = reader.tables;
    check::tables(&tables).map_err(|bad| bad.in_file(path, None))?;
    let entry = archive.entry(&entry_name(Sample::TABLE))?.clone();
    let samples = StoredSamples::open(path, entry)?;
    samples.check(&tables)?;
    Ok(Contents { meta, tables, samples, attachments: archive.attachments() })
}

/// Opens a file that was just written of `tables`, which need not be read and checked again.
pub(crate) fn reopen(path: &Path, meta: Meta, tables: Tables) -> Result<Contents> {
    let file = File::open(path).map_err(Error::io(path))?;
    let archive = Archive::open(path, file)?;
    let samples = StoredSamples::open(path, archive.entry(&entry_name(Sample::TABLE))?.clone())?;
    let meta = Meta { schema_version: SCHEMA_VERSION, ..meta };
    Ok(Contents { meta, tables, samples, attachments: archive.attachments() })
}

/// The version is looked at first: a newer one may differ in everything else.
fn read_meta(path: &Path, json: &[u8]) -> Result<Meta> {
    let corrupt = |found: String| Error::corrupt(path, None, "a sound `meta.json`", found);
    let value: Value = serde_json::from_slice(json).map_err(|error| corrupt(error.to_string()))?;
    match value.get("schema_version").and_then(Value::as_i64) {
        Some(1..=SCHEMA_VERSION) => serde_json::from_value(value).map_err(|error| corrupt(error.to_string())),
        Some(version @ 2..) => {
            Err(Error::FutureVersion { path: path.to_owned(), version, supported: SCHEMA_VERSION })
        }
        _ => Err(corrupt("no `schema_version` from 1".to_owned())),
    }
}

struct Reader<'a> {
    path: &'a Path,
    archive: &'a Archive,
    tables: Tables,
}

impl TableVisitor for Reader<'_> {
    fn visit<R: TableRow>(&mut self) -> Result<()> {
        let name = entry_name(R::TABLE);
        let bytes = self.archive.entry(&name)?.bytes(self.path)?;
        let corrupt = |found: String| {
            Error::corrupt(self.path, None, format!("a sound table in the entry `{name}`"), found)
        };
        read_rows::<R>(bytes, R::rows_mut(&mut self.tables)).map_err(corrupt)
    }
}

fn read_rows<R: Row>(bytes: Bytes, rows: &mut Vec<R>) -> std::result::Result<(), String> {
    let limit = ROWS_BASE + ROWS_PER_BYTE * bytes.len() as u64;
    let mut room = BYTES_BASE.saturating_add(BYTES_PER_BYTE.saturating_mul(bytes.len()));
    let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new(bytes))?;
    let claimed = builder.metadata().file_metadata().num_rows();
    if u64::try_from(claimed).is_ok_and(|claimed| claimed > limit) || claimed < 0 {
        return Err(format!("{claimed} rows in too few bytes"));
    }
    let reader = guarded(|| builder.with_batch_size(BATCH_ROWS).build())?;
    for batch in Batches::new(reader) {
        let batch = batch?;
        let left = room.checked_sub(batch.get_array_memory_size());
        room = left.ok_or("more text than fits in so few bytes")?;
        rows.extend(from_batch::<R>(rows.len(), &batch)?);
    }
    match i64::try_from(rows.len()) == Ok(claimed) {
        true => Ok(()),
        false => Err(format!("{} rows instead of {claimed}", rows.len())),
    }
}
