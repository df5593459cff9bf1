//! Selections and groupings, as the dictionaries of `pyrometer.profile.Filters`.

use pyo3::prelude::*;
use pyrometer_tables::call_tree::{By, Grouping};
use pyrometer_tables::select::{Selection, patterns};

use crate::error::Result;

/// A selection of samples; times are nanoseconds after the start.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct SelectionDict {
    metric: i32,
    threads: Vec<i32>,
    processes: Vec<i32>,
    time: Option<(i64, i64)>,
    focus: Vec<String>,
    exclude: Vec<String>,
    focus_binaries: Vec<String>,
    exclude_binaries: Vec<String>,
    stacks: Option<Vec<i32>>,
    hide: Vec<String>,
    hide_allocators: bool,
}

impl SelectionDict {
    /// Compiles the patterns.
    pub fn selection(&self) -> Result<Selection> {
        Ok(Selection {
            metric: self.metric,
            threads: self.threads.clone(),
            processes: self.processes.clone(),
            time: self.time.map(|(start, end)| start..end),
            focus: patterns(&self.focus)?,
            exclude: patterns(&self.exclude)?,
            focus_binaries: patterns(&self.focus_binaries)?,
            exclude_binaries: patterns(&self.exclude_binaries)?,
            stacks: self.stacks.clone(),
            hide: patterns(&self.hide)?,
            hide_allocators: self.hide_allocators,
        })
    }
}

/// How frames become nodes.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct GroupingDict {
    inverted: bool,
    fold_generics: bool,
    collapse_runtime: bool,
}

impl From<GroupingDict> for Grouping {
    fn from(dict: GroupingDict) -> Self {
        Self {
            inverted: dict.inverted,
            fold_generics: dict.fold_generics,
            collapse_runtime: dict.collapse_runtime,
            by: By::Function,
        }
    }
}
