//! A call tree read from its leaves.
//!
//! Grown from the roots, heaviest parts only: an inverted tree has a path for every pair of a
//! stack and one of its prefixes, and most of these weigh next to nothing.

use crate::merge::Node;
use crate::select::Weight;

/// What is too small or too deep to be grown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Least value of a node, whatever its sign.
    pub(crate) least: f64,
    /// Nodes from a root to a leaf.
    pub(crate) max_depth: usize,
}

/// A node that grows: the nodes of the upright tree whose callers come next, and the weight that
/// each passes on.
struct Bud {
    parent: Option<u32>,
    depth: usize,
    sources: Vec<(u32, Weight)>,
}

/// The same tree read from the leaves: roots are where samples end, children are callers.
/// Returns it and how many nodes were too small or too deep.
pub(crate) fn invert(nodes: &[Node], limits: Limits) -> (Vec<Node>, usize) {
    let leaves = (0..).zip(nodes).filter(|(_, node)| !node.self_weight.is_zero());
    let sources = leaves.map(|(index, node)| (index, node.self_weight)).collect();
    let mut buds = vec![Bud { parent: None, depth: 0, sources }];
    let mut inverted = Vec::new();
    let mut pruned = 0;
    while let Some(mut bud) = buds.pop() {
        bud.sources.sort_unstable_by_key(|(source, _)| (nodes[*source as usize].label, *source));
        for group in bud.sources.chunk_by(|a, b| label(nodes, a) == label(nodes, b)) {
            let node = summed(nodes, bud.parent, group);
            if bud.depth >= limits.max_depth || node.total.size() < limits.least {
                pruned += 1;
                continue;
            }
            buds.push(Bud {
                parent: Some(inverted.len() as u32),
                depth: bud.depth + 1,
                sources: callers(nodes, group),
            });
            inverted.push(node);
        }
    }
    (inverted, pruned)
}

fn label(nodes: &[Node], source: &(u32, Weight)) -> u32 {
    nodes[source.0 as usize].label
}

fn summed(nodes: &[Node], parent: Option<u32>, group: &[(u32, Weight)]) -> Node {
    let mut sum = Node {
        label: label(nodes, &group[0]),
        parent,
        self_weight: Weight::default(),
        total: Weight::default(),
        inlined: true,
    };
    for (source, weight) in group {
        let source = &nodes[*source as usize];
        sum.total.add(weight);
        sum.inlined &= source.inlined;
        if source.parent.is_none() {
            sum.self_weight.add(weight);
        }
    }
    sum
}

/// The callers of a group, each once: where paths meet, they go on as one.
fn callers(nodes: &[Node], group: &[(u32, Weight)]) -> Vec<(u32, Weight)> {
    let above = |(source, weight): &(u32, Weight)| Some((nodes[*source as usize].parent?, *weight));
    let mut callers: Vec<_> = group.iter().filter_map(above).collect();
    callers.sort_unstable_by_key(|(caller, _)| *caller);
    callers.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1.add(&next.1);
        }
        same
    });
    callers
}
