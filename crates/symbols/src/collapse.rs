//! The inverse of [`crate::expand`]: takes names and inlined calls away again, so that they can be looked up
//! anew, with files that were not there the first time.
//!
//! Constraint: a node's parent stands before it; equal frames and equal nodes are one row.

use pyrometer_tables::schema::{Frame, FrameKind, Stack, Tables};
use rustc_hash::FxHashMap;

use crate::resolution::Interner;
use crate::symbolize::place;

/// The tables with bare addresses in the binaries for which `again` is true, and for each old row of
/// `stacks` its new one.
pub(crate) fn collapse(mut tables: Tables, again: &[bool]) -> (Tables, Vec<i32>) {
    let bare: Vec<bool> = tables.frames.iter().map(|frame| is_named_code(frame, again)).collect();
    let same = first_of_its_place(&tables.frames, &bare);
    let (stacks, moved) = restack(&tables, &bare, &same);
    tables.stacks = stacks;
    for event in &mut tables.events {
        event.stack = event.stack.and_then(|row| moved.get(usize::try_from(row).ok()?).copied());
    }
    for (frame, _) in tables.frames.iter_mut().zip(&bare).filter(|(_, bare)| **bare) {
        let Frame { address, binary, .. } = *frame;
        let kind = frame.kind;
        *frame = Frame { address, binary, kind, ..Frame::default() };
    }
    (without_unused_functions(tables), moved)
}

/// The tree without the calls inlined at one address, and for each old node its new one.
fn restack(tables: &Tables, bare: &[bool], same: &[i32]) -> (Vec<Stack>, Vec<i32>) {
    let mut nodes: Interner<Stack> = Interner::default();
    let mut moved: Vec<i32> = Vec::with_capacity(tables.stacks.len());
    for stack in &tables.stacks {
        let parent = stack.parent.and_then(|row| usize::try_from(row).ok());
        let above = parent.and_then(|row| Some((tables.stacks.get(row)?.frame, *moved.get(row)?)));
        let row = match above {
            // Inlined into the frame before it: the two are one again.
            Some((above, row)) if continues(&tables.frames, bare, above, stack.frame) => row,
            _ => {
                let frame = usize::try_from(stack.frame).ok().and_then(|row| same.get(row).copied());
                let frame = frame.unwrap_or(stack.frame);
                nodes.row(Stack { parent: above.map(|(_, row)| row), frame }) as i32
            }
        };
        moved.push(row);
    }
    (nodes.rows, moved)
}

/// For each frame, the first one that is the same place without names.
fn first_of_its_place(frames: &[Frame], bare: &[bool]) -> Vec<i32> {
    let mut known: FxHashMap<(Option<i32>, Option<i64>, FrameKind), i32> = FxHashMap::default();
    let mut first = |row: usize, frame| {
        let Frame { binary, address, kind, .. }: &Frame = frame;
        *known.entry((*binary, *address, *kind)).or_insert(row as i32)
    };
    let of_row = |(row, frame)| if bare[row] { first(row, frame) } else { row as i32 };
    frames.iter().enumerate().map(of_row).collect()
}

/// Code that has a name now and may get another one.
fn is_named_code(frame: &Frame, again: &[bool]) -> bool {
    let compiled = matches!(frame.kind, FrameKind::Native | FrameKind::Kernel);
    compiled && place(frame).is_some_and(|(binary, _)| again.get(binary).is_some_and(|&again| again))
}

/// True if `below` is a call that was inlined into `above`: the same address.
fn continues(frames: &[Frame], bare: &[bool], above: i32, below: i32) -> bool {
    let of = |row: i32| {
        let row = usize::try_from(row).ok()?;
        Some((frames.get(row)?, *bare.get(row)?))
    };
    let (Some((above, true)), Some((below, true))) = (of(above), of(below)) else { return false };
    below.inlined && (above.binary, above.address) == (below.binary, below.address)
}

/// Functions that nothing refers to any more would stand in the table for ever.
fn without_unused_functions(mut tables: Tables) -> Tables {
    let mut used = vec![false; tables.functions.len()];
    let ends = tables.calls.iter().flat_map(|call| [Some(call.caller), Some(call.callee)]);
    for row in tables.frames.iter().map(|frame| frame.function).chain(ends).flatten() {
        if let Some(used) = usize::try_from(row).ok().and_then(|row| used.get_mut(row)) {
            *used = true;
        }
    }
    let mut next = 0;
    let new: Vec<i32> = used
        .iter()
        .map(|&used| {
            let row = next;
            next += i32::from(used);
            row
        })
        .collect();
    let renumber = |row: i32| usize::try_from(row).ok().and_then(|row| new.get(row).copied()).unwrap_or(row);
    let mut keep = used.iter();
    tables.functions.retain(|_| *keep.next().unwrap_or(&true));
    tables.frames.iter_mut().for_each(|frame| frame.function = frame.function.map(renumber));
    for call in &mut tables.calls {
        (call.caller, call.callee) = (renumber(call.caller), renumber(call.callee));
    }
    tables
}
