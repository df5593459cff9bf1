//! What `perf record` has written: no rows that only need to be read, but records that are unwound and symbolized as
//! a recording of ours is.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use pyo3::prelude::*;
use pyrometer_formats::read::Input;
use pyrometer_sampler::replay::{self, Part, Places, Replayed};
use pyrometer_symbols::provider::{Bytes, map};

use crate::error::{Known, Result};
use crate::finish::{Options, files, finish_in_memory};
use crate::foreign::told;
use crate::profile::Profile;

/// The file with the header in a folder of `perf record --threads`, and what the others' names begin with.
const MAIN: &str = "data";
const OF_THREAD: &str = "data.";

/// Name and title of the format.
pub const FORMAT: (&str, &str) = ("perf-data", "perf record (perf.data)");

/// Reads a file of perf, or a folder of them, into a symbolized profile. `progress` is called with the bytes read and the file's size; what
/// it raises ends the reading.
#[pyfunction]
pub fn read_perf_data(
    py: Python<'_>,
    path: PathBuf,
    lenient: bool,
    progress: Option<Py<PyAny>>,
    options: Options,
) -> PyResult<Profile> {
    let mut raised = None;
    let read = py.detach(|| {
        let mut watch = |read: u64, size: u64| match told(progress.as_ref(), read, size) {
            Ok(()) => true,
            Err(error) => {
                raised = Some(error);
                false
            }
        };
        read_file(&path, lenient, &options, &mut watch)
    });
    match (read, raised) {
        (Ok(profile), _) => Ok(Profile::new(profile)),
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(error.into()),
    }
}

fn read_file(
    path: &Path,
    lenient: bool,
    options: &Options,
    watch: &mut replay::Watch<'_>,
) -> Result<pyrometer_tables::Profile> {
    let main = with_header(path);
    let bytes = contents(&main, watch)?;
    let more = folder_of(path).map_or_else(|| Ok(Vec::new()), of_threads)?;
    let parts: Vec<Part<'_>> = more.iter().map(|(path, bytes)| Part { path, bytes }).collect();
    // Beside nothing of the user's: it may be large, and it is of no use to anybody.
    let folder = tempfile::tempdir().map_err(|error| no_folder(&error))?;
    let journal = folder.path().join("perf.data.recording");
    let how = replay::Options {
        lenient,
        places: places(&main, options),
        creator: concat!("pyrometer ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let replayed = replay::replay(Part { path: &main, bytes: &bytes }, &parts, &journal, &how, watch);
    let Replayed { binaries, named } = replayed.map_err(|error| known(path, error))?;
    drop((bytes, more));
    finish_in_memory(&journal, &files(binaries), &named, options)
}

/// The file with the header: of a folder the one in it.
pub fn with_header(path: &Path) -> Cow<'_, Path> {
    if path.is_dir() { Cow::Owned(path.join(MAIN)) } else { Cow::Borrowed(path) }
}

/// The folder that is meant, by its own name or by that of the file with the header.
fn folder_of(path: &Path) -> Option<&Path> {
    if path.is_dir() {
        return Some(path);
    }
    let parent = path.parent().filter(|_| path.file_name() == Some(OsStr::new(MAIN)))?;
    let parent = if parent == "" { Path::new(".") } else { parent };
    parent.join(format!("{OF_THREAD}0")).is_file().then_some(parent)
}

/// What the threads of `perf record --threads` have left in its folder, in the order of their numbers.
fn of_threads(folder: &Path) -> Result<Vec<(PathBuf, Bytes)>> {
    let mut found = Vec::new();
    for entry in folder.read_dir().map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let number = name.strip_prefix(OF_THREAD).and_then(|number| number.parse::<u32>().ok());
        found.extend(number.map(|number| (number, path)));
    }
    found.sort();
    let read = found.into_iter().map(|(_, path)| {
        let bytes = records(&path).map_err(unreadable(&path))?;
        Ok((path, bytes))
    });
    read.collect()
}

/// Records alone, mapped. A thread that perf never woke leaves an empty file, which cannot be.
fn records(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    Ok(if file.metadata()?.len() == 0 { Bytes::Owned(Arc::default()) } else { Bytes::Mapped(map(&file)?) })
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> Known + '_ {
    |error| Known::of_import(pyrometer_formats::Error::reading(path)(error))
}

/// The file, mapped; unpacked if it is packed.
fn contents(path: &Path, watch: &mut replay::Watch<'_>) -> Result<Bytes> {
    let mut input = Input::open(path, watch).map_err(Known::of_import)?;
    let packed = !File::open(path).is_ok_and(|file| begins_as_perf_data(&file));
    match File::open(path).and_then(|file| map(&file)) {
        Ok(mapped) if !packed => Ok(Bytes::Mapped(mapped)),
        _ => Ok(Bytes::Owned(input.bytes().map_err(Known::of_import)?.into())),
    }
}

fn begins_as_perf_data(file: &File) -> bool {
    let mut head = [0; 8];
    pyrometer_tables::positioned::read_exact_at(file, &mut head, 0).is_ok() && replay::is_perf_data(&head)
}

fn places(path: &Path, options: &Options) -> Places {
    let search = options.search();
    let written = path.metadata().and_then(|about| about.modified()).ok();
    let written = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Places {
        sysroot: search.sysroot,
        debug_paths: search.debug_paths,
        perf_cache: std::env::home_dir().map(|home| home.join(".debug")),
        written: written.and_then(|time| i64::try_from(time.as_nanos()).ok()),
    }
}

fn no_folder(error: &std::io::Error) -> Known {
    Known::new(
        "output",
        format!("no temporary folder can be made: {error}"),
        "set TMPDIR to a folder with space".into(),
    )
}

/// The error of a recording at `path`, as it was given: it may be a folder, of which the error names one file.
fn known(path: &Path, error: replay::Error) -> Known {
    use replay::Error;
    let what = error.to_string();
    match error {
        Error::Journal(source) => source.into(),
        Error::Malformed { .. } => {
            let cure = format!("leave out what does not fit: pyrometer import --lenient {}", path.display());
            Known::new("malformed", what, cure)
        }
        Error::FirstVersion { .. } => Known::new(
            "not-a-profile",
            what,
            "convert it with the perf of that time (perf report), or record anew".into(),
        ),
        Error::TooLarge { .. } => Known::new("too-large", what, String::new()),
        Error::Interrupted => Known::new("interrupted", what, String::new()),
    }
}
