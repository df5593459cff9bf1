//! Several profiles as one: runs of a program for a comparison, or what several instruments measured of it.
//!
//! What they have in common (metrics, binaries, functions, frames, stacks) is one row; processes and threads stay apart.

mod about;

use std::cmp::{max, min};
use std::hash::Hash;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::error::{Error, Result};
use crate::file::Attachments;
use crate::meta::Meta;
use crate::profile::Profile;
use crate::schema::{
    Binary, Call, Counter, Event, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread,
};

/// One profile of all, in memory. Recordings that overlapped in time stay so; others begin together.
///
/// # Errors
/// [`Error::Selection`] if a metric is sampled in one of them and exact in another; those of reading samples.
pub fn joined(profiles: &[&Profile]) -> Result<Profile> {
    let mut join = Join::default();
    for profile in profiles {
        join.add(profile)?;
    }
    let mut meta = about::of_all(profiles);
    (meta.start, meta.duration) = join.span;
    let attachments = Attachments::of_all(profiles.iter().map(|profile| profile.attachments()));
    Profile::from_parts(meta, join.tables, join.samples).map(|profile| profile.carrying(attachments))
}

/// Rows that are alike are one.
#[derive(Default)]
struct Distinct<T>(FxHashMap<T, i32>);

impl<T: Clone + Eq + Hash> Distinct<T> {
    fn row(&mut self, rows: &mut Vec<T>, row: T) -> i32 {
        *self.0.entry(row).or_insert_with_key(|row| push(rows, row.clone()))
    }
}

type FunctionKey = (String, String, Option<i32>, Option<Arc<str>>, Option<i32>);

#[derive(Default)]
struct Join {
    tables: Tables,
    samples: Vec<Sample>,
    functions: FxHashMap<FunctionKey, i32>,
    frames: Distinct<Frame>,
    stacks: Distinct<Stack>,
    calls: FxHashMap<(i32, i32, Option<i32>, i32), usize>,
    /// Start and duration of all up to now, and the boot that the first one's times are of.
    span: (i64, i64),
    boot: Option<String>,
}

/// Rows of a profile in the joined one.
struct Rows {
    metrics: Vec<i32>,
    threads: Vec<i32>,
    functions: Vec<i32>,
    stacks: Vec<i32>,
    /// What is added to its times.
    shift: i64,
}

impl Join {
    fn add(&mut self, profile: &Profile) -> Result<()> {
        let tables = profile.tables();
        let shift = self.shift(&profile.meta);
        let metrics = tables.metrics.iter().map(|metric| self.metric(metric)).collect::<Result<_>>()?;
        let threads = self.threads(tables, shift);
        let binaries: Vec<_> = tables.binaries.iter().map(|binary| self.binary(binary)).collect();
        let functions: Vec<_> =
            tables.functions.iter().map(|function| self.function(function, &binaries)).collect();
        let frames: Vec<_> =
            tables.frames.iter().map(|frame| self.frame(frame, &functions, &binaries)).collect();
        let stacks = self.stacks(&tables.stacks, &frames);
        let rows = Rows { metrics, threads, functions, stacks, shift };
        self.add_calls(&tables.calls, &rows);
        self.add_counters(&tables.counters, &rows);
        self.add_events(&tables.events, &rows);
        self.tables.experiments.extend_from_slice(&tables.experiments);
        self.add_samples(profile, &rows)
    }

    /// What is to be added to the times of a profile, which takes its place in the span of all.
    fn shift(&mut self, meta: &Meta) -> i64 {
        let (start, end) = (meta.start, meta.start.saturating_add(meta.duration));
        let Some(boot) = &self.boot else {
            self.boot = Some(meta.host.boot_id.clone());
            self.span = (start, meta.duration);
            return 0;
        };
        let (first, duration) = self.span;
        let last = first.saturating_add(duration);
        if !boot.is_empty() && *boot == meta.host.boot_id && start < last && first < end {
            let first = min(first, start);
            self.span = (first, max(last, end).saturating_sub(first));
            return 0;
        }
        self.span.1 = max(duration, meta.duration);
        first.saturating_sub(start)
    }

    fn metric(&mut self, metric: &Metric) -> Result<i32> {
        let metrics = &mut self.tables.metrics;
        let known = metrics.iter().position(|row| row.name == metric.name && row.unit == metric.unit);
        let Some(row) = known else { return Ok(push(metrics, metric.clone())) };
        let known = &mut metrics[row];
        if known.kind != metric.kind {
            let what =
                format!("{} is {} in one profile and {} in another", metric.name, known.kind, metric.kind);
            return Err(Error::Selection { what });
        }
        if known.period != metric.period {
            known.period = 0;
        }
        known.time_enabled = sum(known.time_enabled, metric.time_enabled);
        known.time_running = sum(known.time_running, metric.time_running);
        Ok(row as i32)
    }

    fn threads(&mut self, tables: &Tables, shift: i64) -> Vec<i32> {
        let first = self.tables.processes.len() as i32;
        let moved = |process: &Process| Process {
            parent: process.parent.map(|row| row + first),
            start: process.start.saturating_add(shift),
            end: process.end.map(|end| end.saturating_add(shift)),
            ..process.clone()
        };
        self.tables.processes.extend(tables.processes.iter().map(moved));
        let threads = tables.threads.iter().map(|thread| Thread {
            process: thread.process + first,
            start: thread.start.saturating_add(shift),
            end: thread.end.map(|end| end.saturating_add(shift)),
            ..thread.clone()
        });
        threads.map(|thread| push(&mut self.tables.threads, thread)).collect()
    }

    fn binary(&mut self, binary: &Binary) -> i32 {
        let binaries = &mut self.tables.binaries;
        let alike = |row: &Binary| row.path == binary.path && row.build_id == binary.build_id;
        let Some(row) = binaries.iter().position(alike) else { return push(binaries, binary.clone()) };
        let known = &mut binaries[row];
        if known.symbols_from.is_empty() {
            known.symbols_from.clone_from(&binary.symbols_from);
        }
        // What one of them could not find is missing from its part.
        known.missing = known.missing.take().or_else(|| binary.missing.clone());
        row as i32
    }

    fn function(&mut self, function: &Function, binaries: &[i32]) -> i32 {
        let binary = function.binary.map(|row| binaries[row as usize]);
        let function = Function { binary, ..function.clone() };
        let key = (
            function.name.clone(),
            function.linkage_name.clone(),
            function.binary,
            function.file.clone(),
            function.line,
        );
        let rows = &mut self.tables.functions;
        *self.functions.entry(key).or_insert_with(|| push(rows, function))
    }

    fn frame(&mut self, frame: &Frame, functions: &[i32], binaries: &[i32]) -> i32 {
        let function = frame.function.map(|row| functions[row as usize]);
        let binary = frame.binary.map(|row| binaries[row as usize]);
        self.frames.row(&mut self.tables.frames, Frame { function, binary, ..frame.clone() })
    }

    fn stacks(&mut self, stacks: &[Stack], frames: &[i32]) -> Vec<i32> {
        let mut rows: Vec<i32> = Vec::with_capacity(stacks.len());
        for stack in stacks {
            let parent = stack.parent.map(|row| rows[row as usize]);
            let joined = Stack { parent, frame: frames[stack.frame as usize] };
            rows.push(self.stacks.row(&mut self.tables.stacks, joined));
        }
        rows
    }

    fn add_calls(&mut self, calls: &[Call], rows: &Rows) {
        for call in calls {
            let [caller, callee] = [call.caller, call.callee].map(|row| rows.functions[row as usize]);
            let metric = rows.metrics[call.metric as usize];
            let all = &mut self.tables.calls;
            let at = *self.calls.entry((caller, callee, call.line, metric)).or_insert_with(|| {
                all.push(Call { caller, callee, line: call.line, metric, ..Call::default() });
                all.len() - 1
            });
            let known = &mut all[at];
            known.count = known.count.saturating_add(call.count);
            known.inclusive = known.inclusive.saturating_add(call.inclusive);
        }
    }

    fn add_counters(&mut self, counters: &[Counter], rows: &Rows) {
        self.tables.counters.extend(counters.iter().map(|point| Counter {
            time: point.time.saturating_add(rows.shift),
            thread: point.thread.map(|row| rows.threads[row as usize]),
            ..point.clone()
        }));
    }

    fn add_events(&mut self, events: &[Event], rows: &Rows) {
        self.tables.events.extend(events.iter().map(|event| Event {
            time: event.time.saturating_add(rows.shift),
            thread: event.thread.map(|row| rows.threads[row as usize]),
            stack: event.stack.map(|row| rows.stacks[row as usize]),
            ..event.clone()
        }));
    }

    fn add_samples(&mut self, profile: &Profile, rows: &Rows) -> Result<()> {
        let samples = &mut self.samples;
        profile.for_each_batch(|batch| {
            samples.extend(batch.iter().map(|sample| Sample {
                stack: rows.stacks[sample.stack as usize],
                thread: rows.threads[sample.thread as usize],
                metric: rows.metrics[sample.metric as usize],
                time: sample.time.map(|time| time.saturating_add(rows.shift)),
                ..*sample
            }));
            Ok(())
        })
    }
}

fn push<T>(rows: &mut Vec<T>, row: T) -> i32 {
    rows.push(row);
    (rows.len() - 1) as i32
}

fn sum(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    Some(one?.saturating_add(other?))
}
