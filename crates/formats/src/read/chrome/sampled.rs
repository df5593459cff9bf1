//! Samples of `P` events and of the array `samples`: a stack of `stackFrames`, or one that the event itself holds.

use std::borrow::Cow;

use pyrometer_tables::schema::{Frame, Function, Metric, Sample};
use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::event::{Event, Id};
use crate::error::Result;
use crate::read::{Builder, Input};

/// A node of `stackFrames`.
#[derive(Deserialize)]
pub(super) struct StackFrame<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    category: Cow<'a, str>,
    #[serde(borrow, default)]
    parent: Option<Id<'a>>,
}

/// Rows of stacks by the ids of `stackFrames`.
pub(super) struct Places<'d> {
    frames: &'d FxHashMap<Cow<'d, str>, StackFrame<'d>>,
    rows: FxHashMap<String, i32>,
}

impl<'d> Places<'d> {
    pub(super) fn new(frames: &'d FxHashMap<Cow<'d, str>, StackFrame<'d>>) -> Self {
        Self { frames, rows: FxHashMap::default() }
    }

    /// The row of the stack of an event.
    pub(super) fn stack(
        &mut self,
        input: &Input<'_>,
        builder: &mut Builder,
        event: &Event<'_>,
    ) -> Result<i32> {
        if let Some(names) = event.stack.as_deref().filter(|names| !names.is_empty()) {
            let mut node = None;
            for name in names {
                let frame = builder.name(name, "native");
                node = Some(builder.stack(node, frame));
            }
            if let Some(node) = node {
                return Ok(node);
            }
        }
        match &event.sf {
            Some(id) => self.resolve(input, builder, id.text()),
            None => {
                builder.meta.quality.stackless += 1;
                let frame = builder.name("[no stack]", "unknown");
                Ok(builder.stack(None, frame))
            }
        }
    }

    fn resolve(&mut self, input: &Input<'_>, builder: &mut Builder, id: String) -> Result<i32> {
        let mut path = Vec::new();
        let mut next = Some(id);
        let mut node = None;
        while let Some(id) = next.take() {
            if let Some(row) = self.rows.get(&id) {
                node = Some(*row);
                break;
            }
            let Some(frame) = self.frames.get(id.as_str()) else {
                return Err(input.misfit("a stack of `stackFrames`", &id));
            };
            next = frame.parent.as_ref().map(Id::text);
            path.push((id, frame));
            if path.len() > self.frames.len() {
                return Err(input.misfit("`stackFrames` in a tree", "one below itself"));
            }
        }
        for (id, frame) in path.into_iter().rev() {
            let row = place(builder, frame);
            let row = builder.stack(node, row);
            self.rows.insert(id, row);
            node = Some(row);
        }
        Ok(node.unwrap_or_default())
    }

    /// Adds the sample of an event.
    pub(super) fn sample(&self, builder: &mut Builder, event: &Event<'_>, (stack, thread): (i32, i32)) {
        let metric = builder.metric(Metric {
            name: "samples".to_owned(),
            unit: "count".to_owned(),
            kind: "sampled".to_owned(),
            ..Metric::default()
        });
        // One that is too large makes the sum of all too large.
        let value = event.weight.map_or(Some(1), |weight| builder.whole(weight)).unwrap_or(i64::MAX);
        builder.sample(Sample { stack, thread, time: event.time(), cpu: None, metric, value, count: 1 });
    }
}

fn place(builder: &mut Builder, frame: &StackFrame<'_>) -> i32 {
    let binary = Some(&*frame.category).filter(|category| !category.is_empty());
    let binary = binary.map(|category| builder.binary(category, None));
    let function = Function { name: frame.name.clone().into_owned(), binary, ..Function::default() };
    let function = Some(builder.function(function));
    builder.frame(Frame { function, binary, kind: "native".into(), ..Frame::default() })
}
