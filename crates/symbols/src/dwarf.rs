//! Source lines and inlined calls from DWARF 2 to 5.
//!
//! Constraints:
//! - lazy: a unit's functions and lines are read when an address falls into it, a function's
//!   inlined calls when an address falls into that function;
//! - many addresses are looked up unit by unit: each is gone over once, by one thread, and forgotten;
//! - bounded: every step is paid from a [`Budget`] in proportion to the size of the debug info, and
//!   nothing recurses, so that a hostile file costs seconds at most and no stack;
//! - code that the linker dropped (ranges that begin before the first code) names nothing.
//!
//! Debug info may be spread over files. A file of separate debug info is read by giving its sections to
//! [`DwarfIndex::new`]; what belongs to it, split units (`.dwo`, `.dwp`) and a supplementary file
//! (`dwz`), by [`Companions`].

mod budget;
mod functions;
mod lines;
mod lookup;
mod origin;
mod plan;
mod ranges;
mod scopes;
mod sections;
mod shared;
mod split;
mod units;
mod value;
mod walk;

pub use lookup::{Chains, DwarfFrame, FileKey, FunctionKey, UnitAddresses};
pub use origin::Origin;
pub(crate) use scopes::within;
pub use sections::{DebugSections, PackageSections};
pub use split::{SplitFiles, SplitUnit, SplitUnits};
pub use units::{Companions, DwarfIndex, UnitId};

/// How the bytes of a section are read.
pub(crate) type Slice<'e> = gimli::EndianSlice<'e, gimli::RunTimeEndian>;
