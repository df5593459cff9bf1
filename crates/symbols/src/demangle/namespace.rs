//! The crate (Rust) or outermost namespace (C++) of a demangled name.
//!
//! Constraint: names are text here, so this reads the grammar that the demanglers print, and
//! answers none rather than guess.

/// `<<<T as A>::B as C>::D as E>::f` is followed this deep: real names stay below four.
const DEEPEST_QUALIFICATION: usize = 8;

/// Crate of a demangled Rust name. For `<T as Trait>::f` the crate of `T`, or of `Trait` where
/// `T` belongs to none (a reference, a slice, a type parameter).
pub(crate) fn rust_namespace(name: &str) -> Option<String> {
    nested_namespace(name, DEEPEST_QUALIFICATION).filter(|found| !PRIMITIVES.contains(&found.as_str()))
}

/// Types that belong to no crate.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "str", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
    "usize", "f32", "f64",
];

fn nested_namespace(name: &str, levels_left: usize) -> Option<String> {
    let levels_left = levels_left.checked_sub(1)?;
    let Some(inside) = name.strip_prefix('<') else {
        return first_component(name).map(str::to_owned);
    };
    let inside = &inside[..matching_angle(inside)?];
    let (implementor, of_trait) = match split_as(inside) {
        Some((implementor, of_trait)) => (implementor, Some(of_trait)),
        None => (inside, None),
    };
    let of_type = nested_namespace(bare_type(implementor), levels_left);
    of_type.or_else(|| nested_namespace(bare_type(of_trait?), levels_left))
}

/// Outermost namespace (or class) of a demangled C++ name, which may begin with a return type and
/// end with parameters.
pub(crate) fn cpp_namespace(name: &str) -> Option<String> {
    let (_, name) = cpp_special(name);
    let path = &name[last_space(&name[..parameters_start(name)])..];
    first_component(path).map(str::to_owned)
}

/// What stands before the first `::` outside brackets, if that is a name.
fn first_component(path: &str) -> Option<&str> {
    let end = outside_brackets(path).find(|&(at, _)| path[at..].starts_with("::"))?.0;
    let component = &path[..end];
    let plain = component.split('<').next().unwrap_or(component);
    let plain = plain.split('[').next().unwrap_or(plain);
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    (plain == "(anonymous namespace)" || (!plain.is_empty() && plain.chars().all(is_name))).then_some(plain)
}

/// Offset of the `>` that closes a `<` just before `text`.
fn matching_angle(text: &str) -> Option<usize> {
    let mut depth = 1usize;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            // `->` of a function type closes nothing.
            '>' if previous != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
        previous = c;
    }
    None
}

fn split_as(inside: &str) -> Option<(&str, &str)> {
    let at = outside_brackets(inside).find(|&(at, _)| inside[at..].starts_with(" as "))?.0;
    Some((&inside[..at], &inside[at + 4..]))
}

/// `&'a mut dyn path::Type` to `path::Type`.
fn bare_type(mut name: &str) -> &str {
    loop {
        let shorter = name.trim_start_matches(['&', '*', ' ', '(', '[']);
        let shorter = ["mut ", "const ", "dyn ", "impl "]
            .iter()
            .fold(shorter, |text, word| text.strip_prefix(word).unwrap_or(text));
        let shorter = match shorter.strip_prefix('\'').and_then(|lifetime| lifetime.split_once(' ')) {
            Some((_, rest)) => rest,
            None => shorter,
        };
        if shorter.len() == name.len() {
            return name;
        }
        name = shorter;
    }
}

/// `vtable for ns::T` and the like to `vtable` and `ns::T`.
pub(crate) fn cpp_special(name: &str) -> (Option<&str>, &str) {
    let words = [
        "vtable for ",
        "VTT for ",
        "construction vtable for ",
        "typeinfo for ",
        "typeinfo name for ",
        "typeinfo fn for ",
        "guard variable for ",
        "reference temporary for ",
        "non-virtual thunk to ",
        "virtual thunk to ",
        "covariant return thunk to ",
        "TLS init function for ",
        "TLS wrapper function for ",
        "global constructors keyed to ",
        "global destructors keyed to ",
    ];
    let special = |word: &'static str| {
        let target = name.strip_prefix(word)?;
        Some((Some(word.trim_end().trim_end_matches(" for").trim_end_matches(" to")), target))
    };
    words.into_iter().find_map(special).unwrap_or((None, name))
}

/// Offset of the parenthesis that opens the parameters, or the length.
fn parameters_start(name: &str) -> usize {
    let anonymous = "(anonymous namespace)";
    let mut depth = 0usize;
    for (at, c) in name.char_indices() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            '(' if depth == 0 && !name[at..].starts_with(anonymous) && !name[..at].ends_with("operator") => {
                return at;
            }
            _ => {}
        }
    }
    name.len()
}

/// Offset just after the last space outside brackets (the return type ends there).
fn last_space(path: &str) -> usize {
    // `operator new` and conversion operators hold spaces of their own.
    let end = path.find("operator").unwrap_or(path.len());
    outside_brackets(&path[..end]).filter(|&(_, c)| c == ' ').last().map_or(0, |(at, _)| at + 1)
}

/// The characters of `text` that stand in no bracket.
fn outside_brackets(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0usize;
    let mut previous = ' ';
    text.char_indices().filter(move |&(_, c)| {
        let opens = matches!(c, '<' | '(' | '[' | '{');
        let closes = matches!(c, '>' | ')' | ']' | '}') && !(c == '>' && previous == '-');
        previous = c;
        depth = if closes { depth.saturating_sub(1) } else { depth };
        let outside = depth == 0 && !closes && !opens;
        depth += usize::from(opens);
        outside
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_crate_of_a_rust_name() {
        let table = [
            ("core::fmt::Formatter::pad", Some("core")),
            ("<T as core::convert::Into<U>>::into", Some("core")),
            ("<&mut alloc::vec::Vec<u8> as std::io::Write>::write", Some("alloc")),
            ("<&'a dyn mine::Shape as core::fmt::Debug>::fmt", Some("mine")),
            ("<[u8] as mine::Bytes>::sum", Some("mine")),
            ("<alloc::boxed::Box<dyn core::ops::FnOnce() -> i32> as mine::T>::f", Some("alloc")),
            ("<mine::A as core::ops::Add<<other::B as mine::C>::D>>::add", Some("mine")),
            ("core::ptr::drop_in_place::<mine::A>", Some("core")),
            ("mine::main::{closure#0}", Some("mine")),
            ("<<mine::It as core::iter::Iterator>::Item as other::T>::f", Some("mine")),
            ("main", None),
            ("<broken", None),
        ];
        for (name, expected) in table {
            assert_eq!(rust_namespace(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_namespace_of_a_cpp_name() {
        let table = [
            ("ns::f(other::T)", Some("ns")),
            ("void ns::f<other::T>(int)", Some("ns")),
            ("std::vector<int, std::allocator<int> > ns::make<int>()", Some("ns")),
            ("(anonymous namespace)::helper(int)", Some("(anonymous namespace)")),
            ("ns::Class::operator()(int) const", Some("ns")),
            ("ns::Class::operator new(unsigned long)", Some("ns")),
            ("ns::Class::operator std::string() const", Some("ns")),
            ("vtable for ns::Class", Some("ns")),
            ("f(ns::T)", None),
            ("main", None),
        ];
        for (name, expected) in table {
            assert_eq!(cpp_namespace(name).as_deref(), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_name_has_a_namespace_of_its_own_text_or_none(name in "([a-zA-Z_<>(){}&*'\\[\\] ]|::|->| as |operator|\\PC){0,40}") {
            for namespace in [rust_namespace(&name), cpp_namespace(&name)].into_iter().flatten() {
                prop_assert!(name.contains(&namespace) && !namespace.is_empty());
            }
        }
    }
}
