//! The two clocks of a recording: monotonic for events, wall for people.

use libc::{CLOCK_MONOTONIC, CLOCK_REALTIME, clockid_t, timespec};

fn read(clock: clockid_t) -> i64 {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec for the duration of the call.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// Nanoseconds of `CLOCK_MONOTONIC`, the clock that the perf events are stamped with.
pub(crate) fn monotonic() -> i64 {
    read(CLOCK_MONOTONIC)
}

/// The same moment on both clocks: `(monotonic, wall)` in nanoseconds.
///
/// The wall clock is read between two monotonic ones, so the pair is off by half of their distance at most.
pub(crate) fn pair() -> (i64, i64) {
    let before = monotonic();
    let wall = read(CLOCK_REALTIME);
    let after = monotonic();
    (before + (after - before) / 2, wall)
}
