//! Stacks with the places in code that they pass through, so that a page can count lines of some of the samples.

use super::container::Container;
use super::functions::{Functions, Texts};
use super::tree::Tree;
use crate::schema::{Frame, Tables};

/// The stacks that any metric weighs, and their frames, numbered anew.
pub struct Places<'a> {
    tables: &'a Tables,
    stacks: Vec<u32>,
    /// For each row of `stacks`, its new number.
    stack_of: Vec<Option<u32>>,
    frames: Vec<u32>,
    /// For each row of `frames`, its new number.
    frame_of: Vec<Option<u32>>,
}

impl<'a> Places<'a> {
    /// None if no frame has a line or an address: then there is nothing that could be counted.
    pub fn new(tables: &'a Tables, tree: &Tree) -> Option<Self> {
        if !tables.frames.iter().any(|frame| frame.line.is_some() || frame.address.is_some()) {
            return None;
        }
        let (stacks, stack_of) = numbered(tables.stacks.len(), |stack| tree.place(stack as i32).is_some());
        let mut used = vec![false; tables.frames.len()];
        for stack in &stacks {
            used[tables.stacks[*stack as usize].frame as usize] = true;
        }
        let (frames, frame_of) = numbered(used.len(), |frame| used[frame as usize]);
        Some(Self { tables, stacks, stack_of, frames, frame_of })
    }

    /// The new number of a row of `stacks`.
    pub fn stack(&self, row: i32) -> Option<u32> {
        self.stack_of[row as usize]
    }

    /// Adds the columns `stacks` and `frames`.
    pub fn write(&self, functions: &Functions, texts: &mut Texts, container: &mut Container) {
        let stacks =
            || (0..).zip(&self.stacks).map(|(row, stack)| (row, &self.tables.stacks[*stack as usize]));
        let up = |(row, parent): (u32, Option<i32>)| {
            parent.and_then(|parent| self.stack(parent)).map_or(0, |parent| row - parent)
        };
        container.u32("stacks.up", stacks().map(|(row, stack)| up((row, stack.parent))));
        let frame = |frame: i32| self.frame_of[frame as usize].unwrap_or(0);
        container.u32("stacks.frame", stacks().map(|(_, stack)| frame(stack.frame)));
        let frames = || self.frames.iter().map(|frame| &self.tables.frames[*frame as usize]);
        container.u32("frames.function", self.frames.iter().map(|frame| functions.of_frame(*frame as i32)));
        let files: Vec<_> =
            frames().map(|frame| texts.row(frame.file.as_deref().unwrap_or_default())).collect();
        container.u32("frames.file", files);
        container.u32("frames.line", frames().map(|frame| frame.line.unwrap_or(0).max(0) as u32));
        let binaries: Vec<_> = frames().map(|frame| texts.row(self.binary(frame))).collect();
        container.u32("frames.binary", binaries);
        let half = |shift: u32| {
            frames().map(move |frame| (frame.address.unwrap_or(0) as u64 >> shift) as u32).collect::<Vec<_>>()
        };
        container.u32("frames.low", half(0));
        container.u32("frames.high", half(32));
        container.u8("frames.inlined", frames().map(|frame| u8::from(frame.inlined)));
    }

    fn binary(&self, frame: &Frame) -> &str {
        frame.binary.map_or("", |binary| &self.tables.binaries[binary as usize].path)
    }
}

/// The rows that are kept, and for each row its number among them.
fn numbered(rows: usize, keeps: impl Fn(u32) -> bool) -> (Vec<u32>, Vec<Option<u32>>) {
    let mut kept = Vec::new();
    let number = |row| {
        keeps(row).then(|| {
            kept.push(row);
            (kept.len() - 1) as u32
        })
    };
    let number_of = (0..rows as u32).map(number).collect();
    (kept, number_of)
}
