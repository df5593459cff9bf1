//! Names as a person wrote them: Rust (legacy and v0), C++ (Itanium), anything else unchanged.
//!
//! Constraints:
//! - what the compiler appended (`.llvm.123`, `.cold`, `.part.0`, `@@GLIBC_2.14`) is taken off, so
//!   that the parts of one function have one name; the linkage name keeps it;
//! - `@plt` stays: a linkage stub is not the function that it calls;
//! - bounded: a hostile name costs at most [`LONGEST_NAME`] bytes of output, or stays as it is.
//!
//! ```
//! use pyrometer_symbols::demangle::demangle;
//! let name = demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE.llvm.42");
//! assert_eq!(name.name, "core::fmt::Formatter::pad");
//! assert_eq!(name.namespace.as_deref(), Some("core"));
//! ```

mod brackets;
mod itanium;
mod legacy;
pub(crate) mod namespace;
mod output;
mod scan;
mod stream;
mod structure;
mod symbol;
mod unified;
mod v0;

pub(crate) use namespace::cpp_namespace;
use namespace::rust_namespace;
use output::Output;
pub use output::{LONGEST_NAME, Spelling};
pub use scan::demangle_text;
pub use stream::{Form, StreamError, demangle_stream};
pub use structure::{Crate, Kind, Segment, Structure, structure_of};
pub use symbol::{Found, Scheme, demangle_symbol};

/// Mark of a linkage stub.
const PLT: &str = "@plt";

/// A name to show and the crate or namespace it lies in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demangled {
    /// Without hash and compiler suffixes.
    pub name: String,
    /// Crate (Rust) or outermost namespace (C++); none for C and for names without one.
    pub namespace: Option<String>,
}

/// The name to show for `linkage_name`.
pub fn demangle(linkage_name: &str) -> Demangled {
    match linkage_name.strip_suffix(PLT) {
        Some(target) => {
            let target = demangle_bare(strip_suffixes(target));
            Demangled { name: target.name + PLT, namespace: target.namespace }
        }
        None => demangle_bare(strip_suffixes(linkage_name)),
    }
}

/// The name of `symbol` as `rustfilt` and `c++filt` write it, a version (`@@GLIBC_2.14`) or `@plt` behind it; unchanged
/// if it is no symbol, or a malformed one.
///
/// ```
/// use pyrometer_symbols::demangle::demangle_name;
/// assert_eq!(demangle_name("_RNvCs1234_7mycrate3foo", true), "mycrate[3c1c0]::foo");
/// assert_eq!(demangle_name("_ZN2ns1fEi@@V1", false), "ns::f(int)@@V1");
/// assert_eq!(demangle_name("_ZN2ns", false), "_ZN2ns");
/// ```
pub fn demangle_name(symbol: &str, hashes: bool) -> String {
    let (bare, version) = split_version(symbol.as_bytes());
    let mut name = Vec::new();
    if demangle_symbol(bare, Spelling { hashes, unified: false }, &mut name).is_none() {
        return symbol.to_owned();
    }
    name.extend_from_slice(version);
    String::from_utf8(name).unwrap_or_else(|_| symbol.to_owned())
}

/// A symbol and what begins with `@` behind it.
fn split_version(symbol: &[u8]) -> (&[u8], &[u8]) {
    let at = memchr::memchr(b'@', symbol).filter(|at| *at > 0).unwrap_or(symbol.len());
    symbol.split_at(at)
}

/// Crate (Rust) or outermost namespace (C++) of a name that is demangled already; none for C and for names without one.
pub fn namespace_of(name: &str) -> Option<String> {
    // Only names of C++ have their parameters behind them.
    if name.ends_with(')') || name.ends_with(" const") { cpp_namespace(name) } else { rust_namespace(name) }
}

fn demangle_bare(name: &str) -> Demangled {
    demangle_rust(name)
        .or_else(|| demangle_cpp(name))
        .unwrap_or_else(|| Demangled { name: name.to_owned(), namespace: None })
}

fn demangle_rust(name: &str) -> Option<Demangled> {
    if !(name.starts_with("_R") || is_rust_legacy(name)) {
        return None;
    }
    let mut text = Vec::new();
    let found = demangle_symbol(name.as_bytes(), Spelling { hashes: false, unified: true }, &mut text)?;
    let text = String::from_utf8(text).ok()?;
    let (text, impl_crate) = match found.scheme {
        Scheme::RustLegacy => unified::unified(text),
        _ => (text, found.impl_crate.map(|krate| String::from_utf8_lossy(krate).into_owned())),
    };
    let namespace = rust_namespace(&text).or(impl_crate);
    // Shims have longer names here than there.
    (text.len() <= LONGEST_NAME).then_some(Demangled { name: text, namespace })
}

/// Legacy Rust names look like C++ ones but end in a component `h` and 16 hex digits.
fn is_rust_legacy(name: &str) -> bool {
    let hash = name.strip_prefix("_ZN").and_then(|rest| rest.strip_suffix('E')).and_then(|rest| {
        let at = rest.len().checked_sub(19)?;
        rest.get(at..)?.strip_prefix("17h")
    });
    hash.is_some_and(|hash| hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn demangle_cpp(name: &str) -> Option<Demangled> {
    if name.len() > LONGEST_NAME || !name.starts_with("_Z") {
        return None;
    }
    let mut text = Vec::new();
    // Only instances of templates tell what they return, and then before their own name.
    let shown = itanium::Shown { returns: false, parameters: true };
    itanium::print(name.as_bytes(), shown, &mut Output::new(&mut text)).ok()?;
    let name = String::from_utf8(text).ok()?;
    let namespace = cpp_namespace(&name);
    Some(Demangled { name, namespace })
}

/// A legacy name does not say which closure of its function it is; the debug info's name for it does: `{closure#0}`,
/// `{async_fn_env#0}`.
pub fn with_closure_number(name: String, debug_name: Option<&str>) -> String {
    let number = debug_name.and_then(|debug_name| {
        let (kind, rest) = debug_name.strip_prefix('{')?.split_once('#')?;
        let number =
            rest.split('}').next().filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
        (kind.contains("closure") || kind.starts_with("async") || kind.starts_with("gen")).then_some(number)
    });
    match (name.strip_suffix("{closure}"), number) {
        (Some(function), Some(number)) => format!("{function}{{closure#{number}}}"),
        _ => name,
    }
}

/// `name` without what compiler and linker appended to tell copies and parts apart.
pub fn strip_suffixes(name: &str) -> &str {
    let mut rest = strip_version(name);
    while let Some(shorter) = strip_one(rest) {
        rest = shorter;
    }
    rest
}

/// `memcpy@@GLIBC_2.14` or `memcpy@GLIBC_2.2.5` without the version.
pub(crate) fn strip_version(name: &str) -> &str {
    match name.find('@') {
        Some(at) if at > 0 => &name[..at],
        _ => name,
    }
}

fn strip_one(name: &str) -> Option<&str> {
    let (rest, last) = name.rsplit_once('.').filter(|(rest, _)| !rest.is_empty())?;
    if matches!(last, "cold" | "localalias") {
        return Some(rest);
    }
    let number = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (before, kind) = rest.rsplit_once('.').filter(|(before, _)| !before.is_empty())?;
    let known =
        matches!(kind, "llvm" | "part" | "constprop" | "isra" | "cold" | "lto_priv" | "clone" | "__uniq");
    (number && known).then_some(before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_read_as_they_were_written() {
        let table = [
            ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad", Some("core")),
            (
                "_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE",
                "<alloc::string::String as core::fmt::Write>::write_str",
                Some("alloc"),
            ),
            ("_RNvCs1234_7mycrate3foo", "mycrate::foo", Some("mycrate")),
            ("_RNvMs0_NtCs5l0EXMQXRMU_4rage5outerNtB5_5Outer3new", "rage::outer::Outer::new", Some("rage")),
            ("_ZN2ns5Class6methodEi", "ns::Class::method(int)", Some("ns")),
            (
                "_ZNSt6vectorIiSaIiEE9push_backERKi",
                "std::vector<int, std::allocator<int> >::push_back(int const&)",
                Some("std"),
            ),
            ("main", "main", None),
            ("memcpy@@GLIBC_2.14", "memcpy", None),
            ("memcpy@plt", "memcpy@plt", None),
            ("_ZN2ns5Class6methodEi@plt", "ns::Class::method(int)@plt", Some("ns")),
            ("work.part.0.cold", "work", None),
            ("work.constprop.0.isra.0", "work", None),
            ("work.cold.1", "work", None),
            ("_RNvCs1234_7mycrate3foo.llvm.123456", "mycrate::foo", Some("mycrate")),
            ("_ZN2ns1fEv.cold", "ns::f()", Some("ns")),
            (".text.hot", ".text.hot", None),
            ("", "", None),
        ];
        for (linkage, name, namespace) in table {
            let found = demangle(linkage);
            assert_eq!((found.name.as_str(), found.namespace.as_deref()), (name, namespace), "{linkage}");
        }
    }

    #[test]
    fn a_short_name_that_stands_for_a_huge_one_stays_as_it_is() {
        // Each substitution doubles the type before it.
        let mut bomb = String::from("_Z1fSt4pairIiiE");
        for i in 0..30 {
            let id = if i == 0 { "S_".to_owned() } else { format!("S{}_", radix36(i - 1)) };
            bomb += &format!("St4pairI{id}{id}E");
        }
        assert!(demangle(&bomb).name.len() <= LONGEST_NAME);
    }

    /// Packs of template arguments, each twice the one before, and the first of them empty.
    #[test]
    fn a_short_name_that_stands_for_endless_nothing_stays_as_it_is() {
        let id = |at: usize| at.checked_sub(1).map_or("T_".to_owned(), |at| format!("T{}_", radix36(at)));
        let packs: String = (0..30).map(|at| format!("J{0}{0}E", id(at))).collect();
        let bomb = format!("_Z1fIJE{packs}Ev{}", id(30));
        assert_eq!(demangle(&bomb).name, bomb);
    }

    fn radix36(mut n: usize) -> String {
        let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let mut text = Vec::new();
        loop {
            text.insert(0, digits[n % 36]);
            n /= 36;
            if n == 0 {
                return String::from_utf8(text).expect("digits are ASCII");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_bounded_name(text in "(_ZN|_R|_Z|)[a-zA-Z0-9_.$@]{0,200}") {
            let name = demangle(&text).name;
            prop_assert!(name.len() <= LONGEST_NAME);
        }
    }
}
