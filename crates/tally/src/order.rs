//! Lines in order: the heaviest first, equal ones by their bytes.
//!
//! A line is 5 bytes, its place. Of many lines of one weight some split the others into intervals ([`Splitters`]), into
//! which these are put first; so that what is sorted, 16 bytes a line, a number and its place, is little at a time and
//! stays in a core's cache. The number is eight of the line's bytes behind those that all of the interval have in common;
//! of few lines, and of those whose numbers are equal, seven of its bytes, and again the next seven where these are
//! equal. So a line is looked at as often as it has to be, several at a time, and not while it is compared.

use rayon::prelude::*;

use crate::arena::Place;
use crate::memory::room;
use crate::scatter::{columns, sizes, split};
use crate::splitters::{MOST, Splitters, next_bytes};

/// Where a line is: without gaps, for there are as many as there are lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, packed)]
pub(crate) struct Line {
    place: Place,
    table: u8,
}

impl Line {
    /// `table`: one of 256.
    pub(crate) fn new(table: usize, place: Place) -> Self {
        Self { place, table: table as u8 }
    }

    pub(crate) fn table(self) -> usize {
        self.table.into()
    }

    pub(crate) fn place(self) -> Place {
        self.place
    }
}

/// A line on its way to its rank: what it is sorted by now, and where it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranked {
    pub by: u64,
    pub line: Line,
}

/// Up to this many lines are compared as a whole.
const FEW: usize = 16;
/// From this many lines on, parts are sorted in threads.
const MANY: usize = 4096;
/// From this many lines on, some split the others.
const SPLIT: usize = 32 << 10;
/// Parts of these, which are put into intervals at once.
const PARTS: usize = 32;
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
    fn key(&self, line: Line) -> &[u8];
    fn prefetch(&self, line: Line);
}

/// Sorts lines of one weight by their bytes.
pub(crate) fn sort_by_bytes(lines: &mut [Line], of: &impl Lines) {
    if lines.len() >= SPLIT {
        return sort_by_intervals(lines, of);
    }
    if lines.len() <= FEW {
        return lines.sort_unstable_by(|one, other| of.key(*one).cmp(of.key(*other)));
    }
    let mut ranked: Vec<_> = lines.iter().map(|line| Ranked { by: 0, line: *line }).collect();
    sort_from(&mut ranked, of, 0, 0);
    put_back(&ranked, lines);
}

fn put_back(ranked: &[Ranked], lines: &mut [Line]) {
    lines.iter_mut().zip(ranked).for_each(|(line, ranked)| *line = ranked.line);
}

fn sort_by_intervals(lines: &mut [Line], of: &impl Lines) {
    let some = lines.iter().step_by(lines.len().div_ceil(MOST)).map(|line| of.key(*line));
    let splitters = Splitters::new(some.collect());
    let (split_lines, lengths) = put_into_intervals(lines, of, &splitters);
    let mut rest = &split_lines[..];
    let intervals: Vec<_> = split(lines, lengths.iter().copied())
        .enumerate()
        .map(|(interval, sorted)| {
            let (of_interval, behind) = rest.split_at(sorted.len());
            rest = behind;
            (splitters.common(interval), of_interval, sorted)
        })
        .collect();
    intervals.into_par_iter().for_each(|(common, lines, sorted)| {
        let mut ranked: Vec<_> = lines.iter().map(|line| Ranked { by: 0, line: *line }).collect();
        sort_by_number(
            &mut ranked,
            of,
            |line| next_bytes(line, common),
            |equal| {
                sort_from(equal, of, 0, 0);
            },
        );
        put_back(&ranked, sorted);
    });
}

/// The lines interval by interval, and how many are in each.
fn put_into_intervals(lines: &[Line], of: &impl Lines, splitters: &Splitters) -> (Vec<Line>, Vec<usize>) {
    let part = lines.len().div_ceil(PARTS);
    let mut intervals = room(lines.len());
    intervals.resize(lines.len(), 0u16);
    let counts: Vec<_> = lines
        .par_chunks(part)
        .zip(intervals.par_chunks_mut(part))
        .map(|(lines, intervals)| {
            let mut counts = vec![0; MOST + 1];
            for (index, interval) in intervals.iter_mut().enumerate() {
                if let Some(later) = lines.get(index + AHEAD) {
                    of.prefetch(*later);
                }
                let found = splitters.interval(of.key(lines[index]));
                *interval = found as u16;
                counts[found] += 1;
            }
            counts
        })
        .collect();
    let mut put = room(lines.len());
    put.resize(lines.len(), Line::default());
    columns(&mut put, &counts)
        .into_par_iter()
        .zip(lines.par_chunks(part).zip(intervals.par_chunks(part)))
        .for_each(|(mut columns, (lines, intervals))| {
            lines.iter().zip(intervals).for_each(|(line, interval)| columns.put((*interval).into(), *line));
        });
    (put, sizes(&counts))
}

/// Sorts lines by a number of each, and those further of which it is equal.
fn sort_by_number(
    lines: &mut [Ranked],
    of: &impl Lines,
    number: impl Fn(&[u8]) -> u64 + Sync,
    sort: impl Fn(&mut [Ranked]) + Send + Sync,
) {
    if lines.len() < MANY {
        look_at(lines, of, number);
        lines.sort_unstable_by_key(|ranked| ranked.by);
        equal_ones(lines).for_each(sort);
    } else {
        lines.par_chunks_mut(MANY).for_each(|piece| look_at(piece, of, &number));
        lines.par_sort_unstable_by_key(|ranked| ranked.by);
        let equal: Vec<_> = equal_ones(lines).collect();
        equal.into_par_iter().for_each(sort);
    }
}

/// Those lines, together, that are equal so far.
fn equal_ones(lines: &mut [Ranked]) -> impl Iterator<Item = &mut [Ranked]> {
    lines.chunk_by_mut(|one, other| one.by == other.by).filter(|equal| equal.len() > 1)
}

fn sort_from(lines: &mut [Ranked], of: &impl Lines, from: usize, depth: usize) {
    if lines.len() <= FEW || depth == DEEPEST {
        lines.sort_unstable_by(|one, other| rest(of, one.line, from).cmp(rest(of, other.line, from)));
        return;
    }
    let from = from + common(lines, of, from);
    // Lines are different: those that are equal until here go on.
    let next = |line: &[u8]| first_bytes(line.get(from..).unwrap_or_default());
    // Of one type, or there would be a closure in a closure without end.
    let sort: &(dyn Fn(&mut [Ranked]) + Send + Sync) = &|equal| sort_from(equal, of, from + BYTES, depth + 1);
    sort_by_number(lines, of, next, sort);
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

fn rest(of: &impl Lines, line: Line, from: usize) -> &[u8] {
    of.key(line).get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Texts(Vec<Vec<u8>>);

    impl Lines for Texts {
        fn key(&self, line: Line) -> &[u8] {
            &self.0[line.place() as usize]
        }

        fn prefetch(&self, _: Line) {}
    }

    #[test]
    fn a_line_has_no_gaps() {
        assert_eq!(size_of::<Line>(), 5);
    }

    fn sorted(texts: &Texts) -> Vec<Vec<u8>> {
        let mut lines: Vec<_> = (0..texts.0.len()).map(|line| Line::new(0, line as Place)).collect();
        sort_by_bytes(&mut lines, texts);
        lines.iter().map(|line| texts.key(*line).to_vec()).collect()
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
