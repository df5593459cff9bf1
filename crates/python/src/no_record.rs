//! What stands for recording where it is not possible: profiles of other machines are read and shown all the same.

use std::path::PathBuf;

use pyo3::prelude::*;

use crate::error::Known;
use crate::finish::Options;
use crate::profile::Profile;

/// There is none here.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Recording;

/// Says where recording is possible.
#[pyfunction]
pub fn record(_config: &Bound<'_, PyAny>) -> PyResult<Recording> {
    Err(impossible().into())
}

/// Says where recording is possible.
#[pyfunction]
pub fn finish(_recording: &Recording, _output: PathBuf, _options: Options) -> PyResult<Profile> {
    Err(impossible().into())
}

fn impossible() -> Known {
    Known {
        kind: "unsupported-platform",
        what: format!("programs cannot be recorded on {} ({})", std::env::consts::OS, std::env::consts::ARCH),
        cure: "record on Linux on x86-64, and open the .pyro file here".to_owned(),
    }
}
