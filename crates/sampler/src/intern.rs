//! Frames and stacks, each kept once.
//!
//! New rows collect until the journal takes them; what is kept in memory is only what is needed to
//! recognise a row again: some 20 bytes a stack node, 40 a frame.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use pyrometer_tables::schema::{Frame, Stack};
use rustc_hash::{FxBuildHasher, FxHashMap};

/// What makes a frame different from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// An address in a binary, as the binary numbers it.
    Code { binary: u32, address: u64 },
    /// An address of the kernel, which is a binary of its own.
    Kernel { binary: u32, address: u64 },
    /// Generated code: `entry` tells apart what was at the same address at different times.
    Jit { binary: u32, address: u64, entry: u32 },
    /// A run-time address in a binary whose own addresses are not known, for it is not here.
    Absent { binary: u32, process: u32, address: u64 },
    /// An address of a process in no known mapping.
    Unmapped { process: u32, address: u64 },
    /// A frame that is no code: row of its function.
    Marker { function: u32 },
}

impl Place {
    fn frame(self) -> Frame {
        let code = |kind: &str, binary: u32, address: u64| Frame {
            address: Some(address.cast_signed()),
            binary: Some(binary.cast_signed()),
            kind: kind.into(),
            ..Frame::default()
        };
        match self {
            Self::Code { binary, address } => code("native", binary, address),
            Self::Kernel { binary, address } => code("kernel", binary, address),
            Self::Jit { binary, address, .. } => code("jit", binary, address),
            Self::Absent { binary, address, .. } => code("unknown", binary, address),
            Self::Unmapped { address, .. } => {
                Frame { address: Some(address.cast_signed()), kind: "unknown".into(), ..Frame::default() }
            }
            Self::Marker { function } => {
                Frame { function: Some(function.cast_signed()), kind: "unknown".into(), ..Frame::default() }
            }
        }
    }
}

/// A node of the call tree: the row of its parent, or [`NONE`], and that of its frame.
type Node = (u32, u32);

/// All frames and stacks of a recording.
#[derive(Default)]
pub(crate) struct Interner {
    frames: FxHashMap<Place, u32>,
    /// Rows of the kernel's frames, found by their addresses alone: samples of system calls have a dozen each.
    kernel_frames: FxHashMap<u64, u32>,
    /// Nodes with their rows, beside each other: most lookups miss the CPU's caches, and should do so once.
    nodes: HashTable<(Node, u32)>,
    /// Frames that the journal has not got yet.
    pub(crate) new_frames: Vec<Frame>,
    /// Stack nodes that the journal has not got yet.
    pub(crate) new_stacks: Vec<Stack>,
}

/// The parent of a root.
const NONE: u32 = u32::MAX;

impl Interner {
    /// The row of a frame.
    pub(crate) fn frame(&mut self, place: Place) -> u32 {
        let next = self.frames.len() as u32;
        let new = &mut self.new_frames;
        *self.frames.entry(place).or_insert_with(|| {
            new.push(place.frame());
            next
        })
    }

    /// The row of a frame of the kernel, which is `binary`.
    pub(crate) fn kernel_frame(&mut self, binary: u32, address: u64) -> u32 {
        if let Some(row) = self.kernel_frames.get(&address) {
            return *row;
        }
        let row = self.frame(Place::Kernel { binary, address });
        self.kernel_frames.insert(address, row);
        row
    }

    fn node(&mut self, node: Node) -> u32 {
        let hashed = hash(&node);
        if let Some((_, row)) = self.nodes.find(hashed, |(known, _)| *known == node) {
            return *row;
        }
        let row = self.nodes.len() as u32;
        let (parent, frame) = node;
        let parent = (parent != NONE).then_some(parent.cast_signed());
        self.new_stacks.push(Stack { parent, frame: frame.cast_signed() });
        self.nodes.insert_unique(hashed, (node, row), |(node, _)| hash(node));
        row
    }

    /// The row of a stack given from its root, or none if it is empty.
    ///
    /// `last` is the same thread's stack before: the part that they share is not looked up again.
    pub(crate) fn stack(&mut self, frames: &[u32], last: &mut LastStack) -> Option<u32> {
        let shared = frames.iter().zip(&last.frames).take_while(|(new, old)| new == old).count();
        last.frames.truncate(shared);
        last.nodes.truncate(shared);
        let mut node = last.nodes.last().copied().unwrap_or(NONE);
        for frame in &frames[shared..] {
            node = self.node((node, *frame));
            last.frames.push(*frame);
            last.nodes.push(node);
        }
        (node != NONE).then_some(node)
    }

    /// All frames with their rows, for what is resolved at the end.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Place, u32)> + '_ {
        self.frames.iter().map(|(place, row)| (*place, *row))
    }
}

fn hash(node: &Node) -> u64 {
    FxBuildHasher.hash_one(node)
}

/// The stack that a thread had at its last sample, from the root.
#[derive(Default)]
pub(crate) struct LastStack {
    frames: Vec<u32>,
    nodes: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn place(number: u32) -> Place {
        Place::Code { binary: 0, address: u64::from(number) }
    }

    /// The frames from a stack's row to its root, turned round.
    fn path(stacks: &[Stack], row: u32) -> Vec<u32> {
        let mut path = Vec::new();
        let mut at = Some(row.cast_signed());
        while let Some(row) = at {
            let stack = stacks[row as usize];
            path.push(stack.frame.cast_unsigned());
            at = stack.parent;
        }
        path.reverse();
        path
    }

    #[test]
    fn the_same_place_is_one_frame() {
        let mut interner = Interner::default();
        let (first, second) = (interner.frame(place(1)), interner.frame(place(2)));
        assert_eq!(interner.frame(place(1)), first);
        assert_ne!(first, second);
        assert_eq!(interner.new_frames.len(), 2);
    }

    proptest! {
        #[test]
        fn every_stack_can_be_read_back(stacks in proptest::collection::vec(proptest::collection::vec(0u32..6, 0..8), 1..60)) {
            let mut interner = Interner::default();
            let mut last = LastStack::default();
            for frames in &stacks {
                match interner.stack(frames, &mut last) {
                    Some(row) => prop_assert_eq!(&path(&interner.new_stacks, row), frames),
                    None => prop_assert!(frames.is_empty()),
                }
            }
            for (row, stack) in interner.new_stacks.iter().enumerate() {
                prop_assert!(stack.parent.is_none_or(|parent| (parent as usize) < row));
            }
            let distinct: std::collections::HashSet<_> = interner.new_stacks.iter().collect();
            prop_assert_eq!(distinct.len(), interner.new_stacks.len());
        }
    }
}
