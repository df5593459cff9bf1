//! The text of `perf script`: a line for each sample, its frames on the lines behind it, the leaf first.
//!
//! ```text
//! rg 4711/4712 [001] 12345.678901:    1001001 cpu-clock:pppH:
//!         55d0c0de memchr::find+0x1d (/usr/bin/rg)
//!         7f00beef [unknown] (/usr/lib/libc.so.6)
//! ```
//!
//! Which columns a header has is the user's choice (`-F`): what is there is kept. Addresses are those of the process, not
//! of the binary; nothing says how to get from the one to the other, so they are not kept.

mod frame;
mod header;

use pyrometer_tables::schema::{Frame, Function, Metric, Sample};
use rustc_hash::FxHashMap;

use super::by_line::{ByLine, read_by_line};
use super::{Builder, Format, Head, Input, Likeness, Line};
use crate::error::Result;
use frame::Code;
use header::Header;

pub(super) const FORMAT: Format =
    Format { name: "perf-script", title: "text of perf script", recognise, read };

/// Lines that are looked at.
const LINES: usize = 50;

fn recognise(head: &Head<'_>) -> Likeness {
    let mut lines = head.lines().filter(|line| !is_comment(line)).take(LINES);
    let Some(header) = lines.next().and_then(header::parse) else { return Likeness::None };
    let has_frames = lines.next().is_some_and(|line| frame::parse(line).is_some()) || header.code.is_some();
    Likeness::shape(has_frames && header.event.is_some())
}

fn is_comment(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || line.starts_with(b"#")
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let mut reader = Reader::new(builder);
    read_by_line(input, &mut reader)?;
    reader.finish_sample();
    reader.finish();
    Ok(())
}

/// A sample whose frames are being read.
struct Pending {
    thread: i32,
    metric: i32,
    time: Option<i64>,
    cpu: Option<i32>,
    value: i64,
}

/// A command of a thread, and its row.
type Named = (Box<[u8]>, i32);

struct Reader<'a> {
    builder: &'a mut Builder,
    sample: Option<Pending>,
    /// Rows of the pending sample's frames, the leaf first.
    stack: Vec<i32>,
    /// The stack before, from its root: row of the frame and of the node.
    last: Vec<(i32, i32)>,
    /// Rows of frames by their lines: most come again and again.
    frames: FxHashMap<Box<[u8]>, i32>,
    /// By process and thread id, the names that it had.
    threads: FxHashMap<(i32, i32), Vec<Named>>,
    metrics: FxHashMap<Box<[u8]>, (i32, bool)>,
    stackless: i64,
    span: Option<(i64, i64)>,
}

impl ByLine for Reader<'_> {
    type Expected = &'static str;

    fn line(&mut self, line: &Line<'_>) -> std::result::Result<(), &'static str> {
        let bytes = line.bytes;
        match bytes.first() {
            Some(b'\t') if self.sample.is_some() && !bytes.trim_ascii().is_empty() => {
                self.frame(bytes).ok_or("`ADDRESS FUNCTION (BINARY)`")
            }
            Some(b'#') => Ok(()),
            _ if bytes.trim_ascii().is_empty() => {
                self.finish_sample();
                Ok(())
            }
            _ => self.begin_sample(bytes).ok_or("`COMMAND PID TIME: EVENT:`, as perf script prints it"),
        }
    }

    fn builder(&mut self) -> &mut Builder {
        self.builder
    }
}

impl<'a> Reader<'a> {
    fn new(builder: &'a mut Builder) -> Self {
        builder.meta.instrument = "record".to_owned();
        Self {
            builder,
            sample: None,
            stack: Vec::new(),
            last: Vec::new(),
            frames: FxHashMap::default(),
            threads: FxHashMap::default(),
            metrics: FxHashMap::default(),
            stackless: 0,
            span: None,
        }
    }

    /// None if it is no header.
    fn begin_sample(&mut self, line: &[u8]) -> Option<()> {
        let Some(header) = header::parse(line) else {
            // Lines of source below a frame (`-F +srcline`) are indented too, but by blanks.
            return self.source(line);
        };
        self.finish_sample();
        let thread = self.thread(&header);
        let (metric, has_period) = self.metric(&header);
        let value = if has_period { header.period.unwrap_or(1) } else { 1 };
        if let Some(time) = header.time {
            let (first, last) = self.span.unwrap_or((time, time));
            self.span = Some((first.min(time), last.max(time)));
        }
        self.sample = Some(Pending { thread, metric, time: header.time, cpu: header.cpu, value });
        if let Some(code) = header.code {
            let row = self.row(&code);
            self.stack.push(row);
            self.finish_sample();
        }
        Some(())
    }

    fn thread(&mut self, header: &Header<'_>) -> i32 {
        let ids = (header.pid, header.tid);
        let known = self.threads.entry(ids).or_default();
        if let Some((_, row)) = known.iter().find(|(name, _)| **name == *header.command) {
            return *row;
        }
        let name = String::from_utf8_lossy(header.command);
        // A thread takes the name of the program that it executes: under each name it is a row of its own.
        let row = match known.is_empty() {
            true => self.builder.thread(header.pid, header.tid, &name),
            false => self.builder.renamed_thread(header.pid, header.tid, &name),
        };
        known.push((header.command.into(), row));
        if header.pid == header.tid {
            let (processes, threads) = self.builder.tasks();
            let process = threads[row as usize].process;
            name.as_ref().clone_into(&mut processes[process as usize].name);
        }
        row
    }

    /// The row of the event, and whether periods are its values.
    fn metric(&mut self, header: &Header<'_>) -> (i32, bool) {
        let event = header.event.unwrap_or(b"samples");
        if let Some(known) = self.metrics.get(event) {
            return *known;
        }
        let has_period = header.period.is_some();
        let row = self.builder.metric(metric(&String::from_utf8_lossy(event), has_period));
        self.metrics.insert(event.into(), (row, has_period));
        (row, has_period)
    }

    /// None if it is no frame.
    fn frame(&mut self, line: &[u8]) -> Option<()> {
        if let Some(row) = self.frames.get(line) {
            self.stack.push(*row);
            return Some(());
        }
        let code = frame::parse(line)?;
        let row = self.row(&code);
        self.frames.insert(line.into(), row);
        self.stack.push(row);
        Some(())
    }

    fn row(&mut self, code: &Code<'_>) -> i32 {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let binary = code.binary.map(|path| self.builder.binary(&text(path), None));
        let function =
            self.builder.function(Function { name: text(code.name), binary, ..Function::default() });
        self.builder.frame(Frame {
            function: Some(function),
            binary,
            inlined: code.inlined,
            kind: code.kind.into(),
            ..Frame::default()
        })
    }

    /// Gives the last frame its place in the source; none if the line is none.
    fn source(&mut self, line: &[u8]) -> Option<()> {
        let (file, number) = frame::source(line)?;
        let last = self.stack.last_mut()?;
        let frame = Frame {
            file: Some(String::from_utf8_lossy(file).into()),
            line: Some(number),
            ..self.builder.tables().frames[*last as usize].clone()
        };
        *last = self.builder.frame(frame);
        Some(())
    }

    fn finish_sample(&mut self) {
        let Some(sample) = self.sample.take() else { return };
        let stack = if self.stack.is_empty() {
            self.stackless += 1;
            let frame = self.builder.name("[no stack]", "unknown");
            self.builder.stack(None, frame)
        } else {
            self.node()
        };
        self.stack.clear();
        let Pending { thread, metric, time, cpu, value } = sample;
        self.builder.sample(Sample { stack, thread, time, cpu, metric, value, count: 1 });
    }

    /// The node of the pending stack. What it has in common with the stack before needs no look-up.
    fn node(&mut self) -> i32 {
        let common =
            self.stack.iter().rev().zip(&self.last).take_while(|(frame, (last, _))| *frame == last).count();
        self.last.truncate(common);
        let mut node = self.last.last().map(|(_, node)| *node);
        for frame in self.stack.iter().rev().skip(common) {
            let row = self.builder.stack(node, *frame);
            self.last.push((*frame, row));
            node = Some(row);
        }
        node.unwrap_or_default()
    }

    /// What is known after the last sample.
    fn finish(self) {
        self.builder.meta.quality.stackless += self.stackless;
        if let Some((first, last)) = self.span {
            self.builder.meta.start = first;
            self.builder.meta.duration = last - first;
        }
    }
}

/// The metric of an event: clocks that measure CPU time are that, in nanoseconds.
fn metric(event: &str, has_period: bool) -> Metric {
    let is_clock = ["cpu-clock", "task-clock"].contains(&event);
    let (name, unit) = match (is_clock, has_period) {
        (true, true) => ("cpu-time", "ns"),
        _ => (event, "count"),
    };
    Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        kind: "sampled".into(),
        description: format!("perf's event {event}{}", if has_period { "" } else { ", in samples" }),
        ..Metric::default()
    }
}
