//! A thread's file: records, one after the other, in segments that are mapped as they are needed.
//!
//! The file is open only while it grows: a descriptor that is kept could be closed by the program, and be another
//! file's when it is used again. No mapping ever moves, so that records can be pointed at.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::SystemTime;

use super::layout::{ALIGNMENT, Entry, Header, MAGIC, Record, VERSION, write_filler};
use super::system;

/// Bytes of the first segment: a multiple of every page size.
const FIRST: usize = 64 << 10;
/// Each segment is twice as large as the one before, up to this.
const LARGEST: usize = 16 << 20;

/// The file that a thread counts in. Dropped, it is cut to what was used.
pub struct CountFile {
    path: PathBuf,
    pid: u32,
    segments: Vec<(*mut u8, usize)>,
    /// Where the next record goes, in the last segment, and the bytes from there to its end.
    at: *mut u8,
    room: usize,
    /// Bytes of the file.
    end: u64,
    /// Whether it cannot grow any more.
    is_full: bool,
}

impl CountFile {
    /// A new file in `folder`, for the calling thread.
    ///
    /// # Errors
    /// That of the system.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let pid = std::process::id();
        let (path, mut file) = create_new(folder, pid)?;
        // In one write, so that the file is empty or has all of it.
        file.write_all(&header(pid))?;
        let mut new =
            Self { path, pid, segments: Vec::new(), at: ptr::null_mut(), room: 0, end: 0, is_full: false };
        new.add_segment(&file, FIRST)?;
        new.take(size_of::<Header>());
        Ok(new)
    }

    /// The process that made it.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Adds a record. None if there is no room, and none to be had.
    pub fn append(&mut self, entry: &Entry<'_>) -> Option<*const Record> {
        let size = entry.size()?;
        if self.room < size as usize {
            self.grow(size as usize)?;
        }
        let at = self.take(size as usize);
        // SAFETY: the room is mapped, aligned as all sizes are multiples of it, and was never written to.
        unsafe { entry.write(at, size) };
        Some(at.cast())
    }

    /// Says that events were lost.
    pub fn lose(&self, events: u64) {
        if let Some((first, _)) = self.segments.first() {
            // SAFETY: the first segment begins with the header, and is mapped as long as `self` is there.
            let lost: &AtomicU64 = unsafe { &(*first.cast::<Header>()).lost };
            lost.store(lost.load(Relaxed).wrapping_add(events), Relaxed);
        }
    }

    fn take(&mut self, bytes: usize) -> *mut u8 {
        let at = self.at;
        self.at = at.wrapping_add(bytes);
        self.room -= bytes;
        at
    }

    fn grow(&mut self, least: usize) -> Option<()> {
        if self.is_full {
            return None;
        }
        let last = self.segments.last().map_or(FIRST, |(_, length)| *length);
        let length = (last * 2).min(LARGEST).max(least.next_multiple_of(FIRST));
        let (left, room) = (self.at, self.room);
        let grown = self.open().and_then(|file| self.add_segment(&file, length));
        self.is_full = grown.is_err();
        grown.ok()?;
        if room >= ALIGNMENT {
            // SAFETY: that is what was left of the segment before, at most `LARGEST` bytes or one record.
            unsafe { write_filler(left, room as u32) };
        }
        Some(())
    }

    fn open(&self) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).open(&self.path)
    }

    fn add_segment(&mut self, file: &File, length: usize) -> io::Result<()> {
        let end = self.end + length as u64;
        system::grow(file, self.end, end)?;
        let at = system::map(file, self.end, length)?;
        self.segments.push((at, length));
        (self.at, self.room, self.end) = (at, length, end);
        Ok(())
    }
}

impl Drop for CountFile {
    fn drop(&mut self) {
        for (at, length) in self.segments.drain(..) {
            // SAFETY: mapped by `add_segment`; the records go with the thread's table that pointed at them.
            unsafe { system::unmap(at, length) };
        }
        // If it fails the file is longer than need be, and says where it ends as it did before.
        let _ = self.open().and_then(|file| file.set_len(self.end - self.room as u64));
    }
}

/// A file that was not there. Another copy of this crate, or the program that was executed before, may have had the
/// same ids.
fn create_new(folder: &Path, pid: u32) -> io::Result<(PathBuf, File)> {
    let tid = system::thread_id();
    for number in 0.. {
        let path = folder.join(format!("{pid}.{tid}.{number}.counts"));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    unreachable!("the numbers have no end")
}

fn header(pid: u32) -> [u8; size_of::<Header>()] {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let header = Header {
        magic: MAGIC,
        version: VERSION,
        size: size_of::<Header>() as u32,
        pid,
        tid: system::thread_id(),
        start: since.as_nanos() as u64,
        lost: AtomicU64::new(0),
        program: system::name("/proc/self/comm"),
        thread: system::name("/proc/thread-self/comm"),
    };
    // SAFETY: the header has no padding, and every byte pattern is bytes.
    unsafe { std::mem::transmute(header) }
}
