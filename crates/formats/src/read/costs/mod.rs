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
    /// Whether costs of calls are below zero in parts of what they are added up of.
    below_zero: bool,
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

    /// Says that costs of calls may be below zero: a sum that is so in the end is of parts that are not all there.
    pub fn have_calls_below_zero(&mut self) {
        self.below_zero = true;
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
        let sums = *self.adding.finish(self.batch, &widths);
        Summed { sets: self.sets, sums, least: if self.below_zero { 0 } else { i64::MIN } }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::wide_samples::NOWHERE;
    use super::*;

    /// As many as are added up by a thread: several batches.
    const LINES: u32 = 20_000;

    /// Lines of 500 places in each of 7 functions and two sets; every fifth place has counted nothing.
    fn lines() -> impl Iterator<Item = (u32, Place, [i64; 2])> {
        (0..LINES).map(|at| {
            let mixed = at.wrapping_mul(2_654_435_761) >> 7;
            let (function, line) = ((mixed % 7) as i32, 1 + mixed / 7 % 500);
            let place = Place { function, binary: Some(function / 2), file: line % 3, line, address: None };
            let values = if line % 5 == 0 { [0, 0] } else { [1, i64::from(at)] };
            (at / 1000 % 2, place, values)
        })
    }

    #[test]
    fn batches_add_up_to_what_their_lines_do() {
        let mut costs = Costs::default();
        let files = ["", "a.c", "b.c"].map(|name| costs.file(name));
        let sets = [0, 1].map(|thread| costs.set(thread, &[0, 1]));
        let mut expected: BTreeMap<_, [i64; 2]> = BTreeMap::new();
        for (set, place, values) in lines() {
            costs.add(sets[set as usize], Place { file: files[place.file as usize], ..place }, &values);
            if values[0] > 0 {
                let sum = expected.entry((set, place.function, place.line)).or_default();
                (sum[0], sum[1]) = (sum[0] + values[0], sum[1] + values[1]);
            }
        }
        let (frames, samples) = costs.finish().into_frames();
        let mut found = BTreeMap::new();
        for (row, (frame, set)) in samples.rows.iter().enumerate() {
            let values: Vec<_> = samples.values.of(2 * row..2 * row + 2).collect();
            if frame == NOWHERE {
                assert_eq!(values, [0, 0]);
                continue;
            }
            let frame = &frames[frame as usize];
            let (function, line) = (frame.function.unwrap(), frame.line.unwrap().cast_unsigned());
            assert_eq!(frame.binary, Some(function / 2));
            assert_eq!(frame.file.as_deref(), [None, Some("a.c"), Some("b.c")][(line % 3) as usize]);
            found.insert((set, function, line), [values[0], values[1]]);
        }
        assert_eq!(found, expected);
        let places: std::collections::BTreeSet<_> =
            expected.keys().map(|(_, function, line)| (function, line)).collect();
        assert_eq!(frames.len(), places.len());
    }

    #[test]
    fn calls_of_many_batches_are_all_there() {
        let mut costs = Costs::default();
        let set = costs.set(0, &[0]);
        for at in 0..LINES as i32 {
            let edge = Edge { caller: at % 9000, binary: None, callee: 1, line: 7 };
            costs.call(set, edge, &[2, 10]);
        }
        let summed = costs.finish();
        let calls: Vec<_> = summed.calls().collect();
        assert_eq!(calls.len(), 9000);
        assert_eq!(calls.iter().map(|call| (call.count, call.inclusive)).max(), Some((6, 30)));
        let sums = calls.iter().fold((0, 0), |sum, call| (sum.0 + call.count, sum.1 + call.inclusive));
        assert_eq!(sums, (i64::from(2 * LINES), i64::from(10 * LINES)));
    }
}
