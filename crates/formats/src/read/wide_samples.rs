//! Samples of several metrics, made out of columns: a row of `samples` is larger than the text that it was read from.

use pyrometer_tables::check::{self, BadRow};
use pyrometer_tables::samples::{BATCH_ROWS, SampleSource};
use pyrometer_tables::schema::{Sample, Tables};

use crate::narrow::Narrow;

/// What was counted together: a thread, and the metrics of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Row in `threads`.
    pub thread: i32,
    /// Rows in `metrics`.
    pub metrics: Vec<i32>,
}

/// Row of the stack of a row where nothing was counted.
pub(super) const NOWHERE: i32 = -1;

/// For each row, its stack and its set.
#[derive(Debug)]
pub enum Rows {
    /// So many rows, each of the stack of its number and of the first set: millions that take no memory.
    InOrder(usize),
    /// Rows of any stacks and sets.
    Listed(Vec<(i32, u32)>),
}

impl Rows {
    /// How many there are.
    fn len(&self) -> usize {
        match self {
            Self::InOrder(rows) => *rows,
            Self::Listed(rows) => rows.len(),
        }
    }

    #[inline]
    fn get(&self, row: usize) -> (i32, u32) {
        match self {
            Self::InOrder(_) => (row as i32, 0),
            Self::Listed(rows) => rows[row],
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i32, u32)> {
        (0..self.len()).map(|row| self.get(row))
    }

    /// The highest row of `stacks` that they refer to. A negative number is a large one here.
    fn highest(&self) -> Option<i32> {
        match self {
            Self::InOrder(rows) => rows.checked_sub(1).map(|row| row as i32),
            Self::Listed(rows) => {
                let stacks = rows.iter().map(|(stack, _)| *stack).filter(|stack| *stack != NOWHERE);
                stacks.map(i32::cast_unsigned).max().map(u32::cast_signed)
            }
        }
    }
}

/// A sample for each value that is not zero.
#[derive(Debug)]
pub struct WideSamples {
    /// What the columns are.
    pub sets: Vec<Set>,
    /// Of which stack each row is.
    pub rows: Rows,
    /// Columns of every row.
    pub width: usize,
    /// Row by row.
    pub(crate) values: Narrow,
    /// How many observations each value is of, 0 without a sample; empty if each is of one.
    pub counts: Vec<u32>,
    /// How many samples there are.
    pub samples: u64,
}

impl WideSamples {
    /// Of all samples together.
    pub(super) fn observations(&self) -> i64 {
        if self.counts.is_empty() { self.samples as i64 } else { self.observations_of(|_| true) }
    }

    /// Of the samples whose stack is such a one.
    pub(super) fn observations_of(&self, stack: impl Fn(i32) -> bool) -> i64 {
        let rows = self.rows.iter().enumerate().filter(|(_, (row, _))| *row != NOWHERE && stack(*row));
        let columns = rows.flat_map(|(row, _)| row * self.width..(row + 1) * self.width);
        columns.map(|at| self.count(at)).sum()
    }

    /// Adds the values of each metric to its sum.
    pub(super) fn add_to_sums(&self, sums: &mut [i128]) {
        for (row, (_, set)) in self.rows.iter().enumerate() {
            let metrics = self.sets.get(set as usize).map_or(&[][..], |set| &set.metrics);
            for (metric, value) in
                metrics.iter().zip(self.values.of(row * self.width..(row + 1) * self.width))
            {
                if let Some(sum) = sums.get_mut(*metric as usize) {
                    *sum += i128::from(value);
                }
            }
        }
    }

    /// How many observations a value is of.
    fn count(&self, at: usize) -> i64 {
        self.counts.get(at).map_or_else(|| i64::from(self.values.get(at) != 0), |count| i64::from(*count))
    }

    /// Adds the samples of one row.
    fn add_to(&self, samples: &mut Vec<Sample>, row: usize) {
        let (stack, set) = self.rows.get(row);
        let Set { thread, metrics } = &self.sets[set as usize];
        let first = row * self.width;
        for (at, metric) in (first..first + self.width).zip(metrics) {
            let (value, count) = (self.values.get(at), self.count(at));
            if count > 0 {
                samples.push(Sample {
                    stack,
                    thread: *thread,
                    metric: *metric,
                    value,
                    count,
                    ..Sample::default()
                });
            }
        }
    }
}

impl SampleSource for WideSamples {
    fn sample_count(&self) -> u64 {
        self.samples
    }

    fn for_each_batch(
        &self,
        batch: &mut dyn FnMut(&[Sample]) -> pyrometer_tables::Result<()>,
    ) -> pyrometer_tables::Result<()> {
        let mut samples = Vec::with_capacity(BATCH_ROWS + self.width);
        for row in 0..self.rows.len() {
            self.add_to(&mut samples, row);
            if samples.len() >= BATCH_ROWS {
                batch(&samples)?;
                samples.clear();
            }
        }
        if samples.is_empty() { Ok(()) } else { batch(&samples) }
    }

    /// Of each set its thread and metrics, of each row its stack: samples hold nothing else that refers to rows.
    fn check(&self, tables: &Tables) -> pyrometer_tables::Result<()> {
        let invalid = |bad: BadRow| bad.handed_over("memory".as_ref());
        for Set { thread, metrics } in &self.sets {
            check::column("samples.thread", 0, &[*thread], tables.threads.len()).map_err(invalid)?;
            check::column("samples.metric", 0, metrics, tables.metrics.len()).map_err(invalid)?;
        }
        check::column("samples.stack", 0, self.rows.highest().as_slice(), tables.stacks.len())
            .map_err(invalid)
    }
}
