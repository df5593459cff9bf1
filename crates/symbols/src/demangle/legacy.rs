//! Rust's legacy mangling: `_ZN`, components with their lengths, the last of them a hash, `E`.
//!
//! What is accepted and how it is written is as the crate `rustc-demangle` does it, which the tests
//! compare with; but a last component `h…` is a hash only if it is as long as one (see [`is_hash`]).

use super::output::{Malformed, Output, Parsed, Spelling};

/// A name cut into its parts, nothing decoded.
pub(crate) struct Legacy<'s> {
    components: &'s [u8],
    /// Where the last component begins in `components`, and its text.
    last: (usize, &'s [u8]),
}

/// Splits `symbol` into the name and what follows its `E`.
pub(crate) fn parse(symbol: &[u8]) -> Parsed<(Legacy<'_>, &[u8])> {
    let inner = [&b"_ZN"[..], b"ZN", b"__ZN"].iter().find_map(|prefix| symbol.strip_prefix(*prefix));
    let inner = inner.ok_or(Malformed)?;
    let (mut at, mut last) = (0, (0, &b""[..]));
    while *inner.get(at).ok_or(Malformed)? != b'E' {
        let (text, next) = component(inner, at)?;
        last = (at, text);
        at = next;
    }
    if !inner.is_ascii() {
        return Err(Malformed);
    }
    Ok((Legacy { components: &inner[..at], last }, &inner[at + 1..]))
}

/// The component whose length begins at `at`, and where the next one does.
#[inline]
fn component(inner: &[u8], at: usize) -> Parsed<(&[u8], usize)> {
    let mut length = 0_usize;
    let mut start = at;
    while let Some(digit) = inner.get(start).filter(|byte| byte.is_ascii_digit()) {
        length = length
            .checked_mul(10)
            .and_then(|tens| tens.checked_add(usize::from(digit - b'0')))
            .ok_or(Malformed)?;
        start += 1;
    }
    let end = start.checked_add(length).ok_or(Malformed)?;
    match inner.get(start..end) {
        Some(text) if start > at => Ok((text, end)),
        _ => Err(Malformed),
    }
}

impl<'s> Legacy<'s> {
    /// The last component, if it is a hash.
    pub(crate) fn hash(&self) -> Option<&'s [u8]> {
        Some(self.last.1).filter(|last| is_hash(last))
    }

    /// True if only rustc could have made this: C++ has the same frame, but neither hash nor escapes.
    pub(crate) fn is_rust(&self) -> bool {
        self.hash().is_some()
            || self.components.contains(&b'$')
            || self.components.windows(2).any(|pair| pair == b"..")
    }

    pub(crate) fn print(&self, spelling: Spelling, out: &mut Output<'_>) -> Parsed {
        let end = match self.hash() {
            Some(_) if !spelling.hashes => self.last.0,
            _ => self.components.len(),
        };
        let mut at = 0;
        while at < end {
            let (text, next) = component(self.components, at)?;
            if at > 0 {
                out.push(b"::")?;
            }
            print_component(text, spelling, out)?;
            at = next;
        }
        Ok(())
    }
}

/// `h` and 16 hexadecimal digits, as rustc writes it. Fewer are a word, such as the `h` or `h264` of C++ names, which
/// have the same frame.
fn is_hash(component: &[u8]) -> bool {
    let Some((b'h', digits)) = component.split_first() else { return false };
    digits.len() >= 16 && digits.iter().all(u8::is_ascii_hexdigit)
}

fn print_component(text: &[u8], spelling: Spelling, out: &mut Output<'_>) -> Parsed {
    let mut rest = if text.starts_with(b"_$") { &text[1..] } else { text };
    while let Some(at) = memchr::memchr2(b'$', b'.', rest) {
        let (plain, from) = rest.split_at(at);
        out.push(plain)?;
        rest = from;
        if let Some(after) = rest.strip_prefix(b"..") {
            out.push(b"::")?;
            rest = after;
        } else if rest[0] == b'.' {
            out.push(b".")?;
            rest = &rest[1..];
        } else {
            let Some(length) = rest[1..].iter().position(|byte| *byte == b'$') else { break };
            let (escape, after) = (&rest[1..=length], &rest[length + 2..]);
            if !print_escape(escape, after, spelling, out)? {
                break;
            }
            rest = after;
        }
    }
    out.push(rest)
}

/// Writes what `$escape$` stands for; false if it stands for nothing.
fn print_escape(escape: &[u8], after: &[u8], spelling: Spelling, out: &mut Output<'_>) -> Parsed<bool> {
    let text: &[u8] = match escape {
        b"SP" => b"@",
        b"BP" => b"*",
        b"RF" => b"&",
        b"LT" => b"<",
        b"GT" => b">",
        b"LP" => b"(",
        b"RP" => b")",
        // The other scheme puts a space between arguments.
        b"C" if spelling.unified && !after.starts_with(b"$RP$") && !after.starts_with(b"$u20$") => b", ",
        b"C" => b",",
        [b'u', digits @ ..] => match code_point(digits) {
            Some(character) => return out.push_char(character).map(|()| true),
            None => return Ok(false),
        },
        _ => return Ok(false),
    };
    out.push(text).map(|()| true)
}

fn code_point(digits: &[u8]) -> Option<char> {
    if digits.is_empty() || !digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let digits = std::str::from_utf8(digits).ok()?;
    let character = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)?;
    (!character.is_control()).then_some(character)
}
