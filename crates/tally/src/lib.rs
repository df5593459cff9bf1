//! Lines, counted: the engine of `pyrometer counts`.
//!
//! Constraints:
//! - what is printed is what the program `counts` prints, to the byte, wherever that one neither wraps nor panics;
//! - memory is the different lines and little more: a cell of 1 or 8 bytes, a length, a slot of 8 bytes of which four of
//!   five are taken, and in their place 5 bytes for a rank;
//! - no line waits for another: a fault is that of the first line that has one, whichever thread finds it.
//!
//! [`Counting`] reads [`Source`]s by [`Rules`] in threads; a [`Tally`] is what it leaves, by rank; [`print`] writes it,
//! [`Spread`] says how the weights of each key are spread.

mod arena;
mod batch;
mod cell;
mod counting;
mod distribution;
mod error;
mod feed;
mod memory;
mod near;
mod number;
mod order;
mod print;
mod record;
mod rules;
mod scan;
mod scatter;
mod shards;
mod short;
mod source;
mod splitters;
mod table;
mod tally;
mod value;

pub use counting::{Counting, Progress};
pub use distribution::{Distribution, PERCENTILES, Spread};
pub use error::{Error, Result};
pub use feed::Source;
pub use print::{Listing, print};
pub use rules::{Field, Rules, Weights};
pub use source::{Patience, open, unpacked};
pub use tally::{Row, Tally};
pub use value::Value;
