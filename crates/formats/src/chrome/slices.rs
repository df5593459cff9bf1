//! Frames as events that are open while a thread stays in them.

use std::io::Write;

use pyrometer_tables::labels::{Grouping, Label, Labels};
use pyrometer_tables::schema::{Metric, Sample, Tables};
use rustc_hash::FxHashSet;
use serde_json::{Map, Value, json};

use super::event::Events;
use super::nodes::Nodes;
use crate::error::Result;

/// An event that has not ended.
#[derive(Debug)]
struct Open {
    node: u32,
    /// Row in `frames`; none if it stands for several, of the same function.
    frame: Option<i32>,
    begin: i64,
    /// Of itself and of what was called in it and has ended.
    value: i64,
    count: i64,
    /// The row of `stacks` that it began with, and those that it also stands for.
    first: i32,
    others: FxHashSet<i32>,
}

impl Open {
    /// Whether a row of `stacks` is new to it.
    fn take(&mut self, row: i32, frame: i32) -> bool {
        let is_new = row != self.first && self.others.insert(row);
        if is_new {
            self.frame = self.frame.filter(|known| *known == frame);
        }
        is_new
    }

    fn add(&mut self, value: i64, count: i64) {
        self.value = self.value.saturating_add(value);
        self.count = self.count.saturating_add(count);
    }
}

/// The open events of a thread, the outermost first.
///
/// A sample costs as much as it changes: its value is its leaf's until that ends, and only what was not open is looked
/// at, so that deep stacks are no reason to wait.
pub(super) struct Slices<'a> {
    tables: &'a Tables,
    metric: &'a Metric,
    labels: Labels,
    nodes: Nodes,
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
        while let Some(row) = node.filter(|row| self.open.get(same - 1).is_none_or(|open| open.node != *row))
        {
            node = self.nodes.nodes[row as usize].parent;
            same -= 1;
            self.count_step();
        }
        self.leave(same, now, sample.thread, events)?;
        let above = self.begin(sample.stack, now);
        self.take(above, same);
        if let Some(open) = self.open.last_mut() {
            open.add(sample.value, sample.count);
        }
        Ok(())
    }

    /// Begins what is not open of a stack; the row of what is.
    fn begin(&mut self, leaf: i32, now: i64) -> Option<i32> {
        let same = self.open.len();
        let mut next = Some(leaf);
        let depth = self.nodes.nodes[self.nodes.of_stack[leaf as usize] as usize].depth + 1;
        for _ in same..depth {
            let Some(first) = next else { break };
            let stack = self.tables.stacks[first as usize];
            let node = self.nodes.of_stack[first as usize];
            let (frame, others) = (Some(stack.frame), FxHashSet::default());
            self.open.push(Open { node, frame, begin: now, value: 0, count: 0, first, others });
            next = stack.parent;
        }
        self.open[same..].reverse();
        next
    }

    /// Looks at the places of a stack in the `same` outermost events, up to one that its event has seen: that was looked
    /// at with all that is above it.
    fn take(&mut self, mut next: Option<i32>, same: usize) {
        for at in (0..same).rev() {
            let Some(row) = next else { break };
            self.count_step();
            let stack = self.tables.stacks[row as usize];
            let open = &mut self.open[at];
            if !open.take(row, stack.frame) {
                break;
            }
            self.merged |= open.frame.is_none();
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
        for at in (kept.max(1)..self.open.len()).rev() {
            let (value, count) = (self.open[at].value, self.open[at].count);
            self.open[at - 1].add(value, count);
        }
        // A viewer takes what comes first for the outer one of two that begin together.
        let ended: Vec<_> = self.open.drain(kept..).collect();
        for open in ended {
            let label = self.label(&open);
            let args = self.args(&open);
            events.complete(
                &label.name,
                label.kind.as_str(),
                (open.begin, now),
                (self.tables, thread),
                args,
            )?;
        }
        Ok(())
    }

    fn count_step(&mut self) {
        #[cfg(test)]
        {
            self.steps += 1;
        }
    }

    fn label(&self, open: &Open) -> &Label {
        &self.labels.labels[self.nodes.nodes[open.node as usize].label as usize]
    }

    /// The place is that of the frame; of several frames that of the function.
    fn args(&self, open: &Open) -> Map<String, Value> {
        let label = self.label(open);
        let frame = open.frame.map(|row| &self.tables.frames[row as usize]);
        let file = frame.and_then(|frame| frame.file.as_deref()).or(label.file.as_deref());
        let line = frame.map_or(label.line, |frame| frame.line);
        let address = frame.and_then(|frame| frame.address);
        let binary = Some(label.binary.as_str()).filter(|binary| !binary.is_empty());
        let known = [
            ("value", Some(json!(open.value))),
            ("unit", Some(json!(self.metric.unit))),
            ("samples", Some(json!(open.count))),
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
        assert_eq!(events.len(), depth as usize);
        let (leaf, root) = (&events[0]["args"], &events[depth as usize - 1]["args"]);
        assert_eq!((&leaf["value"], &leaf["line"]), (&json!(4), &json!(3)));
        assert_eq!((&root["value"], &root["line"]), (&json!(4 * depth), &Value::Null));
        assert!(slices.merged);
    }
}
