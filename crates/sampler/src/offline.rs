//! Unwinding without a process: one object at its own addresses, and a copy of a stack.
//!
//! This is the same walk as while recording, for tests, fuzzing and stacks from elsewhere.

use std::sync::Arc;

use crate::binary::Binary;
use crate::record::UserRegisters;
use crate::registers::Registers;
use crate::unwind::{self, Code, Located, Memory, Taken};

/// A stack that was walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// Addresses from the leaf; those of callers lie one byte before the return address.
    pub addresses: Vec<u64>,
    /// Whether the root was reached.
    pub complete: bool,
}

/// Walks a stack that was copied from `registers.sp` on. Never fails: what cannot be followed ends the walk.
pub fn walk(object: &[u8], registers: UserRegisters, stack: &[u8]) -> Walked {
    let binary = Binary::from_bytes("object", Arc::from(object));
    let mut code = Object { binary, addresses: Vec::new() };
    let mut steps = Vec::new();
    let taken = Taken { memory: &|_, _| 0, lives: false, registers, stack, time: 0 };
    let outcome = unwind::unwind(&mut code, taken, &[], &mut Memory::default(), &mut steps);
    let addresses = steps.iter().map(|step| code.addresses[step.frame as usize]).collect();
    Walked { addresses, complete: !outcome.truncated }
}

struct Object {
    binary: Binary,
    addresses: Vec<u64>,
}

impl Code for Object {
    fn locate(&mut self, address: u64) -> Located {
        self.addresses.push(address);
        let frame = self.addresses.len() as u32 - 1;
        let rule = self.binary.rule(address);
        Located { frame, rule, mapped: self.binary.holds(address), code: Some((0, 0)) }
    }

    fn evaluate<F: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        _: &Located,
        address: u64,
        registers: &mut Registers,
        read_stack: &mut F,
    ) -> Option<u64> {
        self.binary.evaluate(address, registers, read_stack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stack_that_begins_at_the_entry_is_complete() {
        let object = std::fs::read("/bin/true").unwrap();
        let entry = u64::from_le_bytes(object[24..32].try_into().unwrap());
        let walked =
            walk(&object, UserRegisters { sp: 0x1000, ip: entry, ..UserRegisters::default() }, &[0; 64]);
        assert_eq!(walked, Walked { addresses: vec![entry], complete: true });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn corrupt_unwind_information_ends_the_walk(
            flips in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..200),
            ip in 0u64..0x10000,
            bp in 0x1000u64..0x1400,
            stack in proptest::collection::vec(any::<u8>(), 0..1024),
        ) {
            let mut object = std::fs::read("/bin/true").unwrap();
            for (at, value) in flips {
                let at = at.index(object.len());
                object[at] = value;
            }
            let walked = walk(&object, UserRegisters { bp, sp: 0x1000, ip, ..UserRegisters::default() }, &stack);
            // Each frame but the leaf takes a word of the copy at least.
            prop_assert!(walked.addresses.len() <= stack.len() / 8 + 2);
        }
    }
}
