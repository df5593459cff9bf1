//! The tree that a name is read into.

use super::super::output::{Malformed, Parsed};
use super::operators::Operator;

/// A node, by its place in the tree.
pub(super) type Id = u32;
/// Some nodes in a row, by their place in [`Tree::lists`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct List {
    start: u32,
    length: u32,
}

/// `const`, `volatile`, `restrict`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Qualifiers {
    pub(super) is_const: bool,
    pub(super) is_volatile: bool,
    pub(super) is_restrict: bool,
}

/// What stands behind the parameters of a function.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trailer {
    pub(super) qualifiers: Qualifiers,
    /// `&` or `&&`; empty if none.
    pub(super) reference: &'static str,
    /// `noexcept` or `noexcept(…)`.
    pub(super) noexcept: Option<Option<Id>>,
    pub(super) throws: Option<List>,
    /// An explicit object parameter is the first one.
    pub(super) explicit: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Node<'s> {
    // Names.
    Name(&'s [u8]),
    Fixed(&'static str),
    Nested(Id, Id),
    /// Of what is in a function: the function without what it returns.
    Local(Id, Id),
    Template(Id, List),
    Tagged(Id, &'s [u8]),
    Constructor(Id),
    Destructor(Id),
    Operator(Operator),
    Conversion(Id),
    LiteralOperator(&'s [u8]),
    Lambda(List, u64),
    Unnamed(u64),
    DefaultArgument(u64),
    Binding(List),
    Special(&'static str, Id),
    /// A construction vtable: of the second in the first.
    VtableIn(Id, Id),
    Temporary(Id, u64),
    Function {
        returns: Option<Id>,
        name: Id,
        parameters: List,
        trailer: Trailer,
    },
    // Types.
    Qualified(Id, Qualifiers),
    Vendor(Id, Id),
    Pointer(Id),
    Reference(Id, bool),
    Suffixed(Id, &'static str),
    FunctionType {
        returns: Id,
        parameters: List,
        trailer: Trailer,
    },
    Array(Id, Option<Id>),
    Member(Id, Id),
    Vector(Id, Id),
    Decltype(Id),
    BitInt(Id, bool),
    Auto(u64),
    // Arguments of templates.
    /// As an argument: all of them.
    Pack(List),
    /// As a parameter: one of them, in an expansion.
    ParameterPack(List),
    Expansion(Id),
    /// A parameter whose argument comes later; patched when it has come.
    Forward,
    Alias(Id),
    // Expressions.
    Number(&'s [u8]),
    Literal(Id, &'s [u8]),
    Unary(Operator, Id),
    Postfix(Operator, Id),
    Binary(Operator, Id, Id),
    Conditional(Id, Id, Id),
    Call(Id, List),
    Cast(Id, List),
    NamedCast(Operator, Id, Id),
    Braces(Option<Id>, List),
    SizeofPack(Id),
    SizeofArguments(List),
    Parameter(u64),
    Fold {
        left: Option<Id>,
        right: Option<Id>,
        operator: Operator,
    },
    New {
        global: bool,
        array: bool,
        placement: List,
        of: Id,
        initializer: Option<List>,
    },
    Designated(bool, Id, Id),
    Range(Id, Id, Id),
}

#[derive(Default)]
pub(super) struct Tree<'s> {
    nodes: Vec<Node<'s>>,
    lists: Vec<Id>,
}

impl<'s> Tree<'s> {
    pub(super) fn add(&mut self, node: Node<'s>) -> Id {
        self.nodes.push(node);
        self.nodes.len() as Id - 1
    }

    pub(super) fn node(&self, id: Id) -> Node<'s> {
        self.nodes[id as usize]
    }

    pub(super) fn set(&mut self, id: Id, node: Node<'s>) {
        self.nodes[id as usize] = node;
    }

    pub(super) fn list(&mut self, ids: &[Id]) -> List {
        let start = self.lists.len() as u32;
        self.lists.extend_from_slice(ids);
        List { start, length: ids.len() as u32 }
    }

    pub(super) fn ids(&self, list: List) -> &[Id] {
        &self.lists[list.start as usize..(list.start + list.length) as usize]
    }

    /// The node that stands for `id`, through aliases; they may form a circle.
    pub(super) fn resolve(&self, mut id: Id) -> Parsed<Id> {
        for _ in 0..64 {
            match self.node(id) {
                Node::Alias(target) => id = target,
                _ => return Ok(id),
            }
        }
        Err(Malformed)
    }
}
