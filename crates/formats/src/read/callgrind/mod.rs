//! Callgrind's files, and those of other tools that write for KCachegrind (Xdebug, pyprof2calltree, ...).
//!
//! Described in Valgrind's manual, "Callgrind Format Specification"; where Callgrind writes otherwise (`jcnd=2/3`,
//! `jfi=`) both are read. A file has parts; a part has lines of header up to `events:` and then contexts (`ob=`, `fl=`,
//! `fn=`; `fi=` and `fe=` for inlined code), lines of counts, and calls: `cfn=`, `calls=`, and a line with their
//! inclusive counts. The parts and threads of a run are added up, each thread by itself.
//!
//! With `--separate-callers` and `--separate-recs` Callgrind makes a function of every context (`f'2`, `f'main`). They
//! stay so: their counts would not add up otherwise.

mod context;
mod names;
mod part;
mod positions;
mod reader;

use super::by_line::read_by_line;
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::Result;
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
    builder.meta.instrument = "instructions".to_owned();
    read_by_line(input, &mut Reader::new(builder))
}
