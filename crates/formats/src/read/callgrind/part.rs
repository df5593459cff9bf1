//! A part of a file: what its lines add up to, and what it says that they do.

use super::super::numbers::counts;

/// The sums of the lines since the last `events:`.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Of each event.
    pub(super) totals: Vec<i64>,
    /// As the file said it before.
    summary: Option<Vec<i64>>,
    /// Whether there were counts.
    pub(super) begun: bool,
    /// Whether the file gave their sum behind them.
    closed: bool,
}

impl Part {
    /// Adds the counts of a line.
    #[inline]
    pub(super) fn add(&mut self, values: &[i64]) {
        self.begun = true;
        for (total, value) in self.totals.iter_mut().zip(values) {
            *total = total.wrapping_add(*value);
        }
    }

    /// A line `summary:`; none if these are no counts.
    pub(super) fn summarize(&mut self, bytes: &[u8], events: usize) -> Option<()> {
        self.summary = Some(all(bytes, events)?);
        Some(())
    }

    /// A line `totals:`; none if it is another sum.
    pub(super) fn close(&mut self, bytes: &[u8], events: usize) -> Option<()> {
        self.closed = true;
        self.totals.resize(events, 0);
        (all(bytes, events)? == self.totals).then_some(())
    }

    /// Whether it ends without the line that its writer ends with.
    pub(super) fn is_cut(&self) -> bool {
        !self.closed
    }

    /// Where the summary, which is of the whole run, is not the sum of the lines: both.
    pub(super) fn differs(&self) -> Option<(i64, i64)> {
        let summary =
            self.summary.as_ref().filter(|summary| self.begun && summary.iter().any(|v| *v != 0))?;
        summary.iter().copied().zip(self.totals.iter().copied()).find(|(said, summed)| said != summed)
    }
}

/// A count for each event: those that are missing are 0.
fn all(bytes: &[u8], events: usize) -> Option<Vec<i64>> {
    let mut values = vec![0; events];
    counts(bytes, &mut values)?;
    Some(values)
}
