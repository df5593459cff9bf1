//! Names: one, what it consists of, or all in a stream.

use std::io::ErrorKind;

use pyo3::prelude::*;
use pyrometer_symbols::demangle::{
    Form, Spelling, StreamError, demangle_name, demangle_stream as stream, structure_of,
};

use crate::error::{Known, Result};
use crate::standard_streams::streams;

/// The name of a symbol; unchanged if it is none.
#[pyfunction]
pub fn demangle(name: &str, hashes: bool) -> String {
    demangle_name(name, hashes)
}

/// What a name consists of, as JSON.
#[pyfunction]
pub fn parse_name(name: &str, hashes: bool) -> Result<String> {
    serde_json::to_string(&structure_of(name, hashes))
        .map_err(|error| Known::new("defect", error.to_string(), String::new()))
}

/// Replaces the symbols in standard input by their names, or writes a JSON object for each, to standard output.
#[pyfunction]
pub fn demangle_stream(py: Python<'_>, hashes: bool, json: bool) -> PyResult<()> {
    let spelling = Spelling { hashes, unified: false };
    let form = if json { Form::Json } else { Form::Text };
    py.detach(|| {
        let (mut input, mut output) = streams().map_err(|error| known(StreamError::Read(error)))?;
        stream(&mut input, &mut output, spelling, form).map_err(known)
    })?;
    Ok(())
}

fn known(error: StreamError) -> Known {
    let kind = match &error {
        StreamError::Read(_) => "io",
        StreamError::Write(source) => match source.kind() {
            ErrorKind::BrokenPipe => "broken-pipe",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "no-space",
            _ => "output",
        },
    };
    Known::new(kind, error.to_string(), String::new())
}
