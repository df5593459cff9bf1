//! Sums by function, by line, by address, and over the edges of one function.
//!
//! A sample's weight counts once in a row's total, however often a recursion passes through it.
//! Of a profile without stacks, totals are those of its [`crate::call_graph`].

use std::cmp::Reverse;

use regex::Regex;
use rustc_hash::FxHashMap;

use crate::call_graph::CallGraph;
use crate::call_tree::{By, CallTree, Grouping, Label, call_tree, outermost};
use crate::merge::{Node, merge};
use crate::profile::Profile;
use crate::schema::Tables;
use crate::select::{Weight, Weights, frames_of_functions};

/// The sum of something that has a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// What it is the sum of.
    pub label: Label,
    /// Samples that end in it.
    pub self_weight: Weight,
    /// Samples that pass through it.
    pub total: Weight,
    /// The number of the cycle it belongs to, from 1, in a graph of calls: see [`crate::call_graph`].
    pub cycle: Option<u32>,
}

/// Self and total weight of every function, the heaviest self first.
#[must_use]
pub fn functions(profile: &Profile, weights: &Weights, grouping: &Grouping) -> Vec<Row> {
    match CallGraph::of(profile, weights, grouping) {
        Some(graph) => graph.functions(),
        None => by_label(profile, weights, Grouping { by: By::Function, ..*grouping }),
    }
}

/// Self and total weight of every line of every function, the heaviest self first. Code that
/// was inlined counts where it was written.
#[must_use]
pub fn lines(profile: &Profile, weights: &Weights, grouping: &Grouping) -> Vec<Row> {
    match CallGraph::of(profile, weights, grouping) {
        Some(graph) => graph.lines(profile, weights, grouping),
        None => by_label(profile, weights, Grouping { by: By::Line, ..*grouping }),
    }
}

fn by_label(profile: &Profile, weights: &Weights, grouping: Grouping) -> Vec<Row> {
    let mut tree = call_tree(profile, weights, &Grouping { inverted: false, ..grouping });
    let counted = tree.outermost(|node| Some(node.label));
    let mut sums = Sums::default();
    for (node, counted) in tree.nodes.iter().zip(counted) {
        sums.add(node.label, node, counted);
    }
    // Each label is one row: there can be millions.
    sums.rows(|label| std::mem::take(&mut tree.labels[label as usize]))
}

/// Sums by label.
#[derive(Default)]
struct Sums {
    sums: FxHashMap<u32, (Weight, Weight)>,
}

impl Sums {
    fn add(&mut self, label: u32, node: &Node, counted: bool) {
        let (self_weight, total) = self.sums.entry(label).or_default();
        self_weight.add(&node.self_weight);
        if counted {
            total.add(&node.total);
        }
    }

    fn rows(self, mut label_of: impl FnMut(u32) -> Label) -> Vec<Row> {
        let mut sums: Vec<_> = self.sums.into_iter().collect();
        // Equal weights in the order of the labels, so that views do not change from run to run.
        sums.sort_unstable_by_key(|(label, (own, total))| (Reverse(own.value), Reverse(total.value), *label));
        let row =
            |(label, (self_weight, total))| Row { label: label_of(label), self_weight, total, cycle: None };
        sums.into_iter().map(row).collect()
    }
}

/// A function between its callers and its callees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallersCallees {
    /// The functions that were asked for: self weight, and total of all of them together.
    pub functions: Vec<Row>,
    /// Samples that end in one of them.
    pub self_weight: Weight,
    /// Samples that pass through one of them.
    pub total: Weight,
    /// Who called: total is the weight through the call, self what ended in the callee then.
    pub callers: Vec<Row>,
    /// Who was called: total is the weight through the call, self what ended in the callee.
    pub callees: Vec<Row>,
}

/// The direct callers and callees of the functions whose names `function` matches. Calls among
/// these functions themselves are listed on both sides.
#[must_use]
pub fn callers_callees(
    profile: &Profile,
    weights: &Weights,
    grouping: &Grouping,
    function: &Regex,
) -> CallersCallees {
    if let Some(graph) = CallGraph::of(profile, weights, grouping) {
        return graph.callers_callees(function);
    }
    let tree = call_tree(profile, weights, &Grouping { inverted: false, ..*grouping });
    let wanted: Vec<_> = tree.labels.iter().map(|l| function.is_match(&l.name)).collect();
    let is_wanted = |node: &Node| wanted[node.label as usize];
    let parent = |node: &Node| node.parent.map(|parent| &tree.nodes[parent as usize]);
    let any = tree.outermost(|node| is_wanted(node).then_some(0));
    let mut found = CallersCallees {
        functions: along(&tree, |node| is_wanted(node).then_some(node.label)),
        callers: along(&tree, |node| is_wanted(node).then(|| parent(node).map(|caller| caller.label))?),
        callees: along(&tree, |node| parent(node).is_some_and(is_wanted).then_some(node.label)),
        ..CallersCallees::default()
    };
    for (node, outermost) in tree.nodes.iter().zip(any).filter(|(node, _)| is_wanted(node)) {
        found.self_weight.add(&node.self_weight);
        if outermost {
            found.total.add(&node.total);
        }
    }
    found
}

/// Sums of the nodes that have a label to be counted under, the heaviest total first.
fn along(tree: &CallTree, label: impl Fn(&Node) -> Option<u32>) -> Vec<Row> {
    let counted = tree.outermost(&label);
    let mut sums = Sums::default();
    for (node, counted) in tree.nodes.iter().zip(counted) {
        if let Some(label) = label(node) {
            sums.add(label, node, counted);
        }
    }
    let mut rows = sums.rows(|label| tree.labels[label as usize].clone());
    rows.sort_by_key(|row| Reverse(row.total.value));
    rows
}

/// The sum at one address.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AddressRow {
    /// Row in `binaries`.
    pub binary: i32,
    /// As the binary numbers it.
    pub address: i64,
    /// Samples taken there.
    pub self_weight: Weight,
    /// Samples taken there or in what was called from there.
    pub total: Weight,
}

/// Self and total weight of every address that belongs to a function whose name `function`
/// matches, be it the function there or inlined into it or around it; in order of address.
#[must_use]
pub fn addresses(profile: &Profile, weights: &Weights, function: &Regex) -> Vec<AddressRow> {
    let tables = profile.tables();
    let matching = frames_of_functions(tables, std::slice::from_ref(function));
    let places = Places::new(tables, &matching);
    let nodes = merge(&tables.stacks, &weights.stacks, None, |_, frame| {
        Some((places.of_frame[frame as usize].map_or(0, |place| place + 1), false))
    });
    let place = |node: &Node| node.label.checked_sub(1);
    let mut rows = places.rows;
    for (node, counted) in nodes.iter().zip(outermost(&nodes, place)) {
        if let (Some(place), true) = (place(node), counted) {
            rows[place as usize].total.add(&node.total);
        }
    }
    add_leaves(tables, weights, &places.of_frame, &mut rows);
    rows.retain(|row| !row.total.is_zero());
    rows.sort_by_key(|row| (row.binary, row.address));
    rows
}

/// The addresses of the matching frames.
struct Places {
    rows: Vec<AddressRow>,
    of_frame: Vec<Option<u32>>,
}

impl Places {
    fn new(tables: &Tables, matching: &[bool]) -> Self {
        let mut rows = Vec::new();
        let mut known = FxHashMap::default();
        let of_frame = tables.frames.iter().zip(matching).map(|(frame, matches)| {
            let (binary, address) = (frame.binary?, frame.address.filter(|_| *matches)?);
            Some(*known.entry((binary, address)).or_insert_with(|| {
                rows.push(AddressRow { binary, address, ..AddressRow::default() });
                (rows.len() - 1) as u32
            }))
        });
        let of_frame = of_frame.collect();
        Self { rows, of_frame }
    }
}

/// Adds the samples taken at a place: its frame is the leaf, or code inlined into it is.
fn add_leaves(tables: &Tables, weights: &Weights, of_frame: &[Option<u32>], rows: &mut [AddressRow]) {
    let mut place_of: Vec<Option<u32>> = Vec::with_capacity(tables.stacks.len());
    for (stack, weight) in tables.stacks.iter().zip(&weights.stacks) {
        let around = || {
            let inlined = tables.frames[stack.frame as usize].inlined;
            place_of[stack.parent.filter(|_| inlined)? as usize]
        };
        let place = of_frame[stack.frame as usize].or_else(around);
        if let Some(place) = place {
            rows[place as usize].self_weight.add(weight);
        }
        place_of.push(place);
    }
}
