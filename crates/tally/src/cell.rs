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

    /// Whether something may be elsewhere.
    fn has_elsewhere(_: &[u8]) -> bool {
        true
    }

    /// The sum with what did not fit.
    fn value(cell: &[u8], elsewhere: i128) -> Value;
}

/// How many: one byte, for most lines of a large input are few. What are more are all elsewhere.
#[derive(Clone, Copy)]
pub(crate) struct Number;

/// In the cell of a number that is elsewhere.
const MANY: u8 = u8::MAX;

/// A sum of whole numbers.
#[derive(Clone, Copy)]
pub(crate) struct Whole;

/// A sum of fractions, in the order in which they are added.
#[derive(Clone, Copy)]
pub(crate) struct Fraction;

impl Cell for Number {
    const WIDTH: usize = 1;

    fn begin(cell: &mut [u8], weight: u64) -> Option<i128> {
        cell[0] = 0;
        Self::add(cell, weight)
    }

    #[inline]
    fn add(cell: &mut [u8], weight: u64) -> Option<i128> {
        let before = if cell[0] == MANY { 0 } else { cell[0] };
        match u8::try_from(u64::from(cell[0]) + weight) {
            Ok(sum) if sum < MANY => {
                cell[0] = sum;
                None
            }
            _ => {
                cell[0] = MANY;
                Some(i128::from(before) + i128::from(weight))
            }
        }
    }

    #[inline]
    fn has_elsewhere(cell: &[u8]) -> bool {
        cell[0] == MANY
    }

    fn value(cell: &[u8], elsewhere: i128) -> Value {
        Value::Whole(if cell[0] == MANY { elsewhere } else { i128::from(cell[0]) })
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
        let (before, weight) = (bits(cell).cast_signed(), weight.cast_signed());
        let sum = before.checked_add(weight);
        cell[..8].copy_from_slice(&sum.unwrap_or(0).to_le_bytes());
        sum.is_none().then(|| i128::from(before) + i128::from(weight))
    }

    fn value(cell: &[u8], elsewhere: i128) -> Value {
        Value::Whole(i128::from(bits(cell).cast_signed()) + elsewhere)
    }
}

impl Cell for Fraction {
    const WIDTH: usize = 8;

    fn begin(cell: &mut [u8], weight: u64) -> Option<i128> {
        Whole::begin(cell, weight)
    }

    #[inline]
    fn add(cell: &mut [u8], weight: u64) -> Option<i128> {
        let sum = f64::from_bits(bits(cell)) + f64::from_bits(weight);
        cell[..8].copy_from_slice(&sum.to_bits().to_le_bytes());
        None
    }

    fn value(cell: &[u8], _: i128) -> Value {
        Value::Fraction(f64::from_bits(bits(cell)))
    }
}

#[inline]
fn bits(cell: &[u8]) -> u64 {
    cell.first_chunk().copied().map_or(0, u64::from_le_bytes)
}
