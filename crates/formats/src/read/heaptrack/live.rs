//! What is live, kind by kind, and what was when most was.
//!
//! The state at the peak is not copied at each new peak: a kind notes what it had at the last one when it changes for the
//! first time after it.

use std::collections::BTreeMap;

/// Blocks of one size from one place.
#[derive(Clone, Copy, Debug, Default)]
struct Kind {
    size: i64,
    trace: usize,
    total: i64,
    live: i64,
    temporary: i64,
    at_peak: i64,
    /// Number of the last peak that `at_peak` is of.
    peak: u64,
}

/// The sums of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    alloc_bytes: i64,
    alloc_blocks: i64,
    peak_bytes: i64,
    peak_blocks: i64,
    pub(super) exit_bytes: i64,
    exit_blocks: i64,
    temporary: i64,
}

impl Sums {
    /// What is live at the end is meant to be.
    pub(super) fn forget_exit(&mut self) {
        (self.exit_bytes, self.exit_blocks) = (0, 0);
    }

    /// In the order of the metrics.
    pub(super) fn values(&self) -> [i64; 7] {
        [
            self.alloc_bytes,
            self.alloc_blocks,
            self.peak_bytes,
            self.peak_blocks,
            self.exit_bytes,
            self.exit_blocks,
            self.temporary,
        ]
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Live {
    kinds: Vec<Kind>,
    bytes: i64,
    peak_bytes: i64,
    /// Peaks so far.
    peaks: u64,
    pub(super) time: i64,
    pub(super) peak_time: i64,
    /// The most that was resident.
    pub(super) resident: i64,
    /// The kind that was allocated last. As heaptrack does: 0 after each free, though that is a kind too.
    last: usize,
}

impl Live {
    /// A new kind; its number.
    pub(super) fn kind(&mut self, size: u64, trace: usize) -> usize {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.kinds.push(Kind { size, trace, ..Kind::default() });
        self.kinds.len() - 1
    }

    /// None if there is no such kind.
    #[inline]
    pub(super) fn allocate(&mut self, kind: usize) -> Option<()> {
        let peaks = self.peaks;
        let found = self.kinds.get_mut(kind)?;
        found.note(peaks);
        found.total += 1;
        found.live += 1;
        self.bytes = self.bytes.saturating_add(found.size);
        self.last = kind;
        if self.bytes > self.peak_bytes {
            self.peak_bytes = self.bytes;
            self.peaks += 1;
            self.peak_time = self.time;
        }
        Some(())
    }

    #[inline]
    pub(super) fn free(&mut self, kind: usize) -> Option<()> {
        let (peaks, last) = (self.peaks, self.last);
        let found = self.kinds.get_mut(kind)?;
        found.note(peaks);
        found.live -= 1;
        found.temporary += i64::from(last == kind);
        self.bytes = self.bytes.saturating_sub(found.size);
        self.last = 0;
        Some(())
    }

    /// Bytes that are live.
    pub(super) fn bytes(&self) -> i64 {
        self.bytes
    }

    /// What came before an attach does not count.
    pub(super) fn forget(&mut self) {
        for kind in &mut self.kinds {
            *kind = Kind { size: kind.size, trace: kind.trace, ..Kind::default() };
        }
        *self = Self { kinds: std::mem::take(&mut self.kinds), time: self.time, ..Self::default() };
    }

    /// Sums of each trace, in the order of traces.
    pub(super) fn by_trace(&mut self) -> BTreeMap<usize, Sums> {
        let mut sums: BTreeMap<usize, Sums> = BTreeMap::new();
        for kind in &mut self.kinds {
            kind.note(self.peaks);
            let sum = sums.entry(kind.trace).or_default();
            let add =
                |sum: &mut i64, blocks: i64| *sum = sum.saturating_add(blocks.saturating_mul(kind.size));
            add(&mut sum.alloc_bytes, kind.total);
            add(&mut sum.peak_bytes, kind.at_peak);
            add(&mut sum.exit_bytes, kind.live);
            sum.alloc_blocks += kind.total;
            sum.peak_blocks += kind.at_peak;
            sum.exit_blocks += kind.live;
            sum.temporary += kind.temporary;
        }
        sums
    }
}

impl Kind {
    /// Before a change: what it had at the last peak, if it has not changed since.
    #[inline]
    fn note(&mut self, peaks: u64) {
        if self.peak != peaks {
            self.at_peak = self.live;
            self.peak = peaks;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_state_at_the_peak_is_that_of_a_copy(events in proptest::collection::vec((0..5_usize, any::<bool>()), 0..200)) {
            let mut live = Live::default();
            let sizes = [1, 7, 100, 3, 50];
            for (trace, size) in sizes.iter().enumerate() {
                live.kind(*size, trace);
            }
            let (mut blocks, mut peak, mut most) = ([0_i64; 5], [0_i64; 5], 0);
            for (kind, is_free) in events {
                if is_free && blocks[kind] > 0 {
                    blocks[kind] -= 1;
                    live.free(kind).unwrap();
                } else if !is_free {
                    blocks[kind] += 1;
                    live.allocate(kind).unwrap();
                }
                let bytes: i64 = blocks.iter().zip(sizes).map(|(blocks, size)| blocks * size as i64).sum();
                if bytes > most {
                    (most, peak) = (bytes, blocks);
                }
            }
            for (trace, sums) in live.by_trace() {
                prop_assert_eq!((sums.peak_blocks, sums.exit_blocks), (peak[trace], blocks[trace]));
            }
        }
    }
}
