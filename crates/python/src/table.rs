//! A table as Python sees it: an Arrow stream, or lists of Python objects.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchIterator};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, SchemaRef};
use arrow::error::ArrowError;
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};
use pyrometer_tables::Profile;
use pyrometer_tables::profile::Batches;

use crate::error::{Known, Result};

/// One table of a profile; each reader gets a stream of its own.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Table {
    profile: Arc<Profile>,
    name: String,
    schema: SchemaRef,
    rows: usize,
}

impl Table {
    /// The table of this name.
    pub fn of(profile: &Arc<Profile>, name: &str) -> Result<Self> {
        let (schema, batches) = profile.arrow(name)?;
        let rows = if name == "samples" {
            usize::try_from(profile.sample_count()).unwrap_or(usize::MAX)
        } else {
            count(batches)?
        };
        Ok(Self { profile: profile.clone(), name: name.to_owned(), schema, rows })
    }
}

fn count(batches: Batches) -> Result<usize> {
    let mut rows = 0;
    for batch in batches {
        rows += batch?.num_rows();
    }
    Ok(rows)
}

#[pymethods]
impl Table {
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    #[getter]
    fn columns(&self) -> Vec<(String, String)> {
        let fields = self.schema.fields().iter();
        fields.map(|field| (field.name().clone(), type_name(field.data_type()))).collect()
    }

    fn __len__(&self) -> usize {
        self.rows
    }

    fn batches(&self) -> PyResult<BatchIterator> {
        let (_, batches) = self.profile.arrow(&self.name).map_err(Known::from)?;
        Ok(BatchIterator(Mutex::new(batches)))
    }

    // Consumers that want another type cast by themselves: the protocol makes the request optional.
    #[pyo3(signature = (_requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        _requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let (schema, batches) = self.profile.arrow(&self.name).map_err(Known::from)?;
        let batches = batches.map(|batch| batch.map_err(|error| ArrowError::ExternalError(Box::new(error))));
        let reader = RecordBatchIterator::new(batches, schema);
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(reader)), c"arrow_array_stream")
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref()).map_err(type_error)?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }
}

/// The batches of a table, each a list of columns.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct BatchIterator(Mutex<Batches>);

#[pymethods]
impl BatchIterator {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyList>>> {
        let next = py.detach(|| {
            let mut batches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            batches.next().transpose()
        });
        let batch = next.map_err(Known::from)?;
        batch.map(|batch| columns(py, &batch)).transpose()
    }
}

fn columns<'py>(py: Python<'py>, batch: &RecordBatch) -> PyResult<Bound<'py, PyList>> {
    let lists: PyResult<Vec<_>> = batch.columns().iter().map(|column| list(py, column)).collect();
    PyList::new(py, lists?)
}

/// The values of one column of a type that tables have.
fn list<'py>(py: Python<'py>, column: &dyn Array) -> PyResult<Bound<'py, PyList>> {
    match column.data_type() {
        DataType::Int32 => PyList::new(py, column.as_primitive::<Int32Type>()),
        DataType::Int64 => PyList::new(py, column.as_primitive::<Int64Type>()),
        DataType::Float64 => PyList::new(py, column.as_primitive::<Float64Type>()),
        DataType::Boolean => PyList::new(py, column.as_boolean()),
        DataType::Utf8 => PyList::new(py, column.as_string::<i32>()),
        DataType::List(_) => nested(py, column),
        other => Err(type_error(format!("a column of type {other}"))),
    }
}

fn nested<'py>(py: Python<'py>, column: &dyn Array) -> PyResult<Bound<'py, PyList>> {
    let rows = column.as_list::<i32>().iter();
    let lists: PyResult<Vec<_>> = rows.map(|row| row.map(|values| list(py, &values)).transpose()).collect();
    PyList::new(py, lists?)
}

fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::List(of) => format!("list<{}>", type_name(of.data_type())),
        other => other.to_string().to_lowercase(),
    }
}

fn type_error(what: impl ToString) -> PyErr {
    PyTypeError::new_err(what.to_string())
}
