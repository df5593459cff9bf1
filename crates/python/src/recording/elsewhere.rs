//! No recorder: everything that would record says so.

use std::convert::Infallible;
use std::env::consts::{ARCH, OS};
use std::path::PathBuf;

use pyo3::prelude::*;

use crate::error::Known;
use crate::finish::Options;
use crate::profile::Profile;

/// A recording that was made here: there is none.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Recording(Infallible);

/// Signals with who sent them: not here.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Signals(Infallible);

#[pymethods]
impl Signals {
    #[new]
    fn new() -> PyResult<Self> {
        require_recording()?;
        unreachable!("there is no recorder")
    }
}

/// Raises what [`record`] would raise.
#[pyfunction]
pub fn require_recording() -> PyResult<()> {
    let what = format!("this Pyrometer cannot record: it was built for {OS} on {ARCH}");
    Err(Known::new("no-recorder", what, String::new()).into())
}

/// No event can be opened where there is no recorder.
#[pyfunction]
pub fn probe_events() -> Vec<(&'static str, i32)> {
    Vec::new()
}

/// Raises that nothing can be recorded on this machine.
#[pyfunction]
pub fn record(config: Bound<'_, PyAny>) -> PyResult<Recording> {
    drop(config);
    require_recording()?;
    unreachable!("there is no recorder")
}

/// Raises that nothing can be counted on this machine.
#[pyfunction]
pub fn stat(
    command: Bound<'_, PyAny>,
    groups: Bound<'_, PyAny>,
    discard: Bound<'_, PyAny>,
) -> PyResult<super::Counted> {
    drop((command, groups, discard));
    require_recording()?;
    unreachable!("there is no recorder")
}

/// Raises that nothing can be counted on this machine.
#[pyfunction]
pub fn stat_running(
    pids: Bound<'_, PyAny>,
    groups: Bound<'_, PyAny>,
    duration: Bound<'_, PyAny>,
) -> PyResult<super::Interval> {
    drop((pids, groups, duration));
    require_recording()?;
    unreachable!("there is no recorder")
}

/// Never called: there is no recording to finish.
#[pyfunction]
pub fn finish(recording: &Recording, output: PathBuf, options: Options) -> Profile {
    drop((output, options));
    match recording.0 {}
}
