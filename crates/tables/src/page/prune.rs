//! The part of a call tree that can be seen.

use std::cmp::Reverse;

use rustc_hash::FxHashSet;

use super::calls::{Calls, Values};
use super::container::Container;

/// What weighs less than this part of what is in sight is a tenth of a pixel on any screen. The page is told.
const PARTS: u32 = 50_000;

/// What of a tree is looked at.
#[derive(Clone, Debug, Default)]
pub struct Sight {
    /// Nodes whose children are all wanted.
    pub open: Vec<u32>,
    /// What is at the left and the right edge of a picture, in the metric's unit.
    pub window: Option<(f64, f64)>,
}

/// A tree of what can be seen: of siblings, the lightest are cut off.
pub struct Pruned<'a> {
    calls: &'a Calls,
    values: &'a Values,
    /// Nodes in depth-first order, the heaviest sibling first.
    kept: Vec<u32>,
    /// For each of them, if any of its children is cut off.
    more: Vec<u8>,
}

impl<'a> Pruned<'a> {
    /// All that weighs something in the whole, and what the sight needs beyond that. All roots are there, and a child
    /// that has most of its parent always is, so that the hottest path is there to its end.
    pub fn new(calls: &'a Calls, values: &'a Values, sight: &Sight) -> Self {
        let mut pruned = Self { calls, values, kept: Vec::new(), more: Vec::new() };
        let whole: i64 = calls.children(None).map(|root| values.total[root as usize]).sum();
        let open = sight.open.iter().copied().collect();
        let rule = Rule { least: whole as f64 / f64::from(PARTS), open, window: sight.window };
        let (mut todo, _) = pruned.below(None, 0.0, &rule);
        todo.reverse();
        while let Some((node, start)) = todo.pop() {
            let (children, more) = pruned.below(Some(node), start, &rule);
            pruned.kept.push(node);
            pruned.more.push(u8::from(more));
            todo.extend(children.into_iter().rev());
        }
        pruned
    }

    /// The children that are kept, each with its left edge, and whether others are not.
    fn below(&self, node: Option<u32>, start: f64, rule: &Rule) -> (Vec<(u32, f64)>, bool) {
        let weight = |child: u32| self.values.total[child as usize];
        let mut children: Vec<u32> = self.calls.children(node).filter(|child| weight(*child) != 0).collect();
        children.sort_by_key(|child| Reverse(weight(*child)));
        let is_open = node.is_none_or(|node| rule.open.contains(&node));
        let most = node.map_or(0.0, |node| weight(node) as f64 / 2.0);
        let mut edge = start;
        let mut kept = 0;
        let mut placed = Vec::with_capacity(children.len());
        for child in children {
            let total = weight(child) as f64;
            placed.push((child, edge));
            if is_open || total > most || rule.keeps(edge, total) {
                kept = placed.len();
            }
            edge += total;
        }
        let more = kept < placed.len();
        placed.truncate(kept);
        (placed, more)
    }

    /// Adds the columns `nodes` and `tree`.
    pub fn write(&self, container: &mut Container) {
        let Self { calls, values, kept, more } = self;
        let column = |of: &[u32]| kept.iter().map(|node| of[*node as usize]).collect::<Vec<_>>();
        let valued = |of: &[i64]| kept.iter().map(|node| of[*node as usize]).collect::<Vec<_>>();
        container.u32("nodes.function", column(&calls.function));
        container.u32("nodes.depth", column(&calls.depth));
        container.u8("nodes.inlined", kept.iter().map(|node| calls.inlined[*node as usize]));
        container.u32("tree.place", kept.iter().copied());
        container.u8("tree.more", more.iter().copied());
        container.u32("tree.parts", [PARTS]);
        container.values("tree.self", &valued(&values.own));
        container.values("tree.total", &valued(&values.total));
    }
}

struct Rule {
    /// What weighs as much is kept wherever it is.
    least: f64,
    /// Nodes whose children are all kept.
    open: FxHashSet<u32>,
    window: Option<(f64, f64)>,
}

impl Rule {
    /// Whether a node at an edge is to be seen.
    fn keeps(&self, edge: f64, total: f64) -> bool {
        let is_seen = |(left, right): (f64, f64)| {
            edge < right && edge + total > left && total >= (right - left) / f64::from(PARTS)
        };
        total >= self.least || self.window.is_some_and(is_seen)
    }
}
