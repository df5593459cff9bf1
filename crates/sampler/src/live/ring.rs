//! One CPU's ring buffer, shared with the kernel, read in place.
//!
//! The kernel writes at `data_head`, we read at `data_tail`; both only grow. Bytes between them are
//! ours until `data_tail` is advanced (`linux/perf_event.h`, `struct perf_event_mmap_page`).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use perf_event_open_sys::bindings::perf_event_mmap_page;

use crate::live::sys;
use crate::record;

/// A mapped ring buffer.
pub(crate) struct Ring {
    page: *mut perf_event_mmap_page,
    mapped: usize,
    data: *const u8,
    size: u64,
    /// Read position; the kernel learns it by [`Ring::release`].
    tail: u64,
    /// End of what was visible at the last [`Ring::refresh`].
    head: u64,
    /// For records that run over the end of the buffer.
    scratch: Vec<u8>,
}

impl Ring {
    /// Maps the ring of `event` with `bytes` of data, a power of two times the page size.
    pub(crate) fn map(event: &OwnedFd, bytes: usize) -> io::Result<Self> {
        let mapped = bytes + sys::page_size();
        // SAFETY: a fresh shared mapping at an address of the kernel's choice.
        let page = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                mapped,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                event.as_raw_fd(),
                0,
            )
        };
        if page == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the data begins one page after the control page, inside the mapping.
        let data = unsafe { page.cast::<u8>().add(sys::page_size()) };
        Ok(Self {
            page: page.cast(),
            mapped,
            data,
            size: bytes as u64,
            tail: 0,
            head: 0,
            scratch: Vec::new(),
        })
    }

    /// Bytes of data that the ring holds.
    pub(crate) fn capacity(&self) -> usize {
        self.size as usize
    }

    /// Looks how far the kernel has written.
    pub(crate) fn refresh(&mut self) {
        // SAFETY: the control page stays mapped as long as `self`; both sides access the word atomically.
        let head = unsafe { AtomicU64::from_ptr(&raw mut (*self.page).data_head) };
        self.head = head.load(Ordering::Acquire);
    }

    /// Bytes that wait to be read.
    pub(crate) fn waiting(&self) -> u64 {
        self.head - self.tail
    }

    /// The next whole record; it stays valid until the ring is touched again.
    pub(crate) fn peek(&mut self) -> Option<&[u8]> {
        let waiting = self.waiting();
        if waiting < record::HEADER as u64 {
            return None;
        }
        // Records are aligned to 8 bytes, so a header never runs over the end.
        let size = record::size(self.contiguous(record::HEADER)?)?;
        if size as u64 > waiting {
            return None;
        }
        if self.contiguous(size).is_none() {
            self.gather(size);
            return Some(&self.scratch[..size]);
        }
        self.contiguous(size)
    }

    /// Goes on to the record behind the one of `size` bytes.
    pub(crate) fn advance(&mut self, size: usize) {
        self.tail += size as u64;
    }

    /// Gives everything read so far back to the kernel.
    pub(crate) fn release(&self) {
        // SAFETY: as in `refresh`; we are the only reader.
        let tail = unsafe { AtomicU64::from_ptr(&raw mut (*self.page).data_tail) };
        tail.store(self.tail, Ordering::Release);
    }

    /// Drops everything up to what the kernel has written: for a ring whose contents make no sense.
    pub(crate) fn discard(&mut self) {
        self.tail = self.head;
        self.release();
    }

    fn contiguous(&self, length: usize) -> Option<&[u8]> {
        let start = self.tail & (self.size - 1);
        if start + length as u64 > self.size {
            return None;
        }
        // SAFETY: the range lies inside the mapping, between tail and head, where the kernel does not write.
        Some(unsafe { std::slice::from_raw_parts(self.data.add(start as usize), length) })
    }

    fn gather(&mut self, length: usize) {
        let start = self.tail & (self.size - 1);
        let first = (self.size - start) as usize;
        self.scratch.clear();
        // SAFETY: both ranges lie inside the mapping, between tail and head.
        unsafe {
            self.scratch.extend_from_slice(std::slice::from_raw_parts(self.data.add(start as usize), first));
            self.scratch.extend_from_slice(std::slice::from_raw_parts(self.data, length - first));
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `map` made; nothing borrows from it any more.
        unsafe { libc::munmap(self.page.cast(), self.mapped) };
    }
}
