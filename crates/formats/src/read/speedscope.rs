//! The JSON of speedscope: profiles of samples with weights, or of frames that open and close.
//!
//! A profile is a thread here, its unit a metric.

use std::borrow::Cow;
use std::sync::Arc;

use pyrometer_tables::schema::{Frame, Function, Metric, Sample};
use serde::Deserialize;

use super::json::{Json, Shape};
use super::urls::path_of;
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::{Error, Result};

pub(super) const FORMAT: Format = Format { name: "speedscope", title: "speedscope", recognise, read };

fn recognise(head: &Head<'_>) -> Likeness {
    let has = |words: &[u8]| head.contains(words);
    if !head.is_json() {
        Likeness::None
    } else if has(b"speedscope.app/file-format-schema") {
        Likeness::Mark
    } else {
        // The schema's name may stand behind all profiles.
        Likeness::shape(has(b"\"shared\"") && has(b"\"frames\"") && !has(b"preprocessedProfileVersion"))
    }
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    shared: Shared<'a>,
    #[serde(borrow)]
    profiles: Vec<Profile<'a>>,
    #[serde(default)]
    name: Option<Cow<'a, str>>,
    #[serde(default)]
    exporter: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Shared<'a> {
    #[serde(borrow)]
    frames: Vec<Place<'a>>,
}

#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default, borrow)]
    file: Option<Cow<'a, str>>,
    #[serde(default)]
    line: Option<f64>,
    #[serde(default)]
    col: Option<f64>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Profile<'a> {
    Sampled(#[serde(borrow)] Sampled<'a>),
    Evented(#[serde(borrow)] Evented<'a>),
}

#[derive(Deserialize)]
struct Sampled<'a> {
    #[serde(default, borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    unit: Cow<'a, str>,
    samples: Vec<Vec<u32>>,
    weights: Vec<f64>,
}

#[derive(Deserialize)]
struct Evented<'a> {
    #[serde(default, borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    unit: Cow<'a, str>,
    #[serde(rename = "endValue")]
    end_value: f64,
    events: Vec<Event>,
}

#[derive(Clone, Copy, Deserialize)]
struct Event {
    r#type: Kind,
    at: f64,
    frame: u32,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum Kind {
    #[serde(rename = "O")]
    Open,
    #[serde(rename = "C")]
    Close,
}

struct AsDocument;

impl Shape for AsDocument {
    type Of<'a> = Document<'a>;
    const EXPECTED: &'static str = "a speedscope profile";

    fn is_of_use(part: &Document<'_>) -> bool {
        !part.profiles.is_empty()
    }
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let mut text = Json::of(input)?;
    let document = text.parse::<AsDocument>(input, builder)?;
    let rows = document.shared.frames.iter().map(|place| frame(builder, place)).collect();
    let mut reader = Reader { input, builder, rows };
    for (at, profile) in document.profiles.iter().enumerate() {
        let read = match profile {
            Profile::Sampled(profile) => reader.sampled(at, profile),
            Profile::Evented(profile) => reader.evented(at, profile),
        };
        if let Err(error) = read {
            reader.builder.left_out(error)?;
        }
    }
    if let Some(name) = document.name.filter(|name| !name.is_empty()) {
        builder.meta.extra.insert("name".to_owned(), name.into_owned().into());
    }
    if let Some(exporter) = document.exporter {
        builder.meta.extra.insert("exporter".to_owned(), exporter.into_owned().into());
    }
    Ok(())
}

fn frame(builder: &mut Builder, place: &Place<'_>) -> i32 {
    let positive = |number: Option<f64>| number.filter(|number| *number >= 1.0).map(|number| number as i32);
    let file: Option<Arc<str>> =
        place.file.as_deref().filter(|file| !file.is_empty()).map(|url| path_of(url).into());
    let function =
        Function { name: place.name.clone().into_owned(), file: file.clone(), ..Function::default() };
    let function = Some(builder.function(function));
    let (line, column) = (positive(place.line), positive(place.col));
    builder.frame(Frame { function, file, line, column, kind: "native".into(), ..Frame::default() })
}

struct Reader<'a, 'i> {
    input: &'a Input<'i>,
    builder: &'a mut Builder,
    /// Rows of the shared frames.
    rows: Vec<i32>,
}

impl Reader<'_, '_> {
    fn malformed(&self, profile: usize, expected: &str, found: &str) -> Error {
        self.input.misfit(&format!("{expected} in profile {profile}"), found)
    }

    fn row(&self, profile: usize, frame: u32) -> Result<i32> {
        self.rows.get(frame as usize).copied().ok_or_else(|| {
            self.malformed(profile, &format!("one of {} frames", self.rows.len()), &frame.to_string())
        })
    }

    fn sampled(&mut self, at: usize, profile: &Sampled<'_>) -> Result<()> {
        let (samples, weights) = (profile.samples.len(), profile.weights.len());
        if samples != weights {
            return Err(self.malformed(at, &format!("{samples} weights"), &weights.to_string()));
        }
        let (thread, metric, scale) = self.begin(at, &profile.name, &profile.unit);
        let is_time = profile.unit.ends_with("seconds");
        for (frames, weight) in profile.samples.iter().zip(&profile.weights) {
            let mut node = None;
            for frame in frames {
                let row = self.row(at, *frame)?;
                node = Some(self.builder.stack(node, row));
            }
            let node = node.unwrap_or_else(|| self.nothing());
            // What is less than a nanosecond is no loss.
            let value = if is_time { fitting(*weight * scale) } else { self.builder.whole(*weight) };
            let value =
                value.ok_or_else(|| self.malformed(at, "a weight of less than 2^63", &weight.to_string()))?;
            self.builder.add(node, thread, metric, value, 1);
        }
        Ok(())
    }

    fn nothing(&mut self) -> i32 {
        let frame = self.builder.name("[no stack]", "unknown");
        self.builder.stack(None, frame)
    }

    /// Each stretch of time belongs to the stack that was open then.
    fn evented(&mut self, at: usize, profile: &Evented<'_>) -> Result<()> {
        let (thread, metric, scale) = self.begin(at, &profile.name, &profile.unit);
        let mut open: Vec<(u32, i32)> = Vec::new();
        let mut since = profile.events.first().map_or(0.0, |event| event.at);
        for event in &profile.events {
            if event.at < since {
                return Err(self.malformed(
                    at,
                    &format!("an event at {since} or later"),
                    &event.at.to_string(),
                ));
            }
            self.stretch(&open, thread, metric, (since, event.at), scale);
            since = event.at;
            match event.r#type {
                Kind::Open => {
                    let row = self.row(at, event.frame)?;
                    let node = self.builder.stack(open.last().map(|(_, node)| *node), row);
                    open.push((event.frame, node));
                }
                Kind::Close if open.last().is_some_and(|(frame, _)| *frame == event.frame) => {
                    open.pop();
                }
                Kind::Close => {
                    let expected = open.last().map_or("no frame to close".to_owned(), |(frame, _)| {
                        format!("frame {frame} to be closed")
                    });
                    return Err(self.malformed(at, &expected, &event.frame.to_string()));
                }
            }
        }
        self.stretch(&open, thread, metric, (since, profile.end_value), scale);
        Ok(())
    }

    fn stretch(&mut self, open: &[(u32, i32)], thread: i32, metric: i32, (from, to): (f64, f64), scale: f64) {
        let Some((_, stack)) = open.last() else { return };
        let value = scaled(to - from, scale);
        if value > 0 {
            // A sample stands for what was before it.
            let time = Some(scaled(to, scale)).filter(|_| scale != 1.0);
            self.builder.sample(Sample { stack: *stack, thread, time, cpu: None, metric, value, count: 1 });
        }
    }

    /// The rows of a profile's thread and metric, and what a value is multiplied by.
    fn begin(&mut self, at: usize, name: &str, unit: &str) -> (i32, i32, f64) {
        let (metric, scale) = metric(unit, name);
        let ids = ids(name).unwrap_or((0, at as i32 + 1));
        let thread = self.builder.task((ids.0, ""), (ids.1, name.split(" (pid ").next().unwrap_or(name)));
        (thread, self.builder.metric(metric), scale)
    }
}

/// Process and thread of `name (pid 12, tid 13): cpu-time`, as our own writer says it.
fn ids(name: &str) -> Option<(i32, i32)> {
    let (pid, rest) = name.split_once(" (pid ")?.1.split_once(", tid ")?;
    Some((pid.parse().ok()?, rest.split_once(')')?.0.parse().ok()?))
}

/// The next whole number, unless it has more than 63 bits.
fn fitting(value: f64) -> Option<i64> {
    let whole = value.round();
    (whole.abs() < i64::MAX as f64).then_some(whole as i64)
}

fn scaled(value: f64, scale: f64) -> i64 {
    (value * scale).round() as i64
}

/// The metric of a unit, and how many of ours one of it is.
fn metric(unit: &str, name: &str) -> (Metric, f64) {
    let (unit, scale) = match unit {
        "nanoseconds" => ("ns", 1.0),
        "microseconds" => ("ns", 1e3),
        "milliseconds" => ("ns", 1e6),
        "seconds" => ("ns", 1e9),
        "bytes" => ("bytes", 1.0),
        _ => ("count", 1.0),
    };
    let named = name.rsplit_once("): ").map(|(_, metric)| metric);
    let name = named.unwrap_or(match unit {
        "ns" => "time",
        "bytes" => "bytes",
        _ => "samples",
    });
    let metric =
        Metric { name: name.to_owned(), unit: unit.to_owned(), kind: "sampled".into(), ..Metric::default() };
    (metric, scale)
}
