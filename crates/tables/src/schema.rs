//! The rows of the Profile: one struct a table, one field a column.
//!
//! Constraints:
//! - only types every engine reads: int32, int64, double, utf8, boolean, list;
//! - ids are row numbers: `functions[frame.function]` is a plain index;
//! - `stacks` is ordered: a node's parent always stands before it, so one pass from the front
//!   (or the back) visits parents before children (or after them), and cycles cannot exist;
//! - times are nanoseconds of `CLOCK_MONOTONIC`; the wall clock of the start is in [`crate::meta::Meta`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::frame_kind::FrameKind;

/// The version of the tables and of `meta.json`. Readers upgrade older ones and refuse newer ones.
pub const SCHEMA_VERSION: i64 = 1;

/// Something measured: every sample belongs to one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Name in the field's words: `cpu-time`, `cycles`, `page-faults`.
    pub name: String,
    /// Unit of `samples.value`: `ns`, `bytes` or `count`.
    pub unit: String,
    /// `sampled` (has a confidence interval) or `exact`.
    pub kind: String,
    /// Requested distance between two samples in `unit`; 0 if the metric is exact or the kernel adapts it.
    pub period: i64,
    /// One sentence for a person.
    pub description: String,
    /// Time the event was meant to count, over all CPUs; null if not measured.
    pub time_enabled: Option<i64>,
    /// Time it really counted: less than `time_enabled` when the kernel multiplexed it.
    pub time_running: Option<i64>,
}

/// One program in one process: `exec` starts another row with the same pid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// The process id as the recorder saw it.
    pub pid: i32,
    /// The kernel's short name (`comm`).
    pub name: String,
    /// Arguments joined by spaces, empty if they could not be read.
    pub command_line: String,
    /// Row of the process that forked it, if that one was recorded.
    pub parent: Option<i32>,
    /// First moment known, nanoseconds.
    pub start: i64,
    /// Exit, or null if it outlived the recording.
    pub end: Option<i64>,
}

/// One thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Row in `processes`.
    pub process: i32,
    /// The thread id as the recorder saw it.
    pub tid: i32,
    /// The kernel's short name (`comm`).
    pub name: String,
    /// First moment known, nanoseconds.
    pub start: i64,
    /// Exit, or null if it outlived the recording.
    pub end: Option<i64>,
}

/// An ELF object, the kernel, the vdso or the JIT code of a process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Binary {
    /// Path as the profiled process saw it, or `[kernel]`, `[vdso]`, `[jit]`.
    pub path: String,
    /// GNU build id in lower-case hex; without one `fallback-` and a hash of the contents; null if unknown.
    pub build_id: Option<String>,
    /// Where names come from: `dwarf`, `symtab`, `dynsym`, `kallsyms`, `perf-map`, `jitdump`, `none`; empty before symbolization.
    pub symbols_from: String,
    /// What is missing and how to get it, in one sentence; null if nothing is.
    pub missing: Option<String>,
}

/// One function, of one binary.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Function {
    /// Demangled, without a hash.
    pub name: String,
    /// As the linker knows it.
    pub linkage_name: String,
    /// Row in `binaries`; null for names that belong to none (`[truncated stack]`).
    pub binary: Option<i32>,
    /// File of its definition, if the debug info says.
    pub file: Option<Arc<str>>,
    /// Line of its definition.
    pub line: Option<i32>,
    /// Crate (Rust) or outermost namespace (C++), if the name has one.
    pub namespace: Option<String>,
    /// Demangled names of other functions that the linker folded into the same code.
    pub aliases: Vec<String>,
}

/// One place in code. An address with two inlined calls has three frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// Row in `functions`; null before symbolization.
    pub function: Option<i32>,
    /// File of the code, as written (inlined code: where it was written).
    pub file: Option<Arc<str>>,
    /// Line, from 1; null where the compiler says none (line 0 of DWARF).
    pub line: Option<i32>,
    /// Column, from 1; null if unknown.
    pub column: Option<i32>,
    /// Address in its binary as the binary numbers it (SVMA); for a caller, one less than the
    /// return address, so that it lies inside the call. Null for frames that are no code.
    pub address: Option<i64>,
    /// Row in `binaries`; null where the address is in no known mapping.
    pub binary: Option<i32>,
    /// True if the compiler inlined this function into the frame below it (nearer the root).
    pub inlined: bool,
    /// `native`, `kernel`, `jit`, or `unknown` (address in no binary, or a marker such as `[truncated stack]`).
    pub kind: FrameKind,
}

/// A node of the calling-context tree; a stack is the path from it to the root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stack {
    /// Row of the caller's node, always smaller than this row; null at the root.
    pub parent: Option<i32>,
    /// Row in `frames`.
    pub frame: i32,
}

/// A weighted observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Row in `stacks` (the leaf).
    pub stack: i32,
    /// Row in `threads`.
    pub thread: i32,
    /// Nanoseconds, or null if aggregated.
    pub time: Option<i64>,
    /// CPU number, or null.
    pub cpu: Option<i32>,
    /// Row in `metrics`.
    pub metric: i32,
    /// What it stands for, in the metric's unit (a sampled metric: its period).
    pub value: i64,
    /// How many observations it is (1, unless aggregated).
    pub count: i64,
}

/// An edge of a call graph that has no stacks (Callgrind).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Row in `functions`.
    pub caller: i32,
    /// Row in `functions`.
    pub callee: i32,
    /// Line of the call in the caller.
    pub line: Option<i32>,
    /// How often.
    pub count: i64,
    /// Row in `metrics`.
    pub metric: i32,
    /// Cost of the callee and all below it through this edge.
    pub inclusive: i64,
}

/// A point of a time series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counter {
    /// Name of the series.
    pub name: String,
    /// Nanoseconds.
    pub time: i64,
    /// Row in `threads`, or null if it belongs to none.
    pub thread: Option<i32>,
    /// The value then.
    pub value: f64,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What: `lost`, `throttled`, `exec` …
    pub name: String,
    /// Nanoseconds.
    pub time: i64,
    /// Nanoseconds, 0 for an instant.
    pub duration: i64,
    /// Row in `threads`, or null.
    pub thread: Option<i32>,
    /// Row in `stacks`, or null.
    pub stack: Option<i32>,
    /// Details as a JSON object.
    pub payload: String,
}

/// One causal experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// The line or function that was virtually sped up.
    pub selected: String,
    /// 0 to 1.
    pub speedup: f64,
    /// Name of the progress point.
    pub progress_point: String,
    /// How often it was reached.
    pub visits: i64,
    /// Nanoseconds, with inserted delays taken off.
    pub duration: i64,
}

/// Every table but `samples`, which is streamed: it may have millions of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// Table `metrics`.
    pub metrics: Vec<Metric>,
    /// Table `processes`.
    pub processes: Vec<Process>,
    /// Table `threads`.
    pub threads: Vec<Thread>,
    /// Table `binaries`.
    pub binaries: Vec<Binary>,
    /// Table `functions`.
    pub functions: Vec<Function>,
    /// Table `frames`.
    pub frames: Vec<Frame>,
    /// Table `stacks`.
    pub stacks: Vec<Stack>,
    /// Table `calls`.
    pub calls: Vec<Call>,
    /// Table `counters`.
    pub counters: Vec<Counter>,
    /// Table `events`.
    pub events: Vec<Event>,
    /// Table `experiments`.
    pub experiments: Vec<Experiment>,
}
