//! What can go wrong with an export.

use std::io;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of an export.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The profile cannot be read, or has not what was selected.
    #[error(transparent)]
    Profile(#[from] pyrometer_tables::Error),
    /// The output cannot be written.
    #[error("cannot write the export: {0}")]
    Write(#[from] io::Error),
    /// There is nothing to show.
    #[error("no samples of `{metric}` to draw: {excluded} were left out by the selection")]
    Empty {
        /// The metric.
        metric: String,
        /// Samples of it that the filters left out.
        excluded: i64,
    },
}

impl Error {
    /// What to do about it, in one sentence.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Profile(error) => error.cure(),
            Self::Write(_) => "check the space left and the permissions of the folder".to_owned(),
            Self::Empty { excluded: 0, .. } => "record longer, or choose another metric".to_owned(),
            Self::Empty { .. } => "widen the selection".to_owned(),
        }
    }

    /// The cause in one word, stable, for callers in other languages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Profile(error) => error.kind(),
            Self::Write(_) => "io",
            Self::Empty { .. } => "empty",
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}
