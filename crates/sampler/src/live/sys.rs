//! The system calls of perf events, with typed errors and owned descriptors.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use perf_event_open_sys as perf;
pub(crate) use perf_event_open_sys::bindings::perf_event_attr;

/// Opens one event for one task on one CPU.
pub(crate) fn perf_event_open(attr: &perf_event_attr, pid: i32, cpu: i32) -> io::Result<OwnedFd> {
    perf_event_open_in(attr, pid, cpu, -1)
}

/// The same, in the group of the event `leader`, or in one of its own if that is -1.
pub(crate) fn perf_event_open_in(
    attr: &perf_event_attr,
    pid: i32,
    cpu: i32,
    leader: i32,
) -> io::Result<OwnedFd> {
    let mut attr = *attr;
    // SAFETY: `attr` is a valid attribute with its size set; the kernel only reads it (and writes `size` on E2BIG).
    let fd = unsafe {
        perf::perf_event_open(&mut attr, pid, cpu, leader, perf::bindings::PERF_FLAG_FD_CLOEXEC as _)
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Starts counting.
pub(crate) fn enable(event: &OwnedFd) -> io::Result<()> {
    // SAFETY: the descriptor is an open perf event.
    check(unsafe { perf::ioctls::ENABLE(event.as_raw_fd(), 0) })
}

/// Stops counting.
pub(crate) fn disable(event: &OwnedFd) -> io::Result<()> {
    // SAFETY: the descriptor is an open perf event.
    check(unsafe { perf::ioctls::DISABLE(event.as_raw_fd(), 0) })
}

/// Lets `event` write into the ring of `owner`. Both must be on the same CPU.
pub(crate) fn share_ring(event: &OwnedFd, owner: &OwnedFd) -> io::Result<()> {
    // SAFETY: both descriptors are open perf events.
    check(unsafe { perf::ioctls::SET_OUTPUT(event.as_raw_fd(), owner.as_raw_fd()) })
}

/// The kernel's id of the event, which its samples carry.
pub(crate) fn event_id(event: &OwnedFd) -> io::Result<u64> {
    let mut id = 0u64;
    // SAFETY: the descriptor is an open perf event and `id` outlives the call.
    check(unsafe { perf::ioctls::ID(event.as_raw_fd(), &mut id) })?;
    Ok(id)
}

/// What an event counted: `value`, time enabled, time running, records lost (0 where the kernel does not say).
pub(crate) fn read_counter(event: &OwnedFd) -> io::Result<[u64; 4]> {
    let mut words = [0u64; 4];
    // SAFETY: the buffer is 32 bytes, valid for writes.
    let read = unsafe { libc::read(event.as_raw_fd(), words.as_mut_ptr().cast(), 32) };
    if read < 24 {
        return Err(io::Error::last_os_error());
    }
    Ok(words)
}

/// Reads from another process' memory; short reads are fine, the number of bytes is returned.
pub(crate) fn read_process_memory(pid: i32, address: u64, into: &mut [u8]) -> usize {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: into.len() };
    // SAFETY: the local buffer is valid for writes; the kernel checks the remote one.
    let read = unsafe { libc::process_vm_readv(pid, &local, 1, &remote, 1, 0) };
    usize::try_from(read).unwrap_or(0)
}

/// Whether a thread has not ended yet.
pub(crate) fn thread_lives(pid: i32, tid: i32) -> bool {
    // SAFETY: plain system call without pointers; signal 0 is never delivered.
    let asked = unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, 0) };
    asked == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

/// Whether we may read another process' memory: the kernel looks at permission before it looks at
/// the address, so that an address where nothing can be tells.
pub(crate) fn may_read_memory(pid: i32) -> bool {
    let mut byte = [0];
    let read = read_process_memory(pid, 1, &mut byte);
    read > 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT)
}

/// A descriptor that becomes readable when the process ends.
pub(crate) fn pidfd(pid: i32) -> io::Result<File> {
    // SAFETY: plain system call without pointers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just given us this descriptor.
    Ok(unsafe { File::from_raw_fd(fd as i32) })
}

/// The page size of this machine.
pub(crate) fn page_size() -> usize {
    // SAFETY: no arguments that could be invalid.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// How often the clock ticks that `/proc` tells times in.
pub(crate) fn ticks_per_second() -> i64 {
    // SAFETY: no arguments that could be invalid.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1)
}

/// Raises the soft limit of open files to the hard one; returns the new limit.
pub(crate) fn raise_file_limit() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for reads and writes.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return 1024;
        }
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
    limit.rlim_cur
}

/// Lets the calling thread run before others until dropped, if this user may: a recorder that waits
/// for its turn on a busy machine loses samples.
pub(crate) struct Priority {
    before: libc::c_int,
}

impl Priority {
    /// What the recorder asks for; it needs little time, but needs it soon.
    const URGENT: libc::c_int = -15;

    pub(crate) fn raise() -> Self {
        // SAFETY: plain system calls without pointers; on Linux, 0 means the calling thread.
        unsafe {
            let before = libc::getpriority(libc::PRIO_PROCESS, 0);
            libc::setpriority(libc::PRIO_PROCESS, 0, Self::URGENT.min(before));
            Self { before }
        }
    }
}

impl Drop for Priority {
    fn drop(&mut self) {
        // SAFETY: as in `raise`; lowering one's own priority is always allowed.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, self.before) };
    }
}

/// CPU time of the calling thread, nanoseconds.
pub(crate) fn thread_cpu_time() -> i64 {
    let usage = usage(libc::RUSAGE_THREAD);
    timeval_nanoseconds(usage.ru_utime) + timeval_nanoseconds(usage.ru_stime)
}

/// Peak resident memory of this process, bytes.
pub(crate) fn peak_memory() -> i64 {
    usage(libc::RUSAGE_SELF).ru_maxrss * 1024
}

pub(crate) fn timeval_nanoseconds(time: libc::timeval) -> i64 {
    time.tv_sec * 1_000_000_000 + time.tv_usec * 1_000
}

fn usage(who: libc::c_int) -> libc::rusage {
    // SAFETY: all-zero is a valid rusage, and it is valid for writes.
    unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(who, &mut usage);
        usage
    }
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_memory_may_be_read_and_that_of_nobody_not() {
        assert!(may_read_memory(std::process::id() as i32));
        assert!(!may_read_memory(i32::MAX));
    }

    #[test]
    fn a_thread_lives_until_it_ends() {
        let pid = std::process::id() as i32;
        let (tell, told) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            // SAFETY: plain system call without pointers.
            tell.send(unsafe { libc::gettid() }).unwrap();
            let _ = ended.recv();
        });
        let tid = told.recv().unwrap();
        assert!(thread_lives(pid, tid));
        drop(end);
        thread.join().unwrap();
        // The kernel wakes the one who joins a little before the thread is gone.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while thread_lives(pid, tid) {
            assert!(std::time::Instant::now() < deadline);
            std::thread::yield_now();
        }
    }
}
