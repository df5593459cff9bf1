//! Rows to Arrow and back.
//!
//! Constraints:
//! - one mechanism for all tables: a [`Row`] lists its columns once, a [`Cell`] is what stands in one;
//! - only types every engine reads: int32, int64, double, utf8, boolean, list;
//! - a table that others refer to by row number says that number in its column `id`.

mod cell;
mod row;

pub use cell::Cell;
pub use row::{Row, TableRow, TableVisitor, from_batch, schema, to_batch, visit_table, visit_tables};

/// Every table of a profile, as its files and columns are named.
pub const TABLES: [&str; 12] = [
    "metrics",
    "processes",
    "threads",
    "binaries",
    "functions",
    "frames",
    "stacks",
    "samples",
    "calls",
    "counters",
    "events",
    "experiments",
];
