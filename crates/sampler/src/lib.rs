//! Samples native programs: perf events, ring buffers, live unwinding.
//!
//! Constraints:
//! - the program is never stopped, and costs go to the recorder, not to it;
//! - only addresses are kept, stack bytes never leave the ring buffer;
//! - what the kernel or we could not deliver is counted;
//! - one thread, bounded memory: samples are written to the journal as they come.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![deny(missing_docs)]

mod attr;
mod binary;
mod cfi;
mod clock;
mod elf_image;
pub mod error;
pub mod event;
mod groups;
mod host;
mod intern;
mod jit;
mod kernel;
pub mod kernel_text;
mod launch;
mod merge;
pub mod offline;
mod permission;
mod poll;
mod probe;
mod proc;
mod process;
pub mod record;
mod recorder;
mod recording;
mod registers;
mod ring;
mod search_table;
mod signals;
mod space;
mod stack;
mod stat;
mod sys;
mod unwind;
mod world;

pub use binary::Source;
pub use error::{Error, Result};
pub use launch::{Child, Exit};
pub use probe::probe;
pub use proc::Accounts;
pub use recorder::{Config, Target, record};
pub use recording::Recording;
pub use stat::{Run, StatConfig, Total, stat};
