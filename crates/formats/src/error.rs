//! What can go wrong with other tools' files.

use std::io;
use std::path::{Path, PathBuf};

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Bytes of what was found that are shown.
const SHOWN: usize = 60;

/// An error of a format.
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
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nothing says what format the file has.
    #[error("{} has no format that is known", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
    },
    /// The file has several formats at once.
    #[error("{} could be each of: {}", path.display(), formats.join(", "))]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// The names of the formats.
        formats: Vec<&'static str>,
    },
    /// Something else stands in the file than its format says.
    #[error("{}: {place}{}expected {expected}, found {found}", path.display(), if place.is_empty() { "" } else { ": " })]
    Malformed {
        /// The file.
        path: PathBuf,
        /// `byte 17`, `line 3 (byte 40)`: counted in what is unpacked; `sample 4`; empty where what was expected says it.
        place: String,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
        /// Whether a lenient reading can do without it.
        is_part: bool,
    },
    /// The file holds more than any profile does.
    #[error("{}: {what}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is too large.
        what: String,
    },
    /// Whoever watches the reading has stopped it.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// The error of a file that cannot be read.
    pub fn reading(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::Read { path: path.to_owned(), source }
    }

    /// The error of a file in which something else stands at `offset` than `expected`.
    #[must_use]
    pub fn malformed(path: &Path, offset: u64, expected: &str, found: &str) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            place: format!("byte {offset}"),
            expected: expected.to_owned(),
            found: found.to_owned(),
            is_part: true,
        }
    }

    /// The error of a file of which a part does not fit the others, wherever its bytes are.
    #[must_use]
    pub fn misfit(path: &Path, expected: &str, found: &str) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            place: String::new(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            is_part: true,
        }
    }

    /// The same, with the part that it was found in, where no place is known yet.
    #[must_use]
    pub(crate) fn within(mut self, part: impl FnOnce() -> String) -> Self {
        if let Self::Malformed { place, .. } = &mut self
            && place.is_empty()
        {
            *place = part();
        }
        self
    }

    /// The same of a file whose form is broken, so that nothing of it can be told from anything else.
    #[must_use]
    pub fn of_the_whole(mut self) -> Self {
        if let Self::Malformed { is_part, .. } = &mut self {
            *is_part = false;
        }
        self
    }

    /// The same of a part that a reader can do without, with more about what was found.
    #[must_use]
    pub(crate) fn of_a_part(mut self, more: &str) -> Self {
        if let Self::Malformed { is_part, found, .. } = &mut self {
            *is_part = true;
            found.push_str(more);
        }
        self
    }

    /// The same, of a line of text that begins at `offset`.
    #[must_use]
    pub fn malformed_line(path: &Path, offset: u64, number: u64, expected: &str, found: &[u8]) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            place: format!("line {number} (byte {offset})"),
            expected: expected.to_owned(),
            found: shown(found),
            is_part: true,
        }
    }

    /// Whether it is about what a file holds, so that a lenient reading can do without that.
    #[must_use]
    pub fn is_of_contents(&self) -> bool {
        matches!(self, Self::Malformed { .. })
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Profile(error) => error.cure(),
            Self::Write(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                "choose another name, or remove what is there".to_owned()
            }
            Self::Write(_) => "check the space left and the permissions of the folder".to_owned(),
            Self::Empty { excluded: 0, .. } => "record longer, or choose another metric".to_owned(),
            Self::Empty { .. } => "widen the selection".to_owned(),
            Self::Read { .. } => "check the path and the permissions of the file".to_owned(),
            Self::Unknown { .. } => "say which format it has: pyrometer import --from FORMAT FILE".to_owned(),
            Self::Ambiguous { path, formats } => format!(
                "say which one it is: pyrometer import --from {} {}",
                formats.first().unwrap_or(&"FORMAT"),
                path.display()
            ),
            Self::Malformed { is_part: false, .. } => {
                "it is cut short or damaged: write or copy it again".to_owned()
            }
            Self::Malformed { path, .. } => {
                format!("leave out what does not fit: pyrometer import --lenient {}", path.display())
            }
            Self::TooLarge { .. } => "check where the file comes from".to_owned(),
            Self::Interrupted => String::new(),
        }
    }

    /// The cause in one word, stable, for callers in other languages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Profile(error) => error.kind(),
            Self::Write(_) => "io",
            Self::Empty { .. } => "empty",
            Self::Read { .. } => "io",
            Self::Unknown { .. } => "not-a-profile",
            Self::Ambiguous { .. } => "ambiguous-format",
            Self::Malformed { .. } => "malformed",
            Self::TooLarge { .. } => "too-large",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}

/// The first bytes of what was found, as text.
fn shown(found: &[u8]) -> String {
    if found.is_empty() {
        return "nothing".to_owned();
    }
    let end = found.len().min(SHOWN);
    let more = if found.len() > end { " …" } else { "" };
    format!("`{}`{more}", String::from_utf8_lossy(&found[..end]).escape_debug())
}
