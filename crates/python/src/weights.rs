//! The class `Weights`: how much each stack weighs in a selection, and every sum of it.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyrometer_tables::call_graph::{CallGraph, Cycle};
use pyrometer_tables::call_tree::{CallTree, Grouping, Label, Node, call_tree};
use pyrometer_tables::select::{self, Weight};
use pyrometer_tables::source_files::{self, source_files};
use pyrometer_tables::sums::{self, AddressRow};
use pyrometer_tables::{Error, Profile};
use regex::Regex;

use crate::error::{Known, Result};
use crate::selection::{GroupingDict, SelectionDict};

/// The sum of something that has a name.
#[pyclass(frozen, get_all, module = "pyrometer._native")]
pub struct Row {
    name: String,
    binary: Option<String>,
    file: Option<String>,
    line: Option<i32>,
    namespace: Option<String>,
    kind: String,
    self_value: i64,
    self_count: i64,
    total_value: i64,
    total_count: i64,
    cycle: Option<u32>,
}

impl Row {
    fn new(label: &Label, own: &Weight, total: &Weight, cycle: Option<u32>) -> Self {
        Self {
            name: label.name.clone(),
            binary: Some(label.binary.clone()).filter(|path| !path.is_empty()),
            file: label.file.as_deref().map(str::to_owned),
            line: label.line,
            namespace: label.namespace.clone(),
            kind: label.kind.to_string(),
            self_value: own.value,
            self_count: own.count,
            total_value: total.value,
            total_count: total.count,
            cycle,
        }
    }
}

impl From<&sums::Row> for Row {
    fn from(row: &sums::Row) -> Self {
        Self::new(&row.label, &row.self_weight, &row.total, row.cycle)
    }
}

/// What a source file has.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct SourceFile {
    inner: source_files::SourceFile,
}

#[pymethods]
impl SourceFile {
    #[getter]
    fn path(&self) -> &str {
        &self.inner.path
    }

    /// What ended in all of its lines.
    #[getter]
    fn self_value(&self) -> i64 {
        self.inner.self_values.iter().fold(0, |sum, value| sum.saturating_add(*value))
    }

    /// The lines that have something, in order; what ended in each of them, and what passed through it.
    fn lines(&self) -> (&[i32], &[i64], &[i64]) {
        (&self.inner.lines, &self.inner.self_values, &self.inner.total_values)
    }
}

/// A node of the call tree: its parent's index, its sums, and if it was inlined.
type TreeRow = (Option<u32>, Row, bool);

/// The callers, the callees, and what the functions between them weigh.
#[pyclass(frozen, get_all, module = "pyrometer._native")]
pub struct Neighbours {
    self_value: i64,
    self_count: i64,
    total_value: i64,
    total_count: i64,
    callers: Vec<Py<Row>>,
    callees: Vec<Py<Row>>,
}

/// The cost of one address, as its binary numbers it.
#[pyclass(frozen, get_all, module = "pyrometer._native")]
pub struct AddressCost {
    binary: i32,
    address: i64,
    self_value: i64,
    self_count: i64,
    total_value: i64,
    total_count: i64,
}

impl From<&AddressRow> for AddressCost {
    fn from(row: &AddressRow) -> Self {
        Self {
            binary: row.binary,
            address: row.address,
            self_value: row.self_weight.value,
            self_count: row.self_weight.count,
            total_value: row.total.value,
            total_count: row.total.count,
        }
    }
}

/// How much each stack weighs in a selection.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Weights {
    profile: Arc<Profile>,
    inner: select::Weights,
    /// The graph of calls of the grouping that was asked for last.
    graph: Mutex<Option<(Grouping, Arc<CallGraph>)>>,
}

impl Weights {
    /// Weighs the selected samples: one pass over them.
    pub fn of(profile: &Arc<Profile>, selection: &SelectionDict) -> Result<Self> {
        let inner = select::weigh(profile, &selection.selection()?)?;
        Ok(Self { profile: profile.clone(), inner, graph: Mutex::default() })
    }

    /// The graph that totals come from; none if they come from stacks. A view asks for totals and for cycles.
    fn graph(&self, grouping: &Grouping) -> Option<Arc<CallGraph>> {
        let mut made = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, graph)) = made.as_ref().filter(|(of, _)| of == grouping) {
            return Some(graph.clone());
        }
        let graph = Arc::new(CallGraph::of(&self.profile, &self.inner, grouping)?);
        *made = Some((*grouping, graph.clone()));
        Some(graph)
    }
}

#[pymethods]
impl Weights {
    #[getter]
    fn value(&self) -> i64 {
        self.inner.total.value
    }

    #[getter]
    fn count(&self) -> i64 {
        self.inner.total.count
    }

    #[getter]
    fn squares(&self) -> f64 {
        self.inner.squares
    }

    #[getter]
    fn excluded_count(&self) -> i64 {
        self.inner.excluded.count
    }

    /// Whether totals come from recorded calls in place of stacks.
    #[getter]
    fn of_calls(&self) -> bool {
        self.inner.calls.is_some()
    }

    /// The functions that call each other in a circle, by its number from 1: names, and value of all of them.
    fn cycles(&self, py: Python<'_>, grouping: GroupingDict) -> Vec<(Vec<String>, i64)> {
        let grouping = grouping.into();
        let graph = py.detach(|| self.graph(&grouping));
        let cycles = graph.map_or_else(Vec::new, |graph| graph.cycles());
        let names = |cycle: &Cycle| cycle.members.iter().map(|member| member.name.clone()).collect();
        cycles.iter().map(|cycle| (names(cycle), cycle.total.value)).collect()
    }

    fn functions(&self, py: Python<'_>, grouping: GroupingDict) -> Vec<Row> {
        let grouping = grouping.into();
        let rows = py.detach(|| match self.graph(&grouping) {
            Some(graph) => graph.functions(),
            None => sums::functions(&self.profile, &self.inner, &grouping),
        });
        rows.iter().map(Row::from).collect()
    }

    fn lines(&self, py: Python<'_>, grouping: GroupingDict) -> Vec<Row> {
        let grouping = grouping.into();
        let rows = py.detach(|| sums::lines(&self.profile, &self.inner, &grouping));
        rows.iter().map(Row::from).collect()
    }

    /// The files of all functions or of one.
    fn source_files(
        &self,
        py: Python<'_>,
        grouping: GroupingDict,
        function: Option<&str>,
    ) -> Vec<SourceFile> {
        let grouping = grouping.into();
        let files = py.detach(|| source_files(&self.profile, &self.inner, &grouping, function));
        files.into_iter().map(|inner| SourceFile { inner }).collect()
    }

    /// The nodes that are large enough, parents first, and how many were taken away.
    fn call_tree(
        &self,
        py: Python<'_>,
        grouping: GroupingDict,
        min_share: f64,
        depth: Option<usize>,
    ) -> (Vec<TreeRow>, usize) {
        let grouping = grouping.into();
        let tree = py.detach(|| self.pruned(&grouping, min_share, depth));
        let row = |node: &Node| {
            let row = Row::new(tree.label(node), &node.self_weight, &node.total, None);
            (node.parent, row, node.inlined)
        };
        (tree.nodes.iter().map(row).collect(), tree.pruned)
    }

    fn neighbours(&self, py: Python<'_>, grouping: GroupingDict, names: Vec<String>) -> PyResult<Neighbours> {
        let (grouping, function) = (grouping.into(), one_of(&names)?);
        let found = py.detach(|| sums::callers_callees(&self.profile, &self.inner, &grouping, &function));
        Ok(Neighbours {
            self_value: found.self_weight.value,
            self_count: found.self_weight.count,
            total_value: found.total.value,
            total_count: found.total.count,
            callers: edges(py, &found.callers)?,
            callees: edges(py, &found.callees)?,
        })
    }

    fn addresses(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Vec<AddressCost>> {
        let function = one_of(&names)?;
        let rows = py.detach(|| sums::addresses(&self.profile, &self.inner, &function));
        Ok(rows.iter().map(AddressCost::from).collect())
    }
}

impl Weights {
    fn pruned(&self, grouping: &Grouping, min_share: f64, depth: Option<usize>) -> CallTree {
        let mut tree = call_tree(&self.profile, &self.inner, grouping);
        tree.prune(min_share, depth.unwrap_or(usize::MAX));
        tree
    }
}

fn edges(py: Python<'_>, rows: &[sums::Row]) -> PyResult<Vec<Py<Row>>> {
    rows.iter().map(|row| Py::new(py, Row::from(row))).collect()
}

/// A pattern that matches these names whole, and no other.
fn one_of(names: &[String]) -> Result<Regex> {
    let any: Vec<_> = names.iter().map(|name| regex::escape(name)).collect();
    Regex::new(&format!(r"\A(?:{})\z", any.join("|")))
        .map_err(|error| Error::Selection { what: error.to_string() })
        .map_err(Known::from)
}

/// A name without its generic arguments.
#[pyfunction]
pub fn fold_generics(name: &str) -> String {
    pyrometer_tables::naming::fold_generics(name).into_owned()
}
