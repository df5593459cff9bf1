//! Which samples a view is about, and how much each stack weighs in them.
//!
//! Every sum starts here: the samples of one metric that pass the filters, added up by stack.
//! Filters on functions and binaries are applied to whole stacks afterwards, so they cost one
//! look at each stack and none at the samples.

use std::ops::Range;

use regex::Regex;

pub use crate::allocator::askers;
use crate::allocator::to_askers;
use crate::call_graph::has_call_graph;
use crate::columns::{Columns, NO_TIME, Wanted};
use crate::error::{Error, NO_PATTERN, Result};
use crate::labels::frame_name;
use crate::profile::Profile;
use crate::schema::{Frame, Sample, Tables};

/// What to look at. The default is everything of the first metric.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Row in `metrics`.
    pub metric: i32,
    /// Rows in `threads`; empty for all.
    pub threads: Vec<i32>,
    /// Rows in `processes`; empty for all. Samples must be of these and of [`Self::threads`].
    pub processes: Vec<i32>,
    /// Nanoseconds after the start of the recording; samples without a time are outside.
    pub time: Option<Range<i64>>,
    /// Only stacks that hold a function with a name that one of these matches; empty for all.
    pub focus: Vec<Regex>,
    /// No stacks that hold such a function.
    pub exclude: Vec<Regex>,
    /// Only stacks that hold a frame in a binary with a path that one of these matches.
    pub focus_binaries: Vec<Regex>,
    /// No stacks that hold such a frame.
    pub exclude_binaries: Vec<Regex>,
    /// Only samples that end in these rows of `stacks`; none for all.
    pub stacks: Option<Vec<i32>>,
    /// Frames of such functions are left out of their stacks: what they weigh is their callers'. A frame without a caller
    /// in which samples end stays, for they must end somewhere.
    pub hide: Vec<Regex>,
    /// What ends in an allocator is moved to the code that asked for memory: neither allocator nor standard library.
    pub hide_allocators: bool,
}

impl Selection {
    /// Whether it leaves anything out but other metrics.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        let patterns = [&self.focus, &self.exclude, &self.focus_binaries, &self.exclude_binaries];
        self.is_of_a_part() || self.hides() || patterns.iter().any(|patterns| !patterns.is_empty())
    }

    /// Whether it changes stacks.
    fn hides(&self) -> bool {
        self.hide_allocators || !self.hide.is_empty()
    }

    /// Whether it is of some threads, processes, times or rows of `stacks` only.
    #[must_use]
    pub fn is_of_a_part(&self) -> bool {
        let threads = !self.threads.is_empty() || !self.processes.is_empty();
        threads || self.time.is_some() || self.stacks.is_some()
    }
}

/// Compiles patterns for a [`Selection`].
///
/// # Errors
/// [`Error::Selection`] with the pattern that is no regular expression.
pub fn patterns<S: AsRef<str>>(patterns: &[S]) -> Result<Vec<Regex>> {
    let compile =
        |pattern: &S| Regex::new(pattern.as_ref()).map_err(|error| no_pattern(pattern.as_ref(), &error));
    patterns.iter().map(compile).collect()
}

/// What is said of a pattern that cannot be compiled.
#[must_use]
pub fn no_pattern(pattern: &str, error: &regex::Error) -> Error {
    Error::Selection { what: format!("`{pattern}` {NO_PATTERN}: {}", reason(error)) }
}

/// The sentence at the end of what is a drawing of several lines.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// A sum of samples. Saturates rather than wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// In the metric's unit.
    pub value: i64,
    /// Observations.
    pub count: i64,
}

impl Weight {
    /// Adds another sum to this one.
    #[inline]
    pub fn add(&mut self, other: &Self) {
        self.value = self.value.saturating_add(other.value);
        self.count = self.count.saturating_add(other.count);
    }

    /// The sum of the squares of `count` observations of equal value.
    #[inline]
    fn squares(&self) -> f64 {
        let square = self.value as f64 * self.value as f64;
        match self.count {
            ..=1 => square,
            count => square / count as f64,
        }
    }

    /// Its size, whatever its sign: what is shown if it is large.
    #[must_use]
    pub fn size(&self) -> f64 {
        self.value.unsigned_abs() as f64
    }

    /// True if nothing was added.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.value == 0 && self.count == 0
    }
}

/// How much each stack weighs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    /// For each row of `stacks`, the samples of which it is the leaf.
    pub stacks: Vec<Weight>,
    /// All of them.
    pub total: Weight,
    /// Sum over all observations of their squared values. `value² / squares` is the effective
    /// number of observations (Kish 1965), from which a confidence interval follows.
    pub squares: f64,
    /// Samples of the metric that the filters left out.
    pub excluded: Weight,
    /// For each row of `stacks`, if its frame is left out of it; empty if none is.
    pub hidden: Vec<bool>,
    /// The metric, if nothing is filtered and the profile has calls of it in place of stacks: totals come from these.
    pub calls: Option<i32>,
}

impl Weights {
    /// Whether the frame of a row of `stacks` is left out.
    #[inline]
    pub(crate) fn hides(&self, stack: usize) -> bool {
        self.hidden.get(stack).copied().unwrap_or(false)
    }
}

/// Adds up the samples that are selected.
///
/// # Errors
/// [`Error::Selection`] if the profile has no such metric, thread or process; those of reading.
pub fn weigh(profile: &Profile, selection: &Selection) -> Result<Weights> {
    let filter = Filter::new(profile, selection)?;
    let tables = profile.tables();
    let calls = !selection.is_filtered() && has_call_graph(tables, selection.metric);
    let mut weights = Weights {
        stacks: vec![Weight::default(); tables.stacks.len()],
        calls: calls.then_some(selection.metric),
        ..Weights::default()
    };
    profile.for_each_columns(filter.wanted(), |columns| {
        filter.add(columns, &mut weights);
        Ok(())
    })?;
    if selection.hide_allocators {
        to_askers(tables, selection.metric, &mut weights.stacks);
    }
    weights.hidden = hidden_frames(tables, selection, &weights.stacks);
    Ok(weights)
}

/// The sum of all samples of each metric, in the order of `metrics`.
///
/// # Errors
/// Those of reading.
pub fn totals(profile: &Profile) -> Result<Vec<Weight>> {
    let mut totals = vec![Weight::default(); profile.tables().metrics.len()];
    profile.for_each_columns(Wanted::default(), |columns| {
        for ((metric, value), count) in columns.metric.iter().zip(columns.value).zip(columns.count) {
            totals[*metric as usize].add(&Weight { value: *value, count: *count });
        }
        Ok(())
    })?;
    Ok(totals)
}

/// Calls `each` with every sample that passes the filters, of whatever metric.
///
/// # Errors
/// Those of [`weigh`], and of `each`.
pub fn for_each_selected(
    profile: &Profile,
    selection: &Selection,
    mut each: impl FnMut(&Sample) -> Result<()>,
) -> Result<()> {
    let filter = Filter::new(profile, selection)?;
    profile.for_each_batch(|samples| {
        let passes =
            |sample: &&Sample| filter.passes(sample.stack, sample.thread, sample.time.unwrap_or(NO_TIME));
        samples.iter().filter(passes).try_for_each(&mut each)
    })
}

/// The filters on single samples.
struct Filter {
    metric: i32,
    /// For each row of `threads`, if it is selected; none if all are.
    threads: Option<Vec<bool>>,
    /// In the clock of `samples.time`.
    time: Option<Range<i64>>,
    /// For each row of `stacks`, if the filters on functions and binaries let it pass; none if there are none.
    stacks: Option<Vec<bool>>,
}

impl Filter {
    fn new(profile: &Profile, selection: &Selection) -> Result<Self> {
        let tables = profile.tables();
        known("metric", selection.metric, tables.metrics.len())?;
        let start = profile.meta.start;
        let time = selection.time.as_ref();
        Ok(Self {
            metric: selection.metric,
            threads: selected_threads(tables, selection)?,
            time: time.map(|time| start.saturating_add(time.start)..start.saturating_add(time.end)),
            stacks: only(tables, selection, kept_stacks(tables, selection))?,
        })
    }

    fn wanted(&self) -> Wanted {
        Wanted { thread: self.threads.is_some(), time: self.time.is_some() }
    }

    fn add(&self, columns: &Columns<'_>, weights: &mut Weights) {
        for row in 0..columns.stack.len() {
            if columns.metric[row] != self.metric {
                continue;
            }
            let weight = Weight { value: columns.value[row], count: columns.count[row] };
            let stack = columns.stack[row];
            let thread = columns.thread.get(row).copied().unwrap_or(0);
            let time = columns.time.get(row).copied().unwrap_or(NO_TIME);
            if !self.passes(stack, thread, time) {
                weights.excluded.add(&weight);
                continue;
            }
            weights.stacks[stack as usize].add(&weight);
            weights.total.add(&weight);
            weights.squares += weight.squares();
        }
    }

    /// What is not filtered by is not looked at.
    #[inline]
    fn passes(&self, stack: i32, thread: i32, time: i64) -> bool {
        let threads = self.threads.as_ref();
        let range = self.time.as_ref();
        self.stacks.as_ref().is_none_or(|kept| kept[stack as usize])
            && threads.is_none_or(|threads| threads[thread as usize])
            && range.is_none_or(|range| time != NO_TIME && range.contains(&time))
    }
}

fn selected_threads(tables: &Tables, selection: &Selection) -> Result<Option<Vec<bool>>> {
    for &thread in &selection.threads {
        known("thread", thread, tables.threads.len())?;
    }
    for &process in &selection.processes {
        known("process", process, tables.processes.len())?;
    }
    if selection.threads.is_empty() && selection.processes.is_empty() {
        return Ok(None);
    }
    let any = |rows: &[i32], row| rows.is_empty() || rows.contains(&row);
    let selected = (0..)
        .zip(&tables.threads)
        .map(|(row, thread)| any(&selection.threads, row) && any(&selection.processes, thread.process));
    Ok(Some(selected.collect()))
}

fn known(what: &str, row: i32, rows: usize) -> Result<()> {
    match usize::try_from(row) {
        Ok(index) if index < rows => Ok(()),
        _ => Err(Error::Selection {
            what: format!("no {what} {row}: the profile has {rows}, numbered from 0"),
        }),
    }
}

/// For each row of `stacks`, if the filters on functions and binaries let it pass; none if there are none.
fn kept_stacks(tables: &Tables, selection: &Selection) -> Option<Vec<bool>> {
    type Matching = fn(&Tables, &[Regex]) -> Vec<bool>;
    let filters: [(&[Regex], Matching, bool); 4] = [
        (&selection.focus, frames_of_functions, true),
        (&selection.exclude, frames_of_functions, false),
        (&selection.focus_binaries, frames_in_binaries, true),
        (&selection.exclude_binaries, frames_in_binaries, false),
    ];
    let mut kept = None;
    for (patterns, matching, keep) in filters {
        if patterns.is_empty() {
            continue;
        }
        let with = stacks_with(tables, &matching(tables, patterns));
        let kept = kept.get_or_insert_with(|| vec![true; tables.stacks.len()]);
        kept.iter_mut().zip(with).for_each(|(kept, with)| *kept &= with == keep);
    }
    kept
}

/// For each row of `stacks`, if its frame is left out: its function is hidden, and what ends in it has a caller to be of.
fn hidden_frames(tables: &Tables, selection: &Selection, weights: &[Weight]) -> Vec<bool> {
    if selection.hide.is_empty() {
        return Vec::new();
    }
    let frames = frames_of_functions(tables, &selection.hide);
    let mut is_seen: Vec<bool> = Vec::with_capacity(tables.stacks.len());
    let mut hidden = Vec::with_capacity(tables.stacks.len());
    for (stack, weight) in tables.stacks.iter().zip(weights) {
        let has_caller = stack.parent.is_some_and(|parent| is_seen[parent as usize]);
        let is_hidden = frames[stack.frame as usize] && (has_caller || weight.is_zero());
        is_seen.push(has_caller || !is_hidden);
        hidden.push(is_hidden);
    }
    hidden
}

/// Those of the kept stacks that are listed, if some are.
fn only(tables: &Tables, selection: &Selection, kept: Option<Vec<bool>>) -> Result<Option<Vec<bool>>> {
    let Some(rows) = &selection.stacks else {
        return Ok(kept);
    };
    let mut listed = vec![false; tables.stacks.len()];
    for &row in rows {
        known("stack", row, listed.len())?;
        listed[row as usize] = kept.as_ref().is_none_or(|kept| kept[row as usize]);
    }
    Ok(Some(listed))
}

/// For each row of `frames`, if one of `patterns` matches its function's name.
pub(crate) fn frames_of_functions(tables: &Tables, patterns: &[Regex]) -> Vec<bool> {
    let matches = |name: &str| patterns.iter().any(|pattern| pattern.is_match(name));
    let functions: Vec<_> = tables.functions.iter().map(|f| matches(&f.name)).collect();
    let frame_matches = |frame: &Frame| match frame.function {
        Some(function) => functions[function as usize],
        None => matches(&frame_name(tables, frame)),
    };
    tables.frames.iter().map(frame_matches).collect()
}

fn frames_in_binaries(tables: &Tables, patterns: &[Regex]) -> Vec<bool> {
    let matches = |path: &str| patterns.iter().any(|pattern| pattern.is_match(path));
    let binaries: Vec<_> = tables.binaries.iter().map(|b| matches(&b.path)).collect();
    let frame_matches = |frame: &Frame| {
        let binary = frame.binary.or_else(|| tables.functions[frame.function? as usize].binary);
        binary.is_some_and(|binary| binaries[binary as usize])
    };
    tables.frames.iter().map(frame_matches).collect()
}

/// For each row of `stacks`, if it holds one of the frames: its own, or one of its callers'.
fn stacks_with(tables: &Tables, frames: &[bool]) -> Vec<bool> {
    let mut with: Vec<bool> = Vec::with_capacity(tables.stacks.len());
    for stack in &tables.stacks {
        let above = stack.parent.is_some_and(|parent| with[parent as usize]);
        with.push(above || frames[stack.frame as usize]);
    }
    with
}
