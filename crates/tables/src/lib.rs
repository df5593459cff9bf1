//! The Profile: its tables, its file, and the sums that every view is made of.
//!
//! Constraints:
//! - samples are streamed, never held: a profile of five million samples is read in little memory;
//! - a file is whole or refused: nothing that is read is believed before it is checked;
//! - an interrupted recording is readable: the [`journal`] is valid after every flush.
#![deny(missing_docs)]

mod allocator;
pub mod arrow;
pub mod call_graph;
pub mod call_tree;
pub mod check;
pub mod columns;
pub mod error;
pub mod file;
mod frame_kind;
mod invert;
mod joined;
pub mod journal;
pub mod labels;
mod merge;
pub mod meta;
pub mod naming;
pub mod page;
pub mod positioned;
pub mod profile;
pub mod samples;
pub mod schema;
pub mod select;
pub mod source_files;
mod startup;
pub mod sums;

pub use error::{Error, Result};
pub use joined::joined;
pub use profile::Profile;
