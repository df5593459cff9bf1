//! Everything that a recording knows, fed with the kernel's records in the order of their times.
//!
//! Samples become rows; what they refer to is written before them, so that the journal is whole
//! after each [`World::commit`].

mod tasks;

use pyrometer_tables::journal::Writer;
use pyrometer_tables::meta::{Meta, Quality};
use pyrometer_tables::schema;
use rustc_hash::FxHashMap;

use crate::binary::{Binaries, Binary, DELETED, MappedFile};
use crate::cfi::Rule;
use crate::intern::Interner;
use crate::jit::Jit;
use crate::kernel_text::MapLine;
use crate::machine::Machine;
use crate::process::{Content, Mapping, Process, Thread};
use crate::record::{self, Record, Stamp};
use crate::space::Space;
use crate::stack::Path;
use crate::unwind::{self, Code, Outcome, Step, Taken};

/// What the kernel calls memory without a file.
const ANONYMOUS: &str = "//anon";

/// Mappings that forks copy, in all: no machine lives long enough for more, but a file can say what it likes.
const MOST_MAPPINGS: usize = 1 << 23;

/// The state of a recording.
pub(crate) struct World<M> {
    pub(crate) journal: Writer,
    pub(crate) machine: M,
    pub(crate) quality: Quality,
    pub(crate) binaries: Binaries,
    pub(crate) interner: Interner,
    pub(crate) jit: Jit,
    /// Whether the records' clock is that of the programs.
    pub(crate) timed_jit: bool,
    /// Stacks by frame pointers that do not reach the program's entry.
    pub(crate) rootless: u64,
    /// Mappings that forks have copied.
    forked_mappings: usize,
    /// The sample that was taken in last.
    last: Option<schema::Sample>,
    pub(crate) processes: FxHashMap<i32, Process>,
    pub(crate) threads: FxHashMap<i32, Thread>,
    process_rows: i32,
    thread_rows: i32,
    binary_rows: usize,
    samples: Vec<schema::Sample>,
    /// What the samples of each metric add up to.
    pub(crate) sums: Vec<i64>,
    steps: Vec<Step>,
    path: Path,
    throttled_since: FxHashMap<u64, u64>,
    /// The first error of the journal; nothing is recorded after it.
    pub(crate) failed: Option<pyrometer_tables::Error>,
}

impl<M: Machine> World<M> {
    pub(crate) fn new(journal: Writer, machine: M) -> Self {
        Self {
            journal,
            machine,
            quality: Quality::default(),
            binaries: Binaries::default(),
            interner: Interner::default(),
            jit: Jit::default(),
            timed_jit: true,
            rootless: 0,
            forked_mappings: 0,
            last: None,
            processes: FxHashMap::default(),
            threads: FxHashMap::default(),
            process_rows: 0,
            thread_rows: 0,
            binary_rows: 0,
            samples: Vec::new(),
            sums: Vec::new(),
            steps: Vec::new(),
            path: Path::default(),
            throttled_since: FxHashMap::default(),
            failed: None,
        }
    }

    /// Takes in one record of the kernel.
    ///
    /// `attribute` tells which metric a sample belongs to; without one it is nobody's.
    pub(crate) fn record(
        &mut self,
        record: Record,
        attribute: impl FnOnce(&record::Sample) -> Option<usize>,
    ) {
        match record {
            Record::Sample(sample) => {
                // The idle task and tasks of no process are nobody's time.
                if let Some(metric) = attribute(&sample).filter(|_| sample.stamp.pid > 0) {
                    self.last = None;
                    self.sample(&sample, metric);
                }
            }
            Record::Mmap(mmap) => self.mapped(&mmap),
            Record::Comm { pid, tid, exec: true, name, stamp } => self.executed(pid, tid, name, stamp.time),
            Record::Comm { pid, tid, name, .. } => self.renamed(pid, tid, name),
            Record::Fork(lineage) => self.forked(lineage),
            Record::Exit(lineage) => self.exited(lineage),
            Record::Lost { count, stamp } => self.lost(count, stamp),
            Record::LostSamples { count, stamp } => {
                self.quality.lost = self.quality.lost.saturating_add_unsigned(count);
                self.note_event("lost-samples", stamp, count);
            }
            Record::Throttle { on, stamp } => self.throttled(on, stamp),
            Record::Malformed { .. } => self.quality.lost_records += 1,
            Record::Other { .. } => {}
        }
    }

    /// LOST counts records of any type: which were samples is known from the events' own counts.
    fn lost(&mut self, count: u64, stamp: Stamp) {
        self.quality.lost_records = self.quality.lost_records.saturating_add_unsigned(count);
        self.note_event("lost", stamp, count);
    }

    fn throttled(&mut self, on: bool, stamp: Stamp) {
        let key = (stamp.id << 16) ^ u64::from(stamp.cpu);
        if on {
            self.quality.throttled += 1;
            self.throttled_since.insert(key, stamp.time);
            self.note_event("throttled", stamp, 1);
        } else if let Some(since) = self.throttled_since.remove(&key) {
            let time = stamp.time.saturating_sub(since);
            self.quality.throttled_time = self.quality.throttled_time.saturating_add_unsigned(time);
        }
    }

    fn note_event(&mut self, name: &str, stamp: Stamp, count: u64) {
        let payload = match stamp.cpu {
            Stamp::NO_CPU => format!("{{\"count\":{count}}}"),
            cpu => format!("{{\"count\":{count},\"cpu\":{cpu}}}"),
        };
        let event = schema::Event {
            name: name.into(),
            time: stamp.time.cast_signed(),
            payload,
            ..schema::Event::default()
        };
        let written = self.journal.put_event(&event);
        self.check(written);
    }

    fn sample(&mut self, sample: &record::Sample, metric: usize) {
        let Stamp { pid, tid, time, cpu, .. } = sample.stamp;
        self.ensure_thread(pid, tid, time);
        let (Some(process), Some(thread)) = (self.processes.get_mut(&pid), self.threads.get_mut(&tid)) else {
            return;
        };
        process.unused = false;
        thread.unused = false;
        if self.timed_jit {
            self.jit.now = time;
        }
        self.path.begin(sample);
        self.steps.clear();
        let mut space = space(process, &mut self.binaries, &mut self.interner, &mut self.jit, &self.machine);
        if let Some(registers) = sample.registers.filter(|_| !sample.compat) {
            let memory = &|address, into: &mut [u8]| self.machine.read_memory(pid, tid, address, into);
            let taken = Taken { memory, lives: self.machine.is_live(), registers, stack: sample.stack, time };
            let chain = self.path.user_chain();
            // Inside execve the old program is gone and the new one not there yet.
            if self.path.in_kernel() && !space.locate(registers.ip).mapped {
                self.quality.stackless += 1;
            } else {
                let outcome = unwind::unwind(&mut space, taken, chain, &mut thread.memory, &mut self.steps);
                self.path.user(&self.steps, outcome, &mut self.quality);
            }
        } else if !self.path.user_chain().is_empty() {
            let complete = chained(&mut space, self.path.user_chain(), &mut self.steps);
            self.rootless += u64::from(!complete);
            self.path.user(&self.steps, Outcome::default(), &mut self.quality);
        } else if !sample.has_stacks {
            self.path.leaf(space.address(sample.ip, sample.in_kernel));
        } else if sample.compat {
            self.path.unwalkable(space.address(sample.ip, sample.in_kernel), &mut self.quality);
        } else {
            self.quality.stackless += 1;
        }
        self.path.kernel(|address| space.kernel(address));
        if self.path.is_empty() {
            self.path.unwalkable(space.address(sample.ip, sample.in_kernel), &mut self.quality);
        }
        let frames = self.path.resolve_markers(&mut self.interner);
        let Some(stack) = self.interner.stack(frames, &mut thread.last) else { return };
        self.quality.samples += 1;
        self.sums[metric] = self.sums[metric].saturating_add_unsigned(sample.period);
        let row = schema::Sample {
            stack: stack.cast_signed(),
            thread: thread.row.cast_signed(),
            time: sample.has_time.then_some(time.cast_signed()),
            cpu: (cpu != Stamp::NO_CPU).then_some(cpu.cast_signed()),
            metric: metric as i32,
            value: i64::try_from(sample.period).unwrap_or(i64::MAX),
            count: 1,
        };
        self.samples.push(row);
        self.last = Some(row);
    }

    /// Another metric of the sample that was taken in last: the events of a group are read together.
    pub(crate) fn also(&mut self, metric: usize, value: u64) {
        let Some(last) = self.last else { return };
        self.sums[metric] = self.sums[metric].saturating_add_unsigned(value);
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.samples.push(schema::Sample { metric: metric as i32, value, ..last });
    }

    pub(crate) fn put_metric(&mut self, row: i32, metric: &schema::Metric) {
        self.sums.resize(self.sums.len().max(row as usize + 1), 0);
        let written = self.journal.put_metric(row, metric);
        self.check(written);
    }

    /// Hands everything so far to the journal and makes it readable.
    pub(crate) fn commit(&mut self, meta: &Meta) {
        if self.failed.is_some() {
            return;
        }
        let written = self.write(meta);
        self.check(written);
    }

    /// Whether samples wait in such a number that they should not wait for the next commit.
    pub(crate) fn pending(&self) -> usize {
        self.samples.len()
    }

    fn write(&mut self, meta: &Meta) -> pyrometer_tables::Result<()> {
        for (row, binary) in self.binaries.list.iter().enumerate().skip(self.binary_rows) {
            self.journal.put_binary(row as i32, &describe(binary))?;
        }
        self.binary_rows = self.binaries.list.len();
        for (row, function) in self.path.new_markers() {
            self.journal.put_function(row, &function)?;
        }
        self.journal.append_frames(&self.interner.new_frames)?;
        self.interner.new_frames.clear();
        self.journal.append_stacks(&self.interner.new_stacks)?;
        self.interner.new_stacks.clear();
        self.journal.append_samples(&self.samples)?;
        self.samples.clear();
        self.journal.put_meta(meta)?;
        self.journal.commit()
    }

    pub(crate) fn check(&mut self, written: pyrometer_tables::Result<()>) {
        if let Err(error) = written
            && self.failed.is_none()
        {
            self.failed = Some(error);
        }
    }
}

/// The frames of a walk by frame pointers that was made elsewhere; whether it reached the program's entry.
fn chained(space: &mut Space, chain: &[u64], steps: &mut Vec<Step>) -> bool {
    let inside = |(depth, address): (usize, &u64)| address.wrapping_sub(u64::from(depth > 0));
    for address in chain.iter().enumerate().map(inside) {
        steps.push(Step { frame: space.frame(address), sp: 0 });
    }
    let last = chain.iter().enumerate().next_back().map(inside);
    last.is_some_and(|address| space.locate(address).rule == Rule::Root)
}

pub(crate) fn space<'a>(
    process: &'a mut Process,
    binaries: &'a mut Binaries,
    interner: &'a mut Interner,
    jit: &'a mut Jit,
    machine: &'a dyn Machine,
) -> Space<'a> {
    Space { process, binaries, interner, jit, machine }
}

/// Bytes as binaries' ids are written.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn describe(binary: &Binary) -> schema::Binary {
    schema::Binary {
        path: binary.path.clone(),
        build_id: binary.build_id.clone(),
        symbols_from: String::new(),
        missing: binary.missing.clone(),
    }
}

/// What a line of `/proc/PID/maps`, or a record of the kernel, maps; `seen` on the monotonic clock.
pub(crate) fn mapping(
    binaries: &mut Binaries,
    machine: &dyn Machine,
    pid: i32,
    line: &MapLine,
    seen: i64,
    build_id: Option<String>,
) -> Option<Mapping> {
    let at = |content| Some(Mapping { start: line.start, end: line.end, content });
    if line.name == "[vdso]" {
        let binary = binaries.of_name("[vdso]", || machine.vdso());
        if binaries.list[binary].absent {
            return at(Content::Absent { binary: binary as u32 });
        }
        let bias = binaries.list[binary].bias(line.start, 0, line.end - line.start)?;
        return at(Content::Binary { binary: binary as u32, bias });
    }
    // The kernel's own page of obsolete entry points: nothing to read, nothing to unwind.
    if line.name == "[vsyscall]" {
        return None;
    }
    let memory = ["/dev/zero", "/SYSV", ANONYMOUS];
    if line.inode == 0 || !line.name.starts_with('/') || memory.iter().any(|name| line.name.starts_with(name))
    {
        return at(Content::Generated);
    }
    let mapped = MappedFile {
        pid,
        start: line.start,
        end: line.end,
        device: line.device,
        inode: line.inode,
        path: line.name.strip_suffix(DELETED).unwrap_or(&line.name),
        build_id,
        seen,
    };
    let binary = binaries.of_file(&mapped, machine);
    if binaries.list[binary].absent {
        // In such a file are programs that never were on a disk, but more often generated code.
        let content = match mapped.path.starts_with("/memfd:") {
            true => Content::Generated,
            false => Content::Absent { binary: binary as u32 },
        };
        return at(content);
    }
    let bias = binaries.list[binary].bias(line.start, line.offset, line.end - line.start);
    // A file without a fitting segment is no ELF object: generated code in a file, or a data file.
    bias.map_or_else(|| at(Content::Generated), |bias| at(Content::Binary { binary: binary as u32, bias }))
}
