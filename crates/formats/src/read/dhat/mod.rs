//! DHAT's JSON, version 2, of Valgrind and of the crate `dhat`: what each allocation point allocated, kept and used.
//!
//! A program point is a stack with up to nine numbers; each is a metric here. Blocks that were never read or written
//! are those of points without reads or writes, as DHAT's viewer has it.

mod accesses;
mod document;
mod points;

use super::{Builder, Format, Head, Input, Likeness};
use crate::error::{Error, Result};
pub(crate) use document::About;
use document::Document;

pub(super) const FORMAT: Format = Format {
    name: "dhat",
    title: "DHAT, of Valgrind and of the crate dhat (dhat.out, dhat-heap.json)",
    recognise,
    read,
};

/// Where [`pyrometer_tables::meta::Meta::extra`] keeps the units and times of a file.
pub(crate) const ABOUT: &str = "dhat";

fn recognise(head: &Head<'_>) -> Likeness {
    Likeness::mark(head.is_json() && head.contains(b"\"dhatFileVersion\""))
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let bytes = input.bytes()?;
    let document = match serde_json::from_slice::<Document>(&bytes) {
        Ok(document) => document,
        Err(error) => {
            let offset = offset(&bytes, error.line(), error.column());
            return builder.left_out(input.malformed(offset, "JSON as DHAT writes it", &error.to_string()));
        }
    };
    drop(bytes);
    let malformed = |expected: &str, found: &str| input.misfit(expected, found);
    match (document.dhat_file_version, points::kind(&document.mode)) {
        (2, Some(kind)) => points::add(&document, kind, builder, &malformed),
        (2, None) => builder.left_out(malformed("the mode `heap`, `copy` or `ad-hoc`", &document.mode)),
        (version, _) => builder.left_out(malformed("`dhatFileVersion` 2", &version.to_string())),
    }
}

/// The byte at a line and column, both from 1.
fn offset(bytes: &[u8], line: usize, column: usize) -> u64 {
    let begin = match line {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', bytes).nth(line - 2).map_or(bytes.len(), |at| at + 1),
    };
    (begin + column.saturating_sub(1)).min(bytes.len()) as u64
}

/// The error of something that stands in the JSON: what was expected, and what was found.
type Malformed<'a> = dyn Fn(&str, &str) -> Error + 'a;
