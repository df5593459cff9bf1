//! Counting what processes do that run already, for a while or until they end.

use std::fs::File;
use std::time::{Duration, Instant};

use super::counter::{Begin, Counter, Total, open_group};
use super::{ENDING, parsed};
use crate::live::error::{Error, Result};
use crate::live::event::Event;
use crate::live::poll::Poll;
use crate::live::proc;
use crate::live::signals::Signals;
use crate::live::{permission, sys};

/// What to count, of whom, and how long.
#[derive(Clone, Debug, Default)]
pub struct RunningConfig {
    /// The processes.
    pub pids: Vec<i32>,
    /// Names of events, those that are counted at the same moments together.
    pub groups: Vec<Vec<String>>,
    /// None: until they end, or somebody wants us to.
    pub duration: Option<Duration>,
}

/// What one process did meanwhile, and the children that it had meanwhile.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The process.
    pub pid: i32,
    /// In the order of the groups; sums over its threads.
    pub totals: Vec<Total>,
    /// Its user and system time, nanoseconds, in steps of the kernel's clock; none if it has ended.
    pub times: Option<(i64, i64)>,
    /// The largest resident set of its life, bytes; none if it has ended.
    pub peak_memory: Option<i64>,
}

/// A while in which processes were counted.
#[derive(Clone, Debug)]
pub struct Interval {
    /// In the order in which they were asked for, each once.
    pub processes: Vec<Watched>,
    /// Its length, nanoseconds.
    pub wall: i64,
    /// Whether it is shorter than it should be: all processes ended, or somebody wanted us to.
    pub stopped: bool,
}

/// Counts for a while.
///
/// # Errors
/// [`Error::NoSuchProcess`], [`Error::Thread`], [`Error::NotOurs`], [`Error::UnknownEvent`], [`Error::TooManyFiles`]. An
/// event that the machine has not is none.
pub fn stat_running(config: &RunningConfig) -> Result<Interval> {
    let groups = parsed(&config.groups)?;
    sys::raise_file_limit();
    let pids = proc::processes(&config.pids)?;
    let signals = Signals::watch()?;
    let opened: Vec<_> = pids.iter().map(|pid| Process::open(*pid, &groups)).collect::<Result<_>>()?;
    let ended: Vec<File> = pids.iter().filter_map(|pid| sys::pidfd(*pid).ok()).collect();
    let began = Instant::now();
    opened.iter().for_each(Process::begin);
    let stopped = wait(&signals, &ended, config.duration.map(|duration| began + duration));
    opened.iter().for_each(Process::end);
    let wall = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
    Ok(Interval { processes: opened.into_iter().map(Process::read).collect(), wall, stopped })
}

/// Waits, and says whether it was not as long as it should be.
fn wait(signals: &Signals, processes: &[File], until: Option<Instant>) -> bool {
    let mut poll = Poll::new(signals, processes, &[]);
    loop {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return false;
        }
        poll.wait(left.map_or(i64::MAX, |left| i64::try_from(left.as_nanos()).unwrap_or(i64::MAX)));
        let wanted = std::iter::from_fn(|| signals.next()).any(|signal| ENDING.contains(&signal.number));
        if wanted || poll.all_ended() {
            return true;
        }
    }
}

/// A process with its counters.
struct Process {
    pid: i32,
    threads: Vec<Vec<Counter>>,
    times: Option<(i64, i64)>,
}

impl Process {
    fn open(pid: i32, groups: &[Vec<Event>]) -> Result<Self> {
        let tids = proc::threads(pid);
        let mut threads = Vec::new();
        for tid in &tids {
            let counters: Vec<_> =
                groups.iter().flat_map(|group| open_group(group, *tid, Begin::Later)).collect();
            // Of an event that the machine has not, the kernel says that first.
            let failed = |errors| counters.iter().any(|counter| has_failed(counter, errors));
            if failed(&[libc::ESRCH]) {
                continue;
            }
            if failed(&[libc::EMFILE]) {
                let needed = tids.len() * counters.len();
                return Err(Error::TooManyFiles { needed, limit: sys::raise_file_limit() });
            }
            let none = counters.iter().all(|counter| counter.opened.is_err());
            if none && failed(&[libc::EACCES, libc::EPERM]) {
                return Err(not_allowed(pid));
            }
            threads.push(counters);
        }
        if threads.is_empty() {
            return Err(Error::NoSuchProcess { pid });
        }
        Ok(Self { pid, threads, times: proc::times(pid) })
    }

    fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.threads.iter().flatten()
    }

    fn begin(&self) {
        // The descriptors are open: there is no reason that it could fail for.
        self.counters().for_each(|counter| drop(counter.begin()));
    }

    fn end(&self) {
        self.counters().for_each(|counter| drop(counter.end()));
    }

    fn read(self) -> Watched {
        let times = self.times.zip(proc::times(self.pid));
        let mut totals: Vec<Total> = Vec::new();
        for counters in self.threads {
            let read: Vec<_> = counters.into_iter().map(|counter| counter.read(None)).collect();
            if totals.is_empty() {
                totals = read;
            } else {
                totals.iter_mut().zip(read).for_each(|(total, more)| add(total, more));
            }
        }
        Watched {
            pid: self.pid,
            totals,
            times: times.map(|(before, after)| (after.0 - before.0, after.1 - before.1)),
            peak_memory: proc::peak_memory(self.pid),
        }
    }
}

/// Adds what the same event counted of another thread.
fn add(total: &mut Total, more: Total) {
    total.value = match (total.value, more.value) {
        (Some(here), Some(there)) => Some(here.saturating_add(there)),
        (here, there) => here.or(there),
    };
    total.enabled += more.enabled;
    total.running += more.running;
    total.note = total.note.take().or(more.note);
}

/// Whether it could not be opened, for one of these reasons.
fn has_failed(counter: &Counter, errors: &[i32]) -> bool {
    let error = counter.opened.as_ref().err().and_then(std::io::Error::raw_os_error);
    error.is_some_and(|error| errors.contains(&error))
}

fn not_allowed(pid: i32) -> Error {
    match proc::owner(pid) {
        // SAFETY: no arguments, cannot fail.
        Some(uid) if uid != unsafe { libc::geteuid() } => Error::NotOurs { pid, uid },
        _ => permission::explain(&std::io::Error::from_raw_os_error(libc::EACCES), ""),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use super::*;

    fn counted(pids: &[i32], milliseconds: Option<u64>) -> Result<Interval> {
        stat_running(&RunningConfig {
            pids: pids.to_vec(),
            groups: vec![vec!["task-clock".into()], vec!["page-faults".into(), "context-switches".into()]],
            duration: milliseconds.map(Duration::from_millis),
        })
    }

    fn shell(script: &str) -> Child {
        Command::new("sh").args(["-c", script]).spawn().unwrap()
    }

    #[test]
    fn what_runs_is_counted_as_long_as_asked_and_each_process_alone() {
        let (mut busy, mut idle) = (shell("while :; do :; done"), shell("exec sleep 60"));
        let pids = [busy.id() as i32, idle.id() as i32, busy.id() as i32];
        let interval = counted(&pids, Some(300)).unwrap();
        for child in [&mut busy, &mut idle] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(!interval.stopped && interval.wall >= 300_000_000);
        let [busy, idle] = &interval.processes[..] else { panic!("{interval:?}") };
        let clock = |process: &Watched| process.totals[0].value.unwrap();
        assert!(clock(busy) > 10_000_000 && clock(busy) <= interval.wall + 50_000_000, "{busy:?}");
        assert!(clock(idle) < 10_000_000, "{idle:?}");
        assert!(busy.times.is_some() && busy.peak_memory.is_some_and(|peak| peak > 0), "{busy:?}");
    }

    #[test]
    fn a_process_that_ends_ends_the_interval_and_its_children_count() {
        let mut child = shell("sleep 0.2; i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; ls / >/dev/null");
        let pid = child.id() as i32;
        // Nobody waits for it before it was counted to its end.
        let interval = counted(&[pid], None).unwrap();
        child.wait().unwrap();
        assert!(interval.stopped);
        assert!(interval.processes[0].totals.iter().all(|total| total.value.is_some_and(|value| value > 0)));
    }

    #[test]
    fn who_is_not_there_is_not_counted() {
        assert!(matches!(counted(&[i32::MAX], Some(1)), Err(Error::NoSuchProcess { pid: i32::MAX })));
        let mut ended = shell("exit");
        let pid = ended.id() as i32;
        // It has ended, and nobody has waited for it.
        while proc::peak_memory(pid).is_some() {
            std::thread::yield_now();
        }
        assert!(matches!(counted(&[pid], Some(1)), Err(Error::NoSuchProcess { .. })));
        ended.wait().unwrap();
    }
}
