//! What ran on a thread: events within events are stacks, and time belongs to the innermost.

use pyrometer_tables::schema::{Frame, FrameKind, Function, Metric, Sample};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::event::{Event, nanoseconds};
use crate::error::Result;
use crate::read::{Builder, Input};

/// The events of all threads.
#[derive(Default)]
pub(super) struct Slices<'d> {
    threads: FxHashMap<i32, Vec<Mark<'d>>>,
}

/// A moment at which an event begins or ends.
struct Mark<'d> {
    time: i64,
    /// Nanoseconds of a complete event.
    duration: i64,
    event: &'d Event<'d>,
}

/// Where the code of an event is, as we write it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Code {
    file: Option<String>,
    line: Option<i32>,
    column: Option<i32>,
    /// Hexadecimal, with `0x`.
    address: Option<String>,
    binary: Option<String>,
    inlined: bool,
}

/// An event that is not over.
struct Open {
    /// When it ends, of a complete event.
    end: Option<i64>,
    stack: i32,
}

impl<'d> Slices<'d> {
    /// Adds an event of a thread.
    pub(super) fn push(&mut self, thread: i32, time: i64, event: &'d Event<'d>) {
        let duration = event.dur.and_then(nanoseconds).unwrap_or(0).max(0);
        self.threads.entry(thread).or_default().push(Mark { time, duration, event });
    }

    /// Makes samples of them.
    pub(super) fn finish(self, input: &Input<'_>, builder: &mut Builder) -> Result<()> {
        let mut threads: Vec<_> = self.threads.into_iter().collect();
        threads.sort_by_key(|(thread, _)| *thread);
        for (thread, mut marks) in threads {
            // At one moment: what ends and begins in the file's order, then complete events, the longer around the other.
            marks.sort_by_key(|mark| (mark.time, mark.event.ph == "X", -mark.duration));
            let mut nesting = Nesting::new(builder, thread);
            for mark in &marks {
                nesting.step(mark).or_else(|expected| {
                    let found = format!("`{}` at {} ns", mark.event.name, mark.time);
                    nesting.builder.left_out(input.misfit(expected, &found))
                })?;
            }
            nesting.end();
        }
        Ok(())
    }
}

/// The events of a thread that are open, as time goes on.
struct Nesting<'b> {
    builder: &'b mut Builder,
    thread: i32,
    metric: Option<i32>,
    open: Vec<Open>,
    since: i64,
    /// Events that end after what they began in, and were cut there.
    cut: u64,
}

impl<'b> Nesting<'b> {
    fn new(builder: &'b mut Builder, thread: i32) -> Self {
        Self { builder, thread, metric: None, open: Vec::new(), since: i64::MIN, cut: 0 }
    }

    fn step(&mut self, mark: &Mark<'_>) -> std::result::Result<(), &'static str> {
        self.close_until(mark.time);
        match &*mark.event.ph {
            "E" => {
                let Some(begun) = self.open.iter().rposition(|open| open.end.is_none()) else {
                    return Err("an event `B` that this `E` ends");
                };
                self.advance(mark.time);
                // What began in it and has a length of its own ends with it.
                self.cut += (self.open.len() - begun - 1) as u64;
                self.open.truncate(begun);
            }
            "B" => self.enter(mark, None),
            _ => self.enter(mark, Some(mark.time.saturating_add(mark.duration))),
        }
        Ok(())
    }

    fn enter(&mut self, mark: &Mark<'_>, end: Option<i64>) {
        self.advance(mark.time);
        let around = self.open.last();
        let limit = around.and_then(|open| open.end);
        let stack = around.map(|open| open.stack);
        let end = match (end, limit) {
            (Some(end), Some(limit)) if end > limit => {
                self.cut += 1;
                Some(limit)
            }
            (end, _) => end,
        };
        let frame = self.frame(mark.event);
        let stack = self.builder.stack(stack, frame);
        self.open.push(Open { end, stack });
    }

    fn frame(&mut self, event: &Event<'_>) -> i32 {
        let Code { file, line, column, address, binary, inlined } = event.arguments().unwrap_or_default();
        let binary = binary.map(|path| self.builder.binary(&path, None));
        let function = Function { name: event.name.clone().into_owned(), binary, ..Function::default() };
        let function = Some(self.builder.function(function));
        let file = file.filter(|file| !file.is_empty()).map(Into::into);
        let positive = |number: &i32| *number > 0;
        let (line, column) = (line.filter(positive), column.filter(positive));
        let address = address.and_then(|text| i64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
        // The word of a kind, as we write it; anything else is some category of its writer's.
        let kind = match FrameKind::from(&*event.cat) {
            FrameKind::Unknown if event.cat != "unknown" => FrameKind::Native,
            kind => kind,
        };
        self.builder.frame(Frame { function, file, line, column, address, binary, inlined, kind })
    }

    /// Closes complete events that end before `time`.
    fn close_until(&mut self, time: i64) {
        while let Some(end) = self.open.last().and_then(|open| open.end).filter(|end| *end <= time) {
            self.advance(end);
            self.open.pop();
        }
    }

    /// The time until `time` belongs to the innermost event.
    fn advance(&mut self, time: i64) {
        let value = time.saturating_sub(self.since);
        if let Some(open) = self.open.last().filter(|_| value > 0) {
            let stack = open.stack;
            let metric = self.metric();
            // A sample stands for what was before it.
            let (thread, time) = (self.thread, Some(time));
            self.builder.sample(Sample { stack, thread, time, cpu: None, metric, value, count: 1 });
        }
        self.since = self.since.max(time);
    }

    fn metric(&mut self) -> i32 {
        let builder = &mut *self.builder;
        *self.metric.get_or_insert_with(|| {
            builder.metric(Metric {
                name: "time".to_owned(),
                unit: "ns".to_owned(),
                kind: "exact".to_owned(),
                description: "Time between the beginnings and ends of events.".to_owned(),
                ..Metric::default()
            })
        })
    }

    /// The end of the file: what is open has no end that is known.
    fn end(mut self) {
        self.close_until(i64::MAX);
        let unended = self.open.len();
        if unended > 0 {
            self.builder.note(format!("{unended} events of a thread do not end in the file: their time after the last event is not known."));
        }
        if self.cut > 0 {
            let cut = self.cut;
            self.builder.note(format!(
                "{cut} events of a thread end after the event that they begin in; they were cut there."
            ));
        }
    }
}
