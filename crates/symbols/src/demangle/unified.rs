//! One spelling of Rust names for both schemes, so that a function is the same row of a view however it was mangled.
//!
//! | | legacy | v0 | here |
//! |---|---|---|---|
//! | in an `impl` of a type | `Vec<T,A>::push` | `<Vec<u32>>::push` | `Vec<T, A>::push`, `Vec<u32>::push` |
//! | of a type of another module | `core::num::<impl u32>::pow` | `<u32>::pow` | `u32::pow` |
//! | of a trait, in another module | `m::<impl Debug for T>::fmt` | `<T as Debug>::fmt` | `<T as Debug>::fmt` |
//! | closures | `f::{{closure}}` | `f::{closure#0}` | `f::{closure}`, `f::{closure#0}` |
//! | shims | `call_once{{vtable.shim}}` | `call_once::{shim:vtable#0}` | `call_once::{shim:vtable#0}` |
//! | instances | `drop_in_place<T>` | `drop_in_place::<T>` | `drop_in_place::<T>` |
//!
//! v0 names are written so from the beginning; this is for legacy ones.

use super::brackets::{closing, split_outside};

/// `name` as above, and the crate of the `impl` block where that is taken out of it.
pub(super) fn unified(name: String) -> (String, Option<String>) {
    if !name.contains(['<', '{']) {
        return (name, None);
    }
    let (name, krate) = without_impl_path(name);
    (with_turbofish(with_braces(name)), krate)
}

/// `path::<impl Trait for Type>::f` to `<Type as Trait>::f`, `path::<impl Type>::f` to `Type::f`.
fn without_impl_path(name: String) -> (String, Option<String>) {
    let Some((path, rest)) = split_outside(&name, "::<impl ") else { return (name, None) };
    let bracket = &name[path.len() + "::".len()..];
    let Some(end) = closing(bracket) else { return (name, None) };
    let inside = &rest[..end - "<impl >".len()];
    let after = &bracket[end..];
    let krate = path.split("::").next().map(str::to_owned);
    let owner = match split_outside(inside, " for ") {
        Some((of_trait, type_)) => format!("<{type_} as {of_trait}>"),
        None if is_named(inside) => inside.to_owned(),
        None => format!("<{inside}>"),
    };
    (owner + after, krate)
}

/// Whether a type can stand before `::` without brackets.
fn is_named(type_: &str) -> bool {
    type_.starts_with(|first: char| first.is_alphanumeric() || first == '_')
        && !["dyn ", "fn(", "unsafe ", "extern ", "for<"].iter().any(|start| type_.starts_with(start))
}

/// `{{closure}}` to `{closure}`, `name{{kind.shim}}` to `name::{shim:kind#0}`.
fn with_braces(name: String) -> String {
    let mut rest = name.as_str();
    let mut spelled = String::with_capacity(name.len());
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((inside, after)) = inside.split_once("}}") else { break };
        spelled.push_str(before);
        if !before.is_empty() && !before.ends_with("::") {
            spelled.push_str("::");
        }
        match inside.strip_suffix(".shim").or_else(|| inside.strip_suffix("-shim")) {
            Some(kind) => spelled.extend(["{shim:", &kind.replace('-', "_"), "#0}"]),
            None => spelled.extend(["{", inside, "}"]),
        }
        rest = after;
    }
    spelled.push_str(rest);
    spelled
}

/// `drop_in_place<T>` to `drop_in_place::<T>`: of legacy names, only this one's argument is told.
fn with_turbofish(name: String) -> String {
    const DROP: &str = "core::ptr::drop_in_place";
    match name.strip_prefix(DROP).filter(|arguments| arguments.starts_with('<')) {
        Some(arguments) => format!("{DROP}::{arguments}"),
        None => name,
    }
}
