//! Massif's files: the size of the heap over time, and at some times a tree of who allocated it.
//!
//! `desc:`, `cmd:`, `time_unit:`, then snapshots: lines `snapshot=`, `time=`, `mem_heap_B=` and others, and
//! `heap_tree=empty`, or `detailed` or `peak` and a tree. Each node of that says how many children follow; a child is a
//! caller. Described by `ms_print` of Valgrind; heaptrack writes the format too.

mod snapshots;
mod tree;

use super::by_line::read_by_line;
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::Result;
use snapshots::Snapshots;

pub(super) const FORMAT: Format = Format { name: "massif", title: "Massif (massif.out)", recognise, read };

fn recognise(head: &Head<'_>) -> Likeness {
    let has = |start: &[u8]| head.lines().any(|line| line.starts_with(start));
    Likeness::mark(has(b"time_unit:") && has(b"snapshot="))
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    builder.meta.instrument = "heap".to_owned();
    read_by_line(input, &mut Snapshots::new(builder))
}
