//! Paths: crates, items in them, `impl` blocks, and instances with their arguments.

use super::super::output::{Malformed, Parsed};
use super::reader::Ident;
use super::{Printer, punycode};

impl<'s> Printer<'s, '_, '_> {
    /// A path; `in_value` if arguments need a `::` before them.
    pub(super) fn path(&mut self, in_value: bool) -> Parsed {
        self.nested(|this| match this.reader.next()? {
            b'C' => this.crate_root(),
            b'N' => this.item(in_value),
            tag @ (b'M' | b'X' | b'Y') => this.implementation(tag),
            b'I' => {
                this.path(in_value)?;
                this.print(if in_value { b"::<" } else { b"<" })?;
                this.list(b", ", Self::argument)?;
                this.print(b">")
            }
            b'B' => this.referred(|this| this.path(in_value)),
            _ => Err(Malformed),
        })
    }

    fn crate_root(&mut self) -> Parsed {
        let disambiguator = self.reader.disambiguator()?;
        let name = self.reader.ident()?;
        if self.in_impl && self.impl_crate.is_none() {
            self.impl_crate = Some(name.ascii);
        }
        self.ident(name)?;
        if self.silent || !self.spelling.hashes || disambiguator == 0 {
            return Ok(());
        }
        self.print(b"[")?;
        self.out.push_number(disambiguator, 16)?;
        self.print(b"]")
    }

    fn item(&mut self, in_value: bool) -> Parsed {
        let namespace = self.reader.next()?;
        if !namespace.is_ascii_alphabetic() {
            return Err(Malformed);
        }
        self.path(in_value)?;
        let disambiguator = self.reader.disambiguator()?;
        let name = self.reader.ident()?;
        if namespace.is_ascii_lowercase() {
            // Namespaces of the compiler's own; without a name, what they hold has none either.
            return if name.is_empty() {
                Ok(())
            } else {
                self.print(b"::")?;
                self.ident(name)
            };
        }
        self.print(b"::{")?;
        match namespace {
            b'C' => self.print(b"closure")?,
            b'S' => self.print(b"shim")?,
            other => self.print(&[other])?,
        }
        if !name.is_empty() {
            self.print(b":")?;
            self.ident(name)?;
        }
        self.print(b"#")?;
        self.print_number(disambiguator)?;
        self.print(b"}")
    }

    fn implementation(&mut self, tag: u8) -> Parsed {
        if tag != b'Y' {
            self.reader.disambiguator()?;
            self.impl_path()?;
        }
        let bare = tag == b'M' && self.spelling.unified && self.at_named_type();
        if !bare {
            self.print(b"<")?;
        }
        self.type_()?;
        if tag != b'M' {
            self.print(b" as ")?;
            self.path(false)?;
        }
        if bare { Ok(()) } else { self.print(b">") }
    }

    /// The path to the block, which is not written.
    fn impl_path(&mut self) -> Parsed {
        let before = std::mem::replace(&mut self.in_impl, true);
        self.silently(|this| this.path(false))?;
        self.in_impl = before;
        Ok(())
    }

    /// True if the type here can stand before `::` without brackets.
    fn at_named_type(&mut self) -> bool {
        let start = self.reader.jump(0);
        let (mut at, mut hops) = (start, 0);
        self.reader.jump(start);
        let mut tag = self.reader.peek();
        while tag == Some(b'B') && hops < 16 {
            let here = self.reader.jump(at + 1);
            let target = self.reader.reference();
            self.reader.jump(here);
            let Ok(target) = target else { return false };
            (at, tag, hops) = (target, self.reader.byte_at(target), hops + 1);
        }
        // Primitive types, and paths but for those that begin with a bracket of their own.
        matches!(tag, Some(b'a'..=b't' | b'x' | b'y' | b'C' | b'N' | b'I')) && !matches!(tag, Some(b'p'))
    }

    pub(super) fn ident(&mut self, name: Ident<'s>) -> Parsed {
        if self.silent {
            return Ok(());
        }
        if name.punycode.is_empty() { self.out.push(name.ascii) } else { punycode::print(name, self.out) }
    }

    pub(super) fn argument(&mut self) -> Parsed {
        if self.reader.eat(b'L') {
            let index = self.reader.base_62()?;
            self.lifetime(index)
        } else if self.reader.eat(b'K') {
            self.constant(false)
        } else {
            self.type_()
        }
    }
}
