//! Samples without times: the stacks of each thread beside each other, as wide as they weigh: `scale` nanoseconds for 1.
//! Threads of the same ids, before and after an `exec`, are one track, one after the other.

use std::io::Write;

use pyrometer_tables::schema::{Sample, Tables};
use rustc_hash::FxHashMap;

use super::event::{Events, ids};
use super::slices::Slices;
use crate::error::Result;

pub(super) fn add(
    tables: &Tables,
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
    let track = |sum: &Sample| ids(tables, Some(sum.thread));
    sums.sort_unstable_by_key(|sum| (track(sum), sum.thread, order[sum.stack as usize]));
    for sums in sums.chunk_by(|one, other| track(one) == track(other)) {
        let (mut now, mut thread) = (0_i64, sums[0].thread);
        for sum in sums {
            if sum.thread != thread {
                slices.leave(0, now, thread, events)?;
                thread = sum.thread;
            }
            slices.enter(sum, now, events)?;
            now = now.saturating_add(sum.value.max(0).saturating_mul(scale));
        }
        slices.leave(0, now, thread, events)?;
    }
    Ok(())
}
