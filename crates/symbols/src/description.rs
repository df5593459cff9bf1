//! What a binary says about a function, before it is put into words.
//!
//! Constraint: cheap to make and to compare. An inlined function has an entry in every unit that calls it; which of them
//! are the same function is seen by where their names lie, and each name is demangled once.

use std::borrow::Cow;

use crate::demangle::{cpp_namespace, demangle, strip_suffixes, strip_version, with_closure_number};
use crate::dwarf::{Origin, within};
use crate::resolution::SymFunction;
use crate::symtab::Found;

/// What is known about one function.
#[derive(Clone, Copy)]
pub(crate) enum Description<'t> {
    /// An entry of the debug info, and the symbol of its code, if it is not inlined.
    Entry(Origin<'t>, Option<Found<'t>>),
    /// A symbol.
    Symbol(Found<'t>),
    /// A function without a name, by its first address.
    Nameless(u64),
}

/// What makes descriptions the same, besides the row of the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Sameness {
    /// Place of the names, line, and the first address of the symbol where it says more.
    Entry(Option<Text>, Option<Text>, Option<u32>, Option<u64>),
    /// First address.
    Symbol(u64),
    /// First address.
    Nameless(u64),
}

/// Where a text lies, and how long it is.
pub(crate) type Text = (usize, usize);

fn place(text: &[u8]) -> Text {
    (text.as_ptr() as usize, text.len())
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    // Nearly always valid, which is seen faster than what would have to be put in.
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

impl<'t> Description<'t> {
    /// Equal for two descriptions of the same function, if the files are the same too.
    pub(crate) fn sameness(&self) -> Sameness {
        match self {
            Description::Entry(origin, symbol) => {
                let says_more =
                    |found: &&Found<'_>| origin.linkage_name.is_none() || !found.aliases.is_empty();
                let symbol = symbol.as_ref().filter(says_more).map(|found| found.start);
                Sameness::Entry(origin.linkage_name.map(place), origin.name.map(place), origin.line, symbol)
            }
            Description::Symbol(found) => Sameness::Symbol(found.start),
            Description::Nameless(start) => Sameness::Nameless(*start),
        }
    }

    /// True if its name is only the last part of what it is called in the source, should it stand in something.
    pub(crate) fn lacks_scope(&self) -> bool {
        matches!(self, Description::Entry(Origin { linkage_name: None, name: Some(_), .. }, None))
    }

    /// The function, in words. `file` is that of its declaration, `scope` what this stands in.
    pub(crate) fn function(&self, file: Option<&str>, scope: &str) -> SymFunction {
        match *self {
            Description::Entry(origin, _) if !scope.is_empty() => scoped(&origin, file, scope),
            Description::Entry(origin, symbol) => of_entry(&origin, symbol, file),
            Description::Symbol(found) => of_symbol(found),
            Description::Nameless(start) => SymFunction { start: Some(start), ..SymFunction::default() },
        }
    }
}

fn of_entry(origin: &Origin<'_>, symbol: Option<Found<'_>>, file: Option<&str>) -> SymFunction {
    let linkage_name = linkage_name(origin, symbol);
    let shown = demangle(&linkage_name);
    SymFunction {
        aliases: symbol.map(|found| other_names(found, &linkage_name)).unwrap_or_default(),
        name: with_closure_number(shown.name, origin.name.map(text).as_deref()),
        namespace: shown.namespace,
        file: file.map(str::to_owned),
        line: origin.line,
        linkage_name,
        start: None,
    }
}

/// A function of C++ that no linker knows, as `c++filt` would write it, but for what it takes.
fn scoped(origin: &Origin<'_>, file: Option<&str>, scope: &str) -> SymFunction {
    let name = within(scope.to_owned(), &origin.name.map(text).unwrap_or_default());
    SymFunction {
        namespace: cpp_namespace(&name),
        linkage_name: name.clone(),
        name,
        file: file.map(str::to_owned),
        line: origin.line,
        ..SymFunction::default()
    }
}

fn of_symbol(found: Found<'_>) -> SymFunction {
    let shown = demangle(found.name);
    SymFunction {
        aliases: other_names(found, found.name),
        name: shown.name,
        linkage_name: found.name.to_owned(),
        namespace: shown.namespace,
        file: None,
        line: None,
        start: None,
    }
}

/// The debug info's linkage name; without one, the symbol's if it is a mangled name (the debug
/// info's own is then only its last part), else the debug info's plain name, as in C.
fn linkage_name(origin: &Origin<'_>, symbol: Option<Found<'_>>) -> String {
    if let Some(linkage) = origin.linkage_name {
        return text(linkage).into_owned();
    }
    let name = origin.name.map(text);
    let found = symbol;
    let symbol = symbol.map(|found| strip_suffixes(name_like(found, name.as_deref())));
    match (name, symbol) {
        (Some(name), Some(symbol)) if !symbol.starts_with("_Z") && !symbol.starts_with("_R") => {
            public_name(&name, found).unwrap_or(&name).to_owned()
        }
        (_, Some(symbol)) => symbol.to_owned(),
        (Some(name), None) => name.into_owned(),
        (None, None) => String::new(),
    }
}

/// What others call a function that has a name of its library's own use, which begins with two underscores: the C library
/// writes `__libc_malloc`, and exports the same code as `malloc`.
fn public_name<'t>(name: &str, found: Option<Found<'t>>) -> Option<&'t str> {
    let found = found.filter(|found| name.starts_with("__") && found.aliases.contains(&name))?;
    let public = strip_version(found.name);
    Some(public).filter(|public| !public.starts_with('_'))
}

/// Of the names of the same code the one that ends with `name`, which the debug info gives it.
fn name_like<'t>(found: Found<'t>, name: Option<&str>) -> &'t str {
    let is_like = |symbol: &&&str| {
        let shown = demangle(symbol).name;
        name.is_some_and(|name| shown.rsplit("::").next() == Some(name))
    };
    match found.aliases {
        [] => found.name,
        aliases => std::iter::once(&found.name).chain(aliases).find(is_like).map_or(found.name, |name| name),
    }
}

/// Demangled names of the symbols that share the code of `found`, but not `own`. (A single symbol of
/// another name is the same function spelled differently.)
fn other_names(found: Found<'_>, own: &str) -> Vec<String> {
    if found.aliases.is_empty() {
        return Vec::new();
    }
    let own = demangle(own).name;
    let all = std::iter::once(&found.name).chain(found.aliases);
    let mut names: Vec<String> = all.map(|name| demangle(name).name).filter(|name| *name != own).collect();
    names.sort_unstable();
    names.dedup();
    names
}
