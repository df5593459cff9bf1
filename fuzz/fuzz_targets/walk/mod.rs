//! Walks a stack that was copied from a fixed address.

use pyrometer_sampler::offline;
use pyrometer_sampler::record::UserRegisters;

const STACK: u64 = 0x7000_0000;
/// A step to the next frame goes up the stack by a word at least; each signal frame may begin anew.
const SIGNALS: usize = 65;

/// The instruction pointer comes first in `registers`, then places in the stack that others point to.
pub fn walk(registers: &[u8], stack: &[u8], object: &[u8]) {
    let word = |at: usize| {
        registers
            .get(8 * at..8 * at + 8)
            .map_or(0, |word| u64::from_le_bytes(word.try_into().expect("eight")))
    };
    let place = |at: usize| STACK + word(at) % 0x1_0000;
    let taken = UserRegisters {
        ip: word(0),
        sp: STACK,
        bp: place(1),
        bx: place(2),
        cx: word(7),
        r12_to_r15: [place(3), place(4), word(5), word(6)],
    };
    let walked = offline::walk(object, taken, stack);
    assert!(walked.addresses.len() <= SIGNALS * (stack.len() / 8 + 2));
}
