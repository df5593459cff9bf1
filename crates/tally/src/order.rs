//! Lines in order: the heaviest first, equal ones by their bytes.
//!
//! Sorted are 16 bytes a line, a number and its place. Of many lines of one weight it is a number that most of them have
//! alone ([`Splitters`]); of few, and of those whose numbers are equal, seven of the line's bytes, and again the next
//! seven where these are equal. So a line is looked at as often as it has to be, several at a time, and not while it
//! is compared.

use rayon::prelude::*;

use crate::splitters::{MOST, Splitters};

/// A line on its way to its rank: what it is sorted by now, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ranked {
    pub by: u64,
    pub line: u64,
}

/// Up to this many lines are compared as a whole.
const FEW: usize = 16;
/// From this many lines on, parts are sorted in threads.
const MANY: usize = 4096;
/// From this many lines on, some split the others.
const SPLIT: usize = 32 << 10;
/// Bytes of a line that are sorted by at a time.
const BYTES: usize = 7;
/// Stands beside the bytes of a line that goes on behind them; less beside those of others: how many they are.
const GOES_ON: u64 = BYTES as u64 + 1;
/// So many times [`BYTES`] are looked at one after the other; what is equal until there is compared as a whole.
const DEEPEST: usize = 64;
/// Lines that are brought near before one is looked at.
const AHEAD: usize = 16;

/// What lines are sorted by.
pub(crate) trait Lines: Sync {
    fn key(&self, line: u64) -> &[u8];
    fn prefetch(&self, line: u64);
}

/// Sorts lines of one weight by their bytes.
pub(crate) fn sort_by_bytes(lines: &mut [Ranked], of: &impl Lines) {
    if lines.len() < SPLIT {
        return sort_from(lines, of, 0, 0);
    }
    let some = lines.iter().step_by(lines.len().div_ceil(MOST)).map(|ranked| of.key(ranked.line));
    let splitters = Splitters::new(some.collect());
    lines.par_chunks_mut(MANY).for_each(|piece| look_at(piece, of, |line| splitters.number(line)));
    lines.par_sort_unstable();
    sort_equal(lines, |equal| sort_from(equal, of, 0, 0));
}

/// Sorts those lines further that are equal so far.
fn sort_equal(lines: &mut [Ranked], sort: impl Fn(&mut [Ranked]) + Send + Sync) {
    let equal = lines.chunk_by_mut(|one, other| one.by == other.by).filter(|equal| equal.len() > 1);
    let equal: Vec<_> = equal.collect();
    equal.into_par_iter().for_each(sort);
}

fn sort_from(lines: &mut [Ranked], of: &impl Lines, from: usize, depth: usize) {
    if lines.len() <= FEW || depth == DEEPEST {
        lines.sort_unstable_by(|one, other| rest(of, one.line, from).cmp(rest(of, other.line, from)));
        return;
    }
    let from = from + common(lines, of, from);
    let many = lines.len() >= MANY;
    let pieces = lines.par_chunks_mut(if many { MANY } else { lines.len() });
    pieces.for_each(|piece| look_at(piece, of, |line| first_bytes(line.get(from..).unwrap_or_default())));
    if many {
        lines.par_sort_unstable()
    } else {
        lines.sort_unstable()
    }
    // Lines are different: those that are equal until here go on.
    if many {
        sort_equal(lines, |equal| sort_from(equal, of, from + BYTES, depth + 1));
    } else {
        let equal = lines.chunk_by_mut(|one, other| one.by == other.by).filter(|equal| equal.len() > 1);
        equal.for_each(|equal| sort_from(equal, of, from + BYTES, depth + 1));
    }
}

/// How many bytes all lines have in common from `from` on.
fn common(lines: &[Ranked], of: &impl Lines, from: usize) -> usize {
    let Some(first) = lines.first() else { return 0 };
    let first = rest(of, first.line, from);
    let mut common = first.len();
    for (index, ranked) in lines.iter().enumerate().skip(1) {
        if let Some(later) = lines.get(index + AHEAD) {
            of.prefetch(later.line);
        }
        if common < BYTES {
            return 0;
        }
        let line = rest(of, ranked.line, from);
        common = first[..common].iter().zip(line).take_while(|(one, other)| one == other).count();
    }
    common
}

fn look_at(lines: &mut [Ranked], of: &impl Lines, number: impl Fn(&[u8]) -> u64) {
    for index in 0..lines.len() {
        if let Some(later) = lines.get(index + AHEAD) {
            of.prefetch(later.line);
        }
        lines[index].by = number(of.key(lines[index].line));
    }
}

/// The first bytes as a number in their order, and whether there are more.
fn first_bytes(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes) & !0xff | GOES_ON,
        None => {
            // Zeroes behind the end are told from zeroes of the text by the length.
            let mut bytes = [0; BYTES + 1];
            bytes[..text.len()].copy_from_slice(text);
            bytes[BYTES] = text.len() as u8;
            u64::from_be_bytes(bytes)
        }
    }
}

fn rest(of: &impl Lines, line: u64, from: usize) -> &[u8] {
    of.key(line).get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Texts(Vec<Vec<u8>>);

    impl Lines for Texts {
        fn key(&self, line: u64) -> &[u8] {
            &self.0[line as usize]
        }

        fn prefetch(&self, _: u64) {}
    }

    fn sorted(texts: &Texts) -> Vec<Vec<u8>> {
        let mut lines: Vec<_> = (0..texts.0.len() as u64).map(|line| Ranked { by: 0, line }).collect();
        sort_by_bytes(&mut lines, texts);
        lines.iter().map(|ranked| texts.key(ranked.line).to_vec()).collect()
    }

    proptest! {
        #[test]
        fn as_bytes_are_compared(texts in prop::collection::vec(
            "[a\u{0}]{0,12}|(abcdefgh){0,3}[a-c]{0,4}|[a\u{0}]{5}\u{0}{3,9}[ab]{0,2}|[ab]{0,9}[a\u{0}]{0,9}", 0..400
        )) {
            // No line comes twice.
            let texts: std::collections::HashSet<_> = texts.into_iter().collect();
            let texts = Texts(texts.into_iter().map(String::into_bytes).collect());
            let mut expected = texts.0.clone();
            expected.sort();
            prop_assert_eq!(sorted(&texts), expected);
        }
    }

    #[test]
    fn many_lines_that_begin_alike() {
        let texts =
            (0..40_000u32).map(|number| format!("{:04}{}", number % 3, number.wrapping_mul(2_654_435_761)));
        let mut texts = Texts(texts.map(String::into_bytes).collect());
        // Each one is the beginning of the next.
        texts.0.extend((0..2000).map(|length| vec![b'z'; 8 * length]));
        let mut expected = texts.0.clone();
        expected.sort();
        assert_eq!(sorted(&texts), expected);
    }
}
