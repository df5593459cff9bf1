//! The files that are mapped by living processes, and the kernel's own.

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pyrometer_symbols::identity;

use crate::binary::{Binary, MappedFile, Source, version};
use crate::elf_image::ElfImage;
use crate::kernel;
use crate::kernel_text::{self, MapLine};
use crate::live::{clock, proc, sys};

/// A file's time can be ahead of ours by this much, nanoseconds.
const CLOCK_GRAIN: i64 = 1_000_000;

/// The binary behind a mapping.
pub(crate) fn binary(mapped: &MappedFile) -> Binary {
    let path = mapped.path;
    match open(mapped, Path::new(path)) {
        Some(file) if was_overwritten(mapped, &file) => Binary::unreadable(
            path,
            format!("{path} was overwritten while it was recorded, so its code is not known: record again"),
        ),
        Some(file) => Binary::from_file(path, file),
        None => from_memory(mapped, path),
    }
}

/// Whether the file was written after it had been mapped: then it tells nothing of what was run.
fn was_overwritten(mapped: &MappedFile, file: &File) -> bool {
    let (monotonic, wall) = clock::pair();
    let seen = wall - (monotonic - mapped.seen);
    // A time to come is a wrong clock, not a change.
    version(file).is_some_and(|(written, _)| seen + CLOCK_GRAIN < written && written <= wall)
}

/// Opens the very file that is mapped: by the mapping itself where that is permitted, else by the
/// process' own view of its path if the inode is still the same one.
fn open(mapped: &MappedFile, path: &Path) -> Option<File> {
    let MappedFile { pid, start, end, inode, .. } = *mapped;
    let by_mapping = PathBuf::from(format!("/proc/{pid}/map_files/{start:x}-{end:x}"));
    if let Some(file) = proc::open_file(&by_mapping) {
        return Some(file);
    }
    let executable = PathBuf::from(format!("/proc/{pid}/exe"));
    let candidates = [proc::through_root(pid, path), executable, path.to_owned()];
    candidates.iter().find_map(|candidate| {
        let file = proc::open_file(candidate)?;
        (file.metadata().ok()?.ino() == inode).then_some(file)
    })
}

/// Takes the unwind information out of the process' memory: of a deleted library that only root
/// could open, or of one on a file system that numbers its inodes differently (overlays).
fn from_memory(mapped: &MappedFile, path: &str) -> Binary {
    let gone = || {
        let reason =
            format!("{path} was deleted or replaced before it could be read; record as root to reach it");
        Binary::unreadable(path, reason)
    };
    let Some(memory) = image_in_memory(mapped) else { return gone() };
    let Ok(image) = ElfImage::parse(&memory[..]) else { return gone() };
    let build_id = identity::build_id(&memory[..]);
    // The same build id at the same path is the same binary, whatever its inode.
    for candidate in [proc::through_root(mapped.pid, Path::new(path)), PathBuf::from(path)] {
        if let Some(file) = proc::open_file(&candidate)
            && build_id.is_some()
            && identity::build_id(&file) == build_id
        {
            return Binary::from_file(path, file);
        }
    }
    let mut binary = Binary::new(path, Source::None, image, build_id);
    binary.missing = gone().missing;
    binary
}

/// Rebuilds the file's loaded segments from the process' memory, each at its offset in the file.
fn image_in_memory(mapped: &MappedFile) -> Option<Vec<u8>> {
    const LARGEST_IMAGE: u64 = 256 << 20;
    let maps = proc::maps(mapped.pid);
    let same = |map: &&MapLine| map.inode == mapped.inode && map.device == mapped.device;
    let mut bytes = Vec::new();
    for map in maps.iter().filter(same) {
        let length = map.end - map.start;
        let end = map.offset.checked_add(length).filter(|end| *end <= LARGEST_IMAGE)?;
        let end = usize::try_from(end).ok()?;
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        let start = usize::try_from(map.offset).ok()?;
        sys::read_process_memory(mapped.pid, map.start, &mut bytes[start..end]);
    }
    (bytes.len() > 64).then_some(bytes)
}

thread_local! {
    static VDSO: RefCell<Option<Arc<[u8]>>> = const { RefCell::new(None) };
}

/// The vdso of this kernel, read from our own memory: every 64-bit process has the same.
pub(crate) fn vdso() -> Binary {
    match VDSO.with_borrow_mut(|vdso| vdso.get_or_insert_with(|| read_vdso().into()).clone()) {
        bytes if bytes.is_empty() => Binary::unreadable("[vdso]", "this kernel has no vdso".into()),
        bytes => Binary::from_bytes("[vdso]", bytes),
    }
}

fn read_vdso() -> Vec<u8> {
    let pid = std::process::id() as i32;
    let Some(map) = proc::maps(pid).into_iter().find(|map| map.name == "[vdso]") else { return Vec::new() };
    let mut bytes = vec![0; (map.end - map.start) as usize];
    let read = sys::read_process_memory(pid, map.start, &mut bytes);
    bytes.truncate(read);
    bytes
}

/// The running kernel: its build id is known, its file is not needed (`/proc/kallsyms` names its code).
pub(crate) fn kernel() -> Binary {
    let mut binary = Binary::nameless(kernel::NAME);
    binary.build_id = fs::read("/sys/kernel/notes").ok().and_then(|notes| kernel_text::build_id(&notes));
    binary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vdso_can_be_unwound() {
        let vdso = vdso();
        assert!(vdso.can_be_unwound(), "{:?}", vdso.missing);
        assert!(vdso.build_id.is_some());
    }
}
