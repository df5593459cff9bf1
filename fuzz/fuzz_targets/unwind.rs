//! Any bytes as an object and a stack: the walk ends.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_sampler::offline;
use pyrometer_sampler::record::UserRegisters;

const STACK: u64 = 0x7000_0000;

fuzz_target!(|input: (u64, u16, Vec<u8>, &[u8])| {
    let (ip, bp, stack, object) = input;
    let registers = UserRegisters { bp: STACK + u64::from(bp), sp: STACK, ip, ..UserRegisters::default() };
    let walked = offline::walk(object, registers, &stack);
    // Each stretch between two signal frames goes up the stack by words.
    assert!(walked.addresses.len() <= 65 * (stack.len() / 8 + 2));
});
