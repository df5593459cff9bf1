//! Recording, and finishing a recording into a profile: Linux on x86-64.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;
use pyrometer_sampler as sampler;
use pyrometer_symbols::{Files, symbolize};
use pyrometer_tables::journal::Journal;

use super::{Counted, Interval, Total};
use crate::error::{Known, Result, is_full};
use crate::finish::{Options, files, finish_journal, pairs};
use crate::profile::Profile;

/// A journal on disk that wants to be finished, with the binaries that it saw held open.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Recording(Mutex<sampler::Recording>);

impl Recording {
    fn with<T>(&self, look: impl FnOnce(&mut sampler::Recording) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Recording {
    #[getter]
    fn journal(&self) -> PathBuf {
        self.with(|recording| recording.journal.clone())
    }

    /// Build id and path of the binaries whose debug info is not here.
    fn wanted(&self, py: Python<'_>, options: Options) -> PyResult<Vec<(String, String)>> {
        Ok(py.detach(|| self.with(|recording| wanted(recording, &options)))?)
    }

    /// Why the journal ends early, if it does.
    #[getter]
    fn failure<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let failure = self.with(|recording| recording.failure.take());
        failure.map(|error| PyErr::from(Known::from(error)).into_value(py).into_bound(py).into_any())
    }

    /// Waits for the launched program: its exit status, minus its signal, or none if none was launched.
    fn wait(&self, py: Python<'_>) -> PyResult<Option<i32>> {
        let exit = py.detach(|| self.with(sampler::Recording::wait)).map_err(Known::from)?;
        Ok(exit.map(|exit| exit.status))
    }
}

/// Signals that are the program's, from now until `close`.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Signals(Mutex<Option<sampler::Signals>>);

impl Signals {
    fn with<T>(&self, look: impl FnOnce(&mut Option<sampler::Signals>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl Signals {
    #[new]
    fn new() -> PyResult<Self> {
        Ok(Self(Mutex::new(Some(sampler::Signals::watch().map_err(Known::from)?))))
    }

    /// Readable when one has arrived; -1 when they are closed.
    fn fileno(&self) -> i32 {
        self.with(|signals| signals.as_ref().map_or(-1, sampler::Signals::descriptor))
    }

    /// The number of the next one that has arrived, and whether it was sent to us alone.
    fn next(&self) -> Option<(i32, bool)> {
        let signal = self.with(|signals| signals.as_ref().and_then(sampler::Signals::next))?;
        Some((signal.number, signal.to_us_alone))
    }

    fn close(&self) {
        self.with(Option::take);
    }
}

/// What to record, and how; times are seconds.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct ConfigDict {
    command: Vec<OsString>,
    pids: Vec<i32>,
    rate: u64,
    events: Vec<String>,
    duration: Option<f64>,
    delay: Option<f64>,
    journal: PathBuf,
}

impl From<ConfigDict> for sampler::Config {
    fn from(dict: ConfigDict) -> Self {
        Self {
            target: match dict.command.is_empty() {
                true => sampler::Target::Attach(dict.pids),
                false => sampler::Target::Launch(dict.command),
            },
            rate: dict.rate,
            events: dict.events,
            duration: dict.duration.map(seconds),
            delay: dict.delay.map(seconds),
            journal: dict.journal,
            stack_copy: None,
            creator: concat!("pyrometer ", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// Nothing is in the way of a recording by the machine's kind.
#[pyfunction]
pub fn require_recording() {}

/// The events that were tried, each with the kernel's error number, or 0.
#[pyfunction]
pub fn probe_events() -> Vec<(&'static str, i32)> {
    sampler::probe()
}

/// Records until the program ends, the time is over, or a signal says stop.
#[pyfunction]
pub fn record(py: Python<'_>, config: ConfigDict) -> PyResult<Recording> {
    let config = config.into();
    let recording = py.detach(|| sampler::record(&config)).map_err(Known::from)?;
    Ok(Recording(Mutex::new(recording)))
}

/// Runs a program once and counts: totals by event, wall, user and system time in nanoseconds, peak memory in bytes, status,
/// and whether it was told to end.
#[pyfunction]
pub fn stat(
    py: Python<'_>,
    command: Vec<OsString>,
    groups: Vec<Vec<String>>,
    discard: bool,
) -> PyResult<Counted> {
    let config = sampler::StatConfig { command, groups, discard };
    let run = py.detach(|| sampler::stat(&config)).map_err(Known::from)?;
    let exit = run.exit;
    Ok((totals(run.totals), (run.wall, run.times.0, run.times.1), run.peak_memory, exit.status, run.stopped))
}

/// Counts what processes do that run already, `duration` seconds or until they end.
#[pyfunction]
pub fn stat_running(
    py: Python<'_>,
    pids: Vec<i32>,
    groups: Vec<Vec<String>>,
    duration: Option<f64>,
) -> PyResult<Interval> {
    let duration = duration.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let config = sampler::RunningConfig { pids, groups, duration };
    let interval = py.detach(|| sampler::stat_running(&config)).map_err(Known::from)?;
    let processes = interval
        .processes
        .into_iter()
        .map(|process| (process.pid, totals(process.totals), process.times, process.peak_memory));
    Ok((processes.collect(), interval.wall, interval.stopped))
}

fn totals(totals: Vec<sampler::Total>) -> Vec<Total> {
    let total = |total: sampler::Total| {
        let times = (total.enabled, total.running);
        (total.event, total.metric, total.unit, total.value, times, total.note)
    };
    totals.into_iter().map(total).collect()
}

/// Symbolizes a recording that just ended into `output`, and removes its journal.
#[pyfunction]
pub fn finish(py: Python<'_>, recording: &Recording, output: PathBuf, options: Options) -> PyResult<Profile> {
    Ok(py.detach(|| recording.with(|recording| finish_recording(recording, &output, &options)))?)
}

fn finish_recording(recording: &mut sampler::Recording, output: &Path, options: &Options) -> Result<Profile> {
    let files = files(std::mem::take(&mut recording.binaries));
    let profile =
        finish_journal(&recording.journal, output, &files, &recording.named, Some(recording.ended), options)?;
    // The profile is whole and renamed into place; a journal that stays would only be opened again.
    let _ = std::fs::remove_file(&recording.journal);
    Ok(Profile::new(profile))
}

fn wanted(recording: &sampler::Recording, options: &Options) -> Result<Vec<(String, String)>> {
    let tables = std::mem::take(&mut Journal::open(&recording.journal)?.tables);
    Ok(pairs(symbolize::wanted(&tables, &copies(recording), &options.of(&tables))))
}

/// The files that were held open, once more.
fn copies(recording: &sampler::Recording) -> Files {
    let mut files = Files::default();
    for (row, source) in recording.binaries.iter().enumerate() {
        match source {
            // Without it, the path is looked at: good enough for a question.
            sampler::Source::File(file) => drop(file.try_clone().map(|file| files.insert(row, file))),
            sampler::Source::Bytes(bytes) => files.insert_image(row, bytes.to_vec()),
            sampler::Source::None => {}
        }
    }
    files
}

impl From<sampler::Error> for Known {
    fn from(error: sampler::Error) -> Self {
        let kind = match &error {
            sampler::Error::Journal { source, .. } | sampler::Error::NoJournal { source, .. } => {
                if is_full(source) { "no-space" } else { source.kind() }
            }
            other => other.kind(),
        };
        Self::new(kind, error.to_string(), error.cure())
    }
}
