//! The kernel, as a binary among the others.

use std::fs;

use crate::binary::Binary;
use crate::kernel_text;

/// Its name in `binaries`.
pub(crate) const NAME: &str = "[kernel]";

/// Whether an address lies in the upper half, which is the kernel's.
pub(crate) fn is_kernel(address: u64) -> bool {
    address >> 63 == 1
}

/// The running kernel: its build id is known, its file is not needed (`/proc/kallsyms` names its code).
pub(crate) fn binary() -> Binary {
    let mut binary = Binary::nameless(NAME);
    binary.build_id = fs::read("/sys/kernel/notes").ok().and_then(|notes| kernel_text::build_id(&notes));
    binary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_addresses_are_the_upper_half() {
        assert!(is_kernel(0xffff_ffff_8100_0000) && !is_kernel(0x7fff_ffff_ffff));
    }
}
