//! An estimate of the stacks that a graph of calls does not tell.
//!
//! A function's cost is divided over its callers in proportion to the cost of their calls, whoever called these, and
//! so on up to the root. All that is certain is kept: each function's own cost, and the whole. Inside of a cycle the
//! calls say nothing about costs: its members stand below the one it was entered by. Contexts that are small stay
//! closed, so that the tree is bounded: what they call is [`NOT_EXPANDED`].

use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::{CallGraph, has_call_graph};
use crate::error::Result;
use crate::labels::Grouping;
use crate::meta::Meta;
use crate::profile::Profile;
use crate::schema::{Frame, Function, Sample, Stack, Tables, Thread};
use crate::select::{Selection, weigh};

/// What contexts call that are too small to be opened.
pub const NOT_EXPANDED: &str = "[not expanded]";
/// True in `meta.json` if stacks are estimated.
const ESTIMATE: &str = "estimate";
const NOTE: &str = "call stacks are an estimate: the profile has calls, but no stacks; a callee's cost is \
divided over its callers in proportion to the cost of their calls";
/// Contexts below this share of the whole stay closed.
const LEAST: f64 = 1e-4;
/// Contexts at most, all metrics together.
const MOST: usize = 1 << 18;

/// Whether the stacks of a profile are estimated.
#[must_use]
pub fn is_estimate(meta: &Meta) -> bool {
    meta.extra.get(ESTIMATE).is_some_and(|estimate| *estimate == true)
}

/// Of which metrics stacks are estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metrics {
    /// Of the selected one; the others have no samples.
    Selected,
    /// Of all.
    All,
}

/// A profile with estimated stacks, in memory, with the same metrics and functions; members of a cycle have its
/// number in their names. None if there are stacks, or if the selection is of some threads, processes, times or rows of stacks:
/// calls belong to none.
///
/// # Errors
/// Those of reading.
pub fn estimate(profile: &Profile, selection: &Selection, metrics: Metrics) -> Result<Option<Profile>> {
    let tables = profile.tables();
    let wanted = |metric: &i32| metrics == Metrics::All || *metric == selection.metric;
    let metrics: Vec<_> = (0..tables.metrics.len() as i32).filter(wanted).collect();
    if tables.threads.is_empty()
        || selection.is_of_a_part()
        || !metrics.iter().any(|metric| has_call_graph(tables, *metric))
    {
        return Ok(None);
    }
    let mut rows = Rows::new(tables);
    for metric in metrics {
        let weights = weigh(profile, &Selection { metric, ..Selection::default() })?;
        let graph = CallGraph::new(profile, &weights, metric, &Grouping::default());
        let contexts = Tree::grow(&graph, MOST.saturating_sub(rows.tables.stacks.len()));
        rows.add(&graph, &contexts, metric);
    }
    let notes = profile.meta.notes.iter().cloned().chain([NOTE.to_owned()]).collect();
    let mut meta = Meta { notes, ..profile.meta.clone() };
    meta.extra.insert(ESTIMATE.to_owned(), true.into());
    Profile::from_parts(meta, rows.tables, rows.samples).map(Some)
}

/// A function as it was called along one path.
struct Context {
    parent: Option<u32>,
    label: u32,
    /// Of all that the function did, how much it did here: 0 to 1.
    part: f64,
    is: Is,
    expanded: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    /// Where its cycle, or itself alone, was entered.
    Entry,
    /// Another member of the cycle, below the entry.
    Member,
}

struct Tree<'a> {
    graph: &'a CallGraph,
    /// By function: its own cost, and what it hands on to others by the calls that leave its cycle. A file may claim
    /// more for a call than the callee and all below it cost: this is what they cost.
    costs: Vec<f64>,
    /// By component: the costs of its members.
    whole: Vec<f64>,
    /// By component: what it costs as the file claims it, or what flows in, whichever is more.
    flows: Vec<f64>,
    /// By component.
    members: Vec<Vec<u32>>,
    contexts: Vec<Context>,
    /// Contexts to be expanded, the largest first: the bits of a cost that is not negative are in its order.
    closed: BinaryHeap<(u64, std::cmp::Reverse<u32>)>,
}

impl<'a> Tree<'a> {
    fn grow(graph: &'a CallGraph, most: usize) -> Self {
        let mut tree = Self::roots(graph);
        let least = graph.whole.value as f64 * LEAST;
        while let Some((value, std::cmp::Reverse(at))) = tree.closed.pop() {
            if f64::from_bits(value) < least || tree.contexts.len() >= most {
                break;
            }
            tree.expand(at);
        }
        tree
    }

    /// What flows into no function from another one.
    fn roots(graph: &'a CallGraph) -> Self {
        let components = &graph.components;
        let mut members = vec![Vec::new(); components.sizes.len()];
        for (label, of) in (0..).zip(&components.of) {
            members[*of as usize].push(label);
        }
        let mut inflows = vec![0.0; members.len()];
        for edge in graph.leaving() {
            inflows[components.of[edge.callee as usize] as usize] += cost(edge.inclusive);
        }
        let claimed = by_component(&members, &claimed(graph));
        let flows: Vec<f64> = claimed.iter().zip(&inflows).map(|(cost, inflow)| cost.max(*inflow)).collect();
        let (costs, whole) = real(graph, &members, &flows);
        let (contexts, closed) = (Vec::new(), BinaryHeap::new());
        let mut tree = Self { graph, costs, whole, flows, members, contexts, closed };
        for (at, inflow) in inflows.into_iter().enumerate() {
            let part = (tree.flows[at] - inflow) / tree.flows[at];
            let alone = |label: &&u32| (tree.costs[**label as usize] as u64, std::cmp::Reverse(**label));
            if let Some(label) = tree.members[at].iter().max_by_key(alone).filter(|_| part > 0.0) {
                tree.push(None, *label, part, Is::Entry);
            }
        }
        tree
    }

    fn own(&self, label: u32) -> f64 {
        cost(self.graph.own[label as usize].value)
    }

    fn component(&self, label: u32) -> usize {
        self.graph.components.of[label as usize] as usize
    }

    /// What stands below an entry beside its calls.
    fn others(&self, label: u32, is: Is) -> Vec<u32> {
        match is {
            Is::Member => Vec::new(),
            Is::Entry => {
                let members = self.members[self.component(label)].iter();
                members.copied().filter(|other| *other != label).collect()
            }
        }
    }

    /// A context's cost with all below it.
    fn value(&self, label: u32, part: f64, is: Is) -> f64 {
        part * match is {
            Is::Entry => self.whole[self.component(label)],
            Is::Member => self.costs[label as usize],
        }
    }

    fn push(&mut self, parent: Option<u32>, label: u32, part: f64, is: Is) {
        let value = self.value(label, part, is);
        if value <= 0.0 {
            return;
        }
        let at = self.contexts.len() as u32;
        self.closed.push((value.to_bits(), std::cmp::Reverse(at)));
        self.contexts.push(Context { parent, label, part, is, expanded: false });
    }

    fn expand(&mut self, at: u32) {
        let context = &mut self.contexts[at as usize];
        context.expanded = true;
        let (label, part, is) = (context.label, context.part, context.is);
        for other in self.others(label, is) {
            self.push(Some(at), other, part, Is::Member);
        }
        let graph = self.graph;
        for edge in graph.leaving_from(label) {
            let flow = self.flows[self.component(edge.callee)];
            if flow > 0.0 {
                self.push(Some(at), edge.callee, part * cost(edge.inclusive) / flow, Is::Entry);
            }
        }
    }
}

/// By function: its own cost, and what the file says of its calls.
fn claimed(graph: &CallGraph) -> Vec<f64> {
    let mut costs: Vec<_> = graph.own.iter().map(|own| cost(own.value)).collect();
    for edge in graph.leaving() {
        costs[edge.caller as usize] += cost(edge.inclusive);
    }
    costs
}

fn by_component(members: &[Vec<u32>], costs: &[f64]) -> Vec<f64> {
    members.iter().map(|of| of.iter().map(|label| costs[*label as usize]).sum()).collect()
}

/// By function and by component: own costs, each divided over all that lead to it.
fn real(graph: &CallGraph, members: &[Vec<u32>], flows: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut costs = vec![0.0; graph.own.len()];
    let mut whole = vec![0.0; members.len()];
    // Callees come before their callers.
    for (at, of) in members.iter().enumerate() {
        for label in of {
            let handed_on = graph.leaving_from(*label).map(|edge| {
                let callee = graph.components.of[edge.callee as usize] as usize;
                if flows[callee] > 0.0 { cost(edge.inclusive) / flows[callee] * whole[callee] } else { 0.0 }
            });
            let value = cost(graph.own[*label as usize].value) + handed_on.sum::<f64>();
            costs[*label as usize] = value;
            whole[at] += value;
        }
    }
    (costs, whole)
}

/// A file may say anything; nothing costs less than nothing.
fn cost(value: i64) -> f64 {
    value.max(0) as f64
}

/// The tables of the estimate.
struct Rows {
    tables: Tables,
    samples: Vec<Sample>,
    known: FxHashMap<(Option<i32>, i32), i32>,
    frames: FxHashMap<(Frames, Option<u32>), i32>,
}

/// What a frame is of: a function by name and binary, or what is not expanded.
type Frames = Option<(String, String)>;

impl Rows {
    fn new(tables: &Tables) -> Self {
        let tables = Tables {
            metrics: tables.metrics.clone(),
            processes: tables.processes.clone(),
            threads: all_threads(tables),
            binaries: tables.binaries.clone(),
            functions: tables.functions.clone(),
            ..Tables::default()
        };
        Self { tables, samples: Vec::new(), known: FxHashMap::default(), frames: FxHashMap::default() }
    }

    /// Each context with its own cost, and with what its calls cost if they are not there.
    fn add(&mut self, graph: &CallGraph, tree: &Tree<'_>, metric: i32) {
        let mut own = vec![Spread::default(); graph.own.len()];
        let mut rows = Vec::with_capacity(tree.contexts.len());
        let mut closed = Vec::new();
        for context in &tree.contexts {
            let frame = self.frame(graph, context.label);
            let row = self.stack(context.parent.map(|parent| rows[parent as usize]), frame);
            rows.push(row);
            let cost = context.part * tree.own(context.label);
            self.sample(row, metric, own[context.label as usize].next(cost));
            let below = tree.value(context.label, context.part, context.is) - cost;
            if !context.expanded && below > 0.0 {
                closed.push((row, below));
            }
        }
        let whole = graph.own.iter().fold(0, |sum: i64, own| sum.saturating_add(own.value.max(0)));
        let given = own.iter().fold(0, |sum: i64, spread| sum.saturating_add(spread.given));
        self.add_closed(&closed, whole.saturating_sub(given), metric);
    }

    /// What is left of the whole, divided over what was not expanded.
    fn add_closed(&mut self, closed: &[(i32, f64)], left: i64, metric: i32) {
        if left < 0 {
            return self.take_back(left.unsigned_abs(), metric);
        }
        let all: f64 = closed.iter().map(|(_, below)| below).sum();
        let mut spread = Spread::default();
        for (row, below) in closed {
            let value = spread.next(below / all * left as f64);
            let frame = self.not_expanded();
            let row = self.stack(Some(*row), frame);
            self.sample(row, metric, value);
        }
    }

    /// Takes from the largest what rounding gave too much: about as much as there are functions at most.
    fn take_back(&mut self, units: u64, metric: i32) {
        let mut units = i64::try_from(units).unwrap_or(i64::MAX);
        while units > 0 {
            let of_metric =
                self.samples.iter_mut().filter(|sample| sample.metric == metric && sample.value > 0);
            let Some(largest) = of_metric.max_by_key(|sample| sample.value) else { break };
            let taken = units.min(largest.value);
            largest.value -= taken;
            units -= taken;
        }
    }

    fn sample(&mut self, stack: i32, metric: i32, value: i64) {
        if value != 0 {
            self.samples.push(Sample { stack, metric, value, count: 1, ..Sample::default() });
        }
    }

    fn stack(&mut self, parent: Option<i32>, frame: i32) -> i32 {
        let stacks = &mut self.tables.stacks;
        *self.known.entry((parent, frame)).or_insert_with(|| {
            stacks.push(Stack { parent, frame });
            (stacks.len() - 1) as i32
        })
    }

    fn frame(&mut self, graph: &CallGraph, label: u32) -> i32 {
        let cycle = graph.cycle(label);
        let known = &graph.labels[label as usize];
        let key = (Some((known.name.clone(), known.binary.clone())), cycle);
        if let Some(row) = self.frames.get(&key) {
            return *row;
        }
        let mut frame = graph.frames[label as usize].clone();
        frame.line = None;
        frame.column = None;
        frame.address = frame.address.filter(|_| frame.function.is_none());
        if let (Some(cycle), Some(function)) = (cycle, frame.function) {
            let member = &self.tables.functions[function as usize];
            let name = format!("{} [cycle {cycle}]", member.name);
            frame.function = Some(self.tables.functions.len() as i32);
            self.tables.functions.push(Function { name, ..member.clone() });
        }
        self.new_frame(key, frame)
    }

    fn not_expanded(&mut self) -> i32 {
        if let Some(row) = self.frames.get(&(None, None)) {
            return *row;
        }
        let function = Some(self.tables.functions.len() as i32);
        self.tables.functions.push(Function { name: NOT_EXPANDED.to_owned(), ..Function::default() });
        self.new_frame((None, None), Frame { function, kind: "unknown".into(), ..Frame::default() })
    }

    fn new_frame(&mut self, key: (Frames, Option<u32>), frame: Frame) -> i32 {
        let row = self.tables.frames.len() as i32;
        self.tables.frames.push(frame);
        self.frames.insert(key, row);
        row
    }
}

/// The threads, if there is one: a call may be of any of several.
fn all_threads(tables: &Tables) -> Vec<Thread> {
    let first = tables.threads.first().cloned().unwrap_or_default();
    let name = match tables.threads.len() {
        0 | 1 => first.name.clone(),
        _ => "all threads".to_owned(),
    };
    vec![Thread { name, ..first }]
}

/// Whole numbers whose sums are those of the fractions, rounded.
#[derive(Clone, Default)]
struct Spread {
    sum: f64,
    given: i64,
}

impl Spread {
    fn next(&mut self, value: f64) -> i64 {
        self.sum += value;
        let upto = self.sum.round() as i64;
        let next = upto.saturating_sub(self.given);
        self.given = upto;
        next
    }
}
