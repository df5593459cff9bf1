//! The call tree of all metrics as columns, in depth-first order.

use super::container::Container;
use super::functions::Functions;
use crate::merge::{Children, Node, Shape, Step, add_up, shape, used, walk};
use crate::schema::Tables;
use crate::select::{Weight, Weights};

/// The tree, and where each stack ends in it.
pub struct Tree {
    nodes: Vec<Node>,
    /// Indices of `nodes` in depth-first order, each with its depth.
    order: Vec<(u32, u32)>,
    /// For each stack with weight, its place in `order`.
    place_of: Vec<Option<u32>>,
}

impl Tree {
    /// Of the stacks that any metric weighs; children in the order of the first metric, the heaviest first.
    pub fn new(tables: &Tables, weights: &[Weights], functions: &Functions) -> Self {
        let label = |frame: i32| Some((functions.of_frame(frame), tables.frames[frame as usize].inlined));
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
        let place_of = node_of.iter().map(|node| node.map(|node| place_of_node[node as usize]));
        Self { place_of: place_of.collect(), nodes, order }
    }

    /// The node in which a row of `stacks` ends; none if no metric weighs it.
    pub fn place(&self, stack: i32) -> Option<u32> {
        self.place_of[stack as usize]
    }

    /// Adds the columns `nodes` and `self`.
    pub fn write(&self, weights: &[Weights], container: &mut Container) {
        let node = |(node, _): &(u32, u32)| &self.nodes[*node as usize];
        container.u32("nodes.function", self.order.iter().map(|at| node(at).label));
        container.u32("nodes.depth", self.order.iter().map(|(_, depth)| *depth));
        container.u8("nodes.inlined", self.order.iter().map(|at| u8::from(node(at).inlined)));
        for (metric, weights) in weights.iter().enumerate() {
            let own = self.own(weights);
            let ends = || (0..).zip(&own).filter(|(_, value)| **value != 0);
            container.u32(&format!("self.{metric}.node"), ends().map(|(place, _)| place));
            let values: Vec<_> = ends().map(|(_, value)| *value).collect();
            container.values(&format!("self.{metric}.value"), &values);
        }
    }

    /// The nodes in depth-first order, each with its depth.
    pub fn in_order(&self) -> impl Iterator<Item = (&Node, u32)> {
        self.order.iter().map(|(node, depth)| (&self.nodes[*node as usize], *depth))
    }

    /// The self value of each node, in order.
    pub fn own(&self, weights: &Weights) -> Vec<i64> {
        let mut own = vec![0_i64; self.order.len()];
        for (place, weight) in self.place_of.iter().zip(&weights.stacks) {
            if let Some(place) = place {
                let sum = &mut own[*place as usize];
                *sum = sum.saturating_add(weight.value);
            }
        }
        own
    }
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
