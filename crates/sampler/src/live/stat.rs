//! Counting without sampling: a program's events, time and memory, as totals.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

use perf_event_open_sys::bindings as perf;

use super::error::{Error, Result};
use super::event::{Event, Sources};
use super::launch::{Child, Exit};
use super::permission;
use super::sys::{self, perf_event_attr};

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
    /// Why there is no count.
    pub missing: Option<String>,
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
    let mut child = Child::fork(&config.command)?;
    let counters: Vec<_> = groups.iter().flat_map(|group| open_group(group, child.pid)).collect();
    let began = Instant::now();
    child.release()?;
    let exit = child.wait()?;
    let wall = i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX);
    Ok(Run { totals: counters.into_iter().map(Counter::read).collect(), wall, exit })
}

/// An event that was opened, or why it was not.
struct Counter {
    event: Event,
    opened: io::Result<OwnedFd>,
}

/// The first event that can be opened leads the others: they count together or not at all.
fn open_group(group: &[Event], pid: i32) -> Vec<Counter> {
    let mut counters: Vec<Counter> = Vec::new();
    for event in group {
        let leader = counters.iter().find_map(|counter| counter.opened.as_ref().ok());
        let leader = leader.map_or(-1, AsRawFd::as_raw_fd);
        let opened = open(event, pid, leader);
        counters.push(Counter { event: event.clone(), opened });
    }
    counters
}

fn open(event: &Event, pid: i32, leader: i32) -> io::Result<OwnedFd> {
    let mut attr = attributes(event, leader < 0);
    let opened = sys::perf_event_open_in(&attr, pid, -1, leader);
    match opened {
        // Whoever may not observe the kernel gets the user's part, as with perf stat.
        Err(error)
            if [Some(libc::EACCES), Some(libc::EPERM)].contains(&error.raw_os_error())
                && !event.exclude_user =>
        {
            attr.set_exclude_kernel(1);
            sys::perf_event_open_in(&attr, pid, -1, leader)
        }
        other => other,
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
    fn read(self) -> Total {
        let nothing = Total {
            event: self.event.spec.clone(),
            metric: self.event.metric.clone(),
            unit: self.event.unit,
            value: None,
            enabled: 0,
            running: 0,
            missing: None,
        };
        let read = match &self.opened {
            Ok(fd) => sys::read_counter(fd).map_err(|error| error.to_string()),
            Err(error) => Err(reason(error, &self.event)),
        };
        match read {
            Ok([_, enabled, 0, _]) if enabled > 0 => {
                let missing = Some("it never got a counter: others had all of them".to_owned());
                Total { enabled: signed(enabled), missing, ..nothing }
            }
            Ok([value, enabled, running, _]) => Total {
                value: Some(extrapolated(value, enabled, running)),
                enabled: signed(enabled),
                running: signed(running),
                ..nothing
            },
            Err(missing) => Total { missing: Some(missing), ..nothing },
        }
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
fn reason(error: &io::Error, event: &Event) -> String {
    let hardware =
        [perf::PERF_TYPE_HARDWARE, perf::PERF_TYPE_HW_CACHE, perf::PERF_TYPE_RAW].contains(&event.kind);
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) if hardware => {
            "this machine has no such hardware counter; a virtual machine often has none".to_owned()
        }
        Some(libc::EINVAL) => "it cannot be counted together with the others of its group".to_owned(),
        _ => match permission::explain(error, &event.spec) {
            Error::System { source, .. } => source.to_string(),
            known => known.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
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
        assert!(run.exit.user_time + run.exit.system_time > 0 && run.exit.peak_memory > 100_000);
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
        assert!(run.totals[0].value.is_some() || run.totals[0].missing.is_some());
        assert!(run.totals[1].value.is_some());
    }

    #[test]
    fn what_was_counted_part_of_the_time_is_extrapolated() {
        assert_eq!(extrapolated(100, 10, 5), 200);
        assert_eq!(extrapolated(100, 10, 10), 100);
        assert_eq!(extrapolated(u64::MAX, u64::MAX, 1), i64::MAX);
    }
}
