//! Frames as events that are open while a thread stays in them.

use std::io::Write;

use pyrometer_tables::labels::{Grouping, Label, Labels};
use pyrometer_tables::schema::{Metric, Sample, Tables};
use rustc_hash::FxHashSet;
use serde_json::{Map, Value, json};

use super::event::Events;
use super::nodes::Nodes;
use crate::error::Result;

/// A function as long as a thread stays in it.
#[derive(Clone, Copy, Debug)]
struct Slice {
    node: u32,
    /// Row in `frames`; none if it stands for several, of the same function.
    frame: Option<i32>,
    begin: i64,
    end: i64,
    /// Of itself and of what was called in it and has ended.
    value: i64,
    count: i64,
}

/// One that has not ended.
#[derive(Debug)]
struct Open {
    /// Which of the slices.
    at: usize,
    /// The row of `stacks` that it began with, and those that it also stands for.
    first: i32,
    others: FxHashSet<i32>,
}

impl Slice {
    fn add(&mut self, value: i64, count: i64) {
        self.value = self.value.saturating_add(value);
        self.count = self.count.saturating_add(count);
    }
}

/// The open events of a thread, the outermost first.
///
/// A sample costs as much as it changes: its value is its leaf's until that ends, and only what was not open is looked
/// at, so that deep stacks are no reason to wait.
///
/// An event is written as its two ends, each with all of its arguments: viewers pair ends by what they say, and sums of a
/// beginning and a length would be off by the last bit of a double. Both are known when nothing is open any more.
pub(super) struct Slices<'a> {
    tables: &'a Tables,
    metric: &'a Metric,
    labels: Labels,
    nodes: Nodes,
    /// Since nothing was open, in the order of their beginnings, callers before what they call.
    slices: Vec<Slice>,
    open: Vec<Open>,
    /// Whether there were events that stand for several places of a function.
    pub(super) merged: bool,
    /// Stacks and nodes that were looked at.
    #[cfg(test)]
    steps: usize,
}

impl<'a> Slices<'a> {
    pub(super) fn new(tables: &'a Tables, metric: &'a Metric) -> Self {
        let labels = Labels::new(tables, &Grouping::default());
        let nodes = Nodes::new(tables, &labels.of_frame);
        Self {
            tables,
            metric,
            labels,
            nodes,
            slices: Vec::new(),
            open: Vec::new(),
            merged: false,
            #[cfg(test)]
            steps: 0,
        }
    }

    /// For each row of `stacks`, when it is come to.
    pub(super) fn visits(&self) -> Vec<u32> {
        self.nodes.visits()
    }

    /// Goes on from `now` in the stack of a sample; what is not in it has ended at `now`.
    pub(super) fn enter(&mut self, sample: &Sample, now: i64, events: &mut Events<impl Write>) -> Result<()> {
        let leaf = self.nodes.of_stack[sample.stack as usize];
        let mut node = Some(leaf);
        let mut same = self.nodes.nodes[leaf as usize].depth + 1;
        let is_open = |row: u32, depth: usize| {
            self.open.get(depth).is_some_and(|open| self.slices[open.at].node == row)
        };
        let mut steps = 0;
        while let Some(row) = node.filter(|row| !is_open(*row, same - 1)) {
            node = self.nodes.nodes[row as usize].parent;
            same -= 1;
            steps += 1;
        }
        self.count_steps(steps);
        self.leave(same, now, sample.thread, events)?;
        let above = self.begin(sample.stack, now);
        self.take(above, same);
        if let Some(open) = self.open.last() {
            self.slices[open.at].add(sample.value, sample.count);
        }
        Ok(())
    }

    /// Begins what is not open of a stack; the row of what is.
    fn begin(&mut self, leaf: i32, now: i64) -> Option<i32> {
        let same = self.open.len();
        let mut next = Some(leaf);
        let depth = self.nodes.nodes[self.nodes.of_stack[leaf as usize] as usize].depth + 1;
        let mut begun = Vec::with_capacity(depth.saturating_sub(same));
        for _ in same..depth {
            let Some(first) = next else { break };
            let stack = self.tables.stacks[first as usize];
            let node = self.nodes.of_stack[first as usize];
            begun.push((
                first,
                Slice { node, frame: Some(stack.frame), begin: now, end: now, value: 0, count: 0 },
            ));
            next = stack.parent;
        }
        for (first, slice) in begun.into_iter().rev() {
            self.open.push(Open { at: self.slices.len(), first, others: FxHashSet::default() });
            self.slices.push(slice);
        }
        next
    }

    /// Looks at the places of a stack in the `same` outermost events, up to one that its event has seen: that was looked
    /// at with all that is above it.
    fn take(&mut self, mut next: Option<i32>, same: usize) {
        for at in (0..same).rev() {
            let Some(row) = next else { break };
            self.count_steps(1);
            let stack = self.tables.stacks[row as usize];
            let open = &mut self.open[at];
            if row == open.first || !open.others.insert(row) {
                break;
            }
            let frame = &mut self.slices[open.at].frame;
            *frame = frame.filter(|known| *known == stack.frame);
            self.merged |= frame.is_none();
            next = stack.parent;
        }
    }

    /// Ends all but the `kept` outermost events.
    pub(super) fn leave(
        &mut self,
        kept: usize,
        now: i64,
        thread: i32,
        events: &mut Events<impl Write>,
    ) -> Result<()> {
        while self.open.len() > kept {
            let Some(ended) = self.open.pop() else { break };
            self.slices[ended.at].end = now;
            let Slice { value, count, .. } = self.slices[ended.at];
            if let Some(caller) = self.open.last() {
                self.slices[caller.at].add(value, count);
            }
        }
        if self.open.is_empty() { self.write(thread, events) } else { Ok(()) }
    }

    /// Writes all slices, which have ended: at one moment what ends comes before what begins.
    fn write(&mut self, thread: i32, events: &mut Events<impl Write>) -> Result<()> {
        let slices = std::mem::take(&mut self.slices);
        let mut around: Vec<&Slice> = Vec::new();
        for slice in &slices {
            let depth = self.nodes.nodes[slice.node as usize].depth;
            while around.len() > depth {
                let ended = around.pop();
                ended.map_or(Ok(()), |ended| self.edge("E", ended, thread, events))?;
            }
            self.edge("B", slice, thread, events)?;
            around.push(slice);
        }
        while let Some(ended) = around.pop() {
            self.edge("E", ended, thread, events)?;
        }
        Ok(())
    }

    fn edge(
        &self,
        ph: &'static str,
        slice: &Slice,
        thread: i32,
        events: &mut Events<impl Write>,
    ) -> Result<()> {
        let label = self.label(slice);
        let time = if ph == "B" { slice.begin } else { slice.end };
        events.edge((ph, time), (&label.name, label.kind.as_str()), (self.tables, thread), self.args(slice))
    }

    fn count_steps(&mut self, _steps: usize) {
        #[cfg(test)]
        {
            self.steps += _steps;
        }
    }

    fn label(&self, slice: &Slice) -> &Label {
        &self.labels.labels[self.nodes.nodes[slice.node as usize].label as usize]
    }

    /// The place is that of the frame; of several frames that of the function.
    fn args(&self, slice: &Slice) -> Map<String, Value> {
        let label = self.label(slice);
        let frame = slice.frame.map(|row| &self.tables.frames[row as usize]);
        let file = frame.and_then(|frame| frame.file.as_deref()).or(label.file.as_deref());
        let line = frame.map_or(label.line, |frame| frame.line);
        let address = frame.and_then(|frame| frame.address);
        let binary = Some(label.binary.as_str()).filter(|binary| !binary.is_empty());
        let known = [
            ("value", Some(json!(slice.value))),
            ("unit", Some(json!(self.metric.unit))),
            ("samples", Some(json!(slice.count))),
            ("file", file.map(Value::from)),
            ("line", line.map(Value::from)),
            ("column", frame.and_then(|frame| frame.column).map(Value::from)),
            ("address", address.map(|address| json!(format!("{address:#x}")))),
            ("binary", binary.map(Value::from)),
            ("inlined", frame.filter(|frame| frame.inlined).map(|_| Value::Bool(true))),
        ];
        known.into_iter().filter_map(|(key, value)| value.map(|value| (key.to_owned(), value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use pyrometer_tables::schema::{Frame, Function, Stack};

    use super::*;

    /// A recursion of `depth` calls from each of two lines, both with a sample at every depth.
    fn recursion(depth: i32) -> (Tables, Vec<Sample>) {
        let frame = |line| Frame { function: Some(0), line: Some(line), ..Frame::default() };
        let mut tables = Tables {
            functions: vec![Function { name: "f".to_owned(), ..Function::default() }],
            frames: vec![frame(1), frame(2), frame(3)],
            stacks: vec![Stack { parent: None, frame: 0 }, Stack { parent: None, frame: 1 }],
            processes: vec![Default::default()],
            threads: vec![Default::default()],
            ..Tables::default()
        };
        for row in 2..2 * depth {
            tables.stacks.push(Stack { parent: Some(row - 2), frame: 2 });
        }
        let samples = (0..2 * depth).map(|stack| Sample { stack, value: 1, count: 1, ..Sample::default() });
        let samples = samples.collect();
        (tables, samples)
    }

    #[test]
    fn samples_of_deep_stacks_cost_what_they_change() {
        let depth = 10_000;
        let (tables, samples) = recursion(depth);
        let metric = Metric::default();
        let mut slices = Slices::new(&tables, &metric);
        let mut out = Vec::new();
        let mut events = Events::begin(&mut out, &json!({})).unwrap();
        // There and back again: nothing that is open ends before all of it does.
        for (now, sample) in (0..).zip(samples.iter().chain(samples.iter().rev())) {
            slices.enter(sample, now, &mut events).unwrap();
        }
        slices.leave(0, 4 * i64::from(depth), 0, &mut events).unwrap();
        events.finish().unwrap();
        assert!(slices.steps <= 10 * depth as usize, "{} steps for {} samples", slices.steps, samples.len());
        let trace: Value = serde_json::from_slice(&out).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        assert_eq!(events.len(), 2 * depth as usize);
        let (leaf, root) = (&events[depth as usize]["args"], &events[0]["args"]);
        assert_eq!(root, &events[2 * depth as usize - 1]["args"]);
        assert_eq!((&leaf["value"], &leaf["line"]), (&json!(4), &json!(3)));
        assert_eq!((&root["value"], &root["line"]), (&json!(4 * depth), &Value::Null));
        assert!(slices.merged);
    }
}
