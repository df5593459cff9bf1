//! Counting where files can be mapped.
//!
//! `folder` says whether and where; `thread` finds the record of an event, in memory of the thread's own; `file` adds
//! records, each of which is one of `layout`; `table` finds those of formatted keys; `system` is what the standard
//! library does not have.

mod file;
mod folder;
mod key;
mod layout;
mod system;
mod table;
mod thread;

pub use folder::is_on;
pub use key::count;
pub use thread::Site;
