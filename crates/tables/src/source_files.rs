//! Source files by line: what functions cost where they were written.
//!
//! Constraint: columns rather than rows, for a large profile has millions of lines, and a view shows a few thousand.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::call_tree::Grouping;
use crate::profile::Profile;
use crate::select::Weights;
use crate::sums;

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

/// The files of all functions, or of those with the name `function`, in the order of their heaviest lines. Code without
/// a file or a line is in none.
#[must_use]
pub fn source_files(
    profile: &Profile,
    weights: &Weights,
    grouping: &Grouping,
    function: Option<&str>,
) -> Vec<SourceFile> {
    let mut known: FxHashMap<Arc<str>, usize> = FxHashMap::default();
    let mut files: Vec<(Arc<str>, Vec<(i32, i64, i64)>)> = Vec::new();
    for row in sums::lines(profile, weights, grouping) {
        let is_wanted = function.is_none_or(|name| row.label.name == name);
        let path = row.label.file.filter(|path| is_wanted && !path.is_empty());
        let (Some(path), Some(line @ (..=-1 | 1..))) = (path, row.label.line) else { continue };
        let at = *known.entry(path).or_insert_with_key(|path| {
            files.push((Arc::clone(path), Vec::new()));
            files.len() - 1
        });
        files[at].1.push((line, row.self_weight.value, row.total.value));
    }
    files.into_iter().map(|(path, lines)| SourceFile::of(path, lines)).collect()
}

impl SourceFile {
    fn of(path: Arc<str>, mut rows: Vec<(i32, i64, i64)>) -> Self {
        rows.sort_by_key(|(line, ..)| *line);
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
