//! What was counted: the lines by rank.

use std::cmp::Reverse;
use std::ops::Range;

use rayon::prelude::*;

use crate::arena::Place;
use crate::cell::{Cell, Fraction, Number, Whole};
use crate::counting::Progress;
use crate::memory::room;
use crate::order::{Lines, Ranked, sort_by_bytes};
use crate::print::{Listing, label};
use crate::rules::{Rules, Weights};
use crate::table::Table;
use crate::value::Value;

/// Sums of a size below are sorted by counting.
const COUNTED: usize = 1 << 12;
/// From so many lines on, those of one sum are a run that is known as such.
const LONG_RUN: usize = 1024;

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
    ranks: Vec<Ranked>,
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
    fn at(&self, line: u64) -> (&Table, Place) {
        (&self.tables[(line >> 32) as usize], line as Place)
    }

    fn value(&self, line: u64) -> Value {
        let (table, place) = self.at(line);
        self.kind.value(table, place)
    }

    /// All lines by the sizes of their sums, the largest first; equal ones as they lie in memory.
    ///
    /// Most sums are small: these are sorted by counting, so that all memory is gone over in order, twice.
    fn by_size<C: Cell>(&self) -> Vec<Ranked> {
        let counts: Vec<_> =
            (0..self.tables.len()).into_par_iter().map(|table| self.columns::<C>(table)).collect();
        let count = self.tables.iter().map(Table::len).sum();
        let mut ranks = room(count);
        ranks.resize(count, Ranked { by: 0, line: 0 });
        let places = places(&mut ranks, &counts);
        places.into_par_iter().enumerate().for_each(|(table, mut places)| {
            for (by, line) in self.sizes::<C>(table) {
                let place = &mut places[column(by)];
                if let Some((next, behind)) = std::mem::take(place).split_first_mut() {
                    *next = Ranked { by, line };
                    *place = behind;
                }
            }
        });
        let largest = counts.iter().map(|columns| columns[0]).sum();
        ranks[..largest].par_sort_unstable_by_key(|ranked| Reverse(ranked.by));
        ranks
    }

    /// How many lines of a table are in each column.
    fn columns<C: Cell>(&self, table: usize) -> Vec<usize> {
        let mut columns = vec![0; COUNTED + 1];
        self.sizes::<C>(table).for_each(|(size, _)| columns[column(size)] += 1);
        columns
    }

    /// The lines of a table, and the sizes of their sums.
    fn sizes<C: Cell>(&self, index: usize) -> impl Iterator<Item = (u64, u64)> + '_ {
        let table = &self.tables[index];
        let line = move |place| (index as u64) << 32 | u64::from(place);
        table.places::<C>().map(move |place| (table.value::<C>(place).magnitude(), line(place)))
    }
}

/// The places of each table's lines in each column: column by column, in each table by table.
fn places<'a>(ranks: &'a mut [Ranked], counts: &[Vec<usize>]) -> Vec<Vec<&'a mut [Ranked]>> {
    let mut places: Vec<_> = counts.iter().map(|columns| Vec::with_capacity(columns.len())).collect();
    let mut rest = ranks;
    for column in 0..=COUNTED {
        for (places, columns) in places.iter_mut().zip(counts) {
            let (place, behind) = rest.split_at_mut(columns[column]);
            places.push(place);
            rest = behind;
        }
    }
    places
}

/// Where sums of a size are counted: larger ones before smaller ones, the largest together.
fn column(size: u64) -> usize {
    COUNTED - size.min(COUNTED as u64) as usize
}

impl Lines for Tables {
    fn key(&self, line: u64) -> &[u8] {
        let (table, place) = self.at(line);
        self.kind.key(table, place)
    }

    fn prefetch(&self, line: u64) {
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
        let mut ranks = match kind {
            Kind::Number => lines.by_size::<Number>(),
            Kind::Whole => lines.by_size::<Whole>(),
            Kind::Fraction => lines.by_size::<Fraction>(),
        };
        let runs = rank(&mut ranks, &lines);
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
        let line = self.ranks[rank].line;
        Row { key: self.lines.key(line), value: self.lines.value(line) }
    }

    fn key(&self, rank: usize) -> &[u8] {
        self.lines.key(self.ranks[rank].line)
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
        if let Some(ranked) = self.ranks.get(rank) {
            self.lines.prefetch(ranked.line);
        }
    }
}

/// Sorts lines of equal sums; the long runs of them.
fn rank(ranks: &mut [Ranked], lines: &Tables) -> Vec<Range<usize>> {
    let (mut runs, mut several) = (Vec::new(), Vec::new());
    let mut end = 0;
    for equal in ranks.chunk_by_mut(|one, other| one.by == other.by) {
        let start = end;
        end += equal.len();
        // Sums of one size may have two signs.
        let sum = |ranked: &Ranked| lines.value(ranked.line);
        let are_same =
            || lines.kind == Kind::Number || equal.iter().all(|ranked| sum(ranked) == sum(&equal[0]));
        if equal.len() >= LONG_RUN && are_same() {
            runs.push(start..end);
        }
        if equal.len() > 1 {
            several.push(equal);
        }
    }
    several.into_par_iter().for_each(|equal| {
        if equal[0].by == u64::MAX && lines.kind == Kind::Whole {
            sort_huge(equal, lines);
        } else {
            sort_by_bytes(equal, lines);
        }
    });
    runs
}

/// Sums beyond 64 bits are not told apart by what they were sorted by.
fn sort_huge(ranks: &mut [Ranked], lines: &Tables) {
    ranks.sort_unstable_by(|one, other| {
        let sizes = lines.value(other.line).compare_sizes(lines.value(one.line));
        sizes.then_with(|| lines.key(one.line).cmp(lines.key(other.line)))
    });
}
