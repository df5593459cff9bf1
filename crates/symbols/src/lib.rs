//! From addresses to names: functions, source lines and inlined calls.
//!
//! Two layers:
//! - for a whole profile, [`symbolize()`] takes the tables that a recorder wrote and gives every frame
//!   its name, with [`Files`] to open the binaries and a cache on disk;
//! - for one binary, [`ElfImage`] and [`DebugSections`] hold its bytes and [`Resolver`] answers
//!   addresses; [`disassemble`] lists its instructions.
//!
//! Names of code that lies in no binary ([`generated`]) come from [`perf_map`], [`jitdump`] and [`kallsyms`], which
//! are given bytes and do no I/O. [`identity`] tells binaries apart.
//!
//! Constraint: whatever the bytes of a binary, a name, a map or the cache, nothing here panics,
//! recurses without bound or takes more than a small multiple of the input's size in time.

pub mod cache;
mod code_index;
mod collapse;
pub mod demangle;
mod description;
pub mod disassemble;
pub mod dwarf;
pub mod elf;
pub mod error;
mod expand;
pub mod find;
pub mod generated;
mod group;
pub mod identity;
pub mod inspect;
pub mod jitdump;
pub mod kallsyms;
mod missing;
mod names;
mod naming;
mod outline;
pub mod perf_map;
mod plt;
pub mod provider;
pub mod resolution;
pub mod resolver;
pub mod sources;
pub mod symbolize;
pub mod symtab;
mod toolchain;

pub use dwarf::DebugSections;
pub use elf::ElfImage;
pub use error::Error;
pub use find::Search;
pub use inspect::Inspection;
pub use missing::Gap;
pub use provider::{BinaryProvider, Bytes, Files};
pub use resolution::{Resolution, SymFrame, SymFunction};
pub use resolver::Resolver;
pub use sources::{Library, LibrarySource};
pub use symbolize::{Options, Symbolized, UsedFile, resymbolize, symbolize, unsymbolized_leaf};
