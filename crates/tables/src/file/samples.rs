//! The samples of a `.pyro` file, read anew at each pass and only the columns that are wanted.

use std::path::{Path, PathBuf};

use ::arrow::array::{ArrayRef, AsArray, RecordBatch};
use ::arrow::datatypes::Int64Type;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};

use super::archive::Entry;
use super::guard::{Batches, guarded};
use crate::arrow::{from_batch, schema};
use crate::columns::{Columns, NO_TIME, Wanted};
use crate::error::{Error, Result};
use crate::samples::{BATCH_ROWS, SampleSource};
use crate::schema::{Sample, Tables};

/// Samples in a file.
#[derive(Clone, Debug)]
pub(crate) struct StoredSamples {
    path: PathBuf,
    entry: Entry,
    metadata: ArrowReaderMetadata,
    rows: u64,
}

impl StoredSamples {
    pub(super) fn open(path: &Path, entry: Entry) -> Result<Self> {
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = guarded(|| ArrowReaderMetadata::load(&entry, options));
        let metadata = metadata.map_err(|error| corrupt(path, error))?;
        let claimed = metadata.metadata().file_metadata().num_rows();
        let rows = u64::try_from(claimed).map_err(|_| corrupt(path, format!("{claimed} rows")))?;
        let samples = Self { path: path.to_owned(), entry, metadata, rows };
        samples.check_schema()?;
        Ok(samples)
    }

    fn check_schema(&self) -> Result<()> {
        let found = self.metadata.schema();
        for field in schema::<Sample>().fields() {
            match found.field_with_name(field.name()) {
                Ok(column) if column.data_type() == field.data_type() => {}
                Ok(column) => return Err(self.corrupt(format!("a {column}"))),
                Err(_) => return Err(self.corrupt(format!("no column `{}`", field.name()))),
            }
        }
        Ok(())
    }

    /// Reads all of it once: every page unpacks, and every reference leads to a row.
    pub(super) fn check(&self, tables: &Tables) -> Result<()> {
        let mut rows = 0;
        for batch in self.batches(ProjectionMask::all())? {
            let batch = self.sound(batch)?;
            let columns = Columns::of(&batch).ok_or_else(|| self.nulls())?;
            columns.check(rows, tables).map_err(|bad| bad.in_file(&self.path, None))?;
            rows += batch.num_rows();
        }
        match rows as u64 == self.rows {
            true => Ok(()),
            false => Err(self.corrupt(format!("{rows} rows instead of {}", self.rows))),
        }
    }

    /// Hands over the columns that are wanted, some thousand rows at a time.
    pub(crate) fn scan(
        &self,
        wanted: Wanted,
        each: &mut dyn FnMut(&Columns<'_>) -> Result<()>,
    ) -> Result<()> {
        let schema = self.metadata.parquet_schema();
        let mask = ProjectionMask::columns(schema, wanted.names());
        for batch in self.batches(mask)? {
            let batch = self.sound(batch)?;
            let columns = Columns::of(&batch).ok_or_else(|| self.nulls())?;
            let times = wanted.time.then(|| times(batch.column_by_name("time")));
            let time = times.as_deref().unwrap_or_default();
            each(&Columns { time, ..columns })?;
        }
        Ok(())
    }

    /// The samples as Arrow, read as they are asked for.
    pub(crate) fn record_batches(&self) -> Result<Batches> {
        self.batches(ProjectionMask::columns(
            self.metadata.parquet_schema(),
            schema::<Sample>().fields().iter().map(|field| field.name().as_str()),
        ))
    }

    /// An error of [`Self::record_batches`], as one of this file.
    pub(crate) fn corrupt(&self, found: impl Into<String>) -> Error {
        corrupt(&self.path, found.into())
    }

    fn batches(&self, mask: ProjectionMask) -> Result<Batches> {
        let build = || {
            ParquetRecordBatchReaderBuilder::new_with_metadata(self.entry.clone(), self.metadata.clone())
                .with_batch_size(BATCH_ROWS)
                .with_projection(mask)
                .build()
        };
        guarded(build).map(Batches::new).map_err(|error| self.corrupt(error))
    }

    fn sound(&self, batch: std::result::Result<RecordBatch, String>) -> Result<RecordBatch> {
        batch.map_err(|error| self.corrupt(error))
    }

    fn nulls(&self) -> Error {
        self.corrupt("a null, or a column of another type")
    }
}

impl SampleSource for StoredSamples {
    fn sample_count(&self) -> u64 {
        self.rows
    }

    fn for_each_batch(&self, batch: &mut dyn FnMut(&[Sample]) -> Result<()>) -> Result<()> {
        for rows in self.record_batches()? {
            let rows = self.sound(rows)?;
            batch(&from_batch(0, &rows).map_err(|found| self.corrupt(found))?)?;
        }
        Ok(())
    }
}

fn corrupt(path: &Path, found: String) -> Error {
    let expected = "a sound table in the entry `samples.parquet`";
    Error::corrupt(path, None, expected, found)
}

/// Times, with nulls as [`NO_TIME`].
fn times(column: Option<&ArrayRef>) -> Vec<i64> {
    let column = column.and_then(|column| column.as_primitive_opt::<Int64Type>());
    let cells = column.into_iter().flat_map(|column| column.iter());
    cells.map(|time| time.unwrap_or(NO_TIME)).collect()
}
