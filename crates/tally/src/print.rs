//! The table, as the program `counts` prints it.
//!
//! Rows are formatted in threads, some thousand each, while those before them are written. What stands before the key
//! is, but for the rank, mostly that of the row before. Running percentages are sums of rounded numbers: they are summed
//! row by row, as the other program does.

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
const AHEAD: usize = 24;

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

    /// The key of that row.
    fn key(&self, rank: usize) -> &[u8] {
        self.row(rank).key
    }

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
    let (mut formatted, mut next) = (Vec::new(), Vec::new());
    let step = ROWS * PIECES * rayon::current_num_threads();
    for start in (0..rows).step_by(step) {
        let pieces = pieces(listing, start..rows.min(start + step), &mut before);
        next.resize_with(pieces.len(), Vec::new);
        let texts = pieces.par_iter().zip(&mut next);
        let (written, ()) = rayon::join(
            || write_all(&formatted, output),
            || texts.for_each(|(piece, text)| piece.format(listing, text)),
        );
        written?;
        std::mem::swap(&mut formatted, &mut next);
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
    /// Writes its rows in the place of what `text` had.
    fn format(&self, listing: &impl Listing, text: &mut Vec<u8>) {
        text.clear();
        let (mut rank, mut running) = (self.rows.start, self.before);
        while rank < self.rows.end {
            let end = listing.run(rank).min(self.rows.end);
            let mut beginning = Beginning::new(listing.row(rank).value, self.total);
            for rank in rank..end {
                listing.prefetch(rank + AHEAD);
                running += beginning.percentage;
                text.extend_from_slice(beginning.of(rank, running));
                text.extend_from_slice(listing.key(rank));
                text.push(b'\n');
            }
            rank = end;
        }
    }
}

/// What stands before the keys of rows of one value.
struct Beginning {
    value: Value,
    percentage: f64,
    text: Vec<u8>,
    /// The running percentage that is in the text.
    running: Option<Tenths>,
}

impl Beginning {
    fn new(value: Value, total: f64) -> Self {
        Self { value, percentage: percentage(value, total), text: Vec::new(), running: None }
    }

    /// That of a row, which follows the one before.
    fn of(&mut self, rank: usize, running: f64) -> &[u8] {
        let tenths = Tenths::of(running);
        if tenths.is_none() || tenths != self.running || !increment(&mut self.text) {
            self.running = tenths;
            self.write(rank, running);
        }
        &self.text
    }

    fn write(&mut self, rank: usize, running: f64) {
        let text = &mut self.text;
        text.clear();
        text.push(b'(');
        push_number(text, rank as u64 + 1, false, 3);
        text.extend_from_slice(b") ");
        match self.value {
            Value::Whole(number) => match u64::try_from(number.unsigned_abs()) {
                Ok(size) => push_number(text, size, number < 0, 8),
                Err(_) => text.extend_from_slice(format!("{number:8}").as_bytes()),
            },
            Value::Fraction(number) => push_tenths(text, number, 8),
        }
        text.extend_from_slice(b" (");
        push_tenths(text, self.percentage, 4);
        text.extend_from_slice(b"%,");
        push_tenths(text, running, 5);
        text.extend_from_slice(b"%): ");
    }
}

/// Adds 1 to the rank in the beginning of a row, before the first `)`; false if it has no room for another digit.
fn increment(text: &mut [u8]) -> bool {
    let Some(end) = text.iter().position(|byte| *byte == b')') else { return false };
    for digit in text[..end].iter_mut().rev() {
        match digit {
            b'9' => *digit = b'0',
            b' ' => {
                *digit = b'1';
                return true;
            }
            b'0'..=b'8' => {
                *digit += 1;
                return true;
            }
            _ => return false,
        }
    }
    false
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

/// A number rounded to tenths.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Tenths {
    size: u64,
    negative: bool,
}

impl Tenths {
    /// None if the number has to be looked at exactly.
    fn of(number: f64) -> Option<Self> {
        let tenths = number.abs() * 10.0;
        let (below, above) = (tenths.floor(), tenths - tenths.floor());
        if tenths.is_nan() || tenths >= LARGEST || (above - 0.5).abs() < NEAR {
            return None;
        }
        Some(Self { size: below as u64 + u64::from(above > 0.5), negative: number.is_sign_negative() })
    }
}

/// A number with one decimal, to the right of `width` columns: `format!("{:width$.1}")`, and for most numbers faster.
fn push_tenths(text: &mut Vec<u8>, number: f64, width: usize) {
    let Some(tenths) = Tenths::of(number) else {
        let _ = write!(text, "{number:width$.1}");
        return;
    };
    push_number(text, tenths.size / 10, tenths.negative, width - 2);
    text.extend_from_slice(&[b'.', b'0' + (tenths.size % 10) as u8]);
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

    /// So many rows of each value, the runs of them known.
    struct Rows(Vec<(usize, Value)>);

    impl Rows {
        fn run_of(&self, rank: usize) -> (usize, Value) {
            let mut end = 0;
            let runs = self.0.iter().map(|(count, value)| {
                end += count;
                (end, *value)
            });
            runs.into_iter().find(|(end, _)| rank < *end).expect("a row")
        }
    }

    impl Listing for Rows {
        fn len(&self) -> usize {
            self.0.iter().map(|(count, _)| count).sum()
        }

        fn row(&self, rank: usize) -> Row<'_> {
            Row { key: &b"some key"[..rank % 9], value: self.run_of(rank).1 }
        }

        fn run(&self, rank: usize) -> usize {
            self.run_of(rank).0
        }

        fn total(&self) -> Value {
            let numbers = self.0.iter().map(|(count, value)| match value {
                Value::Whole(number) => number * *count as i128,
                Value::Fraction(_) => 0,
            });
            Value::Whole(numbers.sum())
        }

        fn label(&self) -> String {
            String::new()
        }
    }

    fn row_by_row(rows: &Rows) -> String {
        let Value::Whole(total) = rows.total() else { return String::new() };
        let mut text = format!("{total} counts\n");
        let mut running = 0.0;
        for rank in 0..rows.len() {
            let Row { key, value } = rows.row(rank);
            let Value::Whole(number) = value else { continue };
            let percentage = percentage(value, total as f64);
            running += percentage;
            let key = String::from_utf8_lossy(key);
            text += &format!("({:3}) {number:8} ({percentage:4.1}%,{running:5.1}%): {key}\n", rank + 1);
        }
        text
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn rows_are_those_that_are_formatted_one_by_one(
            rows in prop::collection::vec(
                (prop_oneof![1usize..4, 1usize..5000], prop_oneof![-3i128..30, Just(12_345_678), Just(1 << 70)]), 0..9
            ),
        ) {
            let rows = Rows(rows.into_iter().map(|(count, number)| (count, Value::Whole(number))).collect());
            let mut text = Vec::new();
            print(&rows, None, &mut text).expect("memory");
            prop_assert_eq!(String::from_utf8(text).expect("text"), row_by_row(&rows));
        }
    }

    #[test]
    fn ranks_of_more_digits_than_there_is_room_for() {
        let rows = Rows(vec![(101_000, Value::Whole(1))]);
        let mut text = Vec::new();
        print(&rows, None, &mut text).expect("memory");
        assert_eq!(String::from_utf8(text).expect("text"), row_by_row(&rows));
    }
}
