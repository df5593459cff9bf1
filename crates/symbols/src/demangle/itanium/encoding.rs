//! What a whole symbol is: a function with its types, a variable, or one of the special things.

use super::super::output::{Malformed, Parsed};
use super::nodes::{List, Trailer};
use super::reader::Reader;
use super::{Id, Node};

/// What the name of a function says about the rest of its encoding.
#[derive(Default)]
pub(super) struct NameState {
    /// It ends with the arguments of a template, so that what it returns follows.
    pub(super) is_instance: bool,
    /// A constructor, destructor or conversion, which return nothing that could follow.
    pub(super) returns_nothing: bool,
    pub(super) trailer: Trailer,
}

impl<'s> Reader<'s> {
    /// Reads a symbol; `returns` if what it returns is part of its name.
    pub(super) fn encoding(&mut self, returns: bool) -> Parsed<Id> {
        self.nested(|this| match this.peek() {
            Some(b'T' | b'G') => this.special(),
            _ => this.function(returns),
        })
    }

    fn function(&mut self, returns: bool) -> Parsed<Id> {
        let mut state = NameState::default();
        let pending = self.forward.len();
        let name = self.name(Some(&mut state))?;
        self.resolve_forward(pending)?;
        if self.is_at_end() {
            return Ok(name);
        }
        let returned = match state.is_instance && !state.returns_nothing {
            true => Some(self.type_()?),
            false => None,
        };
        let parameters = self.signature()?;
        // What a template requires of its arguments.
        if self.eat(b"Q") {
            self.expression()?;
        }
        let returns = returned.filter(|_| returns);
        Ok(self.add(Node::Function { returns, name, parameters, trailer: state.trailer }))
    }

    /// Types of parameters up to the end; `v` alone is none.
    pub(super) fn signature(&mut self) -> Parsed<List> {
        if self.eat(b"v") {
            return Ok(self.tree.list(&[]));
        }
        let mut types = vec![self.type_()?];
        while !self.is_at_end() && !matches!(self.peek(), Some(b'Q')) {
            types.push(self.type_()?);
        }
        Ok(self.tree.list(&types))
    }

    fn resolve_forward(&mut self, from: usize) -> Parsed {
        for (id, index) in self.forward.split_off(from.min(self.forward.len())) {
            let target = self.parameters.get(index).copied().ok_or(Malformed)?;
            if target == id {
                return Err(Malformed);
            }
            self.tree.set(id, Node::Alias(target));
        }
        Ok(())
    }

    fn special(&mut self) -> Parsed<Id> {
        let code = self.code().ok_or(Malformed)?;
        self.skip(2);
        let (text, of) = match &code {
            b"TV" => ("vtable for ", self.type_()?),
            b"TT" => ("VTT for ", self.type_()?),
            b"TI" => ("typeinfo for ", self.type_()?),
            b"TS" => ("typeinfo name for ", self.type_()?),
            b"TF" => ("typeinfo fn for ", self.type_()?),
            b"TA" => ("template parameter object for ", self.template_argument()?),
            b"TC" => return self.construction_vtable(),
            b"TH" => ("TLS init function for ", self.name(None)?),
            b"TW" => ("TLS wrapper function for ", self.name(None)?),
            b"Th" => {
                self.offset()?;
                ("non-virtual thunk to ", self.encoding(false)?)
            }
            b"Tv" => {
                self.offset()?;
                self.offset()?;
                ("virtual thunk to ", self.encoding(false)?)
            }
            b"Tc" => {
                self.call_offset()?;
                self.call_offset()?;
                ("covariant return thunk to ", self.encoding(false)?)
            }
            b"GV" => ("guard variable for ", self.name(None)?),
            b"GA" => ("hidden alias for ", self.encoding(false)?),
            b"GR" => {
                let name = self.name(None)?;
                let number = if self.is_at_end() { 0 } else { self.sequence()? as u64 };
                return Ok(self.add(Node::Temporary(name, number)));
            }
            b"GT" if self.eat(b"t") => ("transaction clone for ", self.encoding(false)?),
            b"GT" if self.eat(b"n") => ("non-transaction clone for ", self.encoding(false)?),
            _ => return Err(Malformed),
        };
        Ok(self.add(Node::Special(text, of)))
    }

    fn construction_vtable(&mut self) -> Parsed<Id> {
        let whole = self.type_()?;
        self.negative_number()?;
        self.expect(b'_')?;
        let part = self.type_()?;
        Ok(self.add(Node::VtableIn(whole, part)))
    }

    fn call_offset(&mut self) -> Parsed {
        match self.next()? {
            b'h' => self.offset(),
            b'v' => {
                self.offset()?;
                self.offset()
            }
            _ => Err(Malformed),
        }
    }

    fn offset(&mut self) -> Parsed {
        self.negative_number()?;
        self.expect(b'_')
    }

    fn negative_number(&mut self) -> Parsed {
        self.eat(b"n");
        self.number().map(drop)
    }
}
