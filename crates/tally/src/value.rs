//! Sums: whole numbers of 128 bits, or fractions of 64.

use std::cmp::Ordering;

/// A sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Of whole numbers, exact.
    Whole(i128),
    /// Of fractions, added in the order of the lines.
    Fraction(f64),
}

impl Value {
    /// As a fraction, rounded.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Whole(number) => number as f64,
            Self::Fraction(number) => number,
        }
    }

    /// The sum of two; a fraction if one is.
    pub(crate) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Self::Whole(one + other),
            _ => Self::Fraction(self.as_f64() + other.as_f64()),
        }
    }

    /// How large it is without its sign: larger bits for larger values; of those beyond 64 bits, all the same.
    pub(crate) fn magnitude(self) -> u64 {
        match self {
            Self::Whole(number) => u64::try_from(number.unsigned_abs()).unwrap_or(u64::MAX),
            Self::Fraction(number) => number.abs().to_bits(),
        }
    }

    /// The order of sizes without signs, also beyond 64 bits.
    pub(crate) fn compare_sizes(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one.unsigned_abs().cmp(&other.unsigned_abs()),
            _ => self.as_f64().abs().total_cmp(&other.as_f64().abs()),
        }
    }
}
