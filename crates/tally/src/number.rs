//! The last number on a line: its weight.
//!
//! Read from the end, where it mostly stands, so that a line of whatever length costs what follows its number.

use std::ops::Range;

/// What stands where there is a number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooBig;

/// Where the last whole number stands, with a sign that directly precedes it.
pub(crate) fn last_whole(line: &[u8]) -> Option<Range<usize>> {
    let digits = last_digits(line, line.len())?;
    Some(signed(line, digits.start)..digits.end)
}

/// Where the last number stands that may have a fraction: `1.2.3` ends in 2.3.
pub(crate) fn last_fraction(line: &[u8]) -> Option<Range<usize>> {
    let digits = last_digits(line, line.len())?;
    let start = match line[..digits.start] {
        [.., before, b'.'] if before.is_ascii_digit() => first_digit(line, digits.start - 1),
        _ => digits.start,
    };
    Some(signed(line, start)..digits.end)
}

/// A whole number with or without a sign, as [`last_whole`] finds it.
pub(crate) fn parse_whole(text: &[u8]) -> Result<i64, TooBig> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    // 18 digits fit whatever they are.
    let size = if digits.len() <= 18 { of_digits(digits) } else { of_many_digits(digits)? };
    if negative {
        0i64.checked_sub_unsigned(size).ok_or(TooBig)
    } else {
        i64::try_from(size).map_err(|_| TooBig)
    }
}

/// A number with or without a fraction, as [`last_fraction`] finds it.
pub(crate) fn parse_fraction(text: &[u8]) -> f64 {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

fn of_digits(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

fn of_many_digits(digits: &[u8]) -> Result<u64, TooBig> {
    digits.iter().try_fold(0u64, |number, digit| {
        number.checked_mul(10).and_then(|number| number.checked_add(u64::from(digit - b'0'))).ok_or(TooBig)
    })
}

fn last_digits(line: &[u8], end: usize) -> Option<Range<usize>> {
    let last = line[..end].iter().rposition(u8::is_ascii_digit)?;
    Some(first_digit(line, last)..last + 1)
}

/// Where the digits begin that end before `end`.
fn first_digit(line: &[u8], end: usize) -> usize {
    line[..end].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |before| before + 1)
}

/// `start`, or the place of the sign before it.
fn signed(line: &[u8], start: usize) -> usize {
    match line[..start].last() {
        Some(b'+' | b'-') => start - 1,
        _ => start,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::Regex;

    use super::*;

    #[test]
    fn numbers_of_19_and_more_digits() {
        assert_eq!(parse_whole(b"9223372036854775807"), Ok(i64::MAX));
        assert_eq!(parse_whole(b"-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(parse_whole(b"9223372036854775808"), Err(TooBig));
        assert_eq!(parse_whole(b"+000000000000000000000000000012"), Ok(12));
        assert_eq!(parse_whole(b"99999999999999999999999999"), Err(TooBig));
    }

    proptest! {
        /// The definition: what counts' expressions find.
        #[test]
        fn the_number_that_the_expression_finds(line in "([+.0-9a-]{0,6}[0-9 é%+.-]{0,12}){0,3}") {
            let found = |expression: &str| {
                let expression = Regex::new(expression).expect("an expression");
                expression.captures(line.as_bytes()).map(|all| all.get(1).expect("the number").range())
            };
            prop_assert_eq!(last_whole(line.as_bytes()), found(r"(?-u)([+-]?\d+)(?s-u:\D*)$"));
            prop_assert_eq!(last_fraction(line.as_bytes()), found(r"(?-u)([+-]?\d+(?:\.\d+)?)(?s-u:\D*)$"));
        }
    }
}
