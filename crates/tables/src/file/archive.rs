//! The entries of a `.pyro` file, each checked against its checksum.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use zip::CompressionMethod;
use zip::read::ZipArchive;
use zip::result::ZipError;

use super::META;
use super::attachment::Attachments;
use crate::error::{Error, Result};
use crate::positioned;

/// The directory of a ZIP ends with this, and 18 bytes more if there is no comment.
const DIRECTORY_END: [u8; 4] = *b"PK\x05\x06";
const DIRECTORY_END_LENGTH: u64 = 22;

/// True if `head`, the first bytes of a file, begins a ZIP with an entry.
#[must_use]
pub fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

/// A whole `.pyro` file.
pub(super) struct Archive {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

impl Archive {
    pub(super) fn open(path: &Path, file: File) -> Result<Self> {
        let length = file.metadata().map_err(Error::io(path))?.len();
        let reader = BufReader::new(file.try_clone().map_err(Error::io(path))?);
        let mut zip = ZipArchive::new(reader).map_err(|error| damaged(path, &file, length, error))?;
        zip.validate_header_consistency().map_err(|error| damaged(path, &file, length, error))?;
        if zip.index_for_name(META).is_none() {
            let names = zip.file_names().filter_map(std::result::Result::ok).map(Cow::into_owned);
            return Err(not_a_profile(path, names));
        }
        let file = Arc::new(file);
        let mut entries = BTreeMap::new();
        for index in 0..zip.len() {
            let (name, entry) = Entry::check(path, &file, length, &mut zip, index)?;
            entries.insert(name, entry);
        }
        Ok(Self { path: path.to_owned(), entries })
    }

    /// What lies in folders: it is no table.
    pub(super) fn attachments(&self) -> Attachments {
        let inside = self.entries.iter().filter(|(name, _)| name.contains('/'));
        let entries = inside.map(|(name, entry)| (name.clone(), entry.clone())).collect();
        Attachments::new(self.path.clone(), entries)
    }

    pub(super) fn entry(&self, name: &str) -> Result<&Entry> {
        self.entries.get(name).ok_or_else(|| {
            let found = format!("a ZIP without `{name}`");
            Error::NotAProfile { path: self.path.clone(), found }
        })
    }
}

fn not_a_profile(path: &Path, names: impl Iterator<Item = String>) -> Error {
    let names: Vec<_> = names.take(NAMES_SHOWN).collect();
    Error::NotAProfile {
        path: path.to_owned(),
        found: format!("a ZIP without `{META}` (it holds: {} …)", names.join(", ")),
    }
}

/// Of what another archive holds.
const NAMES_SHOWN: usize = 3;

fn damaged(path: &Path, file: &File, length: u64, error: ZipError) -> Error {
    match error {
        ZipError::Io(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => Error::io(path)(source),
        _ if !ends_with_directory(file, length) => Error::truncated(
            path,
            Some(length),
            "the directory that ends a .pyro file",
            "the end of the file",
        ),
        other => Error::corrupt(path, None, "a consistent ZIP directory", other),
    }
}

fn ends_with_directory(file: &File, length: u64) -> bool {
    let mut end = [0; DIRECTORY_END.len()];
    let at = length.saturating_sub(DIRECTORY_END_LENGTH);
    positioned::read_exact_at(file, &mut end, at).is_ok() && end == DIRECTORY_END
}

/// A part of a file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    file: Arc<File>,
    start: u64,
    length: u64,
}

impl Entry {
    /// The entry, its name, and the certainty that its bytes are those that were written.
    fn check(
        path: &Path,
        file: &Arc<File>,
        file_length: u64,
        zip: &mut ZipArchive<BufReader<File>>,
        index: usize,
    ) -> Result<(String, Self)> {
        let raw = zip.by_index_raw(index).map_err(|error| damaged(path, file, file_length, error))?;
        let data = raw.entry();
        let name = String::from_utf8_lossy(data.name_raw()).into_owned();
        let at = data.header_start();
        let corrupt = |expected: &str, found: String| {
            let expected = format!("{expected} in the entry `{name}`");
            Err(Error::corrupt(path, Some(at), expected, found))
        };
        if data.compression() != CompressionMethod::Stored || data.encrypted() {
            return corrupt("uncompressed bytes, as `zip -0` writes them", "compressed ones".to_owned());
        }
        let start = raw.data_start().unwrap_or(u64::MAX);
        let entry = Self { file: Arc::clone(file), start, length: data.size() };
        if data.compressed_size() != entry.length || start.saturating_add(entry.length) > file_length {
            return corrupt("a size inside the file", entry.length.to_string());
        }
        let checksum = entry.checksum().map_err(Error::io(path))?;
        if checksum != data.crc32() {
            let expected = format!("bytes with the checksum {:08x}", data.crc32());
            return corrupt(&expected, format!("{checksum:08x}"));
        }
        Ok((name, entry))
    }

    fn checksum(&self) -> std::io::Result<u32> {
        let mut hasher = crc32fast::Hasher::new();
        let mut reader = self.reader(0);
        let mut buffer = vec![0; 256 << 10];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(hasher.finalize()),
                read => hasher.update(&buffer[..read]),
            }
        }
    }

    /// All of it.
    pub(super) fn bytes(&self, path: &Path) -> Result<Bytes> {
        let mut bytes = Vec::new();
        let read = self.reader(0).read_to_end(&mut bytes);
        read.map_err(Error::io(path))?;
        Ok(bytes.into())
    }

    pub(super) fn reader(&self, at: u64) -> EntryReader {
        EntryReader { entry: self.clone(), at }
    }
}

/// Reads an entry at offsets of its own: several may read at once.
pub(super) struct EntryReader {
    entry: Entry,
    at: u64,
}

impl Read for EntryReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.entry.length.saturating_sub(self.at);
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let offset = self.entry.start + self.at;
        let read = positioned::read_at(&self.entry.file, &mut buffer[..wanted], offset)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Length for Entry {
    fn len(&self) -> u64 {
        self.length
    }
}

/// Read, not mapped: a file cut short under our hands is an error then, and no signal; and what
/// is read does not count as our memory.
impl ChunkReader for Entry {
    type T = BufReader<EntryReader>;

    fn get_read(&self, start: u64) -> std::result::Result<Self::T, ParquetError> {
        Ok(BufReader::with_capacity(1 << 10, self.reader(start)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> std::result::Result<Bytes, ParquetError> {
        let end = start.checked_add(length as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start}")));
        }
        let mut bytes = vec![0; length];
        positioned::read_exact_at(&self.file, &mut bytes, self.start + start)?;
        Ok(bytes.into())
    }
}
