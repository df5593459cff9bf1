//! The call tree: who called whom, with how much weight.

use crate::labels::Labels;
pub use crate::labels::{By, Grouping, Label};
use crate::merge::{Step, invert, merge, walk};
pub use crate::merge::{Children, Node};
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
    /// Nodes that [`Self::prune`] took away.
    pub pruned: usize,
}

/// Puts stacks together by what their frames are called.
#[must_use]
pub fn call_tree(profile: &Profile, weights: &Weights, grouping: &Grouping) -> CallTree {
    let tables = profile.tables();
    let labels = Labels::new(tables, grouping);
    let nodes = merge(&tables.stacks, &weights.stacks, labels.runtime, |frame| {
        let frame = frame as usize;
        (labels.of_frame[frame], tables.frames[frame].inlined)
    });
    let nodes = match grouping.inverted {
        true => invert(&nodes),
        false => nodes,
    };
    CallTree { labels: labels.labels, nodes, total: weights.total, pruned: 0 }
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
        let least = self.total.value as f64 * min_share;
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
            let keep = !orphan && depth < max_depth && node.total.value as f64 >= least;
            new_index.push(keep.then_some(kept.len() as u32));
            if keep {
                kept.push(Node { parent: parent.flatten(), ..*node });
                depths.push(depth);
            }
        }
        self.pruned += self.nodes.len() - kept.len();
        self.nodes = kept;
    }

    /// Calls `each` with the labels from the root to each node that has self weight, and the node.
    pub fn for_each_path(&self, mut each: impl FnMut(&[&Label], &Node)) {
        let mut path = Vec::new();
        walk(&self.children(), |index, step| {
            let node = &self.nodes[index as usize];
            match step {
                Step::Leave => drop(path.pop()),
                Step::Enter => {
                    path.push(self.label(node));
                    if !node.self_weight.is_zero() {
                        each(&path, node);
                    }
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
    walk(&Children::of(nodes), |index, step| {
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
