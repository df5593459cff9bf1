//! The format of pprof: `profile.proto`, packed by gzip.
//!
//! Constraints:
//! - a location is an address with all functions inlined there;
//! - each metric gives two values: how many samples, and their sum;
//! - samples of the same stack and thread are one.

pub mod message;
mod places;
mod texts;

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use prost::Message;
use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::schema::{Binary, Metric, Tables};
use pyrometer_tables::select::{Selection, for_each_selected};
use rustc_hash::FxHashMap;

use crate::LeftOut;
use crate::carried::{EXACT, Part, left_out};
use crate::error::Result;
use crate::stacked::Stacked;
use crate::summary;
use message::{Label, Sample, ValueType};
use places::Places;
use texts::Texts;

const CARRIED: &[Part] = &[
    Part::Metrics,
    Part::Unit,
    Part::Exactness,
    Part::Threads,
    Part::Counts,
    Part::Lines,
    Part::Columns,
    Part::Addresses,
    Part::Binaries,
    Part::Inlining,
    Part::Command,
    Part::Machine,
    Part::Notes,
];

/// The bytes of a process's name that the kernel keeps.
const COMM: usize = 15;

/// Writes all metrics of the selected samples; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, out: impl Write) -> Result<LeftOut> {
    let left_out = left_out(profile, selection, CARRIED)?;
    let bytes = convert(profile, selection)?.encode_to_vec();
    let mut gzip = GzEncoder::new(out, Compression::default());
    gzip.write_all(&bytes)?;
    gzip.finish()?.flush()?;
    Ok(left_out)
}

/// The message that [`write`] writes.
///
/// # Errors
/// Those of the profile.
pub fn convert(profile: &Profile, selection: &Selection) -> Result<message::Profile> {
    let profile = &*Stacked::of(profile, selection, Metrics::All)?;
    let tables = profile.tables();
    let meta = &profile.meta;
    let mut texts = Texts::default();
    let mut places = Places::new(tables, &mut texts);
    let samples = gather(profile, selection)?;
    let sample = samples
        .into_iter()
        .map(|((stack, thread), value)| Sample {
            location_id: places.of_stack(stack),
            value,
            label: labels(tables, thread, &mut texts),
        })
        .collect();
    let sample_type: Vec<_> = tables.metrics.iter().flat_map(|m| value_types(m, &mut texts)).collect();
    let shown = selection.metric as usize;
    Ok(message::Profile {
        sample,
        period_type: sample_type.get(shown * 2 + 1).copied(),
        period: tables.metrics.get(shown).map_or(0, |metric| metric.period),
        default_sample_type: sample_type.get(shown * 2 + 1).map_or(0, |shown| shown.r#type),
        sample_type,
        mapping: main_first(profile, places.mappings),
        location: places.locations,
        function: places.functions,
        time_nanos: meta.start_wall,
        duration_nanos: meta.duration,
        comment: comments(profile, &mut texts),
        string_table: texts.into_table(),
        ..message::Profile::default()
    })
}

/// The program's own binary comes first, for that is what readers take the first one for.
fn main_first(profile: &Profile, mut mappings: Vec<message::Mapping>) -> Vec<message::Mapping> {
    let tables = profile.tables();
    let command = profile.meta.command.join(" ");
    let process = tables.processes.first().map_or("", |process| process.name.as_str());
    let find =
        |is_main: &dyn Fn(&str) -> bool| tables.binaries.iter().position(|binary| is_main(file_name(binary)));
    let main = find(&|name| is_program_of(&command, name)).or_else(|| find(&|name| is_comm(process, name)));
    if let Some(at) = main {
        mappings[..=at].rotate_right(1);
    }
    mappings
}

fn file_name(binary: &Binary) -> &str {
    Path::new(&binary.path).file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Whether a command begins with a program of this name, which other tools may write with spaces and without quotes.
fn is_program_of(command: &str, name: &str) -> bool {
    let mut found = command.match_indices(name).filter(|_| !name.is_empty());
    found.any(|(at, _)| {
        let (before, after) = (&command[..at], &command[at + name.len()..]);
        (before.is_empty() || before.ends_with('/'))
            && (after.is_empty() || after.starts_with(' '))
            && !before.contains(' ')
    })
}

/// Whether a process is called by this name, of which the kernel keeps 15 bytes.
fn is_comm(process: &str, name: &str) -> bool {
    !process.is_empty() && (process == name || process.len() == COMM && name.starts_with(process))
}

/// A stack and a thread, and two values for each metric.
type Sums = ((i32, i32), Vec<i64>);

/// Sums by stack and thread, in the order of the tables.
fn gather(profile: &Profile, selection: &Selection) -> Result<Vec<Sums>> {
    let values = profile.tables().metrics.len() * 2;
    let mut sums: FxHashMap<(i32, i32), Vec<i64>> = FxHashMap::default();
    for_each_selected(profile, selection, |sample| {
        let key = (sample.stack, sample.thread);
        let sums = sums.entry(key).or_insert_with(|| vec![0; values]);
        let first = sample.metric as usize * 2;
        sums[first] = sums[first].saturating_add(sample.count);
        sums[first + 1] = sums[first + 1].saturating_add(sample.value);
        Ok(())
    })?;
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(key, _)| *key);
    Ok(sums)
}

fn value_types(metric: &Metric, texts: &mut Texts) -> [ValueType; 2] {
    let unit = match metric.unit.as_str() {
        "ns" => "nanoseconds",
        unit => unit,
    };
    let observations = format!("{} samples", metric.name);
    [
        ValueType { r#type: texts.index(&observations), unit: texts.index("count") },
        ValueType { r#type: texts.index(&metric.name), unit: texts.index(unit) },
    ]
}

fn labels(tables: &Tables, thread: i32, texts: &mut Texts) -> Vec<Label> {
    let thread = &tables.threads[thread as usize];
    let process = &tables.processes[thread.process as usize];
    vec![
        text_label("thread", &thread.name, texts),
        number_label("tid", thread.tid, texts),
        text_label("process", &process.name, texts),
        number_label("pid", process.pid, texts),
    ]
}

fn text_label(key: &str, text: &str, texts: &mut Texts) -> Label {
    Label { key: texts.index(key), str: texts.index(text), num: 0 }
}

fn number_label(key: &str, number: i32, texts: &mut Texts) -> Label {
    Label { key: texts.index(key), str: 0, num: number.into() }
}

/// How the comment begins that names metrics which are no samples: values have a type and a unit only.
pub(crate) const EXACT_METRICS: &str = "exact: ";

fn exact(tables: &Tables) -> Option<String> {
    let exact = tables.metrics.iter().filter(|metric| metric.kind == EXACT);
    let names: Vec<_> = exact.map(|metric| metric.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("{EXACT_METRICS}{}", names.join(", ")))
}

fn comments(profile: &Profile, texts: &mut Texts) -> Vec<i64> {
    let meta = &profile.meta;
    let lines = [summary::title(meta), summary::quality(meta), meta.creator.clone()];
    let machine = summary::machine(&meta.host).map(|machine| format!("machine: {machine}"));
    let exact = exact(profile.tables());
    let lines = lines.iter().chain(&machine).chain(&exact).chain(&meta.notes);
    lines.map(|line| texts.index(line)).collect()
}
