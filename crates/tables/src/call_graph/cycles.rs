//! Strongly connected components (R. Tarjan, *Depth-first search and linear graph algorithms*, SIAM Journal on
//! Computing 1, 1972, pages 146-160), without recursion: a chain of calls may be a million long.

use super::Edge;

/// Which component each function belongs to.
#[derive(Debug)]
pub(super) struct Components {
    /// For each function; a callee's number is never above its caller's.
    pub(super) of: Vec<u32>,
    /// Functions of each.
    pub(super) sizes: Vec<u32>,
}

const UNSEEN: u32 = u32::MAX;

/// The components of a graph whose `edges` are in the order of callers.
pub(super) fn components(functions: usize, edges: &[Edge]) -> Components {
    let mut search = Search {
        edges,
        index: vec![UNSEEN; functions],
        low: vec![0; functions],
        open: Vec::new(),
        next: 0,
        found: Components { of: vec![UNSEEN; functions], sizes: Vec::new() },
    };
    for function in 0..functions as u32 {
        if search.index[function as usize] == UNSEEN {
            search.from(function);
        }
    }
    search.found
}

struct Search<'a> {
    edges: &'a [Edge],
    /// In which order functions were met.
    index: Vec<u32>,
    /// The earliest one that can be reached and is still open.
    low: Vec<u32>,
    /// Met, but not yet in a component.
    open: Vec<u32>,
    next: u32,
    found: Components,
}

impl Search<'_> {
    fn from(&mut self, root: u32) {
        let mut path = vec![self.enter(root)];
        while let Some((function, edge)) = path.last_mut() {
            let function = *function;
            match self.edges.get(*edge).filter(|edge| edge.caller == function) {
                Some(next) => {
                    *edge += 1;
                    if self.index[next.callee as usize] == UNSEEN {
                        path.push(self.enter(next.callee));
                    } else if self.found.of[next.callee as usize] == UNSEEN {
                        self.reaches(function, self.index[next.callee as usize]);
                    }
                }
                None => {
                    path.pop();
                    self.leave(function);
                    if let Some((caller, _)) = path.last() {
                        self.reaches(*caller, self.low[function as usize]);
                    }
                }
            }
        }
    }

    /// A function, and its first edge.
    fn enter(&mut self, function: u32) -> (u32, usize) {
        self.index[function as usize] = self.next;
        self.low[function as usize] = self.next;
        self.next += 1;
        self.open.push(function);
        (function, self.edges.partition_point(|edge| edge.caller < function))
    }

    fn reaches(&mut self, function: u32, index: u32) {
        let low = &mut self.low[function as usize];
        *low = (*low).min(index);
    }

    /// If nothing earlier can be reached, all that is open since then is a component.
    fn leave(&mut self, function: u32) {
        if self.low[function as usize] != self.index[function as usize] {
            return;
        }
        let number = self.found.sizes.len() as u32;
        let first = self.open.iter().rposition(|open| *open == function).unwrap_or_default();
        for member in &self.open[first..] {
            self.found.of[*member as usize] = number;
        }
        self.found.sizes.push((self.open.len() - first) as u32);
        self.open.truncate(first);
    }
}
