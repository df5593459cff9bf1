//! Writes the tree: names and types.
//!
//! A type is written around what it declares, `void (*` and `)(int)`, hence in a left and a right part.

use super::super::output::{Malformed, Output, Parsed};
use super::nodes::{List, Qualifiers, Trailer, Tree};
use super::{Id, Node, Shown, pack};

/// Nesting up to which the tree is followed: substitutions make it deeper than the name is.
const DEEPEST: u32 = 512;
/// In what is expanded, nesting up to which a pack is looked for.
const DEEPEST_PACK: u32 = 96;

pub(super) struct Printer<'t, 's, 'o, 'b> {
    pub(super) tree: &'t Tree<'s>,
    shown: Shown,
    pub(super) out: &'o mut Output<'b>,
    /// The character written last, even if it was taken back: `> >` and `>>` depend on it.
    last: u8,
    depth: u32,
    /// The element of packs that is written.
    element: Option<usize>,
}

impl<'t, 's, 'o, 'b> Printer<'t, 's, 'o, 'b> {
    pub(super) fn new(tree: &'t Tree<'s>, shown: Shown, out: &'o mut Output<'b>) -> Self {
        Printer { tree, shown, out, last: 0, depth: 0, element: None }
    }

    pub(super) fn put(&mut self, text: &[u8]) -> Parsed {
        self.last = text.last().copied().unwrap_or(self.last);
        self.out.push(text)
    }

    pub(super) fn print(&mut self, id: Id) -> Parsed {
        self.left(id)?;
        self.right(id)
    }

    fn nested(&mut self, print: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.out.step()?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Malformed);
        }
        print(self)?;
        self.depth -= 1;
        Ok(())
    }

    /// The node that stands for `id`: behind aliases, and the element of a pack that is expanded.
    pub(super) fn real(&self, id: Id) -> Parsed<Id> {
        let id = self.tree.resolve(id)?;
        match (self.tree.node(id), self.element) {
            (Node::ParameterPack(list), Some(at)) => match self.tree.ids(list).get(at) {
                Some(element) => self.tree.resolve(*element),
                None => Ok(id),
            },
            _ => Ok(id),
        }
    }

    pub(super) fn left(&mut self, id: Id) -> Parsed {
        let id = self.real(id)?;
        self.nested(|this| this.left_of(this.tree.node(id)))
    }

    fn left_of(&mut self, node: Node<'s>) -> Parsed {
        match node {
            Node::Qualified(of, qualifiers) => {
                self.left(of)?;
                self.qualifiers(self.without_inner(of, qualifiers)?)
            }
            Node::Vendor(of, qualifier) => {
                self.left(of)?;
                self.put(b" ")?;
                self.print(qualifier)
            }
            Node::Suffixed(of, text) => {
                self.left(of)?;
                self.put(text.as_bytes())
            }
            Node::Pointer(of) => self.declarator(of, b"*"),
            Node::Reference(of, is_rvalue) => {
                let (of, is_rvalue) = self.collapsed(of, is_rvalue)?;
                self.declarator(of, if is_rvalue { b"&&" } else { b"&" })
            }
            Node::Member(class, of) => {
                self.left(of)?;
                let wrapped = self.is_wrapped(of)?;
                self.put(if wrapped { b"(" } else { b" " })?;
                self.print(class)?;
                self.put(b"::*")
            }
            Node::FunctionType { returns, .. } => {
                self.left(returns)?;
                if self.is_declarator(returns)? { Ok(()) } else { self.put(b" ") }
            }
            Node::Array(of, _) => self.left(of),
            Node::Vector(of, dimension) => {
                self.print(of)?;
                self.put(b" __vector(")?;
                self.print(dimension)?;
                self.put(b")")
            }
            Node::Decltype(of) => {
                self.put(b"decltype (")?;
                self.print(of)?;
                self.put(b")")
            }
            Node::BitInt(bits, unsigned) => {
                self.put(if unsigned { b"unsigned _BitInt(" } else { b"_BitInt(" })?;
                self.print(bits)?;
                self.put(b")")
            }
            Node::Auto(number) => {
                self.put(b"auto:")?;
                self.number(number)
            }
            Node::Pack(list) | Node::ParameterPack(list) => self.list(list),
            Node::Expansion(of) => self.expansion(of),
            Node::Function { returns, name, parameters, trailer } => {
                self.function(returns, name, parameters, trailer)
            }
            node => self.name(node),
        }
    }

    pub(super) fn right(&mut self, id: Id) -> Parsed {
        let id = self.real(id)?;
        match self.tree.node(id) {
            Node::Qualified(of, _) | Node::Vendor(of, _) | Node::Suffixed(of, _) => {
                self.nested(|this| this.right(of))
            }
            Node::Pointer(of) | Node::Member(_, of) => self.nested(|this| this.right_declarator(of)),
            Node::Reference(of, is_rvalue) => {
                let (of, _) = self.collapsed(of, is_rvalue)?;
                self.nested(|this| this.right_declarator(of))
            }
            Node::FunctionType { returns, parameters, trailer } => self.nested(|this| {
                this.parameters(parameters, trailer)?;
                this.right(returns)
            }),
            Node::Array(of, dimension) => self.nested(|this| {
                this.put(if this.last == b']' { b"[" } else { b" [" })?;
                if let Some(dimension) = dimension {
                    this.print(dimension)?;
                }
                this.put(b"]")?;
                this.right(of)
            }),
            _ => Ok(()),
        }
    }

    fn declarator(&mut self, of: Id, mark: &[u8]) -> Parsed {
        self.left(of)?;
        if self.is_wrapped(of)? {
            self.put(if self.last == b' ' { b"(" } else { b" (" })?;
        }
        self.put(mark)
    }

    fn right_declarator(&mut self, of: Id) -> Parsed {
        if self.is_wrapped(of)? {
            self.put(b")")?;
        }
        self.right(of)
    }

    /// Functions and arrays need brackets around what points to them.
    fn is_wrapped(&self, id: Id) -> Parsed<bool> {
        let mut id = self.real(id)?;
        for _ in 0..DEEPEST {
            match self.tree.node(id) {
                Node::FunctionType { .. } | Node::Array(..) => return Ok(true),
                Node::Qualified(of, _) => id = self.real(of)?,
                _ => return Ok(false),
            }
        }
        Err(Malformed)
    }

    /// `T& &&` is `T&`.
    fn collapsed(&self, of: Id, mut is_rvalue: bool) -> Parsed<(Id, bool)> {
        let mut id = self.real(of)?;
        for _ in 0..DEEPEST {
            match self.tree.node(id) {
                Node::Reference(of, inner) => {
                    is_rvalue &= inner;
                    id = self.real(of)?;
                }
                _ => return Ok((id, is_rvalue)),
            }
        }
        Err(Malformed)
    }

    /// What is not said already by the type that is qualified, which may be the argument of a template.
    fn without_inner(&self, of: Id, outer: Qualifiers) -> Parsed<Qualifiers> {
        let inner = match self.tree.node(self.real(of)?) {
            Node::Qualified(_, inner) => inner,
            _ => Qualifiers::default(),
        };
        Ok(Qualifiers {
            is_const: outer.is_const && !inner.is_const,
            is_volatile: outer.is_volatile && !inner.is_volatile,
            is_restrict: outer.is_restrict && !inner.is_restrict,
        })
    }

    fn qualifiers(&mut self, qualifiers: Qualifiers) -> Parsed {
        let Qualifiers { is_const, is_volatile, is_restrict } = qualifiers;
        let words = [(is_const, " const"), (is_volatile, " volatile"), (is_restrict, " restrict")];
        words.iter().filter(|(is_there, _)| *is_there).try_for_each(|(_, word)| self.put(word.as_bytes()))
    }

    fn parameters(&mut self, parameters: List, trailer: Trailer) -> Parsed {
        self.put(if trailer.explicit { b"(this " } else { b"(" })?;
        self.list(parameters)?;
        self.put(b")")?;
        self.qualifiers(trailer.qualifiers)?;
        self.put(trailer.reference.as_bytes())?;
        if let Some(condition) = trailer.noexcept {
            self.put(b" noexcept")?;
            if let Some(condition) = condition {
                self.put(b"(")?;
                self.print(condition)?;
                self.put(b")")?;
            }
        }
        if let Some(types) = trailer.throws {
            self.put(b" throw(")?;
            self.list(types)?;
            self.put(b")")?;
        }
        Ok(())
    }

    fn function(&mut self, returns: Option<Id>, name: Id, parameters: List, trailer: Trailer) -> Parsed {
        // What is in a function, as an argument or in its name, is shown whole.
        let shown = std::mem::take(&mut self.shown);
        let returns = returns.filter(|_| shown.returns);
        if let Some(returns) = returns {
            self.left(returns)?;
            if self.last != b' ' && !self.is_declarator(returns)? {
                self.put(b" ")?;
            }
        }
        self.print(name)?;
        if !shown.parameters {
            return Ok(());
        }
        self.parameters(parameters, trailer)?;
        returns.map_or(Ok(()), |returns| self.right(returns))
    }

    /// Whether a name stands within the type, as in `void (*f())()`.
    fn is_declarator(&self, id: Id) -> Parsed<bool> {
        let mut id = self.real(id)?;
        for _ in 0..DEEPEST {
            match self.tree.node(id) {
                Node::Pointer(of) | Node::Reference(of, _) | Node::Member(_, of)
                    if self.is_wrapped(of)? =>
                {
                    return Ok(true);
                }
                Node::Pointer(of) | Node::Reference(of, _) | Node::Member(_, of) | Node::Qualified(of, _) => {
                    id = self.real(of)?;
                }
                _ => return Ok(false),
            }
        }
        Err(Malformed)
    }

    /// Comma-separated; commas after which nothing more comes are taken back.
    pub(super) fn list(&mut self, list: List) -> Parsed {
        let mut end = self.out.written().len();
        for (at, id) in self.tree.ids(list).iter().enumerate() {
            if at > 0 {
                self.put(b", ")?;
            }
            let before = self.out.written().len();
            self.print(*id)?;
            if self.out.written().len() > before {
                end = self.out.written().len();
            }
        }
        self.out.shorten(end);
        Ok(())
    }

    fn expansion(&mut self, of: Id) -> Parsed {
        let Some(elements) = pack::find(self.tree, of, DEEPEST_PACK, self.out)? else {
            self.print(of)?;
            return self.put(b"...");
        };
        let before = self.element;
        for at in 0..self.tree.ids(elements).len() {
            if at > 0 {
                self.put(b", ")?;
            }
            self.element = Some(at);
            self.print(of)?;
        }
        self.element = before;
        Ok(())
    }

    /// With all elements of packs.
    pub(super) fn unexpanded(&mut self, print: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        let before = self.element.take();
        print(self)?;
        self.element = before;
        Ok(())
    }

    pub(super) fn number(&mut self, number: u64) -> Parsed {
        self.last = b'0';
        self.out.push_number(number, 10)
    }

    fn name(&mut self, node: Node<'s>) -> Parsed {
        match node {
            Node::Name(name) => self.put(name),
            Node::Fixed(name) => self.put(name.as_bytes()),
            Node::Nested(scope, name) | Node::Local(scope, name) => {
                self.print(scope)?;
                self.put(b"::")?;
                self.print(name)
            }
            Node::Template(name, arguments) => self.template(name, arguments),
            Node::Tagged(name, tag) => {
                self.print(name)?;
                self.put(b"[abi:")?;
                self.put(tag)?;
                self.put(b"]")
            }
            Node::Constructor(class) => self.base(class),
            Node::Destructor(class) => {
                self.put(b"~")?;
                self.base(class)
            }
            Node::Operator(operator) => {
                let named = operator.text.starts_with(|first: char| first.is_ascii_lowercase());
                self.put(if named { b"operator " } else { b"operator" })?;
                self.put(operator.text.trim_end().as_bytes())
            }
            Node::Conversion(to) => {
                self.put(b"operator ")?;
                self.print(to)
            }
            Node::LiteralOperator(name) => {
                self.put(b"operator\"\" ")?;
                self.put(name)
            }
            node => self.unnamed(node),
        }
    }

    fn unnamed(&mut self, node: Node<'s>) -> Parsed {
        match node {
            Node::Lambda(parameters, number) => {
                self.put(b"{lambda(")?;
                self.list(parameters)?;
                self.put(b")#")?;
                self.number(number)?;
                self.put(b"}")
            }
            Node::Unnamed(number) => self.numbered(b"{unnamed type#", number),
            Node::DefaultArgument(number) => self.numbered(b"{default arg#", number),
            Node::Binding(names) => {
                self.put(b"[")?;
                self.list(names)?;
                self.put(b"]")
            }
            Node::Special(text, of) => {
                self.put(text.as_bytes())?;
                self.print(of)
            }
            Node::VtableIn(whole, part) => {
                self.put(b"construction vtable for ")?;
                self.print(part)?;
                self.put(b"-in-")?;
                self.print(whole)
            }
            Node::Temporary(of, number) => {
                self.put(b"reference temporary #")?;
                self.number(number)?;
                self.put(b" for ")?;
                self.print(of)
            }
            node => self.expression(node),
        }
    }

    fn numbered(&mut self, text: &[u8], number: u64) -> Parsed {
        self.put(text)?;
        self.number(number)?;
        self.put(b"}")
    }

    fn template(&mut self, name: Id, arguments: List) -> Parsed {
        self.print(name)?;
        self.put(if self.last == b'<' { b" <" } else { b"<" })?;
        self.list(arguments)?;
        self.put(if self.last == b'>' { b" >" } else { b">" })
    }

    /// The name of a class as its constructor has it.
    fn base(&mut self, class: Id) -> Parsed {
        let mut id = self.real(class)?;
        for _ in 0..DEEPEST {
            match self.tree.node(id) {
                Node::Nested(_, name)
                | Node::Local(_, name)
                | Node::Template(name, _)
                | Node::Tagged(name, _) => {
                    id = self.real(name)?;
                }
                Node::Fixed(name) => {
                    let name = name.split('<').next().unwrap_or(name);
                    return self.put(name.rsplit("::").next().unwrap_or(name).as_bytes());
                }
                _ => return self.print(id),
            }
        }
        Err(Malformed)
    }
}
