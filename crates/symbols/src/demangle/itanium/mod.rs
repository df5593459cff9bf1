//! C++ names as every compiler but Windows' own mangles them.
//!
//! Grammar: <https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling>. What is written is what `c++filt` of
//! binutils writes. A name is read into a tree, whose nodes may be shared: a substitution is a node that was there
//! before. Hence printing is bounded apart from reading: in length, in steps, and in depth.

mod encoding;
mod expressions;
mod names;
mod nodes;
mod operators;
mod pack;
mod print;
mod print_expressions;
mod reader;
mod types;

use super::output::{Malformed, Output, Parsed};
use nodes::{Id, Node};
use print::Printer;
use reader::Reader;

/// What to write of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// What it returns, if the symbol says it: only those of instances of templates do.
    pub(crate) returns: bool,
    /// What it takes, with the qualifiers behind that.
    pub(crate) parameters: bool,
}

impl Default for Shown {
    fn default() -> Self {
        Shown { returns: true, parameters: true }
    }
}

/// Writes the name of `symbol`; what compiler and linker appended to it.
pub(crate) fn print<'s>(symbol: &'s [u8], shown: Shown, out: &mut Output<'_>) -> Parsed<&'s [u8]> {
    if let Some((keyed, name)) = keyed(symbol) {
        out.push(keyed)?;
        let Ok(suffix) = print(name, shown, out) else {
            out.undo();
            out.push(keyed)?;
            out.push(name)?;
            return Ok(b"");
        };
        return Ok(suffix);
    }
    let prefixes = [&b"_Z"[..], b"__Z", b"___Z", b"____Z"];
    let inner = prefixes.iter().find_map(|prefix| symbol.strip_prefix(*prefix)).ok_or(Malformed)?;
    let mut reader = Reader::new(inner);
    let root = reader.encoding(true)?;
    let suffix = reader.rest();
    Printer::new(&reader.tree, shown, out).print(root)?;
    print_clones(suffix, out)?;
    Ok(suffix)
}

/// A function that runs the constructors or destructors of a file.
fn keyed(symbol: &[u8]) -> Option<(&'static [u8], &[u8])> {
    let rest = symbol.strip_prefix(b"_GLOBAL_")?;
    match rest {
        [b'.' | b'_' | b'$', b'I', b'_', name @ ..] => Some((b"global constructors keyed to ", name)),
        [b'.' | b'_' | b'$', b'D', b'_', name @ ..] => Some((b"global destructors keyed to ", name)),
        _ => None,
    }
}

/// ` [clone .part.0]` for each part of what was appended.
fn print_clones(suffix: &[u8], out: &mut Output<'_>) -> Parsed {
    let mut rest = suffix;
    while !rest.is_empty() {
        let length = clone_length(rest)?;
        out.push(b" [clone ")?;
        out.push(&rest[..length])?;
        out.push(b"]")?;
        rest = &rest[length..];
    }
    Ok(())
}

/// The length of `.word.1.2` or `.1`.
fn clone_length(text: &[u8]) -> Parsed<usize> {
    let is_word = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_';
    let mut at = match text {
        [b'.', first, ..] if is_word(first) => 1 + text[1..].iter().take_while(|byte| is_word(byte)).count(),
        [b'.', first, ..] if first.is_ascii_digit() => 0,
        _ => return Err(Malformed),
    };
    while let [b'.', b'0'..=b'9', ..] = text[at..] {
        at += 1 + text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    }
    Ok(at)
}
