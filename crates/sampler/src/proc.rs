//! What `/proc` tells about a process.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// One line of `/proc/PID/maps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MapLine {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) executable: bool,
    pub(crate) offset: u64,
    pub(crate) device: (u32, u32),
    pub(crate) inode: u64,
    pub(crate) name: String,
}

/// The mappings of a process, or none if it is gone or not ours.
pub(crate) fn maps(pid: i32) -> Vec<MapLine> {
    let text = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter_map(parse_map_line).collect()
}

/// `start-end perms offset major:minor inode   name with spaces`.
fn parse_map_line(line: &str) -> Option<MapLine> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let permissions = fields.next()?;
    let offset = fields.next()?;
    let (major, minor) = fields.next()?.split_once(':')?;
    let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
    let half = |text| u32::from_str_radix(text, 16).ok();
    Some(MapLine {
        start: hexadecimal(start)?,
        end: hexadecimal(end)?,
        executable: permissions.as_bytes().get(2) == Some(&b'x'),
        offset: hexadecimal(offset)?,
        device: (half(major)?, half(minor)?),
        inode: fields.next()?.parse().ok()?,
        name: fields.next().unwrap_or("").trim_start().to_owned(),
    })
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
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

/// The pid that the process has inside its own pid namespace: that is what it names its perf map after.
pub(crate) fn namespace_pid(pid: i32) -> i32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
    line.and_then(|pids| pids.split_whitespace().last()?.parse().ok()).unwrap_or(pid)
}

/// A path of the process, as seen through its own root folder (containers, chroot).
pub(crate) fn through_root(pid: i32, path: &Path) -> PathBuf {
    let relative = path.strip_prefix("/").unwrap_or(path);
    Path::new("/proc").join(pid.to_string()).join("root").join(relative)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_line_is_a_mapping_or_none(line in "[0-9a-f]{0,20}-?[0-9a-f]{0,20} ?[rwxp-]{0,5} ?\\PC{0,40}") {
            if let Some(map) = parse_map_line(&line) {
                prop_assert!(line.ends_with(&map.name));
            }
        }

        #[test]
        fn what_the_kernel_writes_is_read_back(
            start in any::<u64>(), end in any::<u64>(), executable in any::<bool>(), offset in any::<u64>(),
            device in any::<(u32, u32)>(), inode in any::<u64>(), name in "(/[a-z ]{0,20}[a-z])?",
        ) {
            let mode = if executable { "r-xp" } else { "rw-p" };
            let (major, minor) = device;
            let line = format!("{start:x}-{end:x} {mode} {offset:08x} {major:02x}:{minor:02x} {inode}    {name}");
            let expected = MapLine { start, end, executable, offset, device, inode, name };
            prop_assert_eq!(parse_map_line(&line), Some(expected));
        }
    }

    #[test]
    fn a_line_of_maps_is_understood_with_spaces_in_the_name() {
        let line = "7f00a000-7f00b000 r-xp 00001000 fe:01 1234                       /tmp/a b (deleted)";
        let map = parse_map_line(line).unwrap();
        assert_eq!((map.start, map.end, map.offset), (0x7f00_a000, 0x7f00_b000, 0x1000));
        assert_eq!((map.device, map.inode), ((0xfe, 1), 1234));
        assert!(map.executable);
        assert_eq!(map.name, "/tmp/a b (deleted)");
    }

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
}
