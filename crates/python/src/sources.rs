//! The source files of Rust's library.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyrometer_symbols::{Library, LibrarySource};

use crate::finish::Options;

/// The installed file that a path of Rust's library means, or why there is none; `None` for any
/// other path.
#[pyfunction]
pub fn library_source(
    py: Python<'_>,
    path: &str,
    options: Options,
) -> Option<(Option<PathBuf>, Option<String>)> {
    let find = || Library::new(&options.sysroots, options.cache.as_deref()).source(path);
    py.detach(find).map(|found| match found {
        LibrarySource::Installed(file) => (Some(file), None),
        LibrarySource::Missing(sentence) => (None, Some(sentence)),
    })
}
