//! The trace of Chrome (`chrome://tracing`) and Perfetto as JSON: the "Trace Event Format", object form.
//!
//! Constraints:
//! - a frame is an event with a beginning (`B`) and an end (`E`), callers around what they call; frames that stay from one
//!   sample of a thread to the next are one event;
//! - where every sample has a time, the axis is the recording's: a sample stands for what was before it. Else it is the
//!   metric, and each thread's stacks stand beside each other as in a flame graph, which the process's label says;
//! - widths are for the eye: what an event weighs is in its `args`, as `value` and `samples`;
//! - time series are counter events (`C`), what happened is an instant (`i`) or a complete event;
//! - times are in microseconds since the start of the recording.

mod cumulative;
mod event;
mod nodes;
mod slices;
mod timeline;

use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::schema::{Metric, Sample};
use pyrometer_tables::select::{Selection, for_each_selected};
use serde_json::json;

use crate::carried::{Part, left_out};
use crate::error::Result;
use crate::stacked::Stacked;
use crate::{LeftOut, summary};
use event::Events;
use slices::Slices;

const CARRIED: [Part; 13] = [
    Part::Unit,
    Part::Exactness,
    Part::Threads,
    Part::Counts,
    Part::Lines,
    Part::Addresses,
    Part::Binaries,
    Part::Inlining,
    Part::Command,
    Part::Machine,
    Part::Notes,
    Part::Columns,
    // Last: not on an axis that is no time.
    Part::Times,
];

/// Writes the selected metric; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, out: impl Write) -> Result<LeftOut> {
    let stacked = &*Stacked::of(profile, selection, Metrics::Selected)?;
    let samples = samples(stacked, selection)?;
    let has_times = !samples.is_empty() && samples.iter().all(|sample| sample.time.is_some());
    let metric = &stacked.tables().metrics[selection.metric as usize];
    let mut events = Events::begin(out, &about(stacked, metric, has_times))?;
    events.names(stacked.tables(), &samples, label(metric, has_times).as_deref())?;
    let mut slices = Slices::new(stacked.tables(), metric);
    if has_times {
        timeline::add(stacked, metric, samples, &mut slices, &mut events)?;
        events.time_series(stacked)?;
        events.happenings(stacked)?;
    } else {
        cumulative::add(stacked.tables(), scale(metric), samples, &mut slices, &mut events)?;
    }
    events.finish()?;
    let timed = [Part::TimeSeries, Part::Events];
    let carried = match has_times {
        true => [&CARRIED[..], &timed].concat(),
        false => CARRIED[..CARRIED.len() - 1].to_vec(),
    };
    let mut left_out = left_out(profile, selection, &carried)?;
    if slices.merged {
        left_out.push("lines and addresses of frames that are one event".to_owned());
    }
    Ok(left_out)
}

fn samples(profile: &Profile, selection: &Selection) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for_each_selected(profile, selection, |sample| {
        if sample.metric == selection.metric {
            samples.push(*sample);
        }
        Ok(())
    })?;
    Ok(samples)
}

/// Nanoseconds on an axis that is no time: what is no time either gets microseconds, so that viewers show its numbers.
fn scale(metric: &Metric) -> i64 {
    if metric.unit == "ns" { 1 } else { 1000 }
}

/// What a viewer should show where the axis is no time.
fn label(metric: &Metric, has_times: bool) -> Option<String> {
    let scale = if scale(metric) == 1 { "" } else { ", 1 µs for each" };
    let (name, unit) = (&metric.name, &metric.unit);
    (!has_times).then(|| format!("not over time: the axis is cumulative {name} ({unit}{scale})"))
}

fn about(profile: &Profile, metric: &Metric, has_times: bool) -> serde_json::Value {
    let meta = &profile.meta;
    json!({
        "creator": meta.creator,
        "title": summary::title(meta),
        "quality": summary::quality(meta),
        "machine": summary::machine(&meta.host),
        "notes": meta.notes,
        "metric": metric.name,
        "unit": metric.unit,
        "axis": label(metric, has_times).unwrap_or_else(|| "time".to_owned()),
        "startTime": meta.start_wall,
    })
}
