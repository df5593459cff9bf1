//! The recording in progress: an append-only file that is readable after every commit.
//!
//! Constraints:
//! - a block is whole or it does not exist: each carries its length and a checksum, and the first
//!   one that does not match is where the journal ends;
//! - a row refers only to rows before it, so every prefix of blocks is a whole profile;
//! - nobody holds all samples: the writer keeps what is not committed yet, the reader one block.
//!
//! Layout: `PYRJOURN`, the version as a little-endian `u32`, then blocks ([`block`]). A block
//! unpacks to records: a tag byte, a little-endian `u32` length and a body ([`record`]).

mod block;
mod columns;
mod reader;
mod record;
mod room;
mod writer;

pub use reader::{Journal, is_journal};
pub use writer::Writer;

const MAGIC: [u8; 8] = *b"PYRJOURN";
/// 2 since there are points of time series in journals; 1 is still read.
const VERSION: u32 = 2;
const HEADER_LENGTH: u64 = 12;
