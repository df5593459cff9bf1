//! Records in the order of their times.
//!
//! perf writes what each CPU's buffer has, in rounds. What was read in a round is not older than what was youngest
//! in the round before the last; so at the end of each, all that is not younger than that can go.

use std::rc::Rc;

/// Bytes of unpacked records that wait at most; a real round has far fewer.
const HELD: usize = 1 << 30;

/// Where the bytes of a record are.
#[derive(Clone)]
pub(super) enum Piece<'a> {
    File(&'a [u8]),
    Unpacked { chunk: Rc<[u8]>, start: usize, end: usize },
}

impl Piece<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::File(bytes) => bytes,
            Self::Unpacked { chunk, start, end } => &chunk[*start..*end],
        }
    }
}

/// A record that waits.
#[derive(Clone)]
pub(super) struct Waiting<'a> {
    pub(super) time: u64,
    /// Where it, or the chunk that it is in, stands in the file.
    pub(super) offset: u64,
    pub(super) piece: Piece<'a>,
}

/// The records that wait for older ones.
#[derive(Default)]
pub(super) struct Order<'a> {
    waiting: Vec<Waiting<'a>>,
    youngest: u64,
    /// The youngest when the round before ended.
    limit: u64,
    held: usize,
}

impl<'a> Order<'a> {
    pub(super) fn push(&mut self, record: Waiting<'a>) {
        self.youngest = self.youngest.max(record.time);
        if let Piece::Unpacked { start, end, .. } = &record.piece {
            self.held += end - start;
        }
        self.waiting.push(record);
    }

    /// Whether too much waits, in a file that does not say where its rounds end.
    pub(super) fn is_full(&self) -> bool {
        self.held > HELD
    }

    /// What can go at the end of a round.
    pub(super) fn round(&mut self) -> Vec<Waiting<'a>> {
        let limit = std::mem::replace(&mut self.limit, self.youngest);
        self.up_to(limit)
    }

    /// All that waits.
    pub(super) fn rest(&mut self) -> Vec<Waiting<'a>> {
        self.up_to(u64::MAX)
    }

    fn up_to(&mut self, limit: u64) -> Vec<Waiting<'a>> {
        // Stable, so that records of the same time keep the order of the file; and fast, for those of a CPU are in order.
        self.waiting.sort_by_key(|record| record.time);
        let stays = self.waiting.partition_point(|record| record.time <= limit);
        let later = self.waiting.split_off(stays);
        self.held = 0;
        for record in &later {
            if let Piece::Unpacked { start, end, .. } = &record.piece {
                self.held += end - start;
            }
        }
        std::mem::replace(&mut self.waiting, later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(order: &mut Order, times: &[u64]) {
        for time in times {
            order.push(Waiting { time: *time, offset: 0, piece: Piece::File(&[]) });
        }
    }

    fn times(records: &[Waiting]) -> Vec<u64> {
        records.iter().map(|record| record.time).collect()
    }

    #[test]
    fn a_round_lets_go_what_is_older_than_the_youngest_of_the_round_before() {
        let mut order = Order::default();
        push(&mut order, &[1, 5, 2, 4]);
        assert!(times(&order.round()).is_empty());
        push(&mut order, &[6, 9, 3]);
        assert_eq!(times(&order.round()), [1, 2, 3, 4, 5]);
        push(&mut order, &[7]);
        assert_eq!(times(&order.rest()), [6, 7, 9]);
    }
}
