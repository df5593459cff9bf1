//! Files of Valgrind's tools, in and out. The fixtures were recorded: `tests/fixtures/valgrind/README`.
#![allow(clippy::type_complexity)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;
mod damage;
mod properties;
mod reading;
mod round_trips;
