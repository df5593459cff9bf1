//! Expansions of parameter packs: how many elements there are.

use super::super::output::Parsed;
use super::nodes::{List, Node, Tree};
use super::{Id, Output};

/// The first pack in what is expanded.
pub(super) fn find(tree: &Tree<'_>, id: Id, depth: u32, out: &mut Output<'_>) -> Parsed<Option<List>> {
    out.step()?;
    let Some(deeper) = depth.checked_sub(1) else { return Ok(None) };
    let id = tree.resolve(id)?;
    if let Node::ParameterPack(list) = tree.node(id) {
        return Ok(Some(list));
    }
    let mut found = None;
    for_each_child(tree, tree.node(id), &mut |child| {
        if found.is_none() {
            found = find(tree, child, deeper, out)?;
        }
        Ok(())
    })?;
    Ok(found)
}

fn for_each_child(tree: &Tree<'_>, node: Node<'_>, visit: &mut dyn FnMut(Id) -> Parsed) -> Parsed {
    let each =
        |list: List, visit: &mut dyn FnMut(Id) -> Parsed| tree.ids(list).iter().try_for_each(|id| visit(*id));
    match node {
        Node::Nested(a, b) | Node::Local(a, b) | Node::Member(a, b) | Node::Vendor(a, b) => {
            visit(a)?;
            visit(b)
        }
        Node::Binary(_, a, b) | Node::NamedCast(_, a, b) | Node::Vector(a, b) | Node::Designated(_, a, b) => {
            visit(a)?;
            visit(b)
        }
        Node::Template(a, list) | Node::Call(a, list) | Node::Cast(a, list) => {
            visit(a)?;
            each(list, visit)
        }
        Node::Pack(list) | Node::Lambda(list, _) | Node::Braces(None, list) => each(list, visit),
        Node::Braces(Some(a), list) => {
            visit(a)?;
            each(list, visit)
        }
        Node::Array(a, b) => {
            visit(a)?;
            b.map_or(Ok(()), visit)
        }
        Node::FunctionType { returns, parameters, .. } => {
            visit(returns)?;
            each(parameters, visit)
        }
        Node::Conditional(a, b, c) => {
            visit(a)?;
            visit(b)?;
            visit(c)
        }
        Node::Tagged(a, _)
        | Node::Constructor(a)
        | Node::Destructor(a)
        | Node::Conversion(a)
        | Node::Qualified(a, _)
        | Node::Pointer(a)
        | Node::Reference(a, _)
        | Node::Suffixed(a, _)
        | Node::Decltype(a)
        | Node::Literal(a, _)
        | Node::Unary(_, a)
        | Node::Postfix(_, a) => visit(a),
        _ => Ok(()),
    }
}
