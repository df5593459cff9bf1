//! The units of a supplementary file: what `dwz` moved out of several files because all have it.
//!
//! They cover no addresses. Entries of other files refer to theirs by offset, and to their strings.

use gimli::UnitRef;
use rayon::prelude::*;

use super::budget::Budget;
use super::units::{abbreviations, bare_unit, headers};
use super::{DebugSections, Slice};

/// The supplementary file.
pub(super) struct SharedUnits<'e> {
    dwarf: gimli::Dwarf<Slice<'e>>,
    /// By offset in its `.debug_info`.
    units: Vec<(usize, gimli::Unit<Slice<'e>>)>,
}

impl<'e> SharedUnits<'e> {
    pub(super) fn new(sections: &'e DebugSections<'_>, budget: &Budget) -> Self {
        let dwarf = sections.dwarf();
        let headers = headers(&dwarf);
        let tables = abbreviations(&dwarf, &headers, budget);
        let read = |header| Some((offset_of(header)?, bare_unit(&dwarf, header, &tables, budget)?));
        let units = headers.par_iter().filter_map(read).collect();
        SharedUnits { dwarf, units }
    }

    pub(super) fn unit_ref(&self, unit: usize) -> Option<UnitRef<'_, Slice<'e>>> {
        self.units.get(unit).map(|(_, unit)| UnitRef::new(&self.dwarf, unit))
    }

    /// The unit that holds a `.debug_info` offset, and where it begins.
    pub(super) fn unit_at_offset(&self, offset: usize) -> Option<(usize, usize)> {
        let at = self.units.partition_point(|(start, _)| *start <= offset).checked_sub(1)?;
        let (start, unit) = &self.units[at];
        (offset - start < unit.header.length_including_self()).then_some((at, *start))
    }
}

fn offset_of(header: &gimli::UnitHeader<Slice<'_>>) -> Option<usize> {
    Some(header.debug_info_offset()?.0)
}
