//! `meta.json`: what the profile is of, and how far to trust it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The contents of `meta.json`. Unknown fields of newer minor versions are kept in `extra`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// [`crate::schema::SCHEMA_VERSION`] of the writer.
    pub schema_version: i64,
    /// The program and version that wrote the file: `pyrometer 0.1.0`.
    pub creator: String,
    /// Which instrument: `record`, later `heap`, `instructions` …
    pub instrument: String,
    /// The format of the file that it was read from; empty if it was recorded by us.
    pub source: String,
    /// The command that was profiled, or empty when attached.
    pub command: Vec<String>,
    /// Its working directory.
    pub directory: String,
    /// Process ids attached to.
    pub attached: Vec<i32>,
    /// Wall clock of the start, nanoseconds since 1970 (UTC).
    pub start_wall: i64,
    /// `CLOCK_MONOTONIC` of the start, nanoseconds: the same moment as `start_wall`.
    pub start: i64,
    /// Length of the recording, nanoseconds.
    pub duration: i64,
    /// CPU time of the profiled program (user and system, all its processes), nanoseconds; null if not measured.
    pub cpu_time: Option<i64>,
    /// Requested samples a second; 0 if not sampled.
    pub rate: i64,
    /// How the program ended: exit status, or minus the signal; null if it still ran.
    pub exit_status: Option<i32>,
    /// The machine.
    pub host: Host,
    /// What was lost.
    pub quality: Quality,
    /// The recorder's own cost.
    pub recorder: Recorder,
    /// Sentences the user should read: fallbacks taken, what is missing, how to get it.
    pub notes: Vec<String>,
    /// Those of `notes` that looking names up has made: they go when names are looked up again.
    pub symbol_notes: Vec<String>,
    /// False when the recorder did not reach its end (killed, disk full).
    pub complete: bool,
    /// Fields this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// The machine a profile was recorded on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Host {
    /// Kernel release.
    pub kernel: String,
    /// CPU model.
    pub cpu_model: String,
    /// CPUs online.
    pub cpus: i32,
    /// `x86_64`, `aarch64`.
    pub architecture: String,
    /// Boot id: kernel addresses mean the same only within one boot.
    pub boot_id: String,
}

/// Counts of what is not in the profile, or not whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// Samples kept.
    pub samples: i64,
    /// Samples the kernel could not deliver (ring full).
    pub lost: i64,
    /// Other records lost (mappings, forks …).
    pub lost_records: i64,
    /// How often the kernel throttled an event, and for how long in nanoseconds.
    pub throttled: i64,
    /// Nanoseconds spent throttled, summed over CPUs.
    pub throttled_time: i64,
    /// Samples whose stack does not reach the root.
    pub truncated: i64,
    /// Samples whose root part was taken from elsewhere (frame pointers, an earlier stack of the thread).
    pub spliced: i64,
    /// Samples with frames left out in the middle of a deep recursion.
    pub elided: i64,
    /// Frames left out in them, in all.
    pub elided_frames: i64,
    /// Samples without a user stack: taken inside `execve`, or of a task that has no program.
    pub stackless: i64,
    /// Samples whose leaf has no function name. Set by symbolization.
    pub unsymbolized: i64,
}

/// What recording cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recorder {
    /// CPU time of the recorder while recording, nanoseconds.
    pub cpu_time: i64,
    /// Peak resident memory of the recorder, bytes.
    pub peak_memory: i64,
    /// Bytes of all ring buffers.
    pub ring_bytes: i64,
    /// Stack bytes copied with each sample.
    pub stack_copy: i64,
    /// Nanoseconds from the program's end to the finished file; 0 if not measured.
    pub finish_time: i64,
}
