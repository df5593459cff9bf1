//! Records of all CPUs in the order of their times.
//!
//! Each ring is in order by itself, but a mapping made on one CPU must be known before a sample
//! of it on another. Rings are merged in place: nothing is copied, and what is younger than the
//! limit waits in its ring for the next round.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::live::ring::Ring;
use crate::record;

/// Give space back to the kernel after this many bytes, not only at the end of a round.
const RELEASE: u64 = 256 * 1024;

/// Calls `each` with every whole record that is not younger than `limit`, oldest first.
/// Returns how many rings held bytes that are no record; their contents were dropped.
pub(crate) fn drain(rings: &mut [Ring], limit: u64, mut each: impl FnMut(&[u8])) -> u64 {
    let mut heap = BinaryHeap::with_capacity(rings.len());
    let mut broken = 0;
    for (number, ring) in rings.iter_mut().enumerate() {
        ring.refresh();
        push(&mut heap, number, ring, &mut broken);
    }
    let mut unreleased = 0;
    while let Some(Reverse((time, number))) = heap.pop() {
        if time > limit {
            break;
        }
        let ring = &mut rings[number];
        let Some(record) = ring.peek() else { continue };
        let size = record.len();
        each(record);
        ring.advance(size);
        unreleased += size as u64;
        if unreleased >= RELEASE {
            rings.iter().for_each(Ring::release);
            unreleased = 0;
        }
        push(&mut heap, number, &mut rings[number], &mut broken);
    }
    rings.iter().for_each(Ring::release);
    broken
}

type Heap = BinaryHeap<Reverse<(u64, usize)>>;

fn push(heap: &mut Heap, number: usize, ring: &mut Ring, broken: &mut u64) {
    match ring.peek().map(record::time) {
        Some(Some(time)) => heap.push(Reverse((time, number))),
        // Too short for a time: ours all have one, so it must not hold up the others.
        Some(None) => heap.push(Reverse((0, number))),
        None if ring.waiting() >= record::HEADER as u64 => {
            *broken += 1;
            ring.discard();
        }
        None => {}
    }
}
