//! Texts of other systems' profilers, through inferno's collapsers: DTrace, macOS's `sample`, Instruments, VTune.
//!
//! What they make is folded stacks, of which the names are all that is kept.

mod expansion;

use std::io::{BufReader, Cursor};

use inferno::collapse::{Collapse, dtrace, sample, vtune, xctrace};

use super::{Builder, Format, Head, Input, Likeness, folded};
use crate::error::{Error, Result};

pub(super) const DTRACE: Format = Format {
    name: "dtrace",
    title: "DTrace's stack()",
    recognise: |head| by(head, &mut dtrace::Folder::default()),
    read: |input, builder| {
        collapse(input, builder, dtrace::Folder::default(), stackless, |text| text.len() as u64)
    },
};

pub(super) const SAMPLE: Format = Format {
    name: "macos-sample",
    title: "sample (macOS)",
    recognise: |head| by(head, &mut sample::Folder::default()),
    read: |input, builder| {
        builder.note(WAITING.to_owned());
        collapse(
            input,
            builder,
            sample::Folder::default(),
            |_| None,
            |text| expansion::of_tree(text, b" +|:!"),
        )
    },
};

/// What inferno does with `sample`'s threads, most of which do nothing.
const WAITING: &str = "Stacks that end in a function named read, kevent, mach_msg_trap, __select or the like are left out, \
                       as of threads that wait: what is shown is what ran.";

pub(super) const VTUNE: Format = Format {
    name: "vtune",
    title: "VTune's top-down report (CSV)",
    recognise: |head| by(head, &mut vtune::Folder::default()),
    read: |input, builder| {
        collapse(input, builder, vtune::Folder::default(), |_| None, |text| expansion::of_tree(text, b" "))
    },
};

pub(super) const XCTRACE: Format = Format {
    name: "xctrace",
    title: "Instruments (xctrace export)",
    recognise: |head| Likeness::mark(head.contains(b"<trace-query-result>")),
    read: |input, builder| {
        collapse(input, builder, xctrace::Folder::default(), |_| None, expansion::of_frames)
    },
};

/// Texts are told apart by their beginnings; a collapser that cannot tell says nothing.
fn by(head: &Head<'_>, collapser: &mut impl Collapse) -> Likeness {
    let Ok(text) = std::str::from_utf8(whole_lines(head)) else { return Likeness::None };
    Likeness::shape(collapser.is_applicable(text) == Some(true))
}

fn whole_lines<'a>(head: &Head<'a>) -> &'a [u8] {
    let end = memchr::memrchr(b'\n', head.bytes).map_or(0, |at| at + 1);
    if head.whole { head.bytes } else { &head.bytes[..end] }
}

/// `panics` finds what the collapser does not expect: where it stands, and what should have stood before it. `expanded`
/// is how long what it makes may become.
fn collapse(
    input: &mut Input<'_>,
    builder: &mut Builder,
    mut collapser: impl Collapse,
    panics: impl Fn(&[u8]) -> Option<(usize, &'static str)>,
    expanded: impl Fn(&[u8]) -> u64,
) -> Result<()> {
    let bytes = input.bytes()?;
    if let Some((offset, expected)) = panics(&bytes) {
        return Err(input.malformed(offset as u64, expected, "a count"));
    }
    let bytes = escaped(&bytes);
    let length = expanded(&bytes);
    if !expansion::is_plausible(length, bytes.len()) {
        let what = format!("{length} bytes of names in the stacks of {} bytes", bytes.len());
        return Err(Error::TooLarge { path: input.path().to_owned(), what });
    }
    let mut text = Vec::new();
    collapser
        .collapse(BufReader::new(&bytes[..]), Cursor::new(&mut text))
        .map_err(|error| input.misfit("what this profiler writes", &error.to_string()))?;
    if text.is_empty() {
        return Err(input.misfit("stacks", "none"));
    }
    let path = input.path().to_owned();
    folded::read(&mut Input::of_bytes(&path, &restored(&text))?, builder)
}

/// A count behind no stack, after the header of DTrace's text that ends with an empty line.
fn stackless(text: &[u8]) -> Option<(usize, &'static str)> {
    let (mut offset, mut in_header, mut frames) = (0, true, 0);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let trimmed = String::from_utf8_lossy(line);
        let trimmed = trimmed.trim();
        let is_count = trimmed.parse::<u64>().is_ok();
        match (in_header, trimmed.is_empty()) {
            (true, is_empty) => in_header = !is_empty,
            (false, true) => {}
            (false, false) if is_count && frames == 0 => return Some((offset, "a stack before its count")),
            (false, false) => frames = if is_count { 0 } else { frames + 1 },
        }
        offset += line.len();
    }
    None
}

/// Stands before two hexadecimal digits.
const ESCAPE: u8 = 0x1a;

/// Without bytes beyond ASCII: the collapsers cut texts at any byte, and panic inside of a character.
fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii() && *byte != ESCAPE {
            plain.push(*byte);
        } else {
            plain.extend_from_slice(&[ESCAPE, digit(byte >> 4), digit(byte & 15)]);
        }
    }
    plain
}

fn digit(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value)]
}

/// The inverse of [`escaped`]; an escape that was cut stays.
fn restored(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let value = after.get(..2).filter(|_| *first == ESCAPE).and_then(|digits| {
            let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
            Some(value(digits[0])? << 4 | value(digits[1])?)
        });
        bytes.push(value.unwrap_or(*first));
        rest = if value.is_some() { &after[2..] } else { after };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read::{Options, by_name, read_bytes};

    #[test]
    fn a_count_of_dtrace_is_behind_a_stack() {
        for (text, offset) in [("\n0", 1), ("CPU 1\n\n  a`b\n  3\n\n 7\n", 18), ("1\n2\n\n 9", 5)] {
            assert_eq!(stackless(text.as_bytes()), Some((offset, "a stack before its count")), "{text:?}");
            let options = Options { format: by_name("dtrace"), lenient: false };
            assert!(read_bytes("file".as_ref(), text.as_bytes(), &options).is_err(), "{text:?}");
        }
        assert_eq!(stackless(b"1\n\n  a`b\n  3\n\n  c\n\n  d\n 7\n"), None);
    }

    #[test]
    fn stacks_that_are_far_longer_than_their_file_are_too_large() {
        let name = "a".repeat(1 << 20);
        let frames = r#"<frame ref="1"/>"#.repeat(1000);
        let xctrace = format!(
            r#"<trace-query-result><node><row><backtrace id="1"><frame id="1" name="{name}"/>{frames}</backtrace></row></node></trace-query-result>"#
        );
        let sample =
            format!("Call graph:\n    9 {name}\n{}Total number in stack\n", "      1 b\n".repeat(1000));
        let vtune = format!("Function Stack,CPU Time:Self,Module\n{name},0,m\n{}", " b,1,m\n".repeat(1000));
        for (format, text) in [("xctrace", xctrace), ("macos-sample", sample), ("vtune", vtune)] {
            let options = Options { format: by_name(format), lenient: true };
            let read = read_bytes("file".as_ref(), text.as_bytes(), &options);
            assert!(matches!(read, Err(Error::TooLarge { .. })), "{format}: {read:?}");
        }
    }

    #[test]
    fn of_threads_that_wait_it_is_said_that_they_are_left_out() {
        let text = "Call graph:\n    7 Thread_1\n    + 7 main  (in a.out) + 20  [0x10a3f0f84]\n\
                    \x20   2 Thread_2\n      2 start_wqthread  (in libc) + 13  [0x7fff6cbd3433]\n\n\
                    Total number in stack (recursive counted multiple, when >=5):\n";
        let options = Options { format: by_name("macos-sample"), lenient: false };
        let profile = read_bytes("file".as_ref(), text.as_bytes(), &options).unwrap();
        assert_eq!(profile.meta.quality.samples, 7);
        assert!(
            profile.meta.notes.iter().any(|note| note.contains("are left out")),
            "{:?}",
            profile.meta.notes
        );
    }

    proptest! {
        #[test]
        fn bytes_are_restored(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(escaped(&bytes).is_ascii());
            prop_assert_eq!(restored(&escaped(&bytes)), bytes);
        }
    }
}
