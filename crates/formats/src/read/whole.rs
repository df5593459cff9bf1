//! Values are whole numbers of 63 bits. What files say beyond that is rounded and said, or refused.

use pyrometer_tables::schema::{Metric, Sample};

use super::wide_samples::WideSamples;

/// Numbers of a file that had fractions.
#[derive(Debug, Default)]
pub(super) struct Rounded {
    numbers: u64,
    to_zero: u64,
}

impl Rounded {
    /// The whole number next to this one; none if it has more than 63 bits.
    pub(super) fn whole(&mut self, number: f64) -> Option<i64> {
        let whole = number.round();
        if whole != number {
            self.numbers += 1;
            self.to_zero += u64::from(whole == 0.0);
        }
        (whole.abs() < i64::MAX as f64).then_some(whole as i64)
    }

    /// What the user should know of it.
    pub(super) fn note(&self) -> Option<String> {
        let zeros = match self.to_zero {
            0 => String::new(),
            zeros if zeros == self.numbers => ", to 0".to_owned(),
            zeros => format!(", {zeros} of them to 0"),
        };
        let rounded = match self.numbers {
            0 => return None,
            1 => "1 number with a fraction was rounded to a whole one".to_owned(),
            numbers => format!("{numbers} numbers with fractions were rounded to whole ones"),
        };
        Some(format!("{rounded}{zeros}: where that is too coarse, multiply all of them before."))
    }
}

/// The first metric whose values add up to more than a sum can hold.
pub(super) fn first_too_large<'a>(
    metrics: &'a [Metric],
    samples: &[Sample],
    wide: Option<&WideSamples>,
) -> Option<&'a Metric> {
    let mut sums = vec![0_i128; metrics.len()];
    for sample in samples {
        // Rows that do not fit are found later.
        if let Some(sum) = usize::try_from(sample.metric).ok().and_then(|metric| sums.get_mut(metric)) {
            *sum += i128::from(sample.value);
        }
    }
    if let Some(wide) = wide {
        wide.add_to_sums(&mut sums);
    }
    // Values that were added up while reading stop at the largest number.
    let at = sums.iter().position(|sum| sum.unsigned_abs() >= i64::MAX as u128)?;
    metrics.get(at)
}
