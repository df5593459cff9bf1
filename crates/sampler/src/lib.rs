//! Samples native programs: perf events, ring buffers, live unwinding; and unwinds what `perf record` kept.
//!
//! Constraints:
//! - the program is never stopped, and costs go to the recorder, not to it;
//! - only addresses are kept, stack bytes never leave the ring buffer;
//! - what the kernel or we could not deliver is counted;
//! - one thread, bounded memory: samples are written to the journal as they come;
//! - only [`live`] knows Linux and x86-64: a file that was recorded there is read anywhere.
#![deny(missing_docs)]

mod abi;
mod binary;
mod cfi;
mod elf_image;
mod intern;
mod jit;
mod kernel;
pub mod kernel_text;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod live;
mod machine;
pub mod offline;
mod process;
pub mod record;
mod registers;
pub mod replay;
mod search_table;
mod space;
mod stack;
mod unwind;
mod world;

pub use binary::Source;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use live::{
    Accounts, Child, Config, Error, Exit, Interval, Recording, Result, Run, RunningConfig, Signal, Signals,
    StatConfig, Target, Total, Watched, error, event, probe, record, stat, stat_running,
};

/// The page that the kernel maps into this process, as a binary.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn own_vdso() -> Option<binary::Binary> {
    Some(live::vdso())
}

/// Only the recorder's kernel has a page that could be the recorded one.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn own_vdso() -> Option<binary::Binary> {
    None
}
