//! Where lines end.

use crate::short::{Lanes, SHORT};

/// Bytes that are looked through at a time: they and what is found in them stay in the nearest cache.
pub(crate) const STEP: usize = 4096;
/// Ends that are written at once, whether there are so many or not.
const AT_ONCE: usize = 4;

/// Ends of lines, as places in a chunk.
pub(crate) struct Ends {
    /// The first one is that before the line that is looked at first: of no line, one before the chunk.
    places: Box<[u32; 1 + STEP + AT_ONCE]>,
    count: usize,
}

impl Default for Ends {
    fn default() -> Self {
        Self { places: Box::new([0; 1 + STEP + AT_ONCE]), count: 0 }
    }
}

impl Ends {
    /// Begins with a chunk's first line.
    pub(crate) fn restart(&mut self) {
        self.places[0] = u32::MAX;
        self.count = 0;
    }

    /// Finds the ends between two places, at most [`STEP`] from each other, after those found before; whether all bytes
    /// there are ASCII. Behind the later place there have to be [`SHORT`] ASCII bytes.
    #[inline(always)]
    pub(crate) fn find<L: Lanes>(&mut self, lanes: L, padded: &[u8], from: usize, to: usize) -> bool {
        self.places[0] = self.places[self.count.min(STEP)];
        self.count = 0;
        let mut ascii = true;
        for at in (from..to).step_by(SHORT) {
            let Some(block) = padded[at..].first_chunk() else { break };
            let (ends, plain) = lanes.look_through(block);
            ascii &= plain;
            self.push(at, if to - at < SHORT { ends & !(u64::MAX << (to - at)) } else { ends });
        }
        ascii
    }

    /// How many were found.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Where the first line begins.
    #[inline(always)]
    pub(crate) fn start(&self) -> usize {
        self.places[0].wrapping_add(1) as usize
    }

    /// Where each line begins and ends.
    #[inline(always)]
    pub(crate) fn lines(&self) -> &[u32] {
        &self.places[..=self.count]
    }

    /// Adds the end of a text that has none.
    pub(crate) fn add(&mut self, end: usize) {
        self.count += 1;
        self.places[self.count] = end as u32;
    }

    /// Forgets all but the first ones.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.count = self.count.min(count);
    }

    #[inline(always)]
    fn push(&mut self, at: usize, bits: u64) {
        let mut rest = bits;
        let mut next = 1 + self.count;
        self.count += bits.count_ones() as usize;
        loop {
            let Some(places) = self.places[next..].first_chunk_mut::<AT_ONCE>() else { return };
            for place in places {
                *place = at as u32 + rest.trailing_zeros();
                rest &= rest.wrapping_sub(1);
            }
            next += AT_ONCE;
            if rest == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::short::{Processor, Task};

    struct Found<'a>(&'a [u8], usize, usize);

    impl Task for Found<'_> {
        type Output = (Vec<u32>, bool);

        #[inline(always)]
        fn run<L: Lanes>(self, lanes: L) -> Self::Output {
            let mut ends = Ends::default();
            ends.restart();
            let ascii = ends.find(lanes, self.0, self.1, self.2);
            (ends.lines()[1..].to_vec(), ascii)
        }
    }

    proptest! {
        #[test]
        fn the_ends_that_one_finds_byte_by_byte(
            text in prop::collection::vec(
                prop_oneof![4 => Just(b'\n'), 4 => Just(b'a'), 1 => Just(0x0b), 1 => Just(0x8a), 1 => any::<u8>()],
                0..STEP
            ),
            plain: bool,
            from in 0usize..130,
        ) {
            let clean = |byte: &u8| if plain { byte & 0x7f } else { *byte };
            let text: Vec<u8> = text.iter().map(clean).collect();
            let from = from.min(text.len());
            // What stands behind is not looked at, whatever it is.
            let padded = [&text[..], &[b'\n'; 32], &[b'x'; 32]].concat();
            let ends = (from..text.len()).filter(|at| text[*at] == b'\n').map(|at| at as u32).collect();
            let expected = (ends, text[from..].is_ascii());
            for processor in Processor::all() {
                prop_assert_eq!(&processor.run(Found(&padded, from, text.len())), &expected);
            }
        }
    }
}
