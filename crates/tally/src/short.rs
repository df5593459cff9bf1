//! Keys of up to 64 bytes, held in registers: hashed and compared without a branch on their length.
//!
//! What is done differently by different processors is behind one trait. A [`Task`] is compiled for each of them, with
//! everything that it calls inlined, and [`Processor`] says once which is run; so nothing is asked a line.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The longest key that is short. As many bytes must be readable from its beginning on.
pub(crate) const SHORT: usize = 64;
/// The bytes from a place on of which the first ones are a key.
pub(crate) type Block = [u8; SHORT];

/// What makes the hashes of this process its own, so that nobody can make lines that collide.
pub(crate) struct Seed([u64; 8]);

static SEED: LazyLock<Seed> = LazyLock::new(|| {
    let random = RandomState::new();
    Seed(std::array::from_fn(|index| random.hash_one(index)))
});

impl Seed {
    /// That of this process.
    pub(crate) fn of_process() -> &'static Self {
        &SEED
    }
}

/// How a processor works on blocks.
pub(crate) trait Lanes: Copy {
    /// A block's first bytes, zeroes behind them.
    type Key: Copy;

    fn load(self, block: &Block, length: usize) -> Self::Key;

    /// Whether a block's first `length` bytes are a key of that length.
    fn begins(self, block: &Block, length: usize, key: Self::Key) -> bool;

    /// The hash of a key of up to [`SHORT`] bytes.
    fn hash_short(self, key: Self::Key, length: usize, seed: &Seed) -> u64;

    /// Bit by bit, lowest first, which bytes end a line; and whether all are ASCII.
    fn look_through(self, block: &Block) -> (u64, bool);

    /// Bit by bit, lowest first, which of eight numbers of 32 bits, in the order of bytes of this processor, have these bits and no other of a mask.
    fn which(self, numbers: &[u8; 32], mask: u32, bits: u32) -> u32;

    /// The hash of the first `length` bytes of a text; fastest if there are [`SHORT`] in all.
    #[inline(always)]
    fn hash(self, text: &[u8], length: usize, seed: &Seed) -> u64 {
        if length > SHORT {
            return xxh3_64_with_seed(&text[..length], seed.0[0]);
        }
        match text.first_chunk() {
            Some(block) => self.hash_short(self.load(block, length), length, seed),
            None => {
                let mut block = [0; SHORT];
                block[..length].copy_from_slice(&text[..length]);
                self.hash_short(self.load(&block, length), length, seed)
            }
        }
    }
}

/// Something to be done with lanes. `run` has to be `#[inline(always)]`, and so has what it calls with them.
pub(crate) trait Task {
    type Output;
    fn run<L: Lanes>(self, lanes: L) -> Self::Output;
}

/// Which lanes there are here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Processor {
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    Any,
}

impl Processor {
    /// The fastest lanes of this processor.
    pub(crate) fn detect() -> Self {
        Self::all().next().unwrap_or(Self::Any)
    }

    /// All lanes that there are here, the fastest first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let own = [avx512::Avx512::detect().map(Self::Avx512), avx2::Avx2::detect().map(Self::Avx2)]
            .into_iter()
            .flatten();
        #[cfg(not(target_arch = "x86_64"))]
        let own = std::iter::empty();
        own.chain([Self::Any])
    }

    /// Runs a task. Hashes are those of one processor: a table must not meet two of them.
    #[inline]
    pub(crate) fn run<T: Task>(self, task: T) -> T::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(lanes) => lanes.run(task),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(lanes) => lanes.run(task),
            Self::Any => task.run(Words),
        }
    }
}

/// Numbers of 64 bits: for every processor.
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

#[cfg(target_arch = "x86_64")]
mod avx2 {
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
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
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
                _mm512_mask_cmpneq_epi8_mask(first(length), key, _mm512_loadu_si512(block.as_ptr().cast()))
                    == 0
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
                let sum =
                    _mm_add_epi64(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves));
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
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Hash<'a>(&'a [u8], usize);

    impl Task for Hash<'_> {
        type Output = u64;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> u64 {
            lanes.hash(self.0, self.1, Seed::of_process())
        }
    }

    struct Begins<'a>(&'a Block, &'a Block, usize);

    impl Task for Begins<'_> {
        type Output = bool;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> bool {
            lanes.begins(self.0, self.2, lanes.load(self.1, self.2))
        }
    }

    struct Which<'a>(&'a [u8; 32], u32, u32);

    impl Task for Which<'_> {
        type Output = u32;

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> u32 {
            lanes.which(self.0, self.1, self.2)
        }
    }

    /// At whatever alignment, behind whatever, with whatever behind it.
    fn padded(key: &[u8], before: usize, behind: u8) -> Vec<u8> {
        [&vec![behind; before][..], key, &[behind; SHORT]].concat()
    }

    proptest! {
        #[test]
        fn a_hash_is_that_of_the_key_alone(
            key in prop::collection::vec(any::<u8>(), 0..140), before in 0usize..70, behind: u8
        ) {
            for processor in Processor::all() {
                let expected = processor.run(Hash(&key, key.len()));
                let text = padded(&key, before, behind);
                prop_assert_eq!(processor.run(Hash(&text[before..], key.len())), expected);
            }
        }

        #[test]
        fn blocks_begin_with_a_key_that_is_equal(
            key in prop::collection::vec(any::<u8>(), 0..=SHORT), change in any::<prop::sample::Index>(), behind: u8
        ) {
            let (one, mut other) = (padded(&key, 0, behind), padded(&key, 0, !behind));
            let at = change.index(SHORT);
            for (flip, expected) in [(0, true), (1, at >= key.len())] {
                other[at] ^= flip;
                let (one, other) = (one.first_chunk().expect("64"), other.first_chunk().expect("64"));
                for processor in Processor::all() {
                    prop_assert_eq!(processor.run(Begins(one, other, key.len())), expected);
                }
            }
        }

        #[test]
        fn numbers_with_the_bits(numbers: [u32; 8], mask: u32, index in 0usize..8) {
            let bits = numbers[index] & mask;
            let expected = (0..8).filter(|at| numbers[*at] & mask == bits).map(|at| 1 << at).sum::<u32>();
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_ne_bytes()).collect();
            for processor in Processor::all() {
                prop_assert_eq!(processor.run(Which(bytes.first_chunk().expect("32"), mask, bits)), expected);
            }
        }
    }

    /// Lengths differ, single bits differ, halves are exchanged: of half a million keys, hardly two have 32 bits alike.
    #[test]
    fn hashes_are_spread() {
        let mut keys: Vec<Vec<u8>> = (0..=SHORT).map(|length| vec![0; length]).collect();
        keys.extend(
            (0..SHORT * 8).map(|bit| (0..SHORT).map(|at| u8::from(at == bit / 8) << (bit % 8)).collect()),
        );
        keys.extend((0..100_000u32).map(|number| format!("key {number}").into_bytes()));
        keys.extend(
            (0..100_000u32)
                .map(|number| format!("a_longer_name::of_some_function_{number} size=1").into_bytes()),
        );
        keys.extend(
            (0..1000).flat_map(|one| (0..100).map(move |other| format!("{one:016}{other:016}").into_bytes())),
        );
        keys.sort();
        keys.dedup();
        for processor in Processor::all() {
            let hashes: Vec<u64> = keys.iter().map(|key| processor.run(Hash(key, key.len()))).collect();
            for shift in [0, 16, 32] {
                let mut parts: Vec<u32> = hashes.iter().map(|hash| (hash >> shift) as u32).collect();
                parts.sort_unstable();
                parts.dedup();
                // Of as many numbers chosen at random, 11 are expected to be missing.
                assert!(keys.len() - parts.len() < 60, "{processor:?}: {} of {}", parts.len(), keys.len());
            }
        }
    }
}
