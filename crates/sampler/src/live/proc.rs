//! What `/proc` tells about a process.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::kernel_text::{self, MapLine};

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

/// The owner of a process, or none if there is no such process.
pub(crate) fn owner(pid: i32) -> Option<u32> {
    fs::metadata(format!("/proc/{pid}")).ok().map(|metadata| metadata.uid())
}

/// The process that a thread belongs to: itself for a process, none if there is no such task.
pub(crate) fn leader(tid: i32) -> Option<i32> {
    kernel_text::leader(&fs::read_to_string(format!("/proc/{tid}/status")).ok()?)
}

/// The pid that the process has inside its own pid namespace: that is what it names its perf map after.
pub(crate) fn namespace_pid(pid: i32) -> i32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    kernel_text::innermost_pid(&status).unwrap_or(pid)
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
