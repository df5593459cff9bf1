//! Counting without sampling: a program's events, time and memory, as totals.
//!
//! Constraints:
//! - a count that is not the program's is no count: what the kernel hides from this user comes from its accounting of
//!   processes (`getrusage(2)`), or is missing with the reason, never 0;
//! - signals that are sent to us are the program's, as while recording.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

use perf_event_open_sys::bindings as perf;

use super::error::{Error, Result};
use super::event::{Event, Sources};
use super::launch::{Child, Exit};
use super::permission;
use super::proc::{self, Accounts};
use super::signals::Signals;
use super::sys::{self, perf_event_attr};

/// Signals that end a program, unless it has other plans: nobody who sends one wants it run once more.
const ENDING: [i32; 4] = [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP];
/// The kernel's count of resident pages is this inexact, bytes.
const MEMORY_ERROR: i64 = 1 << 20;
const ACCOUNTED: &str =
    "from the kernel's accounting of processes (getrusage), which leaves out children that nobody waited for";

/// What to count.
#[derive(Clone, Debug, Default)]
pub struct StatConfig {
    /// The program and its arguments.
    pub command: Vec<OsString>,
    /// Names of events, those that are counted at the same moments together.
    pub groups: Vec<Vec<String>>,
}

/// What one event counted over the program and all that it started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// As the user wrote it.
    pub event: String,
    /// Name of its metric.
    pub metric: String,
    /// `ns` or `count`.
    pub unit: &'static str,
    /// The count, extrapolated if the event was not counted all the time; none if the machine has no such counter.
    pub value: Option<i64>,
    /// Nanoseconds that it was meant to count.
    pub enabled: i64,
    /// Nanoseconds that it counted.
    pub running: i64,
    /// Why there is no count, or what it leaves out.
    pub note: Option<String>,
}

/// A program's run.
#[derive(Clone, Debug)]
pub struct Run {
    /// In the order of the groups.
    pub totals: Vec<Total>,
    /// From the moment before it began to its end, nanoseconds.
    pub wall: i64,
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
    let sources = Sources::default();
    let parse = |group: &Vec<String>| Event::parse_all(group, &sources);
    let groups = config.groups.iter().map(parse).collect::<Result<Vec<_>>>()?;
    sys::raise_file_limit();
    let signals = Signals::watch()?;
    let mut child = Child::fork(&config.command)?;
    let counters: Vec<_> = groups.iter().flat_map(|group| open_group(group, child.pid)).collect();
    // It waits to be released when it sleeps: until then it touches memory of its own.
    let before = proc::accounts_at_rest(child.pid);
    let began = Instant::now();
    child.release()?;
    let stopped = wait(&mut child, &signals);
    let wall = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
    let exit = child.wait()?;
    let peak_memory = Some(exit.peak_memory).filter(|peak| *peak > before.peak_memory + MEMORY_ERROR);
    let used = since(&exit, &before);
    let totals = counters.into_iter().map(|counter| counter.read(&used)).collect();
    Ok(Run { totals, wall, exit, peak_memory, stopped })
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

/// An event that was opened, or why it was not.
struct Counter {
    event: Event,
    opened: io::Result<OwnedFd>,
    /// The kernel was left out though nobody asked for that.
    user_only: bool,
    /// It would be counted together with others.
    joins: bool,
}

/// The first event that can be opened leads the others: they count together or not at all.
fn open_group(group: &[Event], pid: i32) -> Vec<Counter> {
    let mut counters: Vec<Counter> = Vec::new();
    for event in group {
        let leader = counters.iter().find_map(|counter| counter.opened.as_ref().ok());
        let leader = leader.map_or(-1, AsRawFd::as_raw_fd);
        let (opened, user_only) = open(event, pid, leader);
        counters.push(Counter { event: event.clone(), opened, user_only, joins: leader >= 0 });
    }
    counters
}

fn open(event: &Event, pid: i32, leader: i32) -> (io::Result<OwnedFd>, bool) {
    let mut attr = attributes(event, leader < 0);
    let mut opened = sys::perf_event_open_in(&attr, pid, -1, leader);
    let is_invalid = |opened: &io::Result<OwnedFd>| {
        opened.as_ref().is_err_and(|error| error.raw_os_error() == Some(libc::EINVAL))
    };
    if is_invalid(&opened) {
        // Units that cannot leave anybody out (msr) refuse to be asked to.
        attr.set_exclude_hv(0);
        opened = sys::perf_event_open_in(&attr, pid, -1, leader);
    }
    match opened {
        // Whoever may not observe the kernel gets the user's part, as with perf stat.
        Err(error)
            if [Some(libc::EACCES), Some(libc::EPERM)].contains(&error.raw_os_error())
                && !event.exclude_user =>
        {
            attr.set_exclude_kernel(1);
            (sys::perf_event_open_in(&attr, pid, -1, leader), true)
        }
        other => (other, false),
    }
}

fn attributes(event: &Event, leads: bool) -> perf_event_attr {
    let mut attr = perf_event_attr { size: size_of::<perf_event_attr>() as u32, ..Default::default() };
    attr.type_ = event.kind;
    attr.config = event.config;
    attr.__bindgen_anon_3.config1 = event.config1;
    attr.__bindgen_anon_4.config2 = event.config2;
    attr.read_format = u64::from(perf::PERF_FORMAT_TOTAL_TIME_ENABLED | perf::PERF_FORMAT_TOTAL_TIME_RUNNING);
    attr.set_disabled(u64::from(leads));
    attr.set_enable_on_exec(u64::from(leads));
    attr.set_inherit(1);
    attr.set_exclude_hv(1);
    attr.set_exclude_kernel(u64::from(event.exclude_kernel));
    attr.set_exclude_user(u64::from(event.exclude_user));
    attr
}

impl Counter {
    fn read(self, used: &Accounts) -> Total {
        let counted = match &self.opened {
            Ok(_) if self.user_only && happens_in_kernel(&self.event) => Err(hidden()),
            Ok(fd) => sys::read_counter(fd).map_err(|error| error.to_string()),
            Err(error) => Err(reason(error, &self.event, self.joins)),
        };
        let accounted = accounted(&self.event, used);
        let (value, times, note) = match (counted, accounted) {
            (Ok([_, enabled, 0, _]), _) if enabled > 0 => {
                (None, (enabled, 0), Some("it never got a counter: others had all of them".to_owned()))
            }
            (Ok([value, enabled, running, _]), _) => {
                (Some(extrapolated(value, enabled, running)), (enabled, running), self.part())
            }
            (Err(_), Some(value)) => (Some(value), (0, 0), Some(ACCOUNTED.to_owned())),
            (Err(missing), None) => (None, (0, 0), Some(missing)),
        };
        let Event { spec, metric, unit, .. } = self.event;
        Total { event: spec, metric, unit, value, enabled: signed(times.0), running: signed(times.1), note }
    }

    /// What a count leaves out. A task's clock ignores who may observe what.
    fn part(&self) -> Option<String> {
        (self.user_only && !is_software(&self.event)).then(|| "in user code only".to_owned())
    }
}

fn is_software(event: &Event) -> bool {
    event.kind == perf::PERF_TYPE_SOFTWARE
}

/// Software events that the kernel's own code reports, so that whoever may not observe it would read 0 or too little.
fn happens_in_kernel(event: &Event) -> bool {
    let clocks = [perf::PERF_COUNT_SW_CPU_CLOCK, perf::PERF_COUNT_SW_TASK_CLOCK];
    is_software(event) && !clocks.map(u64::from).contains(&event.config)
}

fn hidden() -> String {
    let level = permission::paranoid().map_or_else(|| "unknown".to_owned(), |level| level.to_string());
    format!(
        "the kernel's part is hidden from this user: kernel.perf_event_paranoid is {level}; \
         sudo sysctl kernel.perf_event_paranoid=1 shows it"
    )
}

/// The same from the accounting that every process has; none if there is none of this event.
fn accounted(event: &Event, used: &Accounts) -> Option<i64> {
    if !is_software(event) || event.exclude_user || event.exclude_kernel {
        return None;
    }
    match u32::try_from(event.config).ok()? {
        perf::PERF_COUNT_SW_TASK_CLOCK => Some(used.cpu_time),
        perf::PERF_COUNT_SW_CONTEXT_SWITCHES => Some(used.switches),
        perf::PERF_COUNT_SW_PAGE_FAULTS => Some(used.minor_faults + used.major_faults),
        perf::PERF_COUNT_SW_PAGE_FAULTS_MIN => Some(used.minor_faults),
        perf::PERF_COUNT_SW_PAGE_FAULTS_MAJ => Some(used.major_faults),
        _ => None,
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// As if it had counted all the time.
fn extrapolated(value: u64, enabled: u64, running: u64) -> i64 {
    if running == 0 || running >= enabled {
        return signed(value);
    }
    let scaled = u128::from(value) * u128::from(enabled) / u128::from(running);
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

/// Why an event could not be opened, in the words that recording uses.
fn reason(error: &io::Error, event: &Event, joins: bool) -> String {
    let hardware =
        [perf::PERF_TYPE_HARDWARE, perf::PERF_TYPE_HW_CACHE, perf::PERF_TYPE_RAW].contains(&event.kind);
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) if hardware => {
            "this machine has no such hardware counter; a virtual machine often has none".to_owned()
        }
        Some(libc::EINVAL) if joins => {
            "it cannot be counted together with the others of its group".to_owned()
        }
        Some(libc::EINVAL) => {
            "the kernel does not count it so: of one program, in all of its processes".to_owned()
        }
        _ => match permission::explain(error, &event.spec) {
            Error::System { source, .. } => source.to_string(),
            known => known.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    fn run(command: &[&str], groups: &[&[&str]]) -> Run {
        let command = command.iter().map(OsString::from).collect();
        let groups = groups.iter().map(|group| group.iter().map(ToString::to_string).collect()).collect();
        stat(&StatConfig { command, groups }).unwrap()
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
        assert!(run.exit.user_time + run.exit.system_time > 0 && !run.stopped);
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

    #[test]
    fn what_this_user_may_not_see_is_accounted_or_missing_but_never_zero() {
        let used = Accounts { cpu_time: 5, minor_faults: 7, major_faults: 1, switches: 3, peak_memory: 0 };
        let total = |spec: &str| {
            let event = Event::parse(spec, &Sources::default()).unwrap();
            let opened = Err(io::Error::from_raw_os_error(libc::EACCES));
            Counter { event, opened, user_only: true, joins: false }.read(&used)
        };
        assert_eq!(total("context-switches").value, Some(3));
        assert_eq!(total("page-faults").value, Some(8));
        assert_eq!(total("task-clock").value, Some(5));
        assert!(total("page-faults").note.unwrap().contains("getrusage"));
        for hidden in ["cpu-migrations", "page-faults:u", "cycles"] {
            let total = total(hidden);
            assert!(total.value.is_none() && total.note.is_some(), "{total:?}");
        }
    }

    /// What is made of a read of the kernel: the count, the times enabled and running, records lost.
    fn total_of(words: [u64; 4]) -> Total {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&words.map(u64::to_ne_bytes).concat()).unwrap();
        file.rewind().unwrap();
        let event = Event::parse("cycles", &Sources::default()).unwrap();
        let used = Accounts { cpu_time: 5, minor_faults: 7, major_faults: 1, switches: 3, peak_memory: 0 };
        Counter { event, opened: Ok(file.into()), user_only: false, joins: false }.read(&used)
    }

    #[test]
    fn reads_of_counters_that_were_shared_are_extrapolated_and_keep_their_times() {
        let half = total_of([1500, 40, 20, 0]);
        assert_eq!((half.value, half.enabled, half.running, half.note), (Some(3000), 40, 20, None));
        let whole = total_of([1500, 40, 40, 0]);
        assert_eq!((whole.value, whole.enabled, whole.running), (Some(1500), 40, 40));
        let never = total_of([0, 40, 0, 0]);
        assert_eq!((never.value, never.enabled, never.running), (None, 40, 0));
        assert!(never.note.is_some_and(|note| note.contains("never got a counter")));
    }

    #[test]
    fn what_was_counted_part_of_the_time_is_extrapolated() {
        assert_eq!(extrapolated(100, 10, 5), 200);
        assert_eq!(extrapolated(100, 10, 10), 100);
        assert_eq!(extrapolated(u64::MAX, u64::MAX, 1), i64::MAX);
    }
}
