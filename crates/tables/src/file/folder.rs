//! The entries of a `.pyro` file as files of a folder.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::attachment::{Attachment, check_name};
use super::write::{meta_json, write_samples, write_table};
use super::{META, entry_name};
use crate::arrow::{Row, TABLES, TableRow, TableVisitor, visit_tables};
use crate::check;
use crate::error::{Error, Result};
use crate::meta::Meta;
use crate::samples::SampleSource;
use crate::schema::{Sample, Tables};

/// Writes `meta.json`, one Parquet file a table and what is carried to the folder `path`. It is there whole or not at
/// all, in place of an earlier one; a folder that has other things in it is left as it is.
///
/// # Errors
/// [`Error::Invalid`] if a row refers to one that does not exist; [`Error::Io`], also if `path` is a file or a folder of
/// other things; those of `samples`.
pub fn write_folder(
    path: &Path,
    meta: &Meta,
    tables: &Tables,
    samples: &dyn SampleSource,
    attachments: &[Attachment<'_>],
) -> Result<()> {
    check::tables(tables).map_err(|bad| bad.handed_over(path))?;
    let earlier = is_earlier(path, attachments)?;
    let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
    // Without the temporary name that it mentions, which nobody has asked for.
    let unnamed = |error: std::io::Error| Error::io(path)(error.kind().into());
    let partial = tempfile::Builder::new().prefix(".pyrometer-").tempdir_in(parent).map_err(unnamed)?;
    let unpacked = partial.path().join("unpacked");
    fs::create_dir(&unpacked).map_err(unnamed)?;
    Folder { path, unpacked: &unpacked, tables }.fill(meta, samples, attachments)?;
    if earlier {
        fs::rename(path, partial.path().join("earlier")).map_err(Error::io(path))?;
    }
    fs::rename(&unpacked, path).map_err(Error::io(path))
}

/// Whether `path` is a folder that was written by us, or empty; an error if it is anything else.
fn is_earlier(path: &Path, attachments: &[Attachment<'_>]) -> Result<bool> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io(path)(error)),
    };
    let carried = attachments.iter().filter_map(|attachment| attachment.name.split('/').next());
    let mut own: Vec<String> = TABLES.iter().map(|table| entry_name(table)).collect();
    own.extend([META.to_owned(), entry_name(Sample::TABLE)]);
    own.extend(carried.map(str::to_owned));
    for entry in entries {
        let name = entry.map_err(Error::io(path))?.file_name();
        if !own.iter().any(|own| name == **own) {
            let found = format!("there is `{}` in this folder, which is no table", name.display());
            return Err(Error::io(path)(std::io::Error::new(ErrorKind::AlreadyExists, found)));
        }
    }
    Ok(true)
}

struct Folder<'a> {
    /// What errors name.
    path: &'a Path,
    unpacked: &'a Path,
    tables: &'a Tables,
}

impl Folder<'_> {
    fn fill(
        &mut self,
        meta: &Meta,
        samples: &dyn SampleSource,
        attachments: &[Attachment<'_>],
    ) -> Result<()> {
        self.file(META, |file| file.write_all(&meta_json(self.path, meta)?).map_err(Error::io(self.path)))?;
        visit_tables(self)?;
        self.file(&entry_name(Sample::TABLE), |file| write_samples(self.path, self.tables, samples, file))?;
        attachments.iter().try_for_each(|attachment| {
            check_name(self.path, &attachment.name)?;
            self.file(&attachment.name, |file| (attachment.write)(file).map_err(Error::io(self.path)))
        })
    }

    fn file(&self, name: &str, write: impl FnOnce(&mut BufWriter<File>) -> Result<()>) -> Result<()> {
        let path: PathBuf = self.unpacked.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Error::io(self.path))?;
        }
        let mut file = BufWriter::new(File::create(&path).map_err(Error::io(self.path))?);
        write(&mut file)?;
        file.flush().map_err(Error::io(self.path))
    }
}

impl TableVisitor for Folder<'_> {
    fn visit<R: TableRow>(&mut self) -> Result<()> {
        self.file(&entry_name(R::TABLE), |file| write_table::<R>(self.path, self.tables, file))
    }
}
