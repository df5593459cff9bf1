//! The compilation units of a binary and the addresses that each covers.

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, OnceLock};

use gimli::{Abbreviations, DebugAbbrev, Reader, Section, UnitHeader, UnitRef};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::budget::Budget;
use super::lookup::{UnitAddresses, UnitCode};
use super::ranges::Bounds;
use super::shared::SharedUnits;
use super::split::{Split, SplitFiles};
use super::{DebugSections, PackageSections, Slice};

/// Ranges that a lookup tries: units hardly ever overlap, hostile ones all do.
const MOST_CANDIDATES: usize = 4096;
/// Units that a lookup asks, of those whose ranges hold the address.
const MOST_HOLDING: usize = 32;

/// Debug info, indexed by address.
pub struct DwarfIndex<'e> {
    pub(super) dwarf: gimli::Dwarf<Slice<'e>>,
    pub(super) units: Vec<Unit<'e>>,
    ranges: Vec<UnitRange>,
    pub(super) budget: Budget,
    /// Ranges that begin lower belong to code that the linker dropped.
    pub(super) first_code: u64,
    pub(super) shared: Option<SharedUnits<'e>>,
    pub(super) package: Option<gimli::DwarfPackage<Slice<'e>>>,
    pub(super) split_files: Option<&'e dyn SplitFiles>,
    /// Ids of the split units that the budget was raised for.
    pub(super) granted: Mutex<FxHashSet<u64>>,
}

/// Other files that hold a part of the debug info.
#[derive(Clone, Copy, Default)]
pub struct Companions<'e> {
    /// What several files share (`.gnu_debugaltlink`, made by `dwz`).
    pub supplementary: Option<&'e DebugSections<'e>>,
    /// All split units in one file (`.dwp`).
    pub package: Option<&'e PackageSections<'e>>,
    /// Files of one split unit each (`.dwo`), for what the package lacks.
    pub split: Option<&'e dyn SplitFiles>,
}

/// A unit of one of the files that the debug info is spread over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnitId {
    /// Of the file itself.
    Main(u32),
    /// The split part of that unit.
    Split(u32),
    /// Of the supplementary file.
    Shared(u32),
}

/// One compilation unit.
pub(super) struct Unit<'e> {
    pub(super) unit: gimli::Unit<Slice<'e>>,
    pub(super) offset: usize,
    /// Where its entries really are, if it is only a skeleton.
    pub(super) split: OnceLock<Option<Split<'e>>>,
    pub(super) code: OnceLock<UnitCode>,
}

/// Addresses `begin..end` belong to `unit`.
struct UnitRange {
    begin: u64,
    end: u64,
    unit: u32,
    /// Largest `end` of this range and all before it: no earlier range reaches further.
    furthest: u64,
}

impl<'e> DwarfIndex<'e> {
    /// Reads the headers and address ranges of all units, in parallel. `first_code` is the lowest
    /// address that holds code.
    pub fn new(sections: &'e DebugSections<'_>, companions: Companions<'e>, first_code: u64) -> Self {
        let mut dwarf = sections.dwarf();
        let extra = companions.supplementary.map_or(0, DebugSections::size)
            + companions.package.map_or(0, PackageSections::size);
        let budget = Budget::for_size(sections.size().saturating_add(extra));
        let shared = companions.supplementary.map(|sections| {
            dwarf.set_sup(sections.dwarf());
            SharedUnits::new(sections, &budget)
        });
        let headers = headers(&dwarf);
        let tables = abbreviations(&dwarf, &headers, &budget);
        let read = |header: &UnitHeader<Slice<'e>>| read_unit(&dwarf, header, &tables, &budget, first_code);
        let read: Vec<_> = headers.par_iter().filter_map(read).collect();
        let (units, ranges): (Vec<_>, Vec<_>) = read.into_iter().unzip();
        DwarfIndex {
            dwarf,
            units,
            ranges: indexed(ranges),
            budget,
            first_code,
            shared,
            package: companions.package.and_then(PackageSections::open),
            split_files: companions.split,
            granted: Mutex::default(),
        }
    }

    /// Number of compilation units.
    pub fn unit_count(&self) -> usize {
        self.units.len()
    }

    /// The addresses, which ascend, by the unit that is asked for each first; the longest unit first, for threads to
    /// end at the same time.
    pub fn by_unit(&self, addresses: &[u64]) -> Vec<UnitAddresses> {
        let unit_of = |&address: &u64| self.units_at(address).next();
        let unit_of: Vec<Option<usize>> = addresses.par_iter().map(unit_of).collect();
        let mut groups: Vec<UnitAddresses> = Vec::new();
        let mut known = FxHashMap::default();
        for (row, (unit, &address)) in unit_of.into_iter().zip(addresses).enumerate() {
            let at = *known.entry(unit).or_insert_with(|| {
                groups.push(UnitAddresses::of(unit));
                groups.len() - 1
            });
            groups[at].rows.push(row as u32);
            groups[at].addresses.push(address);
        }
        let length = |unit: usize| self.units[unit].unit.header.length_including_self();
        groups.sort_by_key(|group| Reverse(group.unit.map(length)));
        groups
    }

    /// Units that may hold `address`, the one with the nearest beginning first.
    pub(super) fn units_at(&self, address: u64) -> impl Iterator<Item = usize> {
        let after = self.ranges.partition_point(|range| range.begin <= address);
        let nearest = self.ranges[..after].iter().rev().take(MOST_CANDIDATES);
        let candidates = nearest.take_while(move |range| range.furthest > address);
        let holding = candidates.filter(move |range| address < range.end);
        holding.take(MOST_HOLDING).map(|range| range.unit as usize)
    }

    /// The unit that holds a `.debug_info` offset.
    pub(super) fn unit_at_offset(&self, offset: usize) -> Option<usize> {
        let at = self.units.partition_point(|unit| unit.offset <= offset).checked_sub(1)?;
        let length = self.units[at].unit.header.length_including_self();
        (offset - self.units[at].offset < length).then_some(at)
    }

    /// A unit of any of the files; none if it does not exist.
    pub(super) fn unit_ref(&self, unit: UnitId) -> Option<UnitRef<'_, Slice<'e>>> {
        match unit {
            UnitId::Main(at) => Some(self.main_unit(at as usize)),
            UnitId::Split(at) => self.split(at as usize).map(Split::unit_ref),
            UnitId::Shared(at) => self.shared.as_ref()?.unit_ref(at as usize),
        }
    }

    /// A unit of the file itself, which has the lines.
    pub(super) fn main_unit(&self, unit: usize) -> UnitRef<'_, Slice<'e>> {
        UnitRef::new(&self.dwarf, &self.units[unit].unit)
    }

    /// Where the entries of a unit are: in its split part, if there is one.
    pub(super) fn entries_of(&self, unit: usize) -> UnitId {
        match self.split(unit) {
            Some(_) => UnitId::Split(unit as u32),
            None => UnitId::Main(unit as u32),
        }
    }

    /// The unit with the entries.
    pub(super) fn entries_unit(&self, unit: usize) -> UnitRef<'_, Slice<'e>> {
        self.split(unit).map_or_else(|| self.main_unit(unit), Split::unit_ref)
    }
}

/// Headers up to the first that cannot be read: nothing tells where the next would begin.
pub(super) fn headers<'e>(dwarf: &gimli::Dwarf<Slice<'e>>) -> Vec<UnitHeader<Slice<'e>>> {
    let mut headers = Vec::new();
    let mut units = dwarf.units();
    while let Ok(Some(header)) = units.next() {
        headers.push(header);
    }
    headers
}

pub(super) type AbbreviationTables = FxHashMap<usize, Arc<Abbreviations>>;

/// The abbreviation tables by offset, each read once and only up to where the next begins.
pub(super) fn abbreviations(
    dwarf: &gimli::Dwarf<Slice<'_>>,
    headers: &[UnitHeader<Slice<'_>>],
    budget: &Budget,
) -> AbbreviationTables {
    let mut offsets: Vec<usize> = headers.iter().map(|header| header.debug_abbrev_offset().0).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let reader = dwarf.debug_abbrev.reader();
    let parse = |(at, &start): (usize, &usize)| {
        let end = offsets.get(at + 1).copied().unwrap_or(usize::MAX).min(reader.slice().len());
        let own = DebugAbbrev::new(reader.slice().get(..end)?, reader.endian());
        let table = own.abbreviations(gimli::DebugAbbrevOffset(start));
        // Tables that share their tails are legal.
        let table = table.or_else(|_| {
            budget.keep(reader.slice().len().saturating_sub(start))?;
            dwarf.debug_abbrev.abbreviations(gimli::DebugAbbrevOffset(start))
        });
        Some((start, Arc::new(table.ok()?)))
    };
    offsets.par_iter().enumerate().filter_map(parse).collect()
}

/// A unit of the file itself and the addresses it covers.
fn read_unit<'e>(
    dwarf: &gimli::Dwarf<Slice<'e>>,
    header: &UnitHeader<Slice<'e>>,
    tables: &AbbreviationTables,
    budget: &Budget,
    first_code: u64,
) -> Option<(Unit<'e>, Vec<gimli::Range>)> {
    let offset = header.debug_info_offset()?.0;
    let unit = bare_unit(dwarf, header, tables, budget)?;
    let ranges = unit_ranges(UnitRef::new(dwarf, &unit), budget, first_code).unwrap_or_default();
    Some((Unit { unit, offset, split: OnceLock::new(), code: OnceLock::new() }, ranges))
}

/// A unit's root, paid for.
pub(super) fn bare_unit<'e>(
    dwarf: &gimli::Dwarf<Slice<'e>>,
    header: &UnitHeader<Slice<'e>>,
    tables: &AbbreviationTables,
    budget: &Budget,
) -> Option<gimli::Unit<Slice<'e>>> {
    let abbreviations = Arc::clone(tables.get(&header.debug_abbrev_offset().0)?);
    budget.charge(root_attributes(header, &abbreviations).ok()?).ok()?;
    let unit = gimli::Unit::new_with_abbreviations(dwarf, *header, abbreviations).ok()?;
    // Any number of units can share one line table, whose files each of them keeps.
    let header_length = unit.line_program.as_ref().map_or(0, |program| program.header().header_length());
    budget.keep(header_length).ok()?;
    Some(unit)
}

/// How many attributes the unit's own entry has; they may take no bytes there.
fn root_attributes(header: &UnitHeader<Slice<'_>>, abbreviations: &Abbreviations) -> gimli::Result<usize> {
    let mut entries = header.entries_raw(abbreviations, None)?;
    Ok(entries.read_abbreviation()?.map_or(1, |root| root.attributes().len() + 1))
}

fn unit_ranges(
    unit: UnitRef<'_, Slice<'_>>,
    budget: &Budget,
    first_code: u64,
) -> gimli::Result<Vec<gimli::Range>> {
    let root = unit.entry(unit.header.root_offset())?;
    let mut found = Vec::new();
    Bounds::of_entry(unit, &root)?.for_each(unit, budget, first_code, |range| found.push(range))?;
    Ok(found)
}

fn indexed(ranges: Vec<Vec<gimli::Range>>) -> Vec<UnitRange> {
    let of_unit = |(unit, ranges): (usize, Vec<gimli::Range>)| {
        let unit = unit as u32;
        ranges.into_iter().map(move |range| UnitRange {
            begin: range.begin,
            end: range.end,
            unit,
            furthest: 0,
        })
    };
    let mut ranges: Vec<UnitRange> = ranges.into_iter().enumerate().flat_map(of_unit).collect();
    ranges.sort_unstable_by_key(|range| (range.begin, range.end, range.unit));
    let mut furthest = 0;
    for range in &mut ranges {
        furthest = furthest.max(range.end);
        range.furthest = furthest;
    }
    ranges
}
