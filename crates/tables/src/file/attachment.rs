//! Files that a profile carries beside its tables: the debug info of its binaries, for instance.
//!
//! Nothing here knows what they hold. They keep their names when a profile is written anew.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::archive::Entry;
use crate::error::{Error, Result};

/// Bytes copied at a time.
const CHUNK: usize = 1 << 18;

/// Writes the contents of an attachment.
type Contents<'a> = Box<dyn Fn(&mut dyn Write) -> io::Result<()> + 'a>;

/// A file to carry.
pub struct Attachment<'a> {
    /// Its name in the archive: `folder/name`.
    pub name: String,
    /// Writes it.
    pub write: Contents<'a>,
}

/// The files that a profile carries.
#[derive(Clone, Debug, Default)]
pub struct Attachments {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
}

impl Attachments {
    pub(super) fn new(path: PathBuf, entries: BTreeMap<String, Entry>) -> Self {
        Attachments { path, entries }
    }

    /// The files of several profiles; of one name, which says what they hold, the first one's.
    pub(crate) fn of_all<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut files = Self::default();
        for Self { path, entries } in all {
            if files.entries.is_empty() {
                files.path.clone_from(path);
            }
            for (name, entry) in entries {
                files.entries.entry(name.clone()).or_insert_with(|| entry.clone());
            }
        }
        files
    }

    /// Their names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The contents of one; none if there is none of this name.
    ///
    /// # Errors
    /// [`Error::Io`] of the profile's file.
    pub fn read(&self, name: &str) -> Result<Option<bytes::Bytes>> {
        self.entries.get(name).map(|entry| entry.bytes(&self.path)).transpose()
    }

    /// The same files for another profile, but for those that `replaced` has.
    pub fn others<'a>(&'a self, replaced: &[Attachment<'_>]) -> Vec<Attachment<'a>> {
        let kept = self.entries.iter().filter(|(name, _)| replaced.iter().all(|other| other.name != **name));
        kept.map(|(name, entry)| Attachment {
            name: name.clone(),
            write: Box::new(move |output| copy(entry, output)),
        })
        .collect()
    }
}

fn copy(entry: &Entry, output: &mut dyn Write) -> io::Result<()> {
    let mut reader = entry.reader(0);
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            read => output.write_all(&buffer[..read])?,
        }
    }
}

/// An attachment must not pass for one of our own entries.
pub(super) fn check_name(path: &std::path::Path, name: &str) -> Result<()> {
    match name.contains('/') && !name.starts_with('/') && !name.split('/').any(|part| part == "..") {
        true => Ok(()),
        false => Err(Error::invalid(path, format!("an attachment called `{name}`"))),
    }
}
