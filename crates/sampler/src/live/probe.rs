//! What the kernel lets us open: one event of each kind on ourselves, closed at once.

use perf_event_open_sys::bindings as perf;

use crate::live::sys::{perf_event_attr, perf_event_open};

/// The events that are tried, by name, kind, number, and whether they leave the kernel out.
const EVENTS: [(&str, u32, u32, bool); 4] = [
    ("cpu-clock:u", perf::PERF_TYPE_SOFTWARE, perf::PERF_COUNT_SW_CPU_CLOCK, true),
    ("cpu-clock", perf::PERF_TYPE_SOFTWARE, perf::PERF_COUNT_SW_CPU_CLOCK, false),
    ("cycles:u", perf::PERF_TYPE_HARDWARE, perf::PERF_COUNT_HW_CPU_CYCLES, true),
    ("cycles", perf::PERF_TYPE_HARDWARE, perf::PERF_COUNT_HW_CPU_CYCLES, false),
];

/// Each event's name with the kernel's error number, 0 if it could be opened.
pub fn probe() -> Vec<(&'static str, i32)> {
    EVENTS.iter().map(|&(name, kind, config, user_only)| (name, open(kind, config, user_only))).collect()
}

fn open(kind: u32, config: u32, user_only: bool) -> i32 {
    let mut attr = perf_event_attr {
        size: size_of::<perf_event_attr>() as u32,
        type_: kind,
        config: u64::from(config),
        ..Default::default()
    };
    attr.set_disabled(1);
    attr.set_exclude_hv(1);
    attr.set_exclude_kernel(u64::from(user_only));
    match perf_event_open(&attr, 0, -1) {
        Ok(_) => 0,
        Err(error) => error.raw_os_error().unwrap_or(libc::EIO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_may_see_less_opens_where_one_that_sees_more_does() {
        let found = probe();
        let number = |name| found.iter().find(|(event, _)| *event == name).map(|(_, number)| *number);
        assert!(number("cpu-clock") != Some(0) || number("cpu-clock:u") == Some(0));
        assert!(number("cycles") != Some(0) || number("cycles:u") == Some(0));
    }
}
