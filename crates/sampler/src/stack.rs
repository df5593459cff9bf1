//! The path of a sample from its root to its leaf: user frames, kernel frames, and marks where
//! something is left out.

use pyrometer_tables::meta::Quality;
use pyrometer_tables::schema::Function;

use crate::abi::context;
use crate::intern::{Interner, Place};
use crate::record;
use crate::unwind::{Outcome, Step};

/// Frames kept at each end of a deeper stack.
const KEPT: usize = 1024;

/// Marks that stand in a stack for what is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Truncated,
    Elided,
}

const MARKS: [(Mark, &str); 2] =
    [(Mark::Truncated, "[truncated stack]"), (Mark::Elided, "[frames left out]")];

/// Stands for a mark until its function has a row; no frame has these rows.
const MARK_BASE: u32 = u32::MAX - MARKS.len() as u32;

/// The path of the sample at hand, and the functions of the marks.
#[derive(Default)]
pub(crate) struct Path {
    frames: Vec<u32>,
    user_chain: Vec<u64>,
    kernel_chain: Vec<u64>,
    /// Row of each mark's function, once it was needed.
    functions: [Option<u32>; MARKS.len()],
    function_rows: u32,
    unwritten: Vec<(i32, Function)>,
}

impl Path {
    /// Begins with a new sample: splits its call chain into the kernel's and the user's part.
    pub(crate) fn begin(&mut self, sample: &record::Sample) {
        self.frames.clear();
        self.user_chain.clear();
        self.kernel_chain.clear();
        let mut into = None;
        for address in sample.chain.iter() {
            match address {
                address if address == context::KERNEL => into = Some(&mut self.kernel_chain),
                address if address == context::USER => into = Some(&mut self.user_chain),
                // Guest and hypervisor frames are nobody's here.
                address if address >= context::MAX => into = None,
                address => {
                    if let Some(chain) = &mut into {
                        chain.push(address);
                    }
                }
            }
        }
    }

    /// The user part of the kernel's own walk, leaf first.
    pub(crate) fn user_chain(&self) -> &[u64] {
        &self.user_chain
    }

    /// Whether the kernel was running.
    pub(crate) fn in_kernel(&self) -> bool {
        !self.kernel_chain.is_empty()
    }

    /// Adds the unwound user frames, counting what is not whole.
    pub(crate) fn user(&mut self, steps: &[Step], outcome: Outcome, quality: &mut Quality) {
        if outcome.truncated {
            quality.truncated += 1;
            self.mark(Mark::Truncated);
        }
        quality.spliced += i64::from(outcome.spliced);
        let (leaf, root) = match outcome.gap {
            Some(gap) => (gap.min(2 * KEPT), gap),
            None if steps.len() > 2 * KEPT => (KEPT, steps.len() - KEPT),
            None => (0, 0),
        };
        self.extend(&steps[root..]);
        if root > 0 {
            quality.elided += 1;
            quality.elided_frames += (root - leaf) as i64;
            self.mark(Mark::Elided);
            self.extend(&steps[..leaf]);
        }
    }

    fn extend(&mut self, steps: &[Step]) {
        self.frames.extend(steps.iter().rev().map(|step| step.frame));
    }

    /// A sample whose stack cannot be walked: only its leaf is known.
    pub(crate) fn unwalkable(&mut self, leaf: u32, quality: &mut Quality) {
        quality.truncated += 1;
        self.mark(Mark::Truncated);
        self.frames.push(leaf);
    }

    /// A sample of which nothing but its leaf was asked.
    pub(crate) fn leaf(&mut self, leaf: u32) {
        self.frames.push(leaf);
    }

    /// Adds the kernel's frames; `frame` gives the row of an address.
    pub(crate) fn kernel(&mut self, mut frame: impl FnMut(u64) -> u32) {
        let Some((leaf, callers)) = self.kernel_chain.split_first() else { return };
        for return_address in callers.iter().rev() {
            self.frames.push(frame(return_address.wrapping_sub(1)));
        }
        self.frames.push(frame(*leaf));
    }

    /// Whether nothing is known of the stack.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    fn mark(&mut self, mark: Mark) {
        self.frames.push(MARK_BASE + mark as u32);
    }

    /// The path from the root, with the marks turned into frames of their own.
    pub(crate) fn resolve_markers(&mut self, interner: &mut Interner) -> &[u32] {
        for frame in &mut self.frames {
            let Some(mark) = frame.checked_sub(MARK_BASE).map(|mark| mark as usize) else { continue };
            let Some((_, name)) = MARKS.get(mark) else { continue };
            let next = &mut self.function_rows;
            let unwritten = &mut self.unwritten;
            let function = *self.functions[mark].get_or_insert_with(|| {
                let function = Function { name: (*name).to_owned(), ..Function::default() };
                unwritten.push((next.cast_signed(), function));
                *next += 1;
                *next - 1
            });
            *frame = interner.frame(Place::Marker { function });
        }
        &self.frames
    }

    /// Functions of marks that the journal has not got yet.
    pub(crate) fn new_markers(&mut self) -> Vec<(i32, Function)> {
        std::mem::take(&mut self.unwritten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(count: u32) -> Vec<Step> {
        (0..count).map(|frame| Step { frame, sp: u64::from(frame) }).collect()
    }

    fn path(steps: &[Step], outcome: Outcome) -> (Vec<u32>, Quality, Vec<String>) {
        let (mut path, mut quality, mut interner) =
            (Path::default(), Quality::default(), Interner::default());
        for step in steps {
            interner.frame(Place::Code { binary: 0, address: u64::from(step.frame) });
        }
        path.user(steps, outcome, &mut quality);
        let frames = path.resolve_markers(&mut interner).to_vec();
        let names = path.new_markers().into_iter().map(|(_, function)| function.name).collect();
        (frames, quality, names)
    }

    #[test]
    fn a_whole_stack_is_turned_round() {
        let (frames, quality, marks) = path(&steps(3), Outcome::default());
        assert_eq!((frames, marks.len(), quality.elided), (vec![2, 1, 0], 0, 0));
    }

    #[test]
    fn a_truncated_stack_has_a_mark_for_a_root() {
        let (frames, quality, marks) = path(&steps(2), Outcome { truncated: true, ..Outcome::default() });
        assert_eq!((frames, quality.truncated), (vec![2, 1, 0], 1));
        assert_eq!(marks, ["[truncated stack]"]);
    }

    #[test]
    fn deep_recursion_keeps_root_and_leaf_and_counts_the_rest() {
        let (frames, quality, marks) = path(&steps(5000), Outcome::default());
        assert_eq!(
            (frames[0], frames[1023], frames[1024], frames[1025], frames[2048]),
            (4999, 3976, 5000, 1023, 0)
        );
        assert_eq!((quality.elided, quality.elided_frames), (1, 5000 - 2048));
        assert_eq!(marks, ["[frames left out]"]);
    }

    #[test]
    fn a_stack_of_exactly_the_limit_is_whole() {
        let (frames, quality, _) = path(&steps(2048), Outcome::default());
        assert_eq!((frames.len(), quality.elided), (2048, 0));
    }

    #[test]
    fn a_gap_stands_between_root_and_leaf() {
        let (frames, quality, _) =
            path(&steps(5), Outcome { gap: Some(3), spliced: true, ..Outcome::default() });
        assert_eq!((frames, quality.elided), (vec![4, 3, 5, 2, 1, 0], 1));
    }

    #[test]
    fn above_a_gap_the_leaf_is_kept() {
        let (frames, quality, _) = path(&steps(5000), Outcome { gap: Some(4990), ..Outcome::default() });
        assert_eq!((frames.len(), frames[9], frames[11], frames[10 + 2048]), (10 + 1 + 2048, 4990, 2047, 0));
        assert_eq!(quality.elided_frames, 4990 - 2048);
    }
}
