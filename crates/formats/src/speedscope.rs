//! The JSON of speedscope: <https://www.speedscope.app/file-format-schema.json>.
//!
//! One sampled profile for each thread and metric, its weights in the metric's unit. Samples of
//! the same stack that follow each other are one, with their weights added.

use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::labels::{Grouping, Label, Labels};
use pyrometer_tables::schema::Tables;
use pyrometer_tables::select::{Selection, for_each_selected};
use rustc_hash::FxHashMap;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::LeftOut;
use crate::carried::{Part, left_out};
use crate::code::only_files;
use crate::error::Result;
use crate::stacked::Stacked;
use crate::summary;

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

/// Times are not kept, only the order of samples; a frame has the file and line of its function.
const CARRIED: &[Part] = &[Part::Metrics, Part::Unit, Part::Threads, Part::Command];

/// Writes all metrics of the selected samples; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let mut left_out = left_out(profile, selection, CARRIED)?;
    let profile = &*Stacked::of(profile, selection, Metrics::All)?;
    let tables = profile.tables();
    let labels = Labels::new(tables, &Grouping::default());
    let mut series = gather(profile, selection)?;
    left_out.extend(without_negative(&mut series));
    let profiles = series
        .iter()
        .map(|((thread, metric), series)| Sampled::new(tables, &labels, *thread, *metric, series));
    let lines_in = only_files(tables, labels.labels.len(), |row| Some(labels.of_frame[row] as usize));
    let meta = &profile.meta;
    let document = Document {
        schema: SCHEMA,
        exporter: meta.creator.clone(),
        name: format!("{} ({})", summary::title(meta), summary::quality(meta)),
        active_profile_index: heaviest(&series),
        shared: Shared { frames: labels.labels.iter().zip(lines_in).map(Frame::of).collect() },
        profiles: profiles.collect(),
    };
    serde_json::to_writer(&mut out, &document)?;
    out.flush()?;
    Ok(left_out)
}

/// The samples of a thread and metric: stacks and weights.
type Series = Vec<(i32, i64)>;
/// By thread and metric.
type AllSeries = Vec<((i32, i32), Series)>;

/// Takes out what speedscope refuses a file for; what is said of it.
fn without_negative(all: &mut AllSeries) -> Option<String> {
    let samples = |all: &AllSeries| all.iter().map(|(_, series)| series.len()).sum::<usize>();
    let before = samples(all);
    all.iter_mut().for_each(|(_, series)| series.retain(|(_, weight)| *weight >= 0));
    let negative = before - samples(all);
    (negative > 0).then(|| format!("{negative} stacks with negative values"))
}

/// In the order of the tables.
fn gather(profile: &Profile, selection: &Selection) -> Result<AllSeries> {
    let mut series: FxHashMap<(i32, i32), Series> = FxHashMap::default();
    for_each_selected(profile, selection, |sample| {
        let series = series.entry((sample.thread, sample.metric)).or_default();
        match series.last_mut() {
            Some((stack, weight)) if *stack == sample.stack => {
                *weight = weight.saturating_add(sample.value);
            }
            _ => series.push((sample.stack, sample.value)),
        }
        Ok(())
    })?;
    let mut series: Vec<_> = series.into_iter().collect();
    series.sort_unstable_by_key(|(key, _)| *key);
    Ok(series)
}

/// The profile to be shown first.
fn heaviest(series: &[((i32, i32), Series)]) -> Option<usize> {
    let length = |index: &usize| (series[*index].1.len(), std::cmp::Reverse(*index));
    (0..series.len()).max_by_key(length)
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: String,
    name: String,
    #[serde(rename = "activeProfileIndex", skip_serializing_if = "Option::is_none")]
    active_profile_index: Option<usize>,
    shared: Shared<'a>,
    profiles: Vec<Sampled<'a>>,
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Frame<'a>>,
}

#[derive(Serialize)]
struct Frame<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<i32>,
}

impl<'a> Frame<'a> {
    fn of((label, lines_in): (&'a Label, Option<&'a str>)) -> Self {
        // Without debug info the binary is the best place known.
        let binary = Some(label.binary.as_str()).filter(|path| !path.is_empty());
        Self { name: &label.name, file: label.file.as_deref().or(lines_in).or(binary), line: label.line }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sampled<'a> {
    r#type: &'static str,
    name: String,
    unit: &'static str,
    start_value: i64,
    end_value: i64,
    samples: Stacks<'a>,
    #[serde(serialize_with = "weights")]
    weights: &'a Series,
}

impl<'a> Sampled<'a> {
    fn new(tables: &'a Tables, labels: &'a Labels, thread: i32, metric: i32, series: &'a Series) -> Self {
        let thread = &tables.threads[thread as usize];
        let pid = tables.processes[thread.process as usize].pid;
        let metric = &tables.metrics[metric as usize];
        let sum = |sum: i64, sample: &(i32, i64)| sum.saturating_add(sample.1);
        Self {
            r#type: "sampled",
            name: format!("{} (pid {pid}, tid {}): {}", thread.name, thread.tid, metric.name),
            unit: unit(&metric.unit),
            start_value: 0,
            end_value: series.iter().fold(0, sum),
            samples: Stacks { tables, labels, series },
            weights: series,
        }
    }
}

fn unit(unit: &str) -> &'static str {
    match unit {
        "ns" => "nanoseconds",
        "bytes" => "bytes",
        _ => "none",
    }
}

fn weights<S: Serializer>(series: &Series, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_seq(series.iter().map(|(_, weight)| weight))
}

/// Paths of frames from the root, made one at a time: all of them at once would be huge.
struct Stacks<'a> {
    tables: &'a Tables,
    labels: &'a Labels,
    series: &'a Series,
}

impl Serialize for Stacks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut stacks = serializer.serialize_seq(Some(self.series.len()))?;
        let mut path = Vec::new();
        for (stack, _) in self.series {
            path.clear();
            let mut node = Some(*stack);
            while let Some(row) = node {
                let stack = &self.tables.stacks[row as usize];
                path.push(self.labels.of_frame[stack.frame as usize]);
                node = stack.parent;
            }
            path.reverse();
            stacks.serialize_element(&path)?;
        }
        stacks.end()
    }
}
