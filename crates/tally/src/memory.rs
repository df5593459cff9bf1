//! Memory that tables are made of: zeroes, taken from the system in large pages where there are some.
//!
//! Ten million lines are a gigabyte of which each line touches another place: with pages of 4 KiB every one would miss
//! the processor's table of pages, and the system would hand out a quarter of a million of them.

use std::io;

use memmap2::MmapMut;

/// From this size on, large pages are asked for.
pub(crate) const LARGE_PAGE: usize = 2 << 20;

/// Zeroes that can be changed.
pub(crate) fn zeroes(bytes: usize) -> io::Result<MmapMut> {
    let mut memory = untouched(bytes)?;
    touch(&mut memory, 0, bytes);
    Ok(memory)
}

/// The same, to be [touched](touch) before they are read. Those that never are take no memory.
pub(crate) fn untouched(bytes: usize) -> io::Result<MmapMut> {
    let memory = MmapMut::map_anon(bytes)?;
    #[cfg(target_os = "linux")]
    if bytes >= LARGE_PAGE {
        // A system without them gives small ones.
        let _ = memory.advise(memmap2::Advice::HugePage);
    }
    Ok(memory)
}

/// Takes the large pages between two places from the system. What is read first would be a page of zeroes that all
/// share, and replaced when it is written to.
pub(crate) fn touch(zeroes: &mut MmapMut, from: usize, to: usize) {
    if cfg!(target_os = "linux") && zeroes.len() >= LARGE_PAGE {
        let to = to.min(zeroes.len());
        (from.next_multiple_of(LARGE_PAGE)..to).step_by(LARGE_PAGE).for_each(|at| zeroes[at] = 0);
    }
}

/// Room for so many things, in large pages if it is large.
pub(crate) fn room<T>(count: usize) -> Vec<T> {
    let room: Vec<T> = Vec::with_capacity(count);
    #[cfg(target_os = "linux")]
    if count * size_of::<T>() >= LARGE_PAGE {
        const PAGE: usize = 4096;
        let start = room.as_ptr().addr().next_multiple_of(PAGE);
        let size = count * size_of::<T>() - PAGE;
        // SAFETY: the pages are within the room, and what is asked for changes nothing of what is in them.
        // A system without large ones gives small ones.
        let _ = unsafe { libc::madvise(start as *mut libc::c_void, size, libc::MADV_HUGEPAGE) };
    }
    room
}

/// Begins to bring what is at an address near; does nothing where that cannot be asked for.
#[inline]
pub(crate) fn prefetch(memory: &[u8], at: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(byte) = memory.get(at) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is that of a byte of the slice, and a prefetch changes nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(byte).cast()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (memory, at);
}
