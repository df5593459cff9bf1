//! Frames as events that are open while a thread stays in them.

use std::io::Write;

use pyrometer_tables::labels::{Grouping, Labels};
use pyrometer_tables::schema::{Metric, Sample, Tables};
use serde_json::{Map, Value, json};

use super::event::Events;
use crate::error::Result;

/// An event that has not ended.
#[derive(Debug)]
struct Open {
    label: u32,
    /// Row in `frames`; none if it stands for several, of the same function.
    frame: Option<i32>,
    begin: i64,
    value: i64,
    count: i64,
}

/// The open events of a thread, the outermost first.
pub(super) struct Slices<'a> {
    tables: &'a Tables,
    metric: &'a Metric,
    labels: Labels,
    open: Vec<Open>,
    /// The frames of the stack that was last seen, from the root.
    path: Vec<i32>,
    /// Whether there were events that stand for several places of a function.
    pub(super) merged: bool,
}

impl<'a> Slices<'a> {
    pub(super) fn new(tables: &'a Tables, metric: &'a Metric) -> Self {
        let labels = Labels::new(tables, &Grouping::default());
        Self { tables, metric, labels, open: Vec::new(), path: Vec::new(), merged: false }
    }

    /// Goes on from `now` in the stack of a sample; what is not in it has ended at `now`.
    pub(super) fn enter(&mut self, sample: &Sample, now: i64, events: &mut Events<impl Write>) -> Result<()> {
        self.find_path(sample.stack);
        let of_frame = &self.labels.of_frame;
        let pairs = self.open.iter().zip(&self.path);
        let same = pairs.take_while(|(open, frame)| open.label == of_frame[**frame as usize]).count();
        self.leave(same, now, sample.thread, events)?;
        for frame in &self.path[same..] {
            let label = self.labels.of_frame[*frame as usize];
            self.open.push(Open { label, frame: Some(*frame), begin: now, value: 0, count: 0 });
        }
        for (open, frame) in self.open.iter_mut().zip(&self.path) {
            open.frame = open.frame.filter(|known| known == frame);
            self.merged |= open.frame.is_none();
            open.value = open.value.saturating_add(sample.value);
            open.count = open.count.saturating_add(sample.count);
        }
        Ok(())
    }

    /// Ends all but the `kept` outermost events.
    pub(super) fn leave(
        &mut self,
        kept: usize,
        now: i64,
        thread: i32,
        events: &mut Events<impl Write>,
    ) -> Result<()> {
        // A viewer takes what comes first for the outer one of two that begin together.
        let ended: Vec<_> = self.open.drain(kept..).collect();
        for open in ended {
            let label = &self.labels.labels[open.label as usize];
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

    fn find_path(&mut self, leaf: i32) {
        self.path.clear();
        let mut node = Some(leaf);
        while let Some(row) = node {
            let stack = &self.tables.stacks[row as usize];
            self.path.push(stack.frame);
            node = stack.parent;
        }
        self.path.reverse();
    }

    /// For each row of `frames`, what it is called.
    pub(super) fn labels(&self) -> &[u32] {
        &self.labels.of_frame
    }

    /// The place is that of the frame; of several frames that of the function.
    fn args(&self, open: &Open) -> Map<String, Value> {
        let label = &self.labels.labels[open.label as usize];
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
