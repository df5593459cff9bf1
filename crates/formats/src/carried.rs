//! What a profile has that a format may have no place for.
//!
//! A writer names the parts that its format carries; what else the selected samples have is left out, and said.

use pyrometer_tables::Profile;
use pyrometer_tables::meta::Host;
use pyrometer_tables::schema::{Frame, Sample, Tables};
use pyrometer_tables::select::{Selection, for_each_selected};

use crate::LeftOut;
use crate::error::Result;

/// A part of a profile. Names and values are no parts: every format has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// More metrics than the selected one.
    Metrics,
    /// The metric's unit.
    Unit,
    /// Whether values are exact counts, not samples.
    Exactness,
    /// Which thread a sample is of.
    Threads,
    /// When a sample was taken.
    Times,
    /// Where a sample was taken.
    Cpus,
    /// How many observations a value is of.
    Counts,
    /// Files and lines of frames.
    Lines,
    /// Columns of frames.
    Columns,
    /// Addresses of frames.
    Addresses,
    /// Binaries of frames.
    Binaries,
    /// Which frames are inlined.
    Inlining,
    /// Calls that have no stacks.
    Calls,
    /// Table `counters`.
    TimeSeries,
    /// Table `events`.
    Events,
    /// Table `experiments`.
    Experiments,
    /// What was profiled.
    Command,
    /// Where.
    Machine,
    /// What the user should read.
    Notes,
}

/// The kind of a metric that is not made of samples: how many rows it came in says nothing.
pub(crate) const EXACT: &str = "exact";

const PARTS: [Part; 19] = [
    Part::Metrics,
    Part::Unit,
    Part::Exactness,
    Part::Threads,
    Part::Times,
    Part::Cpus,
    Part::Counts,
    Part::Lines,
    Part::Columns,
    Part::Addresses,
    Part::Binaries,
    Part::Inlining,
    Part::Calls,
    Part::TimeSeries,
    Part::Events,
    Part::Experiments,
    Part::Command,
    Part::Machine,
    Part::Notes,
];

/// What the selected samples have beyond the parts that are carried, a phrase each.
pub(crate) fn left_out(profile: &Profile, selection: &Selection, carried: &[Part]) -> Result<LeftOut> {
    let facts = Facts::of(profile, selection, carried.contains(&Part::Metrics))?;
    let lost = PARTS.iter().filter(|part| !carried.contains(part));
    Ok(lost.filter_map(|part| facts.phrase(*part, profile, selection)).collect())
}

/// What is known after looking at every sample once.
#[derive(Debug)]
struct Facts<'a> {
    /// For each row of `metrics`, whether it has samples.
    metrics: Vec<bool>,
    thread: Option<i32>,
    exact: bool,
    threads: bool,
    times: bool,
    cpus: bool,
    counts: bool,
    /// The frames of the samples' stacks.
    frames: Vec<&'a Frame>,
}

impl<'a> Facts<'a> {
    fn of(profile: &'a Profile, selection: &Selection, all_metrics: bool) -> Result<Self> {
        let tables = profile.tables();
        let metrics = vec![false; tables.metrics.len()];
        let (thread, frames) = Default::default();
        let mut facts = Self {
            metrics,
            thread,
            exact: false,
            threads: false,
            times: false,
            cpus: false,
            counts: false,
            frames,
        };
        let mut stacks = vec![false; tables.stacks.len()];
        for_each_selected(profile, selection, |sample| {
            facts.metrics[sample.metric as usize] = true;
            if all_metrics || sample.metric == selection.metric {
                facts.look_at(sample, tables.metrics[sample.metric as usize].kind == EXACT);
                stacks[sample.stack as usize] = true;
            }
            Ok(())
        })?;
        facts.frames = frames_of(tables, stacks);
        Ok(facts)
    }

    fn look_at(&mut self, sample: &Sample, is_exact: bool) {
        self.exact |= is_exact;
        self.threads |= self.thread.is_some_and(|thread| thread != sample.thread);
        self.thread = Some(sample.thread);
        self.times |= sample.time.is_some();
        self.cpus |= sample.cpu.is_some();
        self.counts |= !is_exact && sample.count != sample.value;
    }

    /// What is lost without this part, if the profile has it.
    fn phrase(&self, part: Part, profile: &Profile, selection: &Selection) -> Option<String> {
        let tables = profile.tables();
        let has = |has: fn(&Frame) -> bool| self.frames.iter().any(|frame| has(frame));
        let (there, phrase) = match part {
            Part::Metrics => return self.other_metrics(tables, selection),
            Part::Unit => return unit(tables, selection),
            Part::Exactness => (self.exact, "that values are exact, not sampled"),
            Part::Threads => (self.threads, "threads (added up)"),
            Part::Times => (self.times, "times of samples"),
            Part::Cpus => (self.cpus, "CPUs of samples"),
            Part::Counts => (self.counts, "numbers of samples (their values are kept)"),
            Part::Lines => (has(|frame| frame.line.is_some()), "lines of code"),
            Part::Columns => (has(|frame| frame.column.is_some()), "columns of code"),
            Part::Addresses => (has(|frame| frame.address.is_some()), "addresses"),
            Part::Binaries => (has(|frame| frame.binary.is_some()), "binaries"),
            Part::Inlining => (has(|frame| frame.inlined), "which calls are inlined"),
            Part::Calls => (!tables.calls.is_empty(), "calls (stacks are estimated from them)"),
            Part::TimeSeries => (!tables.counters.is_empty(), "time series"),
            Part::Events => (!tables.events.is_empty(), "events"),
            Part::Experiments => (!tables.experiments.is_empty(), "experiments"),
            Part::Command => (!profile.meta.command.is_empty(), "the command"),
            Part::Machine => (profile.meta.host != Host::default(), "the machine"),
            Part::Notes => (!profile.meta.notes.is_empty(), "notes"),
        };
        there.then(|| phrase.to_owned())
    }

    fn other_metrics(&self, tables: &Tables, selection: &Selection) -> Option<String> {
        let others = (0..).zip(tables.metrics.iter().zip(&self.metrics));
        let others = others.filter(|(row, (_, used))| **used && *row != selection.metric);
        let names: Vec<_> = others.map(|(_, (metric, _))| metric.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("metrics ({})", names.join(", ")))
    }
}

fn unit(tables: &Tables, selection: &Selection) -> Option<String> {
    let unit = tables.metrics.get(selection.metric as usize).map_or("", |metric| metric.unit.as_str());
    (!["", "count"].contains(&unit)).then(|| format!("the unit ({unit})"))
}

/// The frames of these stacks and of their callers.
fn frames_of(tables: &Tables, mut stacks: Vec<bool>) -> Vec<&Frame> {
    let mut frames = vec![false; tables.frames.len()];
    for (row, stack) in tables.stacks.iter().enumerate().rev() {
        if stacks[row] {
            frames[stack.frame as usize] = true;
            if let Some(parent) = stack.parent {
                stacks[parent as usize] = true;
            }
        }
    }
    tables.frames.iter().zip(frames).filter(|(_, used)| *used).map(|(frame, _)| frame).collect()
}
