//! What the example programs share: the thread's CPU clock, a way to burn CPU in a function's own body, and the report
//! that each program prints at exit.
//!
//! # Constraints
//! * The burning loop must belong to the function that is named in the report, not to a helper: [`spin!`] is a macro, and
//!   its loop uses only primitive operators, so that no inlined frame of `core` becomes the leaf.
//! * The clock is read once in about 200 µs: it is a system call for this clock, and would otherwise be a share of its own.
//!
//! # Example
//! ```
//! let spent = pyrometer_examples::spin!(2_000_000);
//! assert!(spent >= 2_000_000);
//! ```

pub mod clock;
pub mod report;

/// Iterations of the loop in [`spin!`] between two looks at the clock.
pub const CHUNK: u32 = 100_000;

/// Burns the given number of nanoseconds of this thread's CPU time in the calling function's own body, and evaluates to
/// the nanoseconds that it really took.
#[macro_export]
macro_rules! spin {
    ($nanoseconds:expr) => {{
        let target: u64 = $nanoseconds;
        let start = $crate::clock::thread_cpu_ns();
        // Another seed in every place: functions with the same body would be merged into one by the compiler.
        let mut state = start | u64::from(line!());
        let mut spent = 0;
        while spent < target {
            let mut step = 0;
            while step < $crate::CHUNK {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                step += 1;
            }
            // The result must be used, or the loop is dead code.
            ::core::hint::black_box(state);
            spent = $crate::clock::thread_cpu_ns() - start;
        }
        spent
    }};
}
