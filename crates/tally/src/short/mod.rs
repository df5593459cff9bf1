//! Keys of up to 64 bytes, held in registers: hashed and compared without a branch on their length.
//!
//! What is done differently by different processors is behind one trait. A [`Task`] is compiled for each of them, with
//! everything that it calls inlined, and [`Processor`] says once which is run; so nothing is asked a line.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod words;

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use words::Words;

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
