//! Writes the tree: expressions.

use super::super::output::Parsed;
use super::nodes::List;
use super::operators::Operator;
use super::pack;
use super::print::Printer;
use super::{Id, Node};

/// In the argument of `sizeof...`, nesting up to which its pack is looked for.
const DEEPEST_PACK: u32 = 32;

impl<'s> Printer<'_, 's, '_, '_> {
    pub(super) fn expression(&mut self, node: Node<'s>) -> Parsed {
        match node {
            Node::Number(digits) => self.put(digits),
            Node::Literal(type_, value) => self.literal(type_, value),
            Node::Unary(operator, of) => self.unary(operator, of),
            Node::Postfix(operator, of) => {
                self.operand(of)?;
                self.put(operator.text.as_bytes())
            }
            Node::Binary(operator, left, right) => self.binary(operator, left, right),
            Node::Conditional(condition, then, other) => {
                self.operand(condition)?;
                self.put(b"?")?;
                self.operand(then)?;
                self.put(b" : ")?;
                self.operand(other)
            }
            Node::Call(function, arguments) => self.call(function, arguments),
            Node::Cast(to, of) => self.cast(to, of),
            Node::NamedCast(operator, to, of) => {
                self.put(operator.text.as_bytes())?;
                self.put(b"<")?;
                self.print(to)?;
                self.put(b">(")?;
                self.print(of)?;
                self.put(b")")
            }
            Node::Braces(type_, values) => {
                if let Some(type_) = type_ {
                    self.print(type_)?;
                }
                self.put(b"{")?;
                self.list(values)?;
                self.put(b"}")
            }
            Node::SizeofPack(of) => match pack::find(self.tree, of, DEEPEST_PACK, self.out)? {
                Some(elements) => self.number(self.tree.ids(elements).len() as u64),
                None => {
                    self.put(b"sizeof...(")?;
                    self.print(of)?;
                    self.put(b")")
                }
            },
            Node::SizeofArguments(arguments) => self.number(self.tree.ids(arguments).len() as u64),
            Node::Parameter(number) => {
                self.put(b"{parm#")?;
                self.number(number)?;
                self.put(b"}")
            }
            Node::Fold { left, right, operator } => self.unexpanded(|this| this.fold(left, right, operator)),
            Node::New { global, array, placement, of, initializer } => {
                self.put(if global { b"::new" } else { b"new" })?;
                self.put(if array { b"[]" } else { b"" })?;
                self.new_object(placement, of, initializer)
            }
            Node::Designated(is_name, place, value) => {
                self.put(if is_name { b"." } else { b"[" })?;
                self.print(place)?;
                self.put(if is_name { b"=" } else { b"]=" })?;
                self.operand(value)
            }
            Node::Range(first, last, value) => {
                self.put(b"[")?;
                self.print(first)?;
                self.put(b" ... ")?;
                self.print(last)?;
                self.put(b"]=")?;
                self.operand(value)
            }
            // All others are names and types.
            _ => Ok(()),
        }
    }

    /// In parentheses unless it is a name.
    fn operand(&mut self, id: Id) -> Parsed {
        if self.is_simple(id) {
            return self.print(id);
        }
        self.put(b"(")?;
        self.print(id)?;
        self.put(b")")
    }

    fn is_simple(&self, id: Id) -> bool {
        matches!(
            self.tree.node(id),
            Node::Name(_)
                | Node::Nested(..)
                | Node::Local(..)
                | Node::Braces(..)
                | Node::Parameter(_)
                | Node::Fixed("this")
        )
    }

    fn arguments(&mut self, list: List) -> Parsed {
        self.put(b"(")?;
        self.list(list)?;
        self.put(b")")
    }

    fn unary(&mut self, operator: Operator, of: Id) -> Parsed {
        self.put(operator.text.as_bytes())?;
        match (&operator.code, self.tree.node(of)) {
            // The address of a function: which one is clear without its parameters.
            (b"ad", Node::Function { name, .. }) if self.is_simple(name) => self.print(name),
            (b"gs", _) => self.print(of),
            (b"st" | b"nx", _) => {
                self.put(b"(")?;
                self.print(of)?;
                self.put(b")")
            }
            _ => self.operand(of),
        }
    }

    fn binary(&mut self, operator: Operator, left: Id, right: Id) -> Parsed {
        if operator.is_greater() {
            self.put(b"(")?;
        }
        self.operand(left)?;
        if &operator.code == b"ix" {
            self.put(b"[")?;
            self.print(right)?;
            self.put(b"]")?;
        } else {
            self.put(operator.text.as_bytes())?;
            self.operand(right)?;
        }
        if operator.is_greater() { self.put(b")") } else { Ok(()) }
    }

    fn call(&mut self, function: Id, arguments: List) -> Parsed {
        match self.tree.node(function) {
            Node::Function { name, .. } => self.operand(name)?,
            _ => self.operand(function)?,
        }
        self.arguments(arguments)
    }

    fn cast(&mut self, to: Id, of: List) -> Parsed {
        self.put(b"(")?;
        self.print(to)?;
        self.put(b")")?;
        match *self.tree.ids(of) {
            [one] => self.operand(one),
            _ => self.arguments(of),
        }
    }

    fn fold(&mut self, left: Option<Id>, right: Option<Id>, operator: Operator) -> Parsed {
        self.put(b"(")?;
        if let Some(left) = left {
            self.operand(left)?;
            self.put(operator.text.as_bytes())?;
        }
        self.put(b"...")?;
        if let Some(right) = right {
            self.put(operator.text.as_bytes())?;
            self.operand(right)?;
        }
        self.put(b")")
    }

    fn new_object(&mut self, placement: List, of: Id, initializer: Option<List>) -> Parsed {
        if !self.tree.ids(placement).is_empty() {
            self.put(b" ")?;
            self.arguments(placement)?;
        }
        self.put(b" ")?;
        self.print(of)?;
        initializer.map_or(Ok(()), |list| self.arguments(list))
    }

    fn literal(&mut self, type_: Id, value: &[u8]) -> Parsed {
        let digits = value.strip_prefix(b"n").unwrap_or(value);
        let sign: &[u8] = if digits.len() < value.len() { b"-" } else { b"" };
        let suffix: &[u8] = match self.tree.node(self.real(type_)?) {
            Node::Fixed("int") => b"",
            Node::Fixed("unsigned int") => b"u",
            Node::Fixed("long") => b"l",
            Node::Fixed("unsigned long") => b"ul",
            Node::Fixed("long long") => b"ll",
            Node::Fixed("unsigned long long") => b"ull",
            Node::Fixed("bool") if value == b"0" => return self.put(b"false"),
            Node::Fixed("bool") if value == b"1" => return self.put(b"true"),
            Node::Fixed("float" | "double" | "long double" | "__float128") => {
                self.typed(type_)?;
                self.put(sign)?;
                self.put(b"[")?;
                self.put(digits)?;
                return self.put(b"]");
            }
            _ => {
                self.typed(type_)?;
                self.put(sign)?;
                return self.put(digits);
            }
        };
        self.put(sign)?;
        self.put(digits)?;
        self.put(suffix)
    }

    fn typed(&mut self, type_: Id) -> Parsed {
        self.put(b"(")?;
        self.print(type_)?;
        self.put(b")")
    }
}
