//! The call tree of all metrics as columns, in depth-first order.

use super::calls::Calls;
use super::container::Container;
use super::functions::Functions;
use crate::merge::{Children, Node, Shape, Step, add_up, shape, used, walk};
use crate::schema::Tables;
use crate::select::{Weight, Weights};

/// The tree, and where each stack ends in it.
pub struct Tree {
    pub(super) calls: Calls,
    /// For each stack with weight, the node in which it ends.
    place_of: Vec<Option<u32>>,
    /// By metric: the nodes in which samples end, and what these weigh.
    ends: Vec<Vec<(u32, i64)>>,
}

impl Tree {
    /// Of the stacks that any metric weighs; children in the order of the first metric, the heaviest first.
    pub fn new(tables: &Tables, weights: &[Weights], functions: &Functions) -> Self {
        let label = |_, frame: i32| Some((functions.of_frame(frame), tables.frames[frame as usize].inlined));
        let Shape { mut nodes, node_of } = shape(&tables.stacks, &in_use(tables, weights), None, label);
        for (row, node) in node_of.iter().enumerate() {
            if let (Some(node), Some(first)) = (node, weights.first()) {
                nodes[*node as usize].self_weight.add(&first.stacks[row]);
            }
        }
        add_up(&mut nodes);
        let order = depth_first(&nodes);
        let mut place_of_node = vec![0; nodes.len()];
        for (place, (node, _)) in (0..).zip(&order) {
            place_of_node[*node as usize] = place;
        }
        let place_of: Vec<_> =
            node_of.iter().map(|node| node.map(|node| place_of_node[node as usize])).collect();
        let in_order = order.iter().map(|(node, depth)| (&nodes[*node as usize], *depth));
        let ends = weights.iter().map(|weights| ends(&place_of, order.len(), weights)).collect();
        Self { calls: Calls::of(in_order), place_of, ends }
    }

    /// The node in which a row of `stacks` ends; none if no metric weighs it.
    pub fn place(&self, stack: i32) -> Option<u32> {
        self.place_of[stack as usize]
    }

    /// The nodes in which samples of a metric end, in order, and what these weigh; none of a metric that there is not.
    pub fn ends(&self, metric: usize) -> Option<&[(u32, i64)]> {
        self.ends.get(metric).map(Vec::as_slice)
    }

    /// Adds the columns `nodes` and `self`.
    pub fn write(&self, container: &mut Container) {
        container.u32("nodes.function", self.calls.function.iter().copied());
        container.u32("nodes.depth", self.calls.depth.iter().copied());
        container.u8("nodes.inlined", self.calls.inlined.iter().copied());
        for (metric, ends) in self.ends.iter().enumerate() {
            container.u32(&format!("self.{metric}.node"), ends.iter().map(|(node, _)| *node));
            let values: Vec<_> = ends.iter().map(|(_, value)| *value).collect();
            container.values(&format!("self.{metric}.value"), &values);
        }
    }
}

/// The nodes in which stacks with weight end, of so many, and what they weigh together.
fn ends(place_of: &[Option<u32>], nodes: usize, weights: &Weights) -> Vec<(u32, i64)> {
    let mut own = vec![0_i64; nodes];
    for (place, weight) in place_of.iter().zip(&weights.stacks) {
        if let Some(place) = place {
            let sum = &mut own[*place as usize];
            *sum = sum.saturating_add(weight.value);
        }
    }
    (0..).zip(own).filter(|(_, value)| *value != 0).collect()
}

/// For each stack, if any metric has samples of it or below it.
fn in_use(tables: &Tables, weights: &[Weights]) -> Vec<bool> {
    let mut all = vec![Weight::default(); tables.stacks.len()];
    for weights in weights {
        for (sum, weight) in all.iter_mut().zip(&weights.stacks) {
            // Counts alone: values of two metrics may cancel each other out.
            sum.count |= i64::from(!weight.is_zero());
        }
    }
    used(&tables.stacks, &all)
}

fn depth_first(nodes: &[Node]) -> Vec<(u32, u32)> {
    let mut order = Vec::with_capacity(nodes.len());
    let mut depth = 0;
    walk(&Children::of(nodes), |node, step| match step {
        Step::Leave => depth -= 1,
        Step::Enter => {
            order.push((node, depth));
            depth += 1;
        }
    });
    order
}
