//! Other tools' formats: [`read`], and the modules that write one each.
//!
//! Constraints of writing:
//! - one file a format; each has a `write` that takes a [`Profile`], a [`Selection`] and a writer, or the path of a
//!   folder;
//! - whatever was lost or truncated is said in the output, as far as its format has a place for it;
//! - the same profile gives the same bytes;
//! - what a format cannot carry is left out, and `write` returns what that is ([`LeftOut`]).
//!
//! [`Profile`]: pyrometer_tables::Profile
//! [`Selection`]: pyrometer_tables::select::Selection
#![deny(missing_docs)]

pub mod cachegrind;
mod callees;
pub mod callgrind;
mod carried;
pub mod chrome;
mod code;
pub mod csv;
pub mod dhat;
mod error;
pub mod firefox;
pub mod folded;
pub mod inferno;
mod nameless;
mod narrow;
pub mod otlp;
pub mod parquet;
pub mod pprof;
pub mod read;
pub mod speedscope;
mod stack_sums;
mod stacked;
mod summary;
mod sums;
pub mod svg;

pub use error::{Error, Result};

/// What a format had no place for, a phrase each: `threads (added up)`.
pub type LeftOut = Vec<String>;
