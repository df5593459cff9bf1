//! Processes, their threads and their executable mappings, kept as the kernel's records tell.
//!
//! A process is known by its pid until that is forked again; `execve` begins another program, which
//! is another row. What belongs to no mapping is asked of `/proc/PID/maps` once in a while: an
//! attached process was there before its records.

use pyrometer_tables::schema;
use rustc_hash::FxHashMap;

use crate::intern::LastStack;
use crate::unwind::{Located, Memory};

/// Executable mappings of a process.
const MOST_MAPPINGS: usize = 65_530;

/// What an executable mapping holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Code of a binary, moved by `bias`.
    Binary { binary: u32, bias: u64 },
    /// Code of a binary that is not here: its own addresses are not known.
    Absent { binary: u32 },
    /// Memory that the process wrote its code into.
    Generated,
}

/// An executable mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) content: Content,
}

/// What was found at addresses of a process.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Where unwinding came by.
    pub(crate) located: FxHashMap<u64, Located>,
    /// Frames of walks that were made elsewhere: no rule was needed, which takes long to work out.
    pub(crate) frames: FxHashMap<u64, u32>,
}

impl Known {
    /// Forgets all of it.
    pub(crate) fn clear(&mut self) {
        self.located.clear();
        self.frames.clear();
    }
}

/// One program in one process.
pub(crate) struct Process {
    /// Row in `processes`.
    pub(crate) row: u32,
    pub(crate) pid: i32,
    /// What the row holds.
    pub(crate) described: schema::Process,
    /// True until a sample refers to the row: then an `execve` may still rename it.
    pub(crate) unused: bool,
    pub(crate) mappings: Vec<Mapping>,
    /// What was found at addresses before; forgotten when mappings change.
    pub(crate) known: Known,
    /// Monotonic time at which `/proc/PID/maps` was read last.
    pub(crate) maps_read: i64,
    /// Row in `binaries` for its generated code, once there is some.
    pub(crate) generated: Option<u32>,
    /// Threads that are alive.
    pub(crate) threads: usize,
}

impl Process {
    pub(crate) fn new(row: u32, pid: i32, described: schema::Process) -> Self {
        Self {
            row,
            pid,
            described,
            unused: true,
            mappings: Vec::new(),
            known: Known::default(),
            maps_read: i64::MIN,
            generated: None,
            threads: 0,
        }
    }

    /// The same code in a forked process; returns how many mappings it has.
    pub(crate) fn fork_mappings(&mut self, parent: &Self) -> usize {
        self.mappings.clone_from(&parent.mappings);
        self.mappings.len()
    }

    /// Forgets all code: `execve` has replaced it.
    pub(crate) fn clear_mappings(&mut self) {
        self.mappings.clear();
        self.known.clear();
        self.maps_read = i64::MIN;
    }

    /// Adds a mapping over whatever was there.
    ///
    /// Anonymous memory inside the code of a binary is that code, moved to huge pages: its
    /// addresses stay what they were.
    pub(crate) fn map(&mut self, new: Mapping) {
        let inside = |old: &Mapping| old.start <= new.start && new.end <= old.end;
        let is_binary =
            |old: &Mapping| matches!(old.content, Content::Binary { .. } | Content::Absent { .. });
        if new.content == Content::Generated && self.mappings.iter().any(|old| inside(old) && is_binary(old))
        {
            return;
        }
        // The kernel's own limit (`vm.max_map_count`), which a file need not keep.
        if self.mappings.contains(&new) || self.mappings.len() >= MOST_MAPPINGS {
            return;
        }
        self.unmap(new.start, new.end);
        let at = self.mappings.partition_point(|old| old.start < new.start);
        self.mappings.insert(at, new);
        self.known.clear();
    }

    fn unmap(&mut self, start: u64, end: u64) {
        let mut kept = Vec::with_capacity(self.mappings.len() + 2);
        for old in self.mappings.drain(..) {
            if old.end <= start || end <= old.start {
                kept.push(old);
                continue;
            }
            if old.start < start {
                kept.push(Mapping { end: start, ..old });
            }
            if end < old.end {
                kept.push(Mapping { start: end, ..old });
            }
        }
        self.mappings = kept;
    }

    /// The mapping that holds an address.
    pub(crate) fn mapping(&self, address: u64) -> Option<&Mapping> {
        let after = self.mappings.partition_point(|mapping| mapping.start <= address);
        self.mappings[..after].last().filter(|mapping| address < mapping.end)
    }
}

/// One thread.
pub(crate) struct Thread {
    /// Row in `threads`.
    pub(crate) row: u32,
    pub(crate) pid: i32,
    pub(crate) described: schema::Thread,
    pub(crate) unused: bool,
    pub(crate) last: LastStack,
    /// What its samples before tell about its stack.
    pub(crate) memory: Memory,
}

impl Thread {
    pub(crate) fn new(row: u32, pid: i32, described: schema::Thread) -> Self {
        Self { row, pid, described, unused: true, last: LastStack::default(), memory: Memory::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn process() -> Process {
        Process::new(0, 1, schema::Process::default())
    }

    fn code(start: u64, end: u64, binary: u32) -> Mapping {
        Mapping { start, end, content: Content::Binary { binary, bias: 0 } }
    }

    #[test]
    fn a_later_mapping_replaces_what_it_covers() {
        let mut process = process();
        process.map(code(0x1000, 0x5000, 1));
        process.map(code(0x2000, 0x3000, 2));
        let at = |address| process.mapping(address).map(|mapping| mapping.content);
        assert_eq!(at(0x1fff), Some(Content::Binary { binary: 1, bias: 0 }));
        assert_eq!(at(0x2000), Some(Content::Binary { binary: 2, bias: 0 }));
        assert_eq!(at(0x3000), Some(Content::Binary { binary: 1, bias: 0 }));
        assert_eq!((at(0xfff), at(0x5000)), (None, None));
    }

    #[test]
    fn code_that_was_moved_to_huge_pages_stays_the_binarys() {
        let mut process = process();
        process.map(code(0x20_0000, 0x60_0000, 1));
        process.map(Mapping { start: 0x20_0000, end: 0x40_0000, content: Content::Generated });
        assert_eq!(process.mapping(0x30_0000), Some(&code(0x20_0000, 0x60_0000, 1)));
        process.map(Mapping { start: 0x80_0000, end: 0x90_0000, content: Content::Generated });
        assert_eq!(process.mapping(0x80_0000).unwrap().content, Content::Generated);
    }

    proptest! {
        #[test]
        fn mappings_never_overlap_and_the_last_one_wins(ranges in proptest::collection::vec((0u64..50, 1u64..20), 1..20)) {
            let mut process = process();
            for (number, (start, length)) in ranges.iter().enumerate() {
                process.map(code(*start, start + length, number as u32));
            }
            for pair in process.mappings.windows(2) {
                prop_assert!(pair[0].end <= pair[1].start);
            }
            for address in 0..70 {
                let expected = ranges.iter().rposition(|(start, length)| (*start..start + length).contains(&address));
                let found = process.mapping(address).map(|mapping| mapping.content);
                let expected = expected.map(|number| Content::Binary { binary: number as u32, bias: 0 });
                prop_assert_eq!(found, expected);
            }
        }
    }
}
