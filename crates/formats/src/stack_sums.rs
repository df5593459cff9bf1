//! What the stacks of a selection weigh, in all metrics at once.

use pyrometer_tables::Profile;
use pyrometer_tables::schema::Tables;
use pyrometer_tables::select::{Selection, for_each_selected, totals};

use crate::carried::{Part, left_out};
use crate::error::Result;
use crate::{LeftOut, read};

/// Sums by stack.
#[derive(Debug, Default)]
pub(crate) struct StackSums {
    /// Rows in `metrics`, of which there are values.
    pub(crate) metrics: Vec<i32>,
    /// For each row of `stacks`, a value for each metric: of the samples of which it is the leaf.
    values: Vec<i64>,
    /// For each row of `stacks`, the observations of the metric that has most.
    counts: Vec<i64>,
    /// Metrics for which there was no room.
    more: usize,
}

impl StackSums {
    /// Adds the samples up.
    pub(crate) fn new(profile: &Profile, selection: &Selection, most: usize) -> Result<Self> {
        let tables = profile.tables();
        let (metrics, more) = used_metrics(profile, most)?;
        let mut column = vec![None; tables.metrics.len()];
        for (at, metric) in metrics.iter().enumerate() {
            column[*metric as usize] = Some(at);
        }
        let (width, stacks) = (metrics.len(), tables.stacks.len());
        let mut sums = Self { values: vec![0; width * stacks], counts: vec![0; stacks], metrics, more };
        let mut counts = vec![0_i64; width * stacks];
        for_each_selected(profile, selection, |sample| {
            let Some(column) = column[sample.metric as usize] else {
                return Ok(());
            };
            let at = sample.stack as usize * width + column;
            sums.values[at] = sums.values[at].saturating_add(sample.value);
            counts[at] = counts[at].saturating_add(sample.count);
            Ok(())
        })?;
        for (stack, count) in sums.counts.iter_mut().enumerate() {
            *count = counts[stack * width..][..width].iter().copied().max().unwrap_or(0);
        }
        Ok(sums)
    }

    /// A value for each metric.
    pub(crate) fn of(&self, stack: usize) -> &[i64] {
        let width = self.metrics.len();
        &self.values[stack * width..][..width]
    }

    /// Number of observations.
    pub(crate) fn count(&self, stack: usize) -> i64 {
        self.counts[stack]
    }

    /// With what each stack calls added to it: what it weighs as a whole.
    pub(crate) fn inclusive(&self, tables: &Tables) -> Self {
        let width = self.metrics.len();
        let (mut values, mut counts) = (self.values.clone(), self.counts.clone());
        for (row, stack) in tables.stacks.iter().enumerate().rev() {
            let Some(parent) = stack.parent.map(|parent| parent as usize) else {
                continue;
            };
            let (before, from) = values.split_at_mut(row * width);
            for (sum, value) in before[parent * width..].iter_mut().zip(&from[..width]) {
                *sum = sum.saturating_add(*value);
            }
            counts[parent] = counts[parent].saturating_add(counts[row]);
        }
        Self { values, counts, metrics: self.metrics.clone(), ..Self::default() }
    }

    /// What the selected samples have besides sums by stack of parts that are carried.
    pub(crate) fn left_out(
        &self,
        profile: &Profile,
        selection: &Selection,
        carried: &[Part],
    ) -> Result<LeftOut> {
        let mut left_out = left_out(profile, selection, &[carried, &[Part::Metrics]].concat())?;
        if self.more > 0 {
            left_out.push(format!("{} metrics beyond the first {}", self.more, self.metrics.len()));
        }
        Ok(left_out)
    }
}

/// The metrics that have values, and how many more there are.
fn used_metrics(profile: &Profile, most: usize) -> Result<(Vec<i32>, usize)> {
    let mut used: Vec<_> = totals(profile)?.iter().map(|total| !total.is_zero()).collect();
    for call in &profile.tables().calls {
        used[call.metric as usize] = true;
    }
    let all = used.len() <= most;
    let mut metrics: Vec<_> = (0..used.len() as i32).filter(|metric| all || used[*metric as usize]).collect();
    let more = metrics.len().saturating_sub(most);
    metrics.truncate(most);
    Ok((metrics, more))
}

/// The metrics as events: names without spaces, which part them.
pub(crate) fn event_names(tables: &Tables, metrics: &[i32]) -> Vec<String> {
    let name = |metric: &i32| {
        let name = &tables.metrics[*metric as usize].name;
        if name.trim().is_empty() {
            "events".to_owned()
        } else {
            name.trim().replace(char::is_whitespace, "-")
        }
    };
    metrics.iter().map(name).collect()
}

/// Lines `desc:` that a file of Valgrind's had.
pub(crate) fn descriptions(profile: &Profile) -> Vec<&str> {
    let kept = profile.meta.extra.get(read::valgrind::DESCRIPTIONS).and_then(serde_json::Value::as_array);
    kept.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
}
