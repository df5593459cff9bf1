//! Constants that are arguments.

use super::super::output::{Malformed, Parsed};
use super::Printer;
use super::types::basic;

impl Printer<'_, '_, '_> {
    /// A constant; all but literals stand in braces, unless they are part of another one.
    pub(super) fn constant(&mut self, in_constant: bool) -> Parsed {
        let tag = self.reader.next()?;
        self.nested(|this| match tag {
            b'p' => this.print(b"_"),
            b'h' | b't' | b'm' | b'y' | b'o' | b'j' => this.integer(tag),
            b'a' | b's' | b'l' | b'x' | b'n' | b'i' => {
                if this.reader.eat(b'n') {
                    this.print(b"-")?;
                }
                this.integer(tag)
            }
            b'b' => match value(this.reader.hexadecimal()?) {
                Some(0) => this.print(b"false"),
                Some(1) => this.print(b"true"),
                _ => Err(Malformed),
            },
            b'c' => this.character(),
            b'R' if this.reader.eat(b'e') => this.text(),
            b'B' => this.referred(|this| this.constant(in_constant)),
            b'e' | b'R' | b'Q' | b'A' | b'T' | b'V' if in_constant => this.composed(tag),
            b'e' | b'R' | b'Q' | b'A' | b'T' | b'V' => {
                this.print(b"{")?;
                this.composed(tag)?;
                this.print(b"}")
            }
            _ => Err(Malformed),
        })
    }

    fn composed(&mut self, tag: u8) -> Parsed {
        match tag {
            b'e' => {
                self.print(b"*")?;
                self.text()
            }
            b'A' => {
                self.print(b"[")?;
                self.list(b", ", |this| this.constant(true))?;
                self.print(b"]")
            }
            b'T' => {
                self.print(b"(")?;
                let count = self.list(b", ", |this| this.constant(true))?;
                self.print(if count == 1 { b",)" } else { b")" })
            }
            b'V' => self.structure(),
            _ => {
                self.print(if tag == b'R' { b"&" } else { b"&mut " })?;
                self.constant(true)
            }
        }
    }

    fn structure(&mut self) -> Parsed {
        self.path(true)?;
        match self.reader.next()? {
            b'U' => Ok(()),
            b'T' => {
                self.print(b"(")?;
                self.list(b", ", |this| this.constant(true))?;
                self.print(b")")
            }
            b'S' => {
                self.print(b" { ")?;
                self.list(b", ", |this| {
                    this.reader.disambiguator()?;
                    let name = this.reader.ident()?;
                    this.ident(name)?;
                    this.print(b": ")?;
                    this.constant(true)
                })?;
                self.print(b" }")
            }
            _ => Err(Malformed),
        }
    }

    fn integer(&mut self, tag: u8) -> Parsed {
        let digits = self.reader.hexadecimal()?;
        match value(digits) {
            Some(number) => self.print_number(number)?,
            None => {
                self.print(b"0x")?;
                self.print(digits)?;
            }
        }
        if !self.spelling.hashes {
            return Ok(());
        }
        self.print(basic(tag).unwrap_or_default().as_bytes())
    }

    fn character(&mut self) -> Parsed {
        let point = value(self.reader.hexadecimal()?).and_then(|point| u32::try_from(point).ok());
        let character = point.and_then(char::from_u32).ok_or(Malformed)?;
        self.quoted('\'', std::iter::once(character))
    }

    fn text(&mut self) -> Parsed {
        let digits = self.reader.hexadecimal()?;
        if digits.len() % 2 != 0 {
            return Err(Malformed);
        }
        let nibble = |digit: u8| if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
        let bytes = digits.chunks_exact(2).map(|pair| (nibble(pair[0]) << 4) | nibble(pair[1])).collect();
        let text = String::from_utf8(bytes).map_err(|_| Malformed)?;
        self.quoted('"', text.chars())
    }

    fn quoted(&mut self, quote: char, characters: impl Iterator<Item = char>) -> Parsed {
        if self.silent {
            return Ok(());
        }
        self.out.push_char(quote)?;
        for character in characters {
            // The other kind of quote needs no escape.
            if matches!((quote, character), ('\'', '"') | ('"', '\'')) {
                self.out.push_char(character)?;
                continue;
            }
            character.escape_debug().try_for_each(|escaped| self.out.push_char(escaped))?;
        }
        self.out.push_char(quote)
    }
}

/// Of hexadecimal digits; none if it takes more than 64 bits.
fn value(digits: &[u8]) -> Option<u64> {
    let start = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len());
    let digits = &digits[start..];
    if digits.len() > 16 {
        return None;
    }
    Some(digits.iter().fold(0, |number, &digit| {
        let nibble = if digit <= b'9' { digit - b'0' } else { digit - b'a' + 10 };
        (number << 4) | u64::from(nibble)
    }))
}
