//! What can go wrong with lines that are counted.

use std::io;

/// An error of counting lines.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An input cannot be read.
    #[error("{name}: cannot be read: {source}")]
    Read {
        /// The input.
        name: String,
        /// What the operating system, or the unpacker, says.
        #[source]
        source: io::Error,
    },
    /// A line is no text.
    #[error("{name}, line {line}: not valid UTF-8 (byte {column} of the line)")]
    NotText {
        /// The input.
        name: String,
        /// The line, from 1 on.
        line: u64,
        /// The first byte that is none of a letter, from 1 on.
        column: usize,
    },
    /// A weight is beyond 64 bits.
    #[error("{name}, line {line}: the integral weight {weight} exceeds 64 bits")]
    Weight {
        /// The input.
        name: String,
        /// The line, from 1 on.
        line: u64,
        /// The number as it stands there; of a very long one the beginning.
        weight: String,
    },
    /// A line has 4 GiB or more.
    #[error("{name}, line {line}: longer than 4 GiB")]
    LongLine {
        /// The input.
        name: String,
        /// The line, from 1 on.
        line: u64,
    },
    /// More different lines than can be addressed, or than there is memory for.
    #[error("the different lines do not fit into memory: {0}")]
    Memory(#[source] io::Error),
    /// What is passed on, or the result, cannot be written.
    #[error("cannot be written: {0}")]
    Write(#[source] io::Error),
}

/// The result of counting.
pub type Result<T> = std::result::Result<T, Error>;
