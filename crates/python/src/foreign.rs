//! Other tools' files.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyrometer_formats::read::{self, FORMATS, Format, Input, Options};
use pyrometer_sampler::replay::is_perf_data;

use crate::error::Known;
use crate::perf_data;
use crate::profile::Profile;

/// Reads files into one profile. `progress` is called with the bytes read of a file and its size; what it raises ends
/// the reading.
#[pyfunction]
pub fn read_foreign(
    py: Python<'_>,
    paths: Vec<PathBuf>,
    format: Option<&str>,
    lenient: bool,
    progress: Option<Py<PyAny>>,
) -> PyResult<Profile> {
    let options = Options { format: format.map(by_name).transpose()?, lenient };
    let mut raised = None;
    let read = py.detach(|| {
        let mut watch = |read: u64, size: u64| match told(progress.as_ref(), read, size) {
            Ok(()) => true,
            Err(error) => {
                raised = Some(error);
                false
            }
        };
        read::read(&paths, &options, &mut watch)
    });
    match (read, raised) {
        (Ok(profile), _) => Ok(Profile::new(profile)),
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(Known::of_import(error).into()),
    }
}

/// Tells Python how far it is, so that Ctrl-C is heard too.
pub(crate) fn told(progress: Option<&Py<PyAny>>, read: u64, size: u64) -> PyResult<()> {
    Python::attach(|py| {
        py.check_signals()?;
        progress.map_or(Ok(()), |progress| progress.call1(py, (read, size)).map(drop))
    })
}

fn by_name(name: &str) -> Result<&'static Format, Known> {
    read::by_name(name).ok_or_else(|| {
        let mut known: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
        known.push("perf-data");
        known.sort_unstable();
        Known::new(
            "selection",
            format!("there is no format {name}"),
            format!("choose one of: {}", known.join(", ")),
        )
    })
}

/// The name of the format of a file; none if it has no format that can be read.
#[pyfunction]
pub fn recognise(py: Python<'_>, path: PathBuf) -> PyResult<Option<&'static str>> {
    let found = py.detach(|| recognised(&path));
    Ok(found.map_err(Known::of_import)?)
}

fn recognised(path: &Path) -> pyrometer_formats::Result<Option<&'static str>> {
    let mut watch = |_, _| true;
    let input = Input::open(&perf_data::with_header(path), &mut watch)?;
    if is_perf_data(input.head().bytes) {
        return Ok(Some(perf_data::FORMAT.0));
    }
    match read::recognise(&input) {
        Ok(format) => Ok(Some(format.name)),
        Err(pyrometer_formats::Error::Unknown { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
