//! Costs and calls without stacks, as instrumenting tools count them: millions of lines, k metrics each.
//!
//! A reader's lines are gathered in batches; those are added up beside the reader, in a thread of their own, and become
//! rows of the tables once, at the end: a frame, a stack of one frame and a sample for each metric that is not 0; a row of
//! `calls` for each metric.

mod adder;
mod batch;
mod beside;
mod summed;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use self::batch::Batch;
use self::beside::Adding;
pub(super) use self::summed::Summed;
use super::wide_samples::Set;

/// Where a cost was counted. Line 0: unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Row in `functions`.
    pub function: i32,
    /// Row in `binaries` of the function.
    pub binary: Option<i32>,
    /// As [`Costs::file`] numbers them.
    pub file: u32,
    /// From 1; 0 if unknown.
    pub line: u32,
    /// In the binary of the function.
    pub address: Option<i64>,
}

/// A call in a function. Line 0: unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// Row in `functions`.
    pub caller: i32,
    /// Row in `binaries` of the caller.
    pub binary: Option<i32>,
    /// Row in `functions`.
    pub callee: i32,
    /// Line of the call.
    pub line: u32,
}

/// The sums of a profile in the making.
#[derive(Debug, Default)]
pub struct Costs {
    files: FxHashMap<String, u32>,
    sets: Vec<Set>,
    batch: Batch,
    adding: Adding,
}

impl Costs {
    /// The number of a file; of no file if the name is empty.
    pub fn file(&mut self, name: &str) -> u32 {
        if let Some(number) = self.files.get(name) {
            return *number;
        }
        let number = self.files.len() as u32;
        self.batch.names.push(Some(name).filter(|name| !name.is_empty()).map(Arc::from));
        self.files.insert(name.to_owned(), number);
        number
    }

    /// The number of a thread's columns: rows in `metrics`, in the order in which values will be given.
    pub fn set(&mut self, thread: i32, metrics: &[i32]) -> u32 {
        let set = Set { thread, metrics: metrics.to_vec() };
        let known = self.sets.iter().position(|known| *known == set);
        known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        }) as u32
    }

    /// Adds values at a place; those that are missing at the end are 0.
    #[inline]
    pub fn add(&mut self, set: u32, place: Place, values: &[i64]) {
        if self.batch.add(set, place, values) {
            self.hand_over();
        }
    }

    /// Adds calls: how many, then the inclusive values.
    pub fn call(&mut self, set: u32, edge: Edge, values: &[i64]) {
        if self.batch.call(set, edge, values) {
            self.hand_over();
        }
    }

    #[cold]
    fn hand_over(&mut self) {
        self.batch = self.adding.add(std::mem::take(&mut self.batch), &self.widths());
    }

    /// Columns of each set.
    fn widths(&self) -> Vec<usize> {
        self.sets.iter().map(|set| set.metrics.len()).collect()
    }

    /// All of them added up.
    pub(super) fn finish(self) -> Summed {
        let widths = self.widths();
        let sums = self.adding.finish(self.batch, &widths);
        Summed { sets: self.sets, sums }
    }
}
