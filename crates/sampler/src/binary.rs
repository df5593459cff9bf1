//! Binaries of the profiled processes, opened while those live, with what unwinding needs of them.
//!
//! Addresses of a binary are its own (SVMA), so one unwinder serves every process that maps it.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use object::read::ReadCache;
use pyrometer_symbols::identity;
use pyrometer_tables::positioned;
use rustc_hash::FxHashMap;

use crate::cfi::{Rule, Table};
use crate::elf_image::ElfImage;
use crate::machine::Machine;
use crate::registers::Registers;

/// `mov $15, %rax; syscall`: what a signal handler returns to.
const SIGNAL_TRAMPOLINE: [u8; 9] = [0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05];
/// The entry function is small, where no table says how long it is.
const ENTRY_LENGTH: u64 = 64;

/// Where the bytes of a binary can still be read from.
#[derive(Debug)]
pub enum Source {
    /// The very file that was mapped, held open.
    File(File),
    /// Bytes that are no file: the vdso.
    Bytes(Arc<[u8]>),
    /// Gone; only what was taken from memory is known.
    None,
}

/// What changes when a file is written: the time of that on the wall clock, nanoseconds, and the size.
pub(crate) type Version = (i64, u64);

pub(crate) fn version(file: &File) -> Option<Version> {
    let metadata = file.metadata().ok()?;
    let written = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some((i64::try_from(written.as_nanos()).ok()?, metadata.len()))
}

/// One binary.
pub(crate) struct Binary {
    pub(crate) path: String,
    pub(crate) build_id: Option<String>,
    /// Why its file cannot be read, if it cannot.
    pub(crate) missing: Option<String>,
    /// Whether nothing but its name is known because there is no such file here, or another one.
    pub(crate) absent: bool,
    pub(crate) source: Source,
    /// Of the file, when it was read.
    version: Option<Version>,
    image: ElfImage,
    eh_frame: Option<Table>,
    debug_frame: Option<Table>,
    /// Rules that were worked out before, for all processes.
    rules: FxHashMap<u64, Rule>,
}

impl Binary {
    pub(crate) fn new(path: &str, source: Source, image: ElfImage, build_id: Option<String>) -> Self {
        Self {
            path: path.to_owned(),
            build_id,
            missing: None,
            absent: false,
            source,
            version: None,
            eh_frame: Table::eh_frame(&image),
            debug_frame: Table::debug_frame(&image),
            rules: FxHashMap::default(),
            image,
        }
    }

    /// A binary that is no file.
    pub(crate) fn nameless(path: &str) -> Self {
        Self::new(path, Source::None, ElfImage::default(), None)
    }

    /// A binary of which nothing but the name is known.
    pub(crate) fn unreadable(path: &str, reason: String) -> Self {
        let mut binary = Self::nameless(path);
        binary.missing = Some(reason);
        binary
    }

    /// Reads a file that is already open.
    pub(crate) fn from_file(path: &str, file: File) -> Self {
        // Before the contents: what is written meanwhile is then seen as a change.
        let version = version(&file);
        let cache = ReadCache::new(identity::Cursor::new(&file));
        let image = match ElfImage::parse(&cache) {
            Ok(image) => image,
            Err(reason) => {
                return Self::unreadable(path, format!("{path} is no readable ELF object: {reason}"));
            }
        };
        let build_id = identity::identify(&file).ok();
        Self { version, ..Self::new(path, Source::File(file), image, build_id) }
    }

    /// Whether its file still holds what was read: a compiler may write a new program into it.
    fn is_current(&self) -> bool {
        match &self.source {
            Source::File(file) => version(file) == self.version,
            Source::Bytes(_) | Source::None => true,
        }
    }

    /// Takes bytes that are no file.
    pub(crate) fn from_bytes(path: &str, bytes: Arc<[u8]>) -> Self {
        match ElfImage::parse(&bytes[..]) {
            Ok(image) => {
                let build_id = identity::identify(&bytes[..]).ok();
                Self::new(path, Source::Bytes(bytes), image, build_id)
            }
            Err(reason) => Self::unreadable(path, format!("{path} is no readable ELF object: {reason}")),
        }
    }

    /// A binary that is not here, or is another one here.
    pub(crate) fn absent(path: &str, build_id: Option<String>, reason: String) -> Self {
        Self { build_id, absent: true, ..Self::unreadable(path, reason) }
    }

    /// Whether anything tells how to unwind it.
    #[cfg(test)]
    pub(crate) fn can_be_unwound(&self) -> bool {
        self.eh_frame.is_some() || self.debug_frame.is_some()
    }

    /// How far a mapping of it was moved.
    pub(crate) fn bias(&self, start: u64, offset: u64, length: u64) -> Option<u64> {
        self.image.bias(start, offset, length)
    }

    /// How the caller of a frame at `address` is found; for a caller, the address is inside its call.
    pub(crate) fn rule(&mut self, address: u64) -> Rule {
        if let Some(rule) = self.rules.get(&address) {
            return *rule;
        }
        let rule = self.work_out(address);
        self.rules.insert(address, rule);
        rule
    }

    fn work_out(&self, address: u64) -> Rule {
        // Callers are looked up one byte early, so the trampoline's first byte is the next one.
        if self.is_signal_trampoline(address.wrapping_add(1)) {
            return Rule::Signal;
        }
        if self.is_entry(address) {
            return Rule::Root;
        }
        let tables = [&self.eh_frame, &self.debug_frame];
        let rule = tables.into_iter().flatten().find_map(|table| table.rule(address));
        let silent = tables.into_iter().all(Option::is_none);
        rule.unwrap_or(if silent { Rule::FramePointer } else { Rule::Uncovered })
    }

    /// One step by [`Rule::Expression`].
    pub(crate) fn evaluate<F: FnMut(u64) -> Result<u64, ()>>(
        &self,
        address: u64,
        registers: &mut Registers,
        read_stack: &mut F,
    ) -> Option<u64> {
        let mut tables = [&self.eh_frame, &self.debug_frame].into_iter().flatten();
        tables.find(|table| table.rule(address).is_some())?.step(address, registers, read_stack)
    }

    /// Whether an address is in the function that the kernel jumps to, which nobody has called.
    fn is_entry(&self, address: u64) -> bool {
        let entry = self.image.entry;
        if entry == 0 || address < entry {
            return false;
        }
        let mut tables = [&self.eh_frame, &self.debug_frame].into_iter().flatten();
        match tables.find_map(|table| table.extent(entry).or_else(|| table.extent(address))) {
            Some(function) => function.contains(&entry) && function.contains(&address),
            None => address - entry < ENTRY_LENGTH,
        }
    }

    /// Whether a signal handler returns to this address: then the frame below it was interrupted,
    /// and its address is exact.
    fn is_signal_trampoline(&self, address: u64) -> bool {
        let mut code = [0; SIGNAL_TRAMPOLINE.len()];
        self.read_code(address, &mut code) && code == SIGNAL_TRAMPOLINE
    }

    /// Whether an address is in the binary's code.
    pub(crate) fn holds(&self, address: u64) -> bool {
        self.image.code(address).is_some()
    }

    fn read_code(&self, address: u64, into: &mut [u8]) -> bool {
        let Some(segment) = self.image.code(address) else { return false };
        let Some(offset) = segment.offset.checked_add(address - segment.address) else { return false };
        match &self.source {
            Source::File(file) => positioned::read_exact_at(file, into, offset).is_ok(),
            Source::Bytes(bytes) => usize::try_from(offset)
                .ok()
                .and_then(|start| bytes.get(start..start.checked_add(into.len())?))
                .is_some_and(|code| {
                    into.copy_from_slice(code);
                    true
                }),
            Source::None => false,
        }
    }
}

/// A file-backed mapping, as its record or `/proc/PID/maps` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MappedFile<'a> {
    pub(crate) pid: i32,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) device: (u32, u32),
    pub(crate) inode: u64,
    /// Without what the kernel appends to that of a file that has been unlinked.
    pub(crate) path: &'a str,
    /// The build id that was recorded with the mapping.
    pub(crate) build_id: Option<String>,
    /// When it was seen to be mapped, nanoseconds of the monotonic clock.
    pub(crate) seen: i64,
}

/// What the kernel appends to the path of a file that has been unlinked.
pub(crate) const DELETED: &str = " (deleted)";

/// Device, inode, path and build id.
type FileKey = ((u32, u32), u64, String, Option<String>);

/// All binaries of a recording, each opened once.
#[derive(Default)]
pub(crate) struct Binaries {
    pub(crate) list: Vec<Binary>,
    by_file: HashMap<FileKey, usize>,
    by_name: HashMap<String, usize>,
    /// The kernel, which is asked for with every frame of it.
    kernel: Option<u32>,
}

impl Binaries {
    /// The binary behind a mapping.
    pub(crate) fn of_file(&mut self, mapped: &MappedFile, machine: &dyn Machine) -> usize {
        let key = (mapped.device, mapped.inode, mapped.path.to_owned(), mapped.build_id.clone());
        if let Some(found) = self.by_file.get(&key).filter(|found| self.list[**found].is_current()) {
            return *found;
        }
        let binary = machine.open(mapped);
        let index = self.push(binary);
        self.by_file.insert(key, index);
        index
    }

    /// The kernel.
    pub(crate) fn kernel(&mut self, make: impl FnOnce() -> Binary) -> u32 {
        if let Some(known) = self.kernel {
            return known;
        }
        let index = self.push(make()) as u32;
        self.kernel = Some(index);
        index
    }

    /// The binary of a name that is no file: `[vdso]`.
    pub(crate) fn of_name(&mut self, name: &str, make: impl FnOnce() -> Binary) -> usize {
        if let Some(found) = self.by_name.get(name) {
            return *found;
        }
        let index = self.push(make());
        self.by_name.insert(name.to_owned(), index);
        index
    }

    /// Adds a binary that no other mapping shares.
    pub(crate) fn push(&mut self, binary: Binary) -> usize {
        self.list.push(binary);
        self.list.len() - 1
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::elf_image::Segment;

    #[test]
    fn a_file_that_is_no_elf_is_named() {
        let file = File::open("/proc/self/status").unwrap();
        let binary = Binary::from_file("/tmp/status", file);
        assert!(binary.missing.unwrap().contains("no readable ELF"));
    }

    #[test]
    fn code_behind_the_end_of_all_files_is_not_read() {
        let mut binary = Binary::from_bytes("object", std::fs::read("/proc/self/exe").unwrap().into());
        let segment = Segment { offset: u64::MAX, file_size: 100, address: 0x1000, executable: true };
        binary.image = ElfImage { segments: vec![segment], ..ElfImage::default() };
        assert!(!binary.read_code(0x1010, &mut [0; 9]));
    }
}
