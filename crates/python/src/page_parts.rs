//! The class `PageParts`.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyrometer_tables::Profile;
use pyrometer_tables::page::{Parts, Sight};

use crate::error::Known;

/// A large profile for a page that asks for what it shows.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct PageParts {
    /// Of `profile`.
    pub parts: Parts,
    /// Read again when all of it is asked for.
    pub profile: Arc<Profile>,
}

type Neighbours = Vec<(u32, i64)>;

#[pymethods]
impl PageParts {
    fn whole<'py>(&self, py: Python<'py>, texts: Vec<(String, String)>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.parts.whole(&self.profile, &texts)).map_err(Known::from)?;
        Ok(PyBytes::new(py, &bytes))
    }

    fn head<'py>(&self, py: Python<'py>, texts: Vec<(String, String)>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.parts.head(&texts)))
    }

    fn tree<'py>(
        &self,
        py: Python<'py>,
        metric: usize,
        open: Vec<u32>,
        window: Option<(f64, f64)>,
    ) -> Option<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.parts.tree(metric, &Sight { open, window }))?;
        Some(PyBytes::new(py, &bytes))
    }

    fn sums<'py>(&self, py: Python<'py>, metric: usize) -> Option<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.parts.sums(metric))?;
        Some(PyBytes::new(py, &bytes))
    }

    fn neighbours(&self, py: Python<'_>, metric: usize, function: u32) -> Option<(Neighbours, Neighbours)> {
        let [callers, callees] = py.detach(|| self.parts.neighbours(metric, function))?;
        Some((callers, callees))
    }
}
