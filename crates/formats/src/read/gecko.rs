//! Profiles as Firefox itself gives them ("Gecko profiles"), before the Firefox Profiler has worked on them.
//!
//! Tables are rows with a schema that says which column is where; each process has its own start, and its children inside
//! it. A location is an address, a JavaScript function with its place, or a label. Addresses are of a process; that of a
//! caller is a return address, that of a leaf is not.

use std::borrow::Cow;
use std::sync::Arc;

use pyrometer_tables::schema::{Frame, FrameKind, Function, Sample};
use rustc_hash::FxHashMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::firefox::{Id, MS, Text, nanoseconds_of, sampled};
use super::urls::path_of;
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::{Error, Result};

pub(super) const FORMAT: Format =
    Format { name: "gecko", title: "Firefox as it records (Gecko profile)", recognise, read };

fn recognise(head: &Head<'_>) -> Likeness {
    let has = |words: &[u8]| head.contains(words);
    if !head.is_json() || has(b"\"preprocessedProfileVersion\"") {
        return Likeness::None;
    }
    let has_tables =
        has(b"\"schema\"") && (has(b"\"stackTable\"") || has(b"\"frameTable\"") || has(b"\"samples\""));
    // What a process has loaded comes first, and can be more than the head.
    Likeness::shape(has_tables || (has(b"\"libs\"") && has(b"\"breakpadId\"") && has(b"\"debugPath\"")))
}

#[derive(Deserialize)]
struct Process<'a> {
    #[serde(borrow)]
    meta: Meta<'a>,
    #[serde(borrow, default)]
    libs: Vec<Lib<'a>>,
    #[serde(borrow)]
    threads: Vec<Thread<'a>>,
    #[serde(borrow, default)]
    processes: Vec<Process<'a>>,
}

impl<'a> Process<'a> {
    /// The library that an address is in.
    fn lib(&self, address: u64) -> Option<&Lib<'a>> {
        self.libs.iter().find(|lib| (lib.start..lib.end).contains(&address))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    /// Milliseconds since 1970.
    #[serde(default)]
    start_time: f64,
    #[serde(borrow, default)]
    product: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    sample_units: Option<Units<'a>>,
}

#[derive(Deserialize)]
struct Units<'a> {
    #[serde(rename = "threadCPUDelta", borrow)]
    cpu: Text<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lib<'a> {
    start: u64,
    end: u64,
    #[serde(borrow, default)]
    path: Cow<'a, str>,
    #[serde(borrow, default)]
    code_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Thread<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    process_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pid: Id<'a>,
    #[serde(borrow)]
    tid: Id<'a>,
    #[serde(borrow)]
    samples: Table<'a>,
    #[serde(default)]
    markers: Option<Markers>,
    #[serde(borrow)]
    stack_table: Table<'a>,
    #[serde(borrow)]
    frame_table: Table<'a>,
    #[serde(borrow)]
    string_table: Vec<Text<'a>>,
}

#[derive(Deserialize)]
struct Markers {
    data: Vec<IgnoredAny>,
}

/// Rows; columns that are missing at the end of one are null.
#[derive(Deserialize)]
struct Table<'a> {
    #[serde(borrow)]
    schema: FxHashMap<Cow<'a, str>, usize>,
    data: Vec<Vec<Cell>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Cell {
    Number(f64),
    Other(IgnoredAny),
}

impl Table<'_> {
    /// The number in a column; none if it is null or no number.
    fn number(&self, row: &[Cell], column: &str) -> Option<f64> {
        match row.get(*self.schema.get(column)?)? {
            Cell::Number(number) => Some(*number),
            Cell::Other(_) => None,
        }
    }

    /// The index in a column.
    fn index(&self, row: &[Cell], column: &str) -> Option<usize> {
        self.number(row, column).filter(|number| *number >= 0.0).map(|number| number as usize)
    }
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let bytes = input.bytes()?;
    let root: Process<'_> = super::json::parse(input, &bytes, "a profile of Firefox")?;
    let start = root.meta.start_time;
    builder.began((start * MS) as i64);
    if let Some(product) = root.meta.product.as_deref().filter(|product| !product.is_empty()) {
        builder.meta.extra.insert("name".to_owned(), product.into());
    }
    let mut markers = 0;
    let mut processes = vec![&root];
    while let Some(process) = processes.pop() {
        let shift = process.meta.start_time - start;
        for thread in &process.threads {
            markers += thread.markers.as_ref().map_or(0, |markers| markers.data.len());
            let mut reader = Reader { input, builder, process, thread, callers: FxHashMap::default() };
            if let Err(error) = reader.read(shift) {
                builder.left_out(error)?;
            }
        }
        processes.extend(process.processes.iter().rev());
    }
    if markers > 0 {
        builder.note(format!("{markers} markers were not kept."));
    }
    Ok(())
}

struct Reader<'a, 'i> {
    input: &'a Input<'i>,
    builder: &'a mut Builder,
    process: &'a Process<'a>,
    thread: &'a Thread<'a>,
    /// Our stacks by rows of `stackTable`, of those that call others.
    callers: FxHashMap<usize, i32>,
}

impl Reader<'_, '_> {
    fn read(&mut self, shift: f64) -> Result<()> {
        let thread = self.thread;
        let row = self.row();
        let metric = self.builder.metric(sampled("samples", "count"));
        let unit = self.process.meta.sample_units.as_ref().and_then(|units| nanoseconds_of(&units.cpu.0));
        let has_cpu = thread.samples.schema.contains_key("threadCPUDelta");
        let cpu =
            unit.filter(|_| has_cpu).map(|scale| (self.builder.metric(sampled("cpu-time", "ns")), scale));
        for cells in &thread.samples.data {
            let Some(stack) = thread.samples.index(cells, "stack") else {
                self.builder.meta.quality.stackless += 1;
                continue;
            };
            let stack = self.leaf(stack)?;
            let time = thread.samples.number(cells, "time").map(|time| ((time + shift) * MS).round() as i64);
            let sample = Sample { stack, thread: row, time, cpu: None, metric, value: 1, count: 1 };
            self.builder.meta.quality.samples += 1;
            self.builder.sample(sample);
            if let Some((metric, scale)) = cpu {
                let delta = thread.samples.number(cells, "threadCPUDelta").unwrap_or(0.0);
                self.builder.sample(Sample { metric, value: (delta * scale).round() as i64, ..sample });
            }
        }
        Ok(())
    }

    /// The row of the thread.
    fn row(&mut self) -> i32 {
        let thread = self.thread;
        let (pid, tid) = (thread.pid.number().unwrap_or(0), thread.tid.number().unwrap_or(0));
        let row = self.builder.thread(pid, tid, &thread.name);
        if let Some(name) = thread.process_name.as_deref().filter(|name| !name.is_empty()) {
            let (processes, threads) = self.builder.tasks();
            name.clone_into(&mut processes[threads[row as usize].process as usize].name);
        }
        row
    }

    fn nowhere(&self, what: &str, rows: usize, index: usize) -> Error {
        let thread = &self.thread.name;
        self.input.misfit(&format!("one of {rows} {what} in thread `{thread}`"), &index.to_string())
    }

    /// The stack of a sample.
    fn leaf(&mut self, stack: usize) -> Result<i32> {
        let (prefix, frame) = self.node(stack)?;
        if let Some(caller) = prefix.filter(|caller| self.is_generated(frame, *caller)) {
            return self.caller(caller);
        }
        let parent = prefix.map(|prefix| self.caller(prefix)).transpose()?;
        let frame = self.frame(frame, false)?;
        Ok(self.builder.stack(parent, frame))
    }

    /// The stack of what calls another.
    fn caller(&mut self, stack: usize) -> Result<i32> {
        let mut path = Vec::new();
        let (mut next, mut node) = (Some(stack), None);
        while let Some(stack) = next.take() {
            if let Some(row) = self.callers.get(&stack) {
                node = Some(*row);
                break;
            }
            let (prefix, frame) = self.node(stack)?;
            path.push((stack, frame));
            if path.len() > self.thread.stack_table.data.len() {
                return Err(self.input.misfit("a `stackTable` that is a tree", "a stack below itself"));
            }
            next = prefix;
        }
        for (stack, frame) in path.into_iter().rev() {
            let frame = self.frame(frame, true)?;
            let row = self.builder.stack(node, frame);
            self.callers.insert(stack, row);
            node = Some(row);
        }
        node.ok_or_else(|| self.nowhere("stacks", self.thread.stack_table.data.len(), stack))
    }

    /// Whether a frame is only an address of the code that was generated for the function that calls it.
    fn is_generated(&self, frame: usize, caller: usize) -> bool {
        let location = |frame: usize| self.location(self.thread.frame_table.data.get(frame)?).ok();
        let address = location(frame).and_then(address);
        let function = self.node(caller).ok().and_then(|(_, frame)| location(frame));
        address.is_some_and(|address| self.process.lib(address).is_none())
            && function.is_some_and(|text| Code::parse(text).file.is_some())
    }

    /// Prefix and frame of a stack.
    fn node(&self, stack: usize) -> Result<(Option<usize>, usize)> {
        let table = &self.thread.stack_table;
        let cells = table.data.get(stack).ok_or_else(|| self.nowhere("stacks", table.data.len(), stack))?;
        let frame = table.index(cells, "frame");
        let frame = frame.ok_or_else(|| self.input.misfit("a frame of every stack", "none"))?;
        Ok((table.index(cells, "prefix"), frame))
    }

    fn frame(&mut self, frame: usize, is_caller: bool) -> Result<i32> {
        let table = &self.thread.frame_table;
        let cells = table.data.get(frame).ok_or_else(|| self.nowhere("frames", table.data.len(), frame))?;
        let text = self.location(cells)?;
        if let Some(address) = address(text) {
            return Ok(self.native(address - u64::from(is_caller && address > 0)));
        }
        let positive =
            |column| table.number(cells, column).map(|number| number as i32).filter(|number| *number > 0);
        let code = Code::parse(text);
        let (line, column) = (positive("line").or(code.line), positive("column").or(code.column));
        let file: Option<Arc<str>> = code.file.map(|url| path_of(url).into());
        let kind = if file.is_some() { FrameKind::Jit } else { FrameKind::Unknown };
        // What stands with the name is where the function begins.
        let (name, begin) = (code.name.to_owned(), code.line);
        let function = Function { name, file: file.clone(), line: begin, ..Function::default() };
        let function = Some(self.builder.function(function));
        self.builder.check_room(self.input.path())?;
        Ok(self.builder.frame(Frame { function, file, line, column, kind, ..Frame::default() }))
    }

    /// What a frame is, as text.
    fn location(&self, cells: &[Cell]) -> Result<&str> {
        let texts = &self.thread.string_table;
        let location = self.thread.frame_table.index(cells, "location").unwrap_or(usize::MAX);
        let text = texts.get(location).ok_or_else(|| self.nowhere("texts", texts.len(), location))?;
        Ok(&text.0)
    }

    fn native(&mut self, address: u64) -> i32 {
        let process = self.process;
        let Some(lib) = process.lib(address) else {
            let address = Some(address.cast_signed());
            return self.builder.frame(Frame { address, ..Frame::default() });
        };
        let build_id = lib.code_id.as_deref().filter(|id| !id.is_empty()).map(str::to_lowercase);
        let binary = Some(self.builder.binary(&lib.path, build_id.as_deref()));
        let address = Some((address - lib.start).cast_signed());
        self.builder.frame(Frame { address, binary, kind: FrameKind::Native, ..Frame::default() })
    }
}

/// A location that is an address.
fn address(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// A location that is no address: a function of JavaScript, `name (file:line:column)`, or a label. Newer versions add the
/// row of the file in their table of sources: `name (file:line:column)[3]`, and `file[3]` of what is in no function.
struct Code<'a> {
    name: &'a str,
    file: Option<&'a str>,
    line: Option<i32>,
    column: Option<i32>,
}

impl<'a> Code<'a> {
    fn parse(text: &'a str) -> Self {
        let source = without_source(text);
        let text = source.unwrap_or(text);
        let label =
            Self { name: text, file: source.filter(|url| url.contains('/')), line: None, column: None };
        let Some((name, place)) = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) else {
            return label;
        };
        let number = |text: &'a str| -> Option<(&'a str, i32)> {
            let (before, number) = text.rsplit_once(':')?;
            Some((before, number.parse().ok()?))
        };
        match number(place).map(|(before, last)| (number(before), before, last)) {
            Some((Some((file, line)), _, column)) => {
                Self { name, file: Some(file), line: Some(line), column: Some(column) }
            }
            Some((None, file, line)) => Self { name, file: Some(file), line: Some(line), column: None },
            None => label,
        }
    }
}

/// The location before the row of its source, if it has one.
fn without_source(text: &str) -> Option<&str> {
    let (before, row) = text.strip_suffix(']')?.rsplit_once('[')?;
    (!row.is_empty() && row.bytes().all(|byte| byte.is_ascii_digit())).then_some(before)
}
