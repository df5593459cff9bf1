//! Stacks whose frames are called the same become one path.

use rustc_hash::FxHashMap;

use crate::schema::Stack;
use crate::select::Weight;

/// A node of a merged tree. Parents stand before their children.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Index in the labels.
    pub label: u32,
    /// Index of the parent; none at the root.
    pub parent: Option<u32>,
    /// Samples that end here.
    pub self_weight: Weight,
    /// Samples that end here or below.
    pub total: Weight,
    /// True if the compiler inlined every frame of this node into its caller.
    pub inlined: bool,
}

/// Merges `stacks`; those without weight are left out.
///
/// `label` gives the label of a stack's frame and if it is inlined, or none if it is left out: its samples and what it
/// called are its caller's then. It takes the row of the stack, and the frame. A child labelled `absorbed` like its parent becomes part of it.
pub(crate) fn merge(
    stacks: &[Stack],
    weights: &[Weight],
    absorbed: Option<u32>,
    label: impl Fn(usize, i32) -> Option<(u32, bool)>,
) -> Vec<Node> {
    let shape = shape(stacks, &used(stacks, weights), absorbed, label);
    let mut nodes = shape.nodes;
    for (node, weight) in shape.node_of.iter().zip(weights) {
        if let Some(node) = node {
            nodes[*node as usize].self_weight.add(weight);
        }
    }
    add_up(&mut nodes);
    nodes
}

/// A merged tree before anything is weighed.
pub(crate) struct Shape {
    /// Without weights.
    pub(crate) nodes: Vec<Node>,
    /// For each stack, its node, if it is used and any of its frames is not left out.
    pub(crate) node_of: Vec<Option<u32>>,
}

/// The tree of the stacks that are used; arguments as of [`merge`].
pub(crate) fn shape(
    stacks: &[Stack],
    used: &[bool],
    absorbed: Option<u32>,
    label: impl Fn(usize, i32) -> Option<(u32, bool)>,
) -> Shape {
    let mut tree = Builder::default();
    let mut node_of: Vec<Option<u32>> = vec![None; stacks.len()];
    for (row, stack) in stacks.iter().enumerate().filter(|(row, _)| used[*row]) {
        let parent = stack.parent.and_then(|parent| node_of[parent as usize]);
        let Some((label, inlined)) = label(row, stack.frame) else {
            node_of[row] = parent;
            continue;
        };
        let absorbing =
            parent.filter(|&parent| absorbed == Some(label) && tree.nodes[parent as usize].label == label);
        let node = absorbing.unwrap_or_else(|| tree.child(parent, label));
        tree.nodes[node as usize].inlined &= inlined;
        node_of[row] = Some(node);
    }
    Shape { nodes: tree.nodes, node_of }
}

/// For each stack, if it or one below it has weight.
pub(crate) fn used(stacks: &[Stack], weights: &[Weight]) -> Vec<bool> {
    let mut used: Vec<bool> = weights.iter().map(|weight| !weight.is_zero()).collect();
    for (row, stack) in stacks.iter().enumerate().rev() {
        if let (true, Some(parent)) = (used[row], stack.parent) {
            used[parent as usize] = true;
        }
    }
    used
}

/// Totals, from the leaves up: a child stands after its parent.
pub(crate) fn add_up(nodes: &mut [Node]) {
    for node in nodes.iter_mut() {
        node.total = node.self_weight;
    }
    for index in (0..nodes.len()).rev() {
        let node = nodes[index];
        if let Some(parent) = node.parent {
            nodes[parent as usize].total.add(&node.total);
        }
    }
}

/// No node.
const NONE: u32 = u32::MAX;
/// Callees that are looked through one after the other. Most nodes have fewer, made not long before and still near; to
/// look up each in a table of all nodes would be to wait for memory.
const FEW: u16 = 16;

#[derive(Default)]
struct Builder {
    nodes: Vec<Node>,
    /// For each node, which ones are called from it.
    callees: Vec<Callees>,
    /// The callees of nodes with many, and roots.
    many: FxHashMap<(u32, u32), u32>,
}

#[derive(Clone, Copy)]
struct Callees {
    /// The one that was made last.
    newest: u32,
    count: u16,
    /// Of the same caller, the one that was made before this node.
    older: u32,
}

impl Builder {
    fn child(&mut self, parent: Option<u32>, label: u32) -> u32 {
        let caller = parent.unwrap_or(NONE);
        match parent.map(|parent| self.callees[parent as usize]) {
            Some(Callees { newest, count: 0..=FEW, .. }) => {
                let known = self.newest_first(newest).find(|node| self.nodes[*node as usize].label == label);
                known.unwrap_or_else(|| self.add(caller, label))
            }
            _ => match self.many.get(&(caller, label)) {
                Some(node) => *node,
                None => self.add(caller, label),
            },
        }
    }

    fn add(&mut self, caller: u32, label: u32) -> u32 {
        let node = self.nodes.len() as u32;
        let older = self.callees.get_mut(caller as usize).map_or(NONE, |callees| {
            callees.count = callees.count.saturating_add(1);
            std::mem::replace(&mut callees.newest, node)
        });
        self.callees.push(Callees { newest: NONE, count: 0, older });
        let parent = Some(caller).filter(|caller| *caller != NONE);
        let none = Weight::default();
        self.nodes.push(Node { label, parent, self_weight: none, total: none, inlined: true });
        self.enter(caller, node);
        node
    }

    /// Puts a new callee into the table if its caller has many, and the others when there come to be many.
    fn enter(&mut self, caller: u32, node: u32) {
        let count = self.callees.get(caller as usize).map_or(u16::MAX, |callees| callees.count);
        if count == FEW + 1 {
            let all: Vec<u32> = self.newest_first(node).collect();
            self.many.extend(all.into_iter().map(|node| ((caller, self.nodes[node as usize].label), node)));
        } else if count > FEW {
            self.many.insert((caller, self.nodes[node as usize].label), node);
        }
    }

    /// A node and what was called by the same one before, the last first.
    fn newest_first(&self, newest: u32) -> impl Iterator<Item = u32> {
        let some = |node: u32| Some(node).filter(|node| *node != NONE);
        std::iter::successors(some(newest), move |node| some(self.callees[*node as usize].older))
    }
}

/// The children of each node, and the roots, heaviest first.
#[derive(Clone, Debug, Default)]
pub struct Children {
    starts: Vec<u32>,
    nodes: Vec<u32>,
}

impl Children {
    pub(crate) fn of(nodes: &[Node]) -> Self {
        let mut children = Self::in_order(nodes);
        let weight = |node: &u32| std::cmp::Reverse(nodes[*node as usize].total.value);
        for bounds in children.starts.windows(2) {
            children.nodes[bounds[0] as usize..bounds[1] as usize].sort_by_key(weight);
        }
        children
    }

    /// Those of a node in the order of their numbers: for who needs no other.
    pub(crate) fn in_order(nodes: &[Node]) -> Self {
        // Slot 0 is for the roots, slot n + 1 for the children of node n.
        let slot = |node: &Node| node.parent.map_or(0, |parent| parent as usize + 1);
        let mut starts = vec![0; nodes.len() + 2];
        for node in nodes {
            starts[slot(node) + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut sorted = vec![0; nodes.len()];
        for (index, node) in (0..).zip(nodes) {
            let next = &mut next[slot(node)];
            sorted[*next as usize] = index;
            *next += 1;
        }
        Self { starts, nodes: sorted }
    }

    /// The nodes without a parent.
    #[must_use]
    pub fn roots(&self) -> &[u32] {
        self.slot(0)
    }

    /// The children of a node.
    #[must_use]
    pub fn of_node(&self, node: u32) -> &[u32] {
        self.slot(node as usize + 1)
    }

    fn slot(&self, slot: usize) -> &[u32] {
        match self.starts.get(slot..slot + 2) {
            Some(&[start, end]) => &self.nodes[start as usize..end as usize],
            _ => &[],
        }
    }
}

/// Walks a tree depth first; `enter` sees each node before its descendants, `leave` after them.
pub(crate) fn walk(children: &Children, mut visit: impl FnMut(u32, Step)) {
    let mut todo: Vec<(u32, Step)> = Vec::new();
    todo.extend(children.roots().iter().rev().map(|&root| (root, Step::Enter)));
    while let Some((node, step)) = todo.pop() {
        visit(node, step);
        if step == Step::Enter {
            todo.push((node, Step::Leave));
            let below = children.of_node(node).iter().rev();
            todo.extend(below.map(|&child| (child, Step::Enter)));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Enter,
    Leave,
}
