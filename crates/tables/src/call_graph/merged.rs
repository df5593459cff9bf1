//! Functions of one name and binary, which views show as one.

use super::CallGraph;
use crate::sums::Row;

/// The graph in which they are one, beside the one in which they are several.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) graph: CallGraph,
    /// For each function of the other graph, the label in this one.
    of: Vec<u32>,
    /// For each label, how many functions it has.
    sizes: Vec<u32>,
}

impl Merged {
    /// Of the labels of the same frames in both graphs.
    pub(super) fn new(apart: &[u32], together: &[u32], graph: CallGraph) -> Self {
        let functions = apart.iter().max().map_or(0, |last| *last as usize + 1);
        let mut of = vec![0; functions];
        for (function, label) in apart.iter().zip(together) {
            of[*function as usize] = *label;
        }
        let mut sizes = vec![0; graph.labels.len()];
        of.iter().for_each(|label| sizes[*label as usize] += 1);
        Self { graph, of, sizes }
    }

    /// Whether a label of this graph is of several functions.
    pub(super) fn is_of_several(&self, label: u32) -> bool {
        self.sizes[label as usize] > 1
    }
}

impl CallGraph {
    /// What a function is counted under: a label of [`Self::shown`].
    pub(super) fn shown_as(&self, function: u32) -> u32 {
        self.merged.as_ref().map_or(function, |merged| merged.of[function as usize])
    }

    /// The graph whose labels are shown.
    pub(super) fn shown(&self) -> &Self {
        self.merged.as_ref().map_or(self, |merged| &merged.graph)
    }

    /// A row for each label that is shown. Several functions cost together what they do in the graph in which they are
    /// one, where circles hide costs, but not less than one of them alone; the others what they do where they are several.
    pub(super) fn rows(&self) -> Vec<Row> {
        let shown = self.shown();
        let totals = shown.totals();
        let mut rows: Vec<_> = (0..shown.labels.len() as u32).map(|at| shown.row(at, &totals)).collect();
        let Some(merged) = &self.merged else { return rows };
        rows.iter_mut().for_each(|row| row.cycle = None);
        let totals = self.totals();
        for (function, label) in (0..).zip(&merged.of) {
            let row = &mut rows[*label as usize];
            let alone = self.capped(totals[function as usize]);
            row.cycle = row.cycle.or(self.cycle(function));
            if merged.is_of_several(*label) {
                // It is defined in more than one.
                (row.label.file, row.label.line) = (None, None);
            }
            if alone.value > row.total.value || !merged.is_of_several(*label) {
                row.total = alone;
            }
        }
        rows
    }
}
