//! Unwinding without a process: one object at its own addresses, and a copy of a stack.
//!
//! This is the same walk as while recording, for tests, fuzzing and stacks from elsewhere.

use std::sync::Arc;

use framehop::FrameAddress;
use framehop::x86_64::UnwindRegsX86_64;

use crate::binary::{Binary, RuleCaches};
use crate::record::Registers;
use crate::unwind::{self, Code, Located, Memory, Taken};

/// No process has this id: nothing beyond the copy of the stack can be read.
const NOBODY: i32 = -1;

/// A stack that was walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// Addresses from the leaf; those of callers lie one byte before the return address.
    pub addresses: Vec<u64>,
    /// Whether the root was reached.
    pub complete: bool,
}

/// Walks a stack that was copied from `registers.sp` on. Never fails: what cannot be followed ends the walk.
pub fn walk(object: &[u8], registers: Registers, stack: &[u8]) -> Walked {
    let binary = Binary::from_bytes("object", Arc::from(object));
    let mut code = Object { binary, caches: RuleCaches::new(), addresses: Vec::new() };
    let mut steps = Vec::new();
    let taken = Taken { pid: NOBODY, registers, stack, time: 0 };
    let outcome = unwind::unwind(&mut code, taken, &[], &mut Memory::default(), &mut steps);
    let addresses = steps.iter().map(|step| code.addresses[step.frame as usize]).collect();
    Walked { addresses, complete: !outcome.truncated }
}

struct Object {
    binary: Binary,
    caches: RuleCaches,
    addresses: Vec<u64>,
}

impl Code for Object {
    fn locate(&mut self, address: u64) -> Located {
        self.addresses.push(address);
        let frame = self.addresses.len() as u32 - 1;
        Located { frame, rule: self.binary.rule(address), code: Some((0, 0)) }
    }

    fn step<F: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        located: &Located,
        address: FrameAddress,
        registers: &mut UnwindRegsX86_64,
        read_stack: &mut F,
    ) -> Result<Option<u64>, framehop::Error> {
        self.binary.step(located.rule, address, registers, &mut self.caches, read_stack)
    }

    fn is_plausible_root(&self, _: &Located, address: u64) -> bool {
        self.binary.is_plausible_root(address)
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
        let walked = walk(&object, Registers { bp: 0, sp: 0x1000, ip: entry }, &[0; 64]);
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
            let walked = walk(&object, Registers { bp, sp: 0x1000, ip }, &stack);
            // Each frame but the leaf takes a word of the copy at least.
            prop_assert!(walked.addresses.len() <= stack.len() / 8 + 2);
        }
    }
}
