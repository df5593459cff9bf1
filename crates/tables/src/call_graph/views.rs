//! The sums of `crate::sums`, of a graph of calls.

use std::cmp::Reverse;

use regex::Regex;
use rustc_hash::FxHashMap;

use super::{CallGraph, Edge, frames_of_all};
use crate::labels::{By, Grouping, Labels};
use crate::profile::Profile;
use crate::schema::{Call, Frame, Tables};
use crate::select::{Weight, Weights};
use crate::sums::{CallersCallees, Row};

impl CallGraph {
    /// As [`crate::sums::functions`].
    #[must_use]
    pub fn functions(&self) -> Vec<Row> {
        heaviest_self_first(self.rows())
    }

    pub(super) fn row(&self, label: u32, totals: &[Weight]) -> Row {
        Row {
            label: self.labels[label as usize].clone(),
            self_weight: self.own[label as usize],
            total: self.capped(totals[label as usize]),
            cycle: self.cycle(label),
        }
    }

    /// As [`crate::sums::callers_callees`]; an edge's count is its number of calls.
    pub(crate) fn callers_callees(&self, function: &Regex) -> CallersCallees {
        let wanted = self.wanted(function);
        let is_wanted = |label: u32| wanted[label as usize];
        let mut sums = CallersCallees {
            functions: self.rows().into_iter().filter(|row| function.is_match(&row.label.name)).collect(),
            callers: self.along(|edge| is_wanted(edge.callee).then_some(edge.caller)),
            callees: self.along(|edge| is_wanted(edge.caller).then_some(edge.callee)),
            total: self.total_of(&wanted),
            ..CallersCallees::default()
        };
        sums.functions.iter().for_each(|row| sums.self_weight.add(&row.self_weight));
        if let Some(merged) = &self.merged {
            let wanted = merged.graph.wanted(function);
            if (0..).zip(&wanted).any(|(label, is_wanted)| *is_wanted && merged.is_of_several(label)) {
                let together = merged.graph.total_of(&wanted);
                let alone = sums.functions.iter().map(|row| row.total);
                sums.total = alone.chain([together]).max_by_key(|total| total.value).unwrap_or_default();
            }
        }
        sums
    }

    /// For each label, whether `function` matches it.
    fn wanted(&self, function: &Regex) -> Vec<bool> {
        self.labels.iter().map(|label| function.is_match(&label.name)).collect()
    }

    /// What some functions cost together, with all that they call.
    fn total_of(&self, wanted: &[bool]) -> Weight {
        let is_wanted = |label: u32| wanted[label as usize];
        let mut total = Weight::default();
        self.own.iter().zip(wanted).filter(|(_, wanted)| **wanted).for_each(|(own, _)| total.add(own));
        for edge in self.leaving().filter(|edge| is_wanted(edge.caller) && !is_wanted(edge.callee)) {
            total.add(&Weight { value: edge.inclusive, count: edge.calls });
        }
        self.capped(total)
    }

    /// Sums of the calls that have a function to be counted under, the heaviest first. What passes
    /// inside of a cycle is counted, but has no cost.
    fn along(&self, function: impl Fn(&Edge) -> Option<u32>) -> Vec<Row> {
        let mut sums: FxHashMap<u32, (Weight, Option<u32>)> = FxHashMap::default();
        for edge in &self.edges {
            if let Some(label) = function(edge) {
                let value = if self.is_inside(edge) { 0 } else { edge.inclusive };
                let (sum, cycle) = sums.entry(self.shown_as(label)).or_default();
                sum.add(&Weight { value, count: edge.calls });
                *cycle = cycle.or(self.cycle(label));
            }
        }
        let shown = self.shown();
        let row = |(label, (sum, cycle)): (u32, (Weight, Option<u32>))| Row {
            label: shown.labels[label as usize].clone(),
            self_weight: Weight::default(),
            total: self.capped(sum),
            cycle,
        };
        let mut sums: Vec<_> = sums.into_iter().collect();
        sums.sort_by_key(|(label, (sum, _))| (Reverse(sum.value), Reverse(sum.count), *label));
        sums.into_iter().map(row).collect()
    }

    /// As [`crate::sums::lines`]: a line's own cost, and that of the calls made on it.
    pub(crate) fn lines(&self, profile: &Profile, weights: &Weights, grouping: &Grouping) -> Vec<Row> {
        let tables = profile.tables();
        let calls: Vec<_> = self.calls_on_lines(tables, weights, grouping).collect();
        let places = call_sites(tables, &calls);
        let labels = Labels::with(tables, &places, &Grouping { by: By::Line, ..*grouping });
        let (of_frame, of_call) = labels.of_frame.split_at(tables.frames.len());
        let mut sums = vec![(Weight::default(), Weight::default()); labels.labels.len()];
        for (stack, weight) in tables.stacks.iter().zip(&weights.stacks) {
            let (own, total) = &mut sums[of_frame[stack.frame as usize] as usize];
            own.add(weight);
            total.add(weight);
        }
        for (call, label) in calls.iter().zip(of_call) {
            sums[*label as usize].1.add(&Weight { value: call.inclusive, count: call.count });
        }
        let row = |(label, (self_weight, total))| Row {
            label,
            self_weight,
            total: self.capped(total),
            cycle: None,
        };
        heaviest_self_first(labels.labels.into_iter().zip(sums).map(row).collect())
    }

    /// The calls that have a line, and a cost.
    fn calls_on_lines<'a>(
        &self,
        tables: &'a Tables,
        weights: &Weights,
        grouping: &Grouping,
    ) -> impl Iterator<Item = &'a Call> {
        let metric = weights.calls;
        let grouping = Grouping { by: By::Function, ..*grouping };
        let labels = Labels::by_definition(tables, &frames_of_all(tables), &grouping);
        let component = move |function: i32| {
            let label = labels.of_frame[tables.frames.len() + function as usize];
            self.components.of[label as usize]
        };
        let leaves = move |call: &&Call| component(call.caller) != component(call.callee);
        let calls = tables.calls.iter().filter(move |call| Some(call.metric) == metric);
        calls.filter(|call| call.line.is_some()).filter(leaves)
    }
}

/// A frame for the place of each call. A call has no file: it is that of the caller's other code on this line, or
/// else of the caller.
fn call_sites(tables: &Tables, calls: &[&Call]) -> Vec<Frame> {
    let mut files: FxHashMap<(i32, i32), Option<&str>> = FxHashMap::default();
    for frame in &tables.frames {
        if let (Some(function), Some(line)) = (frame.function, frame.line) {
            let file = frame.file.as_deref();
            let known = files.entry((function, line)).or_insert(file);
            // In two files, it could be either.
            *known = known.filter(|known| Some(*known) == file);
        }
    }
    let site = |call: &&Call| {
        let caller = &tables.functions[call.caller as usize];
        let known = files.get(&(call.caller, call.line?)).copied().flatten();
        Some(Frame {
            function: Some(call.caller),
            file: known.map(Into::into).or_else(|| caller.file.clone()),
            line: call.line,
            binary: caller.binary,
            kind: "native".into(),
            ..Frame::default()
        })
    };
    calls.iter().map(|call| site(call).unwrap_or_default()).collect()
}

fn heaviest_self_first(mut rows: Vec<Row>) -> Vec<Row> {
    rows.retain(|row| !row.self_weight.is_zero() || !row.total.is_zero());
    rows.sort_by_key(|row| (Reverse(row.self_weight.value), Reverse(row.total.value)));
    rows
}
