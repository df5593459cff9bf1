//! What can go wrong with a profile, and what to do about it.
//!
//! Every error is one sentence that names the file, the place in it, what was expected and what
//! was found; [`Error::cure`] is the next thing to do.

use std::io;
use std::path::{Path, PathBuf};

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a profile or of its file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file ends too early.
    #[error("{}: truncated{}: expected {expected}, found {found}", path.display(), at(offset))]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Byte from its start, if one can be named.
        offset: Option<u64>,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The file contradicts itself.
    #[error("{}: corrupt{}: expected {expected}, found {found}", path.display(), at(offset))]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Byte from its start, if one can be named.
        offset: Option<u64>,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A newer Pyrometer wrote the file.
    #[error("{}: written in version {version} of the format; this program reads versions up to {supported}", path.display())]
    FutureVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i64,
        /// The newest version that can be read.
        supported: i64,
    },
    /// The file is something else.
    #[error("{}: not a profile: expected a .pyro file or a recording, found {found}", path.display())]
    NotAProfile {
        /// The file.
        path: PathBuf,
        /// What it seems to be.
        found: String,
    },
    /// The file is being written by another recording.
    #[error("{}: another recording is writing this file", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// Rows handed over by a program do not make a profile.
    #[error("{}: these rows make no profile: {what}", path.display())]
    Invalid {
        /// The file to be written, or `memory`.
        path: PathBuf,
        /// Which row, and what is wrong with it.
        what: String,
    },
    /// A selection names what the profile does not have.
    #[error("cannot select: {what}")]
    Selection {
        /// What was asked for, and what there is.
        what: String,
    },
}

/// Said of a pattern that cannot be understood.
pub(crate) const NO_PATTERN: &str = "is no regular expression";

/// How the crate regex ends what it says of a pattern that other engines understand.
const NOT_SUPPORTED: &str = "not supported";

fn at(offset: &Option<u64>) -> String {
    offset.map_or_else(String::new, |offset| format!(" at byte {offset}"))
}

impl Error {
    /// What to do about it, in one sentence.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Io { source, .. } => io_cure(source.kind()),
            Self::Truncated { .. } => {
                "copy the file again from where it was recorded; if the recorder was stopped, open the \
                 `.pyro.recording` file beside it"
            }
            Self::Corrupt { .. } => "copy the file again from where it was recorded, or record again",
            Self::FutureVersion { .. } => "update Pyrometer: `pip install --upgrade pyrometer`",
            Self::NotAProfile { .. } => "give a .pyro file, or a file of another tool; if it is text of one, say which: pyrometer import --from FORMAT FILE",
            Self::Busy { .. } => "choose another file with `-o`, or wait for the other recording",
            Self::Invalid { .. } => "correct the rows before they are handed over",
            Self::Selection { what } if what.contains(NO_PATTERN) && what.ends_with(NOT_SUPPORTED) => {
                "write it without look-around and backreferences"
            }
            Self::Selection { what } if what.contains(NO_PATTERN) => {
                "put a backslash before what is meant literally: `\\[`, `\\(`, `\\*`"
            }
            Self::Selection { .. } => "choose one of the names that the profile has",
        }
        .to_owned()
    }

    /// The cause in one word, stable, for callers in other languages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } => "io",
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::FutureVersion { .. } => "future-version",
            Self::NotAProfile { .. } => "not-a-profile",
            Self::Busy { .. } => "output",
            Self::Invalid { .. } => "invalid",
            Self::Selection { .. } => "selection",
        }
    }

    /// An [`Error::Io`] of `path`.
    pub fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    /// An [`Error::Corrupt`] of `path`.
    pub fn corrupt(
        path: &Path,
        offset: Option<u64>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Corrupt { path: path.to_owned(), offset, expected: expected.into(), found: found.to_string() }
    }

    /// An [`Error::Truncated`] of `path`.
    pub fn truncated(
        path: &Path,
        offset: Option<u64>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Truncated { path: path.to_owned(), offset, expected: expected.into(), found: found.to_string() }
    }

    /// An [`Error::Invalid`] of `path`.
    pub fn invalid(path: &Path, what: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_owned(), what: what.into() }
    }
}

fn io_cure(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check the permissions of the file and of its folder",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free space on that file system, or write to another one with `-o`"
        }
        io::ErrorKind::IsADirectory => "name a file, not a folder",
        _ => "check that the file system is present and healthy",
    }
}
