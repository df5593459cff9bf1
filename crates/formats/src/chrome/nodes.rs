//! Stacks of the same functions, each of them one node: what a trace shows as one event.

use pyrometer_tables::schema::Tables;
use rustc_hash::FxHashMap;

/// A function as it was called along one path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) parent: Option<u32>,
    pub(super) label: u32,
    /// How many nodes are above it.
    pub(super) depth: usize,
}

/// The nodes, parents before what they call.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    /// For each row of `stacks`, its node.
    pub(super) of_stack: Vec<u32>,
}

impl Nodes {
    /// `labels` has the label of each row of `frames`.
    pub(super) fn new(tables: &Tables, labels: &[u32]) -> Self {
        let mut known: FxHashMap<(Option<u32>, u32), u32> = FxHashMap::default();
        let mut tree = Self { nodes: Vec::new(), of_stack: Vec::with_capacity(tables.stacks.len()) };
        for stack in &tables.stacks {
            let parent = stack.parent.map(|parent| tree.of_stack[parent as usize]);
            let label = labels[stack.frame as usize];
            let node = *known.entry((parent, label)).or_insert_with(|| {
                let depth = parent.map_or(0, |parent| tree.nodes[parent as usize].depth + 1);
                tree.nodes.push(Node { parent, label, depth });
                (tree.nodes.len() - 1) as u32
            });
            tree.of_stack.push(node);
        }
        tree
    }

    /// For each row of `stacks`, when it is come to if callers are visited before what they call, and all of that before anything
    /// else.
    pub(super) fn visits(&self) -> Vec<u32> {
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        let mut roots = Vec::new();
        for (at, node) in (0..).zip(&self.nodes) {
            node.parent.map_or(&mut roots, |parent| &mut children[parent as usize]).push(at);
        }
        let mut visits = vec![0; self.nodes.len()];
        let mut todo: Vec<u32> = roots.into_iter().rev().collect();
        let mut next = 0;
        while let Some(node) = todo.pop() {
            visits[node as usize] = next;
            next += 1;
            todo.extend(children[node as usize].drain(..).rev());
        }
        self.of_stack.iter().map(|node| visits[*node as usize]).collect()
    }
}
