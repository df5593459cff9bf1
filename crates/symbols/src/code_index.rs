//! Code that comes and goes: which piece lay at an address at a moment.

use std::collections::BTreeMap;

/// Beginnings that a lookup tries, from the address downwards. Code that is live at one time does
/// not overlap; what is older can.
const MOST_CANDIDATES: usize = 64;

/// Pieces of code by address and time.
#[derive(Default)]
pub(crate) struct CodeIndex {
    by_start: BTreeMap<u64, Vec<Piece>>,
}

struct Piece {
    end: u64,
    time: u64,
    id: u32,
}

impl CodeIndex {
    /// Adds a piece that exists from `time` on, over whatever lay there.
    pub(crate) fn insert(&mut self, start: u64, size: u64, time: u64, id: u32) {
        self.by_start.entry(start).or_default().push(Piece { end: start.saturating_add(size), time, id });
    }

    /// The newest piece at `address` that existed at `time`.
    pub(crate) fn find(&self, address: u64, time: u64) -> Option<u32> {
        let starts = self.by_start.range(..=address).rev().take(MOST_CANDIDATES);
        let pieces = starts.flat_map(|(_, pieces)| pieces.iter().rev().take(MOST_CANDIDATES));
        let there = pieces.filter(|piece| address < piece.end && piece.time <= time);
        // Of two from one moment, the one added later.
        there.max_by_key(|piece| (piece.time, piece.id)).map(|piece| piece.id)
    }
}
