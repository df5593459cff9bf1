//! The call tree: who called whom, with how much weight.

use crate::invert::{Limits, invert};
use crate::labels::Labels;
pub use crate::labels::{By, Grouping, Label};
pub use crate::merge::{Children, Node};
use crate::merge::{Step, merge, walk};
use crate::profile::Profile;
use crate::select::{Weight, Weights};

/// A tree of [`Node`]s. A node's total is its self weight and its children's totals.
///
/// In an inverted tree the roots are the functions in which samples end, and children are
/// callers; self weight is then what has no further caller.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallTree {
    /// What nodes are about.
    pub labels: Vec<Label>,
    /// Parents before children.
    pub nodes: Vec<Node>,
    /// Everything.
    pub total: Weight,
    /// Nodes that were too small or too deep, not counting what is below them in a tree that
    /// was never grown.
    pub pruned: usize,
}

/// Puts stacks together by what their frames are called.
#[must_use]
pub fn call_tree(profile: &Profile, weights: &Weights, grouping: &Grouping) -> CallTree {
    call_tree_above(profile, weights, grouping, 0.0, usize::MAX)
}

/// As [`call_tree`], then [`CallTree::prune`], but the small parts of an inverted tree, which are
/// most of it, are never made.
#[must_use]
pub fn call_tree_above(
    profile: &Profile,
    weights: &Weights,
    grouping: &Grouping,
    min_share: f64,
    max_depth: usize,
) -> CallTree {
    let tables = profile.tables();
    let labels = Labels::new(tables, grouping);
    let nodes = merge(&tables.stacks, &weights.stacks, labels.runtime, |stack, frame| {
        let row = frame as usize;
        (!weights.hides(stack)).then(|| (labels.of_frame[row], tables.frames[row].inlined))
    });
    let total = weights.total;
    let labels = labels.labels;
    if grouping.inverted {
        let least = total.size() * min_share;
        let (nodes, pruned) = invert(&nodes, Limits { least, max_depth });
        return CallTree { labels, nodes, total, pruned };
    }
    let mut tree = CallTree { labels, nodes, total, pruned: 0 };
    tree.prune(min_share, max_depth);
    tree
}

impl CallTree {
    /// The label of a node.
    #[must_use]
    pub fn label(&self, node: &Node) -> &Label {
        &self.labels[node.label as usize]
    }

    /// The children of each node, heaviest first.
    #[must_use]
    pub fn children(&self) -> Children {
        Children::of(&self.nodes)
    }

    /// Takes away nodes with less than `min_share` of all (0 to 1), and those with `max_depth`
    /// or more ancestors. Totals stay: they still hold what was taken away below.
    pub fn prune(&mut self, min_share: f64, max_depth: usize) {
        let least = self.total.size() * min_share;
        if least <= 0.0 && max_depth > self.nodes.len() {
            return;
        }
        let mut kept: Vec<Node> = Vec::new();
        let mut depths: Vec<usize> = Vec::new();
        let mut new_index: Vec<Option<u32>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let parent = node.parent.map(|parent| new_index[parent as usize]);
            let depth = match parent {
                Some(Some(parent)) => depths[parent as usize] + 1,
                _ => 0,
            };
            let orphan = parent == Some(None);
            let keep = !orphan && depth < max_depth && node.total.size() >= least;
            new_index.push(keep.then_some(kept.len() as u32));
            if keep {
                kept.push(Node { parent: parent.flatten(), ..*node });
                depths.push(depth);
            }
        }
        self.pruned += self.nodes.len() - kept.len();
        self.nodes = kept;
    }

    /// How many nodes [`Self::for_each_path`] passes over, for a value below 0 ends in them.
    #[must_use]
    pub fn negative(&self) -> usize {
        self.ending().iter().filter(|value| **value < 0).count()
    }

    /// For each node, the value that does not go on to a child: its self value, and that of the
    /// children which were pruned.
    #[must_use]
    pub fn ending(&self) -> Vec<i64> {
        let mut ending: Vec<_> = self.nodes.iter().map(|node| node.total.value).collect();
        for node in &self.nodes {
            if let Some(parent) = node.parent {
                let parent = &mut ending[parent as usize];
                *parent = parent.saturating_sub(node.total.value);
            }
        }
        ending
    }

    /// Calls `each` with the path from the root to each node in which some value above 0 ends
    /// ([`Self::ending`]), and that value; depth first, the heaviest child first.
    pub fn for_each_path(&self, mut each: impl FnMut(&[&Node], i64)) {
        let ending = self.ending();
        let mut path = Vec::new();
        walk(&self.children(), |index, step| match step {
            Step::Leave => drop(path.pop()),
            Step::Enter => {
                path.push(&self.nodes[index as usize]);
                if ending[index as usize] > 0 {
                    each(&path, ending[index as usize]);
                }
            }
        });
    }

    /// For each node, if no ancestor has the same key: where a recursion is counted. Nodes
    /// without a key are never counted.
    pub(crate) fn outermost(&self, key: impl Fn(&Node) -> Option<u32>) -> Vec<bool> {
        outermost(&self.nodes, key)
    }
}

/// See [`CallTree::outermost`].
pub(crate) fn outermost(nodes: &[Node], key: impl Fn(&Node) -> Option<u32>) -> Vec<bool> {
    let keys: Vec<_> = nodes.iter().map(key).collect();
    let highest = keys.iter().flatten().max().map_or(0, |key| *key as usize + 1);
    let mut on_path = vec![0_u32; highest];
    let mut outermost = vec![false; nodes.len()];
    walk(&Children::in_order(nodes), |index, step| {
        let Some(key) = keys[index as usize] else {
            return;
        };
        let seen = &mut on_path[key as usize];
        match step {
            Step::Leave => *seen -= 1,
            Step::Enter => {
                outermost[index as usize] = *seen == 0;
                *seen += 1;
            }
        }
    });
    outermost
}
