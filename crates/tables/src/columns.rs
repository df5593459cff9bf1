//! Samples by column: what sums are made from.
//!
//! A sum over five million samples touches a few integers of each. Handing over columns instead
//! of rows leaves the others in the file.

use ::arrow::array::{Array, AsArray, RecordBatch};
use ::arrow::datatypes::{ArrowPrimitiveType, Int32Type, Int64Type};

use crate::check::{self, BadRow};
use crate::schema::{Sample, Tables};

/// Stands for a null in [`Columns::time`].
pub const NO_TIME: i64 = i64::MIN;

/// Which columns a pass needs beside stack, metric, value and count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// [`Columns::thread`].
    pub thread: bool,
    /// [`Columns::time`].
    pub time: bool,
}

impl Wanted {
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        let thread = self.thread.then_some("thread");
        let time = self.time.then_some("time");
        let always = ["stack", "metric", "value", "count"];
        always.into_iter().chain(thread).chain(time)
    }
}

/// Some samples. All slices are of one length, except those that are not wanted: these are empty.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a> {
    /// Rows in `stacks`.
    pub stack: &'a [i32],
    /// Rows in `threads`.
    pub thread: &'a [i32],
    /// Nanoseconds, [`NO_TIME`] for null.
    pub time: &'a [i64],
    /// Rows in `metrics`.
    pub metric: &'a [i32],
    /// What each stands for.
    pub value: &'a [i64],
    /// How many observations each is.
    pub count: &'a [i64],
}

impl<'a> Columns<'a> {
    /// The columns of a batch, those that it has; `None` if one holds a null or another type.
    pub(crate) fn of(batch: &'a RecordBatch) -> Option<Self> {
        Some(Self {
            stack: values::<Int32Type>(batch, "stack")?,
            thread: values::<Int32Type>(batch, "thread")?,
            time: &[],
            metric: values::<Int32Type>(batch, "metric")?,
            value: values::<Int64Type>(batch, "value")?,
            count: values::<Int64Type>(batch, "count")?,
        })
    }

    /// Checks that every reference leads to a row; `first` is the number of the first sample.
    pub(crate) fn check(&self, first: usize, tables: &Tables) -> Result<(), BadRow> {
        check::column("samples.stack", first, self.stack, tables.stacks.len())?;
        check::column("samples.thread", first, self.thread, tables.threads.len())?;
        check::column("samples.metric", first, self.metric, tables.metrics.len())
    }
}

fn values<'a, T: ArrowPrimitiveType>(batch: &'a RecordBatch, name: &str) -> Option<&'a [T::Native]> {
    let Some(column) = batch.column_by_name(name) else {
        return Some(&[]);
    };
    let column = column.as_primitive_opt::<T>()?;
    (column.null_count() == 0).then(|| &column.values()[..])
}

/// Rows turned into columns.
#[derive(Default)]
pub(crate) struct Transposed {
    stack: Vec<i32>,
    thread: Vec<i32>,
    time: Vec<i64>,
    metric: Vec<i32>,
    value: Vec<i64>,
    count: Vec<i64>,
}

impl Transposed {
    pub(crate) fn of(&mut self, samples: &[Sample]) -> Columns<'_> {
        refill(&mut self.stack, samples, |sample| sample.stack);
        refill(&mut self.thread, samples, |sample| sample.thread);
        refill(&mut self.time, samples, |sample| sample.time.unwrap_or(NO_TIME));
        refill(&mut self.metric, samples, |sample| sample.metric);
        refill(&mut self.value, samples, |sample| sample.value);
        refill(&mut self.count, samples, |sample| sample.count);
        Columns {
            stack: &self.stack,
            thread: &self.thread,
            time: &self.time,
            metric: &self.metric,
            value: &self.value,
            count: &self.count,
        }
    }
}

fn refill<T>(column: &mut Vec<T>, samples: &[Sample], cell: impl Fn(&Sample) -> T) {
    column.clear();
    column.extend(samples.iter().map(cell));
}
