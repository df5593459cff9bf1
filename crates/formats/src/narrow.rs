//! Sums of which most are small: four bytes each, and a table for the few that need more.
//!
//! A large file has tens of millions of them. What their memory takes is not what it holds but that it is touched for the
//! first time: half of it is half of that.

use std::ops::Range;

use rustc_hash::FxHashMap;

/// Stands for a number that is in the table.
const ELSEWHERE: u32 = u32::MAX;

/// Numbers in a row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Narrow {
    low: Vec<u32>,
    /// By place; each of these is below 0, or at least [`ELSEWHERE`].
    high: FxHashMap<usize, i64>,
}

impl Narrow {
    /// Adds zeros at the end.
    #[inline]
    pub(crate) fn grow(&mut self, by: usize) {
        self.low.resize(self.low.len() + by, 0);
    }

    /// The number at a place.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> i64 {
        match self.low[at] {
            ELSEWHERE => self.high.get(&at).copied().unwrap_or_default(),
            low => i64::from(low),
        }
    }

    /// Those of some places.
    #[inline]
    pub(crate) fn of(&self, places: Range<usize>) -> impl Iterator<Item = i64> + Clone {
        places.map(|at| self.get(at))
    }

    /// Puts a number into a place.
    pub(crate) fn set(&mut self, at: usize, value: i64) {
        match u32::try_from(value) {
            Ok(low) if low != ELSEWHERE => {
                if std::mem::replace(&mut self.low[at], low) == ELSEWHERE {
                    self.high.remove(&at);
                }
            }
            _ => {
                self.low[at] = ELSEWHERE;
                self.high.insert(at, value);
            }
        }
    }

    /// Adds values to the numbers from a place on. Sums saturate.
    #[inline]
    pub(crate) fn add(&mut self, from: usize, values: &[i64]) {
        let sums = &mut self.low[from..from + values.len()];
        for (nth, (sum, value)) in sums.iter_mut().zip(values).enumerate() {
            let together = u32::try_from(*value).ok().and_then(|value| sum.checked_add(value));
            match together {
                Some(together) if together != ELSEWHERE => *sum = together,
                _ => return self.add_large(from + nth, &values[nth..]),
            }
        }
    }

    #[cold]
    fn add_large(&mut self, from: usize, values: &[i64]) {
        for (at, value) in (from..).zip(values) {
            self.set(at, self.get(at).saturating_add(*value));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = i64> {
        let edge = i64::from(u32::MAX);
        prop_oneof![0..10_i64, edge - 3..edge + 3, -5..0_i64, Just(i64::MAX), Just(i64::MIN), any::<i64>()]
    }

    proptest! {
        #[test]
        fn sums_are_those_of_wide_numbers(
            added in proptest::collection::vec((0..6_usize, proptest::collection::vec(value(), 0..3)), 0..40),
            put in proptest::collection::vec((0..8_usize, value()), 0..10),
        ) {
            let (mut narrow, mut wide) = (Narrow::default(), vec![0_i64; 8]);
            narrow.grow(8);
            for (from, values) in &added {
                narrow.add(*from, values);
                wide[*from..].iter_mut().zip(values).for_each(|(sum, value)| *sum = sum.saturating_add(*value));
            }
            for (at, value) in put {
                narrow.set(at, value);
                wide[at] = value;
            }
            prop_assert_eq!(narrow.low.len(), 8);
            prop_assert_eq!(narrow.of(0..8).collect::<Vec<_>>(), wide);
            prop_assert!(narrow.high.values().all(|value| u32::try_from(*value).map_or(true, |low| low == ELSEWHERE)));
        }
    }
}
