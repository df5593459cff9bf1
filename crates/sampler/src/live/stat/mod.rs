//! Counting without sampling: a program's events, time and memory, as totals.
//!
//! Constraints:
//! - a count that is not the program's is no count: what the kernel hides from this user comes from its accounting of
//!   processes (`getrusage(2)`), or is missing with the reason, never 0;
//! - signals that are sent to us are the program's, as while recording.

use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::time::Instant;

mod counter;
mod running;

use super::error::Result;
use super::event::{Event, Sources};
use super::launch::{Child, Exit};
use super::proc::{self, Accounts};
use super::signals::Signals;
use super::sys;
pub use counter::Total;
use counter::{Begin, open_group};
pub use running::{Interval, RunningConfig, Watched, stat_running};

/// Signals that end a program, unless it has other plans: nobody who sends one wants it run once more.
const ENDING: [i32; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];
/// The kernel's count of resident pages is this inexact, bytes.
const MEMORY_ERROR: i64 = 1 << 20;

/// What to count.
#[derive(Clone, Debug, Default)]
pub struct StatConfig {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Names of events, those that are counted at the same moments together.
    pub groups: Vec<Vec<String>>,
    /// What the program prints on stdout goes nowhere.
    pub discard: bool,
}

/// A program's run.
#[derive(Clone, Debug)]
pub struct Run {
    /// In the order of the groups.
    pub totals: Vec<Total>,
    /// From the moment before it began to its end, nanoseconds.
    pub wall: i64,
    /// CPU time in its own code and in the kernel, of it and of the children it waited for, nanoseconds.
    pub times: (i64, i64),
    /// How it ended, and what the kernel says of it.
    pub exit: Exit,
    /// The largest resident set of it or of a child it waited for, bytes; none if it was not larger than ours was when
    /// we forked, which the kernel counts too.
    pub peak_memory: Option<i64>,
    /// Whether somebody wanted it to end by a signal to us or from the terminal.
    pub stopped: bool,
}

/// Runs the program once.
///
/// # Errors
/// [`Error::UnknownEvent`], and those of starting the program. An event that the machine has not is none.
pub fn stat(config: &StatConfig) -> Result<Run> {
    let groups = parsed(&config.groups)?;
    sys::raise_file_limit();
    let signals = Signals::watch()?;
    let mut child = Child::fork(&config.command, config.discard)?;
    let counters: Vec<_> =
        groups.iter().flat_map(|group| open_group(group, child.pid, Begin::OnExec)).collect();
    // It waits to be released when it sleeps: until then it touches memory of its own.
    let before = proc::accounts_at_rest(child.pid);
    let began = Instant::now();
    child.release()?;
    let stopped = wait(&mut child, &signals);
    let wall = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
    let exit = child.wait()?;
    let peak_memory = Some(exit.peak_memory).filter(|peak| *peak > before.peak_memory + MEMORY_ERROR);
    let used = since(&exit, &before);
    let totals: Vec<_> = counters.into_iter().map(|counter| counter.read(Some(&used))).collect();
    let times = own_times(&exit, used.cpu_time.min(clock(&totals).unwrap_or(i64::MAX)));
    Ok(Run { totals, wall, times, exit, peak_memory, stopped })
}

fn parsed(groups: &[Vec<String>]) -> Result<Vec<Vec<Event>>> {
    let sources = Sources::default();
    groups.iter().map(|group| Event::parse_all(group, &sources)).collect()
}

/// Waits for the end, and says whether somebody wanted it.
fn wait(child: &mut Child, signals: &Signals) -> bool {
    let mut stopped = false;
    while !child.has_ended() {
        let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut entries = [entry(signals.descriptor()), entry(child.ended.as_raw_fd())];
        // SAFETY: two valid entries; a signal that interrupts the call is in the pipe.
        unsafe { libc::poll(entries.as_mut_ptr(), 2, -1) };
        while let Some(signal) = signals.next() {
            stopped |= ENDING.contains(&signal.number);
            if signal.to_us_alone {
                child.signal(signal.number);
            }
        }
    }
    stopped
}

/// What the program did itself: its process was ours before.
fn since(exit: &Exit, before: &Accounts) -> Accounts {
    Accounts {
        cpu_time: exit.cpu_time - before.cpu_time,
        minor_faults: exit.accounts.minor_faults - before.minor_faults,
        major_faults: exit.accounts.major_faults - before.major_faults,
        switches: exit.accounts.switches - before.switches,
        peak_memory: exit.peak_memory,
    }
}

/// The CPU time of the program and all its children as an event has it, if that was counted all the time: from the moment
/// that the program was there, which is after the kernel took apart what the process had of us.
fn clock(totals: &[Total]) -> Option<i64> {
    let whole = |total: &&Total| total.metric == "task-clock" && total.running == total.enabled;
    totals.iter().find(whole).and_then(|total| total.value)
}

/// The program's own user and system time, of `own` together. Of the time in which its process was ours only the sum is
/// known; the kernel itself divides its sum by where its ticks found the process, and what is left is divided alike.
fn own_times(exit: &Exit, own: i64) -> (i64, i64) {
    let own = own.clamp(0, exit.cpu_time);
    let part = |time: i64| (i128::from(time) * i128::from(own) / i128::from(exit.cpu_time.max(1))) as i64;
    (part(exit.user_time), part(exit.system_time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_used_before_it_was_the_program_is_in_neither_of_its_times() {
        let exit = |user_time, system_time| {
            let cpu_time = user_time + system_time;
            let (accounts, peak_memory, status) = (Accounts::default(), 0, 0);
            Exit { status, cpu_time, user_time, system_time, peak_memory, accounts }
        };
        assert_eq!(own_times(&exit(750_000, 250_000), 400_000), (300_000, 100_000));
        assert_eq!(own_times(&exit(i64::MAX / 2, 2), i64::MAX), (i64::MAX / 2, 2));
        assert_eq!(own_times(&exit(0, 5), -4), (0, 0));
        assert_eq!(own_times(&exit(0, 0), 9), (0, 0));
    }

    fn run(command: &[&str], groups: &[&[&str]]) -> Run {
        let command = command.iter().map(OsString::from).collect();
        let groups = groups.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect();
        stat(&StatConfig { command, groups, discard: false }).unwrap()
    }

    #[test]
    fn time_and_faults_of_a_program_are_counted() {
        let run = run(
            &["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 3"],
            &[&["task-clock"], &["page-faults", "context-switches"]],
        );
        let value =
            |metric: &str| run.totals.iter().find(|total| total.metric == metric).unwrap().value.unwrap();
        assert_eq!(run.exit.status, 3);
        assert!(value("task-clock") > 1_000_000 && value("page-faults") > 10, "{:?}", run.totals);
        assert!(value("task-clock") <= run.wall + 50_000_000);
        assert!(run.times.0 + run.times.1 > 0 && !run.stopped);
    }

    #[test]
    fn an_event_that_leaves_nobody_out_is_counted() {
        if !std::path::Path::new("/sys/bus/event_source/devices/msr/events/tsc").exists() {
            return;
        }
        let run = run(&["true"], &[&["msr/tsc/"]]);
        assert!(run.totals[0].value.is_some_and(|ticks| ticks > 1000), "{:?}", run.totals);
    }

    #[test]
    fn children_count_too() {
        let alone = run(&["true"], &[&["page-faults"]]).totals[0].value;
        let three =
            run(&["sh", "-c", "true; ls / >/dev/null; ls / >/dev/null"], &[&["page-faults"]]).totals[0].value;
        assert!(three > alone, "{three:?} {alone:?}");
    }

    #[test]
    fn an_event_that_the_machine_has_not_says_so() {
        let run = run(&["true"], &[&["r1ffff"], &["page-faults"]]);
        assert!(run.totals[0].value.is_some() || run.totals[0].note.is_some());
        assert!(run.totals[1].value.is_some());
    }

    #[test]
    fn accounting_agrees_with_the_events() {
        let run = run(
            &["sh", "-c", "for i in 1 2 3; do ls / >/dev/null; done"],
            &[&["page-faults"], &["task-clock"]],
        );
        let [faults, clock] = [0, 1].map(|at| run.totals[at].value.unwrap());
        let accounted = run.exit.accounts.minor_faults + run.exit.accounts.major_faults;
        // Before the `execve` it has faults of its own, which `since` takes away.
        assert!(accounted >= faults, "{accounted} {faults}");
        assert!((run.exit.cpu_time - clock).abs() < clock / 2 + 20_000_000);
    }

    #[test]
    fn memory_is_the_programs_own_or_not_known() {
        let ours = vec![1_u8; 64 << 20];
        let small = run(&["true"], &[]);
        assert_eq!(small.peak_memory, None, "the kernel says {}", small.exit.peak_memory);
        drop(std::hint::black_box(ours));
        // Where other tests of this process hold as much at that moment, it is not known: they end within a second.
        let dd = ["dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1", "status=none"];
        let large = std::iter::repeat_with(|| run(&dd, &[])).take(100).find_map(|run| run.peak_memory);
        assert!(large.is_some_and(|peak| (200 << 20..260 << 20).contains(&peak)), "{large:?}");
    }
}
