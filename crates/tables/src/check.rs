//! Checks that every id refers to a row that exists, and every stack to a caller before it.
//!
//! After it, `tables.frames[stack.frame]` and the like need no further thought.

use std::path::Path;

use crate::error::Error;
use crate::schema::{Sample, Tables};

/// What is wrong with the first bad row, in words: expected and found.
#[derive(Debug, PartialEq, Eq)]
pub struct BadRow {
    /// What should stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl BadRow {
    /// The error of a file that holds such a row.
    #[must_use]
    pub fn in_file(self, path: &Path, offset: Option<u64>) -> Error {
        Error::corrupt(path, offset, self.expected, self.found)
    }

    /// The error of a program that hands over such a row.
    #[must_use]
    pub fn handed_over(self, path: &Path) -> Error {
        Error::invalid(path, format!("expected {}, found {}", self.expected, self.found))
    }
}

/// Checks every table.
///
/// # Errors
/// The first row that refers to a row that does not exist.
pub fn tables(tables: &Tables) -> Result<(), BadRow> {
    processes_and_threads(tables)?;
    code(tables)?;
    stacks(tables)?;
    others(tables)
}

fn processes_and_threads(tables: &Tables) -> Result<(), BadRow> {
    for (row, process) in tables.processes.iter().enumerate() {
        optional("processes.parent", row, process.parent, tables.processes.len())?;
    }
    for (row, thread) in tables.threads.iter().enumerate() {
        id("threads.process", row, thread.process, tables.processes.len())?;
    }
    Ok(())
}

fn code(tables: &Tables) -> Result<(), BadRow> {
    for (row, function) in tables.functions.iter().enumerate() {
        optional("functions.binary", row, function.binary, tables.binaries.len())?;
    }
    for (row, frame) in tables.frames.iter().enumerate() {
        optional("frames.function", row, frame.function, tables.functions.len())?;
        optional("frames.binary", row, frame.binary, tables.binaries.len())?;
    }
    Ok(())
}

fn stacks(tables: &Tables) -> Result<(), BadRow> {
    for (row, stack) in tables.stacks.iter().enumerate() {
        id("stacks.frame", row, stack.frame, tables.frames.len())?;
        // A caller stands before its callee: this is what rules out cycles.
        optional("stacks.parent", row, stack.parent, row)?;
    }
    Ok(())
}

fn others(tables: &Tables) -> Result<(), BadRow> {
    for (row, call) in tables.calls.iter().enumerate() {
        id("calls.caller", row, call.caller, tables.functions.len())?;
        id("calls.callee", row, call.callee, tables.functions.len())?;
        id("calls.metric", row, call.metric, tables.metrics.len())?;
    }
    for (row, counter) in tables.counters.iter().enumerate() {
        optional("counters.thread", row, counter.thread, tables.threads.len())?;
    }
    for (row, event) in tables.events.iter().enumerate() {
        optional("events.thread", row, event.thread, tables.threads.len())?;
        optional("events.stack", row, event.stack, tables.stacks.len())?;
    }
    Ok(())
}

/// Checks a sample against the numbers of rows it may refer to.
///
/// # Errors
/// The reference that leads nowhere.
#[inline]
pub fn sample(row: usize, sample: &Sample, tables: &Tables) -> Result<(), BadRow> {
    id("samples.stack", row, sample.stack, tables.stacks.len())?;
    id("samples.thread", row, sample.thread, tables.threads.len())?;
    id("samples.metric", row, sample.metric, tables.metrics.len())
}

/// Checks that all of `ids`, a column of samples from row `first`, are below `rows`.
///
/// # Errors
/// The first that is not.
pub fn column(name: &str, first: usize, ids: &[i32], rows: usize) -> Result<(), BadRow> {
    // A negative id is a huge unsigned one: one comparison finds both, and this loop vectorizes.
    let highest = ids.iter().map(|id| id.cast_unsigned()).max().unwrap_or(0);
    if ids.is_empty() || (highest as usize) < rows {
        return Ok(());
    }
    ids.iter().enumerate().try_for_each(|(row, &value)| id(name, first + row, value, rows))
}

#[inline]
fn id(column: &str, row: usize, value: i32, rows: usize) -> Result<(), BadRow> {
    match usize::try_from(value) {
        Ok(index) if index < rows => Ok(()),
        _ => Err(bad(column, row, value, rows)),
    }
}

fn optional(column: &str, row: usize, value: Option<i32>, rows: usize) -> Result<(), BadRow> {
    value.map_or(Ok(()), |value| id(column, row, value, rows))
}

#[cold]
fn bad(column: &str, row: usize, value: i32, rows: usize) -> BadRow {
    BadRow {
        expected: format!("`{column}` of row {row} to be a row from 0 to {rows} (exclusive)"),
        found: value.to_string(),
    }
}
