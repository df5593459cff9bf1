//! Types.

use super::super::output::{Malformed, Parsed};
use super::Printer;

pub(super) fn basic(tag: u8) -> Option<&'static str> {
    Some(match tag {
        b'b' => "bool",
        b'c' => "char",
        b'e' => "str",
        b'u' => "()",
        b'a' => "i8",
        b's' => "i16",
        b'l' => "i32",
        b'x' => "i64",
        b'n' => "i128",
        b'i' => "isize",
        b'h' => "u8",
        b't' => "u16",
        b'm' => "u32",
        b'y' => "u64",
        b'o' => "u128",
        b'j' => "usize",
        b'f' => "f32",
        b'd' => "f64",
        b'z' => "!",
        b'p' => "_",
        b'v' => "...",
        _ => return None,
    })
}

impl Printer<'_, '_, '_> {
    pub(super) fn type_(&mut self) -> Parsed {
        if self.reader.eat(b'w') {
            self.print(b"#[splat] ")?;
        }
        let tag = self.reader.next()?;
        if let Some(name) = basic(tag) {
            return self.print(name.as_bytes());
        }
        self.nested(|this| this.composed_type(tag))
    }

    fn composed_type(&mut self, tag: u8) -> Parsed {
        match tag {
            b'R' | b'Q' => self.reference(tag == b'Q'),
            b'P' => {
                self.print(b"*const ")?;
                self.type_()
            }
            b'O' => {
                self.print(b"*mut ")?;
                self.type_()
            }
            b'A' | b'S' => self.sequence(tag == b'A'),
            b'T' => {
                self.print(b"(")?;
                let count = self.list(b", ", Self::type_)?;
                self.print(if count == 1 { b",)" } else { b")" })
            }
            b'F' => self.binder(Self::function),
            b'D' => self.trait_object(),
            b'B' => self.referred(Self::type_),
            b'W' => {
                self.type_()?;
                self.print(b" is ")?;
                self.pattern()
            }
            _ => {
                self.reader.back();
                self.path(false)
            }
        }
    }

    fn reference(&mut self, mutable: bool) -> Parsed {
        self.print(b"&")?;
        if self.reader.eat(b'L') {
            let index = self.reader.base_62()?;
            if index != 0 {
                self.lifetime(index)?;
                self.print(b" ")?;
            }
        }
        if mutable {
            self.print(b"mut ")?;
        }
        self.type_()
    }

    fn sequence(&mut self, of_fixed_length: bool) -> Parsed {
        self.print(b"[")?;
        self.type_()?;
        if of_fixed_length {
            self.print(b"; ")?;
            self.constant(true)?;
        }
        self.print(b"]")
    }

    fn function(&mut self) -> Parsed {
        if self.reader.eat(b'U') {
            self.print(b"unsafe ")?;
        }
        if self.reader.eat(b'K') {
            self.abi()?;
        }
        self.print(b"fn(")?;
        self.list(b", ", Self::type_)?;
        self.print(b")")?;
        if self.reader.eat(b'u') {
            return Ok(());
        }
        self.print(b" -> ")?;
        self.type_()
    }

    /// `extern "C-unwind" `; its `-` are mangled as `_`.
    fn abi(&mut self) -> Parsed {
        self.print(b"extern \"")?;
        if self.reader.eat(b'C') {
            self.print(b"C")?;
        } else {
            let name = self.reader.ident()?;
            if name.ascii.is_empty() || !name.punycode.is_empty() {
                return Err(Malformed);
            }
            let mut parts = name.ascii.split(|byte| *byte == b'_');
            self.print(parts.next().unwrap_or_default())?;
            for part in parts {
                self.print(b"-")?;
                self.print(part)?;
            }
        }
        self.print(b"\" ")
    }

    fn trait_object(&mut self) -> Parsed {
        self.print(b"dyn ")?;
        self.binder(|this| this.list(b" + ", Self::dyn_trait).map(drop))?;
        if !self.reader.eat(b'L') {
            return Err(Malformed);
        }
        let index = self.reader.base_62()?;
        if index == 0 {
            return Ok(());
        }
        self.print(b" + ")?;
        self.lifetime(index)
    }

    /// A trait, its associated types among its arguments: `Iterator<Item = u8>`.
    fn dyn_trait(&mut self) -> Parsed {
        let mut open = self.path_left_open()?;
        while self.reader.eat(b'p') {
            self.print(if open { b", " } else { b"<" })?;
            open = true;
            let name = self.reader.ident()?;
            self.ident(name)?;
            self.print(b" = ")?;
            if self.reader.eat(b'K') {
                self.constant(false)?;
            } else {
                self.type_()?;
            }
        }
        if open { self.print(b">") } else { Ok(()) }
    }

    /// A path without the bracket that closes its arguments; true if there are some.
    fn path_left_open(&mut self) -> Parsed<bool> {
        if self.reader.eat(b'B') {
            let mut open = false;
            self.referred(|this| {
                open = this.path_left_open()?;
                Ok(())
            })?;
            Ok(open)
        } else if self.reader.eat(b'I') {
            self.path(false)?;
            self.print(b"<")?;
            self.list(b", ", Self::argument)?;
            Ok(true)
        } else {
            self.path(false).map(|()| false)
        }
    }

    /// What values a type is narrowed to.
    fn pattern(&mut self) -> Parsed {
        match self.reader.next()? {
            b'R' => {
                self.constant(false)?;
                self.print(b"..=")?;
                self.constant(false)
            }
            b'O' => self.nested(|this| {
                this.pattern()?;
                while !this.reader.eat(b'E') {
                    this.print(b" | ")?;
                    this.pattern()?;
                }
                Ok(())
            }),
            b'N' => self.print(b"!null"),
            _ => Err(Malformed),
        }
    }
}
