//! The JSON: its fields are described at the end of `dh_main.c` in Valgrind's source.

use serde::{Deserialize, Serialize};

/// A file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) dhat_file_version: u64,
    /// `heap`, `copy`, `ad-hoc`; of dhat-rs `rust-heap`, `rust-ad-hoc`.
    pub(super) mode: String,
    /// Whether the points have lifetimes.
    pub(super) bklt: bool,
    /// Whether they have accesses.
    pub(super) bkacc: bool,
    /// Only in files of ours.
    pub(super) creator: Option<String>,
    #[serde(default)]
    pub(super) cmd: String,
    #[serde(default)]
    pub(super) pid: i32,
    pub(super) pps: Vec<Point>,
    pub(super) ftbl: Vec<String>,
    /// Where the code of binaries began, in this order, how far they were from their own addresses, and their paths.
    /// Only in files of our runs, for Valgrind names no binary where it knows a line.
    #[serde(default)]
    pub(super) modules: Vec<(u64, i64, String)>,
    #[serde(flatten)]
    pub(super) about: About,
}

/// What is kept of a file for those who write it again.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct About {
    /// The units, where they are not byte, bytes and blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bsu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bksu: Option<String>,
    /// The unit of time, and of a million of it.
    #[serde(default)]
    pub(crate) tu: String,
    #[serde(default, rename = "Mtu")]
    pub(crate) mtu: String,
    /// Lifetimes up to here are short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tuth: Option<u64>,
    /// When the program ended.
    #[serde(default)]
    pub(crate) te: u64,
    /// When most bytes were live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tg: Option<u64>,
}

/// A program point: a stack, and what was allocated there.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Point {
    /// Bytes and blocks in all.
    pub(super) tb: i64,
    pub(super) tbk: i64,
    /// Sum of the lifetimes.
    pub(super) tl: Option<i64>,
    /// At the maximum of this point.
    pub(super) mb: Option<i64>,
    pub(super) mbk: Option<i64>,
    /// At the global maximum.
    pub(super) gb: Option<i64>,
    pub(super) gbk: Option<i64>,
    /// At the end.
    pub(super) eb: Option<i64>,
    pub(super) ebk: Option<i64>,
    /// Read and written.
    pub(super) rb: Option<i64>,
    pub(super) wb: Option<i64>,
    /// Accesses by the offset of the byte: `-N, v` are N times v.
    pub(super) acc: Option<Vec<i64>>,
    /// Frames, innermost first: places in `ftbl`.
    pub(super) fs: Vec<u32>,
}
