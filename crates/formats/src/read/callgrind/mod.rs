//! Callgrind's files, and those of other tools that write for KCachegrind (Xdebug, pyprof2calltree, ...).
//!
//! Described in Valgrind's manual, "Callgrind Format Specification"; where Callgrind writes otherwise (`jcnd=2/3`,
//! `jfi=`) both are read. A file has parts; a part has lines of header up to `events:` and then contexts (`ob=`, `fl=`,
//! `fn=`; `fi=` and `fe=` for inlined code), lines of counts, and calls: `cfn=`, `calls=`, and a line with their
//! inclusive counts. The parts and threads of a run are added up, each thread by itself.
//!
//! With `--separate-callers` and `--separate-recs` Callgrind makes a function of every context (`f'2`, `f'main`). They
//! stay so: their counts would not add up otherwise.

mod names;
mod part;
mod positions;
mod reader;

use super::{Builder, Format, Head, Input, Likeness};
use crate::error::{Error, Result};
use reader::Reader;

pub(super) const FORMAT: Format = Format {
    name: "callgrind",
    title: "Callgrind and others for KCachegrind (callgrind.out)",
    recognise,
    read,
};

fn recognise(head: &Head<'_>) -> Likeness {
    let has = |start: &[u8]| head.lines().any(|line| line.starts_with(start));
    let by_name = head.bytes.starts_with(b"# callgrind format");
    if by_name || (has(b"events:") && (has(b"version:") || has(b"creator:"))) {
        return Likeness::Mark;
    }
    Likeness::shape(has(b"events:") && has(b"fn="))
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let path = input.path().to_owned();
    builder.meta.instrument = "instructions".to_owned();
    let mut reader = Reader::new(builder);
    let mut lines = input.lines();
    let mut end = 0;
    while let Some(line) = lines.next()? {
        end = line.offset + line.bytes.len() as u64;
        if let Err(expected) = reader.line(line.bytes) {
            reader.builder.left_out(line.malformed(expected))?;
        }
    }
    if let Err(expected) = reader.finish() {
        reader.builder.left_out(Error::malformed(&path, end, expected, "the end of the file"))?;
    }
    Ok(())
}
