//! Why the kernel said no, and the smallest thing that makes it say yes.

use std::fs;

use crate::live::error::Error;

/// Turns the kernel's refusal of an event into an error that names the setting in the way.
pub(crate) fn explain(error: &std::io::Error, spec: &str) -> Error {
    match error.raw_os_error() {
        Some(libc::EACCES | libc::EPERM) => refused(),
        Some(libc::ENOSYS) => Error::NoPerfEvents,
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) => {
            unsupported(spec, "this CPU, or the virtual machine around it, has no counter for it")
        }
        Some(libc::EINVAL) => {
            unsupported(spec, "the kernel does not know this combination of event and modifiers")
        }
        Some(libc::EMFILE) => Error::TooManyFiles { needed: 0, limit: crate::live::sys::raise_file_limit() },
        _ => Error::System { what: format!("opening the event '{spec}'"), source: clone(error) },
    }
}

/// `perf_event_paranoid`: what users without privileges may observe.
pub(crate) fn paranoid() -> Option<i32> {
    fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok()?.trim().parse().ok()
}

/// The highest rate that the kernel allows.
pub(crate) fn max_rate() -> Option<u64> {
    fs::read_to_string("/proc/sys/kernel/perf_event_max_sample_rate").ok()?.trim().parse().ok()
}

fn unsupported(spec: &str, reason: &str) -> Error {
    Error::UnsupportedEvent { event: spec.into(), reason: reason.into() }
}

fn refused() -> Error {
    let (reason, cure) = reason(paranoid(), in_container(), seccomp());
    Error::NoPermission { reason, cure }
}

/// The most likely cause, from what this process can see of its own confinement.
fn reason(paranoid: Option<i32>, container: bool, seccomp: bool) -> (String, String) {
    match paranoid {
        None => (
            "/proc/sys/kernel/perf_event_paranoid does not exist, so this kernel has perf events switched off".into(),
            "use a kernel with CONFIG_PERF_EVENTS".into(),
        ),
        Some(level) if level <= 2 && (container || seccomp) => (
            "a seccomp filter of this container blocks perf_event_open".into(),
            "start the container with --cap-add PERFMON --security-opt seccomp=unconfined \
             (or a seccomp profile that allows perf_event_open)"
                .into(),
        ),
        Some(level) if level <= 2 => (
            format!("kernel.perf_event_paranoid is {level}, and the process may not be observed by this user"),
            "run as the user of the process, or give the capability: sudo setcap cap_perfmon,cap_sys_ptrace+ep $(readlink -f $(which python3))".into(),
        ),
        Some(level) => (
            format!("kernel.perf_event_paranoid is {level}, which forbids perf events to users without CAP_PERFMON"),
            "sudo sysctl kernel.perf_event_paranoid=2".into(),
        ),
    }
}

fn in_container() -> bool {
    std::path::Path::new("/.dockerenv").exists()
        || std::path::Path::new("/run/.containerenv").exists()
        || fs::read_to_string("/proc/1/cgroup")
            .is_ok_and(|text| text.contains("docker") || text.contains("kubepods"))
}

/// Whether a seccomp filter (mode 2) applies to this process.
fn seccomp() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|text| {
        text.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"))
    })
}

fn clone(error: &std::io::Error) -> std::io::Error {
    error.raw_os_error().map_or_else(|| std::io::Error::from(error.kind()), std::io::Error::from_raw_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_gets_its_own_cure() {
        assert!(reason(Some(3), false, false).1.contains("sysctl kernel.perf_event_paranoid=2"));
        assert!(reason(Some(2), true, true).1.contains("--cap-add PERFMON"));
        assert!(reason(Some(2), false, false).1.contains("setcap"));
        assert!(reason(None, false, false).1.contains("CONFIG_PERF_EVENTS"));
    }

    #[test]
    fn an_event_without_a_counter_is_not_a_matter_of_permission() {
        let error = explain(&std::io::Error::from_raw_os_error(libc::ENOENT), "cycles");
        assert_eq!(error.kind(), "unsupported-event");
    }
}
