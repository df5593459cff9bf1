//! One stack, from the registers and the copy of the stack that came with a sample.
//!
//! The copy may be shorter than the stack: it has a limit, and it ends at the first page that was
//! never touched, such as the middle of a large local array. Then, in this order:
//! 1. the rest is read from the process' memory, as far as a budget goes;
//! 2. behind the budget, the rest is taken from the thread's last complete stack, where that has
//!    the very same frame at the very same stack address;
//! 3. the frame-pointer chain that the kernel walked is followed, where it knows the last frame;
//! 4. the root part of the thread's last complete stack is kept, and what lies between is said to
//!    be left out;
//! 5. the stack is marked as truncated.

use crate::cfi::Rule;
use crate::record::UserRegisters;
use crate::registers::Registers;

/// Bytes read from a process' memory at first; each further read is four times as long.
const FIRST_READ: usize = 4 << 10;
const LARGEST_READ: usize = 256 << 10;
/// Bytes read for one sample, usually and once in a while.
const BUDGET: usize = 256 << 10;
const DEEP_BUDGET: usize = 32 << 20;
/// After a thread's stack was read to its end, however deep, this many nanoseconds a byte pass until
/// the next time: at about one nanosecond a byte, deep stacks cost the recorder a twentieth of a CPU.
const REST: u64 = 20;
/// Signal handlers that interrupted each other; a broken stack could lead in a circle.
const NESTED_SIGNALS: u32 = 64;
/// Frames of one stack that are found by expressions, which cost the most and may lead anywhere.
const EVALUATIONS: u32 = 4096;
/// A call puts the return address on the stack, so a caller's frame is a word higher at least.
const SMALLEST_FRAME: u64 = 8;
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
    /// How to go on from it.
    pub(crate) rule: Rule,
    /// Whether there is code at all: a caller that is nowhere is no caller.
    pub(crate) mapped: bool,
    /// The binary and how far it was moved, if the address is in one.
    pub(crate) code: Option<(u32, u64)>,
}

/// What unwinding asks of the process.
pub(crate) trait Code {
    /// What is at an address; for a caller, at one inside its call.
    fn locate(&mut self, address: u64) -> Located;
    /// One step by [`Rule::Expression`].
    fn evaluate<F: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        located: &Located,
        address: u64,
        registers: &mut Registers,
        read_stack: &mut F,
    ) -> Option<u64>;
}

/// What came with the sample.
#[derive(Clone, Copy)]
pub(crate) struct Taken<'a> {
    /// Copies memory of the process from an address on; returns how many bytes could be.
    pub(crate) memory: &'a dyn Fn(u64, &mut [u8]) -> usize,
    /// Whether the process lives, so that its stack could be followed at the samples before. Where only copies are
    /// to be had, a stack that reached its root was a small one, and tells nothing of the root of a large one.
    pub(crate) lives: bool,
    pub(crate) registers: UserRegisters,
    pub(crate) stack: &'a [u8],
    /// When, nanoseconds.
    pub(crate) time: u64,
}

/// What is known of a thread's stack from its samples before.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Its last complete stack, leaf first.
    steps: Vec<Step>,
    /// From when on a stack of it may be read beyond the usual budget.
    rested: u64,
}

/// Unwinds into `steps`, leaf first. `chain` is the kernel's own frame-pointer walk.
pub(crate) fn unwind(
    code: &mut impl Code,
    taken: Taken,
    chain: &[u64],
    memory: &mut Memory,
    steps: &mut Vec<Step>,
) -> Outcome {
    let mut stack = Stack::new(taken, if taken.time >= memory.rested { DEEP_BUDGET } else { BUDGET });
    let (outcome, joined) = Walk { code, steps, chain, remembered: &memory.steps }.run(taken, &mut stack);
    if stack.read > BUDGET {
        memory.rested = taken.time.saturating_add(REST * stack.read as u64);
    }
    // What was completed from memory teaches nothing new, and may be long.
    if !outcome.truncated && outcome.gap.is_none() && !joined {
        memory.steps.clone_from(steps);
    }
    outcome
}

struct Walk<'a, C> {
    code: &'a mut C,
    steps: &'a mut Vec<Step>,
    chain: &'a [u64],
    remembered: &'a [Step],
}

impl<C: Code> Walk<'_, C> {
    /// Walks to the root; the second value tells whether the root is from the remembered stack.
    fn run(&mut self, taken: Taken, stack: &mut Stack) -> (Outcome, bool) {
        let mut registers = Registers::of(&taken.registers);
        let mut exact = !taken.registers.in_system_call();
        loop {
            let lookup = registers.ip.wrapping_sub(u64::from(!exact));
            let located = self.code.locate(lookup);
            if !located.mapped && !self.steps.is_empty() {
                return self.give_up(registers.ip, stack);
            }
            let before = registers.sp;
            self.steps.push(Step { frame: located.frame, sp: before });
            if located.rule == Rule::Root {
                break;
            }
            let next = self.step(&located, lookup, &mut registers, stack);
            exact = located.rule == Rule::Signal;
            match next {
                Some(0) if !stack.was_freed() => break,
                Some(next) if next != 0 && (exact || is_above(registers.sp, before)) => {
                    registers.ip = next;
                }
                _ => return self.give_up(registers.ip, stack),
            }
        }
        (Outcome { spliced: stack.was_read(), ..Outcome::default() }, false)
    }

    fn step(
        &mut self,
        located: &Located,
        lookup: u64,
        registers: &mut Registers,
        stack: &mut Stack,
    ) -> Option<u64> {
        let is_leaf = self.steps.len() == 1;
        if located.rule == Rule::Signal {
            stack.switches += 1;
        }
        let in_a_circle = stack.switches > NESTED_SIGNALS;
        if located.rule == Rule::Expression {
            return self.evaluate(located, lookup, registers, stack);
        }
        let read = &mut |at| stack.read(at);
        match located.rule {
            Rule::Offsets(offsets) => offsets.step(registers, read),
            Rule::FramePointer if !is_leaf && registers.ends_frame_pointers(read) => Some(0),
            Rule::Uncovered if is_leaf => registers.step_by_return(read),
            Rule::Uncovered | Rule::FramePointer => registers.step_by_frame_pointer(read),
            Rule::Signal if !in_a_circle => registers.step_over_signal(read),
            Rule::Signal | Rule::Root | Rule::Expression => None,
        }
    }

    /// One step by an expression. It may compute a return address without looking at the stack; that
    /// there is a word of stack below the caller's frame bounds the walk all the same.
    fn evaluate(
        &mut self,
        located: &Located,
        lookup: u64,
        registers: &mut Registers,
        stack: &mut Stack,
    ) -> Option<u64> {
        stack.evaluations += 1;
        if stack.evaluations > EVALUATIONS {
            return None;
        }
        let next = self.code.evaluate(located, lookup, registers, &mut |at| stack.read(at))?;
        let top = registers.sp.checked_sub(SMALLEST_FRAME)?;
        stack.read(top).is_ok().then_some(next)
    }

    /// The stack could not be followed from `address` on.
    fn give_up(&mut self, address: u64, stack: &Stack) -> (Outcome, bool) {
        let spliced = Outcome { spliced: true, ..Outcome::default() };
        if stack.ran_out() && self.join(Step::eq) {
            return (spliced, true);
        }
        let last = self.steps.last().map_or(0, |step| step.sp);
        let followed = self.follow_chain(address, last);
        // A frame-pointer walk has no stack addresses: the frame alone must do.
        if followed && self.join(|known, step| known.frame == step.frame) {
            return (spliced, true);
        }
        let rest = self.remembered.partition_point(|known| known.sp <= last);
        let root = &self.remembered[rest.max(self.remembered.len().saturating_sub(ROOT_FRAMES))..];
        if root.is_empty() || !stack.taken.lives || !(stack.ran_out() || followed) {
            return (Outcome { truncated: true, spliced: followed || stack.was_read(), gap: None }, false);
        }
        let gap = Some(self.steps.len());
        self.steps.extend_from_slice(root);
        (Outcome { gap, ..spliced }, true)
    }

    /// Goes on with the remembered stack behind its frame nearest to the root that is the `same` as
    /// the last one.
    fn join(&mut self, same: impl Fn(&Step, &Step) -> bool) -> bool {
        let Some(last) = self.steps.last().copied() else { return false };
        let Some(at) = self.remembered.iter().rposition(|known| same(known, &last)) else { return false };
        self.steps.extend_from_slice(&self.remembered[at + 1..]);
        true
    }

    /// Adds what the kernel's frame-pointer walk has behind the last frame.
    fn follow_chain(&mut self, address: u64, sp: u64) -> bool {
        let Some(at) = self.chain.iter().position(|known| *known == address) else { return false };
        let rest = &self.chain[at + 1..];
        for return_address in rest {
            let located = self.code.locate(return_address.wrapping_sub(1));
            self.steps.push(Step { frame: located.frame, sp });
        }
        !rest.is_empty()
    }
}

/// Whether a caller's stack pointer is where one can be.
fn is_above(caller: u64, callee: u64) -> bool {
    callee.checked_add(SMALLEST_FRAME).is_some_and(|lowest| caller >= lowest)
}

/// The stack: first the copy, behind it the process' own memory.
struct Stack<'a> {
    taken: Taken<'a>,
    /// What was read last.
    window: Vec<u8>,
    window_start: u64,
    next_read: usize,
    read: usize,
    /// Whether anything but zero was read of the process' memory.
    told: bool,
    budget: usize,
    exhausted: bool,
    /// How often a signal was stepped over: its handler may have had a stack of its own, so that
    /// frames may be anywhere.
    switches: u32,
    /// How often a frame was found by an expression.
    evaluations: u32,
}

impl<'a> Stack<'a> {
    fn new(taken: Taken<'a>, budget: usize) -> Self {
        Self {
            taken,
            window: Vec::new(),
            window_start: 0,
            next_read: FIRST_READ,
            read: 0,
            told: false,
            budget,
            exhausted: false,
            switches: 0,
            evaluations: 0,
        }
    }

    #[inline]
    fn read(&mut self, address: u64) -> Result<u64, ()> {
        word(self.taken.stack, self.taken.registers.sp, address).map_or_else(|| self.read_memory(address), Ok)
    }

    #[cold]
    fn read_memory(&mut self, address: u64) -> Result<u64, ()> {
        let word = self.find_in_memory(address)?;
        self.told |= word != 0;
        Ok(word)
    }

    fn find_in_memory(&mut self, address: u64) -> Result<u64, ()> {
        let outside = address.wrapping_sub(self.taken.registers.sp) > DEEP_BUDGET as u64;
        if outside && self.switches == 0 {
            return Err(());
        }
        if let Some(word) = word(&self.window, self.window_start, address) {
            return Ok(word);
        }
        if self.read + self.next_read > self.budget {
            self.exhausted = true;
            return Err(());
        }
        self.window.resize(self.next_read, 0);
        self.window_start = address & !7;
        let got = (self.taken.memory)(self.window_start, &mut self.window);
        self.window.truncate(got);
        self.read += got;
        self.next_read = (self.next_read * 4).min(LARGEST_READ);
        self.exhausted = got == 0;
        word(&self.window, self.window_start, address).ok_or(())
    }

    /// Whether anything was taken from the process' memory.
    fn was_read(&self) -> bool {
        self.read > 0
    }

    /// Whether the memory behind the copy is the stack no longer: a thread that ends, or that gives a coroutine's
    /// stack back, leaves zeros there, which would look like the end of the stack.
    fn was_freed(&self) -> bool {
        self.was_read() && !self.told
    }

    /// Whether unwinding stopped because there was no more stack to read, not because of the code.
    fn ran_out(&self) -> bool {
        self.exhausted || self.was_freed()
    }
}

/// The word at `address` in bytes that begin at `start`.
#[inline]
fn word(bytes: &[u8], start: u64, address: u64) -> Option<u64> {
    let offset = address.checked_sub(start)? as usize;
    let word = bytes.get(offset..offset.checked_add(8)?)?;
    word.try_into().ok().map(u64::from_le_bytes)
}

// The stacks of these tests lie in our own memory.
#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// Code in which every frame is 16 bytes, its return address in the upper 8.
    struct Frames;

    impl Code for Frames {
        fn locate(&mut self, address: u64) -> Located {
            Located { frame: address as u32, rule: Rule::Expression, mapped: address < 10_000, code: None }
        }

        fn evaluate<F: FnMut(u64) -> Result<u64, ()>>(
            &mut self,
            _: &Located,
            _: u64,
            registers: &mut Registers,
            read_stack: &mut F,
        ) -> Option<u64> {
            let next = read_stack(registers.sp + 8).ok()?;
            registers.sp += 16;
            Some(next)
        }
    }

    /// A stack of `depth` frames in our own memory; the root's return address is zero.
    fn stack(depth: u64) -> Vec<u64> {
        (0..depth).flat_map(|level| [0, if level + 1 == depth { 0 } else { 1000 + level }]).collect()
    }

    fn taken(stack: &[u64], copied: usize) -> Taken<'_> {
        // SAFETY: any u64 is eight valid bytes.
        let bytes = unsafe { std::slice::from_raw_parts(stack.as_ptr().cast::<u8>(), copied) };
        let registers = UserRegisters { sp: stack.as_ptr() as u64, ip: 500, ..UserRegisters::default() };
        Taken { memory: &own_memory, lives: true, registers, stack: bytes, time: 0 }
    }

    /// Our own memory, as a recorder reads it. Only what lies in the stack of the test is asked for first;
    /// what lies behind it ends the read.
    fn own_memory(address: u64, into: &mut [u8]) -> usize {
        crate::live::sys::read_process_memory(std::process::id() as i32, address, into)
    }

    fn run(taken: Taken, chain: &[u64], memory: &mut Memory) -> (Vec<u32>, Outcome) {
        let mut steps = Vec::new();
        let outcome = unwind(&mut Frames, taken, chain, memory, &mut steps);
        (steps.iter().map(|step| step.frame).collect(), outcome)
    }

    #[test]
    fn a_stack_inside_its_copy_is_complete() {
        let stack = stack(4);
        let (frames, outcome) = run(taken(&stack, 64), &[], &mut Memory::default());
        assert_eq!((frames, outcome), (vec![500, 999, 1000, 1001], Outcome::default()));
    }

    #[test]
    fn a_thread_inside_a_system_call_is_where_it_called() {
        let stack = stack(4);
        let mut taken = taken(&stack, 64);
        taken.registers.cx = taken.registers.ip;
        assert_eq!(run(taken, &[], &mut Memory::default()).0, [499, 999, 1000, 1001]);
    }

    #[test]
    fn a_longer_stack_is_read_from_memory_once_and_remembered() {
        let stack = stack(1000);
        let mut memory = Memory::default();
        let (first, outcome) = run(taken(&stack, 64), &[], &mut memory);
        assert_eq!((first.len(), outcome), (1000, Outcome { spliced: true, ..Outcome::default() }));
        // The memory of no process: only the remembered stack can complete it.
        let gone = Taken { memory: &|_, _| 0, ..taken(&stack, 64) };
        assert_eq!(run(gone, &[], &mut memory).0, first);
    }

    #[test]
    fn an_unreadable_rest_is_truncated_and_said_so() {
        let stack = stack(100);
        let gone = Taken { memory: &|_, _| 0, ..taken(&stack, 64) };
        let (frames, outcome) = run(gone, &[], &mut Memory::default());
        assert_eq!(frames.len(), 5);
        assert!(outcome.truncated);
    }

    #[test]
    fn a_stack_that_was_freed_since_is_completed_from_the_one_before_or_truncated() {
        let stack = stack(100);
        let zeros = |_: u64, into: &mut [u8]| {
            into.fill(0);
            into.len()
        };
        let freed = Taken { memory: &zeros, ..taken(&stack, 64) };
        let (frames, outcome) = run(freed, &[], &mut Memory::default());
        assert_eq!((frames.len(), outcome), (5, Outcome { truncated: true, spliced: true, gap: None }));
        let mut memory = Memory::default();
        let (whole, _) = run(taken(&stack, 64), &[], &mut memory);
        let (frames, outcome) = run(freed, &[], &mut memory);
        assert_eq!((frames, outcome), (whole.clone(), Outcome { spliced: true, ..Outcome::default() }));
        assert_eq!(memory.steps.len(), whole.len());
    }

    #[test]
    fn addresses_far_from_the_stack_are_not_read() {
        let stack = stack(4);
        let mut memory = Stack::new(taken(&stack, 64), BUDGET);
        assert!(memory.read(stack.as_ptr() as u64 - 8).is_err());
        assert!(memory.read(stack.as_ptr() as u64 + DEEP_BUDGET as u64 + 8).is_err());
        memory.switches = 1;
        assert_eq!(memory.read(stack.as_ptr() as u64 + 8), Ok(1000));
    }

    /// Code whose every frame is a signal trampoline.
    struct Trampolines;

    impl Code for Trampolines {
        fn locate(&mut self, _: u64) -> Located {
            Located { frame: 1, rule: Rule::Signal, mapped: true, code: None }
        }

        fn evaluate<F: FnMut(u64) -> Result<u64, ()>>(
            &mut self,
            _: &Located,
            _: u64,
            _: &mut Registers,
            _: &mut F,
        ) -> Option<u64> {
            None
        }
    }

    #[test]
    fn signal_frames_in_a_circle_end() {
        let (mut stack, mut steps) = (vec![0x1000; 32], Vec::new());
        // The saved stack pointer of the interrupted frame is the trampoline's own.
        stack[160 / 8] = stack.as_ptr() as u64;
        let outcome = unwind(&mut Trampolines, taken(&stack, 256), &[], &mut Memory::default(), &mut steps);
        assert!(outcome.truncated);
        assert_eq!(steps.len(), NESTED_SIGNALS as usize + 1);
    }

    /// Code whose every frame is said to have its caller `0` bytes higher, at an address that was not read.
    struct Climbing(u64);

    impl Code for Climbing {
        fn locate(&mut self, _: u64) -> Located {
            Located { frame: 1, rule: Rule::Expression, mapped: true, code: None }
        }

        fn evaluate<F: FnMut(u64) -> Result<u64, ()>>(
            &mut self,
            _: &Located,
            _: u64,
            registers: &mut Registers,
            _: &mut F,
        ) -> Option<u64> {
            registers.sp += self.0;
            Some(500)
        }
    }

    fn climb(step: u64, words: usize) -> (usize, Outcome) {
        let (stack, mut steps) = (vec![0; words], Vec::new());
        let gone = Taken { memory: &|_, _| 0, ..taken(&stack, 8 * words) };
        let outcome = unwind(&mut Climbing(step), gone, &[], &mut Memory::default(), &mut steps);
        (steps.len(), outcome)
    }

    #[test]
    fn return_addresses_that_are_computed_end_with_the_stack() {
        let (frames, outcome) = climb(16, 8);
        assert_eq!((frames, outcome.truncated), (5, true));
    }

    #[test]
    fn a_frame_smaller_than_a_return_address_ends_the_walk() {
        assert_eq!(climb(1, 64).0, 1);
    }

    #[test]
    fn a_stack_of_nothing_but_expressions_is_cut() {
        assert_eq!(climb(8, 10_000).0, EVALUATIONS as usize + 1);
    }

    #[test]
    fn a_return_address_into_nowhere_is_no_frame() {
        let mut stack = stack(4);
        stack[3] = 0xdead_beef;
        let (frames, outcome) = run(taken(&stack, 64), &[], &mut Memory::default());
        assert_eq!((frames, outcome.truncated), (vec![500, 999], true));
    }

    #[test]
    fn the_kernels_chain_goes_on_where_unwinding_stops() {
        let stack = stack(100);
        let gone = Taken { memory: &|_, _| 0, ..taken(&stack, 64) };
        let (frames, outcome) = run(gone, &[500, 1003, 2001, 2002], &mut Memory::default());
        assert_eq!(frames[4..], [1002, 2000, 2001]);
        assert!(outcome.spliced && outcome.truncated, "frame pointers alone do not prove the root");
    }

    #[test]
    fn the_root_of_an_older_stack_is_kept_below_a_gap() {
        let stack = stack(100);
        let top = stack.as_ptr() as u64;
        let steps = vec![Step { frame: 7, sp: top + 900 }, Step { frame: 8, sp: top + 1000 }];
        let mut memory = Memory { steps, rested: 0 };
        let gone = Taken { memory: &|_, _| 0, ..taken(&stack, 64) };
        let (frames, outcome) = run(gone, &[], &mut memory);
        assert_eq!(frames[5..], [7, 8]);
        assert_eq!((outcome.gap, outcome.truncated), (Some(5), false));
    }

    #[test]
    fn where_there_are_only_copies_no_root_is_guessed() {
        let stack = stack(100);
        let top = stack.as_ptr() as u64;
        let mut memory = Memory { steps: vec![Step { frame: 8, sp: top + 1000 }], rested: 0 };
        let copied = Taken { memory: &|_, _| 0, lives: false, ..taken(&stack, 64) };
        let (frames, outcome) = run(copied, &[], &mut memory);
        assert_eq!((frames.len(), outcome.truncated, outcome.gap), (5, true, None));
    }
}
