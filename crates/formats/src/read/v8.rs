//! Profiles of V8's sampler: `.cpuprofile` of Node.js and the DevTools, and the parts of one that traces hold.
//!
//! A node is a function in its calling context; samples name nodes, each after a time since the one before. A sample
//! stands for the time to the next: it has the time at which that is over, as samples have that stand for what was before
//! them. Lines are only known of all samples of a node together (`positionTicks`): these are
//! a metric of their own, `ticks`, without times.

use std::borrow::Cow;
use std::sync::Arc;

use pyrometer_tables::schema::{Frame, FrameKind, Function, Metric, Sample};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::urls::path_of;
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::{Error, Result};

pub(super) const FORMAT: Format =
    Format { name: "cpuprofile", title: "V8 (.cpuprofile of Node.js and Chrome)", recognise, read };

/// What V8 calls the node that all others are below.
const ROOT: &str = "(root)";
/// Nanoseconds of a microsecond.
const MICROSECOND: f64 = 1e3;

fn recognise(head: &Head<'_>) -> Likeness {
    let has = |words: &[u8]| head.contains(words);
    let fits = head.is_json() && has(b"\"nodes\"") && has(b"\"callFrame\"") && !has(b"\"traceEvents\"");
    Likeness::mark(fits && !has(b"\"ph\""))
}

/// The whole of a `.cpuprofile`, or what a part in a trace adds to it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CpuProfile<'a> {
    #[serde(borrow)]
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) samples: Vec<i64>,
    pub(super) time_deltas: Vec<f64>,
    start_time: f64,
    pub(super) end_time: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node<'a> {
    id: i64,
    #[serde(borrow)]
    call_frame: CallFrame<'a>,
    #[serde(default)]
    parent: Option<i64>,
    #[serde(default)]
    children: Vec<i64>,
    #[serde(default)]
    position_ticks: Vec<Tick>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallFrame<'a> {
    #[serde(borrow, default)]
    function_name: Cow<'a, str>,
    #[serde(borrow, default)]
    url: Cow<'a, str>,
    /// From 0; -1 if there is none.
    #[serde(default)]
    line_number: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
struct Tick {
    line: f64,
    ticks: f64,
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let bytes = input.bytes()?;
    let profile: CpuProfile<'_> = super::json::parse(input, &bytes, "a profile of V8")?;
    if profile.nodes.is_empty() {
        return Err(input.misfit("nodes", "none"));
    }
    let thread = builder.thread(0, 1, "main");
    let mut run = Run::new(thread, "time", profile.start_time);
    run.add(input, builder, &profile)?;
    run.finish(builder, profile.end_time);
    let moment = |microseconds: f64| (microseconds * MICROSECOND).round() as i64;
    let (start, end) = (moment(profile.start_time), moment(profile.end_time.unwrap_or(run.now)));
    builder.recorded(start, end);
    Ok(())
}

/// One run of the sampler, as its parts come.
#[derive(Debug)]
pub(super) struct Run {
    thread: i32,
    /// Name of the metric.
    metric: &'static str,
    /// Microseconds: of the last sample, or of the start.
    now: f64,
    /// The stack of each node; none of the root.
    stacks: FxHashMap<i64, Option<i32>>,
    /// The sample that is not over: its stack and when it was taken.
    last: Option<(i32, f64)>,
}

impl Run {
    /// A run that starts at `start`, microseconds.
    pub(super) fn new(thread: i32, metric: &'static str, start: f64) -> Self {
        Self { thread, metric, now: start, stacks: FxHashMap::default(), last: None }
    }

    /// Adds nodes and samples.
    pub(super) fn add(
        &mut self,
        input: &Input<'_>,
        builder: &mut Builder,
        part: &CpuProfile<'_>,
    ) -> Result<()> {
        if !part.samples.is_empty() {
            // Before that of the lines: what comes first is shown first.
            time(builder, self.metric);
        }
        self.add_nodes(input, builder, &part.nodes)?;
        let (samples, deltas) = (part.samples.len(), part.time_deltas.len());
        if samples != deltas {
            let found = format!("{deltas}");
            builder.left_out(input.misfit(&format!("{samples} time deltas"), &found))?;
        }
        for (node, delta) in part.samples.iter().zip(&part.time_deltas) {
            match self.stacks.get(node).copied() {
                Some(stack) => self.sample(builder, stack, *delta),
                None => builder.left_out(input.misfit("a node for each sample", &node.to_string()))?,
            }
        }
        Ok(())
    }

    fn sample(&mut self, builder: &mut Builder, stack: Option<i32>, delta: f64) {
        // Samples of several threads of V8 can come in another order than they were taken.
        self.now += delta;
        self.end_last(builder, self.now);
        let stack = stack.unwrap_or_else(|| {
            let frame = builder.name("[no stack]", "unknown");
            builder.stack(None, frame)
        });
        self.last = Some((stack, self.now));
    }

    fn end_last(&mut self, builder: &mut Builder, end: f64) {
        let Some((stack, begin)) = self.last.take() else { return };
        let metric = time(builder, self.metric);
        let value = ((end - begin).max(0.0) * MICROSECOND).round() as i64;
        let time = Some((end.max(begin) * MICROSECOND).round() as i64);
        builder.sample(Sample { stack, thread: self.thread, time, cpu: None, metric, value, count: 1 });
    }

    /// The end: of the last sample, too, if it is known.
    pub(super) fn finish(&mut self, builder: &mut Builder, end: Option<f64>) {
        let end = end.unwrap_or(self.now);
        self.end_last(builder, end);
    }

    /// Nodes name their parent, or a parent its children.
    fn add_nodes(&mut self, input: &Input<'_>, builder: &mut Builder, nodes: &[Node<'_>]) -> Result<()> {
        let mut parents: FxHashMap<i64, i64> = FxHashMap::default();
        let mut rows: FxHashMap<i64, usize> = FxHashMap::default();
        for (row, node) in nodes.iter().enumerate() {
            rows.insert(node.id, row);
            parents.extend(node.children.iter().map(|child| (*child, node.id)));
            parents.extend(node.parent.map(|parent| (node.id, parent)));
        }
        let mut path: Vec<usize> = Vec::new();
        for node in nodes {
            let mut next = Some(node.id);
            while let Some(id) = next.filter(|id| !self.stacks.contains_key(id)) {
                let row = rows.get(&id).ok_or_else(|| self.no_node(input, id))?;
                path.push(*row);
                if path.len() > nodes.len() {
                    return Err(input.misfit("nodes in a tree", "a node below itself"));
                }
                next = parents.get(&id).copied();
            }
            let mut above = next.and_then(|id| self.stacks[&id]);
            for row in path.drain(..).rev() {
                above = self.add_node(builder, &nodes[row], above);
            }
        }
        Ok(())
    }

    fn no_node(&self, input: &Input<'_>, id: i64) -> Error {
        let known = self.stacks.len();
        input.misfit("a parent among the nodes", &format!("{id}, of {known} nodes before it"))
    }

    fn add_node(&mut self, builder: &mut Builder, node: &Node<'_>, above: Option<i32>) -> Option<i32> {
        let is_root = above.is_none() && node.call_frame.function_name == ROOT;
        let stack = (!is_root).then(|| {
            let frame = node.call_frame.frame(builder);
            let frame = builder.frame(frame);
            builder.stack(above, frame)
        });
        self.stacks.insert(node.id, stack);
        self.add_ticks(builder, node, above);
        stack
    }

    fn add_ticks(&self, builder: &mut Builder, node: &Node<'_>, above: Option<i32>) {
        for tick in node.position_ticks.iter().filter(|tick| tick.ticks >= 1.0) {
            let metric = builder.metric(Metric {
                name: "ticks".to_owned(),
                unit: "count".to_owned(),
                kind: "sampled".to_owned(),
                description: "Samples of V8 by line; their times are not known.".to_owned(),
                ..Metric::default()
            });
            let line = Some(tick.line as i32).filter(|line| *line > 0);
            let frame = Frame { line, ..node.call_frame.frame(builder) };
            let frame = builder.frame(frame);
            let stack = builder.stack(above, frame);
            builder.add(stack, self.thread, metric, tick.ticks as i64, tick.ticks as i64);
        }
    }
}

fn time(builder: &mut Builder, name: &str) -> i32 {
    builder.metric(Metric {
        name: name.to_owned(),
        unit: "ns".to_owned(),
        kind: "sampled".to_owned(),
        description: "Time to the next sample of V8, also of a thread that waits ((idle)).".to_owned(),
        ..Metric::default()
    })
}

impl CallFrame<'_> {
    /// Without a line, for that of the code is not known: only that of the function.
    fn frame(&self, builder: &mut Builder) -> Frame {
        let name = if self.function_name.is_empty() { "(anonymous)" } else { &self.function_name };
        let file: Option<Arc<str>> =
            Some(&*self.url).filter(|url| !url.is_empty()).map(|url| path_of(url).into());
        let line = self.line_number.filter(|line| *line >= 0.0).map(|line| line as i32 + 1);
        let line = line.filter(|_| file.is_some());
        let kind = match (&file, name.starts_with('(')) {
            (Some(_), _) => FrameKind::Jit,
            (None, true) => FrameKind::Unknown,
            (None, false) => FrameKind::Native,
        };
        let function = Function { name: name.to_owned(), file: file.clone(), line, ..Function::default() };
        Frame { function: Some(builder.function(function)), file, kind, ..Frame::default() }
    }
}
