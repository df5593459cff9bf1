//! Threads: samples, and the tables that they refer to.

use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::{Sample, Tables};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Weigh;
use super::document::{
    FrameTable, FuncTable, NativeSymbols, ResourceTable, SampleTable, StackTable, ThreadTables,
};
use super::frames::{Frames, address};

/// The type of a resource that is a library.
const LIBRARY: u32 = 1;
/// Nanoseconds in a millisecond.
pub(super) const MS: f64 = 1e6;

pub(super) struct Threads<'a> {
    pub(super) threads: Vec<Thread<'a>>,
    weigh: Weigh,
    start: i64,
    untimed: bool,
}

impl<'a> Threads<'a> {
    pub(super) fn new(tables: &'a Tables, start: i64, weigh: Weigh) -> Self {
        let threads = tables.threads.iter().map(|_| Thread::new(tables)).collect();
        Self { threads, weigh, start, untimed: false }
    }

    pub(super) fn add(&mut self, sample: &Sample, frames: &Frames) {
        let time = sample.time.map_or(0.0, |time| milliseconds(time, self.start));
        self.untimed |= sample.time.is_none();
        let (weight, cpu) = match self.weigh {
            Weigh::Cpu => (sample.count as f64, Some(sample.value)),
            Weigh::Time => (sample.value as f64 / MS, None),
            Weigh::Bytes | Weigh::Count => (sample.value as f64, None),
        };
        let thread = &mut self.threads[sample.thread as usize];
        let stack = thread.stack(sample.stack, frames);
        thread.samples.push(Row { time, stack, weight, cpu });
    }

    /// A sample without a time stands at the beginning.
    pub(super) fn left_out(&self) -> Option<String> {
        self.untimed.then(|| "the lack of times (samples without one stand at 0)".to_owned())
    }

    pub(super) fn weight_type(&self) -> &'static str {
        match self.weigh {
            Weigh::Cpu | Weigh::Count => "samples",
            Weigh::Time => "tracing-ms",
            Weigh::Bytes => "bytes",
        }
    }
}

/// Milliseconds since the start.
pub(super) fn milliseconds(time: i64, start: i64) -> f64 {
    time.saturating_sub(start) as f64 / MS
}

struct Row {
    time: f64,
    stack: usize,
    weight: f64,
    cpu: Option<i64>,
}

pub(super) struct Thread<'a> {
    tables: &'a Tables,
    samples: Vec<Row>,
    made: ThreadTables,
    texts: FxHashMap<String, usize>,
    stacks: FxHashMap<i32, usize>,
    /// By row in `frames` and depth of inlining.
    frames: FxHashMap<(i32, u32), usize>,
    /// By name, resource, file and line.
    functions: FxHashMap<(usize, i64, Option<usize>, Option<i32>), usize>,
    resources: FxHashMap<i32, usize>,
    symbols: FxHashMap<(i32, i32), usize>,
}

impl<'a> Thread<'a> {
    fn new(tables: &'a Tables) -> Self {
        let (samples, made, texts, stacks, frames) = Default::default();
        let (functions, resources, symbols) = Default::default();
        Self { tables, samples, made, texts, stacks, frames, functions, resources, symbols }
    }

    /// The tables, with the samples in the order of their times.
    pub(super) fn finish(mut self, weight_type: &'static str) -> ThreadTables {
        self.samples.sort_by(|one, other| one.time.total_cmp(&other.time));
        let rows = &self.samples;
        self.made.samples = SampleTable {
            length: rows.len(),
            weight_type,
            stack: rows.iter().map(|row| row.stack).collect(),
            time: rows.iter().map(|row| row.time).collect(),
            weight: rows.iter().map(|row| row.weight).collect(),
            thread_cpu_delta: rows.iter().map(|row| row.cpu).collect(),
        };
        self.made
    }

    pub(super) fn text(&mut self, text: &str) -> usize {
        if let Some(index) = self.texts.get(text) {
            return *index;
        }
        self.made.string_array.push(text.to_owned());
        self.texts.insert(text.to_owned(), self.made.string_array.len() - 1);
        self.made.string_array.len() - 1
    }

    /// The row of a stack, made with its callers the first time.
    fn stack(&mut self, leaf: i32, frames: &Frames) -> usize {
        let mut missing = Vec::new();
        let mut node = Some(leaf);
        let mut prefix = None;
        while let Some(row) = node {
            prefix = self.stacks.get(&row).copied();
            if prefix.is_some() {
                break;
            }
            missing.push(row);
            node = self.tables.stacks[row as usize].parent;
        }
        for row in missing.into_iter().rev() {
            let frame =
                self.frame(self.tables.stacks[row as usize].frame, frames.depths[row as usize], frames);
            let StackTable { length, prefix: prefixes, frame: of_stack } = &mut self.made.stack_table;
            prefixes.push(prefix);
            of_stack.push(frame);
            prefix = Some(*length);
            self.stacks.insert(row, *length);
            *length += 1;
        }
        prefix.unwrap_or(0)
    }

    fn frame(&mut self, row: i32, depth: u32, frames: &Frames) -> usize {
        if let Some(index) = self.frames.get(&(row, depth)) {
            return *index;
        }
        let frame = &self.tables.frames[row as usize];
        let func = self.function(row);
        let symbol = frames.symbol(row).map(|symbol| self.symbol(symbol));
        let (category, subcategory) = Frames::category(frame);
        let table: &mut FrameTable = &mut self.made.frame_table;
        table.address.push(address(frame).unwrap_or(-1));
        table.inline_depth.push(depth);
        table.category.push(category);
        table.subcategory.push(subcategory);
        table.func.push(func);
        table.native_symbol.push(symbol);
        table.inner_window_id.push(0);
        table.line.push(frame.line);
        table.column.push(frame.column);
        table.length += 1;
        self.frames.insert((row, depth), table.length - 1);
        table.length - 1
    }

    /// The function of a frame. Its file is that of the frame's line, which has none of its own.
    fn function(&mut self, row: i32) -> usize {
        let frame = &self.tables.frames[row as usize];
        let function = frame.function.map(|row| &self.tables.functions[row as usize]);
        let own = function.and_then(|function| function.file.as_deref());
        let file = frame.file.as_deref().or(own);
        let line = function.and_then(|function| function.line).filter(|_| file == own);
        let binary = frame.binary.or_else(|| function.and_then(|function| function.binary));
        let name = self.text(&frame_name(self.tables, frame));
        let file = file.map(|file| self.text(file));
        let resource = binary.map_or(-1, |binary| self.resource(binary) as i64);
        let table: &mut FuncTable = &mut self.made.func_table;
        *self.functions.entry((name, resource, file, line)).or_insert_with(|| {
            table.name.push(name);
            table.is_js.push(false);
            table.relevant_for_js.push(false);
            table.resource.push(resource);
            table.file_name.push(file);
            table.line_number.push(line);
            table.column_number.push(None);
            table.length += 1;
            table.length - 1
        })
    }

    fn resource(&mut self, binary: i32) -> usize {
        if let Some(index) = self.resources.get(&binary) {
            return *index;
        }
        let name = self.text(super::document::file_name(&self.tables.binaries[binary as usize].path));
        let table: &mut ResourceTable = &mut self.made.resource_table;
        table.lib.push(binary);
        table.name.push(name);
        table.host.push(None);
        table.r#type.push(LIBRARY);
        table.length += 1;
        self.resources.insert(binary, table.length - 1);
        table.length - 1
    }

    fn symbol(&mut self, symbol: super::frames::Symbol) -> usize {
        if let Some(index) = self.symbols.get(&(symbol.binary, symbol.function)) {
            return *index;
        }
        let name = self.text(&self.tables.functions[symbol.function as usize].name);
        let table: &mut NativeSymbols = &mut self.made.native_symbols;
        table.address.push(symbol.address);
        table.function_size.push(None);
        table.lib_index.push(symbol.binary);
        table.name.push(name);
        table.length += 1;
        self.symbols.insert((symbol.binary, symbol.function), table.length - 1);
        table.length - 1
    }
}

/// Ids that no other has: the second 7 is `7.1`.
#[derive(Default)]
pub(super) struct Ids(FxHashSet<String>);

impl Ids {
    pub(super) fn unique(&mut self, id: i32) -> String {
        let mut text = id.to_string();
        let mut number = 0;
        while !self.0.insert(text.clone()) {
            number += 1;
            text = format!("{id}.{number}");
        }
        text
    }
}
