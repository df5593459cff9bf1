//! Errors of the crates as the classes of `pyrometer.errors`.
//!
//! The Python side chooses the class by one stable word, so that a new cause here is never
//! swallowed there.

use std::io::ErrorKind;
use std::path::Path;

use pyo3::prelude::*;
use pyrometer_formats as formats;
use pyrometer_tables as tables;

/// An error with a word for its class, a sentence, and a cure.
pub struct Known {
    kind: &'static str,
    what: String,
    cure: String,
}

impl From<tables::Error> for Known {
    fn from(error: tables::Error) -> Self {
        Self {
            kind: if is_full(&error) { "no-space" } else { error.kind() },
            what: error.to_string(),
            cure: error.cure(),
        }
    }
}

impl Known {
    /// An error; without a cure it has that of its class.
    pub fn new(kind: &'static str, what: String, cure: String) -> Self {
        Self { kind, what, cure }
    }

    /// A binary whose code cannot be shown.
    pub fn of_binary(what: String) -> Self {
        Self::new("symbols", what, String::new())
    }

    /// An error of an export to `path`.
    pub fn of_export(path: &Path, error: formats::Error) -> Self {
        let full = |source: &std::io::Error| FULL.contains(&source.kind());
        match &error {
            formats::Error::Write(source) if source.kind() == ErrorKind::BrokenPipe => {
                Self::new("broken-pipe", source.to_string(), String::new())
            }
            formats::Error::Write(source) => Self {
                kind: if full(source) { "no-space" } else { "output" },
                what: format!("{}: {error}", path.display()),
                cure: if full(source) { String::new() } else { error.cure() },
            },
            _ => Self { kind: error.kind(), what: error.to_string(), cure: error.cure() },
        }
    }
}

impl Known {
    /// An error of reading another tool's file.
    pub fn of_import(error: formats::Error) -> Self {
        Self { kind: error.kind(), what: error.to_string(), cure: error.cure() }
    }
}

const FULL: [ErrorKind; 2] = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded];

/// Whether there was no space left.
pub fn is_full(error: &tables::Error) -> bool {
    matches!(error, tables::Error::Io { source, .. } if FULL.contains(&source.kind()))
}

impl From<Known> for PyErr {
    fn from(known: Known) -> Self {
        Python::attach(|py| match class_of(py, &known) {
            Ok(error) => Self::from_value(error),
            Err(broken) => broken,
        })
    }
}

fn class_of<'py>(py: Python<'py>, known: &Known) -> PyResult<Bound<'py, PyAny>> {
    let errors = py.import("pyrometer.errors")?;
    errors.call_method1("from_kind", (known.kind, &known.what, "", &known.cure))
}

/// The result of a call from Python.
pub type Result<T> = std::result::Result<T, Known>;
