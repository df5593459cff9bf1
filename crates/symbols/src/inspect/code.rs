//! How the code of a binary can be unwound: by tables, by frame pointers.

use std::ops::Range;

use gimli::{BaseAddresses, CieOrFde, DebugFrame, EhFrame, RunTimeEndian, UnwindSection};
use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Register};
use object::{Object, ObjectSection};
use serde::Serialize;

use crate::elf::ElfImage;

/// Entries of call frame information that are read: more say nothing new about the share they cover.
const MOST_ENTRIES: usize = 1 << 20;
/// Compilers write a byte of unwind tables for about ten bytes of code.
const SPARSE: u64 = 40;
/// Functions whose code is looked at.
const MOST_FUNCTIONS: usize = 2000;
/// Bytes of a function in which its frame is set up, if it is.
const PROLOGUE: u64 = 64;
/// Bytes of a function that are searched for a call: one that calls nothing needs no frame.
const BODY: u64 = 512;
/// A shorter function cannot both call and keep a frame.
const SHORTEST: u64 = 8;

/// What says how to unwind the code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unwind {
    /// `.eh_frame`, `.debug_frame`, or none of them.
    pub section: Option<&'static str>,
    /// Bytes of code.
    pub code: u64,
    /// Bytes of code that the section covers.
    pub covered: u64,
}

/// How many functions keep frame pointers, of those that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FramePointers {
    /// Functions that call others; 0 for other processors than x86-64.
    pub functions: usize,
    /// Those of them that set up a frame pointer.
    pub with: usize,
}

/// How much of the code call frame information covers.
pub(super) fn unwind(image: &ElfImage<'_>) -> Unwind {
    let code = text_ranges(image);
    let size = code.iter().map(|range| range.end - range.start).sum();
    let read = |name: &'static str| {
        let covered = within(&merged(entries(image, name)), &code);
        (covered > 0).then_some(Unwind { section: Some(name), code: size, covered })
    };
    let found = read(".eh_frame").into_iter().chain(read(".debug_frame")).max_by_key(|found| found.covered);
    found.unwrap_or(Unwind { code: size, ..Unwind::default() })
}

/// The same, but tables that are as large as those of all code are taken to be that.
pub(super) fn unwind_of_size(image: &ElfImage<'_>) -> Unwind {
    let code = text_ranges(image).iter().map(|range| range.end - range.start).sum();
    match image.file.section_by_name(".eh_frame").map(|section| section.size()) {
        Some(size) if size >= code / SPARSE => Unwind { section: Some(".eh_frame"), code, covered: code },
        _ => unwind(image),
    }
}

/// The code that compilers wrote: the linker's stubs are unwound by their shape.
fn text_ranges(image: &ElfImage<'_>) -> Vec<Range<u64>> {
    let text = image.file.section_by_name(".text").filter(|section| section.size() > 0);
    let range = text.map(|text| text.address()..text.address().saturating_add(text.size()));
    range.map_or_else(|| merged(image.code_ranges()), |range| std::iter::once(range).collect())
}

fn entries(image: &ElfImage<'_>, name: &str) -> Vec<Range<u64>> {
    let Some(section) = image.section(name) else { return Vec::new() };
    let endian = if image.file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
    let size = if image.file.is_64() { 8 } else { 4 };
    let address = |name| image.file.section_by_name(name).map_or(0, |section| section.address());
    let bases = BaseAddresses::default().set_eh_frame(address(".eh_frame")).set_text(address(".text"));
    if name == ".eh_frame" {
        let mut frames = EhFrame::new(&section, endian);
        frames.set_address_size(size);
        ranges(&frames, &bases)
    } else {
        let mut frames = DebugFrame::new(&section, endian);
        frames.set_address_size(size);
        ranges(&frames, &bases)
    }
}

fn ranges<'e, S>(frames: &S, bases: &BaseAddresses) -> Vec<Range<u64>>
where
    S: UnwindSection<gimli::EndianSlice<'e, RunTimeEndian>>,
{
    let mut found = Vec::new();
    let mut entries = frames.entries(bases);
    // What comes after bytes that make no sense cannot be found.
    while let Ok(Some(entry)) = entries.next() {
        let CieOrFde::Fde(partial) = entry else { continue };
        if found.len() == MOST_ENTRIES {
            break;
        }
        if let Ok(entry) = partial.parse(S::cie_from_offset) {
            found.push(entry.initial_address()..entry.end_address());
        }
    }
    found
}

/// Sorted and without overlap.
fn merged(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => merged.push(range),
        }
    }
    merged
}

/// How many addresses of `inner` lie in `outer`; both are sorted and without overlap.
fn within(inner: &[Range<u64>], outer: &[Range<u64>]) -> u64 {
    let common = |a: &Range<u64>, b: &Range<u64>| a.end.min(b.end).saturating_sub(a.start.max(b.start));
    outer
        .iter()
        .map(|range| {
            let from = inner.partition_point(|one| one.end <= range.start);
            let touching = inner[from..].iter().take_while(|one| one.start < range.end);
            touching.map(|one| common(one, range)).sum::<u64>()
        })
        .sum()
}

/// Looks at evenly chosen functions: `functions` of the symbol table, else those that the call frame
/// information knows.
pub(super) fn frame_pointers(image: &ElfImage<'_>, functions: &[(u64, u64)]) -> FramePointers {
    if !image.is_x86_64() {
        return FramePointers::default();
    }
    let outlined: Vec<(u64, u64)>;
    let functions = if functions.is_empty() {
        let size = |range: &Range<u64>| range.end.saturating_sub(range.start);
        outlined = entries(image, ".eh_frame").iter().map(|range| (range.start, size(range))).collect();
        &outlined
    } else {
        functions
    };
    let mut counts = FramePointers::default();
    for &(address, size) in functions.iter().step_by(functions.len().div_ceil(MOST_FUNCTIONS).max(1)) {
        if size < SHORTEST {
            continue;
        }
        let code = image.code(address..address.saturating_add(size.min(BODY))).unwrap_or_default();
        let (frame, call) = frame_and_call(code, address);
        counts.functions += usize::from(call);
        counts.with += usize::from(call && frame);
    }
    counts
}

/// Whether code sets `rbp` up as a frame pointer at its beginning, and whether it calls anything.
fn frame_and_call(code: &[u8], address: u64) -> (bool, bool) {
    let (mut pushed, mut frame, mut call) = (false, false, false);
    for one in Decoder::with_ip(64, code, address, DecoderOptions::NONE) {
        let early = one.ip().wrapping_sub(address) < PROLOGUE;
        pushed |= one.code() == Code::Push_r64 && one.op0_register() == Register::RBP;
        let set = matches!(one.code(), Code::Mov_rm64_r64 | Code::Mov_r64_rm64)
            && one.op0_register() == Register::RBP
            && one.op1_register() == Register::RSP;
        frame |= early && pushed && set;
        call |= matches!(one.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
        if call && (frame || !early) {
            break;
        }
    }
    (frame, call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_addresses_are_counted_once() {
        let inner = merged(vec![0..10, 5..20, 30..40, 50..50, Range { start: 60, end: 50 }]);
        assert_eq!(inner, [0..20, 30..40]);
        assert_eq!(within(&inner, &[15..35, 90..99]), 10);
        assert_eq!(within(&inner, &[20..30, 50..60]), 0);
        assert_eq!(within(&[], &[20..30, 50..60]), 0);
    }

    #[test]
    fn a_frame_pointer_is_pushed_and_set() {
        // push rbp; mov rbp, rsp; call
        let with = [0x55, 0x48, 0x89, 0xe5, 0xe8, 0, 0, 0, 0, 0xc3];
        assert_eq!(frame_and_call(&with, 0x1000), (true, true));
        // push rbp as any register that is saved; call
        let without = [0x55, 0x53, 0xe8, 0, 0, 0, 0, 0xc3];
        assert_eq!(frame_and_call(&without, 0x1000), (false, true));
        assert_eq!(frame_and_call(&[0xc3], 0x1000), (false, false));
        assert_eq!(frame_and_call(&[], u64::MAX), (false, false));
    }
}
