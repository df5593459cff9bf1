//! A profile in another tool's format, whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use pyo3::prelude::*;
use pyrometer_formats::svg::Picture;
use pyrometer_formats::{
    Error, LeftOut, Result, cachegrind, callgrind, chrome, csv, dhat, firefox, folded, inferno, otlp,
    parquet, pprof, speedscope, svg,
};
use pyrometer_tables::call_tree::Grouping;
use pyrometer_tables::select::Selection;
use pyrometer_tables::{Error as ProfileError, Profile as Inner};

use crate::error::Known;
use crate::profile::Profile;
use crate::selection::{GroupingDict, SelectionDict};

/// What to write besides the samples.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct ExportDict {
    format: String,
    path: PathBuf,
    title: String,
    icicle: bool,
}

/// Writes the selected part of a profile; what the format had no place for.
#[pyfunction]
pub fn export(
    py: Python<'_>,
    profile: &Profile,
    selection: SelectionDict,
    grouping: GroupingDict,
    options: ExportDict,
) -> PyResult<LeftOut> {
    let grouping = Grouping::from(grouping);
    let inner = &profile.0;
    let stopped = Mutex::default();
    let written = py.detach(|| {
        let selection = selection.selection()?;
        if options.format == "parquet" {
            let written = parquet::write(inner, &selection, &options.path);
            return written.map_err(|error| Known::of_export(&options.path, error));
        }
        let write = |out: &mut dyn Write| write(inner, &selection, grouping, &options, out);
        whole(&options.path, &stopped, write).map_err(|error| Known::of_export(&options.path, error))
    });
    match stopped.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(written?),
    }
}

fn write(
    profile: &Inner,
    selection: &Selection,
    grouping: Grouping,
    options: &ExportDict,
    out: &mut dyn Write,
) -> Result<LeftOut> {
    match options.format.as_str() {
        "folded" => folded::write(profile, selection, &grouping, out),
        "inferno" => inferno::write(profile, selection, out),
        "speedscope" => speedscope::write(profile, selection, out),
        "pprof" => pprof::write(profile, selection, out),
        "firefox" => firefox::write(profile, selection, out),
        "flamegraph" => svg::write(profile, selection, &picture(grouping, options), out).map(nothing),
        "callgrind" => callgrind::write(profile, selection, out),
        "cachegrind" => cachegrind::write(profile, selection, out),
        "otlp" => otlp::write(profile, selection, out),
        "otlp-json" => otlp::write_json(profile, selection, out),
        "chrome" => chrome::write(profile, selection, out),
        "csv" => csv::write(profile, selection, out),
        "dhat" => dhat::write(profile, selection, out),
        other => Err(unknown(other)),
    }
}

/// A picture leaves out what it does not show.
fn nothing((): ()) -> LeftOut {
    LeftOut::new()
}

fn picture(grouping: Grouping, options: &ExportDict) -> Picture {
    let title = Some(options.title.clone()).filter(|title| !title.is_empty());
    Picture { title, icicle: options.icicle, grouping }
}

fn unknown(format: &str) -> Error {
    ProfileError::Selection { what: format!("there is no format `{format}`") }.into()
}

/// Why writing was stopped, if it was.
type Stopped = Mutex<Option<PyErr>>;

/// Writes a file under another name first, and renames it when it is whole; a link to a file stays one. What is no plain
/// file (a pipe, `/dev/stdout`) is written as it is.
fn whole(
    path: &Path,
    stopped: &Stopped,
    write: impl Fn(&mut dyn Write) -> Result<LeftOut>,
) -> Result<LeftOut> {
    let path = &linked(path);
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() => {
            // `/dev/stdout` may be a file that others write to: what stands there stays.
            let is_device = is_device(path);
            let file = OpenOptions::new().write(true).append(is_device).truncate(!is_device).open(path)?;
            into(file, stopped, write)
        }
        _ => {
            let partial = beside(path);
            let written =
                File::create(&partial).map_err(Error::from).and_then(|file| into(file, stopped, write));
            let done = written.and_then(|left_out| {
                fs::rename(&partial, path)?;
                Ok(left_out)
            });
            done.inspect_err(|_| drop(fs::remove_file(&partial)))
        }
    }
}

fn is_device(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

/// The file that a link leads to; the path itself of whatever else.
fn linked(path: &Path) -> PathBuf {
    let leads_to_a_file = !is_device(path) && path.is_symlink() && path.is_file();
    let target = leads_to_a_file.then(|| fs::canonicalize(path).ok()).flatten();
    target.unwrap_or_else(|| path.to_owned())
}

/// Stops writing at Ctrl-C, also while nobody reads what is written.
struct Heeding<'a> {
    file: File,
    stopped: &'a Stopped,
}

impl Heeding<'_> {
    fn heed(&self) -> io::Result<()> {
        Python::attach(|py| py.check_signals()).map_err(|error| {
            if let Ok(mut stopped) = self.stopped.lock() {
                *stopped = Some(error);
            }
            io::Error::other("interrupted")
        })
    }
}

impl Write for Heeding<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.heed()?;
        let written = self.file.write(bytes);
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::Interrupted) {
            self.heed()?;
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn into(file: File, stopped: &Stopped, write: impl Fn(&mut dyn Write) -> Result<LeftOut>) -> Result<LeftOut> {
    let mut out = BufWriter::with_capacity(1 << 16, Heeding { file, stopped });
    let left_out = write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(left_out)
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}
