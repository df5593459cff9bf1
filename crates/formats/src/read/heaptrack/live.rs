//! What is live, kind by kind, and what was when most was.
//!
//! Events come in runs: the sizes of their kinds, which lie anywhere in memory, are read before any is changed, so that
//! the processor waits for many of them at once; and where in the run most was live is known before kinds take notes.
//!
//! The state at the peak is not copied at each new peak: a kind notes what it had at the last one when it changes for the
//! first time after it.

/// Blocks of one size from one place, which is in `traces`: it is not looked at with each event.
#[derive(Clone, Copy, Debug, Default)]
struct Kind {
    size: i64,
    total: i64,
    live: i64,
    temporary: i64,
    at_peak: i64,
    /// Number of the last peak that `at_peak` is of.
    peak: u64,
}

/// An allocation or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) kind: u32,
    /// 1 for an allocation, -1 for its end.
    pub(super) change: i32,
}

/// Bytes allocated, blocks, both at the peak and at the end, and blocks that were temporary.
type Sums = [i64; 7];
/// What is live at the end, in [`Sums`].
pub(super) const EXIT: std::ops::RangeInclusive<usize> = EXIT_BYTES..=EXIT_BYTES + 1;
/// Bytes of it.
pub(super) const EXIT_BYTES: usize = 4;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Live {
    kinds: Vec<Kind>,
    /// For each kind.
    traces: Vec<u32>,
    bytes: i64,
    peak_bytes: i64,
    /// Peaks so far.
    peaks: u64,
    pub(super) time: i64,
    pub(super) peak_time: i64,
    /// The most that was resident.
    pub(super) resident: i64,
    /// The kind that was allocated last. As heaptrack does: 0 after each free, though that is a kind too.
    last: u32,
}

impl Live {
    /// A new kind; its number.
    pub(super) fn kind(&mut self, size: u64, trace: usize) -> usize {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        self.kinds.push(Kind { size, ..Kind::default() });
        self.traces.push(trace as u32);
        self.kinds.len() - 1
    }

    /// How many kinds there are.
    pub(super) fn kinds(&self) -> usize {
        self.kinds.len()
    }

    /// The trace of each kind.
    pub(super) fn traces(&self) -> &[u32] {
        &self.traces
    }

    /// Takes in a single event; none if there is no such kind.
    pub(super) fn change(&mut self, kind: usize, change: i32) -> Option<()> {
        let known = u32::try_from(kind).ok().filter(|_| kind < self.kinds.len())?;
        self.take(&[Event { kind: known, change }]);
        Some(())
    }

    /// Takes in events, all of kinds that there are.
    #[inline]
    pub(super) fn take(&mut self, run: &[Event]) {
        let mut most = self.peak_bytes;
        let mut until_peak = 0;
        for (at, event) in run.iter().enumerate() {
            let size = self.kinds[event.kind as usize].size;
            self.bytes = self.bytes.saturating_add(size * i64::from(event.change));
            if self.bytes > most {
                most = self.bytes;
                until_peak = at + 1;
            }
        }
        let (before, after) = run.split_at(until_peak);
        if !before.is_empty() {
            // Notes of the peak before are of no use any more.
            self.each(before, |_| ());
            self.peak_bytes = most;
            self.peaks += 1;
            self.peak_time = self.time;
        }
        let peaks = self.peaks;
        self.each(after, |kind| kind.note(peaks));
    }

    #[inline]
    fn each(&mut self, run: &[Event], before: impl Fn(&mut Kind)) {
        for event in run {
            let kind = &mut self.kinds[event.kind as usize];
            before(kind);
            let is_free = event.change < 0;
            kind.live += i64::from(event.change);
            kind.total += i64::from(!is_free);
            kind.temporary += i64::from(is_free && self.last == event.kind);
            self.last = if is_free { 0 } else { event.kind };
        }
    }

    /// Bytes that are live.
    pub(super) fn bytes(&self) -> i64 {
        self.bytes
    }

    /// What came before an attach does not count.
    pub(super) fn forget(&mut self) {
        for kind in &mut self.kinds {
            *kind = Kind { size: kind.size, ..Kind::default() };
        }
        let (kinds, traces) = (std::mem::take(&mut self.kinds), std::mem::take(&mut self.traces));
        *self = Self { kinds, traces, time: self.time, ..Self::default() };
    }

    /// Hands over the sums of each trace, in the order of traces.
    pub(super) fn by_trace(&self, mut each: impl FnMut(usize, Sums)) {
        let mut order: Vec<(u32, u32)> = self.traces.iter().copied().zip(0..).collect();
        order.sort_unstable();
        for kinds in order.chunk_by(|one, other| one.0 == other.0) {
            let mut sums = Sums::default();
            for (_, kind) in kinds {
                let kind = self.kinds[*kind as usize].sums(self.peaks);
                sums.iter_mut().zip(kind).for_each(|(sum, value)| *sum = sum.saturating_add(value));
            }
            each(kinds[0].0 as usize, sums);
        }
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

    fn sums(mut self, peaks: u64) -> Sums {
        self.note(peaks);
        let bytes = |blocks: i64| blocks.saturating_mul(self.size);
        let [allocated, peak, exit] = [self.total, self.at_peak, self.live].map(bytes);
        [allocated, self.total, peak, self.at_peak, exit, self.live, self.temporary]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_state_at_the_peak_is_that_of_a_copy(
            events in proptest::collection::vec((0..5_usize, any::<bool>()), 0..200),
            length in 1..60_usize,
        ) {
            let mut live = Live::default();
            let mut run = Vec::new();
            let sizes = [1, 7, 100, 3, 50];
            for (trace, size) in sizes.iter().enumerate() {
                live.kind(*size, trace);
            }
            let (mut blocks, mut peak, mut most) = ([0_i64; 5], [0_i64; 5], 0);
            for (kind, is_free) in events {
                if is_free && blocks[kind] > 0 {
                    blocks[kind] -= 1;
                    run.push(Event { kind: kind as u32, change: -1 });
                } else if !is_free {
                    blocks[kind] += 1;
                    run.push(Event { kind: kind as u32, change: 1 });
                }
                let bytes: i64 = blocks.iter().zip(sizes).map(|(blocks, size)| blocks * size as i64).sum();
                if bytes > most {
                    (most, peak) = (bytes, blocks);
                }
            }
            run.chunks(length).for_each(|run| live.take(run));
            let mut found = Vec::new();
            live.by_trace(|trace, sums| found.push((trace, sums[3], sums[5])));
            let expected: Vec<_> = (0..5).map(|trace| (trace, peak[trace], blocks[trace])).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
