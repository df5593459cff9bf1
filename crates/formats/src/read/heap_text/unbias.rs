//! From what was sampled to what there was.

/// Blocks and bytes that there were, of those that were sampled every `rate` bytes on average.
///
/// A block of the average size s was sampled with the probability 1 - e^(-s/rate).
pub(super) fn unbiased((blocks, bytes): (i64, i64), rate: Option<f64>) -> (i64, i64) {
    let Some(rate) = rate.filter(|rate| *rate > 1.0 && blocks > 0 && bytes > 0) else {
        return (blocks, bytes);
    };
    let size = bytes as f64 / blocks as f64;
    // Of small blocks 1 - e^-x would lose all digits.
    let factor = -1.0 / (-size / rate).exp_m1();
    ((blocks as f64 * factor).round() as i64, (bytes as f64 * factor).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_blocks_are_all_seen_and_small_ones_stand_for_many() {
        assert_eq!(unbiased((2, 20_000_000), Some(1000.0)), (2, 20_000_000));
        assert_eq!(unbiased((1, 1), Some(1e6)), (1_000_001, 1_000_001));
        assert_eq!(unbiased((3, 300), None), (3, 300));
        assert_eq!(unbiased((0, 0), Some(1e6)), (0, 0));
        // A block of the size of the rate is seen with 1 - 1/e.
        assert_eq!(unbiased((1000, 1_000_000), Some(1000.0)), (1582, 1_581_977));
    }
}
