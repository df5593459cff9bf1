//! What the kernel tells in `/proc` and `/sys`, understood: given text, no I/O.
//!
//! Names in it are chosen by the programs, so any of it may be anything; what makes no sense is left out.

/// No kernel is built for more CPUs (`NR_CPUS`).
const MOST_CPUS: i32 = 8192;
/// The type of a build-id note (`NT_GNU_BUILD_ID`).
const BUILD_ID: u32 = 3;

/// One line of `/proc/PID/maps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapLine {
    /// First address.
    pub start: u64,
    /// The address behind the last, at least `start`.
    pub end: u64,
    /// Whether code may run in it.
    pub executable: bool,
    /// Offset in the file, bytes.
    pub offset: u64,
    /// Device, major and minor.
    pub device: (u32, u32),
    /// Inode; 0 for memory that is no file's.
    pub inode: u64,
    /// Path, `[vdso]`, or empty.
    pub name: String,
}

/// `start-end perms offset major:minor inode   name with spaces`; none for anything else.
pub fn map_line(line: &str) -> Option<MapLine> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let permissions = fields.next()?;
    let offset = fields.next()?;
    let (major, minor) = fields.next()?.split_once(':')?;
    let hexadecimal = |text| u64::from_str_radix(text, 16).ok();
    let half = |text| u32::from_str_radix(text, 16).ok();
    let line = MapLine {
        start: hexadecimal(start)?,
        end: hexadecimal(end)?,
        executable: permissions.as_bytes().get(2) == Some(&b'x'),
        offset: hexadecimal(offset)?,
        device: (half(major)?, half(minor)?),
        inode: fields.next()?.parse().ok()?,
        name: fields.next().unwrap_or("").trim_start().to_owned(),
    };
    (line.start <= line.end).then_some(line)
}

/// The numbers of a list such as `0-3,8`.
pub fn cpu_list(text: &str) -> Vec<i32> {
    let number = |text: &str| text.parse().ok().filter(|cpu| (0..MOST_CPUS).contains(cpu));
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(number(first)?..=number(last)?)
    };
    let mut cpus: Vec<i32> = text.split(',').filter_map(range).flatten().take(MOST_CPUS as usize).collect();
    cpus.sort_unstable();
    cpus.dedup();
    cpus
}

/// The process of a thread, from `/proc/TID/status`.
pub fn leader(status: &str) -> Option<i32> {
    status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok()
}

/// The pid in the innermost namespace, from `/proc/PID/status`.
pub fn innermost_pid(status: &str) -> Option<i32> {
    let pids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    pids.split_whitespace().last()?.parse().ok()
}

/// The name of the first processor, from `/proc/cpuinfo`; empty if it is not told.
pub fn cpu_model(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':')).map(|(_, model)| model.trim().to_owned()).unwrap_or_default()
}

/// The build id among ELF notes: name size, description size, type, name, description, each padded to 4 bytes.
pub fn build_id(mut notes: &[u8]) -> Option<String> {
    loop {
        let word = |at: usize| Some(u32::from_ne_bytes(notes.get(at..at + 4)?.try_into().ok()?));
        let (name, description, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
        let start = 12usize.checked_add(name.checked_next_multiple_of(4)?)?;
        let end = start.checked_add(description)?;
        let bytes = notes.get(start..end)?;
        if kind == BUILD_ID && notes.get(12..15) == Some(b"GNU") {
            return Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        notes = notes.get(end.checked_next_multiple_of(4)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn note(name: &[u8], kind: u32, description: &[u8]) -> Vec<u8> {
        let mut note = [name.len() as u32, description.len() as u32, kind].map(u32::to_ne_bytes).concat();
        for part in [name, description] {
            note.extend(part);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }

    #[test]
    fn a_line_of_maps_is_understood_with_spaces_in_the_name() {
        let line = "7f00a000-7f00b000 r-xp 00001000 fe:01 1234                       /tmp/a b (deleted)";
        let map = map_line(line).unwrap();
        assert_eq!((map.start, map.end, map.offset), (0x7f00_a000, 0x7f00_b000, 0x1000));
        assert_eq!((map.device, map.inode), ((0xfe, 1), 1234));
        assert!(map.executable);
        assert_eq!(map.name, "/tmp/a b (deleted)");
    }

    #[test]
    fn cpu_lists_are_those_of_the_kernel() {
        assert_eq!(cpu_list("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(cpu_list("0"), [0]);
        assert!(cpu_list("").is_empty());
    }

    #[test]
    fn a_list_of_more_cpus_than_there_can_be_is_refused() {
        assert_eq!(cpu_list("1,0-2147483647,-3"), [1]);
        assert_eq!(cpu_list(&"0-8191,".repeat(1000)).len(), 8192);
    }

    #[test]
    fn a_thread_tells_its_process() {
        assert_eq!(leader("Name:\tx\nTgid:\t4711\nPid:\t4712\n"), Some(4711));
        assert_eq!(leader("Tgid:\n"), None);
    }

    #[test]
    fn the_last_pid_is_that_of_the_innermost_namespace() {
        assert_eq!(innermost_pid("Name:\tx\nNSpid:\t4711\t12\n"), Some(12));
        assert_eq!(innermost_pid("NSpid:\n"), None);
    }

    #[test]
    fn the_model_is_behind_the_colon() {
        assert_eq!(cpu_model("processor\t: 0\nmodel name\t: AMD EPYC\n"), "AMD EPYC");
        assert_eq!(cpu_model(""), "");
    }

    #[test]
    fn the_build_id_is_found_behind_other_notes() {
        let notes = [note(b"Linux\0", 257, b"abc"), note(b"GNU\0", 3, &[0xab, 0xcd])].concat();
        assert_eq!(build_id(&notes).as_deref(), Some("abcd"));
        assert_eq!(build_id(&notes[..20]), None);
        assert_eq!(build_id(&[0xff; 64]), None);
    }

    proptest! {
        #[test]
        fn any_line_is_a_mapping_or_none(line in "[0-9a-f]{0,20}-?[0-9a-f]{0,20} ?[rwxp-]{0,5} ?\\PC{0,40}") {
            if let Some(map) = map_line(&line) {
                prop_assert!(line.ends_with(&map.name) && map.start <= map.end);
            }
        }

        #[test]
        fn what_the_kernel_writes_is_read_back(
            start in any::<u64>(), length in any::<u64>(), executable in any::<bool>(), offset in any::<u64>(),
            device in any::<(u32, u32)>(), inode in any::<u64>(), name in "(/[a-z ]{0,20}[a-z])?",
        ) {
            let end = start.saturating_add(length);
            let mode = if executable { "r-xp" } else { "rw-p" };
            let (major, minor) = device;
            let line = format!("{start:x}-{end:x} {mode} {offset:08x} {major:02x}:{minor:02x} {inode}    {name}");
            let expected = MapLine { start, end, executable, offset, device, inode, name };
            prop_assert_eq!(map_line(&line), Some(expected));
        }

        #[test]
        fn any_list_of_cpus_is_short_and_sorted(text in "([0-9]{0,5}[-,]?){0,20}") {
            let cpus = cpu_list(&text);
            prop_assert!(cpus.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(cpus.iter().all(|cpu| (0..MOST_CPUS).contains(cpu)));
        }

        #[test]
        fn any_status_is_read_without_a_crash(text in "[0-9 \t\nTNSgpid:-]{0,200}") {
            leader(&text);
            innermost_pid(&text);
        }

        #[test]
        fn a_build_id_among_any_notes_lies_in_them(notes in proptest::collection::vec(any::<u8>(), 0..100), id in proptest::collection::vec(any::<u8>(), 0..20)) {
            if let Some(id) = build_id(&notes) {
                prop_assert!(id.len() <= 2 * notes.len());
            }
            let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            prop_assert_eq!(build_id(&note(b"GNU\0", BUILD_ID, &id)), Some(hex));
        }
    }
}
