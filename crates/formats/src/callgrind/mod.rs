//! Callgrind's files, as `callgrind_annotate` and KCachegrind read them: self costs by function, file, line and
//! address, and calls with their inclusive costs.
//!
//! Calls are those of the profile, and those of its stacks: a call counts in every sample that it is in, once even
//! where it recurs. A stack does not tell how often a function was called: the number of samples stands for it.

mod graph;
mod text;

use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::Tables;
use pyrometer_tables::select::Selection;

use crate::carried::Part;
use crate::code::one_line;
use crate::error::Result;
use crate::read::valgrind::{DERIVED, EVENTS, QUALITY, joined, unit_mark};
use crate::stack_sums::{StackSums, descriptions, event_names};
use crate::{LeftOut, summary};
use graph::Graph;
use text::Body;

const CARRIED: &[Part] =
    &[Part::Unit, Part::Exactness, Part::Lines, Part::Addresses, Part::Binaries, Part::Calls, Part::Command];

/// Writes all metrics of the selected samples; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let tables = profile.tables();
    let sums = StackSums::new(profile, selection, EVENTS)?;
    let narrowed = is_narrowed(selection);
    let graph = Graph::new(tables, &sums, !narrowed);
    head(profile, &mut out)?;
    events(profile, &sums, &mut out)?;
    writeln!(out, "summary: {}\n", joined(&graph.totals))?;
    Body::new(&graph).write(&mut out)?;
    writeln!(out, "\ntotals: {}", joined(&graph.totals))?;
    out.flush()?;
    let mut left_out = sums.left_out(profile, selection, CARRIED)?;
    let has_stacks = tables.stacks.iter().any(|stack| stack.parent.is_some());
    let parts = [
        (has_stacks, "whole stacks (calls are kept, counted in samples)"),
        (narrowed && !tables.calls.is_empty(), "calls, which are known of the whole run only"),
    ];
    left_out.extend(parts.iter().filter(|(there, _)| *there).map(|(_, what)| (*what).to_owned()));
    Ok(left_out)
}

/// Whether a part of the profile is selected, which cannot be told of calls without stacks.
fn is_narrowed(selection: &Selection) -> bool {
    let patterns =
        [&selection.focus, &selection.exclude, &selection.focus_binaries, &selection.exclude_binaries];
    let rows = selection.threads.len() + selection.processes.len();
    rows > 0 || selection.time.is_some() || patterns.iter().any(|patterns| !patterns.is_empty())
}

fn head(profile: &Profile, out: &mut impl Write) -> Result<()> {
    let Meta { creator, .. } = &profile.meta;
    writeln!(out, "# callgrind format\nversion: 1\ncreator: {}", one_line(creator))?;
    if let [process] = &profile.tables().processes[..] {
        writeln!(out, "pid: {}", process.pid)?;
    }
    writeln!(out, "cmd: {}\npart: 1\n", one_line(&summary::title(&profile.meta)))?;
    for description in descriptions(profile) {
        writeln!(out, "desc: {}", one_line(description))?;
    }
    Ok(writeln!(out, "desc: {}\n", quality(&profile.meta))?)
}

/// What was lost, as a description that readers do not take for one of Callgrind's.
fn quality(meta: &Meta) -> String {
    QUALITY.replace("samples: ", &summary::quality(meta))
}

/// The positions, and the names of the metrics with what they mean.
fn events(profile: &Profile, sums: &StackSums, out: &mut impl Write) -> Result<()> {
    let Tables { metrics, frames, .. } = profile.tables();
    let has_addresses = frames.iter().any(|frame| frame.address.is_some());
    writeln!(out, "positions: {}line", if has_addresses { "instr " } else { "" })?;
    let names = event_names(profile.tables(), &sums.metrics);
    for (name, metric) in names.iter().zip(&sums.metrics) {
        let metric = &metrics[*metric as usize];
        // A colon would end it.
        let meaning = one_line(&metric.description).replace(':', ",");
        writeln!(out, "event: {name} : {meaning}{}", unit_mark(&metric.unit))?;
    }
    let derived = profile.meta.extra.get(DERIVED).and_then(serde_json::Value::as_object);
    for (name, formula) in derived.into_iter().flatten() {
        if let Some(formula) = formula.as_str() {
            writeln!(out, "event: {} = {}", one_line(name), one_line(formula))?;
        }
    }
    Ok(writeln!(out, "events: {}", names.join(" "))?)
}
