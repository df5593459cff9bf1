//! Profiles of any kind through readers and writers: one program, as each test program is linked anew.
#![allow(clippy::unwrap_used, clippy::type_complexity)]

mod any_profile;
mod call_graph;
mod counts;
mod inferno;
mod known_profile;
mod read;
