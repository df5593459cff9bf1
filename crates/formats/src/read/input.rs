//! A file that is read once from the front: unpacked, counted, within bounds.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::lines::Lines;
use super::recognise::Head;
use super::unpack::{Ahead, Packing, Stopped};
use crate::error::{Error, Result};

/// Bytes that a format is recognised by.
pub const HEAD: usize = 1 << 16;
/// What is read from the file at once: it stays in a core's cache until it is understood.
pub(super) const CHUNK: usize = 1 << 17;
/// Bytes of a file that may be held in memory as a whole.
const LARGEST: u64 = 8 << 30;
/// What programs of Windows put before a text.
const UTF_8: &[u8] = b"\xef\xbb\xbf";

/// Told the bytes read of a file and its size; `false` stops the reading.
pub type Watch<'a> = dyn FnMut(u64, u64) -> bool + 'a;

/// A file that is read.
pub struct Input<'a> {
    path: PathBuf,
    /// Of the file, as it is.
    size: u64,
    source: Box<dyn Read + 'a>,
    head: Vec<u8>,
    head_is_all: bool,
    /// Bytes of the head that were handed out, or are a mark that it is UTF-8.
    taken: usize,
    /// How many bytes that mark has, if there is one.
    mark: usize,
    /// What ended the unpacking of the head: it comes after what was unpacked until then.
    broken: Option<io::Error>,
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Input").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<'a> Input<'a> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Read`]; [`Error::Malformed`] if what is packed cannot be unpacked.
    pub fn open(path: &Path, watch: &'a mut Watch<'_>) -> Result<Self> {
        let file = File::open(path).map_err(Error::reading(path))?;
        let size = file.metadata().map_err(Error::reading(path))?.len();
        let mut file = BufReader::with_capacity(CHUNK, file);
        let packing = Packing::of(file.fill_buf().map_err(Error::reading(path))?);
        let source: Box<dyn Read + 'a> = match packing {
            Some(packing) => Box::new(Ahead::new(packing, file, size, watch).map_err(Error::reading(path))?),
            None => Box::new(BufReader::with_capacity(CHUNK, Watched { inner: file, read: 0, size, watch })),
        };
        Self::of(path, size, source)
    }

    /// The same, of bytes in memory that `path` is said for.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn of_bytes(path: &Path, bytes: &'a [u8]) -> Result<Self> {
        let source: Box<dyn Read + 'a> = match Packing::of(bytes) {
            Some(packing) => {
                let unpacked = packing.unpacked(bytes, bytes.len() as u64);
                let unpacked = unpacked.map_err(|error| failed(path, &error, 0))?;
                Box::new(BufReader::with_capacity(CHUNK, unpacked))
            }
            None => Box::new(bytes),
        };
        Self::of(path, bytes.len() as u64, source)
    }

    fn of(path: &Path, size: u64, source: Box<dyn Read + 'a>) -> Result<Self> {
        let mut input = Self {
            path: path.to_owned(),
            size,
            source,
            head: Vec::new(),
            head_is_all: false,
            taken: 0,
            mark: 0,
            broken: None,
        };
        if let Err(error) = input.fill_head() {
            let failed = input.failed(&error, input.head.len() as u64);
            if input.head.is_empty() || !failed.is_of_contents() {
                return Err(failed.of_the_whole());
            }
            input.broken = Some(error);
        }
        Ok(input)
    }

    fn fill_head(&mut self) -> io::Result<()> {
        let source = &mut self.source;
        let read = source.take(HEAD as u64).read_to_end(&mut self.head);
        self.head_is_all = self.head.len() < HEAD;
        self.mark = if self.head.starts_with(UTF_8) { UTF_8.len() } else { 0 };
        self.taken = self.mark;
        read.map(drop)
    }

    /// The error that ends the file within its head, if one does.
    pub(super) fn broken(&self) -> Option<Error> {
        self.broken.as_ref().map(|error| self.failed(error, self.head.len() as u64).of_the_whole())
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes that it has before it is unpacked.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What it begins with.
    #[must_use]
    pub fn head(&self) -> Head<'_> {
        Head { bytes: &self.head[self.mark..], whole: self.head_is_all }
    }

    /// Where what is handed out begins, in what is unpacked.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.mark as u64
    }

    /// Its lines, one after the other.
    pub fn lines(&mut self) -> Lines<'_, 'a> {
        Lines::new(self)
    }

    /// All that is left of it.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it does not fit into memory, and those of reading: a file that cannot be unpacked to its end is
    /// of no use then.
    pub fn bytes(&mut self) -> Result<Vec<u8>> {
        match self.bytes_to_the_end()? {
            (bytes, None) => Ok(bytes),
            (_, Some(broken)) => Err(broken.of_the_whole()),
        }
    }

    /// All that is left of it, for a reader that has a use for a part: and what ended it, if it cannot be unpacked further.
    ///
    /// # Errors
    /// As [`Self::bytes`], but for that.
    pub(super) fn bytes_to_the_end(&mut self) -> Result<(Vec<u8>, Option<Error>)> {
        let mut bytes = Vec::new();
        let read = self.by_ref().take(LARGEST + 1).read_to_end(&mut bytes);
        let broken = read.err().map(|error| self.failed(&error, bytes.len() as u64));
        if let Some(error) = broken {
            return if error.is_of_contents() { Ok((bytes, Some(error))) } else { Err(error) };
        }
        if bytes.len() as u64 > LARGEST {
            return Err(Error::TooLarge {
                path: self.path.clone(),
                what: format!("more than {} GiB", LARGEST >> 30),
            });
        }
        Ok((bytes, None))
    }

    /// The error of a file in which something else stands than `expected`, at `offset` of what is unpacked.
    #[must_use]
    pub fn malformed(&self, offset: u64, expected: &str, found: &str) -> Error {
        Error::malformed(&self.path, offset, expected, found)
    }

    /// The error of a part that does not fit the others, wherever its bytes are.
    #[must_use]
    pub fn misfit(&self, expected: &str, found: &str) -> Error {
        Error::misfit(&self.path, expected, found)
    }

    /// The error of reading that failed at `offset`.
    #[must_use]
    pub fn failed(&self, error: &io::Error, offset: u64) -> Error {
        failed(&self.path, error, offset)
    }
}

impl Read for Input<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = &self.head[self.taken..];
        if rest.is_empty() {
            if let Some(error) = self.broken.take() {
                return Err(error);
            }
            return if self.head_is_all { Ok(0) } else { self.source.read(into) };
        }
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }
}

/// The error of reading `path` that failed at `offset`: we stopped, what is packed is damaged, or the system's.
fn failed(path: &Path, error: &io::Error, offset: u64) -> Error {
    let stopped = error.get_ref().and_then(|cause| cause.downcast_ref());
    match (stopped, error.kind()) {
        (Some(Stopped::ByWatch), _) => Error::Interrupted,
        (Some(Stopped::Bomb { unpacked, size }), _) => Error::TooLarge {
            path: path.to_owned(),
            what: format!("{unpacked} bytes unpacked from {size}, as only a zip bomb does"),
        },
        (None, io::ErrorKind::UnexpectedEof) => {
            Error::malformed(path, offset, "more compressed data", "the end of the file")
        }
        (None, io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other) => {
            Error::malformed(path, offset, "compressed data", &error.to_string())
        }
        (None, kind) => Error::reading(path)(io::Error::new(kind, error.to_string())),
    }
}

/// Tells somebody how far it has come.
struct Watched<'a, 'b> {
    inner: BufReader<File>,
    read: u64,
    size: u64,
    watch: &'a mut Watch<'b>,
}

impl Read for Watched<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read += read as u64;
        if (self.watch)(self.read, self.size) { Ok(read) } else { Err(io::Error::other(Stopped::ByWatch)) }
    }
}
