//! Counting where files can be mapped.
//!
//! `folder` says whether and where; `thread` finds the record of an event, in memory of the thread's own; `file` adds
//! records, each of which is one of `layout`; `table` finds those of formatted keys by their texts, `known` by the
//! numbers (`argument`) of which they were put together before; `system` is what the standard library does not have.

mod argument;
mod file;
mod folder;
mod key;
mod known;
mod layout;
mod system;
mod table;
mod thread;

pub use argument::{argument, is_function, text};
pub use folder::is_on;
pub use key::{count, count_numbers, count_text};
pub use thread::Site;
