//! What a binary offers a profiler.

use std::fs::File;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyrometer_symbols::find::{Material, Subject};
use pyrometer_symbols::inspect::Depth;
use pyrometer_symbols::{BinaryProvider, Files, Inspection, identity, provider};
use pyrometer_tables::schema::Binary;

use crate::error::{Known, Result};
use crate::finish::Options;
use crate::forked::in_parallel;

/// The facts of a binary as JSON (the fields of [`Inspection`]), or `None` for a file that is none.
/// `quick`: without symbols, debug info and code.
#[pyfunction]
#[pyo3(signature = (path, quick = false))]
pub fn inspect(py: Python<'_>, path: PathBuf, quick: bool) -> PyResult<Option<String>> {
    Ok(py.detach(|| in_parallel(|| facts(&path, quick)))?)
}

fn facts(path: &Path, quick: bool) -> Result<Option<String>> {
    let refused = |error: std::io::Error| {
        Known::new("io", format!("{} cannot be read: {error}", path.display()), String::new())
    };
    let file = File::open(path).map_err(refused)?;
    if file.metadata().is_ok_and(|about| about.is_file() && about.len() == 0) {
        return Ok(None);
    }
    let bytes = provider::map(&file).map_err(refused)?;
    let Ok(found) = Inspection::of_bytes(&bytes, if quick { Depth::Headers } else { Depth::All }) else {
        return Ok(None);
    };
    serde_json::to_string(&found).map(Some).map_err(|error| refused(error.into()))
}

/// Path of a binary's separate debug info; whether a file that it shares with others is missing; sentences about
/// files that were found and do not fit.
#[pyfunction]
pub fn debug_files(
    py: Python<'_>,
    path: PathBuf,
    options: Options,
) -> PyResult<(Option<String>, bool, Vec<String>)> {
    let find = || {
        let path = path.to_string_lossy();
        let bytes = Files::default().open(0, &Binary { path: path.as_ref().into(), ..Binary::default() })?;
        let id = identity::identify(&bytes[..]).map_err(|error| format!("{path}: {error}"))?;
        let material =
            Material::gather(&options.search(), &Subject { path: &path, id: Some(&id) }, Ok(bytes))?;
        Ok((material.debug_file().map(str::to_owned), material.lacks_shared(), material.refused))
    };
    let found = py.detach(|| in_parallel(find));
    Ok(found.map_err(Known::of_binary)?)
}
