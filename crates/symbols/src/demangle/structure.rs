//! What a name consists of: its crate, its path, what the segments of the path are.
//!
//! Constraint: one reader for all schemes. It reads demangled text, as the demanglers here write it, and
//! what it cannot place stays text: no name is refused, and none takes more than a small multiple of its length.

use serde::Serialize;

use super::brackets::{closing, split_arguments, split_outside, split_path};
use super::namespace::{cpp_special, rust_namespace};
use super::output::{LONGEST_NAME, Spelling};
use super::scan::{Sink, is_plausible};
use super::symbol::{Found, Scheme, demangle_symbol};
use super::{itanium, output};

/// A symbol with its name taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Structure {
    /// As it was given.
    pub mangled: String,
    /// Its name; the same again if it is no symbol, or a malformed one.
    pub demangled: String,
    /// How it is mangled; none if it is not.
    pub scheme: Option<Scheme>,
    /// The crate it belongs to, of Rust names.
    #[serde(rename = "crate")]
    pub krate: Option<Crate>,
    /// C++: `vtable`, `typeinfo`, `guard variable` and other things that belong to what is named.
    pub special: Option<String>,
    /// From the outermost segment to the innermost.
    pub path: Vec<Segment>,
    /// C++: parameters and qualifiers, such as `(int) const`.
    pub parameters: Option<String>,
    /// Legacy Rust: `h` and 16 hexadecimal digits.
    pub hash: Option<String>,
    /// What compiler and linker appended, such as `.llvm.123`.
    pub suffix: Option<String>,
}

/// A crate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Crate {
    /// As it is imported.
    pub name: String,
    /// Tells versions of a crate apart, in hexadecimal; only v0 has it.
    pub disambiguator: Option<String>,
}

/// What a segment of a path is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A crate.
    Crate,
    /// A module, namespace, type or trait; or a function that something is defined in.
    #[default]
    ModuleOrType,
    /// A function or a variable: the last segment that has a name.
    Function,
    /// The `impl` block of a type, of a trait if there is one.
    Impl,
    /// A closure, lambda or async block.
    Closure,
    /// A function that the compiler made to call another one.
    Shim,
    /// Anything else without a name of its own, such as a constant or an unnamed type.
    Other,
}

/// One segment of a path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// What it is.
    pub kind: Kind,
    /// Its name; of an `impl` the type, of a closure `closure`, of a shim its kind.
    pub name: String,
    /// The trait that an `impl` is of.
    #[serde(rename = "trait", skip_serializing_if = "Option::is_none")]
    pub of_trait: Option<String>,
    /// Its arguments, as they are written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub generics: Vec<String>,
    /// Which of several in the same function; legacy Rust does not tell it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
}

/// Takes the name of `symbol` apart; `demangled` is with hashes if they are asked for.
///
/// ```
/// use pyrometer_symbols::demangle::{Kind, structure_of};
/// let structure = structure_of("_RNCNvCs1234_7mycrate3foo0", false);
/// let kinds: Vec<Kind> = structure.path.iter().map(|segment| segment.kind).collect();
/// assert_eq!(structure.demangled, "mycrate::foo::{closure#0}");
/// assert_eq!(kinds, [Kind::Crate, Kind::Function, Kind::Closure]);
/// ```
pub fn structure_of(symbol: &str, hashes: bool) -> Structure {
    let bytes = symbol.as_bytes();
    let (bytes, version) = super::split_version(bytes);
    let mut text = Vec::new();
    let Some(found) = demangle_symbol(bytes, Spelling { hashes, unified: false }, &mut text) else {
        return Structure {
            mangled: symbol.to_owned(),
            demangled: symbol.to_owned(),
            ..Structure::default()
        };
    };
    let mut structure = structured(bytes, &found);
    structure.mangled = symbol.to_owned();
    structure.demangled = into_text(text) + &lossy(version);
    structure.suffix = Some(lossy(found.suffix) + &lossy(version)).filter(|suffix| !suffix.is_empty());
    structure
}

fn structured(symbol: &[u8], found: &Found<'_>) -> Structure {
    let bare = &symbol[..symbol.len() - found.suffix.len()];
    let mut structure = match found.scheme {
        Scheme::Itanium => of_cpp(bare),
        Scheme::RustLegacy | Scheme::RustV0 => of_rust(bare, found),
    };
    structure.scheme = Some(found.scheme);
    structure.hash = found.hash.map(lossy);
    structure
}

fn of_rust(symbol: &[u8], found: &Found<'_>) -> Structure {
    let text = |hashes| {
        let mut text = Vec::new();
        demangle_symbol(symbol, Spelling { hashes, unified: false }, &mut text);
        into_text(text)
    };
    let name = text(false);
    let mut path = rust_path(&name);
    let of_path =
        path.first().filter(|first| first.kind == Kind::ModuleOrType).map(|first| first.name.clone());
    if let Some(first) = path.first_mut().filter(|first| first.kind == Kind::ModuleOrType) {
        first.kind = Kind::Crate;
    }
    let of_impl = || found.impl_crate.map(lossy);
    let krate = of_path.or_else(of_impl).or_else(|| rust_namespace(&name));
    let krate = krate.map(|name| Crate { disambiguator: disambiguator(&text(true), &name), name });
    Structure { krate, path, ..Structure::default() }
}

/// What stands in brackets after the crate's name, in a name with hashes.
fn disambiguator(name: &str, krate: &str) -> Option<String> {
    let mut rest = name;
    while let Some(at) = rest.find(krate).filter(|_| !krate.is_empty()) {
        let starts_word = !rest[..at].ends_with(|last: char| last.is_alphanumeric() || last == '_');
        rest = &rest[at + krate.len()..];
        let digits =
            rest.strip_prefix('[').and_then(|inside| inside.split_once(']')).map(|(digits, _)| digits);
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        if let Some(digits) = digits.filter(|_| starts_word) {
            return Some(digits.to_owned());
        }
    }
    None
}

fn rust_path(name: &str) -> Vec<Segment> {
    let mut path: Vec<Segment> = Vec::new();
    for part in split_path(name) {
        match part.strip_prefix('<') {
            Some(inside) if path.is_empty() || inside.starts_with("impl ") => path.push(implementation(part)),
            // The arguments of a function stand behind a `::` of their own.
            Some(_) => {
                if let Some(last) = path.last_mut() {
                    last.generics = split_arguments(part).map(str::to_owned).collect();
                }
            }
            None => path.extend(rust_segments(part)),
        }
    }
    name_function(&mut path);
    path
}

/// The innermost of the segments with a name is the function.
fn name_function(path: &mut [Segment]) {
    if let Some(at) = path.iter().rposition(|segment| segment.kind == Kind::ModuleOrType).filter(|at| *at > 0)
    {
        path[at].kind = Kind::Function;
    }
}

/// `<T>`, `<T as Trait>` or `<impl Trait for T>`.
fn implementation(part: &str) -> Segment {
    let inside = part.strip_prefix('<').unwrap_or(part);
    let inside = inside.strip_suffix('>').unwrap_or(inside);
    let (name, of_trait) = match inside.strip_prefix("impl ") {
        Some(inside) => match split_outside(inside, " for ") {
            Some((of_trait, name)) => (name, Some(of_trait)),
            None => (inside, None),
        },
        None => match split_outside(inside, " as ") {
            Some((name, of_trait)) => (name, Some(of_trait)),
            None => (inside, None),
        },
    };
    let of_trait = of_trait.map(str::to_owned);
    Segment { kind: Kind::Impl, name: name.to_owned(), of_trait, ..Segment::default() }
}

/// `name`, `name<T>`, `{closure#0}`, `{{closure}}`, `call_once{{vtable.shim}}`.
fn rust_segments(part: &str) -> Vec<Segment> {
    let brace = part.find('{').unwrap_or(part.len());
    let (named, special) = part.split_at(brace);
    let mut segments = Vec::new();
    if !named.is_empty() || special.is_empty() {
        segments.push(named_segment(named));
    }
    if !special.is_empty() {
        segments.push(special_segment(special));
    }
    segments
}

fn named_segment(part: &str) -> Segment {
    let start = part.find('<').filter(|at| *at > 0 && !part[..*at].ends_with("operator"));
    let Some(start) = start.filter(|start| closing(&part[*start..]).is_some()) else {
        return Segment { name: part.to_owned(), ..Segment::default() };
    };
    let generics = split_arguments(&part[start..]).map(str::to_owned).collect();
    Segment { name: part[..start].trim_end().to_owned(), generics, ..Segment::default() }
}

/// `{closure#0}`, `{shim:vtable#0}`, `{lambda(int)#1}`, `{unnamed type#1}`.
fn special_segment(part: &str) -> Segment {
    let inside = part.trim_start_matches('{').trim_end_matches('}');
    let (name, number) = match inside.rsplit_once('#').map(|(name, number)| (name, number.parse().ok())) {
        Some((name, Some(number))) => (name, Some(number)),
        _ => (inside, None),
    };
    let shim = name.strip_prefix("shim:").or_else(|| name.strip_suffix(".shim"));
    let (kind, name) = match shim {
        Some(shim) => (Kind::Shim, shim),
        None if name == "closure" || name.starts_with("lambda") => (Kind::Closure, name),
        None => (Kind::Other, name),
    };
    Segment { kind, name: name.to_owned(), number, ..Segment::default() }
}

fn of_cpp(symbol: &[u8]) -> Structure {
    let text = |parameters| {
        let mut text = Vec::new();
        let shown = itanium::Shown { returns: false, parameters };
        let mut out = output::Output::new(&mut text);
        match itanium::print(symbol, shown, &mut out) {
            Ok(_) => into_text(text),
            Err(_) => String::new(),
        }
    };
    let (whole, name) = (text(true), text(false));
    let (special, target) = cpp_special(&name);
    let mut path: Vec<Segment> = split_path(target).flat_map(cpp_segments).collect();
    if special.is_none() {
        name_cpp_function(&mut path);
    }
    let parameters = whole.strip_prefix(&name).filter(|rest| !rest.is_empty()).map(str::to_owned);
    Structure { special: special.map(str::to_owned), path, parameters, ..Structure::default() }
}

fn cpp_segments(part: &str) -> Vec<Segment> {
    match part.starts_with('{') {
        true => vec![special_segment(part)],
        false => vec![named_segment(part)],
    }
}

fn name_cpp_function(path: &mut [Segment]) {
    if let Some(last) = path.last_mut().filter(|last| last.kind == Kind::ModuleOrType) {
        last.kind = Kind::Function;
    }
}

/// The text of a name; ours are ASCII or taken from text, so that nothing is lost but in C++ names that are no text.
fn into_text(name: Vec<u8>) -> String {
    String::from_utf8(name).unwrap_or_else(|error| lossy(error.as_bytes()))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes one JSON object a symbol, a line each.
pub(crate) struct Objects<'o> {
    pub(crate) spelling: Spelling,
    pub(crate) out: &'o mut Vec<u8>,
}

impl Sink for Objects<'_> {
    fn plain(&mut self, _: &[u8]) {}

    fn symbol(&mut self, symbol: &[u8]) -> bool {
        if symbol.len() > LONGEST_NAME {
            return false;
        }
        let start = self.out.len();
        let found = demangle_symbol(symbol, self.spelling, self.out);
        self.out.truncate(start);
        let Some(_) = found.filter(|found| is_plausible(symbol, found)) else { return false };
        let structure = structure_of(&lossy(symbol), self.spelling.hashes);
        if serde_json::to_writer(&mut *self.out, &structure).is_err() {
            self.out.truncate(start);
            return false;
        }
        self.out.push(b'\n');
        true
    }

    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }
}
