//! What `/proc` tells about a process.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::kernel_text::{self, MapLine};
use crate::live::error::{Error, Result};
use crate::live::sys;

/// The mappings of a process, or none if it is gone or not ours.
pub(crate) fn maps(pid: i32) -> Vec<MapLine> {
    let text = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter_map(kernel_text::map_line).collect()
}

/// The threads of a process, now.
pub(crate) fn threads(pid: i32) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// The kernel's name of a thread.
pub(crate) fn thread_name(pid: i32, tid: i32) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/task/{tid}/comm")).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end().to_owned())
}

/// The arguments of a process, joined by spaces; empty if it is gone.
pub(crate) fn command_line(pid: i32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = bytes.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
    words.join(" ").trim_end().to_owned()
}

/// The memory that a process has in RAM now, bytes, as the kernel counts it: its own, and what it shares with others.
/// None if it is gone, or has none of its own, as one that has ended but was not waited for.
pub(crate) fn resident_bytes(pid: i32) -> Option<u64> {
    // Seven numbers, in one piece.
    let mut sizes = [0; 7 * 21];
    let length = File::open(format!("/proc/{pid}/statm")).and_then(|mut file| file.read(&mut sizes)).ok()?;
    let pages: u64 = std::str::from_utf8(&sizes[..length]).ok()?.split_whitespace().nth(1)?.parse().ok()?;
    (pages > 0).then(|| pages.saturating_mul(sys::page_size() as u64))
}

/// The owner of a process, or none if there is no such process.
pub(crate) fn owner(pid: i32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|metadata| metadata.uid())
}

/// The process that a thread belongs to: itself for a process, none if there is no such task.
pub(crate) fn leader(tid: i32) -> Option<i32> {
    kernel_text::leader(&fs::read_to_string(format!("/proc/{tid}/status")).ok()?)
}

/// Each of the processes once; an error for a thread that is not the first of its process.
pub(crate) fn processes(pids: &[i32]) -> Result<Vec<i32>> {
    let mut processes: Vec<i32> = Vec::new();
    for pid in pids {
        match leader(*pid) {
            Some(leader) if leader != *pid => return Err(Error::Thread { tid: *pid, pid: leader }),
            _ if processes.contains(pid) => {}
            _ => processes.push(*pid),
        }
    }
    Ok(processes)
}

/// The pid that the process has inside its own pid namespace: that is what it names its perf map after.
pub(crate) fn namespace_pid(pid: i32) -> i32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    kernel_text::innermost_pid(&status).unwrap_or(pid)
}

/// What a process has used, as the kernel accounts for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// User and system time, nanoseconds.
    pub cpu_time: i64,
    /// Page faults without I/O.
    pub minor_faults: i64,
    /// Page faults with I/O.
    pub major_faults: i64,
    /// Context switches, of its own will or not.
    pub switches: i64,
    /// The largest resident set, bytes.
    pub peak_memory: i64,
}

/// What a process has used until it sleeps; nothing if it is gone.
///
/// One that goes on running is not waited for longer than [`PATIENCE`].
pub(crate) fn accounts_at_rest(pid: i32) -> Accounts {
    let read = |name| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let began = Instant::now();
    while state(&read("stat")) == Some("R") && began.elapsed() < PATIENCE {
        thread::sleep(Duration::from_micros(50));
    }
    accounts_of(&read("status"), &read("stat"), &read("schedstat"))
}

/// The user and system time of a process, nanoseconds, in steps of the kernel's clock; none if it is gone.
pub(crate) fn times(pid: i32) -> Option<(i64, i64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Fields 14 and 15 of `proc_pid_stat(5)`; the third is the first behind the name.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<i64>().ok();
    let tick = 1_000_000_000 / sys::ticks_per_second();
    Some((ticks()? * tick, ticks()? * tick))
}

/// The largest resident set that a process had, bytes; none if it has ended.
pub(crate) fn peak_memory(pid: i32) -> Option<i64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(accounts_of(&status, "", "").peak_memory).filter(|peak| *peak > 0)
}

/// How long a process is given to come to rest.
const PATIENCE: Duration = Duration::from_millis(200);

/// The state of a process by its `stat`: `R` runs or waits for a CPU, `S` sleeps.
fn state(stat: &str) -> Option<&str> {
    stat.rsplit(')').next()?.split_whitespace().next()
}

/// The same from the texts of `status`, `stat` (fields 10 and 12 of `proc_pid_stat(5)`) and `schedstat`.
fn accounts_of(status: &str, stat: &str, schedstat: &str) -> Accounts {
    let number = |word: Option<&str>| word.and_then(|word| word.parse().ok()).unwrap_or(0);
    let line = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        number(line.and_then(|line| line.split_whitespace().next()))
    };
    // The name may hold blanks and brackets: fields are counted after it, from the third.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Accounts {
        cpu_time: number(schedstat.split_whitespace().next()),
        minor_faults: number(fields.get(7).copied()),
        major_faults: number(fields.get(9).copied()),
        switches: line("voluntary_ctxt_switches") + line("nonvoluntary_ctxt_switches"),
        peak_memory: line("VmHWM") * 1024,
    }
}

/// Opens a regular file; none for anything else. Paths come from the programs, which may put a pipe
/// there, whose opening waits, or a device, whose bytes do not end.
pub(crate) fn open_file(path: &Path) -> Option<File> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok()?;
    file.metadata().is_ok_and(|metadata| metadata.is_file()).then_some(file)
}

/// A path of the process, as seen through its own root folder (containers, chroot).
pub(crate) fn through_root(pid: i32, path: &Path) -> PathBuf {
    let relative = path.strip_prefix("/").unwrap_or(path);
    Path::new("/proc").join(pid.to_string()).join("root").join(relative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_maps_hold_our_own_code() {
        let here = our_address();
        let maps = maps(std::process::id() as i32);
        assert!(maps.iter().any(|map| map.executable && map.start <= here && here < map.end));
    }

    fn our_address() -> u64 {
        our_address as fn() -> u64 as usize as u64
    }

    #[test]
    fn accounts_are_read_whatever_a_process_is_called() {
        let status =
            "Name:\ta) b\nVmHWM:\t  2048 kB\nvoluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t4\n";
        let stat = "17 (a) b) S 1 17 17 0 -1 4194560 123 0 5 0 1 2";
        let expected = Accounts {
            cpu_time: 9_000,
            minor_faults: 123,
            major_faults: 5,
            switches: 7,
            peak_memory: 2 << 20,
        };
        assert_eq!(accounts_of(status, stat, "9000 1 2"), expected);
        assert_eq!(accounts_of("", "", ""), Accounts::default());
        let ours = accounts_at_rest(std::process::id() as i32);
        assert!(ours.peak_memory > 1 << 20 && ours.minor_faults > 100, "{ours:?}");
        assert_eq!((state(stat), state("")), (Some("S"), None));
    }

    #[test]
    fn memory_that_is_written_is_resident() {
        let pid = std::process::id() as i32;
        let before = resident_bytes(pid).expect("our own");
        let written = std::hint::black_box(vec![1_u8; 64 << 20]);
        let grown = resident_bytes(pid).expect("our own") - before;
        assert!(grown > 60 << 20, "{grown} of {} bytes", written.len());
        assert_eq!(resident_bytes(i32::MAX), None);
    }

    #[test]
    fn our_own_threads_and_owner_are_found() {
        let pid = std::process::id() as i32;
        assert!(threads(pid).contains(&pid));
        assert_eq!(owner(i32::MAX), None);
        assert!(threads(pid).iter().all(|tid| leader(*tid) == Some(pid)));
        assert_eq!(leader(i32::MAX), None);
        assert_eq!(namespace_pid(pid), pid);
    }

    #[test]
    fn a_pipe_and_a_device_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, file) = (folder.path().join("pipe"), folder.path().join("file"));
        let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
        // SAFETY: a terminated path.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        fs::write(&file, "contents").unwrap();
        assert!(open_file(&pipe).is_none() && open_file(Path::new("/dev/zero")).is_none());
        assert!(open_file(&file).is_some());
    }
}
