//! Binaries, debug info and names: one program, as each test program is linked anew.

mod against_other_readers;
mod binaries;
mod common;
mod corrupt;
mod debug_files;
mod demangle;
mod inspect;
mod library_sources;
mod listing;
mod whole_profile;
