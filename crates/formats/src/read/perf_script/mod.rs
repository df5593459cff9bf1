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
mod frames;
mod header;
mod shared;

use memchr::memmem::Finder;
use pyrometer_tables::schema::{Frame, Metric, Sample};
use rustc_hash::FxHashMap;

use super::by_line::{ByLine, Taken, read_by_line};
use super::{Builder, Format, Head, Input, Likeness, Line};
use crate::error::Result;
use frames::Frames;
use header::Header;
use shared::Stack;

pub(super) const FORMAT: Format =
    Format { name: "perf-script", title: "text of perf script", recognise, read };

const FRAME: &str = "`ADDRESS FUNCTION (BINARY)`";
/// Lines that are looked at.
const LINES: usize = 50;
/// Stacks that the next are compared with, by thread: a power of two.
const STACKS: usize = 64;

fn recognise(head: &Head<'_>) -> Likeness {
    let mut lines = head.lines().filter(|line| !is_comment(line)).take(LINES);
    let Some(header) = lines.next().and_then(header::parse) else { return Likeness::None };
    let next = lines.next();
    let is_frame = |line: &[u8]| {
        frame::parse(line).is_some() || line.first() == Some(&b'\t') && frame::parse_bare(line).is_some()
    };
    let has_frames = next.is_some_and(is_frame) || header.code.is_some();
    // Events without stacks are lines alike, one behind the other.
    let is_alone = |header: &Header<'_>| header.time.is_some() && header.event.is_some();
    let has_none = || is_alone(&header) && next.and_then(header::parse).as_ref().is_some_and(is_alone);
    let has_what = header.event.is_some() || header.time.is_some();
    Likeness::shape(header.record.is_some() || has_frames && has_what || has_none())
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
    /// How long their lines are.
    lengths: Vec<u32>,
    /// Stacks that were read, each the last one of some threads.
    last: Vec<Stack>,
    frames: Frames,
    /// By process and thread id, the names that it had.
    threads: FxHashMap<(i32, i32), Vec<Named>>,
    metrics: FxHashMap<Box<[u8]>, (i32, bool)>,
    /// Whether the last frame told no binary, which only functions do that are inlined, or all.
    is_bare: bool,
    stackless: i64,
    /// Records that are no samples.
    records: u64,
    span: Option<(i64, i64)>,
    /// Finds the end of a stack.
    end: Finder<'static>,
    /// Bytes of frames in which no stack ends.
    endless: usize,
}

impl ByLine for Reader<'_> {
    type Expected = &'static str;

    #[inline]
    fn lines(&mut self, text: &[u8]) -> Taken {
        if self.sample.is_none() || text.first() != Some(&b'\t') {
            return Taken::default();
        }
        match self.end_of_stack(text) {
            Some(end) => self.whole_stack(&text[..end]),
            None => self.some_frames(text),
        }
    }

    fn line(&mut self, line: &Line<'_>) -> std::result::Result<(), &'static str> {
        let bytes = line.bytes;
        match bytes.first() {
            Some(b'\t') if self.sample.is_some() && !bytes.trim_ascii().is_empty() => {
                self.frame(bytes).ok_or(FRAME)
            }
            Some(b'#') => Ok(()),
            // A line of the source itself (`-F +srccode`), behind its frame or its sample.
            Some(b'|') if !self.metrics.is_empty() => Ok(()),
            _ if bytes.trim_ascii().is_empty() => {
                let whole = self.close_frame();
                self.finish_sample();
                whole.ok_or(FRAME)
            }
            _ => self.begin_sample(bytes).ok_or("`COMMAND PID TIME: EVENT:`, as perf script prints it"),
        }
    }

    fn end(&mut self) -> std::result::Result<(), &'static str> {
        self.close_frame().ok_or(FRAME)
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
            lengths: Vec::new(),
            last: std::iter::repeat_with(Stack::default).take(STACKS).collect(),
            frames: Frames::default(),
            threads: FxHashMap::default(),
            metrics: FxHashMap::default(),
            is_bare: false,
            stackless: 0,
            records: 0,
            span: None,
            end: Finder::new(b"\n\n"),
            endless: 0,
        }
    }

    /// None if it is no header.
    fn begin_sample(&mut self, line: &[u8]) -> Option<()> {
        let Some(header) = header::parse(line) else {
            // Lines of source below a frame (`-F +srcline`) are indented too, but by blanks.
            return self.source(line);
        };
        let whole = self.close_frame();
        self.finish_sample();
        if let Some(record) = header.record {
            self.record(record);
            return whole;
        }
        let thread = self.thread(&header);
        let (metric, has_period) = self.metric(&header);
        let value = if has_period { header.period.unwrap_or(1) } else { 1 };
        if let Some(time) = header.time {
            let (first, last) = self.span.unwrap_or((time, time));
            self.span = Some((first.min(time), last.max(time)));
        }
        self.sample = Some(Pending { thread, metric, time: header.time, cpu: header.cpu, value });
        if let Some(code) = header.code {
            let row = self.frames.row(&code, self.builder);
            self.stack.push(row);
            self.finish_sample();
        }
        whole
    }

    /// Counts what is no sample.
    fn record(&mut self, record: &[u8]) {
        self.records += 1;
        let lost = record.strip_prefix(b"LOST").and_then(|rest| rest.rsplit(|byte| *byte == b' ').next());
        let lost = lost.and_then(|number| std::str::from_utf8(number).ok()?.parse().ok()).unwrap_or(0);
        let quality = &mut self.builder.meta.quality;
        quality.lost = quality.lost.saturating_add(lost);
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

    /// Where the lines of the stack end that `text` begins with, if they are all there.
    #[inline]
    fn end_of_stack(&mut self, text: &[u8]) -> Option<usize> {
        // What was searched in vain is not searched again.
        if self.endless > 0 || !self.stack.is_empty() {
            return None;
        }
        let end = self.end.find(text);
        self.endless = if end.is_none() { text.len() } else { 0 };
        end.map(|end| end + 1)
    }

    /// Takes in all lines of a sample and the empty one behind them, or some if they are not all frames.
    fn whole_stack(&mut self, text: &[u8]) -> Taken {
        let Some(thread) = self.sample.as_ref().map(|sample| sample.thread) else { return Taken::default() };
        let slot = slot(thread);
        let (common, bytes) = self.last[slot].common(text);
        let own = text.len() - bytes;
        let mut taken = self.take_frames(&text[..own]);
        if taken.bytes == own {
            let node = self.node(slot, common);
            self.last[slot].replace(text, common, &self.lengths);
            self.push_sample(node);
            taken.bytes = text.len() + 1;
            taken.lines += common as u64 + 1;
        }
        taken
    }

    fn some_frames(&mut self, text: &[u8]) -> Taken {
        let taken = self.take_frames(text);
        self.endless = self.endless.saturating_sub(taken.bytes);
        taken
    }

    /// Takes in lines up to the first that is no frame.
    fn take_frames(&mut self, text: &[u8]) -> Taken {
        let mut taken = Taken::default();
        if self.is_bare {
            return taken;
        }
        let mut before = None;
        while let Some((line, frame, length)) = self.frames.next(before, &text[taken.bytes..], self.builder) {
            self.stack.push(frame);
            self.lengths.push(length as u32);
            taken.bytes += length;
            taken.lines += 1;
            before = line;
        }
        taken
    }

    /// None if it is no frame, or the one before it was none.
    fn frame(&mut self, line: &[u8]) -> Option<()> {
        let code = frame::parse(line);
        let is_bare = code.is_none();
        let row = self.frames.row(&code.or_else(|| frame::parse_bare(line))?, self.builder);
        let whole = self.close_frame();
        self.is_bare = is_bare;
        self.stack.push(row);
        whole
    }

    /// Nothing more is told about the last frame; none if it should have told its binary, as others do.
    fn close_frame(&mut self) -> Option<()> {
        let is_cut = std::mem::take(&mut self.is_bare) && self.frames.have_places;
        (!is_cut).then_some(())
    }

    /// Gives the last frame its place in the source; none if the line is none.
    fn source(&mut self, line: &[u8]) -> Option<()> {
        let source = frame::source(line)?;
        let last = self.stack.last_mut()?;
        let known = self.builder.tables().frames[*last as usize].clone();
        let file = source.file.map(|file| String::from_utf8_lossy(file).into());
        *last = self.builder.frame(Frame {
            file,
            line: source.line,
            inlined: known.inlined || source.is_inlined,
            ..known
        });
        self.is_bare &= !source.is_inlined;
        Some(())
    }

    fn finish_sample(&mut self) {
        let Some(sample) = &self.sample else { return };
        let slot = slot(sample.thread);
        let stack = if self.stack.is_empty() {
            self.stackless += 1;
            let frame = self.builder.name("[no stack]", "unknown");
            self.builder.stack(None, frame)
        } else {
            self.last[slot].forget_text();
            self.node(slot, 0)
        };
        self.push_sample(stack);
    }

    /// Ends the pending sample.
    fn push_sample(&mut self, stack: i32) {
        self.stack.clear();
        self.lengths.clear();
        let Some(Pending { thread, metric, time, cpu, value }) = self.sample.take() else { return };
        self.builder.sample(Sample { stack, thread, time, cpu, metric, value, count: 1 });
    }

    /// The node of the pending stack, of which `common` frames at the root are those of the stack before, and the
    /// others in [`Self::stack`]. What else they have in common needs no look-up either.
    fn node(&mut self, slot: usize, common: usize) -> i32 {
        let last = &mut self.last[slot].path;
        let own = self.stack.iter().rev();
        let same = own.clone().zip(&last[common..]).take_while(|(frame, (last, _))| *frame == last).count();
        last.truncate(common + same);
        let mut node = last.last().map(|(_, node)| *node);
        for frame in own.skip(same) {
            let row = self.builder.stack(node, *frame);
            last.push((*frame, row));
            node = Some(row);
        }
        node.unwrap_or_default()
    }

    /// What is known after the last sample.
    fn finish(self) {
        self.builder.meta.quality.stackless += self.stackless;
        if self.records > 0 {
            let count = match self.records {
                1 => "1 record that is no sample was".to_owned(),
                records => format!("{records} records that are no samples were"),
            };
            self.builder.note(format!("{count} passed over (mappings, commands, forks and the like)."));
        }
        if let Some((first, last)) = self.span {
            self.builder.recorded(first, last);
        }
    }
}

/// Which of the last stacks those of a thread are compared with.
fn slot(thread: i32) -> usize {
    thread as usize % STACKS
}

/// The metric of an event, named as in a recording of perf: periods of clocks are nanoseconds.
fn metric(event: &str, has_period: bool) -> Metric {
    let (plain, modifiers) = event.rsplit_once(':').unwrap_or((event, ""));
    let is_clock = has_period && ["cpu-clock", "task-clock"].contains(&plain);
    let plain = if plain == "cpu-clock" { "cpu-time" } else { plain };
    let name = match (is_clock, modifiers.contains('u'), modifiers.contains('k')) {
        (false, ..) => event.to_owned(),
        (_, true, false) => format!("{plain}:u"),
        (_, false, true) => format!("{plain}:k"),
        _ => plain.to_owned(),
    };
    Metric {
        name,
        unit: if is_clock { "ns" } else { "count" }.into(),
        kind: "sampled".into(),
        description: format!("perf's event {event}{}", if has_period { "" } else { ", in samples" }),
        ..Metric::default()
    }
}
