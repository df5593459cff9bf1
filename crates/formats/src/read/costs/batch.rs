//! Some thousand lines of a file, on their way from the reader to the sums.

use std::sync::Arc;

use super::{Edge, Place};

/// Lines of a batch: few enough to stay in a core's cache, enough that handing them over costs nothing.
const LINES: usize = 4096;

/// Lines, without what is the same in all lines of a function.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Of the files that were not named in a batch before, by their number.
    pub(super) names: Vec<Option<Arc<str>>>,
    /// Functions with the lines that follow each other in them.
    pub(super) runs: Vec<Run>,
    pub(super) lines: Vec<Counted>,
    /// Of all lines, as many of each as it has.
    pub(super) values: Vec<i64>,
    pub(super) calls: Vec<Called>,
    /// Of all calls: how many they were, then the inclusive values.
    pub(super) call_values: Vec<i64>,
}

/// Lines of one function that follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// As `Costs::set` numbers them.
    pub(super) set: u32,
    /// Row in `functions`.
    pub(super) function: i32,
    /// Row in `binaries` of the function.
    pub(super) binary: Option<i32>,
    /// How many of the lines are its.
    pub(super) lines: u32,
}

/// A line's place in a function, and how many values it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) file: u32,
    pub(super) line: u32,
    /// Halves of the address, 0 if there is none: no code is at 0.
    pub(super) address: [u32; 2],
    pub(super) values: u32,
}

/// A call, and how many values it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called {
    pub(super) set: u32,
    pub(super) edge: Edge,
    pub(super) values: u32,
}

impl Batch {
    /// Adds a line; whether there is no room for another.
    #[inline]
    pub(super) fn add(&mut self, set: u32, place: Place, values: &[i64]) -> bool {
        match self.runs.last_mut() {
            Some(run) if (run.set, run.function) == (set, place.function) => run.lines += 1,
            _ => {
                self.runs.push(Run { set, function: place.function, binary: place.binary, lines: 1 });
            }
        }
        let address = place.address.unwrap_or(0).cast_unsigned();
        let address = [(address >> 32) as u32, address as u32];
        let Place { file, line, .. } = place;
        self.lines.push(Counted { file, line, address, values: values.len() as u32 });
        self.values.extend_from_slice(values);
        self.lines.len() >= LINES
    }

    /// Adds a call; whether there is no room for another.
    pub(super) fn call(&mut self, set: u32, edge: Edge, values: &[i64]) -> bool {
        self.calls.push(Called { set, edge, values: values.len() as u32 });
        self.call_values.extend_from_slice(values);
        self.calls.len() >= LINES
    }

    /// Without its lines; it keeps their memory.
    pub(super) fn emptied(mut self) -> Self {
        self.names.clear();
        self.runs.clear();
        self.lines.clear();
        self.values.clear();
        self.calls.clear();
        self.call_values.clear();
        self
    }
}
