//! What can go wrong with a recording of perf.

use std::path::{Path, PathBuf};

/// The result of reading one.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of reading a recording of perf.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] pyrometer_tables::Error),
    /// Something else stands in the file than its format says.
    #[error("{}: byte {offset}: expected {expected}, found {found}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The file was written by perf of before 2009-12 (Linux 2.6.33), which had another format.
    #[error("{}: a file of the first version of perf.data (PERFFILE), which ended with Linux 2.6.32, is not read", path.display())]
    FirstVersion {
        /// The file.
        path: PathBuf,
    },
    /// More comes out of the compressed records than any recording holds.
    #[error("{}: {unpacked} bytes unpacked from {size}, as only a zip bomb does", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that were unpacked.
        unpacked: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// Whoever watches the reading has stopped it.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// The error of a file in which something else stands at `offset` than `expected`.
    pub(super) fn malformed(path: &Path, offset: u64, expected: &str, found: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), offset, expected: expected.to_owned(), found: found.into() }
    }
}
