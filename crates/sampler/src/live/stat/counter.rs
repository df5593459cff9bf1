//! One event, counted.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use perf_event_open_sys::bindings as perf;

use crate::live::error::Error;
use crate::live::event::Event;
use crate::live::permission;
use crate::live::proc::Accounts;
use crate::live::sys::{self, perf_event_attr};

const ACCOUNTED: &str =
    "from the kernel's accounting of processes (getrusage), which leaves out children that nobody waited for";

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

/// When counting begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// When the process executes its program.
    OnExec,
    /// When it is told to.
    Later,
}

/// An event that was opened, or why it was not.
pub(super) struct Counter {
    event: Event,
    pub(super) opened: io::Result<OwnedFd>,
    /// The kernel was left out though nobody asked for that.
    user_only: bool,
    /// It would be counted together with others.
    joins: bool,
}

/// The first event that can be opened leads the others: they count together or not at all.
pub(super) fn open_group(group: &[Event], pid: i32, begin: Begin) -> Vec<Counter> {
    let mut counters: Vec<Counter> = Vec::new();
    for event in group {
        let leader = counters.iter().find_map(|counter| counter.opened.as_ref().ok());
        let leader = leader.map_or(-1, AsRawFd::as_raw_fd);
        let (opened, user_only) = open(event, pid, leader, begin);
        counters.push(Counter { event: event.clone(), opened, user_only, joins: leader >= 0 });
    }
    counters
}

fn open(event: &Event, pid: i32, leader: i32, begin: Begin) -> (io::Result<OwnedFd>, bool) {
    let mut attr = attributes(event, leader < 0, begin);
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

fn attributes(event: &Event, leads: bool, begin: Begin) -> perf_event_attr {
    let mut attr = perf_event_attr { size: size_of::<perf_event_attr>() as u32, ..Default::default() };
    attr.type_ = event.kind;
    attr.config = event.config;
    attr.__bindgen_anon_3.config1 = event.config1;
    attr.__bindgen_anon_4.config2 = event.config2;
    attr.read_format = u64::from(perf::PERF_FORMAT_TOTAL_TIME_ENABLED | perf::PERF_FORMAT_TOTAL_TIME_RUNNING);
    attr.set_disabled(u64::from(leads));
    attr.set_enable_on_exec(u64::from(leads && begin == Begin::OnExec));
    attr.set_inherit(1);
    attr.set_exclude_hv(1);
    attr.set_exclude_kernel(u64::from(event.exclude_kernel));
    attr.set_exclude_user(u64::from(event.exclude_user));
    attr
}

impl Counter {
    /// Begins to count, if it leads a group that was opened to be begun so: the others begin with it.
    pub(super) fn begin(&self) -> io::Result<()> {
        self.leader().map_or(Ok(()), sys::enable)
    }

    /// Counts no longer.
    pub(super) fn end(&self) -> io::Result<()> {
        self.leader().map_or(Ok(()), sys::disable)
    }

    fn leader(&self) -> Option<&OwnedFd> {
        self.opened.as_ref().ok().filter(|_| !self.joins)
    }

    /// What it counted; or else, what a process has `used` by the kernel's accounting.
    pub(super) fn read(self, used: Option<&Accounts>) -> Total {
        let counted = match &self.opened {
            Ok(_) if self.user_only && happens_in_kernel(&self.event) => Err(hidden()),
            Ok(fd) => sys::read_counter(fd).map_err(|error| error.to_string()),
            Err(error) => Err(reason(error, &self.event, self.joins)),
        };
        let accounted = used.and_then(|used| accounted(&self.event, used));
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
    use crate::live::event::Sources;

    #[test]
    fn what_this_user_may_not_see_is_accounted_or_missing_but_never_zero() {
        let used = Accounts { cpu_time: 5, minor_faults: 7, major_faults: 1, switches: 3, peak_memory: 0 };
        let total = |spec: &str| {
            let event = Event::parse(spec, &Sources::default()).unwrap();
            let opened = Err(io::Error::from_raw_os_error(libc::EACCES));
            Counter { event, opened, user_only: true, joins: false }.read(Some(&used))
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
        Counter { event, opened: Ok(file.into()), user_only: false, joins: false }.read(Some(&used))
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
