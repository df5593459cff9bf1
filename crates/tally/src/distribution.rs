//! How the weights of each key are spread: exact, from how often each weight came.

use rayon::prelude::*;

use crate::print::{Listing, label};
use crate::rules::Weights;
use crate::tally::{Row, Tally};
use crate::value::Value;

/// Shares of the events, in percent, whose largest weight is told.
pub const PERCENTILES: [u8; 5] = [25, 50, 75, 90, 99];
/// Beyond these powers of two, weights are in the first or the last bar.
const EXPONENTS: (i32, i32) = (-20, 127);

/// The weights of a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// The key.
    pub key: Vec<u8>,
    /// How many events.
    pub count: u128,
    /// Their sum.
    pub sum: Value,
    /// The smallest weight.
    pub least: Value,
    /// The largest one.
    pub most: Value,
    /// The standard deviation of all events; 0 for one.
    pub deviation: f64,
    /// The smallest weights that at least so many percent do not exceed, as [`PERCENTILES`].
    pub percentiles: [Value; 5],
    /// Bars in order, each from its bound to the next power of two, or from its bound of a negative one: the bound that
    /// is nearer to 0, and how many events. Weights of 0 have a bar of their own, at 0. Empty bars are left out.
    pub histogram: Vec<(f64, u128)>,
}

/// All distributions: the largest sum without its sign first, then by keys.
pub struct Spread {
    /// Of each key.
    pub keys: Vec<Distribution>,
    weights: Weights,
    erase: bool,
}

impl Spread {
    /// Of a tally in detail.
    #[must_use]
    pub fn of(tally: &Tally) -> Self {
        Self { keys: distributions(tally), weights: tally.rules.weights, erase: tally.rules.erase }
    }

    /// The keys by how often they came.
    #[must_use]
    pub fn by_count(&self) -> impl Listing {
        let mut rows: Vec<_> = self
            .keys
            .iter()
            .map(|key| (key, Value::Whole(i128::try_from(key.count).unwrap_or(i128::MAX))))
            .collect();
        rows.sort_unstable_by(|(one, _), (other, _)| {
            other.count.cmp(&one.count).then_with(|| one.key.cmp(&other.key))
        });
        View::new(rows, label(Weights::Unit, false))
    }

    /// The keys by the sums of their weights.
    #[must_use]
    pub fn by_weight(&self) -> impl Listing {
        let rows = self.keys.iter().map(|key| (key, key.sum)).collect();
        View::new(rows, label(self.weights, self.erase))
    }
}

/// Keys with one of their numbers.
struct View<'a> {
    rows: Vec<(&'a Distribution, Value)>,
    total: Value,
    label: String,
}

impl<'a> View<'a> {
    fn new(rows: Vec<(&'a Distribution, Value)>, label: String) -> Self {
        let total = rows.iter().fold(Value::Whole(0), |total, (_, value)| total.plus(*value));
        Self { rows, total, label }
    }
}

impl Listing for View<'_> {
    fn len(&self) -> usize {
        self.rows.len()
    }

    fn row(&self, rank: usize) -> Row<'_> {
        let (key, value) = &self.rows[rank];
        Row { key: &key.key, value: *value }
    }

    fn total(&self) -> Value {
        self.total
    }

    fn label(&self) -> String {
        self.label.clone()
    }
}

/// A weight of a key, and how often it came.
struct Weighed<'a> {
    key: &'a [u8],
    weight: Value,
    times: u128,
}

fn distributions(tally: &Tally) -> Vec<Distribution> {
    let mut all: Vec<_> =
        tally.rows().filter_map(|row| weighed(row.key, row.value, tally.rules.weights)).collect();
    all.par_sort_unstable_by(|one, other| {
        one.key.cmp(other.key).then_with(|| compare(one.weight, other.weight))
    });
    let keys: Vec<_> = all.chunk_by(|one, other| one.key == other.key).collect();
    let mut found: Vec<_> = keys.into_par_iter().map(distribution).collect();
    found.par_sort_by(|one, other| other.sum.compare_sizes(one.sum));
    found
}

/// A row of a tally in detail is a key with a weight at its end.
fn weighed(key: &[u8], times: Value, weights: Weights) -> Option<Weighed<'_>> {
    let (key, weight) = key.split_last_chunk()?;
    let weight = u64::from_le_bytes(*weight);
    let weight = match weights {
        Weights::Fraction => Value::Fraction(f64::from_bits(weight)),
        Weights::Unit | Weights::Whole => Value::Whole(i128::from(weight.cast_signed())),
    };
    let Value::Whole(times) = times else { return None };
    Some(Weighed { key, weight, times: times.unsigned_abs() })
}

fn compare(one: Value, other: Value) -> std::cmp::Ordering {
    match (one, other) {
        (Value::Whole(one), Value::Whole(other)) => one.cmp(&other),
        _ => one.as_f64().total_cmp(&other.as_f64()),
    }
}

fn distribution(weights: &[Weighed<'_>]) -> Distribution {
    let count: u128 = weights.iter().map(|weight| weight.times).sum();
    let sum = sum(weights);
    let mean = sum.as_f64() / count as f64;
    let squares: f64 =
        weights.iter().map(|weight| (weight.weight.as_f64() - mean).powi(2) * weight.times as f64).sum();
    Distribution {
        key: weights[0].key.to_vec(),
        count,
        sum,
        least: weights[0].weight,
        most: weights[weights.len() - 1].weight,
        deviation: if count > 1 { (squares / (count - 1) as f64).sqrt() } else { 0.0 },
        percentiles: PERCENTILES.map(|percent| percentile(weights, count, percent)),
        histogram: histogram(weights),
    }
}

fn sum(weights: &[Weighed<'_>]) -> Value {
    let all = |weighed: &Weighed<'_>| match weighed.weight {
        Value::Whole(weight) => Value::Whole(weight * weighed.times as i128),
        Value::Fraction(weight) => Value::Fraction(weight * weighed.times as f64),
    };
    weights.iter().fold(Value::Whole(0), |sum, weighed| sum.plus(all(weighed)))
}

fn percentile(weights: &[Weighed<'_>], count: u128, percent: u8) -> Value {
    let rank = (count * u128::from(percent)).div_ceil(100).max(1);
    let mut seen = 0;
    let found = weights.iter().find(|weighed| {
        seen += weighed.times;
        seen >= rank
    });
    found.unwrap_or(&weights[weights.len() - 1]).weight
}

/// Weights are in order, and so are their bars.
fn histogram(weights: &[Weighed<'_>]) -> Vec<(f64, u128)> {
    let mut bars: Vec<(f64, u128)> = Vec::new();
    for weighed in weights {
        let bound = bound(weighed.weight.as_f64());
        match bars.last_mut() {
            Some(bar) if bar.0 == bound => bar.1 += weighed.times,
            _ => bars.push((bound, weighed.times)),
        }
    }
    bars
}

/// The power of two that is no farther from 0 than a weight.
fn bound(weight: f64) -> f64 {
    if weight == 0.0 || weight.is_nan() {
        return 0.0;
    }
    let exponent = weight.abs().log2().floor().clamp(f64::from(EXPONENTS.0), f64::from(EXPONENTS.1)) as i32;
    // A logarithm may be rounded up to the next whole number.
    let power = 2f64.powi(exponent);
    let power = if power > weight.abs() && exponent > EXPONENTS.0 { power / 2.0 } else { power };
    power.copysign(weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counting, Rules, unpacked};

    fn of(text: &str, weights: Weights) -> Vec<Distribution> {
        let rules = Rules { weights, erase: true, detailed: true, ..Rules::default() };
        let counting = Counting::new(rules, false);
        let source = unpacked("x".to_owned(), std::io::Cursor::new(text.as_bytes().to_vec()));
        counting.run(vec![source], None).expect("counted");
        distributions(&counting.finish())
    }

    #[test]
    fn weights_of_two_keys() {
        let mut text: String = (1..=100).map(|weight| format!("a {weight}\n")).collect();
        text += "b -7\nb 0\nb -7\nc\n";
        let found = of(&text, Weights::Whole);
        let names: Vec<_> =
            found.iter().map(|found| String::from_utf8_lossy(&found.key).into_owned()).collect();
        assert_eq!(names, ["a NNN", "b NNN", "c"]);
        let a = &found[0];
        assert_eq!((a.count, a.sum), (100, Value::Whole(5050)));
        assert_eq!(a.percentiles, [25, 50, 75, 90, 99].map(Value::Whole));
        assert!((a.deviation - 29.011_491_975_882_016).abs() < 1e-9);
        assert_eq!(a.histogram, [(1., 1), (2., 2), (4., 4), (8., 8), (16., 16), (32., 32), (64., 37)]);
        assert_eq!((found[1].least, found[1].most), (Value::Whole(-7), Value::Whole(0)));
        assert_eq!(found[1].histogram, [(-4., 2), (0., 1)]);
        assert_eq!((found[2].sum, found[2].deviation), (Value::Whole(1), 0.0));
    }

    #[test]
    fn fractions() {
        let found = of("x 0.5\nx 0.25\nx 3\n", Weights::Fraction);
        assert_eq!(found[0].sum, Value::Fraction(3.75));
        assert_eq!(found[0].histogram, [(0.25, 1), (0.5, 1), (2.0, 1)]);
    }
}
