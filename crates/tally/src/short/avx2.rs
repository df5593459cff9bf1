//! Lanes of processors with AVX2 and AES: two registers of 32 bytes.

use std::arch::x86_64::*;

use super::{Block, Lanes, SHORT, Seed, Task};

/// Two registers of 32 bytes, and the rounds of AES. There is one only where the processor has both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

/// From `SHORT - length` on: as many ones as a key has bytes, then zeroes.
static MASKS: [u8; 2 * SHORT] = {
    let mut masks = [0; 2 * SHORT];
    let mut at = 0;
    while at < SHORT {
        masks[at] = 0xff;
        at += 1;
    }
    masks
};

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt");
        has.then_some(Self(()))
    }

    #[inline]
    pub(super) fn run<T: Task>(self, task: T) -> T::Output {
        // SAFETY: `self` is made by `detect` only, which asked for these features.
        unsafe { with_features(task, self) }
    }
}

#[target_feature(enable = "avx2,aes,bmi1,bmi2,popcnt")]
fn with_features<T: Task>(task: T, lanes: Avx2) -> T::Output {
    task.run(lanes)
}

impl Lanes for Avx2 {
    type Key = [__m256i; 2];

    #[inline(always)]
    fn load(self, block: &Block, length: usize) -> Self::Key {
        let mask: &Block = MASKS[SHORT - length.min(SHORT)..].first_chunk().unwrap_or(&[0; SHORT]);
        let ([low, high], [low_mask, high_mask]) = (halves(block), halves(mask));
        // SAFETY: there is AVX2 where there is `self`.
        unsafe { [_mm256_and_si256(low, low_mask), _mm256_and_si256(high, high_mask)] }
    }

    #[inline(always)]
    fn begins(self, block: &Block, length: usize, key: Self::Key) -> bool {
        let other = self.load(block, length);
        // SAFETY: there is AVX2 where there is `self`.
        let equal = |at: usize| unsafe { _mm256_movemask_epi8(_mm256_cmpeq_epi8(key[at], other[at])) };
        equal(0) & equal(1) == -1
    }

    /// Two rounds of AES with keys that nobody knows for each 16 bytes, and two for their sum.
    #[inline(always)]
    fn hash_short(self, key: Self::Key, length: usize, seed: &Seed) -> u64 {
        // SAFETY: there are AVX2 and AES where there is `self`.
        unsafe {
            let keys = seed.keys();
            let parts = [
                _mm256_castsi256_si128(key[0]),
                _mm256_extracti128_si256::<1>(key[0]),
                _mm256_castsi256_si128(key[1]),
                _mm256_extracti128_si256::<1>(key[1]),
            ];
            let mixed = |at: usize| {
                let once = _mm_aesenc_si128(_mm_xor_si128(parts[at], keys[at]), keys[(at + 1) % 4]);
                _mm_aesenc_si128(once, keys[(at + 2) % 4])
            };
            let sum = _mm_add_epi64(_mm_xor_si128(mixed(0), mixed(1)), _mm_xor_si128(mixed(2), mixed(3)));
            let sum = _mm_add_epi64(sum, _mm_cvtsi64_si128(length as i64));
            let sum = _mm_aesenc_si128(_mm_aesenc_si128(sum, keys[0]), keys[1]);
            _mm_cvtsi128_si64(sum).cast_unsigned()
        }
    }

    #[inline(always)]
    fn look_through(self, block: &Block) -> (u64, bool) {
        let [low, high] = halves(block);
        // SAFETY: there is AVX2 where there is `self`.
        unsafe {
            let end = _mm256_set1_epi8(b'\n' as i8);
            let ends = |half| _mm256_movemask_epi8(_mm256_cmpeq_epi8(half, end)) as u32;
            let others = _mm256_movemask_epi8(_mm256_or_si256(low, high));
            (u64::from(ends(low)) | u64::from(ends(high)) << 32, others == 0)
        }
    }

    #[inline(always)]
    fn which(self, numbers: &[u8; 32], mask: u32, bits: u32) -> u32 {
        // SAFETY: there is AVX2 where there is `self`; eight numbers of 32 bits are read, of whatever alignment.
        unsafe {
            let numbers = _mm256_loadu_si256(numbers.as_ptr().cast());
            let kept = _mm256_and_si256(numbers, _mm256_set1_epi32(mask.cast_signed()));
            let equal = _mm256_cmpeq_epi32(kept, _mm256_set1_epi32(bits.cast_signed()));
            _mm256_movemask_ps(_mm256_castsi256_ps(equal)) as u32
        }
    }
}

#[inline(always)]
fn halves(block: &Block) -> [__m256i; 2] {
    let start = block.as_ptr().cast::<__m256i>();
    // SAFETY: only where there is AVX2 this is called; both halves are within the block, of whatever alignment.
    unsafe { [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))] }
}

impl Seed {
    #[inline(always)]
    pub(super) fn keys(&self) -> [__m128i; 4] {
        let start = self.0.as_ptr().cast::<__m128i>();
        // SAFETY: eight numbers of 64 bits are four of 128.
        std::array::from_fn(|at| unsafe { _mm_loadu_si128(start.add(at)) })
    }
}
