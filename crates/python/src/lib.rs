//! The face of the crates to Python: the module `pyrometer._native`.
//!
//! Constraints:
//! - no logic of its own: it converts, releases the GIL for what takes long, and maps errors;
//! - only `pyrometer.native` imports it; its types are in `src/pyrometer/_native.pyi`.
#![deny(missing_docs)]

mod carried;
mod demangle;
mod disassemble;
mod error;
mod export;
mod finish;
mod foreign;
mod forked;
mod inspect;
mod page_parts;
mod perf_data;
mod profile;
mod recording;
mod rows;
mod selection;
mod sources;
mod standard_streams;
mod table;
mod tally;
mod weights;

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::demangle::{demangle, demangle_stream, parse_name};
    #[pymodule_export]
    use super::disassemble::disassemble;
    #[pymodule_export]
    use super::export::export;
    #[pymodule_export]
    use super::finish::{recover, resymbolize, wanted};
    #[pymodule_export]
    use super::foreign::{read_foreign, recognise};
    #[pymodule_export]
    use super::inspect::{debug_files, inspect};
    #[pymodule_export]
    use super::page_parts::PageParts;
    #[pymodule_export]
    use super::perf_data::read_perf_data;
    #[pymodule_export]
    use super::profile::Profile;
    #[pymodule_export]
    use super::recording::{
        Recording, Signals, finish, probe_events, record, require_recording, stat, stat_running,
    };
    #[pymodule_export]
    use super::sources::library_source;
    #[pymodule_export]
    use super::table::Table;
    #[pymodule_export]
    use super::tally::{Counting, Spread, Tally};
    #[pymodule_export]
    use super::weights::{AddressCost, Neighbours, Row, SourceFile, Weights, fold_generics};
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::forked::imported();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
