//! Processes and threads: what they are called, whose they are, what they have mapped, when they end.

use pyrometer_tables::schema;

use super::{MOST_MAPPINGS, World, hexadecimal, mapping};
use crate::kernel_text::MapLine;
use crate::machine::Machine;
use crate::process::{Known, Process, Thread};
use crate::record::{Lineage, Mmap};
use crate::unwind::Memory;

impl<M: Machine> World<M> {
    /// Whether a thread has a row, and has not ended.
    pub(crate) fn knows(&self, pid: i32, tid: i32) -> bool {
        self.threads.get(&tid).is_some_and(|thread| thread.pid == pid && thread.described.end.is_none())
    }

    /// Makes sure that the process and the thread have rows: their records may be lost, or older than the recording.
    pub(crate) fn ensure_thread(&mut self, pid: i32, tid: i32, time: u64) {
        if self.threads.get(&tid).is_some_and(|thread| thread.pid == pid) {
            return;
        }
        self.ensure_process(pid, time);
        let name = self.machine.thread_name(pid, tid);
        let name =
            name.or_else(|| Some(self.processes.get(&pid)?.described.name.clone())).unwrap_or_default();
        self.new_thread(pid, tid, name, time);
    }

    fn ensure_process(&mut self, pid: i32, time: u64) {
        if self.processes.contains_key(&pid) {
            return;
        }
        let name = self.machine.thread_name(pid, pid).unwrap_or_default();
        let described = schema::Process {
            pid,
            name,
            command_line: self.machine.command_line(pid),
            parent: None,
            start: time.cast_signed(),
            end: None,
        };
        self.new_process(described);
    }

    pub(crate) fn new_process(&mut self, described: schema::Process) {
        let row = self.process_rows;
        self.process_rows += 1;
        let written = self.journal.put_process(row, &described);
        self.check(written);
        let pid = described.pid;
        self.processes.insert(pid, Process::new(row.cast_unsigned(), pid, described));
    }

    pub(crate) fn new_thread(&mut self, pid: i32, tid: i32, name: String, time: u64) {
        let Some(process) = self.processes.get_mut(&pid) else { return };
        process.threads += 1;
        let process = process.row.cast_signed();
        let described = schema::Thread { process, tid, name, start: time.cast_signed(), end: None };
        let row = self.thread_rows;
        self.thread_rows += 1;
        let written = self.journal.put_thread(row, &described);
        self.check(written);
        self.threads.insert(tid, Thread::new(row.cast_unsigned(), pid, described));
    }

    pub(super) fn mapped(&mut self, mmap: &Mmap) {
        let name = String::from_utf8_lossy(mmap.name);
        self.ensure_process(mmap.pid, mmap.stamp.time);
        if self.jit.is_dump(&name) {
            self.jit.opened(mmap.pid, &name, &self.machine);
            return;
        }
        let line = MapLine {
            start: mmap.address,
            end: mmap.address.saturating_add(mmap.length),
            executable: true,
            offset: mmap.offset,
            device: mmap.device,
            inode: mmap.inode,
            name: name.into_owned(),
        };
        let seen = mmap.stamp.time.cast_signed();
        let build_id = mmap.build_id.map(hexadecimal);
        if let Some(mapping) = mapping(&mut self.binaries, &self.machine, mmap.pid, &line, seen, build_id)
            && let Some(process) = self.processes.get_mut(&mmap.pid)
        {
            process.map(mapping);
        }
    }

    pub(super) fn executed(&mut self, pid: i32, tid: i32, name: &[u8], time: u64) {
        let name = String::from_utf8_lossy(name).into_owned();
        self.ensure_thread(pid, tid, time);
        let Some(process) = self.processes.get_mut(&pid) else { return };
        process.clear_mappings();
        self.jit.ended(pid, &self.machine);
        let command_line = self.machine.command_line(pid);
        if process.unused {
            process.described.name.clone_from(&name);
            // The arguments of the launched program are known; those of a child that is gone already
            // are not, for it has its parent's.
            if !command_line.is_empty() || process.described.parent.is_some() {
                process.described.command_line = command_line;
            }
            self.renamed(pid, tid, name.as_bytes());
            return;
        }
        process.described.end = Some(time.cast_signed());
        let described = schema::Process {
            command_line,
            name,
            start: time.cast_signed(),
            end: None,
            ..process.described.clone()
        };
        let name = described.name.clone();
        self.put_process(pid);
        self.end_thread(tid, time);
        self.new_process(described);
        self.new_thread(pid, tid, name, time);
    }

    pub(super) fn renamed(&mut self, pid: i32, tid: i32, name: &[u8]) {
        let name = String::from_utf8_lossy(name).into_owned();
        if let Some(process) = self.processes.get_mut(&pid).filter(|_| pid == tid) {
            process.described.name.clone_from(&name);
            self.put_process(pid);
        }
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.described.name = name;
            self.put_thread(tid);
        }
    }

    pub(super) fn forked(&mut self, lineage: Lineage) {
        let Lineage { pid, parent_pid, tid, parent_tid, time } = lineage;
        let name =
            self.threads.get(&parent_tid).map(|thread| thread.described.name.clone()).unwrap_or_default();
        if pid != parent_pid {
            self.new_child(pid, parent_pid, &name, time);
        } else {
            self.ensure_process(pid, time);
        }
        self.new_thread(pid, tid, name, time);
    }

    fn new_child(&mut self, pid: i32, parent_pid: i32, name: &str, time: u64) {
        let parent = self.processes.get(&parent_pid);
        let described = schema::Process {
            pid,
            name: name.to_owned(),
            command_line: parent.map(|parent| parent.described.command_line.clone()).unwrap_or_default(),
            parent: parent.map(|parent| parent.row.cast_signed()),
            start: time.cast_signed(),
            end: None,
        };
        self.new_process(described);
        // The child is taken out, so that its parent can be looked at.
        let Some(mut child) = self.processes.remove(&pid) else { return };
        if let Some(parent) = self.processes.get(&parent_pid)
            && self.forked_mappings < MOST_MAPPINGS
        {
            self.forked_mappings += child.fork_mappings(parent);
        }
        self.processes.insert(pid, child);
    }

    pub(super) fn exited(&mut self, lineage: Lineage) {
        self.end_thread(lineage.tid, lineage.time);
        let Some(process) = self.processes.get_mut(&lineage.pid) else { return };
        process.threads = process.threads.saturating_sub(1);
        if process.threads == 0 {
            process.described.end = Some(lineage.time.cast_signed());
            process.known = Known::default();
            self.put_process(lineage.pid);
            self.jit.ended(lineage.pid, &self.machine);
        }
    }

    fn end_thread(&mut self, tid: i32, time: u64) {
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        thread.described.end = Some(time.cast_signed());
        thread.memory = Memory::default();
        self.put_thread(tid);
    }

    fn put_process(&mut self, pid: i32) {
        let Some(process) = self.processes.get(&pid) else { return };
        let written = self.journal.put_process(process.row.cast_signed(), &process.described);
        self.check(written);
    }

    fn put_thread(&mut self, tid: i32) {
        let Some(thread) = self.threads.get(&tid) else { return };
        let written = self.journal.put_thread(thread.row.cast_signed(), &thread.described);
        self.check(written);
    }
}
