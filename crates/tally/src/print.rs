//! The table, as the program `counts` prints it.
//!
//! Rows are formatted in threads, some thousand each, while those before them are written. Running percentages are sums
//! of rounded numbers: they are summed row by row, as the other program does.

use std::io::{self, Write};

use rayon::prelude::*;

use crate::rules::Weights;
use crate::tally::Row;
use crate::value::Value;

/// Rows that a thread formats at a time.
const ROWS: usize = 4096;
/// Such pieces that are formatted at once, for each thread.
const PIECES: usize = 8;
/// Rows that are brought near before one is formatted.
const AHEAD: usize = 12;

/// What a table is printed of: rows by rank.
pub trait Listing: Sync {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row of a rank, from 0 on.
    fn row(&self, rank: usize) -> Row<'_>;

    /// Where a row of another value than that of this rank may come first.
    fn run(&self, rank: usize) -> usize {
        rank + 1
    }

    /// The sum of all rows.
    fn total(&self) -> Value;

    /// What stands behind the total.
    fn label(&self) -> String;

    /// Begins to bring a row near.
    fn prefetch(&self, _rank: usize) {}
}

/// What stands behind the total of lines that weigh so.
pub(crate) fn label(weights: Weights, erase: bool) -> String {
    let erased = if erase { ", erased" } else { "" };
    match weights {
        Weights::Unit => String::new(),
        Weights::Whole => format!(" (weighted integral{erased})"),
        Weights::Fraction => format!(" (weighted fractional{erased})"),
    }
}

/// Writes the table, at most `most` rows of it.
///
/// # Errors
/// Those of writing.
pub fn print(
    listing: &impl Listing,
    most: Option<usize>,
    output: &mut (impl Write + Send + ?Sized),
) -> io::Result<()> {
    let label = listing.label();
    match listing.total() {
        Value::Whole(total) => writeln!(output, "{total} counts{label}")?,
        Value::Fraction(total) => writeln!(output, "{total:.1} counts{label}")?,
    }
    let rows = most.map_or(listing.len(), |most| most.min(listing.len()));
    let mut before = 0.0;
    let mut formatted = Vec::new();
    let step = ROWS * PIECES * rayon::current_num_threads();
    for start in (0..rows).step_by(step) {
        let pieces = pieces(listing, start..rows.min(start + step), &mut before);
        let (written, next) = rayon::join(
            || write_all(&formatted, output),
            || pieces.into_par_iter().map(|piece| piece.format(listing)).collect(),
        );
        written?;
        formatted = next;
    }
    write_all(&formatted, output)?;
    output.flush()
}

fn write_all(pieces: &[Vec<u8>], output: &mut (impl Write + ?Sized)) -> io::Result<()> {
    pieces.iter().try_for_each(|piece| output.write_all(piece))
}

/// Rows, and the percentages before them.
struct Piece {
    rows: std::ops::Range<usize>,
    before: f64,
    total: f64,
}

fn pieces(listing: &impl Listing, rows: std::ops::Range<usize>, before: &mut f64) -> Vec<Piece> {
    let total = listing.total().as_f64();
    let end = rows.end;
    rows.step_by(ROWS)
        .map(|start| {
            let piece = Piece { rows: start..end.min(start + ROWS), before: *before, total };
            let mut rank = start;
            while rank < piece.rows.end {
                listing.prefetch(rank + AHEAD);
                let percentage = percentage(listing.row(rank).value, total);
                // One by one, as sums are rounded; but rows of one value are not looked at.
                let end = listing.run(rank).min(piece.rows.end);
                (rank..end).for_each(|_| *before += percentage);
                rank = end;
            }
            piece
        })
        .collect()
}

/// A share of the total, in percent; what a division by 0 gives if that is 0.
pub(crate) fn percentage(value: Value, total: f64) -> f64 {
    value.as_f64() * 100.0 / total
}

impl Piece {
    fn format(&self, listing: &impl Listing) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.rows.len() * 80);
        let mut running = self.before;
        for rank in self.rows.clone() {
            listing.prefetch(rank + AHEAD);
            let row = listing.row(rank);
            let percentage = percentage(row.value, self.total);
            running += percentage;
            push_row(&mut text, rank, row, percentage, running);
        }
        text
    }
}

fn push_row(text: &mut Vec<u8>, rank: usize, row: Row<'_>, percentage: f64, running: f64) {
    text.push(b'(');
    push_number(text, rank as u64 + 1, false, 3);
    text.extend_from_slice(b") ");
    match row.value {
        Value::Whole(number) => match u64::try_from(number.unsigned_abs()) {
            Ok(size) => push_number(text, size, number < 0, 8),
            Err(_) => text.extend_from_slice(format!("{number:8}").as_bytes()),
        },
        Value::Fraction(number) => push_tenths(text, number, 8),
    }
    text.extend_from_slice(b" (");
    push_tenths(text, percentage, 4);
    text.extend_from_slice(b"%,");
    push_tenths(text, running, 5);
    text.extend_from_slice(b"%): ");
    text.extend_from_slice(row.key);
    text.push(b'\n');
}

/// A whole number to the right of `width` columns.
fn push_number(text: &mut Vec<u8>, number: u64, negative: bool, width: usize) {
    let mut digits = [b' '; 24];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if negative {
        at -= 1;
        digits[at] = b'-';
    }
    text.extend_from_slice(&digits[at.min(digits.len() - width)..]);
}

/// From here on, tenths are not told apart by multiplying by 10.
const LARGEST: f64 = 1e13;
/// How near to the middle between two tenths a number is looked at exactly.
const NEAR: f64 = 1e-3;

/// A number with one decimal, to the right of `width` columns: `format!("{:width$.1}")`, and for most numbers faster.
fn push_tenths(text: &mut Vec<u8>, number: f64, width: usize) {
    let tenths = number.abs() * 10.0;
    let (below, above) = (tenths.floor(), tenths - tenths.floor());
    if tenths.is_nan() || tenths >= LARGEST || (above - 0.5).abs() < NEAR {
        let _ = write!(text, "{number:width$.1}");
        return;
    }
    let tenths = below as u64 + u64::from(above > 0.5);
    push_number(text, tenths / 10, number.is_sign_negative(), width - 2);
    text.extend_from_slice(&[b'.', b'0' + (tenths % 10) as u8]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tenths(number: f64, width: usize) -> String {
        let mut text = Vec::new();
        push_tenths(&mut text, number, width);
        String::from_utf8(text).expect("text")
    }

    proptest! {
        #[test]
        fn numbers_are_formatted_as_by_the_library(
            number in prop_oneof![
                prop::num::f64::ANY,
                -1e6..1e6,
                -1e16..1e16,
                (-10_000i64..10_000).prop_map(|number| number as f64 / 20.0),
                (-10_000i64..10_000).prop_map(|number| number as f64 * 0.05),
                Just(-0.0), Just(-0.04), Just(0.05), Just(0.25), Just(99.95), Just(f64::NAN), Just(f64::INFINITY),
            ],
            width in prop_oneof![Just(4usize), Just(5), Just(8)],
        ) {
            prop_assert_eq!(tenths(number, width), format!("{number:width$.1}"));
        }

        #[test]
        fn whole_numbers_too(number in prop_oneof![0..2000u64, any::<u64>()], negative: bool) {
            let mut text = Vec::new();
            push_number(&mut text, number, negative, 8);
            let signed = if negative { -i128::from(number) } else { i128::from(number) };
            if !(negative && number == 0) {
                prop_assert_eq!(String::from_utf8(text).expect("text"), format!("{signed:8}"));
            }
        }
    }
}
