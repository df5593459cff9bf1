//! What is kept of a line beside the line: a number of a few bytes, and what does not fit into it.

use crate::value::Value;

/// How weights are summed. Weights are 64 bits whose meaning is the kind's.
pub(crate) trait Cell: Copy + Send + Sync + 'static {
    /// Bytes that a sum takes.
    const WIDTH: usize;

    /// Makes a weight the first of a sum.
    ///
    /// What does not fit is returned, to be kept elsewhere and added at the end.
    fn begin(cell: &mut [u8], weight: u64) -> Option<i128>;

    /// Adds a weight, or the sum of another cell.
    fn add(cell: &mut [u8], weight: u64) -> Option<i128>;

    /// The sum, as a weight that another cell takes.
    fn weight(cell: &[u8]) -> u64;

    /// The sum with what did not fit.
    fn value(cell: &[u8], elsewhere: i128) -> Value;
}

/// How many: two bytes, for most lines of a large input are few.
#[derive(Clone, Copy)]
pub(crate) struct Number;

/// A sum of whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct Whole;

/// A sum of fractions, in the order in which they are added.
#[derive(Clone, Copy)]
pub(crate) struct Fraction;

impl Cell for Number {
    const WIDTH: usize = 2;

    fn begin(cell: &mut [u8], weight: u64) -> Option<i128> {
        cell[..2].fill(0);
        Self::add(cell, weight)
    }

    #[inline]
    fn add(cell: &mut [u8], weight: u64) -> Option<i128> {
        let sum = Self::weight(cell) + weight;
        let kept = u16::try_from(sum);
        cell[..2].copy_from_slice(&kept.unwrap_or(0).to_le_bytes());
        kept.is_err().then_some(i128::from(sum))
    }

    #[inline]
    fn weight(cell: &[u8]) -> u64 {
        u64::from(u16::from_le_bytes([cell[0], cell[1]]))
    }

    fn value(cell: &[u8], elsewhere: i128) -> Value {
        Value::Whole(i128::from(Self::weight(cell)) + elsewhere)
    }
}

impl Cell for Whole {
    const WIDTH: usize = 8;

    fn begin(cell: &mut [u8], weight: u64) -> Option<i128> {
        cell[..8].copy_from_slice(&weight.to_le_bytes());
        None
    }

    #[inline]
    fn add(cell: &mut [u8], weight: u64) -> Option<i128> {
        let (before, weight) = (Self::weight(cell).cast_signed(), weight.cast_signed());
        let sum = before.checked_add(weight);
        cell[..8].copy_from_slice(&sum.unwrap_or(0).to_le_bytes());
        sum.is_none().then(|| i128::from(before) + i128::from(weight))
    }

    #[inline]
    fn weight(cell: &[u8]) -> u64 {
        cell.first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    fn value(cell: &[u8], elsewhere: i128) -> Value {
        Value::Whole(i128::from(Self::weight(cell).cast_signed()) + elsewhere)
    }
}

impl Cell for Fraction {
    const WIDTH: usize = 8;

    fn begin(cell: &mut [u8], weight: u64) -> Option<i128> {
        Whole::begin(cell, weight)
    }

    #[inline]
    fn add(cell: &mut [u8], weight: u64) -> Option<i128> {
        let sum = f64::from_bits(Whole::weight(cell)) + f64::from_bits(weight);
        cell[..8].copy_from_slice(&sum.to_bits().to_le_bytes());
        None
    }

    #[inline]
    fn weight(cell: &[u8]) -> u64 {
        Whole::weight(cell)
    }

    fn value(cell: &[u8], _: i128) -> Value {
        Value::Fraction(f64::from_bits(Whole::weight(cell)))
    }
}
