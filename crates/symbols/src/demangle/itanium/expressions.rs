//! Expressions, which stand in arguments of templates, in `decltype` and in sizes of arrays.

use super::super::output::{Malformed, Parsed};
use super::nodes::List;
use super::operators::{Form, Operator, find};
use super::reader::Reader;
use super::{Id, Node};

impl<'s> Reader<'s> {
    pub(super) fn expression(&mut self) -> Parsed<Id> {
        self.nested(Self::any_expression)
    }

    fn any_expression(&mut self) -> Parsed<Id> {
        match self.peek().ok_or(Malformed)? {
            b'L' => return self.literal(),
            // A name behind an alias is a parameter, which the printer puts in parentheses.
            b'T' => {
                let id = self.template_parameter()?;
                return Ok(self.add(Node::Alias(id)));
            }
            b'0'..=b'9' => return self.unresolved(),
            _ => {}
        }
        let code = self.code().ok_or(Malformed)?;
        match &code {
            b"fp" | b"fL" if self.at_parameter() => self.function_parameter(),
            b"fl" | b"fr" | b"fL" | b"fR" => self.fold(),
            b"sr" => self.scoped(),
            b"on" | b"dn" => self.unresolved(),
            b"sp" => {
                self.skip(2);
                let of = self.expression()?;
                Ok(self.add(Node::Expansion(of)))
            }
            b"sZ" => {
                self.skip(2);
                let of = if self.peek() == Some(b'T') {
                    self.template_parameter()?
                } else {
                    self.function_parameter()?
                };
                Ok(self.add(Node::SizeofPack(of)))
            }
            b"sP" => {
                self.skip(2);
                let list = self.until_end(Self::template_argument)?;
                Ok(self.add(Node::SizeofArguments(list)))
            }
            b"tl" | b"il" => self.braces(),
            b"cv" => self.cast(),
            b"cl" | b"cp" => {
                self.skip(2);
                let function = self.expression()?;
                let arguments = self.until_end(Self::expression)?;
                Ok(self.add(Node::Call(function, arguments)))
            }
            b"qu" => {
                self.skip(2);
                let (condition, then) = (self.expression()?, self.expression()?);
                let other = self.expression()?;
                Ok(self.add(Node::Conditional(condition, then, other)))
            }
            b"tr" => {
                self.skip(2);
                Ok(self.add(Node::Fixed("throw")))
            }
            b"nw" | b"na" => self.new_object(false),
            b"gs" if matches!(self.rest().get(2..4), Some(b"nw" | b"na")) => {
                self.skip(2);
                self.new_object(true)
            }
            b"di" | b"dx" | b"dX" => self.designated(code),
            _ => self.operation(code),
        }
    }

    fn operation(&mut self, code: [u8; 2]) -> Parsed<Id> {
        let operator = find(code).ok_or(Malformed)?;
        self.skip(2);
        match operator.form {
            Form::Prefix if matches!(&code, b"st" | b"at" | b"ti") => {
                let of = self.type_()?;
                Ok(self.add(Node::Unary(operator, of)))
            }
            Form::Prefix => {
                let of = self.expression()?;
                Ok(self.add(Node::Unary(operator, of)))
            }
            Form::Step => {
                let before = self.eat(b"_");
                let of = self.expression()?;
                Ok(self.add(if before { Node::Unary(operator, of) } else { Node::Postfix(operator, of) }))
            }
            Form::Binary => {
                let left = self.expression()?;
                let right = match &code {
                    b"dt" | b"pt" => self.member()?,
                    _ => self.expression()?,
                };
                Ok(self.add(Node::Binary(operator, left, right)))
            }
            Form::NamedCast => {
                let (to, of) = (self.type_()?, self.expression()?);
                Ok(self.add(Node::NamedCast(operator, to, of)))
            }
            Form::Other => Err(Malformed),
        }
    }

    /// The name after `.` or `->`.
    fn member(&mut self) -> Parsed<Id> {
        match self.code() {
            Some([b's', b'r']) => self.scoped(),
            Some([b'L' | b'T', _]) => self.expression(),
            _ => self.unresolved(),
        }
    }

    /// `L type value E`, or a symbol.
    pub(super) fn literal(&mut self) -> Parsed<Id> {
        self.expect(b'L')?;
        if self.eat(b"_Z") || self.eat(b"Z") {
            let parameters = self.parameters.clone();
            let symbol = self.encoding(true)?;
            self.parameters = parameters;
            self.expect(b'E')?;
            return Ok(symbol);
        }
        let type_ = self.type_()?;
        let length = self.rest().iter().position(|byte| *byte == b'E').ok_or(Malformed)?;
        let value = &self.rest()[..length];
        self.skip(length + 1);
        if value.is_empty() && matches!(self.tree.node(type_), Node::Fixed("decltype(nullptr)")) {
            return Ok(self.add(Node::Literal(type_, b"0")));
        }
        Ok(self.add(Node::Literal(type_, value)))
    }

    fn at_parameter(&self) -> bool {
        matches!(self.rest(), [b'f', b'p', ..] | [b'f', b'L', b'0'..=b'9', ..])
    }

    fn function_parameter(&mut self) -> Parsed<Id> {
        if self.eat(b"fpT") {
            return Ok(self.add(Node::Fixed("this")));
        }
        if self.eat(b"fL") {
            self.number()?;
            self.expect(b'p')?;
        } else if !self.eat(b"fp") {
            return Err(Malformed);
        }
        self.qualifiers();
        let number = self.counted()?;
        Ok(self.add(Node::Parameter(number + 1)))
    }

    fn fold(&mut self) -> Parsed<Id> {
        let kind = self.code().ok_or(Malformed)?;
        self.skip(2);
        let operator = find(self.code().ok_or(Malformed)?).ok_or(Malformed)?;
        self.skip(2);
        let first = self.expression()?;
        let (left, right) = match kind[1] {
            b'l' => (None, Some(first)),
            b'r' => (Some(first), None),
            _ => (Some(first), Some(self.expression()?)),
        };
        Ok(self.add(Node::Fold { left, right, operator }))
    }

    /// `type::name`.
    fn scoped(&mut self) -> Parsed<Id> {
        self.skip(2);
        let is_namespace = matches!(self.peek(), Some(b'0'..=b'9'));
        let scope = if self.eat(b"N") {
            let first = self.type_()?;
            self.levels(Some(first))?
        } else if is_namespace {
            self.levels(None)?
        } else {
            self.type_()?
        };
        let name = self.unresolved()?;
        Ok(match self.tree.node(name) {
            // Of a namespace, the arguments belong to the whole name, which is then no simple one.
            Node::Template(name, arguments) if is_namespace => {
                let name = self.add(Node::Nested(scope, name));
                self.add(Node::Template(name, arguments))
            }
            _ => self.add(Node::Nested(scope, name)),
        })
    }

    /// Names up to `E`, each in the one before.
    fn levels(&mut self, first: Option<Id>) -> Parsed<Id> {
        let mut scope = first;
        while !self.eat(b"E") {
            let name = self.unresolved()?;
            scope = Some(match scope {
                Some(scope) => self.add(Node::Nested(scope, name)),
                None => name,
            });
        }
        scope.ok_or(Malformed)
    }

    /// A name that only an instance can find, with arguments if there are some.
    fn unresolved(&mut self) -> Parsed<Id> {
        let id = if self.eat(b"on") {
            let operator = self.code().ok_or(Malformed)?;
            self.skip(2);
            if &operator == b"cv" {
                let type_ = self.type_()?;
                self.add(Node::Conversion(type_))
            } else {
                self.add(Node::Operator(find(operator).ok_or(Malformed)?))
            }
        } else if self.eat(b"dn") {
            let of =
                if matches!(self.peek(), Some(b'0'..=b'9')) { self.unresolved()? } else { self.type_()? };
            self.add(Node::Destructor(of))
        } else {
            let name = self.source_name()?;
            self.add(Node::Name(name))
        };
        let id = self.tags(id)?;
        if self.peek() != Some(b'I') {
            return Ok(id);
        }
        let arguments = self.template_arguments(false)?;
        Ok(self.add(Node::Template(id, arguments)))
    }

    fn braces(&mut self) -> Parsed<Id> {
        let typed = self.next()? == b't';
        self.skip(1);
        let type_ = if typed { Some(self.type_()?) } else { None };
        let list = self.until_end(Self::expression)?;
        Ok(self.add(Node::Braces(type_, list)))
    }

    fn cast(&mut self) -> Parsed<Id> {
        self.skip(2);
        let to = self.type_()?;
        let of = self.cast_operands()?;
        Ok(self.add(Node::Cast(to, of)))
    }

    fn cast_operands(&mut self) -> Parsed<List> {
        if self.eat(b"_") {
            return self.until_end(Self::expression);
        }
        let of = self.expression()?;
        Ok(self.tree.list(&[of]))
    }

    fn new_object(&mut self, global: bool) -> Parsed<Id> {
        let array = self.code() == Some(*b"na");
        self.skip(2);
        let mut placement = Vec::new();
        while !self.eat(b"_") {
            placement.push(self.expression()?);
        }
        let placement = self.tree.list(&placement);
        let of = self.type_()?;
        let initializer = if self.eat(b"pi") {
            Some(self.until_end(Self::expression)?)
        } else if self.eat(b"E") {
            None
        } else {
            return Err(Malformed);
        };
        Ok(self.add(Node::New { global, array, placement, of, initializer }))
    }

    /// `.name=value`, `[index]=value`, `[first ... last]=value`.
    fn designated(&mut self, code: [u8; 2]) -> Parsed<Id> {
        self.skip(2);
        if &code == b"dX" {
            let (first, last) = (self.expression()?, self.expression()?);
            let value = self.expression()?;
            return Ok(self.add(Node::Range(first, last, value)));
        }
        let is_name = &code == b"di";
        let place = if is_name { self.unresolved()? } else { self.expression()? };
        let value = self.expression()?;
        Ok(self.add(Node::Designated(is_name, place, value)))
    }
}

impl Operator {
    /// A name in an expression of templates: `>` would end the arguments.
    pub(super) fn is_greater(self) -> bool {
        self.text == ">"
    }
}
