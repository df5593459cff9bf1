//! The fields of a line.

/// What is left of a line.
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All of it, as text.
    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// A hexadecimal number and the space behind it; none if there is none, or one of more than 64 bits.
    #[inline]
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number: u64 = 0;
        let mut at = 0;
        while let Some(byte) = self.rest.get(at) {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - b'a' + 10,
                b' ' => break,
                _ => return None,
            };
            number = number << 4 | u64::from(digit);
            at += 1;
        }
        if at == 0 || at > 16 {
            return None;
        }
        self.rest = self.rest.get(at + 1..).unwrap_or_default();
        Some(number)
    }

    pub(super) fn two(&mut self) -> Option<(u64, u64)> {
        Some((self.number()?, self.number()?))
    }

    /// A string: with its length before it, or up to the next space.
    pub(super) fn string(&mut self, sized: bool) -> Option<&'a [u8]> {
        let length = if sized {
            usize::try_from(self.number()?).ok()?
        } else {
            memchr::memchr(b' ', self.rest).unwrap_or(self.rest.len())
        };
        let string = self.rest.get(..length)?;
        self.rest = match self.rest.get(length) {
            None => &[],
            Some(b' ') => &self.rest[length + 1..],
            Some(_) => return None,
        };
        Some(string)
    }
}

/// The hexadecimal number at the front of `text`, and its length; none if there is none, or if `text` ends with it.
#[inline]
pub(super) fn whole(text: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (at, byte) in text.iter().enumerate() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return (1..=16).contains(&at).then_some((number, at)),
        };
        number = number << 4 | u64::from(digit);
    }
    None
}

/// What each byte of a word is multiplied by to repeat a byte in all of them.
const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;

/// The same of a number of seven digits at most, all of whose bytes are looked at together: lengths change from line to
/// line, and a loop over them would end where no processor foresees it.
#[inline]
pub(super) fn short(text: &[u8]) -> Option<(u64, usize)> {
    let word = u64::from_le_bytes(*text.first_chunk()?);
    let digits = (!hexadecimal(word)).trailing_zeros() as usize / 8;
    if !(1..8).contains(&digits) {
        return None;
    }
    // The last digit comes into the highest byte, and zeroes before the first.
    let digits_only = word << (64 - 8 * digits);
    let values = (digits_only & (0x0f * EACH)) + 9 * (digits_only >> 6 & EACH);
    let pairs = (values << 4 | values >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs << 8 | pairs >> 16) & 0x0000_ffff_0000_ffff;
    Some(((fours << 16 | fours >> 32) & 0xffff_ffff, digits))
}

/// All bits of those bytes that are digits or the letters `a` to `f`; of the others, at least the highest is not set.
#[inline]
fn hexadecimal(word: u64) -> u64 {
    let low = word & !HIGH;
    // The highest bit of a byte is set by this if the byte is `least` or more.
    let reaches = |least: u8| low + u64::from(0x80 - least) * EACH;
    let digit = reaches(b'0') & !reaches(b'9' + 1);
    let letter = reaches(b'a') & !reaches(b'f' + 1);
    (digit | letter) & !word & HIGH | !HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn short_numbers_are_those_of_the_loop(text in proptest::collection::vec(
            prop_oneof![4 => proptest::sample::select(&b"0123456789abcdef"[..]), 1 => any::<u8>()], 8..12)) {
            let expected = whole(&text).filter(|(_, length)| *length < 8);
            prop_assert_eq!(short(&text), expected);
        }
    }

    #[test]
    fn numbers_and_strings_follow_each_other() {
        let mut fields = Fields::new(b"1f 3 a b c");
        assert_eq!(
            (fields.number(), fields.string(true), fields.number()),
            (Some(0x1f), Some(&b"a b"[..]), Some(12))
        );
        assert!(fields.is_empty());
        assert_eq!(Fields::new(b"g").number(), None);
        assert_eq!(Fields::new(b"11111111111111111").number(), None);
        assert_eq!(Fields::new(b"ffff x").string(true), None);
    }

    #[test]
    fn a_whole_number_is_one_that_something_follows() {
        assert_eq!(whole(b"1f x"), Some((0x1f, 2)));
        assert_eq!(whole(b"ffffffffffffffff\n"), Some((u64::MAX, 16)));
        for text in ["", "1f", "g", "\n", "11111111111111111\n"] {
            assert_eq!(whole(text.as_bytes()), None, "{text:?}");
        }
    }
}
