//! What the records do not tell and the machine may: names, files, memory.
//!
//! While recording it is the machine that the programs run on ([`crate::live`]). For what was recorded
//! before it is this one, which knows nothing of those processes ([`crate::replay`]): their ids may be
//! somebody else's by now.

use std::fs::File;

use crate::binary::{Binary, MappedFile};
use crate::kernel_text::MapLine;

/// The machine, as far as it can be asked.
pub(crate) trait Machine {
    /// Now, nanoseconds on the clock of the records.
    fn now(&self) -> i64;
    /// The name of a thread.
    fn thread_name(&self, pid: i32, tid: i32) -> Option<String>;
    /// The arguments of a process, joined by spaces; empty if they are not known.
    fn command_line(&self, pid: i32) -> String;
    /// What a process has mapped now.
    fn maps(&self, pid: i32) -> Vec<MapLine>;
    /// Whether the processes live, or did when they were sampled.
    fn is_live(&self) -> bool;
    /// Copies memory of a process for the stack of one of its threads; returns how many bytes could be. None can
    /// once the thread has ended: its stack is freed then, or another thread's.
    fn read_memory(&self, pid: i32, tid: i32, address: u64, into: &mut [u8]) -> usize;
    /// The binary behind a mapping.
    fn open(&self, mapped: &MappedFile) -> Binary;
    /// The page that the kernel maps into every process.
    fn vdso(&self) -> Binary;
    /// The kernel.
    fn kernel(&self) -> Binary;
    /// What a process tells of its generated code, in `/tmp/perf-PID.map`.
    fn perf_map(&self, pid: i32) -> Option<File>;
    /// The jitdump that a process has mapped.
    fn jit_dump(&self, pid: i32, path: &str) -> Option<File>;
}
