//! Lanes of every processor: numbers of 64 bits.

use super::{Block, Lanes, Seed};

/// Eight of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words;

const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;
const HIGH_BITS: u64 = !LOW_BITS;
const ENDS: u64 = u64::from_ne_bytes([b'\n'; 8]);

impl Lanes for Words {
    type Key = [u64; 8];

    #[inline(always)]
    fn load(self, block: &Block, length: usize) -> Self::Key {
        let words = words(block);
        std::array::from_fn(|index| {
            let kept = length.saturating_sub(index * 8).min(8) as u32;
            // Shifted in two steps: by 64 at once is not defined.
            words[index] & !(u64::MAX << (kept * 4) << (kept * 4))
        })
    }

    #[inline(always)]
    fn begins(self, block: &Block, length: usize, key: Self::Key) -> bool {
        let other = self.load(block, length);
        key.iter().zip(&other).fold(0, |different, (one, other)| different | (one ^ other)) == 0
    }

    /// As wyhash: products of 128 bits, folded.
    #[inline(always)]
    fn hash_short(self, key: Self::Key, length: usize, seed: &Seed) -> u64 {
        let pair = |at: usize| fold(key[at] ^ seed.0[at], key[at + 1] ^ seed.0[at + 1]);
        let mixed = pair(0) ^ pair(2).rotate_left(17) ^ pair(4).rotate_left(31) ^ pair(6).rotate_left(47);
        fold(mixed ^ seed.0[1], seed.0[0] ^ length as u64)
    }

    #[inline(always)]
    fn look_through(self, block: &Block) -> (u64, bool) {
        let (mut ends, mut all) = (0, 0);
        for (index, word) in words(block).into_iter().enumerate() {
            let different = word ^ ENDS;
            let equal = !(((different & LOW_BITS) + LOW_BITS) | different) & HIGH_BITS;
            ends |= gathered(equal) << (index * 8);
            all |= word;
        }
        (ends, all & HIGH_BITS == 0)
    }

    #[inline(always)]
    fn which(self, numbers: &[u8; 32], mask: u32, bits: u32) -> u32 {
        let (numbers, _) = numbers.as_chunks();
        let equal = |(index, number)| u32::from(u32::from_ne_bytes(number) & mask == bits) << index;
        numbers.iter().copied().enumerate().map(equal).sum()
    }
}

#[inline(always)]
fn words(block: &Block) -> [u64; 8] {
    let (words, _) = block.as_chunks();
    std::array::from_fn(|index| u64::from_le_bytes(words[index]))
}

#[inline(always)]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// The highest bits of eight bytes beside each other.
#[inline(always)]
fn gathered(bits: u64) -> u64 {
    (bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
