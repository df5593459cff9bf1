//! One symbol of any scheme.
//!
//! A frame `_ZN…E` can be legacy Rust and C++: with a hash or with rustc's escapes it is Rust, else C++, as long as
//! it can be read as such.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Serialize;

use super::output::{LONGEST_NAME, Output, Spelling};
use super::{itanium, legacy, v0};

/// How a name is mangled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Rust until v0: `_ZN…17h<hash>E`.
    RustLegacy,
    /// Rust's `_R…`.
    RustV0,
    /// C++ on everything but Windows' own compiler: `_Z…`.
    Itanium,
}

/// What a symbol was found to be, besides its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'s> {
    /// How it is mangled.
    pub scheme: Scheme,
    /// `h` and 16 hexadecimal digits, of legacy Rust names.
    pub hash: Option<&'s [u8]>,
    /// What compiler and linker appended, as in `.llvm.123` or `.cold`.
    pub suffix: &'s [u8],
    /// Crate of the `impl` block that the name lies in, where the symbol tells it.
    pub(crate) impl_crate: Option<&'s [u8]>,
}

/// Appends the name of `symbol` to `out`; nothing if it is none, malformed or beyond a bound.
///
/// ```
/// use pyrometer_symbols::demangle::{Scheme, Spelling, demangle_symbol};
/// let mut name = Vec::new();
/// let found = demangle_symbol(b"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", Spelling::default(), &mut name);
/// assert_eq!(name, b"core::fmt::Formatter::pad");
/// assert_eq!(found.map(|found| found.scheme), Some(Scheme::RustLegacy));
/// ```
pub fn demangle_symbol<'s>(symbol: &'s [u8], spelling: Spelling, out: &mut Vec<u8>) -> Option<Found<'s>> {
    if symbol.len() > LONGEST_NAME {
        return None;
    }
    match symbol {
        [b'_', b'Z', b'N', ..] => demangle_framed(symbol, spelling, out),
        [b'_', b'Z', ..] | [b'_', b'_', b'Z', ..] if !symbol.starts_with(b"__ZN") => {
            demangle_cpp(symbol, out)
        }
        [b'Z', ..] | [b'_', b'_', b'Z', ..] => demangle_framed(symbol, spelling, out),
        [b'_', b'R', ..] | [b'R', ..] | [b'_', b'_', b'R', ..] => demangle_v0(symbol, spelling, out),
        [b'_', b'G', ..] | [b'_', b'_', b'_', ..] => demangle_cpp(symbol, out),
        _ => None,
    }
}

fn demangle_framed<'s>(symbol: &'s [u8], spelling: Spelling, out: &mut Vec<u8>) -> Option<Found<'s>> {
    let bare = without_llvm(symbol);
    let Ok((name, suffix)) = legacy::parse(bare) else { return demangle_cpp(symbol, out) };
    if !name.is_rust() || !is_suffix(suffix) {
        let cpp = demangle_cpp(symbol, out);
        if cpp.is_some() || !is_suffix(suffix) {
            return cpp;
        }
    }
    printed(out, |out| {
        name.print(spelling, out)?;
        out.push(suffix)
    })?;
    let suffix = &symbol[bare.len() - suffix.len()..];
    Some(Found { scheme: Scheme::RustLegacy, hash: name.hash(), suffix, impl_crate: None })
}

fn demangle_v0<'s>(symbol: &'s [u8], spelling: Spelling, out: &mut Vec<u8>) -> Option<Found<'s>> {
    let bare = without_llvm(symbol);
    let start = out.len();
    let name = printed(out, |out| v0::print(bare, spelling, out))?;
    if !is_suffix(name.suffix) {
        out.truncate(start);
        return None;
    }
    out.extend_from_slice(name.suffix);
    let suffix = &symbol[bare.len() - name.suffix.len()..];
    Some(Found { scheme: Scheme::RustV0, hash: None, suffix, impl_crate: name.impl_crate })
}

fn demangle_cpp<'s>(symbol: &'s [u8], out: &mut Vec<u8>) -> Option<Found<'s>> {
    let suffix = printed(out, |out| itanium::print(symbol, itanium::Shown::default(), out))?;
    Some(Found { scheme: Scheme::Itanium, hash: None, suffix, impl_crate: None })
}

/// What `print` leaves in `out`, which is as it was if that fails.
fn printed<T>(
    out: &mut Vec<u8>,
    print: impl FnOnce(&mut Output<'_>) -> super::output::Parsed<T>,
) -> Option<T> {
    let mut output = Output::new(out);
    let printed = print(&mut output);
    if printed.is_err() {
        output.undo();
    }
    printed.ok()
}

/// `symbol` without the `.llvm.123` that ThinLTO appends to names it makes global.
fn without_llvm(symbol: &[u8]) -> &[u8] {
    static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(".llvm."));
    let Some(at) = MARK.find(symbol) else { return symbol };
    let number = &symbol[at + MARK.needle().len()..];
    let known = number.iter().all(|byte| matches!(byte, b'A'..=b'F' | b'0'..=b'9' | b'@'));
    if known { &symbol[..at] } else { symbol }
}

/// Whether this can follow a Rust name: nothing, or words after periods.
fn is_suffix(suffix: &[u8]) -> bool {
    suffix.is_empty() || (suffix[0] == b'.' && suffix.iter().all(u8::is_ascii_graphic))
}
