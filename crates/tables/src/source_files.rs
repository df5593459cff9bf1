//! Source files by line: what functions cost where they were written.
//!
//! Constraint: columns rather than rows, and no name for each, for a large profile has millions of lines, and a view shows
//! a few thousand.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::call_graph::CallGraph;
use crate::call_tree::{By, Grouping, outermost};
use crate::labels::Labels;
use crate::merge::merge;
use crate::profile::Profile;
use crate::select::Weights;

/// The lines of a file that have samples, in order, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// As debug info names it.
    pub path: Arc<str>,
    /// Line numbers.
    pub lines: Vec<i32>,
    /// What ended in each line.
    pub self_values: Vec<i64>,
    /// What passed through each line.
    pub total_values: Vec<i64>,
}

/// The files of all functions, or of those with the name `function`: what [`crate::sums::lines`] has, added up by line.
/// Code without a file or a line is in none.
#[must_use]
pub fn source_files(
    profile: &Profile,
    weights: &Weights,
    grouping: &Grouping,
    function: Option<&str>,
) -> Vec<SourceFile> {
    let mut files = Files::default();
    match CallGraph::of(profile, weights, grouping) {
        Some(graph) => {
            for row in graph.lines(profile, weights, grouping) {
                let is_wanted = function.is_none_or(|name| row.label.name == name);
                let file = row.label.file.filter(|_| is_wanted).map(|path| files.row(&path));
                files.add(file, row.label.line, (row.self_weight.value, row.total.value));
            }
        }
        None => files.add_stacks(profile, weights, grouping, function),
    }
    files.finish()
}

/// The files so far.
#[derive(Default)]
struct Files {
    known: FxHashMap<Arc<str>, u32>,
    /// The one that was asked for last: frames of a function come together.
    last: Option<(Arc<str>, u32)>,
    paths: Vec<Arc<str>>,
    /// Line, self and total.
    lines: Vec<Vec<(i32, i64, i64)>>,
}

/// A line of a function: two frames of the same are one in the totals of a recursion.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    label: u32,
    file: Option<u32>,
    line: Option<i32>,
}

impl Files {
    fn row(&mut self, path: &Arc<str>) -> u32 {
        if let Some((_, row)) = self.last.as_ref().filter(|(last, _)| Arc::ptr_eq(last, path)) {
            return *row;
        }
        let row = *self.known.entry(Arc::clone(path)).or_insert_with(|| {
            self.paths.push(Arc::clone(path));
            self.lines.push(Vec::new());
            (self.paths.len() - 1) as u32
        });
        self.last = Some((Arc::clone(path), row));
        row
    }

    fn add(&mut self, file: Option<u32>, line: Option<i32>, (own, total): (i64, i64)) {
        if let (Some(file), Some(line @ (..=-1 | 1..))) = (file, line) {
            self.lines[file as usize].push((line, own, total));
        }
    }

    /// What stacks weigh, each place of a path once.
    fn add_stacks(
        &mut self,
        profile: &Profile,
        weights: &Weights,
        grouping: &Grouping,
        function: Option<&str>,
    ) {
        let tables = profile.tables();
        let labels = Labels::new(tables, &Grouping { by: By::Function, inverted: false, ..*grouping });
        let mut known: FxHashMap<Place, u32> = FxHashMap::default();
        let mut places = Vec::new();
        let frames = tables.frames.iter().zip(&labels.of_frame);
        let place = frames.map(|(frame, label)| {
            let file = frame.file.as_ref().map(|path| self.row(path));
            let place = Place { label: *label, file, line: frame.line };
            let collapsed = labels.runtime == Some(*label);
            let place = if collapsed { Place { file: None, line: None, ..place } } else { place };
            *known.entry(place).or_insert_with(|| {
                places.push(place);
                (places.len() - 1) as u32
            })
        });
        let of_frame: Vec<u32> = place.collect();
        let runtime = labels.runtime.map(|label| Place { label, file: None, line: None });
        let runtime = runtime.and_then(|place| known.get(&place).copied());
        let nodes = merge(&tables.stacks, &weights.stacks, runtime, |stack, frame| {
            let row = frame as usize;
            (!weights.hides(stack)).then(|| (of_frame[row], tables.frames[row].inlined))
        });
        let mut sums: Vec<Option<(i64, i64)>> = vec![None; places.len()];
        for (node, counted) in nodes.iter().zip(outermost(&nodes, |node| Some(node.label))) {
            let (own, total) = sums[node.label as usize].get_or_insert_default();
            *own = own.saturating_add(node.self_weight.value);
            *total = total.saturating_add(if counted { node.total.value } else { 0 });
        }
        let is_wanted = |label: u32| function.is_none_or(|name| labels.labels[label as usize].name == name);
        for (place, sum) in places.iter().zip(sums) {
            if let Some(sum) = sum.filter(|_| is_wanted(place.label)) {
                self.add(place.file, place.line, sum);
            }
        }
    }

    fn finish(self) -> Vec<SourceFile> {
        let files = self.paths.into_iter().zip(self.lines);
        let files = files.filter(|(path, lines)| !path.is_empty() && !lines.is_empty());
        files.map(|(path, lines)| SourceFile::of(path, lines)).collect()
    }
}

impl SourceFile {
    fn of(path: Arc<str>, mut rows: Vec<(i32, i64, i64)>) -> Self {
        rows.sort_unstable();
        let (lines, self_values, total_values) = Default::default();
        let mut file = Self { path, lines, self_values, total_values };
        for (line, own, total) in rows {
            match (file.lines.last(), file.self_values.last_mut(), file.total_values.last_mut()) {
                (Some(last), Some(self_value), Some(total_value)) if *last == line => {
                    *self_value = self_value.saturating_add(own);
                    *total_value = total_value.saturating_add(total);
                }
                _ => {
                    file.lines.push(line);
                    file.self_values.push(own);
                    file.total_values.push(total);
                }
            }
        }
        file
    }
}
