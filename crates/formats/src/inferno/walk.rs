//! The lines of a tree in the order of their bytes, those of the same names added up. No line is there as a text before
//! it is written.
//!
//! Constraints:
//! - stacks of the same names are one line: a step of the walk is on all nodes that a line leads to, at once;
//! - stacks can be a million deep: nothing recurses.

use std::cmp::Reverse;
use std::io::Write;
use std::ops::Range;

use super::ranks::Ranks;
use super::tree::{NONE, Tree};
use crate::callees::Callees;
use crate::error::Result;

/// How far a line has come in a node: up to this one of its parts.
#[derive(Clone, Copy, Debug)]
struct Place {
    node: u32,
    part: u32,
}

/// What is to be done: a text is added to the first `length` bytes of the line.
#[derive(Debug)]
struct Step {
    length: usize,
    text: u32,
    then: Then,
}

#[derive(Debug)]
enum Then {
    /// The line ends.
    Ends(i64),
    /// It goes on from these places.
    GoesOn(Range<usize>),
}

pub(super) struct Walk<'a> {
    tree: &'a Tree<'a>,
    ranks: Ranks,
    callees: Callees,
    line: Vec<u8>,
    /// Steps, the next at the end.
    steps: Vec<Step>,
    /// Places of the steps that go on, in the same order.
    places: Vec<Place>,
    /// Where lines may go on, by the rank of the text that comes then.
    open: Vec<(u32, Place)>,
    /// Steps that follow one text, by their ranks.
    made: Vec<(u32, Step)>,
    /// Nodes that are still to be looked at.
    pending: Vec<u32>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tree: &'a Tree<'a>) -> Self {
        let (line, steps, places, open, made, pending) = Default::default();
        let callers = tree.nodes.iter().map(|node| Some(node.parent).filter(|parent| *parent != NONE));
        let callees = Callees::of(callers, tree.nodes.len());
        let ranks = Ranks::of(&tree.names.texts);
        Self { tree, ranks, callees, line, steps, places, open, made, pending }
    }

    pub(super) fn write(mut self, out: &mut impl Write) -> Result<()> {
        for (node, _) in (0..).zip(&self.tree.nodes).filter(|(_, node)| node.parent == NONE) {
            self.open(Place { node, part: 0 });
        }
        self.plan();
        while let Some(Step { length, text, then }) = self.steps.pop() {
            self.line.truncate(length);
            self.line.extend_from_slice(self.tree.names.texts[text as usize].as_bytes());
            match then {
                Then::Ends(value) => {
                    writeln!(self.line, " {value}")?;
                    out.write_all(&self.line)?;
                }
                Then::GoesOn(places) => {
                    self.line.push(b';');
                    self.go_on(places);
                }
            }
        }
        Ok(())
    }

    /// Plans what follows the last text.
    fn go_on(&mut self, places: Range<usize>) {
        let start = places.start;
        for at in places {
            let place = self.places[at];
            if self.is_last(place) {
                self.open_callees(place.node);
            } else {
                self.open(Place { part: place.part + 1, ..place });
            }
        }
        self.places.truncate(start);
        self.plan();
    }

    fn is_last(&self, place: Place) -> bool {
        place.part as usize + 1 == self.parts(place.node).len()
    }

    fn parts(&self, node: u32) -> &'a [u32] {
        self.tree.names.parts(self.tree.nodes[node as usize].parts)
    }

    fn open(&mut self, place: Place) {
        let text = self.parts(place.node)[place.part as usize];
        self.open.push((self.ranks.going_on[text as usize], place));
    }

    /// Of callees without a name, their callees.
    fn open_callees(&mut self, node: u32) {
        self.pending.push(node);
        while let Some(node) = self.pending.pop() {
            for at in 0..self.callees.of_row(node).len() {
                let callee = self.callees.of_row(node)[at];
                if self.parts(callee).is_empty() {
                    self.pending.push(callee);
                } else {
                    self.open(Place { node: callee, part: 0 });
                }
            }
        }
    }

    /// Makes steps of the places that are open.
    fn plan(&mut self) {
        self.open.sort_unstable_by_key(|(rank, _)| Reverse(*rank));
        let open = std::mem::take(&mut self.open);
        for places in open.chunk_by(|(one, _), (other, _)| one == other) {
            self.plan_text(places);
        }
        self.open = open;
        self.open.clear();
        // The next step stands at the end.
        self.made.sort_unstable_by_key(|(rank, _)| Reverse(*rank));
        self.steps.extend(self.made.drain(..).map(|(_, step)| step));
    }

    /// The steps of one text.
    fn plan_text(&mut self, open: &[(u32, Place)]) {
        let (rank, first) = open[0];
        let text = self.parts(first.node)[first.part as usize];
        let (length, start) = (self.line.len(), self.places.len());
        self.places.extend(open.iter().map(|(_, place)| *place));
        let then = Then::GoesOn(start..self.places.len());
        self.made.push((rank, Step { length, text, then }));
        if let Some(value) = self.value(open) {
            let rank = self.ranks.ending[text as usize];
            self.made.push((rank, Step { length, text, then: Then::Ends(value) }));
        }
    }

    /// What the line that ends here is worth, if one does.
    fn value(&mut self, open: &[(u32, Place)]) -> Option<i64> {
        let mut sum: Option<i64> = None;
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend(open.iter().filter(|(_, place)| self.is_last(*place)).map(|(_, place)| place.node));
        while let Some(node) = pending.pop() {
            if let Some(value) = self.tree.nodes[node as usize].value {
                sum = Some(sum.unwrap_or(0).saturating_add(value));
            }
            // Those of callees without a name end here.
            pending.extend(self.callees.of_row(node).iter().filter(|callee| self.parts(**callee).is_empty()));
        }
        self.pending = pending;
        sum
    }
}
