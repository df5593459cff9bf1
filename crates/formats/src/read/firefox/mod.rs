//! Processed profiles of the Firefox Profiler, as samply, the profiler itself and we write them.
//!
//! The weight of a sample is one metric, the CPU time of its thread since the sample before is another. Times count
//! from the start of the recording.

mod document;
mod places;

use pyrometer_tables::schema::{Counter, Metric, Sample};

use self::document::{Document, Samples, Thread, WeightType};
pub(super) use self::document::{Id, Text};
use self::places::{Places, row};
use super::json::{Json, Shape};
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::{Error, Result};

pub(super) const FORMAT: Format =
    Format { name: "firefox", title: "Firefox Profiler, processed (samply)", recognise, read };

/// Nanoseconds of a millisecond.
pub(super) const MS: f64 = 1e6;

fn recognise(head: &Head<'_>) -> Likeness {
    let has = |words: &[u8]| head.contains(words);
    if !head.is_json() {
        Likeness::None
    } else if has(b"\"preprocessedProfileVersion\"") {
        Likeness::Mark
    } else {
        Likeness::shape(has(b"\"stackTable\"") && has(b"\"funcTable\""))
    }
}

struct AsDocument;

impl Shape for AsDocument {
    type Of<'a> = Document<'a>;
    const EXPECTED: &'static str = "a processed profile of the Firefox Profiler";

    fn is_of_use(part: &Document<'_>) -> bool {
        !part.threads.is_empty()
    }
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let mut text = Json::of(input)?;
    let document = text.parse::<AsDocument>(input, builder)?;
    builder.began((document.meta.start_time * MS) as i64);
    if let Some(product) = document.meta.product.as_deref().filter(|product| !product.is_empty()) {
        builder.meta.extra.insert("name".to_owned(), product.into());
    }
    // Tables of all threads are read once.
    let mut shared = None;
    for (at, thread) in document.threads.iter().enumerate() {
        if let Err(error) = read_thread(input, builder, &document, (at, thread), &mut shared) {
            builder.left_out(error)?;
        }
    }
    read_counters(input, builder, &document)?;
    note_what_is_left(builder, &document);
    Ok(())
}

fn read_thread(
    input: &Input<'_>,
    builder: &mut Builder,
    document: &Document<'_>,
    (at, thread): (usize, &Thread<'_>),
    shared: &mut Option<Vec<i32>>,
) -> Result<()> {
    let own;
    let stacks = match shared {
        Some(stacks) if thread.stack_table.is_none() => stacks,
        _ => {
            let stacks = Places::new(input, document, thread)?.read(input, builder)?;
            if thread.stack_table.is_some() {
                own = stacks;
                &own
            } else {
                shared.insert(stacks)
            }
        }
    };
    let pid = thread.pid.number().unwrap_or(0);
    let tid = thread.tid.number().unwrap_or(at as i32 + 1);
    let row = builder.task((pid, thread.process_name.as_deref().unwrap_or_default()), (tid, &thread.name));
    read_samples(input, builder, document, (row, &thread.samples, stacks))
}

fn read_samples(
    input: &Input<'_>,
    builder: &mut Builder,
    document: &Document<'_>,
    (thread, samples, stacks): (i32, &Samples, &[i32]),
) -> Result<()> {
    let length = samples.stack.len();
    let times = times(input, samples.time.as_deref(), samples.time_deltas.as_deref(), length)?;
    let last = times.iter().flatten().max().copied().unwrap_or(0);
    builder.recorded(0, last);
    let weights = column(input, samples.weight.as_deref(), length, "weights")?;
    let deltas = column(input, samples.cpu.as_deref(), length, "threadCPUDelta")?;
    let (name, unit, scale) = weighed(samples.weight_type);
    let metric = builder.metric(sampled(name, unit));
    let cpu = cpu_scale(document).zip(deltas.filter(|deltas| deltas.iter().any(|delta| *delta > Some(0.0))));
    let cpu = cpu.map(|(scale, deltas)| (builder.metric(sampled("cpu-time", "ns")), scale, deltas));
    for at in 0..length {
        let Some(stack) = samples.stack[at] else {
            builder.meta.quality.stackless += 1;
            continue;
        };
        let stack = *row(input, stacks, stack, "stacks")?;
        let weight = weights.map_or(1.0, |weights| weights[at]);
        let count = if unit == "count" { weight as i64 } else { 1 };
        let sample = Sample { stack, thread, time: times[at], cpu: None, metric, value: 0, count };
        builder.meta.quality.samples += count;
        builder.sample(Sample { value: (weight * scale).round() as i64, ..sample });
        if let Some((metric, scale, deltas)) = &cpu {
            let value = (deltas[at].unwrap_or(0.0) * scale).round() as i64;
            builder.sample(Sample { metric: *metric, value, ..sample });
        }
    }
    Ok(())
}

/// The metric of a type of weights, its unit, and how many of it a weight of 1 is.
fn weighed(weights: Option<WeightType>) -> (&'static str, &'static str, f64) {
    match weights {
        None | Some(WeightType::Samples) => ("samples", "count", 1.0),
        Some(WeightType::TracingMs) => ("wall-time", "ns", MS),
        Some(WeightType::Bytes) => ("bytes", "bytes", 1.0),
    }
}

/// Nanoseconds of a unit of CPU time; none where it is counted in cycles of no fixed length.
fn cpu_scale(document: &Document<'_>) -> Option<f64> {
    nanoseconds_of(&document.meta.sample_units.as_ref()?.cpu.0)
}

/// Nanoseconds of a unit of time.
pub(super) fn nanoseconds_of(unit: &str) -> Option<f64> {
    match unit {
        "ns" => Some(1.0),
        "µs" | "us" => Some(1e3),
        _ => None,
    }
}

pub(super) fn sampled(name: &str, unit: &str) -> Metric {
    let (name, unit, kind) = (name.to_owned(), unit.to_owned(), "sampled".to_owned());
    Metric { name, unit, kind, ..Metric::default() }
}

/// A column that may be missing, but not shorter or longer than the table.
fn column<'a, T>(
    input: &Input<'_>,
    column: Option<&'a [T]>,
    length: usize,
    what: &str,
) -> Result<Option<&'a [T]>> {
    match column {
        Some(cells) if cells.len() != length => Err(wrong_length(input, length, what, cells.len())),
        _ => Ok(column),
    }
}

fn wrong_length(input: &Input<'_>, length: usize, what: &str, found: usize) -> Error {
    input.misfit(&format!("{length} {what}"), &found.to_string())
}

/// The times of rows, in nanoseconds: given as they are, or as what is between them.
fn times(
    input: &Input<'_>,
    given: Option<&[Option<f64>]>,
    deltas: Option<&[f64]>,
    length: usize,
) -> Result<Vec<Option<i64>>> {
    let nanoseconds = |time: f64| (time * MS).round() as i64;
    if let Some(given) = column(input, given, length, "times")? {
        return Ok(given.iter().map(|time| time.map(nanoseconds)).collect());
    }
    let Some(deltas) = column(input, deltas, length, "timeDeltas")? else {
        return Ok(vec![None; length]);
    };
    let sums = deltas.iter().scan(0.0, |time, delta| {
        *time += delta;
        Some(Some(nanoseconds(*time)))
    });
    Ok(sums.collect())
}

fn read_counters(input: &Input<'_>, builder: &mut Builder, document: &Document<'_>) -> Result<()> {
    for counter in document.counters.iter().flatten() {
        let samples = &counter.samples;
        let length = samples.count.len();
        let times = times(input, samples.time.as_deref(), samples.time_deltas.as_deref(), length)?;
        let mut sum = 0.0;
        for (time, count) in times.into_iter().zip(&samples.count) {
            // Of memory the file has the changes.
            sum = if counter.category == "Memory" { sum + count } else { *count };
            let name = counter.name.clone().into_owned();
            builder.counter(Counter { name, time: time.unwrap_or(0), thread: None, value: sum });
        }
    }
    Ok(())
}

fn note_what_is_left(builder: &mut Builder, document: &Document<'_>) {
    let count = |of: fn(&Thread<'_>) -> u64| document.threads.iter().map(of).fold(0, u64::saturating_add);
    let markers = count(|thread| thread.markers.as_ref().map_or(0, |table| table.length));
    let allocations = count(|thread| {
        let tables = [&thread.native_allocations, &thread.js_allocations];
        tables.into_iter().flatten().map(|table| table.length).fold(0, u64::saturating_add)
    });
    let of_allocations = ("sample of allocations", "samples of allocations");
    for (count, (one, many)) in [(markers, ("marker", "markers")), (allocations, of_allocations)] {
        match count {
            0 => {}
            1 => builder.note(format!("1 {one} of the file was not read")),
            _ => builder.note(format!("{count} {many} of the file were not read")),
        }
    }
}
