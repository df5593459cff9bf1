//! The machine that the recorded programs run on: `/proc`, and their memory.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::binary::{Binary, MappedFile};
use crate::kernel_text::MapLine;
use crate::live::{clock, files, proc, sys};
use crate::machine::Machine;

/// This machine, while it records.
pub(crate) struct Here;

impl Machine for Here {
    fn now(&self) -> i64 {
        clock::monotonic()
    }

    fn thread_name(&self, pid: i32, tid: i32) -> Option<String> {
        proc::thread_name(pid, tid)
    }

    fn command_line(&self, pid: i32) -> String {
        proc::command_line(pid)
    }

    fn maps(&self, pid: i32) -> Vec<MapLine> {
        proc::maps(pid)
    }

    fn is_live(&self) -> bool {
        true
    }

    fn read_memory(&self, pid: i32, tid: i32, address: u64, into: &mut [u8]) -> usize {
        let read = sys::read_process_memory(pid, address, into);
        // Asked afterwards: a thread that lives now lived while its stack was read.
        if sys::thread_lives(pid, tid) { read } else { 0 }
    }

    fn open(&self, mapped: &MappedFile) -> Binary {
        files::binary(mapped)
    }

    fn vdso(&self) -> Binary {
        files::vdso()
    }

    fn kernel(&self) -> Binary {
        files::kernel()
    }

    fn perf_map(&self, pid: i32) -> Option<File> {
        let inside = format!("/tmp/perf-{}.map", proc::namespace_pid(pid));
        let outside = format!("/tmp/perf-{pid}.map");
        let candidates = [proc::through_root(pid, Path::new(&inside)), PathBuf::from(outside)];
        candidates.iter().find_map(|candidate| proc::open_file(candidate))
    }

    fn jit_dump(&self, pid: i32, path: &str) -> Option<File> {
        let candidates = [proc::through_root(pid, Path::new(path)), PathBuf::from(path)];
        candidates.iter().find_map(|candidate| proc::open_file(candidate))
    }
}
