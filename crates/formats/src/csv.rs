//! A table as spreadsheets and data frames read it: comma-separated values with a header (RFC 4180, but lines end in `\n`).
//!
//! A row a sample, joined with what is known of its leaf and with its whole stack, so that every column can be filtered and
//! summed as it is. What is not known is an empty cell.

use std::io::Write;

use csv::{Terminator, WriterBuilder};
use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::{Sample, Tables};
use pyrometer_tables::select::{Selection, for_each_selected};
use serde::Serialize;

use crate::LeftOut;
use crate::carried::{Part, left_out};
use crate::error::{Error, Result};
use crate::stacked::Stacked;

const CARRIED: &[Part] = &[
    Part::Metrics,
    Part::Unit,
    Part::Threads,
    Part::Times,
    Part::Cpus,
    Part::Counts,
    Part::Lines,
    Part::Columns,
    Part::Addresses,
    Part::Binaries,
    Part::Inlining,
];

/// The columns.
#[derive(Debug, Default, Serialize)]
struct Row<'a> {
    metric: &'a str,
    unit: &'a str,
    value: i64,
    count: i64,
    /// Since the start of the recording.
    time_ns: Option<i64>,
    cpu: Option<i32>,
    process: &'a str,
    pid: i32,
    thread: &'a str,
    tid: i32,
    function: &'a str,
    file: Option<&'a str>,
    line: Option<i32>,
    column: Option<i32>,
    address: Option<String>,
    binary: Option<&'a str>,
    inlined: bool,
    kind: &'a str,
    /// From the root, as in folded stacks.
    stack: &'a str,
}

/// Writes all metrics of the selected samples; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, out: impl Write) -> Result<LeftOut> {
    let mut left_out = left_out(profile, selection, CARRIED)?;
    let profile = &*Stacked::of(profile, selection, Metrics::All)?;
    let tables = profile.tables();
    let names: Vec<_> = tables.frames.iter().map(|frame| frame_name(tables, frame)).collect();
    // The header is written with the first row otherwise, and a table without rows would have none.
    let mut csv = writer(out, false);
    csv.write_record(&header()?).map_err(failure)?;
    let mut paths = Paths { tables, names: &names, leaf: None, text: String::new() };
    let mut failed = Ok(());
    for_each_selected(profile, selection, |sample| {
        if failed.is_ok() {
            failed = csv.serialize(row(tables, &names, sample, profile.meta.start, paths.of(sample.stack)));
        }
        Ok(())
    })?;
    failed.map_err(failure)?;
    csv.flush()?;
    if tables.stacks.iter().any(|stack| stack.parent.is_some()) {
        left_out.push("lines, addresses and binaries of callers".to_owned());
    }
    Ok(left_out)
}

fn writer<W: Write>(out: W, has_headers: bool) -> csv::Writer<W> {
    WriterBuilder::new().has_headers(has_headers).terminator(Terminator::Any(b'\n')).from_writer(out)
}

/// The names of the columns.
fn header() -> Result<csv::StringRecord> {
    let mut one = writer(Vec::new(), true);
    one.serialize(Row::default()).map_err(failure)?;
    let text = one.into_inner().map_err(|error| Error::Write(error.into_error()))?;
    csv::Reader::from_reader(&text[..]).headers().cloned().map_err(failure)
}

fn row<'a>(
    tables: &'a Tables,
    names: &'a [impl AsRef<str>],
    sample: &Sample,
    start: i64,
    stack: &'a str,
) -> Row<'a> {
    let metric = &tables.metrics[sample.metric as usize];
    let thread = &tables.threads[sample.thread as usize];
    let process = &tables.processes[thread.process as usize];
    let row = tables.stacks[sample.stack as usize].frame as usize;
    let frame = &tables.frames[row];
    Row {
        metric: &metric.name,
        unit: &metric.unit,
        value: sample.value,
        count: sample.count,
        time_ns: sample.time.map(|time| time.saturating_sub(start)),
        cpu: sample.cpu,
        process: &process.name,
        pid: process.pid,
        thread: &thread.name,
        tid: thread.tid,
        function: names[row].as_ref(),
        file: frame.file.as_deref(),
        line: frame.line,
        column: frame.column,
        address: frame.address.map(|address| format!("{address:#x}")),
        binary: frame.binary.map(|row| tables.binaries[row as usize].path.as_str()),
        inlined: frame.inlined,
        kind: frame.kind.as_str(),
        stack,
    }
}

/// Stacks as text, one at a time: all of them at once would be huge.
struct Paths<'a, N> {
    tables: &'a Tables,
    names: &'a [N],
    leaf: Option<i32>,
    text: String,
}

impl<N: AsRef<str>> Paths<'_, N> {
    fn of(&mut self, leaf: i32) -> &str {
        if self.leaf != Some(leaf) {
            self.leaf = Some(leaf);
            self.text = self.path(leaf);
        }
        &self.text
    }

    fn path(&self, leaf: i32) -> String {
        let mut path = Vec::new();
        let mut node = Some(leaf);
        while let Some(row) = node {
            let stack = &self.tables.stacks[row as usize];
            path.push(self.names[stack.frame as usize].as_ref().replace(';', ":"));
            node = stack.parent;
        }
        path.reverse();
        path.join(";")
    }
}

fn failure(error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::Write(error),
        other => Error::Write(std::io::Error::other(format!("{other:?}"))),
    }
}
