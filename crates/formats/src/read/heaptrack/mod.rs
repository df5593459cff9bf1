//! heaptrack's files, raw as the target writes them and interpreted as its own tool leaves them, versions 0 to 3.
//!
//! Lines of a letter and lower-case hexadecimal numbers. Strings, instruction pointers, nodes of the tree of traces and
//! kinds of allocations are numbered as they come; then each event refers to a kind (interpreted) or gives size, trace
//! and pointer (raw, and version 0).

mod command;
mod fields;
mod live;
mod places;
mod stacks;
mod suppress;

use pyrometer_tables::schema::{Counter, Metric};
use rustc_hash::FxHashMap;

use super::by_line::{ByLine, Taken, read_by_line};
use super::wide_samples::{Rows, Set, WideSamples};
use super::{Builder, Format, Head, Input, Likeness, Line};
use crate::error::Result;
use crate::narrow::Narrow;
use fields::Fields;
use live::{Event, Live};
use places::Places;
use stacks::stacks_of_traces;
use suppress::Suppressions;

pub(super) const FORMAT: Format = Format { name: "heaptrack", title: "heaptrack", recognise, read };

fn recognise(head: &Head<'_>) -> Likeness {
    let mut lines = head.lines().filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let version = lines.next().is_some_and(|line| line.starts_with(b"v ") && version(line).is_some());
    let next =
        lines.next().is_some_and(|line| matches!(line, [b'x' | b'X' | b'I' | b'S' | b'A' | b's', b' ', ..]));
    Likeness::mark(version && next)
}

/// The version of the file.
fn version(line: &[u8]) -> Option<u64> {
    let mut fields = Fields::new(line.get(2..)?);
    let program = fields.number()?;
    match fields.number() {
        Some(version) => fields.is_empty().then_some(version),
        None => fields.is_empty().then_some(u64::from(program >= 0x1_0200)),
    }
}

/// The newest version that is known.
const NEWEST: u64 = 3;
/// Points of a time series that are kept; of more, each second one goes.
const POINTS: usize = 4096;
/// Events that are taken in at once.
const RUN: usize = 128;

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    builder.meta.instrument = "heap".to_owned();
    let mut reader = Reader::new(builder);
    read_by_line(input, &mut reader)?;
    reader.finish();
    Ok(())
}

/// What a line should have been.
type Wanted = std::result::Result<(), &'static str>;

struct Reader<'a> {
    builder: &'a mut Builder,
    /// None before the file tells it.
    version: Option<u64>,
    places: Places,
    live: Live,
    /// Room for the next events.
    run: [Event; RUN],
    /// Kinds of allocations by size and trace, where events do not name them.
    kinds: FxHashMap<(u64, u64), usize>,
    pointers: FxHashMap<u64, usize>,
    /// Frees of pointers from before an attach.
    unknown: u64,
    suppressions: Suppressions,
    page: i64,
    time: i64,
    series: Vec<(i64, i64, Option<i64>)>,
    /// Each how many time stamps a point is kept.
    stride: usize,
    stamps: usize,
}

impl ByLine for Reader<'_> {
    type Expected = &'static str;
    const AHEAD: usize = command::LONGEST;

    #[inline]
    fn lines(&mut self, text: &[u8]) -> Taken {
        match text.first() {
            Some(b'X') => self.command(text),
            Some(b'+' | b'-' | b'a' | b't') if !self.has_pointers() => self.plain(text),
            _ => Taken::default(),
        }
    }

    fn line(&mut self, line: &Line<'_>) -> Wanted {
        let Some((kind, rest)) = line.bytes.split_first() else { return Ok(()) };
        if *kind == b'#' {
            return Ok(());
        }
        let mut fields = Fields::new(rest.strip_prefix(b" ").unwrap_or(rest));
        match kind {
            b'+' => self.allocation(&mut fields),
            b'-' => self.free(&mut fields),
            b'a' => self.kind(&mut fields),
            b't' => self.places.trace(&mut fields, self.builder),
            b'i' => self.places.instruction(&mut fields),
            b's' => self.places.string(&mut fields, self.version >= Some(3)),
            b'c' => self.stamp(&mut fields),
            b'R' => self.resident(&mut fields),
            _ => self.rare(*kind, line, &mut fields),
        }
    }

    fn may_be_cut(&self, line: &[u8]) -> bool {
        !line.starts_with(b"#")
    }

    fn builder(&mut self) -> &mut Builder {
        self.builder
    }
}

impl<'a> Reader<'a> {
    fn new(builder: &'a mut Builder) -> Self {
        Self {
            builder,
            version: None,
            places: Places::default(),
            live: Live::default(),
            run: [Event { kind: 0, change: 0 }; RUN],
            kinds: FxHashMap::default(),
            pointers: FxHashMap::default(),
            unknown: 0,
            suppressions: Suppressions::default(),
            page: 4096,
            time: 0,
            series: Vec::new(),
            stride: 1,
            stamps: 0,
        }
    }

    fn rare(&mut self, kind: u8, line: &Line<'_>, fields: &mut Fields<'_>) -> Wanted {
        match kind {
            b'v' => self.set_version(line),
            b'x' => self.places.executable(fields, self.version >= Some(3)),
            b'm' => self.places.module(fields, self.version >= Some(3)),
            b'X' => {
                self.builder.meta.command = command::words(fields.rest());
                Ok(())
            }
            b'I' => {
                self.page =
                    fields.number().and_then(|page| page.try_into().ok()).ok_or("`I PAGE-SIZE PAGES`")?;
                Ok(())
            }
            b'S' => {
                self.suppressions.add(fields.rest());
                Ok(())
            }
            b'A' => {
                self.live.forget();
                Ok(())
            }
            _ => Err("a line of heaptrack"),
        }
    }

    /// A command of several lines; one of a single line comes as any other.
    fn command(&mut self, text: &[u8]) -> Taken {
        let Some(lines) = command::lines(text) else { return Taken::default() };
        self.builder.meta.command = command::words(lines.strip_prefix(b"X").unwrap_or(lines));
        let count = memchr::memchr_iter(b'\n', lines).count() as u64;
        Taken { bytes: lines.len(), lines: count }
    }

    /// Events, kinds and traces of interpreted files: nearly all of their lines.
    fn plain(&mut self, text: &[u8]) -> Taken {
        let mut taken = Taken::default();
        loop {
            let rest = &text[taken.bytes..];
            let mut next = self.events(rest);
            if next.lines == 0 {
                next = self.definition(rest);
            }
            if next.lines == 0 {
                return taken;
            }
            taken.bytes += next.bytes;
            taken.lines += next.lines;
        }
    }

    /// The next events that fit, a run of them at most.
    #[inline]
    fn events(&mut self, text: &[u8]) -> Taken {
        let mut taken = Taken::default();
        let kinds = self.live.kinds() as u64;
        for event in &mut self.run {
            let [kind @ (b'+' | b'-'), b' ', rest @ ..] = &text[taken.bytes..] else { break };
            let Some((number, digits)) = fields::short(rest) else { break };
            if rest[digits] != b'\n' || number >= kinds {
                break;
            }
            *event = Event { kind: number as u32, change: i32::from(b',') - i32::from(*kind) };
            taken.bytes += digits + 3;
            taken.lines += 1;
        }
        self.live.take(&self.run[..taken.lines as usize]);
        taken
    }

    /// A kind or a trace; nothing if the line is another, does not fit or is cut.
    #[inline]
    fn definition(&mut self, text: &[u8]) -> Taken {
        self.define(text).map_or(Taken::default(), |bytes| Taken { bytes, lines: 1 })
    }

    /// How long the line is with its end.
    #[inline]
    fn define(&mut self, text: &[u8]) -> Option<usize> {
        let [kind @ (b'a' | b't'), b' ', rest @ ..] = text else { return None };
        let (first, at) = fields::whole(rest)?;
        let (second, length) = fields::whole(rest[at..].strip_prefix(b" ")?)?;
        let end = at + 1 + length;
        if rest[end] != b'\n' {
            return None;
        }
        match kind {
            b'a' => self.add_kind(first, second).ok()?,
            _ => self.places.add_trace(first, second).ok()?,
        }
        Some(end + 3)
    }

    fn set_version(&mut self, line: &Line<'_>) -> Wanted {
        let version = version(line.bytes).ok_or("`v VERSION VERSION`")?;
        if version > NEWEST {
            return Err("a file version from 0 to 3");
        }
        // Numbers of what another file names would mean what this one does.
        if self.version.replace(version).is_some() {
            return Err("one recording a file");
        }
        Ok(())
    }

    /// Whether events give pointers: in raw files, and in those of version 0.
    fn has_pointers(&self) -> bool {
        self.version.unwrap_or(0) == 0 || self.places.is_raw()
    }

    fn kind(&mut self, fields: &mut Fields<'_>) -> Wanted {
        let (size, trace) = fields.two().ok_or("`a SIZE TRACE`")?;
        self.add_kind(size, trace)
    }

    fn add_kind(&mut self, size: u64, trace: u64) -> Wanted {
        self.check_trace(trace)?;
        self.live.kind(size, trace as usize);
        Ok(())
    }

    fn check_trace(&self, trace: u64) -> Wanted {
        if (trace as usize) < self.places.traces() {
            Ok(())
        } else {
            Err("the number of a trace that came before")
        }
    }

    fn allocation(&mut self, fields: &mut Fields<'_>) -> Wanted {
        if !self.has_pointers() {
            let kind = fields.number().ok_or("`+ KIND`")? as usize;
            return self.live.change(kind, 1).ok_or("the number of a kind of allocation that came before");
        }
        let (size, trace) = fields.two().ok_or("`+ SIZE TRACE POINTER`")?;
        let pointer = fields.number().ok_or("`+ SIZE TRACE POINTER`")?;
        self.check_trace(trace)?;
        let live = &mut self.live;
        let kind = *self.kinds.entry((size, trace)).or_insert_with(|| live.kind(size, trace as usize));
        self.pointers.insert(pointer, kind);
        live.change(kind, 1).ok_or("an allocation")
    }

    fn free(&mut self, fields: &mut Fields<'_>) -> Wanted {
        let number = fields.number().ok_or("`- NUMBER`")?;
        if !self.has_pointers() {
            return self
                .live
                .change(number as usize, -1)
                .ok_or("the number of a kind of allocation that came before");
        }
        match self.pointers.remove(&number) {
            Some(kind) => self.live.change(kind, -1).ok_or("an allocation"),
            None => {
                self.unknown += 1;
                Ok(())
            }
        }
    }

    fn stamp(&mut self, fields: &mut Fields<'_>) -> Wanted {
        let milliseconds =
            fields.number().and_then(|time| i64::try_from(time).ok()).ok_or("`c MILLISECONDS`")?;
        self.time = milliseconds.saturating_mul(1_000_000);
        self.live.time = self.time;
        self.stamps += 1;
        if self.stamps.is_multiple_of(self.stride) {
            self.series.push((self.time, self.live.bytes(), None));
        }
        if self.series.len() >= POINTS {
            let mut keep = false;
            self.series.retain(|_| {
                keep = !keep;
                keep
            });
            self.stride *= 2;
        }
        Ok(())
    }

    fn resident(&mut self, fields: &mut Fields<'_>) -> Wanted {
        let pages = fields.number().and_then(|pages| i64::try_from(pages).ok()).ok_or("`R PAGES`")?;
        let bytes = pages.saturating_mul(self.page);
        self.live.resident = self.live.resident.max(bytes);
        if let Some(last) = self.series.last_mut().filter(|last| last.0 == self.time) {
            last.2 = Some(bytes);
        }
        Ok(())
    }

    fn finish(mut self) {
        let places = std::mem::take(&mut self.places);
        let totals = self.samples(&places);
        let builder = self.builder;
        // As heaptrack counts it: the last stamp's millisecond was lived through.
        builder.recorded(0, self.time + 1_000_000);
        let facts = [("peak_time", self.live.peak_time), ("peak_resident", self.live.resident)];
        for (name, value) in facts {
            builder.meta.extra.insert(name.to_owned(), value.into());
        }
        if totals.suppressed > 0 {
            builder.note(format!(
                "{} bytes at the end are of known leaks that heaptrack's suppressions name, and are not in exit-bytes",
                totals.suppressed
            ));
        }
        if self.unknown > 0 {
            builder.note(format!("{} frees of blocks from before the recording were left out", self.unknown));
        }
        for (time, live, resident) in self.series {
            let mut point = |name: &str, value: i64| {
                builder.counter(Counter { name: name.to_owned(), time, thread: None, value: value as f64 });
            };
            point("live-bytes", live);
            if let Some(resident) = resident {
                point("rss", resident);
            }
        }
    }

    /// Sums by trace become samples: those of traces with the same stack are added.
    fn samples(&mut self, places: &Places) -> Totals {
        let metrics = METRICS.map(|(name, unit, description)| {
            self.builder.metric(Metric {
                name: name.to_owned(),
                unit: unit.to_owned(),
                kind: "exact".into(),
                description: description.to_owned(),
                ..Metric::default()
            })
        });
        let thread = self.builder.thread(0, 0, "");
        let of_trace = stacks_of_traces(places, self.live.traces(), self.builder);
        let mut sums = ByStack::of(self.builder.tables().stacks.len());
        self.live.by_trace(|trace, of_it| sums.add(of_trace[trace], of_it));
        let mut totals = Totals::default();
        let hidden = self.suppressions.hidden(self.builder.tables());
        for row in 0..sums.stacks.len() {
            if hidden[sums.stacks[row].0 as usize] {
                totals.suppressed += sums.take_exit(row);
            }
        }
        self.builder.all_samples(sums.into_samples(Set { thread, metrics: metrics.to_vec() }));
        totals
    }
}

#[derive(Default)]
struct Totals {
    suppressed: i64,
}

/// Sums of stacks, in the order in which they come.
struct ByStack {
    /// For each stack its row, from 1; 0 before it comes.
    rows: Vec<u32>,
    /// Those that have come, of the only set.
    stacks: Vec<(i32, u32)>,
    /// Row by row.
    values: Narrow,
    /// How many of the stack's traces have some.
    counts: Vec<u32>,
}

const WIDTH: usize = METRICS.len();

impl ByStack {
    fn of(stacks: usize) -> Self {
        Self { rows: vec![0; stacks], stacks: Vec::new(), values: Narrow::default(), counts: Vec::new() }
    }

    fn add(&mut self, stack: i32, sums: [i64; WIDTH]) {
        let row = &mut self.rows[stack as usize];
        if *row == 0 {
            self.stacks.push((stack, 0));
            self.values.grow(WIDTH);
            self.counts.resize(self.counts.len() + WIDTH, 0);
            *row = self.stacks.len() as u32;
        }
        let first = (*row as usize - 1) * WIDTH;
        self.values.add(first, &sums);
        for (count, value) in self.counts[first..].iter_mut().zip(sums) {
            *count += u32::from(value != 0);
        }
    }

    /// What a row has at the end, in bytes, which it then has no longer.
    fn take_exit(&mut self, row: usize) -> i64 {
        let bytes = self.values.get(row * WIDTH + live::EXIT_BYTES);
        if bytes != 0 {
            for at in live::EXIT {
                self.values.set(row * WIDTH + at, 0);
                self.counts[row * WIDTH + at] = 0;
            }
        }
        bytes
    }

    fn into_samples(self, set: Set) -> WideSamples {
        let samples = self.counts.iter().filter(|count| **count > 0).count() as u64;
        let Self { stacks, values, counts, .. } = self;
        WideSamples { sets: vec![set], rows: Rows::Listed(stacks), width: WIDTH, values, counts, samples }
    }
}

/// In the order of [`live::Live::by_trace`].
const METRICS: [(&str, &str, &str); 7] = [
    ("alloc-bytes", "bytes", "Bytes allocated, in all."),
    ("alloc-blocks", "count", "Allocations."),
    ("peak-bytes", "bytes", "Bytes live when most were."),
    ("peak-blocks", "count", "Blocks live when most bytes were."),
    ("exit-bytes", "bytes", "Bytes live at the end."),
    ("exit-blocks", "count", "Blocks live at the end."),
    ("temporary-blocks", "count", "Blocks freed before anything else was allocated or freed."),
];
