//! Names as people read them: generics folded, the machinery around a program recognised.
//!
//! ```
//! use pyrometer_tables::naming::fold_generics;
//! assert_eq!(fold_generics("Vec<u8>::push"), "Vec<..>::push");
//! assert_eq!(fold_generics("<Vec<u8> as Drop>::drop"), "<Vec<..> as Drop>::drop");
//! assert_eq!(fold_generics("operator<< <char>(int)"), "operator<< <..>(int)");
//! assert_eq!(fold_generics("core::mem::swap::<u8>"), "core::mem::swap");
//! ```

use std::borrow::Cow;

/// What stands for parameters.
const FOLDED: &str = "<..>";

/// Operators whose names hold angle brackets, longer ones first.
const OPERATORS: [&str; 11] = ["<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "<", ">"];

/// Replaces the parameters of generic types and functions, Rust and C++, by `<..>`. Brackets that
/// belong to the name stay: `operator<`, `->`, `<T as Trait>::f`, `<impl Trait for T>::f`.
/// What Rust's two manglings spell differently becomes alike: arguments of a function, which only v0 names have, go
/// (`f::<u8>` is `f`), and the slice that an `impl` is of is any slice (`<[T]>::sort` is `<[..]>::sort`).
/// A name whose brackets do not pair stays as it is.
#[must_use]
pub fn fold_generics(name: &str) -> Cow<'_, str> {
    if !name.contains('<') {
        return Cow::Borrowed(name);
    }
    if let Some(method) = name.strip_prefix("<[").and_then(slice_method) {
        return Cow::Owned(format!("<[..]>{}", fold_generics(method)));
    }
    let mut folder = Folder { name, at: 0, folded: String::with_capacity(name.len()) };
    match folder.fold() {
        Some(()) => Cow::Owned(folder.folded),
        None => Cow::Borrowed(name),
    }
}

struct Folder<'a> {
    name: &'a str,
    at: usize,
    folded: String,
}

impl Folder<'_> {
    /// `None` if the brackets do not pair.
    fn fold(&mut self) -> Option<()> {
        let mut open = 0_usize;
        while let Some(character) = self.rest().chars().next() {
            if self.operator() {
                continue;
            }
            match character {
                '<' if self.starts_parameters() => {
                    self.at += closing(self.rest())?;
                    match self.folded.strip_suffix("::").map(str::len) {
                        Some(function) => self.folded.truncate(function),
                        None => self.folded.push_str(FOLDED),
                    }
                    continue;
                }
                '<' => open += 1,
                '>' if !self.folded.ends_with('-') => open = open.checked_sub(1)?,
                _ => {}
            }
            self.copy(character.len_utf8());
        }
        (open == 0).then_some(())
    }

    fn rest(&self) -> &str {
        &self.name[self.at..]
    }

    fn copy(&mut self, length: usize) {
        let end = self.at + length;
        self.folded.push_str(&self.name[self.at..end]);
        self.at = end;
    }

    /// Copies an operator's name, with the space that parts it from parameters.
    fn operator(&mut self) -> bool {
        let starts_word = !self.folded.ends_with(is_word);
        let Some(symbol) = self.rest().strip_prefix("operator").filter(|_| starts_word) else {
            return false;
        };
        let Some(symbol) = OPERATORS.iter().find(|known| symbol.starts_with(**known)) else {
            return false;
        };
        self.copy("operator".len() + symbol.len());
        let spaced = self.rest().strip_prefix(' ').unwrap_or(self.rest());
        if let Some(length) = spaced.starts_with('<').then(|| closing(spaced)).flatten() {
            let space = self.rest().len() - spaced.len();
            self.copy(space);
            self.folded.push_str(FOLDED);
            self.at += length;
        }
        true
    }

    /// Parameters follow a name; a qualified path (`<T as Trait>`) begins one.
    fn starts_parameters(&self) -> bool {
        let before = self.folded.as_str();
        match before.strip_suffix("::") {
            Some(path) => !path.is_empty() && !self.rest().starts_with("<impl "),
            None => before.ends_with(|last| is_word(last) || ")]}".contains(last)),
        }
    }
}

/// `::f` of `T]>::f`: what is done to a slice; none of an array, which has its length after a `;`.
fn slice_method(inside: &str) -> Option<&str> {
    let end = inside.find("]>::")?;
    let element = &inside[..end];
    let is_whole =
        element.matches('[').count() == element.matches(']').count() && !element.contains([';', ' ']);
    is_whole.then(|| &inside[end + "]>".len()..])
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || "_$".contains(character)
}

/// The length of the bracket that `text` starts with, to its end.
fn closing(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            '<' if is_comparison(text, at) => {}
            '<' | '(' => open.push(character),
            // `>` in parentheses that a `<` did not open compares; after `-` it is an arrow.
            '>' if text[..at].ends_with('-') || open.last() == Some(&'(') => {}
            '>' => drop(open.pop()),
            ')' => while open.pop()? != '(' {},
            _ => {}
        }
        if open.is_empty() {
            return Some(at + 1);
        }
    }
    None
}

/// `a < b`, `a << b`: spaces on both sides, which no type has.
fn is_comparison(text: &str, at: usize) -> bool {
    let symbol = |character| "<=>".contains(character);
    let before = text[..at].trim_end_matches(symbol);
    let after = text[at..].trim_start_matches(symbol);
    before.ends_with(' ') && after.starts_with(' ')
}

/// Names that begin the machinery between the system and a program's own code.
const RUNTIME_PREFIXES: [&str; 20] = [
    "std::rt::",
    "std::panic::",
    "std::panicking::",
    "std::sys::backtrace::",
    "std::sys_common::backtrace::",
    "std::sys::pal::unix::thread::",
    "std::sys::thread::",
    "std::thread::lifecycle::",
    "std::thread::Builder::spawn_unchecked_",
    "core::panicking::",
    "core::ops::function::FnOnce::call_once",
    "core::ops::function::impls::",
    "__libc_start_",
    "__rust_begin_",
    "__rust_end_",
    "__rust_try",
    "_Unwind_",
    "std::thread::Thread::new",
    "<std::sys::thread::",
    "<std::sys::pal::unix::thread::",
];

const RUNTIME_NAMES: [&str; 11] = [
    "_start",
    "start_thread",
    "clone",
    "clone3",
    "__clone",
    "__clone3",
    "__GI___clone",
    "__GI___clone3",
    "rust_begin_unwind",
    "rust_panic",
    "rust_eh_personality",
];

/// Traits whose shims call a program's or a thread's main closure.
const RUNTIME_SHIMS: [&str; 3] =
    [" as core::ops::function::FnOnce<", " as core::ops::function::Fn<", " as core::ops::function::FnMut<"];

/// True for what starts a program or a thread, or unwinds a panic, in Rust's standard library and
/// in libc. Their ordinary functions (`Vec::push`, `memcpy`) are not meant.
#[must_use]
pub fn is_runtime(name: &str) -> bool {
    RUNTIME_NAMES.contains(&name)
        || RUNTIME_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || is_call_shim(name)
}

/// True for `<Box<F> as FnOnce<A>>::call_once` and the like, which only the library and the compiler can write.
fn is_call_shim(name: &str) -> bool {
    let name = name.split("::{shim").next().unwrap_or(name);
    name.starts_with('<')
        && [">>::call_once", ">>::call_mut", ">>::call"].iter().any(|end| name.ends_with(end))
        && RUNTIME_SHIMS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_fold_and_names_stay() {
        let cases = [
            ("main", "main"),
            ("alloc::vec::Vec<T,A>::push", "alloc::vec::Vec<..>::push"),
            ("core::ptr::drop_in_place::<Foo>", "core::ptr::drop_in_place"),
            (
                "alloc::vec::Vec<u32>::extend::<Foo<u8>>::{closure#0}",
                "alloc::vec::Vec<..>::extend::{closure#0}",
            ),
            ("<[T]>::sort", "<[..]>::sort"),
            ("<[u32]>::sort_by::<F>", "<[..]>::sort_by"),
            ("<[u32; 4]>::map::<F>", "<[u32; 4]>::map"),
            ("<[T] as Trait<u8>>::f", "<[T] as Trait<..>>::f"),
            ("<T as Trait>::f", "<T as Trait>::f"),
            ("<Vec<u8> as Into<[u8]>>::into", "<Vec<..> as Into<..>>::into"),
            ("<<A as B<u8>>::C as D>::f", "<<A as B<..>>::C as D>::f"),
            ("core::str::<impl str>::find::<char>", "core::str::<impl str>::find"),
            ("Map<fn(u8) -> Vec<u8>, F>::next", "Map<..>::next"),
            ("run::<dyn for<'a> Fn(&'a u8) -> bool>", "run"),
            (
                "void std::vector<int, std::allocator<int> >::push_back(int const&)",
                "void std::vector<..>::push_back(int const&)",
            ),
            ("A<B<C<int> > >::f()", "A<..>::f()"),
            ("operator<(A const&, B<int> const&)", "operator<(A const&, B<..> const&)"),
            ("bool operator< <int>(A<int>)", "bool operator< <..>(A<..>)"),
            ("X<int>::operator->()", "X<..>::operator->()"),
            ("operator<=>(A, B)", "operator<=>(A, B)"),
            ("std::operator<< <char>(int)", "std::operator<< <..>(int)"),
            (
                "f()::{lambda(auto)#1}::operator()<int>(int) const",
                "f()::{lambda(auto)#1}::operator()<..>(int) const",
            ),
            ("g<(1 < 2)>()", "g<..>()"),
            ("g<(8 >> 2), (a->b)>()", "g<..>()"),
            ("name[abi:cxx11]<int>()", "name[abi:cxx11]<..>()"),
            ("cooperator<int>()", "cooperator<..>()"),
            ("broken<int", "broken<int"),
            ("broken>int<", "broken>int<"),
        ];
        for (name, folded) in cases {
            assert_eq!(fold_generics(name), folded, "{name}");
        }
    }

    #[test]
    fn runtime_is_startup_and_panic_only() {
        for name in [
            "_start",
            "std::rt::lang_start::{closure}",
            "__libc_start_main_impl",
            "<alloc::boxed::Box<F, A> as core::ops::function::FnOnce<Args>>::call_once",
            "<app::main::{closure#0} as core::ops::function::FnOnce<()>>::call_once::{shim:vtable#0}",
            "<&mut F as core::ops::function::FnMut<A>>::call_mut",
        ] {
            assert!(is_runtime(name), "{name}");
        }
        for name in ["main", "std::collections::HashMap<K,V>::insert", "memcpy", "clone_box"] {
            assert!(!is_runtime(name), "{name}");
        }
    }
}
