//! Folded stacks as `inferno-collapse-perf` and `stackcollapse-perf.pl` write them, for scripts that expect these lines.
//!
//! What they do otherwise than our own folded stacks:
//! - the root is the command of the thread, its blanks as `_`;
//! - parameters are cut off, `;` in a name is `:`, and code without a name is `[BINARY]`;
//! - `a->b`, as Java's inlined calls are written, are two frames, the second marked `_[i]`;
//! - frames whose name begins with `(` are left out;
//! - lines are sorted, samples without a stack are left out, and nothing else stands in the file.
//!
//! Names in a text of `perf script` stay as perf wrote them, also if it could not demangle them. The one line that is
//! another is that of a command which ends in a number (`worker 3`): inferno takes that for an id.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::{Frame, Tables};
use pyrometer_tables::select::{Selection, for_each_selected};
use rustc_hash::FxHashMap;

use crate::LeftOut;
use crate::carried::left_out;
use crate::error::Result;
use crate::stacked::Stacked;

/// How names in brackets of what has none begin.
const UNKNOWN: &str = "[unknown]";
/// What stands for a stack that a sample has not.
const NO_STACK: &str = "[no stack]";
/// Length of the hash at the end of Rust's names, with its `h`.
const HASH: usize = 17;

/// Writes the stacks of the selected metric; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let mut left_out = left_out(profile, selection, &[])?;
    let profile = &*Stacked::of(profile, selection, Metrics::Selected)?;
    let (sums, stackless) = sums(profile, selection)?;
    let lines = lines(profile, sums);
    for (line, value) in &lines {
        writeln!(out, "{line} {value}")?;
    }
    out.flush()?;
    let tables = profile.tables();
    if tables.frames.iter().any(|frame| name(tables, frame).starts_with('(')) {
        left_out.push("frames whose name begins with `(`".to_owned());
    }
    if stackless > 0 {
        left_out.push(format!("{stackless} samples without a stack"));
    }
    Ok(left_out)
}

/// Values by thread and stack.
type Sums = FxHashMap<(i32, i32), i64>;

/// The values, and the number of samples that have no stack.
fn sums(profile: &Profile, selection: &Selection) -> Result<(Sums, i64)> {
    let tables = profile.tables();
    let empty: Vec<bool> = tables.frames.iter().map(|frame| name(tables, frame) == NO_STACK).collect();
    let mut sums = Sums::default();
    let mut stackless = 0;
    for_each_selected(profile, selection, |sample| {
        if empty[tables.stacks[sample.stack as usize].frame as usize] {
            stackless += sample.count;
        } else if sample.metric == selection.metric {
            let sum = sums.entry((sample.thread, sample.stack)).or_default();
            *sum = sum.saturating_add(sample.value);
        }
        Ok(())
    })?;
    Ok((sums, stackless))
}

/// The lines: stacks of the same names are one.
fn lines(profile: &Profile, sums: Sums) -> BTreeMap<String, i64> {
    let tables = profile.tables();
    let as_written = profile.meta.source == "perf-script";
    let names: Vec<_> = tables.frames.iter().map(|frame| frame_parts(tables, frame, as_written)).collect();
    let mut lines: BTreeMap<String, i64> = BTreeMap::new();
    let mut path = Vec::new();
    for ((thread, leaf), value) in sums {
        let command = tables.threads[thread as usize].name.trim().replace(' ', "_");
        path.clear();
        let mut node = Some(leaf);
        while let Some(row) = node {
            let stack = tables.stacks[row as usize];
            path.push(stack.frame as usize);
            node = stack.parent;
        }
        let is_java = command.starts_with("java");
        // As they do: what is left of a stack without names is nothing.
        if path.iter().all(|frame| names[*frame].is_empty()) {
            continue;
        }
        let mut line = command;
        for part in path.iter().rev().flat_map(|frame| &names[*frame]) {
            line.push(';');
            line.push_str(if is_java { class_name(part) } else { part });
        }
        let sum = lines.entry(line).or_default();
        *sum = sum.saturating_add(value);
    }
    lines
}

fn name<'a>(tables: &'a Tables, frame: &'a Frame) -> Cow<'a, str> {
    frame_name(tables, frame)
}

/// What a frame is in a line: nothing, a name, or several.
fn frame_parts(tables: &Tables, frame: &Frame, as_written: bool) -> Vec<String> {
    let function = frame.function.map(|row| &tables.functions[row as usize]);
    let linkage =
        function.map(|function| function.linkage_name.as_str()).filter(|name| as_written && !name.is_empty());
    let name = linkage.map_or_else(|| name(tables, frame), Cow::Borrowed);
    if name.starts_with('(') {
        return Vec::new();
    }
    let binary = frame.binary.map(|row| tables.binaries[row as usize].path.as_str());
    let parts = without_hash(&name).split("->");
    parts.enumerate().map(|(at, part)| mark(tidy(part, binary), at > 0)).collect()
}

/// `org/x/Y` of `Lorg/x/Y`, as Java's classes are named.
fn class_name(name: &str) -> &str {
    name.strip_prefix('L').filter(|name| name.contains('/')).unwrap_or(name)
}

fn mark(mut name: String, is_inlined: bool) -> String {
    if is_inlined && !name.contains("_[i]") {
        name.push_str("_[i]");
    }
    name
}

/// Rust's name without its hash.
fn without_hash(name: &str) -> &str {
    let at = name.len().checked_sub(HASH + 2).filter(|at| name.is_char_boundary(*at));
    let Some((before, hash)) = at.map(|at| name.split_at(at)) else { return name };
    let is_hash =
        hash.strip_prefix("::h").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_hash { before } else { name }
}

/// A name without parameters; the binary in place of one that is not known.
fn tidy(name: &str, binary: Option<&str>) -> String {
    let name = match (name, binary) {
        (UNKNOWN, Some(path)) => Cow::Owned(format!("[{}]", path.rsplit('/').next().unwrap_or(path))),
        _ => Cow::Borrowed(name),
    };
    name[..parameters(&name)].replace(';', ":")
}

/// Where the parameters begin: at the first bracket outside of all others, unless it is one of Go's `.(*Type)` or an
/// anonymous namespace.
fn parameters(name: &str) -> usize {
    let mut depth = 0_i64;
    let mut before = ' ';
    for (at, character) in name.char_indices() {
        match character {
            '(' if depth == 0 && before != '.' && !name[at..].starts_with("(anonymous namespace)") => {
                return at;
            }
            '<' | '{' | '[' | '(' => depth += 1,
            '>' | '}' | ']' | ')' => depth -= 1,
            _ => {}
        }
        before = character;
    }
    name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_cut_off() {
        for (name, tidied) in [
            ("go/build.(*importReader).readByte", "go/build.(*importReader).readByte"),
            ("f<Vec<usize>>(Vec<usize>) const", "f<Vec<usize>>"),
            ("std::function<void (int)>::operator()(int) const", "std::function<void (int)>::operator"),
            ("(anonymous namespace)::f(int)", "(anonymous namespace)::f"),
            ("a;b", "a:b"),
            ("[unknown]", "[libc.so.6]"),
        ] {
            assert_eq!(tidy(name, Some("/lib/libc.so.6")), tidied);
        }
        assert_eq!(tidy("[unknown]", None), "[unknown]");
    }

    #[test]
    fn hashes_of_rust_are_cut_off() {
        assert_eq!(without_hash("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(without_hash("a::b::h0123456789abcdeg"), "a::b::h0123456789abcdeg");
        assert_eq!(without_hash("ä"), "ä");
    }
}
