//! The functions of a unit, and the calls inlined into each.

use std::sync::OnceLock;

use gimli::{UnitOffset, UnitRef};

use super::budget::Meter;
use super::plan::Entry;
use super::ranges::Bounds;
use super::value::EntryRef;
use super::walk::Walk;
use super::{DwarfIndex, Slice};

/// Inlined calls nested deeper than this are left out.
const DEEPEST_INLINE: usize = 256;

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

impl UnitFunctions {
    /// Reads the ranges of all functions, and the calls inlined into those that hold one of the `wanted` addresses,
    /// which ascend; what comes before a corrupt entry is kept.
    pub(super) fn read(index: &DwarfIndex<'_>, unit: usize, wanted: &[u64]) -> Self {
        let mut functions = UnitFunctions::default();
        // Corrupt: what was read until there is right.
        let _ = functions.read_entries(index, index.entries_unit(unit), wanted);
        functions.ranges.sort_by_key(|range| range.begin);
        functions.ranges.dedup_by_key(|range| range.begin);
        functions
    }

    fn read_entries(
        &mut self,
        index: &DwarfIndex<'_>,
        unit: UnitRef<'_, Slice<'_>>,
        wanted: &[u64],
    ) -> gimli::Result<()> {
        index.budget.charge(unit.header.length_including_self())?;
        let mut walk = Walk::new(unit)?;
        let mut meter = index.budget.meter();
        while !walk.is_done() {
            let (at, depth) = (walk.offset(), walk.depth());
            let Some(entry) = walk.next_entry()? else { continue };
            // Attributes may take no bytes in the entry.
            meter.steps(entry.attributes as usize)?;
            if entry.tag != gimli::DW_TAG_subprogram {
                walk.skip(entry)?;
                continue;
            }
            let mut bounds = Bounds::default();
            walk.read(entry, |name, value| bounds.note(unit, name, value))?;
            if self.add(index, unit, at, bounds, wanted)? && entry.has_children {
                self.read_wanted(index, &mut walk, depth)?;
            }
        }
        Ok(())
    }

    /// Reads the calls inlined into the function that was added last, while the walk is there anyway.
    fn read_wanted(
        &mut self,
        index: &DwarfIndex<'_>,
        walk: &mut Walk<'_, '_>,
        depth: isize,
    ) -> gimli::Result<()> {
        let start = walk.place();
        let mut body = Function::default();
        let read = body.read_calls(index, walk, depth);
        // The functions inside are still to be found; and a corrupt one ends this walk like any other.
        if !matches!(read, Ok(false)) {
            walk.go_to(start);
        }
        body.sort();
        if let Some(last) = self.functions.last() {
            let _ = last.body.set(body);
        }
        Ok(())
    }

    /// Adds a function that has code; true if a wanted address is in it.
    fn add(
        &mut self,
        index: &DwarfIndex<'_>,
        unit: UnitRef<'_, Slice<'_>>,
        entry: UnitOffset,
        bounds: Bounds,
        wanted: &[u64],
    ) -> gimli::Result<bool> {
        let function = self.functions.len() as u32;
        let ranges = &mut self.ranges;
        let (before, mut is_wanted) = (ranges.len(), false);
        let read = bounds.for_each(unit, &index.budget, index.first_code, |range| {
            ranges.push(FunctionRange { begin: range.begin, end: range.end, function });
            is_wanted = is_wanted || holds_one_of(range, wanted);
        });
        // The ranges before a corrupt one are right, and each must have its function.
        if ranges.len() > before {
            self.functions.push(LazyFunction { entry, body: OnceLock::new() });
        }
        read.map(|()| is_wanted)
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

fn holds_one_of(range: gimli::Range, wanted: &[u64]) -> bool {
    let at = wanted.partition_point(|&address| address < range.begin);
    wanted.get(at).is_some_and(|&address| address < range.end)
}

impl Function {
    fn read(index: &DwarfIndex<'_>, unit: usize, entry: UnitOffset) -> Self {
        let mut function = Function::default();
        // Corrupt: what was read until there is right.
        let _ = function.read_entry(index, index.entries_unit(unit), entry);
        function.sort();
        function
    }

    fn read_entry(
        &mut self,
        index: &DwarfIndex<'_>,
        unit: UnitRef<'_, Slice<'_>>,
        entry: UnitOffset,
    ) -> gimli::Result<()> {
        let mut walk = Walk::new(unit)?;
        walk.seek(entry);
        skip_entry(&mut index.budget.meter(), &mut walk)?;
        self.read_calls(index, &mut walk, 0)?;
        Ok(())
    }

    fn sort(&mut self) {
        self.ranges.sort_unstable_by_key(|range| (range.depth, range.begin, range.call));
    }

    /// Walks the entries deeper than `top`; true if other functions were among them, which it passes over. The depth
    /// of an inlined call counts only inlined calls, not the lexical blocks between them.
    fn read_calls(
        &mut self,
        index: &DwarfIndex<'_>,
        walk: &mut Walk<'_, '_>,
        top: isize,
    ) -> gimli::Result<bool> {
        let mut meter = index.budget.meter();
        let mut has_functions = false;
        // Entry depths of the inlined calls around the current entry.
        let mut around: Vec<isize> = Vec::new();
        while walk.depth() > top {
            meter.step()?;
            let depth = walk.depth();
            let Some(entry) = walk.next_entry()? else { continue };
            meter.steps(entry.attributes as usize)?;
            while around.last().is_some_and(|&outer| outer >= depth) {
                around.pop();
            }
            if entry.tag == gimli::DW_TAG_inlined_subroutine {
                let level = around.len();
                around.push(depth);
                self.read_call(index, walk, entry, level)?;
                continue;
            }
            walk.skip(entry)?;
            if entry.tag == gimli::DW_TAG_subprogram {
                has_functions = true;
                skip_children(&mut meter, walk, depth)?;
            }
        }
        Ok(has_functions)
    }

    fn read_call(
        &mut self,
        index: &DwarfIndex<'_>,
        walk: &mut Walk<'_, '_>,
        entry: Entry,
        level: usize,
    ) -> gimli::Result<()> {
        let (unit, own) = (walk.unit(), EntryRef::Unit(walk.offset()));
        let mut call = InlineCall { function: own, file: None, line: 0, column: 0 };
        let mut bounds = Bounds::default();
        walk.read(entry, |name, value| {
            match name {
                gimli::DW_AT_abstract_origin => call.function = value.entry().unwrap_or(own),
                gimli::DW_AT_call_file => call.file = value.number(),
                gimli::DW_AT_call_line => call.line = value.small(),
                gimli::DW_AT_call_column => call.column = value.small(),
                name => bounds.note(unit, name, value)?,
            }
            Ok(())
        })?;
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

fn skip_entry(meter: &mut Meter<'_>, walk: &mut Walk<'_, '_>) -> gimli::Result<()> {
    if let Some(entry) = walk.next_entry()? {
        meter.steps(entry.attributes as usize)?;
        walk.skip(entry)?;
    }
    Ok(())
}

fn skip_children(meter: &mut Meter<'_>, walk: &mut Walk<'_, '_>, depth: isize) -> gimli::Result<()> {
    while walk.depth() > depth {
        meter.step()?;
        skip_entry(meter, walk)?;
    }
    Ok(())
}
