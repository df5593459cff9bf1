//! Symbols wherever they stand in bytes.
//!
//! Constraints:
//! - every byte that belongs to no symbol stays as it is, whatever its encoding;
//! - a symbol is what a run of letters, digits, `_`, `$` and `.` ends with, from the first place in the run that can
//!   begin one: not within a word, so that `foo_ZN…` stays; one attempt a run, so that the time is linear;
//! - a run longer than [`LONGEST_NAME`] holds no symbol.

use memchr::memchr3_iter;

use super::output::{LONGEST_NAME, Spelling};
use super::symbol::{Found, demangle_symbol};

/// Which bytes symbols consist of: every byte of a text is looked up here.
const IN_SYMBOL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b'$' | b'.');
        byte += 1;
    }
    table
};

/// True for bytes that symbols consist of.
#[inline]
pub(crate) fn in_symbol(byte: u8) -> bool {
    IN_SYMBOL[usize::from(byte)]
}

/// How many bytes from the beginning belong to a run: in blocks without a branch, which the compiler vectorizes.
fn run_length(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let is_run = |block: &&[u8]| {
        block.iter().fold(true, |all, &byte| {
            let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
            let digit = byte.wrapping_sub(b'0') < 10;
            all & (letter | digit | (byte == b'_') | (byte == b'$') | (byte == b'.'))
        })
    };
    let whole = bytes.chunks_exact(BLOCK).take_while(is_run).count() * BLOCK;
    let rest = &bytes[whole..];
    whole + rest.iter().position(|byte| !in_symbol(*byte)).unwrap_or(rest.len())
}

/// Shorter words that begin with a bare `R` or `ZN` are words.
const SHORTEST_BARE: usize = 12;

/// What is made of the bytes between symbols, and of symbols.
pub(crate) trait Sink {
    /// Bytes that are no symbol.
    fn plain(&mut self, bytes: &[u8]);
    /// May be a symbol; false if it is none, so that it is plain.
    fn symbol(&mut self, symbol: &[u8]) -> bool;
    /// What was made of them until now.
    fn out(&mut self) -> &mut Vec<u8>;
}

/// Hands all of `bytes` to `sink`, in order. They must not begin or end within a run.
pub(crate) fn scan(bytes: &[u8], sink: &mut impl Sink) {
    let mut done = 0;
    let mut next = 0;
    for at in memchr3_iter(b'_', b'R', b'Z', bytes) {
        if at < next || !can_begin(bytes, at) {
            continue;
        }
        let length = run_length(&bytes[at..]);
        next = at + length;
        let before = run_before(&bytes[done..at]);
        let run = &bytes[at..next];
        if before + length > LONGEST_NAME {
            continue;
        }
        let plain_until = done;
        sink.plain(&bytes[plain_until..at]);
        done = at;
        let taken = longest_symbol(run, sink);
        done += taken;
    }
    sink.plain(&bytes[done..]);
}

/// Hands the run to the sink, or what it is without the period at the end of a sentence; how much of it was a symbol.
fn longest_symbol(run: &[u8], sink: &mut impl Sink) -> usize {
    if sink.symbol(run) {
        return run.len();
    }
    let end = run.iter().rposition(|byte| *byte != b'.').map_or(0, |last| last + 1);
    if end < run.len() && sink.symbol(&run[..end]) { end } else { 0 }
}

/// How many bytes before a candidate belong to the same run.
fn run_before(before: &[u8]) -> usize {
    before.iter().rev().take_while(|byte| in_symbol(**byte)).count()
}

/// Whether a symbol can begin at `at`.
#[inline]
fn can_begin(bytes: &[u8], at: usize) -> bool {
    if at > 0 && matches!(bytes[at - 1], b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_') {
        return false;
    }
    match &bytes[at..] {
        [b'_', b'Z' | b'R', next, ..] => next.is_ascii_alphanumeric(),
        [b'_', b'_', b'Z' | b'R', next, ..] => next.is_ascii_alphanumeric(),
        [b'_', b'G', b'L', b'O', b'B', ..] => true,
        [b'_', b'_', b'_', b'Z', ..] => true,
        [b'Z', b'N', b'0'..=b'9', ..] => true,
        [b'R', b'N' | b'I' | b'X' | b'M' | b'Y', next, ..] => next.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Whether `symbol`, which stands in a text, can be one: without the underscore that only Windows leaves out, words
/// look like symbols too.
pub(crate) fn is_plausible(symbol: &[u8], found: &Found<'_>) -> bool {
    match symbol[0] {
        b'_' => true,
        b'Z' => found.hash.is_some(),
        _ => symbol.len() >= SHORTEST_BARE && memchr::memmem::find(symbol, b"Cs").is_some(),
    }
}

/// Replaces symbols by their names.
pub(crate) struct Replace<'o> {
    pub(crate) spelling: Spelling,
    pub(crate) out: &'o mut Vec<u8>,
}

impl Sink for Replace<'_> {
    fn plain(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn symbol(&mut self, symbol: &[u8]) -> bool {
        let start = self.out.len();
        let found = demangle_symbol(symbol, self.spelling, self.out);
        let known = found.is_some_and(|found| is_plausible(symbol, &found));
        if !known {
            self.out.truncate(start);
        }
        known
    }

    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }
}

/// `text` with its symbols replaced by their names.
///
/// ```
/// use pyrometer_symbols::demangle::{Spelling, demangle_text};
/// let text = demangle_text(b"at _ZN3foo3bar17h0123456789abcdefE+0x12, main", Spelling::default());
/// assert_eq!(text, b"at foo::bar+0x12, main");
/// ```
pub fn demangle_text(text: &[u8], spelling: Spelling) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    scan(text, &mut Replace { spelling, out: &mut out });
    out
}
