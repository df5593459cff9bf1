//! The terminals of the grammar: bytes, numbers, identifiers.

use super::super::output::{Malformed, Parsed};

/// A place in the name, without its prefix `_R`.
pub(super) struct Reader<'s> {
    name: &'s [u8],
    at: usize,
}

/// An identifier as it is written.
#[derive(Clone, Copy)]
pub(super) struct Ident<'s> {
    pub(super) ascii: &'s [u8],
    /// What to insert into `ascii`; empty if nothing.
    pub(super) punycode: &'s [u8],
}

impl Ident<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.ascii.is_empty() && self.punycode.is_empty()
    }
}

impl<'s> Reader<'s> {
    pub(super) fn new(name: &'s [u8]) -> Self {
        Reader { name, at: 0 }
    }

    pub(super) fn rest(&self) -> &'s [u8] {
        &self.name[self.at..]
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.name.get(self.at).copied()
    }

    /// The byte at a place that a back-reference names.
    pub(super) fn byte_at(&self, at: usize) -> Option<u8> {
        self.name.get(at).copied()
    }

    /// Goes elsewhere; the place until now.
    pub(super) fn jump(&mut self, to: usize) -> usize {
        std::mem::replace(&mut self.at, to)
    }

    #[inline]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(super) fn next(&mut self) -> Parsed<u8> {
        let byte = self.peek().ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    /// Goes back to the byte read last.
    pub(super) fn back(&mut self) {
        self.at -= 1;
    }

    /// `_` is 0, `0_` is 1, and so on.
    pub(super) fn base_62(&mut self) -> Parsed<u64> {
        if self.eat(b'_') {
            return Ok(0);
        }
        let mut number = 0_u64;
        loop {
            let digit = match self.next()? {
                b'_' => return number.checked_add(1).ok_or(Malformed),
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'a'..=b'z' => digit - b'a' + 10,
                digit @ b'A'..=b'Z' => digit - b'A' + 36,
                _ => return Err(Malformed),
            };
            let shifted = number.checked_mul(62).ok_or(Malformed)?;
            number = shifted.checked_add(u64::from(digit)).ok_or(Malformed)?;
        }
    }

    /// A number after `tag`, from 1; 0 without the tag.
    pub(super) fn optional_base_62(&mut self, tag: u8) -> Parsed<u64> {
        if !self.eat(tag) {
            return Ok(0);
        }
        self.base_62()?.checked_add(1).ok_or(Malformed)
    }

    pub(super) fn disambiguator(&mut self) -> Parsed<u64> {
        self.optional_base_62(b's')
    }

    /// The place that a back-reference names; its `B` is the byte read last.
    pub(super) fn reference(&mut self) -> Parsed<usize> {
        let start = self.at - 1;
        let target = self.base_62()?;
        usize::try_from(target).ok().filter(|target| *target < start).ok_or(Malformed)
    }

    /// The digits of a constant, without the `_` at their end.
    pub(super) fn hexadecimal(&mut self) -> Parsed<&'s [u8]> {
        let start = self.at;
        loop {
            match self.next()? {
                b'0'..=b'9' | b'a'..=b'f' => {}
                b'_' => return Ok(&self.name[start..self.at - 1]),
                _ => return Err(Malformed),
            }
        }
    }

    #[inline]
    pub(super) fn ident(&mut self) -> Parsed<Ident<'s>> {
        let is_punycode = self.eat(b'u');
        let length = self.length()?;
        self.eat(b'_');
        let end = self.at.checked_add(length).ok_or(Malformed)?;
        let text = self.name.get(self.at..end).ok_or(Malformed)?;
        self.at = end;
        if !is_punycode {
            return Ok(Ident { ascii: text, punycode: b"" });
        }
        let ident = match text.iter().rposition(|byte| *byte == b'_') {
            Some(at) => Ident { ascii: &text[..at], punycode: &text[at + 1..] },
            None => Ident { ascii: b"", punycode: text },
        };
        if ident.punycode.is_empty() { Err(Malformed) } else { Ok(ident) }
    }

    /// A decimal number without leading zeros.
    fn length(&mut self) -> Parsed<usize> {
        let digit = |byte: Option<u8>| byte.filter(u8::is_ascii_digit).map(|byte| usize::from(byte - b'0'));
        let mut length = digit(self.peek()).ok_or(Malformed)?;
        self.at += 1;
        if length == 0 {
            return Ok(0);
        }
        while let Some(next) = digit(self.peek()) {
            length = length.checked_mul(10).and_then(|tens| tens.checked_add(next)).ok_or(Malformed)?;
            self.at += 1;
        }
        Ok(length)
    }
}
