//! Histograms of accesses: how often each byte of a block was read or written.

use serde_json::json;

/// Largest count of Valgrind's: it writes them through 16 bits.
const WRAPS: i64 = 1 << 16;

/// The largest block, in bytes: of 1,024 (`HISTOGRAM_SIZE_LIMIT` of Valgrind's `dh_main.c`), or up to 25 times as many
/// where a program asks for its histogram.
const LARGEST_BLOCK: i64 = 25 * 1024;

/// Runs of bytes with the same number of accesses.
#[derive(Debug, PartialEq)]
pub(super) struct Histogram {
    /// Number of bytes and accesses of each.
    runs: Vec<(i64, i64)>,
}

impl Histogram {
    /// Out of `-N, v` for N times v, and `v` for one; none if a count or a length is negative where it cannot be, or
    /// no block with a histogram is so large.
    pub(super) fn decoded(encoded: &[i64]) -> Option<Self> {
        let mut runs = Vec::new();
        let mut rest = encoded.iter();
        while let Some(value) = rest.next() {
            runs.push(match *value {
                value if value >= 0 => (1, value),
                length => (length.checked_neg()?, *rest.next().filter(|value| **value >= 0)?),
            });
        }
        let histogram = Self { runs };
        (histogram.block_size() <= LARGEST_BLOCK).then_some(histogram)
    }

    fn block_size(&self) -> i64 {
        self.runs.iter().fold(0, |sum, (length, _)| sum.saturating_add(*length))
    }

    /// Whether counts lack multiples of 65,536: each byte that was read or written was counted once.
    pub(super) fn is_wrapped(&self, accessed: i64) -> bool {
        let counted = self
            .runs
            .iter()
            .fold(0_i64, |sum, (length, value)| sum.saturating_add(length.saturating_mul(*value)));
        counted != accessed && accessed.wrapping_sub(counted) % WRAPS == 0
    }

    /// As an event keeps it.
    pub(super) fn payload(&self, wrapped: bool) -> String {
        json!({ "block_size": self.block_size(), "runs": self.runs, "wrapped": wrapped }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_written_by_their_negative_length() {
        let histogram = Histogram::decoded(&[-3, 0, 5, -96, 0]).unwrap();
        assert_eq!(
            histogram.payload(false),
            r#"{"block_size":100,"runs":[[3,0],[1,5],[96,0]],"wrapped":false}"#
        );
        assert_eq!(Histogram::decoded(&[-3]), None);
        assert_eq!(Histogram::decoded(&[-3, -3]), None);
        assert_eq!(Histogram::decoded(&[i64::MIN, 3]), None);
    }

    #[test]
    fn a_block_that_is_too_large_for_a_histogram_has_none() {
        assert!(Histogram::decoded(&[-25_600, 1]).is_some());
        for runs in [&[-25_600, 1, 2][..], &[-(1 << 60), 0], &[-i64::MAX, 0, -i64::MAX, 0]] {
            assert_eq!(Histogram::decoded(runs), None, "{runs:?}");
        }
    }

    #[test]
    fn counts_of_16_bits_are_found_out() {
        let histogram = Histogram::decoded(&[34_464, 7]).unwrap();
        assert!(histogram.is_wrapped(100_007));
        assert!(!histogram.is_wrapped(34_471));
    }
}
