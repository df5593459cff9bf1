//! The CPU clock of the calling thread, in nanoseconds.

use std::ffi::{c_int, c_long};

/// `struct timespec` of a 64-bit Linux.
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: c_long,
}

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut Timespec) -> c_int;
}

/// `CLOCK_THREAD_CPUTIME_ID` of `linux/time.h`.
const THREAD_CPU: c_int = 3;

/// CPU time of the calling thread, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    let mut time = Timespec { seconds: 0, nanoseconds: 0 };
    // SAFETY: `time` is a valid, writable `struct timespec`.
    let failed = unsafe { clock_gettime(THREAD_CPU, &mut time) };
    assert_eq!(failed, 0, "every Linux has CLOCK_THREAD_CPUTIME_ID");
    time.seconds as u64 * 1_000_000_000 + time.nanoseconds as u64
}
