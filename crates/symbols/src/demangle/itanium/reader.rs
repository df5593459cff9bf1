//! Where reading stands, what can be referred to, and the terminals of the grammar.

use super::super::output::{Malformed, Parsed};
use super::nodes::{List, Qualifiers, Tree};
use super::{Id, Node};

/// Nesting up to which names are read: twice that of any name seen.
const DEEPEST: u32 = 256;

pub(super) struct Reader<'s> {
    name: &'s [u8],
    at: usize,
    depth: u32,
    pub(super) tree: Tree<'s>,
    /// What `S_`, `S0_` … stand for.
    pub(super) substitutions: Vec<Id>,
    /// What `T_`, `T0_` … stand for: the arguments of the template read last.
    pub(super) parameters: Vec<Id>,
    /// Parameters met before their arguments: in the type of a conversion operator.
    pub(super) forward: Vec<(Id, usize)>,
    pub(super) in_conversion: bool,
    /// Where parameters are written `auto`.
    pub(super) in_lambda: bool,
}

impl<'s> Reader<'s> {
    pub(super) fn new(name: &'s [u8]) -> Self {
        Reader {
            name,
            at: 0,
            depth: 0,
            tree: Tree::default(),
            substitutions: Vec::new(),
            parameters: Vec::new(),
            forward: Vec::new(),
            in_conversion: false,
            in_lambda: false,
        }
    }

    pub(super) fn rest(&self) -> &'s [u8] {
        &self.name[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.name.get(self.at).copied()
    }

    pub(super) fn is_at_end(&self) -> bool {
        matches!(self.peek(), None | Some(b'E' | b'.'))
    }

    pub(super) fn next(&mut self) -> Parsed<u8> {
        let byte = self.peek().ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn eat(&mut self, text: &[u8]) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    pub(super) fn expect(&mut self, byte: u8) -> Parsed {
        if self.next()? == byte { Ok(()) } else { Err(Malformed) }
    }

    pub(super) fn code(&self) -> Option<[u8; 2]> {
        self.rest().first_chunk().copied()
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at = (self.at + count).min(self.name.len());
    }

    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Malformed);
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    pub(super) fn add(&mut self, node: Node<'s>) -> Id {
        self.tree.add(node)
    }

    /// Adds a node that may be referred to later.
    pub(super) fn remember(&mut self, id: Id) -> Id {
        self.substitutions.push(id);
        id
    }

    /// What `read` reads, up to an `E`.
    pub(super) fn until_end(&mut self, mut read: impl FnMut(&mut Self) -> Parsed<Id>) -> Parsed<List> {
        let mut ids = Vec::new();
        while !self.eat(b"E") {
            ids.push(read(self)?);
        }
        Ok(self.tree.list(&ids))
    }

    pub(super) fn digits(&mut self) -> &'s [u8] {
        let length = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = &self.rest()[..length];
        self.at += length;
        digits
    }

    /// A decimal number.
    pub(super) fn number(&mut self) -> Parsed<u64> {
        let digits = self.digits();
        let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.is_empty());
        digits.and_then(|digits| digits.parse().ok()).ok_or(Malformed)
    }

    /// `_` is 0, `0_` is 1: with digits of base 36.
    pub(super) fn sequence(&mut self) -> Parsed<usize> {
        if self.eat(b"_") {
            return Ok(0);
        }
        let mut number = 0_usize;
        loop {
            let digit = match self.next()? {
                b'_' => return number.checked_add(1).ok_or(Malformed),
                digit @ b'0'..=b'9' => digit - b'0',
                digit @ b'A'..=b'Z' => digit - b'A' + 10,
                _ => return Err(Malformed),
            };
            number = number
                .checked_mul(36)
                .and_then(|more| more.checked_add(usize::from(digit)))
                .ok_or(Malformed)?;
        }
    }

    /// `_` is 0, `0_` is 1: with decimal digits.
    pub(super) fn counted(&mut self) -> Parsed<u64> {
        if self.eat(b"_") {
            return Ok(0);
        }
        let number = self.number()?.checked_add(1).ok_or(Malformed)?;
        self.expect(b'_')?;
        Ok(number)
    }

    /// An identifier after its length.
    pub(super) fn source_name(&mut self) -> Parsed<&'s [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        let name = self.rest().get(..length).filter(|name| !name.is_empty()).ok_or(Malformed)?;
        self.at += length;
        Ok(name)
    }

    pub(super) fn qualifiers(&mut self) -> Qualifiers {
        Qualifiers { is_restrict: self.eat(b"r"), is_volatile: self.eat(b"V"), is_const: self.eat(b"K") }
    }
}
