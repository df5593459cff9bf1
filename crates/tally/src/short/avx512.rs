//! Lanes of processors with AVX-512 and AES for it: one register of 64 bytes.

use std::arch::x86_64::*;

use super::{Block, Lanes, SHORT, Seed, Task};

/// One register of 64 bytes that is loaded and compared as far as a mask says. There is one only where the
/// processor has such, and rounds of AES for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("vaes")
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

#[target_feature(enable = "avx512f,avx512bw,avx512vl,vaes,aes,bmi1,bmi2,popcnt")]
fn with_features<T: Task>(task: T, lanes: Avx512) -> T::Output {
    task.run(lanes)
}

impl Lanes for Avx512 {
    type Key = __m512i;

    #[inline(always)]
    fn load(self, block: &Block, length: usize) -> Self::Key {
        // SAFETY: there is AVX-512 where there is `self`; a block has 64 bytes.
        unsafe { _mm512_maskz_loadu_epi8(first(length), block.as_ptr().cast()) }
    }

    #[inline(always)]
    fn begins(self, block: &Block, length: usize, key: Self::Key) -> bool {
        // SAFETY: as above.
        unsafe {
            _mm512_mask_cmpneq_epi8_mask(first(length), key, _mm512_loadu_si512(block.as_ptr().cast())) == 0
        }
    }

    /// Two rounds of AES with keys that nobody knows for each 16 bytes, and two for their sum.
    #[inline(always)]
    fn hash_short(self, key: Self::Key, length: usize, seed: &Seed) -> u64 {
        // SAFETY: there are AVX-512 and AES where there is `self`.
        unsafe {
            let keys = seed.keys();
            let all = _mm512_loadu_si512(std::ptr::from_ref(seed).cast());
            let turned = _mm512_shuffle_i64x2::<0b00_11_10_01>(all, all);
            let once = _mm512_aesenc_epi128(_mm512_xor_si512(key, all), turned);
            let twice = _mm512_aesenc_epi128(once, _mm512_shuffle_i64x2::<0b01_00_11_10>(all, all));
            let halves =
                _mm256_xor_si256(_mm512_castsi512_si256(twice), _mm512_extracti64x4_epi64::<1>(twice));
            let sum = _mm_add_epi64(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves));
            let sum = _mm_add_epi64(sum, _mm_cvtsi64_si128(length as i64));
            let sum = _mm_aesenc_si128(_mm_aesenc_si128(sum, keys[0]), keys[1]);
            _mm_cvtsi128_si64(sum).cast_unsigned()
        }
    }

    #[inline(always)]
    fn look_through(self, block: &Block) -> (u64, bool) {
        // SAFETY: there is AVX-512 where there is `self`; a block has 64 bytes.
        unsafe {
            let bytes = _mm512_loadu_si512(block.as_ptr().cast());
            let ends = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\n' as i8));
            (ends, _mm512_movepi8_mask(bytes) == 0)
        }
    }

    #[inline(always)]
    fn which(self, numbers: &[u8; 32], mask: u32, bits: u32) -> u32 {
        // SAFETY: there is AVX-512 where there is `self`; eight numbers of 32 bits are read.
        unsafe {
            let numbers = _mm256_loadu_si256(numbers.as_ptr().cast());
            let kept = _mm256_and_si256(numbers, _mm256_set1_epi32(mask.cast_signed()));
            _mm256_cmpeq_epi32_mask(kept, _mm256_set1_epi32(bits.cast_signed())).into()
        }
    }
}

/// So many ones.
#[inline(always)]
fn first(length: usize) -> u64 {
    if length >= SHORT { u64::MAX } else { !(u64::MAX << length) }
}
