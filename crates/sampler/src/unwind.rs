//! One stack, from the registers and the copy of the stack that came with a sample.
//!
//! The copy may be shorter than the stack. Then, in this order:
//! 1. the rest is taken from the thread's last complete stack, where that has the very same frame
//!    at the very same stack address;
//! 2. the rest is read from the process' memory, as far as a budget goes;
//! 3. the frame-pointer chain that the kernel walked is followed, where it knows the last frame;
//! 4. the root part of the thread's last complete stack is kept, and what lies between is said to
//!    be left out;
//! 5. the stack is marked as truncated.

use framehop::FrameAddress;
use framehop::x86_64::UnwindRegsX86_64;

use crate::record::Registers;
use crate::sys;

/// Bytes read from a process' memory at a time.
const CHUNK: usize = 64 << 10;
/// Bytes read for one sample when the thread has a complete stack already, and when it has none.
const BUDGET: usize = 256 << 10;
const FIRST_BUDGET: usize = 16 << 20;
/// Frames of a remembered stack that are kept below frames that were left out.
const ROOT_FRAMES: usize = 512;

/// One unwound frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Row of the frame.
    pub(crate) frame: u32,
    /// Stack pointer in this frame.
    pub(crate) sp: u64,
}

/// How a stack ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// It does not reach the root.
    pub(crate) truncated: bool,
    /// Part of it is not from the sample itself.
    pub(crate) spliced: bool,
    /// Index of the frame behind which an unknown number of frames was left out.
    pub(crate) gap: Option<usize>,
}

/// What a frame's address means to the unwinder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Located {
    /// Row of the frame.
    pub(crate) frame: u32,
    /// Whether the frame below was interrupted by a signal.
    pub(crate) trampoline: bool,
    /// The binary and how far it was moved, if the address is in one.
    pub(crate) code: Option<(u32, u64)>,
}

/// What unwinding asks of the process.
pub(crate) trait Code {
    /// What is at an address that was looked up as framehop does (inside the call for callers).
    fn locate(&mut self, address: u64) -> Located;
    /// One step towards the root.
    fn step<F: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        located: &Located,
        address: FrameAddress,
        registers: &mut UnwindRegsX86_64,
        read_stack: &mut F,
    ) -> Result<Option<u64>, framehop::Error>;
    /// Whether the stack may really end at this address.
    fn is_plausible_root(&self, located: &Located, address: u64) -> bool;
}

/// What came with the sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken<'a> {
    pub(crate) pid: i32,
    pub(crate) registers: Registers,
    pub(crate) stack: &'a [u8],
    /// Whether the kernel copied as much as it was asked for: only then there may be more.
    pub(crate) full: bool,
}

/// Unwinds into `steps`, leaf first. `remembered` is the thread's last complete stack, leaf first;
/// it is replaced if this one is complete. `chain` is the kernel's own frame-pointer walk.
pub(crate) fn unwind(
    code: &mut impl Code,
    taken: Taken,
    chain: &[u64],
    remembered: &mut Vec<Step>,
    steps: &mut Vec<Step>,
) -> Outcome {
    let budget = if remembered.is_empty() { FIRST_BUDGET } else { BUDGET };
    let mut memory = Memory::new(taken, budget);
    let mut walk = Walk { code, steps, chain, remembered, end: taken.registers.sp + taken.stack.len() as u64 };
    let outcome = walk.run(taken, &mut memory);
    if !outcome.truncated && outcome.gap.is_none() {
        remembered.clone_from(steps);
    }
    outcome
}

struct Walk<'a, C> {
    code: &'a mut C,
    steps: &'a mut Vec<Step>,
    chain: &'a [u64],
    remembered: &'a [Step],
    /// Where the copy of the stack ends.
    end: u64,
}

impl<C: Code> Walk<'_, C> {
    fn run(&mut self, taken: Taken, memory: &mut Memory) -> Outcome {
        let Registers { bp, sp, ip } = taken.registers;
        let mut registers = UnwindRegsX86_64::new(ip, sp, bp);
        let mut address = FrameAddress::from_instruction_pointer(ip);
        loop {
            let lookup = address.address_for_lookup();
            let located = self.code.locate(lookup);
            let step = Step { frame: located.frame, sp: registers.sp() };
            self.steps.push(step);
            if step.sp >= self.end && self.join(step) {
                return Outcome { spliced: true, ..Outcome::default() };
            }
            let before = registers.sp();
            match self.code.step(&located, address, &mut registers, &mut |at| memory.read(at)) {
                Ok(Some(next)) if next != 0 => {
                    if registers.sp() <= before && self.steps.len() > 1 {
                        return self.give_up(address, memory);
                    }
                    address = match FrameAddress::from_return_address(next) {
                        Some(address) if !located.trampoline => address,
                        _ => FrameAddress::from_instruction_pointer(next),
                    };
                }
                Ok(None) if !self.code.is_plausible_root(&located, lookup) => return self.give_up(address, memory),
                Ok(_) | Err(framehop::Error::ReturnAddressIsNull) => {
                    return Outcome { spliced: memory.was_read(), ..Outcome::default() };
                }
                Err(_) => return self.give_up(address, memory),
            }
        }
    }

    /// Goes on with the remembered stack, if that has this frame at this stack address.
    fn join(&mut self, step: Step) -> bool {
        let at = self.remembered.partition_point(|known| known.sp < step.sp);
        let rest = self.remembered[at..].iter().take_while(|known| known.sp == step.sp).position(|known| *known == step);
        match rest {
            Some(offset) => {
                self.steps.extend_from_slice(&self.remembered[at + offset + 1..]);
                true
            }
            None => false,
        }
    }

    /// Goes on with the remembered stack behind the last frame, wherever that lies on the stack: a
    /// frame-pointer walk has no stack addresses.
    fn join_frame(&mut self) -> bool {
        let last = self.steps.last().map(|step| step.frame);
        let Some(at) = self.remembered.iter().rposition(|known| Some(known.frame) == last) else { return false };
        self.steps.extend_from_slice(&self.remembered[at + 1..]);
        true
    }

    /// The stack could not be followed from `address` on.
    fn give_up(&mut self, address: FrameAddress, memory: &Memory) -> Outcome {
        let mut outcome = Outcome { spliced: memory.was_read(), ..Outcome::default() };
        let last = self.steps.last().map_or(0, |step| step.sp);
        let followed = self.follow_chain(address, last);
        outcome.spliced |= followed;
        if followed && self.join_frame() {
            return outcome;
        }
        if !memory.ran_out() && !followed {
            outcome.truncated = true;
            return outcome;
        }
        let rest = self.remembered.partition_point(|known| known.sp <= last);
        let root = &self.remembered[rest.max(self.remembered.len().saturating_sub(ROOT_FRAMES))..];
        if root.is_empty() {
            outcome.truncated = true;
            return outcome;
        }
        outcome.spliced = true;
        outcome.gap = Some(self.steps.len());
        self.steps.extend_from_slice(root);
        outcome
    }

    /// Adds what the kernel's frame-pointer walk has behind the last frame.
    fn follow_chain(&mut self, address: FrameAddress, sp: u64) -> bool {
        let Some(at) = self.chain.iter().position(|known| *known == address.address()) else { return false };
        let rest = &self.chain[at + 1..];
        for return_address in rest {
            let located = self.code.locate(return_address.wrapping_sub(1));
            self.steps.push(Step { frame: located.frame, sp });
        }
        !rest.is_empty()
    }
}

/// The stack: first the copy, behind it the process' own memory.
struct Memory<'a> {
    taken: Taken<'a>,
    start: u64,
    rest: Vec<u8>,
    rest_start: u64,
    budget: usize,
    exhausted: bool,
}

impl<'a> Memory<'a> {
    fn new(taken: Taken<'a>, budget: usize) -> Self {
        let start = taken.registers.sp;
        let end = start.saturating_add(taken.stack.len() as u64);
        Self { taken, start, rest: Vec::new(), rest_start: end, budget, exhausted: false }
    }

    #[inline]
    fn read(&mut self, address: u64) -> Result<u64, ()> {
        let offset = address.wrapping_sub(self.start) as usize;
        match self.taken.stack.get(offset..offset.wrapping_add(8)) {
            Some(bytes) => bytes.try_into().map(u64::from_ne_bytes).map_err(drop),
            None => self.read_rest(address),
        }
    }

    #[cold]
    fn read_rest(&mut self, address: u64) -> Result<u64, ()> {
        let last = address.checked_add(8).ok_or(())?;
        if address < self.start || !self.taken.full {
            return Err(());
        }
        // A word may lie half in the copy and half behind it: then all of it is read again.
        self.rest_start = self.rest_start.min(address);
        while self.rest_start + (self.rest.len() as u64) < last {
            if self.rest.len() + CHUNK > self.budget || !self.read_chunk() {
                self.exhausted = true;
                return Err(());
            }
        }
        let offset = address.checked_sub(self.rest_start).ok_or(())? as usize;
        self.rest.get(offset..offset + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_ne_bytes).ok_or(())
    }

    fn read_chunk(&mut self) -> bool {
        let known = self.rest.len();
        self.rest.resize(known + CHUNK, 0);
        let from = self.rest_start + known as u64;
        let read = sys::read_process_memory(self.taken.pid, from, &mut self.rest[known..]);
        self.rest.truncate(known + read);
        read > 0
    }

    fn was_read(&self) -> bool {
        !self.rest.is_empty()
    }

    /// Whether unwinding stopped because there was no more stack to read, not because of the code.
    fn ran_out(&self) -> bool {
        self.exhausted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Code in which every frame is 16 bytes, its return address in the upper 8.
    struct Frames;

    impl Code for Frames {
        fn locate(&mut self, address: u64) -> Located {
            Located { frame: address as u32, trampoline: false, code: None }
        }

        fn step<F: FnMut(u64) -> Result<u64, ()>>(
            &mut self,
            _: &Located,
            _: FrameAddress,
            registers: &mut UnwindRegsX86_64,
            read_stack: &mut F,
        ) -> Result<Option<u64>, framehop::Error> {
            let at = registers.sp() + 8;
            let next = read_stack(at).map_err(|()| framehop::Error::CouldNotReadStack(at))?;
            registers.set_sp(at + 8);
            Ok(Some(next))
        }

        fn is_plausible_root(&self, _: &Located, _: u64) -> bool {
            true
        }
    }

    /// A stack of `depth` frames in our own memory; the root's return address is zero.
    fn stack(depth: u64) -> Vec<u64> {
        (0..depth).flat_map(|level| [0, if level + 1 == depth { 0 } else { 1000 + level }]).collect()
    }

    fn taken(stack: &[u64], copied: usize, full: bool) -> Taken<'_> {
        // SAFETY: any u64 is eight valid bytes.
        let bytes = unsafe { std::slice::from_raw_parts(stack.as_ptr().cast::<u8>(), copied) };
        let registers = Registers { bp: 0, sp: stack.as_ptr() as u64, ip: 500 };
        Taken { pid: std::process::id() as i32, registers, stack: bytes, full }
    }

    fn run(taken: Taken, chain: &[u64], remembered: &mut Vec<Step>) -> (Vec<u32>, Outcome) {
        let mut steps = Vec::new();
        let outcome = unwind(&mut Frames, taken, chain, remembered, &mut steps);
        (steps.iter().map(|step| step.frame).collect(), outcome)
    }

    #[test]
    fn a_stack_inside_its_copy_is_complete() {
        let stack = stack(4);
        let (frames, outcome) = run(taken(&stack, 64, false), &[], &mut Vec::new());
        assert_eq!((frames, outcome), (vec![500, 999, 1000, 1001], Outcome::default()));
    }

    #[test]
    fn a_longer_stack_is_read_from_memory_once_and_remembered() {
        let stack = stack(1000);
        let mut remembered = Vec::new();
        let (first, outcome) = run(taken(&stack, 64, true), &[], &mut remembered);
        assert_eq!((first.len(), outcome), (1000, Outcome { spliced: true, ..Outcome::default() }));
        // The memory of no process: only the remembered stack can complete it.
        let gone = Taken { pid: i32::MAX, ..taken(&stack, 64, true) };
        assert_eq!(run(gone, &[], &mut remembered).0, first);
    }

    #[test]
    fn an_unreadable_rest_is_truncated_and_said_so() {
        let stack = stack(100);
        let gone = Taken { pid: i32::MAX, ..taken(&stack, 64, true) };
        let (frames, outcome) = run(gone, &[], &mut Vec::new());
        assert_eq!(frames.len(), 5);
        assert!(outcome.truncated);
    }

    #[test]
    fn the_kernels_chain_goes_on_where_unwinding_stops() {
        let stack = stack(100);
        let gone = Taken { pid: i32::MAX, ..taken(&stack, 64, true) };
        let (frames, outcome) = run(gone, &[500, 1003, 2001, 2002], &mut Vec::new());
        assert_eq!(frames[4..], [1002, 2000, 2001]);
        assert!(outcome.spliced && outcome.truncated, "frame pointers alone do not prove the root");
    }

    #[test]
    fn the_root_of_an_older_stack_is_kept_below_a_gap() {
        let stack = stack(100);
        let top = stack.as_ptr() as u64;
        let mut remembered = vec![Step { frame: 7, sp: top + 900 }, Step { frame: 8, sp: top + 1000 }];
        let gone = Taken { pid: i32::MAX, ..taken(&stack, 64, true) };
        let (frames, outcome) = run(gone, &[], &mut remembered);
        assert_eq!(frames[5..], [7, 8]);
        assert_eq!((outcome.gap, outcome.truncated), (Some(5), false));
    }
}
