//! Recording: perf events and rings of the kernel, and the processes while they live. Linux on x86-64.

mod attr;
mod clock;
pub mod error;
pub mod event;
mod files;
mod groups;
mod host;
mod launch;
mod machine;
mod memory;
mod merge;
mod permission;
mod poll;
mod probe;
mod proc;
mod recorder;
mod recording;
mod ring;
mod signals;
mod stat;
pub(crate) mod sys;
mod world;

pub use error::{Error, Result};
pub(crate) use files::vdso;
pub use launch::{Child, Exit};
pub use probe::probe;
pub use proc::Accounts;
pub use recorder::{Config, Target, record};
pub use recording::Recording;
pub use signals::{Signal, Signals};
pub use stat::{Interval, Run, RunningConfig, StatConfig, Total, Watched, stat, stat_running};
