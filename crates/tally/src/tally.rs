//! What was counted: the lines by rank.

use std::ops::Range;

use rayon::prelude::*;

use crate::arena::Place;
use crate::cell::{Cell, Fraction, Number, Whole};
use crate::counting::Progress;
use crate::memory::room;
use crate::order::{Line, Lines, Ranked, sort_by_bytes};
use crate::print::{Listing, label};
use crate::rules::{Rules, Weights};
use crate::scatter::{columns, sizes, split};
use crate::table::Table;
use crate::value::Value;

/// Sums of a size below have a column each, when lines are sorted by counting.
const SINGLE: u64 = 1 << 10;
/// Larger ones share columns: so many of each power of two, as bits.
const SHARED: u32 = 6;
const COLUMNS: usize = SINGLE as usize + ((u64::BITS - SINGLE.trailing_zeros()) << SHARED) as usize;
/// From so many lines on, those of one sum are a run that is known as such.
const LONG_RUN: usize = 1024;

/// Lines that are brought near before the sum of one is looked at.
const AHEAD: usize = 16;

/// What is summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Whole,
    Fraction,
}

impl Kind {
    pub(crate) fn of(rules: &Rules) -> Self {
        match rules.weights {
            _ if rules.detailed => Self::Number,
            Weights::Unit => Self::Number,
            Weights::Whole => Self::Whole,
            Weights::Fraction => Self::Fraction,
        }
    }

    /// The heaviest lines of a table.
    pub(crate) fn heaviest(self, table: &Table, most: usize) -> Vec<(Vec<u8>, Value)> {
        let places: Vec<_> = match self {
            Self::Number => table.places::<Number>().collect(),
            Self::Whole => table.places::<Whole>().collect(),
            Self::Fraction => table.places::<Fraction>().collect(),
        };
        let mut rows: Vec<_> = places.into_iter().map(|place| (place, self.value(table, place))).collect();
        if rows.len() > most {
            rows.select_nth_unstable_by(most, |one, other| other.1.compare_sizes(one.1));
            rows.truncate(most);
        }
        rows.into_iter().map(|(place, value)| (self.key(table, place).to_vec(), value)).collect()
    }

    fn key(self, table: &Table, place: Place) -> &[u8] {
        match self {
            Self::Number => table.key::<Number>(place),
            Self::Whole => table.key::<Whole>(place),
            Self::Fraction => table.key::<Fraction>(place),
        }
    }

    fn value(self, table: &Table, place: Place) -> Value {
        match self {
            Self::Number => table.value::<Number>(place),
            Self::Whole => table.value::<Whole>(place),
            Self::Fraction => table.value::<Fraction>(place),
        }
    }
}

/// Keeps the heaviest, in order.
pub(crate) fn keep_heaviest(rows: &mut Vec<(Vec<u8>, Value)>, most: usize) {
    rows.sort_unstable_by(|one, other| other.1.compare_sizes(one.1).then_with(|| one.0.cmp(&other.0)));
    rows.truncate(most);
}

/// Lines and their sums, by rank.
pub struct Tally {
    lines: Tables,
    ranks: Vec<Line>,
    /// Where many lines of one sum begin and end, in order.
    runs: Vec<Range<usize>>,
    /// What was read, and the sum of all.
    pub progress: Progress,
    /// How it was counted.
    pub rules: Rules,
}

struct Tables {
    tables: Vec<Table>,
    kind: Kind,
}

impl Tables {
    fn at(&self, line: Line) -> (&Table, Place) {
        (&self.tables[line.table()], line.place())
    }

    fn value(&self, line: Line) -> Value {
        let (table, place) = self.at(line);
        self.kind.value(table, place)
    }

    /// All lines by the sizes of their sums, the largest first, equal ones as they lie in memory; and how many are of
    /// one size, one after the other.
    ///
    /// Most sums are small: these are sorted by counting, so that all memory is gone over in order, twice.
    fn by_size<C: Cell>(&self) -> (Vec<Line>, Vec<Vec<usize>>) {
        let counts: Vec<_> =
            (0..self.tables.len()).into_par_iter().map(|table| self.counts::<C>(table)).collect();
        let count = self.tables.iter().map(Table::len).sum();
        let mut ranks = room(count);
        ranks.resize(count, Line::default());
        columns(&mut ranks, &counts).into_par_iter().enumerate().for_each(|(table, mut columns)| {
            self.sizes::<C>(table).for_each(|(size, line)| columns.put(column(size), line));
        });
        let sizes = sizes(&counts);
        let each = split(&mut ranks, sizes).enumerate();
        let filled: Vec<_> = each.filter(|(_, lines)| !lines.is_empty()).collect();
        let lengths: Vec<_> = filled
            .into_par_iter()
            .map(
                |(column, lines)| {
                    if is_single(column) { vec![lines.len()] } else { self.sort_by_size(lines) }
                },
            )
            .collect();
        (ranks, lengths)
    }

    /// How many lines of a table are in each column.
    fn counts<C: Cell>(&self, table: usize) -> Vec<usize> {
        let mut counts = vec![0; COLUMNS];
        self.sizes::<C>(table).for_each(|(size, _)| counts[column(size)] += 1);
        counts
    }

    /// The lines of a table, and the sizes of their sums.
    fn sizes<C: Cell>(&self, index: usize) -> impl Iterator<Item = (u64, Line)> + '_ {
        let table = &self.tables[index];
        table.places::<C>().map(move |place| (table.value::<C>(place).magnitude(), Line::new(index, place)))
    }

    /// Sorts the lines of a column; how many are of one size, one after the other.
    fn sort_by_size(&self, lines: &mut [Line]) -> Vec<usize> {
        let ranked = |index: usize| {
            // They lie far from each other.
            if let Some(later) = lines.get(index + AHEAD) {
                self.prefetch(*later);
            }
            Ranked { by: !self.value(lines[index]).magnitude(), line: lines[index] }
        };
        let mut ranked: Vec<_> =
            (0..lines.len()).into_par_iter().with_min_len(LONG_RUN).map(ranked).collect();
        if ranked.len() >= LONG_RUN {
            ranked.par_sort_by_key(|ranked| ranked.by);
        } else {
            ranked.sort_by_key(|ranked| ranked.by);
        }
        lines.iter_mut().zip(&ranked).for_each(|(line, ranked)| *line = ranked.line);
        ranked.chunk_by(|one, other| one.by == other.by).map(<[_]>::len).collect()
    }
}

/// Where sums of a size are counted: larger ones before smaller ones.
fn column(size: u64) -> usize {
    if size < SINGLE {
        return COLUMNS - 1 - size as usize;
    }
    let power = size.ilog2();
    let of_power = size >> (power - SHARED) & !(u64::MAX << SHARED);
    let above = u64::from(power - SINGLE.ilog2()) << SHARED | of_power;
    COLUMNS - 1 - (SINGLE + above) as usize
}

/// Whether a column has sums of one size only.
fn is_single(column: usize) -> bool {
    column >= COLUMNS - SINGLE as usize
}

impl Lines for Tables {
    fn key(&self, line: Line) -> &[u8] {
        let (table, place) = self.at(line);
        self.kind.key(table, place)
    }

    fn prefetch(&self, line: Line) {
        let (table, place) = self.at(line);
        table.prefetch(place);
    }
}

/// A line by its rank.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The line, or what of it was counted.
    pub key: &'a [u8],
    /// Its sum.
    pub value: Value,
}

impl Tally {
    pub(crate) fn new(tables: Vec<Table>, kind: Kind, rules: Rules, progress: Progress) -> Self {
        let mut lines = Tables { tables, kind };
        lines.tables.iter_mut().for_each(Table::forget_slots);
        let (mut ranks, lengths) = match kind {
            Kind::Number => lines.by_size::<Number>(),
            Kind::Whole => lines.by_size::<Whole>(),
            Kind::Fraction => lines.by_size::<Fraction>(),
        };
        let runs = rank(&mut ranks, lengths, &lines);
        Self { lines, ranks, runs, progress, rules }
    }

    /// All lines by rank.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|rank| self.row(rank))
    }
}

impl Listing for Tally {
    fn len(&self) -> usize {
        self.ranks.len()
    }

    fn row(&self, rank: usize) -> Row<'_> {
        let line = self.ranks[rank];
        Row { key: self.lines.key(line), value: self.lines.value(line) }
    }

    fn key(&self, rank: usize) -> &[u8] {
        self.lines.key(self.ranks[rank])
    }

    fn run(&self, rank: usize) -> usize {
        let run = self.runs.get(self.runs.partition_point(|run| run.end <= rank));
        run.filter(|run| run.contains(&rank)).map_or(rank + 1, |run| run.end)
    }

    fn total(&self) -> Value {
        self.progress.total
    }

    fn label(&self) -> String {
        label(self.rules.weights, self.rules.erase)
    }

    fn prefetch(&self, rank: usize) {
        if let Some(line) = self.ranks.get(rank) {
            self.lines.prefetch(*line);
        }
    }
}

/// Sorts lines of equal sums, so many each; the long runs of them.
fn rank(ranks: &mut [Line], lengths: Vec<Vec<usize>>, lines: &Tables) -> Vec<Range<usize>> {
    let (mut runs, mut several) = (Vec::new(), Vec::new());
    let mut end = 0;
    for equal in split(ranks, lengths.into_iter().flatten()) {
        let start = end;
        end += equal.len();
        // Sums of one size may have two signs.
        let sum = |line: &Line| lines.value(*line);
        let are_same = || lines.kind == Kind::Number || equal.iter().all(|line| sum(line) == sum(&equal[0]));
        if equal.len() >= LONG_RUN && are_same() {
            runs.push(start..end);
        }
        if equal.len() > 1 {
            several.push(equal);
        }
    }
    several.into_par_iter().for_each(|equal| {
        if lines.kind == Kind::Whole && lines.value(equal[0]).magnitude() == u64::MAX {
            sort_huge(equal, lines);
        } else {
            sort_by_bytes(equal, lines);
        }
    });
    runs
}

/// Sums beyond 64 bits are not told apart by what they were sorted by.
fn sort_huge(ranks: &mut [Line], lines: &Tables) {
    ranks.sort_unstable_by(|one, other| {
        let sizes = lines.value(*other).compare_sizes(lines.value(*one));
        sizes.then_with(|| lines.key(*one).cmp(lines.key(*other)))
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn columns_are_in_the_order_of_sizes(sizes in prop::collection::vec(
            prop_oneof![0..2 * SINGLE, any::<u64>(), (0u32..64).prop_map(|power| 1 << power), Just(u64::MAX)], 2..9
        )) {
            let mut sizes = sizes;
            sizes.sort_unstable();
            for pair in sizes.windows(2) {
                let [smaller, larger] = [column(pair[0]), column(pair[1])];
                prop_assert!(smaller < COLUMNS && larger <= smaller);
                prop_assert!(pair[0] == pair[1] || smaller > larger || !is_single(smaller));
            }
        }
    }
}
