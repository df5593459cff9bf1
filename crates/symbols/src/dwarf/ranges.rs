//! The addresses that an entry covers.

use gimli::{DwAt, RangeListsOffset, RawRngListEntry, UnitRef};

use super::Slice;
use super::budget::Budget;
use super::value::Value;

/// Ranges of a list that costs nothing to keep.
const SHORT_LIST: usize = 8;

/// The attributes that say which addresses an entry covers.
#[derive(Default)]
pub(super) struct Bounds {
    low: Option<u64>,
    high: Option<u64>,
    size: Option<u64>,
    list: Option<RangeListsOffset>,
}

impl Bounds {
    pub(super) fn of_entry<'e>(
        unit: UnitRef<'_, Slice<'e>>,
        entry: &gimli::DebuggingInformationEntry<Slice<'e>>,
    ) -> gimli::Result<Self> {
        let mut bounds = Bounds::default();
        for attribute in entry.attrs() {
            bounds.note(unit, attribute.name(), Value::of(&attribute.value()))?;
        }
        Ok(bounds)
    }

    #[inline]
    pub(super) fn note(
        &mut self,
        unit: UnitRef<'_, Slice<'_>>,
        name: DwAt,
        value: Value,
    ) -> gimli::Result<()> {
        match name {
            gimli::DW_AT_low_pc => self.low = value.address(unit)?,
            gimli::DW_AT_high_pc => match value.address(unit)? {
                Some(address) => self.high = Some(address),
                None => self.size = value.number(),
            },
            gimli::DW_AT_ranges => self.list = value.ranges(unit)?,
            _ => {}
        }
        Ok(())
    }

    /// Calls `each` with every range of code that the linker kept.
    pub(super) fn for_each(
        &self,
        unit: UnitRef<'_, Slice<'_>>,
        budget: &Budget,
        first_code: u64,
        mut each: impl FnMut(gimli::Range),
    ) -> gimli::Result<()> {
        let mut keep = |range: gimli::Range| {
            if range.begin >= first_code && range.begin < range.end {
                each(range);
            }
        };
        if let Some(list) = self.list {
            each_of_list(unit, budget, list, keep)?;
        } else if let (Some(begin), Some(end)) = (self.low, self.end()) {
            keep(gimli::Range { begin, end });
        }
        Ok(())
    }

    fn end(&self) -> Option<u64> {
        self.high.or_else(|| self.low?.checked_add(self.size?))
    }
}

/// Calls `keep` with the ranges of a list, but for those of code that was dropped. Any number of entries can share one
/// list, and it may hold nothing but empty ranges: what is beyond the first few is paid for. Those, which are all of
/// nearly every list, are free, so that threads need not meet at the budget.
fn each_of_list(
    unit: UnitRef<'_, Slice<'_>>,
    budget: &Budget,
    list: RangeListsOffset,
    mut keep: impl FnMut(gimli::Range),
) -> gimli::Result<()> {
    let largest = u64::MAX >> (64 - 8 * u32::from(unit.encoding().address_size.clamp(1, 8)));
    // Linkers put -1 or -2 in place of an address that is no more.
    let dropped = largest - 1;
    let mut base = unit.low_pc;
    let mut length = 0;
    let mut raw = unit.raw_ranges(list)?;
    let mut meter = budget.meter();
    while let Some(entry) = raw.next()? {
        length += 1;
        if length > SHORT_LIST {
            meter.keep()?;
        }
        let of = |begin: u64, end: u64| gimli::Range { begin: begin & largest, end: end & largest };
        let range = match entry {
            RawRngListEntry::BaseAddress { addr } => {
                base = addr;
                continue;
            }
            RawRngListEntry::BaseAddressx { addr } => {
                base = unit.address(addr)?;
                continue;
            }
            RawRngListEntry::AddressOrOffsetPair { .. } | RawRngListEntry::OffsetPair { .. }
                if base >= dropped =>
            {
                continue;
            }
            RawRngListEntry::AddressOrOffsetPair { begin, end }
            | RawRngListEntry::OffsetPair { begin, end } => {
                of(begin.wrapping_add(base), end.wrapping_add(base))
            }
            RawRngListEntry::StartxEndx { begin, end } => of(unit.address(begin)?, unit.address(end)?),
            RawRngListEntry::StartxLength { begin, length } => {
                let begin = unit.address(begin)?;
                of(begin, begin.wrapping_add(length))
            }
            RawRngListEntry::StartEnd { begin, end } => of(begin, end),
            RawRngListEntry::StartLength { begin, length } => of(begin, begin.wrapping_add(length)),
        };
        if range.begin < dropped && range.begin < range.end {
            keep(range);
        }
    }
    Ok(())
}
