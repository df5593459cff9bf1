//! Writing a `.pyro` file.

use std::io::Write;
use std::path::Path;
use std::thread::ScopedJoinHandle;

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use tempfile::NamedTempFile;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::attachment::{Attachment, check_name};
use super::output::Output;
use super::{META, entry_name};
use crate::arrow::{Row, TableRow, TableVisitor, schema, to_batch, visit_table, visit_tables};
use crate::check;
use crate::error::{Error, Result};
use crate::meta::Meta;
use crate::samples::SampleSource;
use crate::schema::{Frame, SCHEMA_VERSION, Sample, Tables};

/// Rows of `samples` that are packed together: what the writer keeps in memory.
const ROW_GROUP_ROWS: usize = 1 << 19;
/// Rows that are turned into Arrow at once.
const BATCH_ROWS: usize = 1 << 13;
/// Columns whose neighbours differ little: differences pack better than a dictionary.
const RISING: [&str; 6] = ["id", "time", "start", "parent", "address", "frame"];
/// From this many rows on, the entry of the samples gets 64-bit sizes.
const LARGE_ROWS: u64 = 1 << 25;

type Archive = ZipWriter<Output>;

/// Writes a profile to `path`, replacing what is there once all is written.
///
/// # Errors
/// [`Error::Invalid`] if a row refers to one that does not exist; [`Error::Io`], after which
/// `path` is as it was; those of `samples`.
pub fn write(path: &Path, meta: &Meta, tables: &Tables, samples: &dyn SampleSource) -> Result<()> {
    write_with(path, meta, tables, samples, &[])
}

/// The same, with files to carry.
///
/// # Errors
/// As [`write`], and those of writing the attachments.
pub fn write_with(
    path: &Path,
    meta: &Meta,
    tables: &Tables,
    samples: &dyn SampleSource,
    attachments: &[Attachment<'_>],
) -> Result<()> {
    check::tables(tables).map_err(|bad| bad.handed_over(path))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let unfinished = unfinished_in(folder)
        // Without the temporary name that it mentions, which nobody has asked for.
        .map_err(|error| Error::io(path)(error.kind().into()))?;
    let file = unfinished.as_file().try_clone().map_err(Error::io(path))?;
    std::thread::scope(|scope| {
        // The two largest tables at the same time. What this one packs to is little beside its rows.
        let frames = scope.spawn(|| Packed::of(path, tables, Frame::TABLE));
        let archive = ZipWriter::new(Output::new(file));
        let mut writer = Writer { path, tables, archive, frames: Some(frames) };
        writer.meta(meta)?;
        visit_tables(&mut writer)?;
        writer.samples(samples)?;
        attachments.iter().try_for_each(|attachment| writer.attach(attachment))?;
        writer.finish()
    })?;
    let finished = unfinished.persist(path);
    finished.map(drop).map_err(|error| Error::io(path)(error.error))
}

/// A temporary file with the permissions of any new file: the umask takes away what it does for all others.
fn unfinished_in(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pyrometer-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// A table, packed in memory.
struct Packed<'a> {
    path: &'a Path,
    tables: &'a Tables,
    bytes: Vec<u8>,
}

impl<'a> Packed<'a> {
    fn of(path: &'a Path, tables: &'a Tables, table: &str) -> Result<Vec<u8>> {
        let mut packed = Packed { path, tables, bytes: Vec::new() };
        visit_table(table, &mut packed)?;
        Ok(packed.bytes)
    }
}

impl TableVisitor for Packed<'_> {
    fn visit<R: TableRow>(&mut self) -> Result<()> {
        write_table::<R>(self.path, self.tables, &mut self.bytes)
    }
}

struct Writer<'a, 'scope> {
    path: &'a Path,
    tables: &'a Tables,
    archive: Archive,
    /// The table `frames`, as soon as it is packed.
    frames: Option<ScopedJoinHandle<'scope, Result<Vec<u8>>>>,
}

impl TableVisitor for Writer<'_, '_> {
    fn visit<R: TableRow>(&mut self) -> Result<()> {
        self.start(&entry_name(R::TABLE), false)?;
        match self.frames.take_if(|_| R::TABLE == Frame::TABLE).map(ScopedJoinHandle::join) {
            Some(Ok(packed)) => self.archive.write_all(&packed?).map_err(Error::io(self.path)),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => write_table::<R>(self.path, self.tables, &mut self.archive),
        }
    }
}

impl Writer<'_, '_> {
    fn meta(&mut self, meta: &Meta) -> Result<()> {
        let json = meta_json(self.path, meta)?;
        self.start(META, false)?;
        self.archive.write_all(&json).map_err(Error::io(self.path))
    }

    fn samples(&mut self, samples: &dyn SampleSource) -> Result<()> {
        self.start(&entry_name(Sample::TABLE), samples.sample_count() >= LARGE_ROWS)?;
        write_samples(self.path, self.tables, samples, &mut self.archive)
    }

    fn attach(&mut self, attachment: &Attachment<'_>) -> Result<()> {
        check_name(self.path, &attachment.name)?;
        self.start(&attachment.name, true)?;
        (attachment.write)(&mut self.archive).map_err(Error::io(self.path))
    }

    fn start(&mut self, name: &str, large: bool) -> Result<()> {
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored).large_file(large);
        self.archive.start_file(name, options).map_err(|error| Error::io(self.path)(error.into()))
    }

    /// On the disk, not only in its cache: the rename after it must not arrive first.
    fn finish(self) -> Result<()> {
        let output = self.archive.finish().map_err(|error| Error::io(self.path)(error.into()))?;
        output.finish().map_err(Error::io(self.path))
    }
}

fn parquet<R: Row, W: Write + Send>(path: &Path, to: W) -> Result<ArrowWriter<W>> {
    let options = ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(to, schema::<R>(), options).map_err(failed(path))
}

/// `meta.json`, with the version of the tables.
pub(super) fn meta_json(path: &Path, meta: &Meta) -> Result<Vec<u8>> {
    let meta = Meta { schema_version: SCHEMA_VERSION, ..meta.clone() };
    serde_json::to_vec_pretty(&meta).map_err(|error| Error::invalid(path, error.to_string()))
}

/// Writes the table `samples`, in row groups.
pub(super) fn write_samples(
    path: &Path,
    tables: &Tables,
    samples: &dyn SampleSource,
    to: &mut (impl Write + Send),
) -> Result<()> {
    let mut parquet = parquet::<Sample, _>(path, to)?;
    let mut first = 0;
    samples.for_each_batch(&mut |batch| {
        for (row, sample) in (first..).zip(batch) {
            check::sample(row, sample, tables).map_err(|bad| bad.handed_over(path))?;
        }
        write_rows(&mut parquet, first, batch).map_err(failed(path))?;
        first += batch.len();
        Ok(())
    })?;
    parquet.close().map(drop).map_err(failed(path))
}

/// Writes any other table.
pub(super) fn write_table<R: TableRow>(
    path: &Path,
    tables: &Tables,
    to: &mut (impl Write + Send),
) -> Result<()> {
    let mut parquet = parquet::<R, _>(path, to)?;
    for (index, chunk) in R::rows(tables).chunks(BATCH_ROWS).enumerate() {
        write_rows(&mut parquet, index * BATCH_ROWS, chunk).map_err(failed(path))?;
    }
    parquet.close().map(drop).map_err(failed(path))
}

fn write_rows<W: Write + Send, R: Row>(
    parquet: &mut ArrowWriter<W>,
    first: usize,
    rows: &[R],
) -> std::result::Result<(), ParquetError> {
    parquet.write(&to_batch(first, rows)?)
}

fn properties() -> WriterProperties {
    let level = ZstdLevel::try_new(1).unwrap_or_default();
    let plain = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_created_by(concat!("pyrometer ", env!("CARGO_PKG_VERSION")).to_owned());
    RISING.into_iter().fold(plain, differences).build()
}

fn differences(builder: WriterPropertiesBuilder, column: &str) -> WriterPropertiesBuilder {
    let path = ColumnPath::from(column);
    builder
        .set_column_dictionary_enabled(path.clone(), false)
        .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
}

/// What the archive said, if it was the cause: then the disk is full, or the like.
fn failed(path: &Path) -> impl Fn(ParquetError) -> Error + '_ {
    |error| match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(cause) => Error::io(path)(*cause),
            Err(cause) => Error::invalid(path, cause.to_string()),
        },
        other => Error::invalid(path, other.to_string()),
    }
}
