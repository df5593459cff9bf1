//! Traces of Chrome, Node.js, Perfetto's JSON and ours: the "Trace Event Format", as an object and as an array, which may
//! lack its end.
//!
//! What runs on a thread (`X`, `B` and `E`) are stacks along time: what lies within another event was called by it, and
//! time belongs to the innermost. Samples are those of V8 (`Profile`, `ProfileChunk`; a metric of their own), of `P` events, and of the array
//! `samples` with `stackFrames`. Counters are time series, instants are events. Asynchronous events, flows and objects
//! have no stack: they are counted in a note.

mod event;
mod sampled;
mod slices;
mod threads;

use std::borrow::Cow;

use pyrometer_tables::schema::{Counter, Event as Happening};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use self::event::Event;
use self::sampled::{Places, StackFrame};
use self::slices::Slices;
use self::threads::Threads;
use super::json::{Json, Shape};
use super::v8::{CpuProfile, Run};
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::Result;

pub(super) const FORMAT: Format =
    Format { name: "chrome", title: "Chrome trace (also of Node.js and Perfetto, JSON)", recognise, read };

fn recognise(head: &Head<'_>) -> Likeness {
    let has = |words: &[u8]| head.contains(words);
    if !head.is_json() {
        Likeness::None
    } else if has(b"\"traceEvents\"") {
        Likeness::Mark
    } else {
        let is_event = has(b"\"ph\"") && has(b"\"pid\"");
        Likeness::mark(is_event && (has(b"\"ts\"") || has(b"\"tid\"")))
    }
}

/// The metric of V8's samples: events of the same thread take the same time.
const V8_TIME: &str = "v8-time";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(borrow)]
    trace_events: Vec<Event<'a>>,
    #[serde(borrow, default)]
    stack_frames: FxHashMap<Cow<'a, str>, StackFrame<'a>>,
    #[serde(borrow, default)]
    samples: Vec<Event<'a>>,
    #[serde(default)]
    other_data: Option<Value>,
}

struct AsObject;

impl Shape for AsObject {
    type Of<'a> = Document<'a>;
    const EXPECTED: &'static str = "an object with `traceEvents`";

    fn is_of_use(part: &Document<'_>) -> bool {
        !part.trace_events.is_empty()
    }
}

struct AsArray;

impl Shape for AsArray {
    type Of<'a> = Vec<Event<'a>>;
    const EXPECTED: &'static str = "an array of trace events";

    fn is_of_use(part: &Vec<Event<'_>>) -> bool {
        !part.is_empty()
    }
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let mut text = Json::of(input)?;
    let is_array = text.bytes().trim_ascii_start().first() == Some(&b'[');
    let document = if is_array {
        // It may end anywhere after an event, for it is written while the program runs.
        text.close_list();
        let trace_events = text.parse::<AsArray>(input, builder)?;
        Document { trace_events, stack_frames: FxHashMap::default(), samples: Vec::new(), other_data: None }
    } else {
        text.parse::<AsObject>(input, builder)?
    };
    let mut reader = Reader {
        input,
        builder,
        threads: Threads::of(&document.trace_events),
        places: Places::new(&document.stack_frames),
        slices: Slices::default(),
        runs: FxHashMap::default(),
        skipped: 0,
    };
    for event in document.trace_events.iter().chain(&document.samples) {
        if let Err(error) = reader.event(event) {
            reader.builder.left_out(error)?;
        }
    }
    reader.finish()?;
    if let Some(Value::Object(about)) = document.other_data {
        builder.meta.extra.insert("trace".to_owned(), Value::Object(about));
    }
    Ok(())
}

struct Reader<'a, 'i, 'd> {
    input: &'a Input<'i>,
    builder: &'a mut Builder,
    threads: Threads,
    places: Places<'d>,
    slices: Slices<'d>,
    /// Runs of V8's sampler, by process and id.
    runs: FxHashMap<(Option<String>, Option<String>), Run>,
    /// Events that have no place in a profile.
    skipped: u64,
}

/// Arguments of V8's events.
#[derive(Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    #[serde(default)]
    start_time: Option<f64>,
    #[serde(default)]
    end_time: Option<f64>,
    #[serde(borrow, default)]
    cpu_profile: Option<CpuProfile<'a>>,
    #[serde(default)]
    time_deltas: Vec<f64>,
}

impl<'d> Reader<'_, '_, 'd> {
    fn event(&mut self, event: &'d Event<'d>) -> Result<()> {
        match (&*event.ph, &*event.name) {
            ("M", _) => {}
            ("P" | "I", "Profile" | "ProfileChunk" | "CpuProfile") => self.v8(event)?,
            ("P", _) | ("", _) => self.sample(event)?,
            ("X" | "B" | "E", _) => self.slice(event)?,
            ("C", _) => self.counter(event)?,
            ("i" | "I" | "R", _) => self.instant(event)?,
            _ => self.skipped += 1,
        }
        Ok(())
    }

    fn v8(&mut self, event: &Event<'_>) -> Result<()> {
        let Some(Arguments { data }) = event.arguments() else {
            return Err(self.input.misfit("`args.data` of a part of V8's profile", &event.name));
        };
        let key = (event.pid.as_ref().map(event::Id::text), event.id.as_ref().map(event::Id::text));
        let start = data.start_time.or(event.ts).unwrap_or(0.0);
        let (threads, builder) = (&mut self.threads, &mut *self.builder);
        // Parts may be sent by a thread that is not the sampled one.
        let run =
            self.runs.entry(key).or_insert_with(|| Run::new(threads.row(builder, event), V8_TIME, start));
        if let Some(mut part) = data.cpu_profile {
            if part.time_deltas.is_empty() {
                part.time_deltas = data.time_deltas;
            }
            run.add(self.input, self.builder, &part)?;
            if part.end_time.is_some() {
                run.finish(self.builder, part.end_time);
            }
        }
        if data.end_time.is_some() {
            run.finish(self.builder, data.end_time);
        }
        Ok(())
    }

    fn sample(&mut self, event: &Event<'_>) -> Result<()> {
        let stack = self.places.stack(self.input, self.builder, event)?;
        let thread = self.threads.row(self.builder, event);
        self.places.sample(self.builder, event, (stack, thread));
        Ok(())
    }

    fn slice(&mut self, event: &'d Event<'d>) -> Result<()> {
        let Some(time) = event.time() else {
            return Err(self.input.misfit("`ts` of an event", &event.name));
        };
        let thread = self.threads.row(self.builder, event);
        self.slices.push(thread, time, event);
        Ok(())
    }

    /// A value, or several of one event.
    fn counter(&mut self, event: &Event<'_>) -> Result<()> {
        let values: Option<Map<String, Value>> = event.arguments();
        let Some((time, values)) = event.time().zip(values) else {
            return Err(self.input.misfit("`ts` and numbers of a counter", &event.name));
        };
        let thread = Some(self.threads.row(self.builder, event));
        let several = values.len() > 1;
        for (key, value) in &values {
            let Some(value) = value.as_f64() else { continue };
            let name = if several || key != "value" {
                format!("{} {key}", event.name)
            } else {
                event.name.to_string()
            };
            self.builder.counter(Counter { name, time, thread, value });
        }
        Ok(())
    }

    fn instant(&mut self, event: &Event<'_>) -> Result<()> {
        let Some(time) = event.time() else {
            return Err(self.input.misfit("`ts` of an event", &event.name));
        };
        let thread = Some(self.threads.row(self.builder, event));
        let payload = event.args.map_or("{}", serde_json::value::RawValue::get).to_owned();
        let name = event.name.to_string();
        self.builder.event(Happening { name, time, duration: 0, thread, stack: None, payload });
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let mut runs: Vec<_> = self.runs.into_iter().collect();
        runs.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (_, mut run) in runs {
            run.finish(self.builder, None);
        }
        self.slices.finish(self.input, self.builder)?;
        self.threads.name(self.builder);
        if self.skipped > 0 {
            let skipped = self.skipped;
            self.builder.note(format!(
                "{skipped} events without a stack (asynchronous, flows, objects) were not kept."
            ));
        }
        let times = self.builder.span();
        if let Some((first, last)) = times {
            (self.builder.meta.start, self.builder.meta.duration) = (first, last.saturating_sub(first));
        }
        Ok(())
    }
}
