//! The merged call tree in depth-first order, with sums that a page would otherwise need all of it for.

use rustc_hash::FxHashMap;

use crate::merge::Node;

/// A tree's columns; the subtree of node `n` is `n` to `end[n]`, without the latter.
pub struct Calls {
    pub(super) function: Vec<u32>,
    pub(super) depth: Vec<u32>,
    pub(super) inlined: Vec<u8>,
    pub(super) end: Vec<u32>,
}

/// Values of a metric by node.
pub struct Values {
    /// Of samples that end in the node.
    pub own: Vec<i64>,
    /// Of those that end in it or below it.
    pub total: Vec<i64>,
}

/// Values of a metric by function.
pub struct Sums {
    /// Of samples that end in it.
    pub own: Vec<i64>,
    /// Of samples whose stacks pass through it, each once.
    pub total: Vec<i64>,
    /// Of all its nodes: the room that they take in a flame graph.
    pub area: Vec<i64>,
}

/// A function beside another one, and what passes over the calls between them.
pub type Neighbour = (u32, i64);

impl Calls {
    /// The columns of nodes in depth-first order, each with its depth.
    pub fn of<'a>(nodes: impl Iterator<Item = (&'a Node, u32)> + Clone) -> Self {
        let depth: Vec<u32> = nodes.clone().map(|(_, depth)| depth).collect();
        Self {
            function: nodes.clone().map(|(node, _)| node.label).collect(),
            inlined: nodes.map(|(node, _)| u8::from(node.inlined)).collect(),
            end: ends(&depth),
            depth,
        }
    }

    /// How many nodes there are.
    pub fn count(&self) -> usize {
        self.function.len()
    }

    /// The children of a node, or the roots.
    pub fn children(&self, node: Option<u32>) -> impl Iterator<Item = u32> + '_ {
        let (mut next, end) = match node {
            Some(node) => (node + 1, self.end[node as usize]),
            None => (0, self.count() as u32),
        };
        std::iter::from_fn(move || {
            let child = (next < end).then_some(next)?;
            next = self.end[child as usize];
            Some(child)
        })
    }

    /// Totals from own values, the last nodes first.
    pub fn values(&self, own: Vec<i64>) -> Values {
        let mut total = own.clone();
        let mut path: Vec<u32> = Vec::new();
        for node in 0..self.count() as u32 {
            self.leave(&mut path, &mut total, self.depth[node as usize]);
            path.push(node);
        }
        self.leave(&mut path, &mut total, 0);
        Values { own, total }
    }

    /// Adds the totals of a path's last nodes to their parents', until it is so long.
    fn leave(&self, path: &mut Vec<u32>, total: &mut [i64], length: u32) {
        while path.len() > length as usize {
            if let [.., parent, node] = path[..] {
                total[parent as usize] = total[parent as usize].saturating_add(total[node as usize]);
            }
            path.pop();
        }
    }

    /// Sums of so many functions.
    pub fn sums(&self, values: &Values, functions: usize) -> Sums {
        let mut sums = Sums { own: vec![0; functions], total: vec![0; functions], area: vec![0; functions] };
        let mut until = vec![0; functions];
        for (node, function) in self.function.iter().enumerate() {
            let function = *function as usize;
            sums.own[function] = sums.own[function].saturating_add(values.own[node]);
            sums.area[function] = sums.area[function].saturating_add(values.total[node]);
            if node as u32 >= until[function] {
                until[function] = self.end[node];
                sums.total[function] = sums.total[function].saturating_add(values.total[node]);
            }
        }
        sums
    }

    /// The direct callers and callees of a function, the heaviest first.
    pub fn neighbours(&self, values: &Values, function: u32) -> [Vec<Neighbour>; 2] {
        let (mut callers, mut callees) = (Along::default(), Along::default());
        let mut path: Vec<u32> = Vec::new();
        for (node, (own, depth)) in (0..).zip(self.function.iter().zip(&self.depth)) {
            path.truncate(*depth as usize);
            if let Some(caller) = path.last() {
                if *own == function {
                    callers.add(self, values, node, *caller);
                }
                if *caller == function {
                    callees.add(self, values, node, *own);
                }
            }
            path.push(*own);
        }
        [callers.heaviest(), callees.heaviest()]
    }
}

/// One past the last node below each, in depth-first order.
fn ends(depth: &[u32]) -> Vec<u32> {
    let mut ends = vec![depth.len() as u32; depth.len()];
    let mut path: Vec<usize> = Vec::new();
    for (node, depth) in depth.iter().enumerate() {
        for ended in path.drain(*depth as usize..) {
            ends[ended] = node as u32;
        }
        path.push(node);
    }
    ends
}

/// Sums of nodes by a function; what lies inside of a node that was counted for it is part of that.
#[derive(Default)]
struct Along(FxHashMap<u32, (i64, u32)>);

impl Along {
    fn add(&mut self, calls: &Calls, values: &Values, node: u32, function: u32) {
        let (sum, until) = self.0.entry(function).or_default();
        if node >= *until {
            *until = calls.end[node as usize];
            *sum = sum.saturating_add(values.total[node as usize]);
        }
    }

    fn heaviest(self) -> Vec<Neighbour> {
        let sums = self.0.into_iter().map(|(function, (sum, _))| (function, sum));
        let mut found: Vec<_> = sums.filter(|(_, sum)| *sum > 0).collect();
        found.sort_by_key(|(function, sum)| (std::cmp::Reverse(*sum), *function));
        found
    }
}
