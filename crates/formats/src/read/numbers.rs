//! Numbers in lines of bytes, without a detour by text: half of a large file is such lines.

/// Digits that fit into 64 bits whatever they are.
const SAFE: usize = 18;

/// The number, decimal or `0x` and hexadecimal, that the bytes begin with, and what follows it.
#[inline]
pub(super) fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (value, length) = match bytes.first_chunk().and_then(|eight| short(*eight)) {
        Some(found) => found,
        None => digits(bytes),
    };
    match length {
        1 if value == 0 && bytes.get(1) == Some(&b'x') => hexadecimal(&bytes[2..]),
        1..=SAFE => Some((value, &bytes[length..])),
        0 => None,
        _ => Some((checked(&bytes[..length])?, &bytes[length..])),
    }
}

/// The value of the digits that the bytes begin with, and how many they are: of at most seven, all at once. None of
/// more.
#[inline]
fn short(bytes: [u8; 8]) -> Option<(u64, usize)> {
    // Digits become 0 to 9, the first one in the lowest byte.
    let figures = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
    // What is more than 9 gets its highest bit set. A carry goes into bytes behind such a one only.
    let others = (figures.wrapping_add(0x7676_7676_7676_7676) | figures) & 0x8080_8080_8080_8080;
    let length = others.trailing_zeros() as usize / 8;
    if length == 8 {
        return None;
    }
    // As eight digits with zeros before them; none are left of none. Then two, four and eight make one number.
    let figures = figures.checked_shl(64 - 8 * length as u32).unwrap_or(0);
    let pairs = figures.wrapping_mul(10).wrapping_add(figures >> 8);
    const EACH: u64 = 0x0000_00ff_0000_00ff;
    let upper = (pairs & EACH).wrapping_mul(0x000f_4240_0000_0064);
    let lower = (pairs >> 16 & EACH).wrapping_mul(0x0000_2710_0000_0001);
    Some((upper.wrapping_add(lower) >> 32, length))
}

/// The same one by one; the value is wrong if there are more than [`SAFE`].
fn digits(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0_u64;
    let mut length = 0;
    while let Some(digit) = bytes.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
    {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    (value, length)
}

/// The same of many digits; none if they do not fit.
#[cold]
fn checked(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The hexadecimal digits that the bytes begin with, and what follows them. None if there are none, or if they do not
/// fit.
pub(super) fn hexadecimal(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    let mut length = 0;
    while let Some(digit) = bytes.get(length).and_then(|byte| char::from(*byte).to_digit(16)) {
        if value >> 60 != 0 {
            return None;
        }
        value = value << 4 | u64::from(digit);
        length += 1;
    }
    (length > 0).then(|| (value, &bytes[length..]))
}

/// The count that the bytes begin with; differences and PHP's memory can be negative.
#[inline]
pub(super) fn count(bytes: &[u8]) -> Option<(i64, &[u8])> {
    if let Some(magnitude) = bytes.strip_prefix(b"-") {
        let (value, rest) = unsigned(magnitude)?;
        return Some((i64::try_from(value).ok()?.wrapping_neg(), rest));
    }
    let (value, rest) = unsigned(bytes)?;
    Some((i64::try_from(value).ok()?, rest))
}

/// Without the spaces and tabs that it begins with.
#[inline]
pub(super) fn skip_blanks(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [b' ' | b'\t', after @ ..] = rest {
        rest = after;
    }
    rest
}

/// All counts of a line, at most as many as `into` has room for; how many there are.
#[inline]
pub(super) fn counts(rest: &[u8], into: &mut [i64]) -> Option<usize> {
    counts_by(count, rest, into)
}

/// The same where differences below zero may be written as 2^64 more than they are.
pub(super) fn wrapped_counts(rest: &[u8], into: &mut [i64]) -> Option<usize> {
    let wrapped = |(value, rest): (u64, _)| (value.cast_signed(), rest);
    counts_by(|bytes| unsigned(bytes).map(wrapped), rest, into)
}

#[inline]
fn counts_by<'a>(
    count: impl Fn(&'a [u8]) -> Option<(i64, &'a [u8])>,
    mut rest: &'a [u8],
    into: &mut [i64],
) -> Option<usize> {
    let mut found = 0;
    loop {
        let begun = skip_blanks(rest);
        if begun.is_empty() {
            return Some(found);
        }
        // Two numbers need something between them.
        if begun.len() == rest.len() && found > 0 {
            return None;
        }
        let (value, after) = count(begun)?;
        *into.get_mut(found)? = value;
        found += 1;
        rest = after;
    }
}

/// The same of the line that `text` begins with, if it is as plain as most: decimal numbers, a blank before each. How
/// many there are, and what follows the line.
#[inline]
pub(super) fn plain_counts<'a>(text: &'a [u8], into: &mut [i64]) -> Option<(usize, &'a [u8])> {
    let mut rest = text;
    let mut found = 0;
    loop {
        match rest {
            [b'\n', after @ ..] => return Some((found, after)),
            [b' ', begun @ ..] => {
                let eight = begun.first_chunk().and_then(|eight| short(*eight));
                let (value, length) = eight.unwrap_or_else(|| digits(begun));
                if !(1..=SAFE).contains(&length) {
                    return None;
                }
                *into.get_mut(found)? = value.cast_signed();
                found += 1;
                rest = &begun[length..];
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        assert_eq!(unsigned(b"12 3"), Some((12, &b" 3"[..])));
        assert_eq!(unsigned(b"0x1f *"), Some((31, &b" *"[..])));
        assert_eq!(unsigned(b"18446744073709551615"), Some((u64::MAX, &b""[..])));
        assert_eq!(unsigned(b"18446744073709551616"), None);
        assert_eq!(unsigned(b"0x"), None);
        assert_eq!(unsigned(b"x"), None);
        assert_eq!(count(b"-9223372036854775807"), Some((-i64::MAX, &b""[..])));
        assert_eq!(count(b"9223372036854775808"), None);
    }

    #[test]
    fn no_more_counts_are_read_than_there_is_room_for() {
        let mut room = [7; 3];
        assert_eq!(counts(b" 1\t-2 ", &mut room), Some(2));
        assert_eq!(room, [1, -2, 7]);
        assert_eq!(counts(b"1 2 3 4", &mut room), None);
        assert_eq!(counts(b"1 2-3", &mut room), None);
        assert_eq!(counts(b"1 x", &mut room), None);
        assert_eq!(wrapped_counts(b" 18446744073709551614 3", &mut room), Some(2));
        assert_eq!(room, [-2, 3, 3]);
        assert_eq!(wrapped_counts(b" 18446744073709551616", &mut room), None);
    }

    #[test]
    fn plain_lines_are_read_to_their_end() {
        let mut room = [7; 2];
        assert_eq!(plain_counts(b" 12 3\n4", &mut room), Some((2, &b"4"[..])));
        assert_eq!(room, [12, 3]);
        assert_eq!(plain_counts(b"\n", &mut room), Some((0, &b""[..])));
        for other in
            [&b" 1 2 3\n"[..], b" 1", b" 1 \n", b" 1\r\n", b" -1\n", b"1\n", b" 9999999999999999999\n"]
        {
            assert_eq!(plain_counts(other, &mut room), None, "{}", String::from_utf8_lossy(other));
        }
    }

    proptest! {
        #[test]
        fn any_number_is_read_whatever_follows(value: u64, zeros in 0..3_usize, behind in "[^0-9]{0,9}") {
            let value = value >> (value % 64);
            for (text, hex) in [(format!("{}{value}", "0".repeat(zeros)), false), (format!("0x{value:x}"), true)] {
                let whole = format!("{text}{behind}");
                let follows = behind.starts_with(|letter: char| letter.is_ascii_hexdigit());
                let is_prefix = !hex && text == "0" && behind.starts_with('x');
                if !(hex && follows || is_prefix) {
                    prop_assert_eq!(unsigned(whole.as_bytes()), Some((value, behind.as_bytes())));
                }
            }
        }

        #[test]
        fn eight_bytes_are_read_as_one_by_one(bytes: [u8; 8], digits in "[0-9]{0,8}") {
            let mut text = bytes;
            text[..digits.len()].copy_from_slice(digits.as_bytes());
            let expected = super::digits(&text);
            prop_assert_eq!(short(text), Some(expected).filter(|(_, length)| *length < 8));
        }
    }
}
