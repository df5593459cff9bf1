//! What only a recording does to its [`World`]: it launches a program, and asks those that live.

use pyrometer_tables::schema;

use crate::live::machine::Here;
use crate::live::proc;
use crate::process::Process;
use crate::world::{World, space};

/// The time series of the memory that processes have in RAM.
const RESIDENT: &str = "rss";

impl World<Here> {
    /// Names the program that is about to be executed, before the kernel tells of it.
    pub(crate) fn launched(&mut self, pid: i32, name: &str, command_line: String, time: u64) {
        let described = schema::Process {
            pid,
            name: name.to_owned(),
            command_line,
            parent: None,
            start: time.cast_signed(),
            end: None,
        };
        self.new_process(described);
        self.new_thread(pid, pid, name.to_owned(), time);
    }

    /// Asks an attached process what it has mapped.
    pub(crate) fn read_maps(&mut self, pid: i32) {
        let Some(process) = self.processes.get_mut(&pid) else { return };
        let mut space = space(process, &mut self.binaries, &mut self.interner, &mut self.jit, &self.machine);
        space.read_maps();
    }

    /// Looks what generated code has been announced since; a process whose code changed forgets what it located.
    pub(crate) fn poll_jit(&mut self) {
        for pid in self.jit.poll(&self.machine) {
            if let Some(process) = self.processes.get_mut(&pid) {
                process.known.clear();
            }
        }
    }

    /// Notes how much memory each process has that lives, under its main thread; of one that has not begun to
    /// run its program it would be what it was forked from.
    pub(crate) fn measure_memory(&mut self, now: i64) {
        let lives = |process: &&Process| process.described.end.is_none() && !process.mappings.is_empty();
        let living = self.processes.values().filter(lives);
        let mut living: Vec<(u32, i32)> = living.map(|process| (process.row, process.pid)).collect();
        living.sort_unstable();
        for (_, pid) in living {
            if let Some(bytes) = proc::resident_bytes(pid) {
                self.put_point(RESIDENT, pid, now, bytes as f64);
            }
        }
    }

    fn put_point(&mut self, series: &str, pid: i32, time: i64, value: f64) {
        let Some(main) = self.threads.get(&pid).filter(|thread| thread.pid == pid) else { return };
        let thread = Some(main.row.cast_signed());
        let written = self.journal.put_counter(&schema::Counter { name: series.into(), time, thread, value });
        self.check(written);
    }

    /// How many processes still run, apart from this one.
    pub(crate) fn running_beside(&self, pid: i32, is_alive: impl Fn(i32) -> bool) -> usize {
        let others = self.processes.values().filter(|process| process.described.pid != pid);
        others.filter(|process| process.described.end.is_none() && is_alive(process.pid)).count()
    }
}
