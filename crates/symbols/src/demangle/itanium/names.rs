//! Names: nested, local, with arguments of templates, and those of what has no name.

use super::super::output::{Malformed, Parsed};
use super::encoding::NameState;
use super::nodes::List;
use super::reader::Reader;
use super::{Id, Node, operators};

impl<'s> Reader<'s> {
    /// A name; `state` is that of the encoding it names, if it names one.
    pub(super) fn name(&mut self, mut state: Option<&mut NameState>) -> Parsed<Id> {
        self.nested(|this| match this.peek().ok_or(Malformed)? {
            b'N' => this.nested_name(state),
            b'Z' => this.local_name(state),
            b'S' if !this.rest().starts_with(b"St") => {
                let template = this.substitution(false)?;
                // Only with arguments a substitution is a name.
                if this.peek() != Some(b'I') {
                    return Err(Malformed);
                }
                this.instance(template, state)
            }
            _ => {
                let name = this.unscoped_name(state.as_deref_mut())?;
                if this.peek() != Some(b'I') {
                    return Ok(name);
                }
                this.remember(name);
                this.instance(name, state)
            }
        })
    }

    fn unscoped_name(&mut self, state: Option<&mut NameState>) -> Parsed<Id> {
        if !self.eat(b"St") {
            return self.unqualified(None, state);
        }
        let space = self.add(Node::Fixed("std"));
        let name = self.unqualified(Some(space), state)?;
        Ok(self.add(Node::Nested(space, name)))
    }

    /// `template` with the arguments that follow.
    fn instance(&mut self, template: Id, state: Option<&mut NameState>) -> Parsed<Id> {
        let arguments = self.template_arguments(state.is_some())?;
        if let Some(state) = state {
            state.is_instance = true;
        }
        Ok(self.add(Node::Template(template, arguments)))
    }

    fn nested_name(&mut self, mut state: Option<&mut NameState>) -> Parsed<Id> {
        self.expect(b'N')?;
        let explicit = self.eat(b"H");
        let qualifiers = self.qualifiers();
        let reference = if self.eat(b"O") {
            " &&"
        } else if self.eat(b"R") {
            " &"
        } else {
            ""
        };
        if let Some(state) = state.as_deref_mut() {
            state.trailer.qualifiers = qualifiers;
            state.trailer.reference = reference;
            state.trailer.explicit = explicit;
        }
        let mut so_far: Option<Id> = None;
        loop {
            let next = self.peek().ok_or(Malformed)?;
            if next == b'E' {
                break;
            }
            if let Some(state) = state.as_deref_mut() {
                state.is_instance = next == b'I';
            }
            let (id, is_new) = self.prefix(next, so_far, state.as_deref_mut())?;
            so_far = Some(id);
            if is_new && self.peek() != Some(b'E') {
                self.remember(id);
            }
        }
        self.expect(b'E')?;
        so_far.ok_or(Malformed)
    }

    /// One component more; false if it may not be referred to.
    fn prefix(&mut self, next: u8, so_far: Option<Id>, state: Option<&mut NameState>) -> Parsed<(Id, bool)> {
        match (next, so_far) {
            (b'I', Some(template)) => {
                let arguments = self.template_arguments(state.is_some())?;
                Ok((self.add(Node::Template(template, arguments)), true))
            }
            (b'T', None) => Ok((self.template_parameter()?, true)),
            (b'D', None) if matches!(self.code(), Some([_, b't' | b'T'])) => Ok((self.decltype()?, true)),
            (b'S', None) if self.eat(b"St") => Ok((self.add(Node::Fixed("std")), false)),
            (b'S', None) => Ok((self.substitution(true)?, false)),
            // The variable that a lambda initializes.
            (b'M', Some(scope)) => {
                self.skip(1);
                Ok((scope, false))
            }
            _ => {
                let name = self.unqualified(so_far, state)?;
                let id = match so_far {
                    Some(scope) => self.add(Node::Nested(scope, name)),
                    None => name,
                };
                Ok((id, true))
            }
        }
    }

    fn local_name(&mut self, state: Option<&mut NameState>) -> Parsed<Id> {
        self.expect(b'Z')?;
        // Only within the name of the whole symbol, what follows refers to the arguments of this function.
        let outer = state.is_none().then(|| self.parameters.clone());
        let function = self.encoding(false)?;
        self.expect(b'E')?;
        let id = self.local_entity(function, state)?;
        if let Some(outer) = outer {
            self.parameters = outer;
        }
        Ok(id)
    }

    fn local_entity(&mut self, function: Id, state: Option<&mut NameState>) -> Parsed<Id> {
        if self.eat(b"s") {
            self.discriminator();
            let literal = self.add(Node::Fixed("string literal"));
            return Ok(self.add(Node::Local(function, literal)));
        }
        if self.eat(b"d") {
            let number = self.counted()?;
            let entity = self.name(state)?;
            let argument = self.add(Node::DefaultArgument(number + 1));
            let inner = self.add(Node::Nested(argument, entity));
            return Ok(self.add(Node::Local(function, inner)));
        }
        let entity = self.name(state)?;
        self.discriminator();
        Ok(self.add(Node::Local(function, entity)))
    }

    /// Which of several things of one name in a function; it is not written.
    fn discriminator(&mut self) {
        if self.eat(b"__") {
            self.digits();
            self.eat(b"_");
        } else if matches!(self.rest(), [b'_', b'0'..=b'9', ..]) {
            self.skip(2);
        }
    }

    /// A name without what it lies in, which is `scope`.
    fn unqualified(&mut self, scope: Option<Id>, state: Option<&mut NameState>) -> Parsed<Id> {
        self.eat(b"L");
        let id = match self.peek().ok_or(Malformed)? {
            b'0'..=b'9' => {
                let name = self.source_name()?;
                self.add(source_node(name))
            }
            b'U' => self.unnamed()?,
            b'C' | b'D' if matches!(self.code(), Some([b'C', b'1'..=b'5' | b'I'] | [b'D', b'0'..=b'5'])) => {
                self.structor(scope.ok_or(Malformed)?, state)?
            }
            b'D' if self.eat(b"DC") => {
                let names = self.until_end(|this| {
                    let name = this.source_name()?;
                    Ok(this.add(Node::Name(name)))
                })?;
                self.add(Node::Binding(names))
            }
            _ => self.operator_name(state)?,
        };
        self.tags(id)
    }

    pub(super) fn tags(&mut self, mut id: Id) -> Parsed<Id> {
        while self.eat(b"B") {
            let tag = self.source_name()?;
            id = self.add(Node::Tagged(id, tag));
        }
        Ok(id)
    }

    fn structor(&mut self, scope: Id, state: Option<&mut NameState>) -> Parsed<Id> {
        if let Some(state) = state {
            state.returns_nothing = true;
        }
        let is_constructor = self.next()? == b'C';
        if self.next()? == b'I' {
            // An inherited one: whose it is, is not written.
            self.next()?;
            self.type_()?;
        }
        Ok(self.add(if is_constructor { Node::Constructor(scope) } else { Node::Destructor(scope) }))
    }

    fn operator_name(&mut self, state: Option<&mut NameState>) -> Parsed<Id> {
        let code = self.code().ok_or(Malformed)?;
        self.skip(2);
        match &code {
            b"cv" => {
                if let Some(state) = state {
                    state.returns_nothing = true;
                }
                let before = std::mem::replace(&mut self.in_conversion, true);
                let type_ = self.type_();
                self.in_conversion = before;
                Ok(self.add(Node::Conversion(type_?)))
            }
            b"li" => {
                let name = self.source_name()?;
                Ok(self.add(Node::LiteralOperator(name)))
            }
            [b'v', b'0'..=b'9'] => {
                let name = self.source_name()?;
                Ok(self.add(Node::Name(name)))
            }
            _ => {
                let operator = operators::find(code).ok_or(Malformed)?;
                Ok(self.add(Node::Operator(operator)))
            }
        }
    }

    /// An unnamed type or a lambda.
    fn unnamed(&mut self) -> Parsed<Id> {
        if self.eat(b"Ut") {
            let number = self.counted()?;
            return Ok(self.add(Node::Unnamed(number + 1)));
        }
        if !self.eat(b"Ul") {
            return Err(Malformed);
        }
        let before = std::mem::replace(&mut self.in_lambda, true);
        let parameters = self.lambda_signature();
        self.in_lambda = before;
        let parameters = parameters?;
        self.expect(b'E')?;
        let number = self.counted()?;
        Ok(self.add(Node::Lambda(parameters, number + 1)))
    }

    fn lambda_signature(&mut self) -> Parsed<List> {
        // Declared template parameters are not written.
        while self.eat(b"Ty") || self.eat(b"Tp") {}
        while self.eat(b"Tn") {
            self.type_()?;
        }
        self.signature()
    }

    /// `S_`, `S0_`, or one of the standard library's.
    pub(super) fn substitution(&mut self, in_prefix: bool) -> Parsed<Id> {
        self.expect(b'S')?;
        let fixed = match self.peek().ok_or(Malformed)? {
            b'a' => "std::allocator",
            b'b' => "std::basic_string",
            b's' => "std::basic_string<char, std::char_traits<char>, std::allocator<char> >",
            b'i' => "std::basic_istream<char, std::char_traits<char> >",
            b'o' => "std::basic_ostream<char, std::char_traits<char> >",
            b'd' => "std::basic_iostream<char, std::char_traits<char> >",
            _ => {
                let index = self.sequence()?;
                return self.substitutions.get(index).copied().ok_or(Malformed);
            }
        };
        self.skip(1);
        let id = self.add(Node::Fixed(fixed));
        if self.peek() != Some(b'B') {
            return Ok(id);
        }
        let tagged = self.tags(id)?;
        Ok(if in_prefix { self.remember(tagged) } else { tagged })
    }

    /// `I…E`; `as_parameters` if what follows refers to these by `T_`.
    pub(super) fn template_arguments(&mut self, as_parameters: bool) -> Parsed<List> {
        self.expect(b'I')?;
        if as_parameters {
            self.parameters.clear();
        }
        let list = self.until_end(|this| {
            // What is required of the argument before.
            let id = this.template_argument()?;
            if as_parameters {
                let parameter = match this.tree.node(id) {
                    Node::Pack(list) => this.add(Node::ParameterPack(list)),
                    _ => id,
                };
                this.parameters.push(parameter);
            }
            if this.eat(b"Q") {
                this.expression()?;
            }
            Ok(id)
        })?;
        Ok(list)
    }

    pub(super) fn template_argument(&mut self) -> Parsed<Id> {
        self.nested(|this| match this.peek().ok_or(Malformed)? {
            b'X' => {
                this.skip(1);
                let expression = this.expression()?;
                this.expect(b'E')?;
                Ok(expression)
            }
            b'L' => this.literal(),
            b'J' => {
                this.skip(1);
                let list = this.until_end(Self::template_argument)?;
                Ok(this.add(Node::Pack(list)))
            }
            _ => this.type_(),
        })
    }

    /// `T_`, `T0_`.
    pub(super) fn template_parameter(&mut self) -> Parsed<Id> {
        self.expect(b'T')?;
        if self.eat(b"L") {
            // Of which of several nested templates.
            self.counted()?;
        }
        let index = self.sequence()?;
        if self.in_lambda {
            return Ok(self.add(Node::Auto(index as u64 + 1)));
        }
        if self.in_conversion {
            let id = self.add(Node::Forward);
            self.forward.push((id, index));
            return Ok(id);
        }
        self.parameters.get(index).copied().ok_or(Malformed)
    }
}

fn source_node(name: &[u8]) -> Node<'_> {
    match name {
        [b'_', b'G', b'L', b'O', b'B', b'A', b'L', b'_', b'.' | b'_' | b'$', b'N', ..] => {
            Node::Fixed("(anonymous namespace)")
        }
        _ => Node::Name(name),
    }
}
