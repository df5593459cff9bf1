//! Code that programs generate at run time, named by what they write about it.
//!
//! Two conventions exist: `/tmp/perf-PID.map`, a text that is read at the end, and jitdump, a file
//! of timed records that the program maps so that profilers notice it. The second is followed
//! while recording: the same address may hold different code later.

use std::fs::File;
use std::io::Read;

use pyrometer_symbols::generated::Named;
use pyrometer_symbols::jitdump::JitDump;
use pyrometer_symbols::perf_map::PerfMap;
use rustc_hash::FxHashMap;

use crate::intern::{Interner, Place};
use crate::machine::Machine;

/// What one process tells of its generated code.
#[derive(Default)]
struct Code {
    pid: i32,
    binary: Option<u32>,
    map: Option<File>,
    dumps: Vec<Dump>,
}

struct Dump {
    file: File,
    parsed: JitDump,
    /// Set once the file turned out to be no jitdump.
    broken: bool,
}

/// What all processes tell.
#[derive(Default)]
pub(crate) struct Jit {
    live: FxHashMap<i32, Code>,
    ended: Vec<Code>,
    /// Time of the sample at hand, nanoseconds.
    pub(crate) now: u64,
}

impl Jit {
    /// Whether a mapped file is a jitdump, by the name that its specification demands.
    pub(crate) fn is_dump(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or_default();
        name.strip_prefix("jit-")
            .and_then(|rest| rest.strip_suffix(".dump"))
            .is_some_and(|pid| pid.parse::<i32>().is_ok())
    }

    /// A process has mapped its jitdump.
    pub(crate) fn opened(&mut self, pid: i32, path: &str, machine: &dyn Machine) {
        if let Some(file) = machine.jit_dump(pid, path) {
            let mut dump = Dump { file, parsed: JitDump::default(), broken: false };
            // Of a recording that was made before, all is there.
            dump.poll();
            self.code(pid).dumps.push(dump);
        }
    }

    /// A frame of a process lies in generated code.
    pub(crate) fn seen(&mut self, pid: i32, binary: u32, machine: &dyn Machine) {
        let code = self.code(pid);
        if code.binary.is_none() {
            code.binary = Some(binary);
            code.map = machine.perf_map(pid);
        }
    }

    fn code(&mut self, pid: i32) -> &mut Code {
        self.live.entry(pid).or_insert_with(|| Code { pid, ..Code::default() })
    }

    /// Which of the pieces of code that lay at an address is meant now; 0 if no jitdump tells.
    pub(crate) fn entry(&self, pid: i32, address: u64) -> u32 {
        let Some(code) = self.live.get(&pid) else { return 0 };
        let row = |dump: &Dump| Some(dump.parsed.find(address, dump.time(self.now))?.row);
        code.dumps.iter().find_map(row).map_or(0, |row| row as u32 + 1)
    }

    /// The process has ended, or executes another program: its code is complete.
    pub(crate) fn ended(&mut self, pid: i32, machine: &dyn Machine) {
        if let Some(mut code) = self.live.remove(&pid) {
            code.poll(machine);
            self.ended.push(code);
        }
    }

    /// Reads what was written since; returns the processes with new code.
    pub(crate) fn poll(&mut self, machine: &dyn Machine) -> Vec<i32> {
        self.live.values_mut().filter_map(|code| code.poll(machine).then_some(code.pid)).collect()
    }

    /// Names all frames of generated code that can be named.
    pub(crate) fn names(&mut self, interner: &Interner, machine: &dyn Machine) -> Vec<Named> {
        self.poll(machine);
        let codes: Vec<&mut Code> = self.live.values_mut().chain(&mut self.ended).collect();
        let known: FxHashMap<u32, (&[Dump], PerfMap)> =
            codes.into_iter().filter_map(|code| Some((code.binary?, code.finished()))).collect();
        let name = |(place, frame)| match place {
            Place::Jit { binary, address, entry } => {
                let (dumps, map) = known.get(&binary)?;
                name(dumps, map, address, entry).map(|(name, source, from)| Named {
                    frame,
                    binary,
                    name,
                    source,
                    from,
                })
            }
            _ => None,
        };
        interner.places().filter_map(name).collect()
    }
}

type Name = (String, Option<(String, u32)>, &'static str);

fn name(dumps: &[Dump], map: &PerfMap, address: u64, entry: u32) -> Option<Name> {
    let dumped = dumps.iter().find_map(|dump| {
        let function = match entry.checked_sub(1) {
            Some(row) => dump.parsed.functions().get(row as usize)?,
            None => dump.parsed.find(address, u64::MAX)?.function,
        };
        let offset = address.wrapping_sub(function.start);
        let line = function.lines.partition_point(|line| line.offset <= offset).checked_sub(1);
        let source = line.map(|at| (function.lines[at].file.to_string(), function.lines[at].line));
        Some((function.name.clone(), source, "jitdump"))
    });
    dumped.or_else(|| map.find(address).map(|entry| (entry.name.clone(), None, "perf-map")))
}

impl Code {
    /// True if new code was announced.
    fn poll(&mut self, machine: &dyn Machine) -> bool {
        if self.binary.is_some() && self.map.is_none() {
            self.map = machine.perf_map(self.pid);
        }
        self.dumps.iter_mut().fold(false, |new, dump| dump.poll() | new)
    }

    fn finished(&mut self) -> (&[Dump], PerfMap) {
        let mut map = PerfMap::default();
        if let Some(file) = &mut self.map {
            read_in_pieces(file, |bytes| {
                map.feed(bytes);
                true
            });
            // A last line without an end is a line all the same.
            map.feed(b"\n");
        }
        (&self.dumps, map)
    }
}

impl Dump {
    fn poll(&mut self) -> bool {
        let known = self.parsed.functions().len();
        if !self.broken {
            let (parsed, broken) = (&mut self.parsed, &mut self.broken);
            read_in_pieces(&mut self.file, |bytes| {
                *broken = parsed.feed(bytes).is_err();
                !*broken
            });
        }
        self.parsed.functions().len() > known
    }

    /// Sample times mean something only to dumps that are stamped with the same clock.
    fn time(&self, now: u64) -> u64 {
        if self.parsed.clock_is_counter() { u64::MAX } else { now }
    }
}

/// Hands over what the file has since the last time, until `take` has enough. In pieces, for a file
/// with holes is as long as its writer likes.
fn read_in_pieces(file: &mut impl Read, mut take: impl FnMut(&[u8]) -> bool) {
    let mut piece = vec![0; 256 << 10];
    loop {
        match file.read(&mut piece) {
            Ok(length @ 1..) if take(&piece[..length]) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jitdump_is_known_by_its_name() {
        let jit = Jit::default();
        assert!(jit.is_dump("/home/me/.debug/jit/jit-123.dump"));
        assert!(!jit.is_dump("/tmp/jit-abc.dump") && !jit.is_dump("/tmp/notjit-1.dump"));
    }

    #[test]
    fn a_perf_map_names_what_no_jitdump_does() {
        let mut map = PerfMap::default();
        map.feed(b"1000 10 hot function\n");
        assert_eq!(name(&[], &map, 0x1008, 0).unwrap().0, "hot function");
        assert_eq!(name(&[], &map, 0x1010, 0), None);
    }
}
