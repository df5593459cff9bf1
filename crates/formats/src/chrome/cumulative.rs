//! Samples without times: the stacks of each thread beside each other, as wide as they weigh: `scale` nanoseconds for 1.

use std::io::Write;

use pyrometer_tables::schema::Sample;
use rustc_hash::FxHashMap;

use super::event::Events;
use super::slices::Slices;
use crate::error::Result;

pub(super) fn add(
    scale: i64,
    samples: Vec<Sample>,
    slices: &mut Slices<'_>,
    events: &mut Events<impl Write>,
) -> Result<()> {
    let order = slices.visits();
    let mut sums: FxHashMap<(i32, i32), Sample> = FxHashMap::default();
    for sample in samples {
        let sum =
            sums.entry((sample.thread, sample.stack)).or_insert(Sample { value: 0, count: 0, ..sample });
        sum.value = sum.value.saturating_add(sample.value);
        sum.count = sum.count.saturating_add(sample.count);
    }
    let mut sums: Vec<_> = sums.into_values().collect();
    sums.sort_unstable_by_key(|sum| (sum.thread, order[sum.stack as usize]));
    for sums in sums.chunk_by(|one, other| one.thread == other.thread) {
        let mut now = 0_i64;
        for sum in sums {
            slices.enter(sum, now, events)?;
            now = now.saturating_add(sum.value.max(0).saturating_mul(scale));
        }
        slices.leave(0, now, sums[0].thread, events)?;
    }
    Ok(())
}
