//! The kernel, as a binary among the others.

/// Its name in `binaries`.
pub(crate) const NAME: &str = "[kernel]";

/// Whether an address lies in the upper half, which is the kernel's.
pub(crate) fn is_kernel(address: u64) -> bool {
    address >> 63 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_addresses_are_the_upper_half() {
        assert!(is_kernel(0xffff_ffff_8100_0000) && !is_kernel(0x7fff_ffff_ffff));
    }
}
