//! Readers of other tools' files, on files made by hand after what these tools write.
#![allow(clippy::unwrap_used)]

mod common;
mod cut;
mod formats;
mod gecko;
mod gperftools;
mod heap_text;
mod larger;
mod numbers;
mod otlp_json;
mod place_of_errors;
mod pprof;
mod traces;
