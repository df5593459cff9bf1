//! The processed profile of the Firefox Profiler (<https://profiler.firefox.com>), version 55.
//!
//! Constraints:
//! - each process and thread with its real times and tables of its own, as that version has them;
//! - a frame has its line, column and address in its binary; a function the file of its frames. An inlined frame is one of
//!   its own, with its depth, and the native symbol of what it is inlined into;
//! - samples weigh their number and have their value as CPU time, if that is what was measured; else they weigh their
//!   value: milliseconds, bytes or whatever is counted;
//! - time series are counters; what was lost is a marker over the first thread.
//!
//! A profile does not say where functions begin: a native symbol has the lowest address that was seen of it.

mod about;
mod document;
mod frames;
mod threads;

use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::schema::{Metric, Tables};
use pyrometer_tables::select::{Selection, for_each_selected};

use crate::LeftOut;
use crate::carried::{Part, left_out};
use crate::error::Result;
use crate::stacked::Stacked;
use document::Document;
use frames::Frames;
use threads::Threads;

/// The largest whole number up to which JavaScript has all of them.
const LARGEST: i64 = 1 << 53;

/// Of values of CPU time also [`Part::Counts`], which are the weights then.
const CARRIED: &[Part] = &[
    Part::Unit,
    Part::Threads,
    Part::Times,
    Part::Lines,
    Part::Columns,
    Part::Addresses,
    Part::Binaries,
    Part::Inlining,
    Part::TimeSeries,
    Part::Command,
    Part::Machine,
    Part::Notes,
];

/// What samples weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weigh {
    /// Their number; the value is CPU time.
    Cpu,
    /// Milliseconds.
    Time,
    Bytes,
    /// Whatever is counted.
    Count,
}

impl Weigh {
    fn of(metric: &Metric) -> Self {
        let is_cpu = ["cpu-time", "cpu-clock", "task-clock"].contains(&metric.name.as_str());
        match metric.unit.as_str() {
            "ns" if is_cpu => Self::Cpu,
            "ns" => Self::Time,
            "bytes" => Self::Bytes,
            _ => Self::Count,
        }
    }
}

/// Writes the selected metric; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let stacked = &*Stacked::of(profile, selection, Metrics::Selected)?;
    let threads = fill(stacked, selection)?;
    let mut left_out = left_out(profile, selection, &carried(stacked, selection))?;
    left_out.extend(threads.left_out());
    left_out.extend(not_quite(stacked.tables()));
    serde_json::to_writer(&mut out, &Document::new(stacked, selection, threads))?;
    out.flush()?;
    Ok(left_out)
}

fn carried(profile: &Profile, selection: &Selection) -> Vec<Part> {
    let counts = match Weigh::of(&profile.tables().metrics[selection.metric as usize]) {
        Weigh::Cpu => &[Part::Counts][..],
        _ => &[],
    };
    [CARRIED, counts].concat()
}

/// What is lost of parts that are carried.
fn not_quite(tables: &Tables) -> Vec<String> {
    let large = |address: Option<i64>| address.is_some_and(|address| !(0..LARGEST).contains(&address));
    let parts = [
        (tables.frames.iter().any(|frame| large(frame.address)), "addresses beyond 2^53 (the kernel's)"),
        (tables.counters.iter().any(|counter| counter.thread.is_some()), "threads of time series"),
    ];
    parts.iter().filter(|(there, _)| *there).map(|(_, what)| (*what).to_owned()).collect()
}

/// All threads with their samples.
fn fill<'a>(profile: &'a Profile, selection: &Selection) -> Result<Threads<'a>> {
    let frames = Frames::new(profile.tables());
    let weigh = Weigh::of(&profile.tables().metrics[selection.metric as usize]);
    let mut threads = Threads::new(profile.tables(), profile.meta.start, weigh);
    for_each_selected(profile, selection, |sample| {
        if sample.metric == selection.metric {
            threads.add(sample, &frames);
        }
        Ok(())
    })?;
    Ok(threads)
}
