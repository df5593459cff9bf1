//! Samples without times: the stacks of each thread beside each other, as wide as they weigh: `scale` nanoseconds for 1.

use std::io::Write;

use pyrometer_tables::schema::{Sample, Tables};
use rustc_hash::FxHashMap;

use super::event::Events;
use super::slices::Slices;
use crate::error::Result;

pub(super) fn add(
    tables: &Tables,
    scale: i64,
    samples: Vec<Sample>,
    slices: &mut Slices<'_>,
    events: &mut Events<impl Write>,
) -> Result<()> {
    let order = visits(tables, slices.labels());
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

/// For each row of `stacks`, when it is come to if callers are visited before what they call, and all of that before
/// anything else. Stacks of the same functions are one.
fn visits(tables: &Tables, labels: &[u32]) -> Vec<u32> {
    let mut nodes: FxHashMap<(Option<usize>, u32), usize> = FxHashMap::default();
    let mut children: Vec<Vec<usize>> = Vec::new();
    let mut roots = Vec::new();
    let mut node_of: Vec<usize> = Vec::with_capacity(tables.stacks.len());
    for stack in &tables.stacks {
        let parent = stack.parent.map(|parent| node_of[parent as usize]);
        let node = *nodes.entry((parent, labels[stack.frame as usize])).or_insert_with(|| {
            let node = children.len();
            children.push(Vec::new());
            parent.map_or(&mut roots, |parent| &mut children[parent]).push(node);
            node
        });
        node_of.push(node);
    }
    let mut order = vec![0; children.len()];
    let mut todo: Vec<_> = roots.into_iter().rev().collect();
    let mut next = 0;
    while let Some(node) = todo.pop() {
        order[node] = next;
        next += 1;
        todo.extend(children[node].drain(..).rev());
    }
    node_of.into_iter().map(|node| order[node]).collect()
}
