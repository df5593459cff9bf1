//! Addresses in memory as their binary numbers them, by where parts of its file lay.
//!
//! An offset of the file is no such number: linkers put code at another address than its offset (lld, and whatever is not
//! position independent).

use std::fs::{self, File};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use pyrometer_symbols::identity::{self, Segment};
use rustc_hash::FxHashMap;

/// Here lie only programs that are not position independent: at the addresses that they have themselves. Nothing lies
/// below (`vm.mmap_min_addr`): such numbers are no longer those of memory.
const NOT_MOVED: Range<u64> = 0x1_0000..0x1000_0000;

/// A part of a file in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub start: u64,
    pub end: u64,
    /// Of the file, at `start`.
    pub offset: u64,
}

impl Span {
    fn holds(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }
}

/// A part of a file in memory, and what tells where its binary numbers it.
#[derive(Clone, Debug)]
pub(super) struct Mapped {
    span: Span,
    /// The first of the parts that lie as they do in the file.
    first: Span,
    /// Of the file, if it is there.
    segments: Arc<[Segment]>,
}

impl Mapped {
    /// A part of a file; `before` is the one before it in memory, if that is of the same file.
    pub fn new(span: Span, before: Option<&Self>) -> Self {
        // What comes before it in memory and not in the file is mapped another time.
        let first = before.filter(|other| other.span.offset <= span.offset).map_or(span, |other| other.first);
        Self { span, first, segments: [].into() }
    }

    /// With what the file of this name says, if it is the one that was mapped.
    pub fn asking(mut self, files: &mut Files, path: &str, build_id: Option<&str>) -> Self {
        if let Some(build_id) = build_id.filter(|_| self.is_moved()) {
            self.segments = files.segments(path, build_id);
        }
        self
    }

    fn is_moved(&self) -> bool {
        self.span.start >= NOT_MOVED.end
    }

    /// An address as the binary numbers it; where nothing tells, the offset in its file. Others are left as they are.
    pub fn own(&self, address: u64) -> Option<u64> {
        let Span { start, offset, .. } = self.span;
        if !self.span.holds(address) || NOT_MOVED.contains(&start) {
            return Some(address);
        }
        let at = (address - start).checked_add(offset)?;
        if let Some(segment) = self.segments.iter().find(|of| at.wrapping_sub(of.offset) < of.size) {
            return (at - segment.offset).checked_add(segment.address);
        }
        Some(if self.first.offset == 0 { address - self.first.start } else { at })
    }
}

/// The address of a frame; none if it is not known. A kernel's have the highest bit set.
pub(super) fn own_address(mapped: Option<&Mapped>, address: u64) -> Option<i64> {
    let own = mapped.map_or(Some(address), |mapped| mapped.own(address))?;
    Some(own.cast_signed()).filter(|address| *address != 0)
}

/// Files of this machine that were asked, by name and build id.
#[derive(Debug, Default)]
pub(super) struct Files(FxHashMap<(String, String), Arc<[Segment]>>);

impl Files {
    fn segments(&mut self, path: &str, build_id: &str) -> Arc<[Segment]> {
        let key = (path.to_owned(), build_id.to_owned());
        self.0.entry(key).or_insert_with(|| segments_of(path, build_id).into()).clone()
    }
}

/// What is loaded of the file by this name; nothing if it is another one, by its build id, or not there.
fn segments_of(path: &str, build_id: &str) -> Vec<Segment> {
    let path = Path::new(path);
    // What is no file may never be opened.
    let is_file = path.is_absolute() && fs::metadata(path).is_ok_and(|of| of.is_file());
    let file = is_file.then(|| File::open(path).ok()).flatten();
    let same = file.filter(|file| identity::build_id(file).as_deref() == Some(build_id));
    same.map_or_else(Vec::new, |file| identity::segments(&file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, offset: u64) -> Span {
        Span { start, end: start + 0x1000, offset }
    }

    fn alone(start: u64, offset: u64) -> Mapped {
        Mapped::new(span(start, offset), None)
    }

    #[test]
    fn an_address_is_counted_from_the_beginning_of_a_file_that_was_moved() {
        // As lld lays out small files: two parts show the first page.
        let parts = [
            (0x5554_0000_0000, 0x3000),
            (0x5555_0000_0000, 0),
            (0x5555_0000_1000, 0),
            (0x5555_0000_2000, 0x1000),
        ];
        let next =
            |before: Option<Mapped>, (start, offset)| Some(Mapped::new(span(start, offset), before.as_ref()));
        let last = parts.into_iter().fold(None, next).unwrap();
        assert_eq!(last.own(0x5555_0000_2010), Some(0x2010));
    }

    #[test]
    fn a_program_that_is_not_moved_numbers_memory() {
        for offset in [0, 0x1000] {
            assert_eq!(alone(0x40_1000, offset).own(0x40_1010), Some(0x40_1010));
        }
    }

    #[test]
    fn the_file_tells_more_than_a_part_of_it() {
        let segments = [Segment { offset: 0x280, size: 0x800, address: 0x1280 }].into();
        let known = Mapped { segments, ..alone(0x5555_0000_1000, 0) };
        assert_eq!(known.own(0x5555_0000_1290), Some(0x1290));
        assert_eq!(known.own(0x10), Some(0x10), "elsewhere");
        assert_eq!(alone(0x5555_0000_2000, 0x1000).own(0x5555_0000_2010), Some(0x1010), "nothing tells");
    }

    #[test]
    fn what_is_not_of_memory_is_told_by_the_mapping_alone() {
        assert_eq!(alone(0, 0).own(0x10), Some(0x10));
        assert_eq!(alone(0, 0x30).own(0x10), Some(0x40));
        assert_eq!(alone(0x1000, 0).own(0x1010), Some(0x10));
        let last = Span { start: u64::MAX - 0x1000, end: u64::MAX, offset: u64::MAX };
        assert_eq!(Mapped::new(last, None).own(u64::MAX - 1), None);
    }

    #[test]
    fn only_the_file_that_was_mapped_is_asked() {
        let own = std::env::current_exe().unwrap();
        let id = identity::build_id(&File::open(&own).unwrap()).unwrap_or_default();
        let path = own.to_str().unwrap();
        assert_eq!(segments_of(path, &id).is_empty(), id.is_empty());
        assert_eq!(segments_of(path, "00"), []);
        assert_eq!(segments_of("/dev/zero", "00"), []);
    }
}
