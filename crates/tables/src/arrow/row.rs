//! The columns of each table.

use std::sync::Arc;

use ::arrow::array::{Array, ArrayRef, Int32Array, RecordBatch};
use ::arrow::datatypes::{Field, Schema, SchemaRef};
use ::arrow::error::ArrowError;

use super::Cell;
use crate::error::Result;
use crate::schema::{
    Binary, Call, Counter, Event, Experiment, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread,
};

/// A row of a table.
pub trait Row: Sized {
    /// The table's name.
    const TABLE: &'static str;
    /// True if other tables refer to these rows: then the first column is `id`.
    const HAS_ID: bool;
    /// The columns after `id`.
    fn fields() -> Vec<Field>;
    /// The cells of `rows`, a column each.
    fn gather(rows: &[Self]) -> Vec<ArrayRef>;
    /// The rows of `batch`; else which column is wrong, and how.
    ///
    /// # Errors
    /// A sentence about the column.
    fn read(batch: &RecordBatch) -> std::result::Result<Vec<Self>, String>;
}

/// A row that [`Tables`] holds: all but the samples.
pub trait TableRow: Row + Clone + Send + 'static {
    /// The table.
    fn rows(tables: &Tables) -> &Vec<Self>;
    /// The table, to fill.
    fn rows_mut(tables: &mut Tables) -> &mut Vec<Self>;
}

macro_rules! row {
    ($row:ty, $table:literal, id: $id:literal, [$($field:ident),*]) => {
        impl Row for $row {
            const TABLE: &'static str = $table;
            const HAS_ID: bool = $id;
            fn fields() -> Vec<Field> {
                vec![$(field(stringify!($field), |row: &Self| &row.$field)),*]
            }
            fn gather(rows: &[Self]) -> Vec<ArrayRef> {
                vec![$(Cell::gather(rows.iter().map(|row| &row.$field))),*]
            }
            fn read(batch: &RecordBatch) -> std::result::Result<Vec<Self>, String> {
                $(let $field = Column::of(batch, stringify!($field))?;)*
                let rows = 0..batch.num_rows();
                Ok(rows.map(|row| Self { $($field: $field.read(row)),* }).collect())
            }
        }
    };
}

row!(Metric, "metrics", id: true, [name, unit, kind, period, description, time_enabled, time_running]);
row!(Process, "processes", id: true, [pid, name, command_line, parent, start, end]);
row!(Thread, "threads", id: true, [process, tid, name, start, end]);
row!(Binary, "binaries", id: true, [path, build_id, symbols_from, missing]);
row!(Function, "functions", id: true, [name, linkage_name, binary, file, line, namespace, aliases]);
row!(Frame, "frames", id: true, [function, file, line, column, address, binary, inlined, kind]);
row!(Stack, "stacks", id: true, [parent, frame]);
row!(Sample, "samples", id: false, [stack, thread, time, cpu, metric, value, count]);
row!(Call, "calls", id: false, [caller, callee, line, count, metric, inclusive]);
row!(Counter, "counters", id: false, [name, time, thread, value]);
row!(Event, "events", id: false, [name, time, duration, thread, stack, payload]);
row!(Experiment, "experiments", id: false, [selected, speedup, progress_point, visits, duration]);

/// Something to be done with every table of [`Tables`].
pub trait TableVisitor {
    /// Does it with one of them.
    ///
    /// # Errors
    /// The visitor's own.
    fn visit<R: TableRow>(&mut self) -> Result<()>;
}

macro_rules! held {
    ($($row:ty: $table:ident),*) => {
        $(
            impl TableRow for $row {
                fn rows(tables: &Tables) -> &Vec<Self> {
                    &tables.$table
                }
                fn rows_mut(tables: &mut Tables) -> &mut Vec<Self> {
                    &mut tables.$table
                }
            }
        )*

        /// Visits every table but the samples, those first that others refer to.
        ///
        /// # Errors
        /// The first of the visitor.
        pub fn visit_tables(visitor: &mut impl TableVisitor) -> Result<()> {
            $(visitor.visit::<$row>()?;)*
            Ok(())
        }

        /// Visits the table of that name; false if there is none.
        ///
        /// # Errors
        /// That of the visitor.
        pub fn visit_table(name: &str, visitor: &mut impl TableVisitor) -> Result<bool> {
            match name {
                $(<$row>::TABLE => visitor.visit::<$row>()?,)*
                _ => return Ok(false),
            }
            Ok(true)
        }
    };
}

held!(
    Metric: metrics,
    Process: processes,
    Thread: threads,
    Binary: binaries,
    Function: functions,
    Frame: frames,
    Stack: stacks,
    Call: calls,
    Counter: counters,
    Event: events,
    Experiment: experiments
);

/// The columns of a table, `id` included.
#[must_use]
pub fn schema<R: Row>() -> SchemaRef {
    let id = R::HAS_ID.then(|| Field::new("id", i32::data_type(), false));
    Arc::new(Schema::new(id.into_iter().chain(R::fields()).collect::<Vec<_>>()))
}

/// `rows` as a batch, the first of them being row number `first` of its table.
///
/// # Errors
/// If a column's text exceeds 2 GiB, or the ids an int32.
pub fn to_batch<R: Row>(first: usize, rows: &[R]) -> std::result::Result<RecordBatch, ArrowError> {
    let mut columns = R::gather(rows);
    if R::HAS_ID {
        let end = i32::try_from(first + rows.len())
            .map_err(|_| ArrowError::InvalidArgumentError("more than 2³¹ rows".to_owned()))?;
        let ids = Int32Array::from_iter_values((0..end).skip(first));
        columns.insert(0, Arc::new(ids));
    }
    RecordBatch::try_new(schema::<R>(), columns)
}

/// The rows of `batch`, the first of them being row number `first` of its table.
///
/// # Errors
/// A sentence that names the column which is missing, of another type, null where it must not be,
/// or, for `id`, not the row's number.
pub fn from_batch<R: Row>(first: usize, batch: &RecordBatch) -> std::result::Result<Vec<R>, String> {
    if R::HAS_ID {
        let ids = Column::<i32>::of(batch, "id")?;
        let wrong = (0..batch.num_rows()).find(|&row| usize::try_from(ids.read(row)) != Ok(first + row));
        if let Some(row) = wrong {
            return Err(format!("id {} in row {}", ids.read(row), first + row));
        }
    }
    R::read(batch)
}

fn field<R, T: Cell>(name: &str, _: fn(&R) -> &T) -> Field {
    Field::new(name, T::data_type(), T::NULLABLE)
}

/// A column that is of the right type, and null only where that is allowed.
struct Column<'a, T: Cell>(&'a T::Array);

impl<'a, T: Cell> Column<'a, T> {
    fn of(batch: &'a RecordBatch, name: &str) -> std::result::Result<Self, String> {
        let column = batch.column_by_name(name).ok_or_else(|| format!("no column `{name}`"))?;
        let array = column.as_any().downcast_ref::<T::Array>();
        let array = array.filter(|_| column.data_type().equals_datatype(&T::data_type()));
        let array = array.ok_or_else(|| {
            let (found, expected) = (column.data_type(), T::data_type());
            format!("column `{name}` of type {found} instead of {expected}")
        })?;
        match array.null_count() {
            1.. if !T::NULLABLE => Err(format!("a null in column `{name}`")),
            _ => Ok(Self(array)),
        }
    }

    fn read(&self, row: usize) -> T {
        T::read(self.0, row)
    }
}
