//! A profile in the making: rows that are alike are one, and equal samples are added.

mod tasks;

use std::path::Path;
use std::sync::Arc;

use pyrometer_symbols::demangle::{demangle, namespace_of};
use pyrometer_tables::Profile;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::samples::SampleSource;
use pyrometer_tables::schema::{
    Binary, Call, Counter, Event, Experiment, Frame, FrameKind, Function, Metric, Sample, Stack, Tables,
};
use rustc_hash::{FxHashMap, FxHashSet};

use super::costs::Costs;
use super::room::Room;
use super::valgrind;
use super::whole::{Rounded, first_too_large};
use super::wide_samples::WideSamples;
use crate::error::{Error, Result};
use crate::nameless::address_alone;

/// Messages of what was left out that are kept.
const KEPT: usize = 3;
/// No table has more rows: ids are int32.
const ROWS: usize = i32::MAX as usize;

/// What stands for a name in many formats where none is known.
const UNNAMED: &str = "[unknown]";

/// No row.
const NONE: i32 = -1;

/// What readers fill.
#[derive(Debug, Default)]
pub struct Builder {
    /// What the profile is of.
    pub meta: Meta,
    /// Costs and calls without stacks; they become rows at the end.
    pub costs: Costs,
    tables: Tables,
    room: Room,
    samples: Vec<Sample>,
    wide: Vec<WideSamples>,
    lenient: bool,
    left_out: u64,
    kept: Vec<String>,
    /// Parts of files that say another sum than that of their lines: how many, and both of the first.
    differing: Option<(u64, i64, i64)>,
    rounded: Rounded,
    sums_may_stop: bool,
    /// When the files say that recordings began and ended, by the clock of samples: the first and the last.
    recorded: Option<(i64, i64)>,
    binaries: FxHashMap<(String, Option<String>), i32>,
    functions: FxHashMap<FunctionKey, i32>,
    frames: FxHashMap<Frame, i32>,
    stacks: FxHashMap<(i32, i32), i32>,
    /// For each row of `stacks`, that of a frame called from it which was looked up last; [`NONE`] if none was.
    newest: Vec<i32>,
    threads: FxHashMap<(i32, i32), i32>,
    /// Rows of processes that are called like their first thread, for no other name was known.
    named_by_thread: FxHashSet<i32>,
    /// Rows of processes by id and name, and of threads by process, id and name, for [`Self::task`].
    processes_by_name: FxHashMap<i32, FxHashMap<String, i32>>,
    threads_by_name: FxHashMap<(i32, i32), FxHashMap<String, i32>>,
    sums: FxHashMap<(i32, i32, i32), u32>,
    calls: FxHashMap<(i32, i32, Option<i32>, i32), u32>,
}

type FunctionKey = (String, String, Option<i32>, Option<Arc<str>>, Option<i32>);

impl Builder {
    /// A profile without rows. `lenient`: what does not fit is left out.
    #[must_use]
    pub fn new(lenient: bool) -> Self {
        let creator = concat!("pyrometer ", env!("CARGO_PKG_VERSION")).to_owned();
        Self { meta: Meta { creator, complete: true, ..Meta::default() }, lenient, ..Self::default() }
    }

    /// A recording took from `first` to `last`, by the clock of samples: of several files, all that lies between.
    pub fn recorded(&mut self, first: i64, last: i64) {
        let known = self.recorded.unwrap_or((first, last));
        let (first, last) = (known.0.min(first), known.1.max(last));
        self.recorded = Some((first, last));
        (self.meta.start, self.meta.duration) = (first, last.saturating_sub(first));
    }

    /// A recording began then, nanoseconds since 1970; 0 if that is not known. Of several files, the first one.
    pub fn began(&mut self, wall: i64) {
        if wall != 0 && (self.meta.start_wall == 0 || wall < self.meta.start_wall) {
            self.meta.start_wall = wall;
        }
    }

    /// Begins with a file of a format, of `size` bytes.
    pub fn begin(&mut self, format: &str, size: u64) {
        self.meta.source = format.to_owned();
        self.room.add(size);
    }

    /// Checks that no more rows were asked for than files of that size need. Whoever makes many rows of few bytes asks
    /// at times: those beyond are not made, and [`Self::finish`] asks too late for the time that it takes.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn check_room(&self, path: &Path) -> Result<()> {
        if !self.is_full() {
            return Ok(());
        }
        let what = "stacks or names that are far longer than the file".to_owned();
        Err(Error::TooLarge { path: path.to_owned(), what })
    }

    /// Whether [`Self::check_room`] is an error.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.room.is_used_up()
    }

    /// Something does not fit: an error, or, in a lenient reading, left out and counted.
    ///
    /// # Errors
    /// The one that is given, unless the reading is lenient or it is none of contents.
    pub fn left_out(&mut self, error: Error) -> Result<()> {
        if !self.lenient || !error.is_of_contents() {
            return Err(error);
        }
        self.left_out += 1;
        if self.kept.len() < KEPT {
            self.kept.push(error.to_string());
        }
        Ok(())
    }

    /// A sentence that the user should read, once.
    pub fn note(&mut self, note: String) {
        if !self.meta.notes.contains(&note) {
            self.meta.notes.push(note);
        }
    }

    /// The tables so far.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// The row of the metric of this name and unit.
    pub fn metric(&mut self, metric: Metric) -> i32 {
        let known = self.tables.metrics.iter();
        let alike = |row: &Metric| row.name == metric.name && row.unit == metric.unit;
        let found = known.clone().position(alike);
        found.map_or_else(|| push(&mut self.tables.metrics, metric), |row| row as i32)
    }

    /// The row of a binary.
    pub fn binary(&mut self, path: &str, build_id: Option<&str>) -> i32 {
        let key = (path.to_owned(), build_id.map(str::to_owned));
        *self.binaries.entry(key).or_insert_with_key(|(path, build_id)| {
            let binary = Binary { path: path.clone(), build_id: build_id.clone(), ..Binary::default() };
            push(&mut self.tables.binaries, binary)
        })
    }

    /// The row of a function. A mangled name is demangled, and its namespace found.
    pub fn function(&mut self, function: Function) -> i32 {
        let key = (
            function.name.clone(),
            function.linkage_name.clone(),
            function.binary,
            function.file.clone(),
            function.line,
        );
        let Self { functions, tables, room, .. } = self;
        if room.is_used_up() && !tables.functions.is_empty() {
            return 0;
        }
        *functions.entry(key).or_insert_with_key(|(name, linkage_name, _, file, _)| {
            room.take::<Function>(2 * (name.len() + linkage_name.len()) + length(file));
            push(&mut tables.functions, named(function))
        })
    }

    /// The row of a frame.
    pub fn frame(&mut self, frame: Frame) -> i32 {
        let Self { frames, tables, room, .. } = self;
        if room.is_used_up() && !tables.frames.is_empty() {
            return 0;
        }
        *frames.entry(frame).or_insert_with_key(|frame| {
            // They have it in common, but not where it is written.
            room.take::<Frame>(length(&frame.file));
            push(&mut tables.frames, frame.clone())
        })
    }

    /// The row of a frame of which only a name is known.
    pub fn name(&mut self, name: &str, kind: &str) -> i32 {
        let function = self.function(Function { name: name.to_owned(), ..Function::default() });
        self.frame(Frame { function: Some(function), kind: kind.into(), ..Frame::default() })
    }

    /// The row of a stack: a frame that was called from `parent`.
    #[inline]
    pub fn stack(&mut self, parent: Option<i32>, frame: i32) -> i32 {
        // Stacks come in paths: what was first called from a row stands behind it, and the last one comes again.
        let stack = Stack { parent, frame };
        let guesses = parent.map(|parent| [parent + 1, self.newest[parent as usize]]);
        let known =
            guesses.into_iter().flatten().find(|row| self.tables.stacks.get(*row as usize) == Some(&stack));
        known.unwrap_or_else(|| self.look_up_stack(stack))
    }

    /// The row of a stack that has no row, and that nobody asks [`Self::stack`] for: a reader that has put its stacks
    /// together need not look them up.
    #[inline]
    pub fn new_stack(&mut self, parent: Option<i32>, frame: i32) -> i32 {
        self.room.take::<Stack>(0);
        self.newest.push(NONE);
        push(&mut self.tables.stacks, Stack { parent, frame })
    }

    fn look_up_stack(&mut self, stack: Stack) -> i32 {
        let Self { tables, newest, room, .. } = self;
        if room.is_used_up() && !tables.stacks.is_empty() {
            return 0;
        }
        let row = *self.stacks.entry((stack.parent.unwrap_or(-1), stack.frame)).or_insert_with(|| {
            room.take::<Stack>(0);
            newest.push(NONE);
            push(&mut tables.stacks, stack)
        });
        if let Some(parent) = stack.parent {
            self.newest[parent as usize] = row;
        }
        row
    }

    /// Adds a sample that has a time of its own.
    pub fn sample(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    /// All samples of a file, of a reader that adds no others and no costs.
    pub fn all_samples(&mut self, samples: WideSamples) {
        self.wide.push(samples);
    }

    /// The first and the last moment of all samples, which stand for the time before them.
    #[must_use]
    pub fn span(&self) -> Option<(i64, i64)> {
        let last = self.samples.iter().filter_map(|sample| sample.time).max()?;
        let is_time = |sample: &Sample| self.tables.metrics[sample.metric as usize].unit == "ns";
        let first = self.samples.iter().filter_map(|sample| {
            Some(sample.time?.saturating_sub(if is_time(sample) { sample.value } else { 0 }))
        });
        Some((first.min()?, last))
    }

    /// Adds to the sample of this stack, thread and metric.
    pub fn add(&mut self, stack: i32, thread: i32, metric: i32, value: i64, count: i64) {
        let at = *self.sums.entry((stack, thread, metric)).or_insert_with(|| {
            self.samples.push(Sample { stack, thread, metric, ..Sample::default() });
            (self.samples.len() - 1) as u32
        });
        let sum = &mut self.samples[at as usize];
        sum.value = sum.value.saturating_add(value);
        sum.count = sum.count.saturating_add(count);
    }

    /// Adds to the call of this caller, callee, line and metric.
    pub fn call(&mut self, call: Call) {
        let calls = &mut self.tables.calls;
        let key = (call.caller, call.callee, call.line, call.metric);
        let at = *self.calls.entry(key).or_insert_with(|| {
            calls.push(Call { count: 0, inclusive: 0, ..call });
            (calls.len() - 1) as u32
        });
        let sum = &mut self.tables.calls[at as usize];
        sum.count = sum.count.saturating_add(call.count);
        sum.inclusive = sum.inclusive.saturating_add(call.inclusive);
    }

    /// Adds a point of a time series.
    pub fn counter(&mut self, counter: Counter) {
        self.tables.counters.push(counter);
    }

    /// Adds something that happened.
    pub fn event(&mut self, event: Event) {
        self.tables.events.push(event);
    }

    /// Adds a causal experiment.
    pub fn experiment(&mut self, experiment: Experiment) {
        self.tables.experiments.push(experiment);
    }

    /// A part of a file says another sum than that of its lines.
    pub fn differs(&mut self, said: i64, summed: i64) {
        self.differing.get_or_insert((0, said, summed)).0 += 1;
    }

    /// Sums may stop at the largest number: the format marks those that did.
    pub fn let_sums_stop(&mut self) {
        self.sums_may_stop = true;
    }

    /// The whole number next to one that may have a fraction, which is said; none if it has more than 63 bits.
    pub fn whole(&mut self, number: f64) -> Option<i64> {
        self.rounded.whole(number)
    }

    /// The profile.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a row refers to one that does not exist; [`Error::TooLarge`].
    pub fn finish(mut self, path: &Path) -> Result<Profile> {
        self.check_room(path)?;
        let costs = self.add_costs(path)?;
        let alone = self.samples_of_one_file()?;
        if self.tables.stacks.len().max(self.tables.frames.len()) >= ROWS {
            return Err(Error::TooLarge { path: path.to_owned(), what: format!("more than {ROWS} frames") });
        }
        if self.tables.threads.is_empty() && !self.samples.is_empty() {
            self.thread(0, 0, "");
        }
        if self.left_out > 0 {
            self.meta.complete = false;
            let first = self.kept.join("; ");
            self.note(format!("{} things that do not fit were left out: {first}", self.left_out));
        }
        if let Some(note) = names_that_are_no_text(&self.tables) {
            self.note(note);
        }
        if let Some(note) = self.rounded.note() {
            self.note(note);
        }
        match self.differing {
            None => {}
            Some((1, said, summed)) => self.note(format!(
                "A summary in the file says {said}, the lines of its part add up to {summed}: the lines count."
            )),
            Some((parts, said, summed)) => self.note(format!(
                "Summaries of {parts} parts are not the sums of their lines, the first {said} where these add up to \
                 {summed}: the lines count."
            )),
        }
        let wide = costs.as_ref().or(alone.as_ref());
        let too_large = first_too_large(&self.tables.metrics, &self.samples, wide);
        if let Some(metric) = too_large.filter(|_| !self.sums_may_stop) {
            let what = format!("the values of {} do not add up within 63 bits", metric.name);
            return Err(Error::TooLarge { path: path.to_owned(), what });
        }
        let own = wide.map_or(0, WideSamples::observations);
        let counted = self.samples.iter().fold(own, |sum, sample| sum.saturating_add(sample.count));
        if self.meta.quality.samples == 0 {
            self.meta.quality.samples = counted;
        }
        self.meta.quality.unsymbolized = self.unsymbolized(costs.as_ref(), alone.as_ref(), counted);
        match costs.or(alone) {
            Some(wide) => Ok(Profile::from_source(self.meta, self.tables, Arc::new(wide))?),
            None => Ok(Profile::from_parts(self.meta, self.tables, self.samples)?),
        }
    }
}

/// What to say of names with bytes that are no UTF-8.
fn names_that_are_no_text(tables: &Tables) -> Option<String> {
    let replaced = |name: &str| name.contains(char::REPLACEMENT_CHARACTER);
    match tables.functions.iter().filter(|function| replaced(&function.name)).count() {
        0 => None,
        names => Some(format!(
            "Names of functions with bytes that are no UTF-8 have \u{fffd} there: {names}. Text in another encoding can be \
             converted, for instance: iconv -f latin1 -t utf-8 FILE"
        )),
    }
}

impl Builder {
    /// How many samples are of code of which no name is known. A reader may have counted those of several metrics
    /// once: as many of these as of the `counted` ones of all metrics.
    fn unsymbolized(&self, costs: Option<&WideSamples>, alone: Option<&WideSamples>, counted: i64) -> i64 {
        let Tables { stacks, frames, functions, binaries, .. } = &self.tables;
        let path = |function: &Function| binaries.get(function.binary? as usize).map(|binary| &*binary.path);
        let is_nameless = |function: &Function| {
            let own = || path(function).and_then(|path| address_alone(&function.name, path));
            valgrind::is_nameless(&function.name) || function.name == UNNAMED || own().is_some()
        };
        let nameless: Vec<bool> = functions.iter().map(is_nameless).collect();
        let is_nameless = |frame: &Frame| match frame.function {
            Some(function) => nameless.get(function as usize) == Some(&true),
            None => frame.kind != FrameKind::Jit,
        };
        // Whether rows refer to rows that are there is checked later.
        let leaf = |stack: i32| frames.get(stacks.get(stack as usize)?.frame as usize);
        let is_of_nameless = |stack: i32| leaf(stack).is_some_and(is_nameless);
        let single = self.samples.iter().filter(|sample| is_of_nameless(sample.stack));
        let single: i128 = single.map(|sample| i128::from(sample.count)).sum();
        // All costs are of functions: seldom one is without a name.
        let costs = costs.filter(|_| nameless.contains(&true));
        let wide = costs.or(alone).map_or(0, |wide| wide.observations_of(is_of_nameless));
        let nameless = single + i128::from(wide);
        let samples = i128::from(self.meta.quality.samples);
        i64::try_from(nameless * samples / i128::from(counted).max(1)).unwrap_or(i64::MAX)
    }

    /// Makes rows of the costs. Their samples are given where there are no others.
    fn add_costs(&mut self, path: &Path) -> Result<Option<WideSamples>> {
        let costs = std::mem::take(&mut self.costs).finish();
        if costs.is_empty() {
            return Ok(None);
        }
        if costs.is_too_large() {
            let what = "more lines, or longer names of files on every line, than any program has".to_owned();
            return Err(Error::TooLarge { path: path.to_owned(), what });
        }
        if costs.has_several_sets() || !self.tables.calls.is_empty() {
            costs.calls().for_each(|call| self.call(call));
        } else {
            self.tables.calls.extend(costs.calls());
        }
        let (frames, samples) = costs.into_frames();
        if self.tables.frames.is_empty() && self.samples.is_empty() {
            let stacks = 0..frames.len() as i32;
            self.tables.stacks = stacks.map(|frame| Stack { parent: None, frame }).collect();
            self.tables.frames = frames;
            return Ok(Some(samples));
        }
        self.add_to_others(frames, &samples).map(|()| None)
    }

    /// All samples of the only file; those of several, and beside others, are added to each other.
    fn samples_of_one_file(&mut self) -> Result<Option<WideSamples>> {
        let mut wide = std::mem::take(&mut self.wide);
        if wide.len() == 1 && self.samples.is_empty() {
            return Ok(wide.pop());
        }
        wide.iter().try_for_each(|samples| self.add_all(samples, |stack| stack)).map(|()| None)
    }

    /// Adds costs to what other files gave.
    fn add_to_others(&mut self, frames: Vec<Frame>, samples: &WideSamples) -> Result<()> {
        let frames = frames.into_iter().map(|frame| self.frame(frame)).collect::<Vec<_>>();
        let stacks: Vec<_> = frames.into_iter().map(|frame| self.stack(None, frame)).collect();
        self.add_all(samples, |stack| stacks[stack as usize])
    }

    /// Adds samples, each to the stack that stands for its own.
    fn add_all(&mut self, samples: &WideSamples, stack: impl Fn(i32) -> i32) -> Result<()> {
        Ok(samples.for_each_batch(&mut |batch| {
            for sample in batch {
                self.add(stack(sample.stack), sample.thread, sample.metric, sample.value, sample.count);
            }
            Ok(())
        })?)
    }
}

/// Adds a row; its id.
fn push<T>(rows: &mut Vec<T>, row: T) -> i32 {
    rows.push(row);
    (rows.len() - 1) as i32
}

/// With its name demangled, and its crate or namespace.
fn named(mut function: Function) -> Function {
    let linkage_name = if function.linkage_name.is_empty() { &function.name } else { &function.linkage_name };
    let demangled = demangle(linkage_name);
    let is_mangled = demangled.name != *linkage_name;
    if is_mangled && (function.name.is_empty() || function.name == *linkage_name) {
        function.linkage_name = linkage_name.clone();
        function.name = demangled.name;
    }
    if function.name.is_empty() {
        function.name.clone_from(&function.linkage_name);
    }
    if function.name.is_empty() {
        UNNAMED.clone_into(&mut function.name);
    }
    function.namespace = function.namespace.or(demangled.namespace).or_else(|| namespace_of(&function.name));
    function
}

/// Bytes of a text that may be missing.
fn length(text: &Option<Arc<str>>) -> usize {
    text.as_ref().map_or(0, |text| text.len())
}
