//! What was counted: the lines by rank.

use rayon::prelude::*;

use crate::arena::Place;
use crate::cell::{Fraction, Number, Whole};
use crate::counting::Progress;
use crate::order::{Lines, Ranked, sort_by_bytes};
use crate::print::{Listing, label};
use crate::rules::{Rules, Weights};
use crate::table::Table;
use crate::value::Value;

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
        let mut rows: Vec<_> = table.places().map(|place| (place, self.value(table, place))).collect();
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
        let mut ranks = Vec::with_capacity(lines.tables.iter().map(Table::len).sum());
        for (index, table) in lines.tables.iter_mut().enumerate() {
            ranks.extend(table.places().map(|place| {
                let line = (index as u64) << 32 | u64::from(place);
                Ranked { by: kind.value(table, place).magnitude(), line }
            }));
            table.forget_slots();
        }
        rank(&mut ranks, &lines);
        Self { lines, ranks, progress, rules }
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

fn rank(ranks: &mut [Ranked], lines: &Tables) {
    ranks.par_sort_unstable_by_key(|ranked| std::cmp::Reverse(ranked.by));
    let equal = ranks.chunk_by_mut(|one, other| one.by == other.by).filter(|equal| equal.len() > 1);
    let equal: Vec<_> = equal.collect();
    equal.into_par_iter().for_each(|equal| {
        if equal[0].by == u64::MAX && lines.kind == Kind::Whole {
            sort_huge(equal, lines);
        } else {
            sort_by_bytes(equal, lines);
        }
    });
}

/// Sums beyond 64 bits are not told apart by what they were sorted by.
fn sort_huge(ranks: &mut [Ranked], lines: &Tables) {
    ranks.sort_unstable_by(|one, other| {
        let sizes = lines.value(other.line).compare_sizes(lines.value(one.line));
        sizes.then_with(|| lines.key(one.line).cmp(lines.key(other.line)))
    });
}
