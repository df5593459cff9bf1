//! Profiles, their files and sums: one program, as each test program is linked anew.

mod call_graph;
mod common;
mod damage;
mod forged;
mod joined;
mod page;
mod page_parts;
mod round_trip;
mod source_files;
mod views;
