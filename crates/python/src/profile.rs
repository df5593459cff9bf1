//! The class `Profile`.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyrometer_symbols::identity;
use pyrometer_tables::call_graph::{Metrics, estimate};
use pyrometer_tables::page::{Parts, page};
use pyrometer_tables::select::{Selection, askers, totals, weigh};
use pyrometer_tables::{Profile as Inner, joined};

use crate::error::{Known, Result};
use crate::page_parts::PageParts;
use crate::rows;
use crate::selection::SelectionDict;
use crate::table::Table;
use crate::weights::Weights;

/// A profile; its samples are read again at each pass.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Profile(pub Arc<Inner>);

impl Profile {
    /// A profile for Python.
    pub fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
}

#[pymethods]
impl Profile {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = py.detach(|| Inner::open(&path)).map_err(Known::from)?;
        Ok(Self::new(inner))
    }

    #[staticmethod]
    fn build(
        py: Python<'_>,
        meta: &str,
        tables: HashMap<String, String>,
        samples: Vec<rows::SampleRow>,
    ) -> PyResult<Self> {
        let inner = py.detach(|| rows::build(meta, &tables, samples))?;
        Ok(Self::new(inner))
    }

    /// One profile of several.
    #[staticmethod]
    fn joined(py: Python<'_>, profiles: Vec<Py<Self>>) -> PyResult<Self> {
        let all: Vec<_> = profiles.iter().map(|profile| Arc::clone(&profile.get().0)).collect();
        let all: Vec<&Inner> = all.iter().map(|profile| &**profile).collect();
        Ok(py.detach(|| joined(&all)).map(Self::new).map_err(Known::from)?)
    }

    /// The same profile with another `meta.json`.
    fn with_meta(&self, py: Python<'_>, meta: &str) -> PyResult<Self> {
        Ok(py.detach(|| rows::with_meta(&self.0, meta)).map(Self::new)?)
    }

    /// The same profile with build ids of the files that lie at its binaries' paths and are no younger than `started`,
    /// nanoseconds since 1970: of a program that has just run.
    fn identified(&self, py: Python<'_>, started: i64) -> PyResult<Self> {
        let identified = py.detach(|| self.0.with_build_ids(|binary| identity_at(&binary.path, started)));
        Ok(identified.map(Self::new).map_err(Known::from)?)
    }

    /// The same profile without the calls between functions: where addresses are to be named, inlined calls take their
    /// place.
    fn without_calls(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(py.detach(|| self.0.without_calls()).map(Self::new).map_err(Known::from)?)
    }

    fn meta_json(&self) -> PyResult<String> {
        Ok(rows::to_json(&self.0.meta)?)
    }

    fn sample_count(&self) -> u64 {
        self.0.sample_count()
    }

    fn table(&self, py: Python<'_>, name: &str) -> PyResult<Table> {
        Ok(py.detach(|| Table::of(&self.0, name))?)
    }

    fn weigh(&self, py: Python<'_>, selection: SelectionDict) -> PyResult<Weights> {
        Ok(py.detach(|| Weights::of(&self.0, &selection))?)
    }

    /// The value of a metric of the samples that end in each row of `stacks`.
    fn stack_values(&self, py: Python<'_>, metric: i32) -> PyResult<Vec<i64>> {
        let selection = Selection { metric, ..Selection::default() };
        let weights = py.detach(|| weigh(&self.0, &selection)).map_err(Known::from)?;
        Ok(weights.stacks.iter().map(|weight| weight.value).collect())
    }

    /// For each row of `stacks` the one of who asked for memory, or of copies who copied; it may be itself.
    fn askers(&self, py: Python<'_>, metric: i32) -> Vec<usize> {
        py.detach(|| askers(self.0.tables(), metric))
    }

    /// A profile with estimated stacks of the selected metric, if this one has calls of it in place of stacks.
    fn estimated(&self, py: Python<'_>, selection: SelectionDict) -> PyResult<Option<Self>> {
        let estimated =
            py.detach(|| -> Result<_> { Ok(estimate(&self.0, &selection.selection()?, Metrics::Selected)?) });
        Ok(estimated?.map(Self::new))
    }

    /// Value and number of samples of each metric.
    fn totals(&self, py: Python<'_>) -> PyResult<Vec<(i64, i64)>> {
        let totals = py.detach(|| totals(&self.0)).map_err(Known::from)?;
        Ok(totals.iter().map(|total| (total.value, total.count)).collect())
    }

    /// What the viewer's page reads, with more texts by name; `base` is what it is compared with.
    fn page<'py>(
        &self,
        py: Python<'py>,
        base: Option<&Self>,
        texts: Vec<(String, String)>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let base = base.map(|base| &*base.0);
        let bytes = py.detach(|| page(&self.0, base, &texts)).map_err(Known::from)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// What a page asks for bit by bit, if there are more than `inside` nodes.
    fn page_parts(&self, py: Python<'_>, inside: usize) -> PyResult<Option<PageParts>> {
        let parts = py.detach(|| Parts::of(&self.0, inside)).map_err(Known::from)?;
        Ok(parts.map(|parts| PageParts { parts, profile: Arc::clone(&self.0) }))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        Ok(py.detach(|| self.0.save(&path)).map_err(Known::from)?)
    }
}

/// What the file at a path is, unless it was written after `started`.
fn identity_at(path: &str, started: i64) -> Option<String> {
    // A pipe would be waited for.
    let about = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
    let modified = about.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    let is_older = i64::try_from(modified).is_ok_and(|modified| modified <= started);
    is_older.then(|| identity::identify(&File::open(path).ok()?).ok()).flatten()
}
