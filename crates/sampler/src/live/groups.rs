//! The perf events of a recording: which tasks, which CPUs, which rings.
//!
//! One ring a CPU, owned by a dummy event that also reports mappings, names, forks and exits; all
//! sampling events on that CPU write into it. Every event is inherited by new threads and
//! children, so a launch needs `CPUs × (events + 1)` descriptors whatever the program starts.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use crate::kernel_text;
use crate::live::attr::{self, Common};
use crate::live::error::{Error, Result};
use crate::live::event::Event;
use crate::live::permission;
use crate::live::proc;
use crate::live::ring::Ring;
use crate::live::sys;

/// Ring size asked for first, bytes a CPU; halved until the kernel agrees.
const LARGEST_RING: usize = 16 << 20;
/// All rings together never take more than this, bytes.
const RINGS_BUDGET: usize = 64 << 20;
/// Below this not even a handful of samples fit.
const SMALLEST_RING: usize = 64 << 10;
/// Stack bytes that can be asked for: the kernel's record size is a u16, and the rest of a sample needs its room.
const LARGEST_STACK: usize = 60 << 10;
const SMALLEST_STACK: usize = 8 << 10;
/// Stack bytes copied at least, where the ring allows; the rest of a deeper stack is read from the process.
const USUAL_STACK: usize = 16 << 10;
/// A ring should hold so many samples: a quarter of a second at the usual rate, if we are not let run.
const SAMPLES_IN_RING: usize = 256;
/// Below this many samples a ring is too small for the usual copy.
const SAMPLES_AT_LEAST: usize = 64;
/// How often the threads of an attached process are listed again.
const SCANS: usize = 8;

/// How events are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// By the `execve` of the launched program.
    OnExec,
    /// By [`Groups::start`]; only tracking begins with the `execve`.
    OnExecDelayed,
    /// By [`Groups::start`]; tracking at once, since the tasks already run.
    Attached,
}

/// What is asked of the kernel.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) events: Vec<Event>,
    pub(crate) rate: u64,
    pub(crate) start: Start,
    /// Bytes of stack to copy, or none to let the ring's size decide.
    pub(crate) stack: Option<usize>,
}

struct Sampling {
    event: usize,
    fd: OwnedFd,
}

/// What one event counted, over all CPUs and tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) enabled: i64,
    pub(crate) running: i64,
    pub(crate) lost: i64,
}

/// All open events of a recording.
pub(crate) struct Groups {
    cpus: Vec<i32>,
    request: Request,
    common: Common,
    owners: Vec<OwnedFd>,
    tracking: Vec<OwnedFd>,
    sampling: Vec<Sampling>,
    by_id: HashMap<u64, (usize, i32)>,
    tids: HashSet<i32>,
    /// Time that the tasks had run when sampling began, nanoseconds.
    ran_before: i64,
    /// True if the kernel is left out because this user may not observe it.
    pub(crate) user_only: bool,
    /// Set when the rings are smaller than wanted: (wanted, got), bytes a CPU.
    pub(crate) shrunk: Option<(usize, usize)>,
}

impl Groups {
    /// Opens events for `tids` and maps the rings; sampling does not run yet.
    pub(crate) fn open(request: Request, tids: &[i32]) -> Result<(Self, Vec<Ring>)> {
        sys::raise_file_limit();
        let first = *tids.first().ok_or(Error::NoSuchProcess { pid: 0 })?;
        let mut groups = Self::new(request, online_cpus());
        groups.common.user_chain = !tids.iter().all(|tid| sys::may_read_memory(*tid));
        groups.probe(first)?;
        groups.open_owners(first)?;
        let rings = groups.map_rings()?;
        groups.common.stack = stack_copy(groups.request.stack, rings[0].capacity());
        groups.open_sampling(first)?;
        for tid in &tids[1..] {
            groups.add(*tid)?;
        }
        Ok((groups, rings))
    }

    fn new(request: Request, cpus: Vec<i32>) -> Self {
        let common = Common {
            rate: request.rate,
            stack: SMALLEST_STACK as u32,
            user_only: false,
            user_chain: false,
            enable_on_exec: request.start == Start::OnExec,
            count_lost: true,
            // Zero lets the kernel wake us at half of the ring.
            watermark: 0,
        };
        Self {
            cpus,
            request,
            common,
            owners: Vec::new(),
            tracking: Vec::new(),
            sampling: Vec::new(),
            by_id: HashMap::new(),
            tids: HashSet::new(),
            ran_before: 0,
            user_only: false,
            shrunk: None,
        }
    }

    /// Finds out what the kernel allows: lost counts (Linux 6.0), its own code (paranoid, capabilities).
    fn probe(&mut self, tid: i32) -> Result<()> {
        let cpu = self.cpus[0];
        let event = self.request.events[0].clone();
        let attempt = |common: &Common| sys::perf_event_open(&attr::sampling(common, &event), tid, cpu);
        let mut result = attempt(&self.common);
        if is(&result, &[libc::EINVAL]) {
            self.common.count_lost = false;
            result = attempt(&self.common);
        }
        // An event of the kernel alone would sample nothing then.
        let kernel_alone = self.request.events.iter().any(|event| event.exclude_user);
        if is(&result, &[libc::EACCES, libc::EPERM]) && !event.exclude_kernel && !kernel_alone {
            self.common.user_only = true;
            result = attempt(&self.common);
        }
        self.user_only = self.common.user_only;
        result.map(drop).map_err(|error| self.explain(&error, &event.spec, tid))
    }

    fn open_owners(&mut self, tid: i32) -> Result<()> {
        let attr = attr::tracking(&self.tracking_common());
        for index in 0..self.cpus.len() {
            let fd = sys::perf_event_open(&attr, tid, self.cpus[index]);
            self.owners.push(fd.map_err(|error| self.explain(&error, "dummy", tid))?);
        }
        Ok(())
    }

    /// Tracking must see the first mappings of a launched program even if sampling is delayed.
    fn tracking_common(&self) -> Common {
        Common { enable_on_exec: self.request.start != Start::Attached, ..self.common }
    }

    fn map_rings(&mut self) -> Result<Vec<Ring>> {
        let wanted = largest_ring(self.cpus.len());
        let mut bytes = wanted;
        loop {
            let rings: io::Result<Vec<Ring>> =
                self.owners.iter().map(|owner| Ring::map(owner, bytes)).collect();
            match rings {
                Ok(rings) => {
                    self.shrunk = (bytes < wanted).then_some((wanted, bytes));
                    return Ok(rings);
                }
                Err(error) if bytes <= SMALLEST_RING => {
                    return Err(Error::NoRing { bytes, reason: error.to_string() });
                }
                Err(_) => bytes /= 2,
            }
        }
    }

    /// Opens all events for one more task. A task that is already gone is no error.
    fn add(&mut self, tid: i32) -> Result<()> {
        let attr = attr::tracking(&self.tracking_common());
        for index in 0..self.cpus.len() {
            match sys::perf_event_open(&attr, tid, self.cpus[index]) {
                Ok(fd) => {
                    self.share(&fd, index)?;
                    self.tracking.push(fd);
                }
                Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(()),
                Err(error) => return Err(self.explain(&error, "dummy", tid)),
            }
        }
        self.open_sampling(tid)
    }

    fn open_sampling(&mut self, tid: i32) -> Result<()> {
        for number in 0..self.request.events.len() {
            let event = self.request.events[number].clone();
            let attr = attr::sampling(&self.common, &event);
            for index in 0..self.cpus.len() {
                match sys::perf_event_open(&attr, tid, self.cpus[index]) {
                    Ok(fd) => self.keep(number, tid, fd, index)?,
                    Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(()),
                    Err(error) => return Err(self.explain(&error, &event.spec, tid)),
                }
            }
        }
        self.tids.insert(tid);
        Ok(())
    }

    fn keep(&mut self, event: usize, tid: i32, fd: OwnedFd, cpu_index: usize) -> Result<()> {
        self.share(&fd, cpu_index)?;
        let id = sys::event_id(&fd)
            .map_err(|source| Error::System { what: "asking for an event's id".into(), source })?;
        self.by_id.insert(id, (event, tid));
        self.sampling.push(Sampling { event, fd });
        Ok(())
    }

    fn share(&self, fd: &OwnedFd, cpu_index: usize) -> Result<()> {
        sys::share_ring(fd, &self.owners[cpu_index])
            .map_err(|source| Error::System { what: "sharing a ring buffer".into(), source })
    }

    fn explain(&self, error: &io::Error, spec: &str, tid: i32) -> Error {
        match error.raw_os_error() {
            Some(libc::ESRCH) => Error::NoSuchProcess { pid: tid },
            Some(libc::EMFILE) => {
                let tasks = proc::threads(tid).len().max(self.tids.len() + 1);
                let needed = tasks * self.cpus.len() * (self.request.events.len() + 1);
                Error::TooManyFiles { needed, limit: sys::raise_file_limit() }
            }
            Some(libc::EACCES | libc::EPERM) => match proc::owner(tid) {
                // SAFETY: no arguments, cannot fail.
                Some(uid) if uid != unsafe { libc::geteuid() } => Error::NotOurs { pid: tid, uid },
                _ => permission::explain(error, spec),
            },
            _ => permission::explain(error, spec),
        }
    }

    /// Closes the gap between listing an attached process' threads and observing them: threads
    /// born meanwhile are listed again until there are no new ones. Those that inherited events as
    /// well are told apart by [`Groups::attribute`].
    pub(crate) fn follow_threads(&mut self, pids: &[i32]) -> Result<()> {
        for _ in 0..SCANS {
            let listed = pids.iter().flat_map(|pid| proc::threads(*pid));
            let new: Vec<i32> = listed.filter(|tid| !self.tids.contains(tid)).collect();
            if new.is_empty() {
                break;
            }
            for tid in new {
                self.add(tid)?;
            }
        }
        Ok(())
    }

    /// Starts sampling where the `execve` does not.
    pub(crate) fn start(&mut self) -> Result<()> {
        self.ran_before = self.time_run();
        let all = self.sampling.iter().map(|sampling| &sampling.fd);
        let tracking = self.owners.iter().chain(&self.tracking);
        let tracking = tracking.filter(|_| self.request.start == Start::Attached);
        for fd in tracking.chain(all) {
            sys::enable(fd).map_err(|source| Error::System { what: "starting an event".into(), source })?;
        }
        Ok(())
    }

    /// Starts only mappings, names, forks and exits: for what happens while threads are still being listed.
    pub(crate) fn start_tracking(&self) {
        for fd in self.owners.iter().chain(&self.tracking) {
            // An event that cannot start yet is started with the others, where its error is reported.
            let _ = sys::enable(fd);
        }
    }

    /// Stops sampling; what is in the rings stays there.
    pub(crate) fn stop(&self) {
        for sampling in &self.sampling {
            // The task may be gone, and its event with it: then there is nothing to stop.
            let _ = sys::disable(&sampling.fd);
        }
    }

    /// Which event a sample belongs to; none if the thread's sample came twice, because it was
    /// opened by itself and had inherited its creator's event too.
    pub(crate) fn attribute(&self, id: u64, tid: i32) -> Option<usize> {
        let (event, opened_for) = *self.by_id.get(&id)?;
        (opened_for == tid || !self.tids.contains(&tid)).then_some(event)
    }

    /// The descriptors that become readable when a ring fills.
    pub(crate) fn owners(&self) -> &[OwnedFd] {
        &self.owners
    }

    /// Bytes of stack copied with each sample.
    pub(crate) fn stack_copy(&self) -> usize {
        self.common.stack as usize
    }

    /// What each event counted, in the order of the request.
    ///
    /// An event's own time enabled is of no use: one that is bound to a CPU is also enabled while its
    /// task runs on another, and not at all in a task that ends before it ever ran there.
    pub(crate) fn counts(&self) -> Vec<Count> {
        let mut counts = vec![Count::default(); self.request.events.len()];
        for sampling in &self.sampling {
            let Ok([_, _, running, lost]) = sys::read_counter(&sampling.fd) else { continue };
            let count = &mut counts[sampling.event];
            count.running = count.running.saturating_add_unsigned(running);
            count.lost = count.lost.saturating_add_unsigned(lost);
        }
        let ran = self.time_run() - self.ran_before;
        for count in &mut counts {
            count.enabled = ran.max(count.running);
        }
        counts
    }

    /// Whether an event samples the program's own code and the kernel's.
    pub(crate) fn samples_all(&self, event: usize) -> bool {
        let event = &self.request.events[event];
        !(self.user_only || event.exclude_kernel || event.exclude_user)
    }

    /// Time that the tasks have run, nanoseconds: that of the tracking events, which no other event
    /// ever displaces.
    fn time_run(&self) -> i64 {
        let tracking = self.owners.iter().chain(&self.tracking);
        let running = tracking.filter_map(|fd| sys::read_counter(fd).ok().map(|[_, _, running, _]| running));
        running.fold(0, i64::saturating_add_unsigned)
    }

    /// Whether the events count their own lost samples (Linux 6.0).
    pub(crate) fn counts_lost(&self) -> bool {
        self.common.count_lost
    }
}

/// Whether this machine has the event at all (asked for our own thread, counting only).
pub(crate) fn is_supported(event: &Event) -> bool {
    let common = Common {
        rate: 100,
        stack: 8,
        user_only: true,
        user_chain: false,
        enable_on_exec: false,
        count_lost: false,
        watermark: 0,
    };
    sys::perf_event_open(&attr::sampling(&common, event), 0, -1).is_ok()
}

fn is(result: &io::Result<OwnedFd>, codes: &[i32]) -> bool {
    matches!(result, Err(error) if error.raw_os_error().is_some_and(|code| codes.contains(&code)))
}

fn largest_ring(cpus: usize) -> usize {
    let share = (RINGS_BUDGET / cpus.max(1)).max(SMALLEST_RING);
    // The largest power of two that is not larger.
    let share = 1 << (usize::BITS - 1 - share.leading_zeros());
    LARGEST_RING.min(share)
}

fn stack_copy(wanted: Option<usize>, ring: usize) -> u32 {
    let usual = (ring / SAMPLES_IN_RING).clamp(USUAL_STACK, LARGEST_STACK);
    let bytes = wanted.unwrap_or(usual.min(ring / SAMPLES_AT_LEAST));
    // Half of the ring at most: a record must fit while another is being read.
    let bytes = bytes.clamp(SMALLEST_STACK, LARGEST_STACK).min(ring / 2) & !7;
    bytes as u32
}

fn online_cpus() -> Vec<i32> {
    let text = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let cpus = kernel_text::cpu_list(text.trim());
    if cpus.is_empty() { vec![0] } else { cpus }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_share_their_budget_and_stay_powers_of_two() {
        assert_eq!(largest_ring(2), 16 << 20);
        assert_eq!(largest_ring(64), 1 << 20);
        assert_eq!(largest_ring(100), 512 << 10);
    }

    #[test]
    fn the_stack_copy_follows_the_ring() {
        assert_eq!(stack_copy(None, 16 << 20), 60 << 10);
        assert_eq!(stack_copy(None, 4 << 20), 16 << 10);
        assert_eq!(stack_copy(None, 512 << 10), 8 << 10);
        assert_eq!(stack_copy(Some(100_000), 8 << 20), 60 << 10);
        assert_eq!(stack_copy(Some(10), 8 << 20), 8 << 10);
    }
}
