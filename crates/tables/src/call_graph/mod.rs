//! Functions and the calls between them, of a profile that has no stacks (Callgrind).
//!
//! Each function has a cost of its own, each call the cost of all below it. Where functions call each other in a
//! circle, these costs contain each other; so the strongly connected components are found, and what passes inside
//! of one has no cost. Then no total is above the whole: a member's is its own and that of the calls that leave its
//! cycle, as gprof does it (Graham, Kessler, McKusick, *gprof: a call graph execution profiler*, 1982).
//!
//! Functions of one name and binary in different files are different ones, or what only passes through both would be a
//! circle. They are one row all the same, as in every view; see [`merged`].

mod contexts;
mod cycles;
mod merged;
mod views;

use rustc_hash::FxHashMap;

use crate::labels::{By, Grouping, Label, Labels};
use crate::profile::Profile;
use crate::schema::{Frame, Tables};
use crate::select::{Weight, Weights};
pub use contexts::{Metrics, NOT_EXPANDED, estimate, is_estimate};
use cycles::{Components, components};
use merged::Merged;

/// Whether there are calls of this metric, and no stack tells more than they do.
#[must_use]
pub fn has_call_graph(tables: &Tables, metric: i32) -> bool {
    tables.calls.iter().any(|call| call.metric == metric) && tables.stacks.iter().all(|s| s.parent.is_none())
}

/// All calls from one function to another.
#[derive(Clone, Copy, Debug)]
struct Edge {
    caller: u32,
    callee: u32,
    calls: i64,
    inclusive: i64,
}

/// Functions that call each other in a circle.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// What they are, the heaviest first.
    pub members: Vec<Label>,
    /// All of them together, with what they call.
    pub total: Weight,
}

/// The graph of one metric.
#[derive(Debug)]
pub struct CallGraph {
    labels: Vec<Label>,
    /// Any frame of each label.
    frames: Vec<Frame>,
    own: Vec<Weight>,
    /// In the order of callers.
    edges: Vec<Edge>,
    components: Components,
    /// For each component, the number of its cycle, from 1, the heaviest first; none if it is one function.
    numbers: Vec<Option<u32>>,
    whole: Weight,
    /// None if all functions have names of their own.
    merged: Option<Box<Merged>>,
}

impl CallGraph {
    /// The graph that totals come from; none if they come from stacks.
    #[must_use]
    pub fn of(profile: &Profile, weights: &Weights, grouping: &Grouping) -> Option<Self> {
        weights.calls.map(|metric| Self::new(profile, weights, metric, grouping))
    }

    fn new(profile: &Profile, weights: &Weights, metric: i32, grouping: &Grouping) -> Self {
        let tables = profile.tables();
        let functions = frames_of_all(tables);
        let grouping = Grouping { by: By::Function, ..*grouping };
        let made = |labels| Self::made(tables, weights, metric, &functions, labels);
        let labels = Labels::by_definition(tables, &functions, &grouping);
        let merged = Labels::with(tables, &functions, &grouping);
        let merged = (merged.labels.len() < labels.labels.len())
            .then(|| Box::new(Merged::new(&labels.of_frame, &merged.of_frame.clone(), made(merged))));
        Self { merged, ..made(labels) }
    }

    fn made(tables: &Tables, weights: &Weights, metric: i32, functions: &[Frame], labels: Labels) -> Self {
        let (of_frame, of_function) = labels.of_frame.split_at(tables.frames.len());
        let own = own(tables, weights, of_frame, labels.labels.len());
        let edges = edges(tables, metric, of_function);
        let components = match labels.runtime {
            Some(runtime) => components(labels.labels.len(), &without(&edges, runtime)),
            None => components(labels.labels.len(), &edges),
        };
        let mut graph = Self {
            frames: any_frames(tables, functions, &labels),
            labels: labels.labels,
            own,
            edges,
            components,
            numbers: Vec::new(),
            whole: weights.total,
            merged: None,
        };
        graph.numbers = graph.numbered();
        graph
    }

    /// The functions that call each other in circles, in the order of their numbers.
    #[must_use]
    pub fn cycles(&self) -> Vec<Cycle> {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); self.numbers.iter().flatten().count()];
        let mut totals = vec![Weight::default(); members.len()];
        let alone = self.totals();
        for label in 0..self.labels.len() as u32 {
            if let Some(number) = self.cycle(label) {
                members[number as usize - 1].push(label);
                totals[number as usize - 1].add(&alone[label as usize]);
            }
        }
        let cycle = |(mut members, total): (Vec<u32>, Weight)| {
            members.sort_by_key(|member| std::cmp::Reverse(alone[*member as usize].value));
            let members = members.iter().map(|member| self.labels[*member as usize].clone()).collect();
            Cycle { members, total: self.capped(total) }
        };
        members.into_iter().zip(totals).map(cycle).collect()
    }

    /// The number of a function's cycle.
    fn cycle(&self, label: u32) -> Option<u32> {
        self.numbers[self.components.of[label as usize] as usize]
    }

    /// Whether a call stays inside of a cycle, or is of a function to itself.
    fn is_inside(&self, edge: &Edge) -> bool {
        self.components.of[edge.caller as usize] == self.components.of[edge.callee as usize]
    }

    fn leaving(&self) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(|edge| !self.is_inside(edge))
    }

    fn leaving_from(&self, label: u32) -> impl Iterator<Item = &Edge> {
        let first = self.edges.partition_point(|edge| edge.caller < label);
        let calls = self.edges[first..].iter().take_while(move |edge| edge.caller == label);
        calls.filter(|edge| !self.is_inside(edge))
    }

    /// Own cost, and that of the calls that leave the cycle.
    fn totals(&self) -> Vec<Weight> {
        let mut totals = self.own.clone();
        for edge in self.leaving() {
            totals[edge.caller as usize].add(&Weight { value: edge.inclusive, count: edge.calls });
        }
        totals
    }

    /// A file may say anything; a part is never more than the whole.
    fn capped(&self, weight: Weight) -> Weight {
        Weight { value: weight.value.min(self.whole.value), ..weight }
    }

    fn numbered(&self) -> Vec<Option<u32>> {
        let mut totals = vec![0_i64; self.components.sizes.len()];
        for (of, total) in self.components.of.iter().zip(self.totals()) {
            totals[*of as usize] = totals[*of as usize].saturating_add(total.value);
        }
        let mut cycles: Vec<_> = (0..totals.len()).filter(|at| self.components.sizes[*at] > 1).collect();
        cycles.sort_by_key(|at| std::cmp::Reverse(totals[*at]));
        let mut numbers = vec![None; totals.len()];
        for (number, at) in (1..).zip(cycles) {
            numbers[at] = Some(number);
        }
        numbers
    }
}

/// The edges that make circles, if `runtime` stands for all that starts programs and unwinds panics: it calls whatever a
/// program is, which calls it again if anything ends in a panic, and yet is nothing that calls itself.
fn without(edges: &[Edge], runtime: u32) -> Vec<Edge> {
    let is_between = |edge: &&Edge| edge.caller != runtime && edge.callee != runtime;
    edges.iter().filter(is_between).copied().collect()
}

/// A frame for each function: one that only calls others has no cost of its own, and no frame.
fn frames_of_all(tables: &Tables) -> Vec<Frame> {
    let frame = |(row, function): (i32, &crate::schema::Function)| Frame {
        function: Some(row),
        file: function.file.clone(),
        binary: function.binary,
        kind: "native".into(),
        ..Frame::default()
    };
    (0..).zip(&tables.functions).map(frame).collect()
}

fn any_frames(tables: &Tables, functions: &[Frame], labels: &Labels) -> Vec<Frame> {
    let unknown = Frame::default();
    let mut frames = vec![&unknown; labels.labels.len()];
    for (frame, label) in tables.frames.iter().chain(functions).zip(&labels.of_frame) {
        frames[*label as usize] = frame;
    }
    frames.into_iter().cloned().collect()
}

fn own(tables: &Tables, weights: &Weights, of_frame: &[u32], labels: usize) -> Vec<Weight> {
    let mut own = vec![Weight::default(); labels];
    for (stack, weight) in tables.stacks.iter().zip(&weights.stacks) {
        own[of_frame[stack.frame as usize] as usize].add(weight);
    }
    own
}

/// The calls of a metric, those between the same functions together.
fn edges(tables: &Tables, metric: i32, of_function: &[u32]) -> Vec<Edge> {
    let mut sums: FxHashMap<(u32, u32), Weight> = FxHashMap::default();
    for call in tables.calls.iter().filter(|call| call.metric == metric) {
        let key = (of_function[call.caller as usize], of_function[call.callee as usize]);
        sums.entry(key).or_default().add(&Weight { value: call.inclusive, count: call.count });
    }
    let edge = |((caller, callee), sum): ((u32, u32), Weight)| Edge {
        caller,
        callee,
        calls: sum.count,
        inclusive: sum.value,
    };
    let mut edges: Vec<_> = sums.into_iter().map(edge).collect();
    edges.sort_unstable_by_key(|edge| (edge.caller, edge.callee));
    edges
}
