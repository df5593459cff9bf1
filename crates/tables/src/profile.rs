//! A profile: from a `.pyro` file, from a recording in progress, or from rows in memory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::arrow::array::RecordBatch;
use ::arrow::datatypes::SchemaRef;

use crate::arrow::{Row, TABLES, TableRow, TableVisitor, schema, to_batch, visit_table};
use crate::check;
use crate::columns::{Columns, Transposed, Wanted};
use crate::error::{Error, Result};
use crate::file::{self, Attachments, Contents, StoredSamples};
use crate::journal::{Journal, is_journal};
use crate::meta::Meta;
use crate::positioned::read_at;
use crate::samples::{BATCH_ROWS, MadeSamples, SampleSource};
use crate::schema::{Binary, Sample, Tables};

/// What was measured, and what is known about it.
#[derive(Debug)]
pub struct Profile {
    /// What the profile is of, and how far to trust it.
    pub meta: Meta,
    tables: Tables,
    samples: Store,
    attachments: Attachments,
    path: Option<PathBuf>,
}

#[derive(Debug)]
enum Store {
    File(StoredSamples),
    Journal(Box<Journal>),
    Memory(Arc<Vec<Sample>>),
    Made(Arc<dyn MadeSamples>),
}

impl Store {
    fn source(&self) -> &dyn SampleSource {
        match self {
            Self::File(samples) => samples,
            Self::Journal(journal) => journal.as_ref(),
            Self::Memory(samples) => samples.as_ref(),
            Self::Made(samples) => samples.as_ref(),
        }
    }
}

impl Profile {
    /// Opens a `.pyro` file or a recording in progress, told apart by content, and checks all of
    /// it: checksums, schema, every reference.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::io(path))?;
        let mut head = [0; 16];
        let read = read_at(&file, &mut head, 0).map_err(Error::io(path))?;
        let head = &head[..read];
        if is_journal(head) {
            Journal::open(path).map(|journal| Self::of_journal(journal, path))
        } else if file::is_archive(head) {
            file::read(path, file).map(|contents| Self::of_file(contents, path))
        } else {
            Err(Error::NotAProfile { path: path.to_owned(), found: describe(head).to_owned() })
        }
    }

    /// Writes a profile to `path`, and goes on with it: its samples and what it carries are those of the file.
    ///
    /// # Errors
    /// As [`file::write_with`], and those of opening what was written.
    pub fn write(
        path: &Path,
        meta: Meta,
        tables: Tables,
        samples: &dyn SampleSource,
        attachments: &[file::Attachment<'_>],
    ) -> Result<Self> {
        file::write_with(path, &meta, &tables, samples, attachments)?;
        file::reopen(path, meta, tables).map(|contents| Self::of_file(contents, path))
    }

    fn of_file(contents: Contents, path: &Path) -> Self {
        Self {
            meta: contents.meta,
            tables: contents.tables,
            samples: Store::File(contents.samples),
            attachments: contents.attachments,
            path: Some(path.to_owned()),
        }
    }

    fn of_journal(mut journal: Journal, path: &Path) -> Self {
        Self {
            meta: std::mem::take(&mut journal.meta),
            tables: std::mem::take(&mut journal.tables),
            samples: Store::Journal(Box::new(journal)),
            attachments: Attachments::default(),
            path: Some(path.to_owned()),
        }
    }

    /// A profile of rows in memory.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a row refers to one that does not exist.
    pub fn from_parts(meta: Meta, tables: Tables, samples: Vec<Sample>) -> Result<Self> {
        let invalid = |bad: check::BadRow| bad.handed_over("memory".as_ref());
        check::tables(&tables).map_err(invalid)?;
        for (row, sample) in samples.iter().enumerate() {
            check::sample(row, sample, &tables).map_err(invalid)?;
        }
        let samples = Store::Memory(Arc::new(samples));
        Ok(Self { meta, tables, samples, attachments: Attachments::default(), path: None })
    }

    /// With files to carry.
    pub(crate) fn carrying(self, attachments: Attachments) -> Self {
        Self { attachments, ..self }
    }

    /// The same rows with another meta.
    ///
    /// # Errors
    /// Those of reading the samples of a recording in progress.
    pub fn with_meta(&self, meta: Meta) -> Result<Self> {
        self.with(meta, self.tables.clone())
    }

    /// The same rows with a build id for each binary that has none, as far as `identify` knows one.
    ///
    /// # Errors
    /// Those of [`Self::with_meta`].
    pub fn with_build_ids(&self, identify: impl Fn(&Binary) -> Option<String>) -> Result<Self> {
        let mut tables = self.tables.clone();
        for binary in tables.binaries.iter_mut().filter(|binary| binary.build_id.is_none()) {
            binary.build_id = identify(binary);
        }
        self.with(self.meta.clone(), tables)
    }

    /// The same rows without the calls between functions.
    ///
    /// # Errors
    /// Those of [`Self::with_meta`].
    pub fn without_calls(&self) -> Result<Self> {
        let tables = Tables { calls: Vec::new(), ..self.tables.clone() };
        self.with(self.meta.clone(), tables)
    }

    fn with(&self, meta: Meta, tables: Tables) -> Result<Self> {
        let samples = match &self.samples {
            Store::File(samples) => Store::File(samples.clone()),
            Store::Memory(samples) => Store::Memory(samples.clone()),
            Store::Made(samples) => Store::Made(samples.clone()),
            Store::Journal(journal) => {
                let mut samples = Vec::new();
                journal.for_each_batch(&mut |batch: &[Sample]| {
                    samples.extend_from_slice(batch);
                    Ok(())
                })?;
                Store::Memory(Arc::new(samples))
            }
        };
        let (attachments, path) = (self.attachments.clone(), self.path.clone());
        Ok(Self { meta, tables, samples, attachments, path })
    }

    /// A profile of rows in memory whose samples are made from something smaller each time they are asked for.
    ///
    /// # Errors
    /// As [`Self::from_parts`], and those of making the samples.
    pub fn from_source(meta: Meta, tables: Tables, samples: Arc<dyn MadeSamples>) -> Result<Self> {
        let invalid = |bad: check::BadRow| bad.handed_over("memory".as_ref());
        check::tables(&tables).map_err(invalid)?;
        samples.check(&tables)?;
        Ok(Self {
            meta,
            tables,
            samples: Store::Made(samples),
            attachments: Attachments::default(),
            path: None,
        })
    }

    /// The file it was opened from.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Every table but the samples; all references in them lead to rows.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The files that it carries.
    #[must_use]
    pub fn attachments(&self) -> &Attachments {
        &self.attachments
    }

    /// Number of rows of `samples`.
    #[must_use]
    pub fn sample_count(&self) -> u64 {
        self.samples.source().sample_count()
    }

    /// Hands over all samples in order, some thousand at a time.
    ///
    /// # Errors
    /// Those of `batch`, and of reading.
    pub fn for_each_batch(&self, mut batch: impl FnMut(&[Sample]) -> Result<()>) -> Result<()> {
        self.samples.source().for_each_batch(&mut batch)
    }

    /// Hands over the wanted columns of all samples, some thousand at a time.
    ///
    /// # Errors
    /// Those of `each`, and of reading.
    pub fn for_each_columns(
        &self,
        wanted: Wanted,
        mut each: impl FnMut(&Columns<'_>) -> Result<()>,
    ) -> Result<()> {
        match &self.samples {
            Store::File(samples) => samples.scan(wanted, &mut each),
            other => {
                let mut columns = Transposed::default();
                other.source().for_each_batch(&mut |samples| each(&columns.of(samples)))
            }
        }
    }

    /// Writes the profile as a `.pyro` file.
    ///
    /// # Errors
    /// As [`file::write`].
    pub fn save(&self, path: &Path) -> Result<()> {
        file::write_with(path, &self.meta, &self.tables, self, &self.attachments.others(&[]))
    }

    /// A table as Arrow: its schema, and its rows in batches that are made as they are asked for.
    ///
    /// # Errors
    /// [`Error::Selection`] if there is no such table; [`Error::Io`] and [`Error::Corrupt`] of the
    /// file, here and from the batches.
    pub fn arrow(&self, table: &str) -> Result<(SchemaRef, Batches)> {
        if table == Sample::TABLE {
            return Ok((schema::<Sample>(), self.sample_batches()?));
        }
        let mut rows = InMemory { tables: &self.tables, made: None };
        visit_table(table, &mut rows)?;
        rows.made.ok_or_else(|| Error::Selection {
            what: format!("no table `{table}`; there are: {}", TABLES.join(", ")),
        })
    }

    fn sample_batches(&self) -> Result<Batches> {
        match &self.samples {
            Store::File(samples) => {
                let source = samples.clone();
                let batches = samples.record_batches()?;
                Ok(Box::new(batches.map(move |batch| {
                    let batch = batch.map_err(|error| source.corrupt(error))?;
                    ordered(&batch).map_err(|error| source.corrupt(error.to_string()))
                })))
            }
            Store::Memory(samples) => Ok(batches(samples.to_vec())),
            Store::Journal(_) | Store::Made(_) => {
                let mut samples = Vec::new();
                self.samples.source().for_each_batch(&mut |batch| {
                    samples.extend_from_slice(batch);
                    Ok(())
                })?;
                Ok(batches(samples))
            }
        }
    }
}

impl SampleSource for Profile {
    fn sample_count(&self) -> u64 {
        self.sample_count()
    }

    fn for_each_batch(&self, batch: &mut dyn FnMut(&[Sample]) -> Result<()>) -> Result<()> {
        self.samples.source().for_each_batch(batch)
    }
}

/// The rows of a table as Arrow.
pub type Batches = Box<dyn Iterator<Item = Result<RecordBatch>> + Send>;

struct InMemory<'a> {
    tables: &'a Tables,
    made: Option<(SchemaRef, Batches)>,
}

impl TableVisitor for InMemory<'_> {
    fn visit<R: TableRow>(&mut self) -> Result<()> {
        let rows = R::rows(self.tables).clone();
        self.made = Some((schema::<R>(), batches(rows)));
        Ok(())
    }
}

fn batches<R: Row + Send + 'static>(rows: Vec<R>) -> Batches {
    let starts = (0..rows.len()).step_by(BATCH_ROWS);
    Box::new(starts.map(move |first| {
        let end = rows.len().min(first + BATCH_ROWS);
        to_batch(first, &rows[first..end])
            .map_err(|error| Error::invalid(R::TABLE.as_ref(), error.to_string()))
    }))
}

/// The columns in our order, whatever theirs.
fn ordered(batch: &RecordBatch) -> std::result::Result<RecordBatch, ::arrow::error::ArrowError> {
    let schema = schema::<Sample>();
    let columns =
        schema.fields().iter().filter_map(|field| batch.column_by_name(field.name()).cloned()).collect();
    RecordBatch::try_new(schema, columns)
}

/// What a file that is no profile seems to be.
fn describe(head: &[u8]) -> &'static str {
    match head {
        [] => "an empty file",
        [0x7f, b'E', b'L', b'F', ..] => "an ELF program or library",
        [0x1f, 0x8b, ..] => "gzip-compressed data",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "zstd-compressed data",
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "xz-compressed data",
        [b'B', b'Z', b'h', ..] => "bzip2-compressed data",
        [b'P', b'E', b'R', b'F', b'I', b'L', b'E', b'2', ..] => "a perf.data file",
        [b'P', b'A', b'R', b'1', ..] => "a Parquet file",
        [b'{' | b'[', ..] => "JSON text",
        _ if b"PYRJOURN".starts_with(head) || b"PK\x03\x04".starts_with(head) => {
            "the first bytes of one, and then the end"
        }
        _ if std::str::from_utf8(head).is_ok() => "text",
        _ => "other bytes",
    }
}
