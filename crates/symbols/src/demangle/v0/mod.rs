//! Rust's v0 mangling: a path in prefix notation, with back-references to what stands before.
//!
//! Grammar: <https://doc.rust-lang.org/rustc/symbol-mangling/v0.html>. What is written is what the crate
//! `rustc-demangle` writes, which the tests compare with, for names that it finds no fault with. It
//! prints a fault that hides behind a back-reference in the middle of the name; for us, that name is
//! malformed as a whole.

mod constants;
mod paths;
mod punycode;
mod reader;
mod types;

use super::output::{Malformed, Output, Parsed, Spelling};
use reader::Reader;

/// Nesting up to which names are followed.
const DEEPEST: u32 = 500;

/// Writes the name of `symbol`; what follows the name and the crate that an `impl` lies in.
pub(crate) fn print<'s>(symbol: &'s [u8], spelling: Spelling, out: &mut Output<'_>) -> Parsed<Printed<'s>> {
    let inner = [&b"_R"[..], b"R", b"__R"].iter().find_map(|prefix| symbol.strip_prefix(*prefix));
    let inner = inner.filter(|inner| inner.first().is_some_and(u8::is_ascii_uppercase)).ok_or(Malformed)?;
    if !inner.is_ascii() {
        return Err(Malformed);
    }
    let reader = Reader::new(inner);
    let mut printer = Printer {
        reader,
        depth: 0,
        out,
        silent: false,
        bound_lifetimes: 0,
        spelling,
        impl_crate: None,
        in_impl: false,
    };
    printer.path(true)?;
    // The crate that this instance was made in.
    if printer.reader.peek().is_some_and(|byte| byte.is_ascii_uppercase()) {
        printer.silently(|this| this.path(false))?;
    }
    Ok(Printed { suffix: printer.reader.rest(), impl_crate: printer.impl_crate })
}

/// What is known besides the text.
pub(crate) struct Printed<'s> {
    pub(crate) suffix: &'s [u8],
    /// Crate of the first `impl` block of the path.
    pub(crate) impl_crate: Option<&'s [u8]>,
}

/// Reads and writes in one pass.
struct Printer<'s, 'o, 'b> {
    reader: Reader<'s>,
    depth: u32,
    out: &'o mut Output<'b>,
    /// What is read is not part of the name, and back-references in it are not followed.
    silent: bool,
    /// Lifetimes that the `for<…>` around here bind.
    bound_lifetimes: u64,
    spelling: Spelling,
    impl_crate: Option<&'s [u8]>,
    in_impl: bool,
}

impl<'s> Printer<'s, '_, '_> {
    #[inline]
    fn print(&mut self, text: &[u8]) -> Parsed {
        if self.silent { Ok(()) } else { self.out.push(text) }
    }

    fn print_number(&mut self, number: u64) -> Parsed {
        if self.silent { Ok(()) } else { self.out.push_number(number, 10) }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Malformed);
        }
        self.out.step()?;
        read(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn silently(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        let before = std::mem::replace(&mut self.silent, true);
        let read = read(self);
        self.silent = before;
        read
    }

    /// Reads at the place that a back-reference (its `B` is read) names, and comes back.
    fn referred(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        let target = self.reader.reference()?;
        if self.silent {
            return Ok(());
        }
        let here = self.reader.jump(target);
        self.nested(read)?;
        self.reader.jump(here);
        Ok(())
    }

    /// Elements up to `E`; how many there were.
    fn list(&mut self, separator: &[u8], mut read: impl FnMut(&mut Self) -> Parsed) -> Parsed<usize> {
        let mut count = 0;
        while !self.reader.eat(b'E') {
            if count > 0 {
                self.print(separator)?;
            }
            read(self)?;
            count += 1;
        }
        Ok(count)
    }

    /// `0` is `'_`; others count the binders outwards, from 1.
    fn lifetime(&mut self, index: u64) -> Parsed {
        if self.silent {
            return Ok(());
        }
        self.print(b"'")?;
        if index == 0 {
            return self.print(b"_");
        }
        match self.bound_lifetimes.checked_sub(index).ok_or(Malformed)? {
            letter @ 0..26 => self.print(&[b'a' + letter as u8]),
            number => {
                self.print(b"_")?;
                self.print_number(number)
            }
        }
    }

    /// `for<'a, 'b> ` where lifetimes are bound, around what `read` reads.
    fn binder(&mut self, read: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        let bound = self.reader.optional_base_62(b'G')?;
        if self.silent {
            return read(self);
        }
        let before = self.bound_lifetimes;
        if bound > 0 {
            self.print(b"for<")?;
            for at in 0..bound {
                if at > 0 {
                    self.print(b", ")?;
                }
                self.bound_lifetimes += 1;
                self.lifetime(1)?;
            }
            self.print(b"> ")?;
        }
        read(self)?;
        self.bound_lifetimes = before;
        Ok(())
    }
}
