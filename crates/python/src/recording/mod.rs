//! The recorder, where there is one. Elsewhere the same names say that there is none.
//!
//! This is the one place that knows where recording is possible (and `Cargo.toml`, which leaves the
//! recorder out there). Without the feature `recording` every machine is "elsewhere", so that this
//! side can be compiled and tested on any.

#[cfg(all(feature = "recording", target_os = "linux", target_arch = "x86_64"))]
#[path = "here.rs"]
mod recorder;

#[cfg(not(all(feature = "recording", target_os = "linux", target_arch = "x86_64")))]
#[path = "elsewhere.rs"]
mod recorder;

pub use recorder::{Recording, Signals, finish, probe_events, record, require_recording, stat, stat_running};

/// Event, metric, unit, value, times enabled and running, and why there is no value or what it leaves out.
type Total = (String, String, &'static str, Option<i64>, (i64, i64), Option<String>);

/// Totals; wall, user and system time; peak memory; exit status; whether it was told to end.
type Counted = (Vec<Total>, (i64, i64, i64), Option<i64>, i32, bool);

/// Pid; totals; user and system time, if it still runs; peak memory.
type Watched = (i32, Vec<Total>, Option<(i64, i64)>, Option<i64>);

/// Of each process; length in nanoseconds; whether it is shorter than it should be.
type Interval = (Vec<Watched>, i64, bool);
