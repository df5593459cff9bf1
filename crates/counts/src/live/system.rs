//! What the standard library does not have: mappings, space on the disk, threads' ids, forks.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::ptr;

/// Maps `length` bytes of a file from `offset` on, to be seen by whoever reads the file.
///
/// # Errors
/// That of the system.
pub fn map(file: &File, offset: u64, length: usize) -> io::Result<*mut u8> {
    let offset = libc::off_t::try_from(offset).map_err(io::Error::other)?;
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping, at an address that the kernel chooses.
    let at =
        unsafe { libc::mmap(ptr::null_mut(), length, access, libc::MAP_SHARED, file.as_raw_fd(), offset) };
    if at == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(at.cast()) }
}

/// Takes a mapping back.
///
/// # Safety
/// `at` and `length` are those of [`map`], and nothing refers to it any more.
pub unsafe fn unmap(at: *mut u8, length: usize) {
    // SAFETY: as the caller says.
    unsafe { libc::munmap(at.cast(), length) };
}

/// Makes a file larger, with space on the disk where that can be had: writing into a mapping without is a fault.
///
/// # Errors
/// That of the system: the disk is full.
pub fn grow(file: &File, from: u64, to: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let (at, length) = (from as libc::off_t, (to - from) as libc::off_t);
        // SAFETY: only numbers are given.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), at, length) } {
            0 => return Ok(()),
            // A file system that cannot do it.
            libc::EOPNOTSUPP | libc::EINVAL | libc::ENOSYS => {}
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = from;
    file.set_len(to)
}

/// The kernel's id of this thread.
pub fn thread_id() -> u32 {
    #[cfg(target_os = "linux")]
    // SAFETY: it takes nothing and cannot fail.
    let id = unsafe { libc::gettid() }.cast_unsigned();
    #[cfg(target_os = "macos")]
    let id = {
        let mut id = 0;
        // SAFETY: 0 is the calling thread; the id is written to a place of ours.
        unsafe { libc::pthread_threadid_np(0, &raw mut id) };
        id as u32
    };
    id
}

/// Whether the program has more rights than who started it, so that the environment is not to be trusted.
pub fn is_privileged() -> bool {
    #[cfg(target_os = "linux")]
    // SAFETY: it only reads what the kernel left.
    let privileged = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    #[cfg(target_os = "macos")]
    // SAFETY: these take nothing and cannot fail.
    let privileged = unsafe { libc::getuid() != libc::geteuid() || libc::getgid() != libc::getegid() };
    privileged
}

/// The name in a file of `/proc`; zeros where there is none.
pub fn name(path: &str) -> [u8; 16] {
    let mut name = [0; 16];
    let length = File::open(path).and_then(|mut file| file.read(&mut name)).unwrap_or(0);
    if let Some(end) = name[..length].iter().position(|byte| *byte == b'\n') {
        name[end] = 0;
    }
    name
}

/// Calls `child` in the child of every fork.
pub fn on_fork(child: unsafe extern "C" fn()) {
    // SAFETY: the function lives as long as this code: the C library forgets the handlers of what it unloads.
    unsafe { libc::pthread_atfork(None, None, Some(child)) };
}
