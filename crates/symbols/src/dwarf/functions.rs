//! The functions of a unit, and the calls inlined into each.

use std::sync::OnceLock;

use gimli::{AttributeValue, DwAt, EntriesRaw, UnitOffset, UnitRef};

use super::budget::{Budget, Meter};
use super::{DwarfIndex, Slice};

/// Inlined calls nested deeper than this are left out.
const DEEPEST_INLINE: usize = 256;

/// Ranges of a list that costs nothing to keep.
const SHORT_LIST: usize = 8;

/// The functions of a unit, by address.
#[derive(Default)]
pub(crate) struct UnitFunctions {
    /// Sorted by beginning.
    ranges: Vec<FunctionRange>,
    functions: Vec<LazyFunction>,
}

struct FunctionRange {
    begin: u64,
    end: u64,
    function: u32,
}

struct LazyFunction {
    entry: UnitOffset,
    body: OnceLock<Function>,
}

/// The calls inlined into one function.
#[derive(Default)]
pub(crate) struct Function {
    /// Sorted by depth, then beginning: a search by depth finds the chain from the outside in.
    ranges: Vec<InlineRange>,
    calls: Vec<InlineCall>,
}

struct InlineRange {
    depth: u32,
    begin: u64,
    end: u64,
    call: u32,
}

/// One inlined call.
pub(crate) struct InlineCall {
    /// The entry that describes the called function.
    pub(crate) function: EntryRef,
    pub(crate) file: Option<u64>,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A reference to an entry of the debug info.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum EntryRef {
    /// In the same unit.
    Unit(UnitOffset),
    /// Anywhere in `.debug_info`.
    Info(usize),
    /// In the `.debug_info` of the supplementary file.
    Shared(usize),
}

impl EntryRef {
    pub(crate) fn from_value(value: AttributeValue<Slice<'_>>) -> Option<Self> {
        match value {
            AttributeValue::UnitRef(offset) => Some(EntryRef::Unit(offset)),
            AttributeValue::DebugInfoRef(offset) => Some(EntryRef::Info(offset.0)),
            AttributeValue::DebugInfoRefSup(offset) => Some(EntryRef::Shared(offset.0)),
            _ => None,
        }
    }
}

impl UnitFunctions {
    /// Reads the ranges of all functions; those before a corrupt entry are kept.
    pub(super) fn read(index: &DwarfIndex<'_>, unit: usize) -> Self {
        let mut functions = UnitFunctions::default();
        // Corrupt: what was read until there is right.
        let _ = functions.read_entries(index, unit);
        functions.ranges.sort_by_key(|range| range.begin);
        functions.ranges.dedup_by_key(|range| range.begin);
        functions
    }

    fn read_entries(&mut self, index: &DwarfIndex<'_>, unit: usize) -> gimli::Result<()> {
        let unit = index.entries_unit(unit);
        index.budget.charge(unit.header.length_including_self())?;
        let mut entries = unit.entries_raw(None)?;
        let mut meter = index.budget.meter();
        while !entries.is_empty() {
            let entry = entries.next_offset();
            let Some(abbreviation) = entries.read_abbreviation()? else { continue };
            // Attributes may take no bytes in the entry.
            meter.steps(abbreviation.attributes().len())?;
            if abbreviation.tag() != gimli::DW_TAG_subprogram {
                entries.skip_attributes(abbreviation.attributes())?;
                continue;
            }
            let mut bounds = Bounds::default();
            for spec in abbreviation.attributes() {
                let attribute = entries.read_attribute(*spec)?;
                bounds.note(unit, attribute.name(), attribute.value())?;
            }
            self.add(index, unit, entry, bounds)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        index: &DwarfIndex<'_>,
        unit: UnitRef<'_, Slice<'_>>,
        entry: UnitOffset,
        bounds: Bounds,
    ) -> gimli::Result<()> {
        let function = self.functions.len() as u32;
        let ranges = &mut self.ranges;
        let before = ranges.len();
        bounds.for_each(unit, &index.budget, index.first_code, |range| {
            ranges.push(FunctionRange { begin: range.begin, end: range.end, function });
        })?;
        if ranges.len() > before {
            self.functions.push(LazyFunction { entry, body: OnceLock::new() });
        }
        Ok(())
    }

    /// The function at `address`.
    pub(super) fn find(&self, address: u64) -> Option<usize> {
        let at = self.ranges.partition_point(|range| range.begin <= address).checked_sub(1)?;
        (address < self.ranges[at].end).then_some(self.ranges[at].function as usize)
    }

    /// The entry that describes a function.
    pub(super) fn entry(&self, function: usize) -> UnitOffset {
        self.functions[function].entry
    }

    pub(super) fn function(&self, index: &DwarfIndex<'_>, unit: usize, function: usize) -> &Function {
        let lazy = &self.functions[function];
        lazy.body.get_or_init(|| Function::read(index, unit, lazy.entry))
    }
}

impl Function {
    fn read(index: &DwarfIndex<'_>, unit: usize, entry: UnitOffset) -> Self {
        let mut function = Function::default();
        // Corrupt: what was read until there is right.
        let _ = function.read_calls(index, index.entries_unit(unit), entry);
        function.ranges.sort_unstable_by_key(|range| (range.depth, range.begin, range.call));
        function
    }

    /// Walks the entries below `entry`. The depth of an inlined call counts only inlined calls, not
    /// the lexical blocks between them.
    fn read_calls(
        &mut self,
        index: &DwarfIndex<'_>,
        unit: UnitRef<'_, Slice<'_>>,
        entry: UnitOffset,
    ) -> gimli::Result<()> {
        let mut entries = unit.entries_raw(Some(entry))?;
        let top = entries.next_depth();
        let mut meter = index.budget.meter();
        skip_entry(&mut meter, &mut entries)?;
        // Entry depths of the inlined calls around the current entry.
        let mut around: Vec<isize> = Vec::new();
        while entries.next_depth() > top {
            meter.step()?;
            let depth = entries.next_depth();
            while around.last().is_some_and(|&outer| outer >= depth) {
                around.pop();
            }
            let Some(abbreviation) = entries.read_abbreviation()? else { continue };
            meter.steps(abbreviation.attributes().len())?;
            if abbreviation.tag() != gimli::DW_TAG_inlined_subroutine {
                entries.skip_attributes(abbreviation.attributes())?;
                let nested_function = abbreviation.tag() == gimli::DW_TAG_subprogram;
                if nested_function {
                    skip_children(&mut meter, &mut entries, depth)?;
                }
                continue;
            }
            let level = around.len();
            around.push(depth);
            self.read_call(index, unit, &mut entries, abbreviation, level)?;
        }
        Ok(())
    }

    fn read_call<'e>(
        &mut self,
        index: &DwarfIndex<'_>,
        unit: UnitRef<'_, Slice<'e>>,
        entries: &mut EntriesRaw<'_, Slice<'e>>,
        abbreviation: &gimli::Abbreviation,
        level: usize,
    ) -> gimli::Result<()> {
        let own = EntryRef::Unit(entries.next_offset());
        let mut call = InlineCall { function: own, file: None, line: 0, column: 0 };
        let mut bounds = Bounds::default();
        for spec in abbreviation.attributes() {
            let attribute = entries.read_attribute(*spec)?;
            match attribute.name() {
                gimli::DW_AT_abstract_origin => {
                    call.function = EntryRef::from_value(attribute.value()).unwrap_or(own)
                }
                gimli::DW_AT_call_file => call.file = file_index(attribute.value()),
                gimli::DW_AT_call_line => call.line = small(attribute.value()),
                gimli::DW_AT_call_column => call.column = small(attribute.value()),
                name => bounds.note(unit, name, attribute.value())?,
            }
        }
        if level < DEEPEST_INLINE {
            self.add(index, unit, call, bounds, level)?;
        }
        Ok(())
    }

    fn add(
        &mut self,
        index: &DwarfIndex<'_>,
        unit: UnitRef<'_, Slice<'_>>,
        call: InlineCall,
        bounds: Bounds,
        level: usize,
    ) -> gimli::Result<()> {
        let at = self.calls.len() as u32;
        self.calls.push(call);
        let ranges = &mut self.ranges;
        bounds.for_each(unit, &index.budget, index.first_code, |range| {
            ranges.push(InlineRange { depth: level as u32, begin: range.begin, end: range.end, call: at });
        })
    }

    /// The inlined calls around `address`, outermost first.
    pub(super) fn calls_at(&self, address: u64) -> impl Iterator<Item = &InlineCall> {
        self.call_rows_at(address).map(|row| &self.calls[row as usize])
    }

    /// Which of the inlined calls is the innermost one at `address`; none outside of all.
    pub(super) fn innermost_at(&self, address: u64) -> Option<u32> {
        self.call_rows_at(address).last()
    }

    fn call_rows_at(&self, address: u64) -> impl Iterator<Item = u32> {
        let mut rest = &self.ranges[..];
        (0..).map_while(move |depth: u32| {
            let after = rest.partition_point(|range| (range.depth, range.begin) <= (depth, address));
            let at = after.checked_sub(1)?;
            let range = &rest[at];
            let inside = range.depth == depth && address < range.end;
            rest = &rest[after..];
            inside.then_some(range.call)
        })
    }
}

fn skip_entry(meter: &mut Meter<'_>, entries: &mut EntriesRaw<'_, Slice<'_>>) -> gimli::Result<()> {
    if let Some(abbreviation) = entries.read_abbreviation()? {
        meter.steps(abbreviation.attributes().len())?;
        entries.skip_attributes(abbreviation.attributes())?;
    }
    Ok(())
}

fn skip_children(
    meter: &mut Meter<'_>,
    entries: &mut EntriesRaw<'_, Slice<'_>>,
    depth: isize,
) -> gimli::Result<()> {
    while entries.next_depth() > depth {
        meter.step()?;
        skip_entry(meter, entries)?;
    }
    Ok(())
}

pub(super) fn file_index(value: AttributeValue<Slice<'_>>) -> Option<u64> {
    match value {
        AttributeValue::FileIndex(file) => Some(file),
        other => other.udata_value(),
    }
}

pub(super) fn small(value: AttributeValue<Slice<'_>>) -> u32 {
    value.udata_value().and_then(|value| u32::try_from(value).ok()).unwrap_or(0)
}

/// The attributes that say which addresses an entry covers.
#[derive(Default)]
pub(super) struct Bounds {
    low: Option<u64>,
    high: Option<u64>,
    size: Option<u64>,
    list: Option<gimli::RangeListsOffset>,
}

impl Bounds {
    pub(super) fn of_entry<'e>(
        unit: UnitRef<'_, Slice<'e>>,
        entry: &gimli::DebuggingInformationEntry<Slice<'e>>,
    ) -> gimli::Result<Self> {
        let mut bounds = Bounds::default();
        for attribute in entry.attrs() {
            bounds.note(unit, attribute.name(), attribute.value())?;
        }
        Ok(bounds)
    }

    fn note<'e>(
        &mut self,
        unit: UnitRef<'_, Slice<'e>>,
        name: DwAt,
        value: AttributeValue<Slice<'e>>,
    ) -> gimli::Result<()> {
        match name {
            gimli::DW_AT_low_pc => self.low = unit.attr_address(value)?,
            gimli::DW_AT_high_pc => match unit.attr_address(value)? {
                Some(address) => self.high = Some(address),
                None => self.size = value.udata_value(),
            },
            gimli::DW_AT_ranges => self.list = unit.attr_ranges_offset(value)?,
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
            // The finished ranges leave out what is empty; hostile lists hold nothing else.
            let mut raw = unit.raw_ranges(list)?;
            let (mut meter, mut length) = (budget.meter(), 0);
            while raw.next()?.is_some() {
                meter.step()?;
                length += 1;
            }
            // Any number of entries can share one list. Short ones, which are nearly all, are free, so that
            // threads need not meet at the budget.
            if length > SHORT_LIST {
                budget.keep(length)?;
            }
            let mut ranges = unit.ranges(list)?;
            while let Some(range) = ranges.next()? {
                keep(range);
            }
        } else if let (Some(begin), Some(end)) = (self.low, self.end()) {
            keep(gimli::Range { begin, end });
        }
        Ok(())
    }

    fn end(&self) -> Option<u64> {
        self.high.or_else(|| self.low?.checked_add(self.size?))
    }
}
