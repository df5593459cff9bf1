//! The class `PageParts`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyrometer_tables::page::{Parts, Sight};

/// A large profile for a page that asks for what it shows.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct PageParts(pub Parts);

type Neighbours = Vec<(u32, i64)>;

#[pymethods]
impl PageParts {
    fn head<'py>(&self, py: Python<'py>, texts: Vec<(String, String)>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.head(&texts)))
    }

    fn tree<'py>(
        &self,
        py: Python<'py>,
        metric: usize,
        open: Vec<u32>,
        window: Option<(f64, f64)>,
    ) -> Option<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.0.tree(metric, &Sight { open, window }))?;
        Some(PyBytes::new(py, &bytes))
    }

    fn sums<'py>(&self, py: Python<'py>, metric: usize) -> Option<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| self.0.sums(metric))?;
        Some(PyBytes::new(py, &bytes))
    }

    fn neighbours(&self, py: Python<'_>, metric: usize, function: u32) -> Option<(Neighbours, Neighbours)> {
        let [callers, callees] = py.detach(|| self.0.neighbours(metric, function))?;
        Some((callers, callees))
    }
}
