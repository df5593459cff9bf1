//! Numbers in lines of bytes, without a detour by text: half of a large file is such lines.

/// Digits that fit into 64 bits whatever they are.
const SAFE: usize = 18;

/// The number, decimal or `0x` and hexadecimal, that the bytes begin with, and what follows it.
#[inline]
pub(super) fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    let mut length = 0;
    while let Some(digit) = bytes.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
    {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    match length {
        1 if value == 0 && bytes.get(1) == Some(&b'x') => hexadecimal(&bytes[2..]),
        1..=SAFE => Some((value, &bytes[length..])),
        0 => None,
        _ => Some((checked(&bytes[..length])?, &bytes[length..])),
    }
}

/// The same of many digits; none if they do not fit.
#[cold]
fn checked(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The hexadecimal digits that the bytes begin with, and what follows them.
pub(super) fn hexadecimal(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let digits = std::str::from_utf8(&bytes[..length]).ok()?;
    Some((u64::from_str_radix(digits, 16).ok()?, &bytes[length..]))
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
pub(super) fn counts(mut rest: &[u8], into: &mut [i64]) -> Option<usize> {
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

#[cfg(test)]
mod tests {
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
    }
}
