//! The debug sections of a binary, decompressed.

use std::borrow::Cow;

use gimli::{DwarfSections, EndianSlice, RunTimeEndian};
use object::Object;
use rayon::prelude::*;

use super::Slice;
use crate::elf::ElfImage;

/// The sections that lookups read.
const NAMES: [gimli::SectionId; 9] = [
    gimli::SectionId::DebugInfo,
    gimli::SectionId::DebugAbbrev,
    gimli::SectionId::DebugLine,
    gimli::SectionId::DebugLineStr,
    gimli::SectionId::DebugStr,
    gimli::SectionId::DebugStrOffsets,
    gimli::SectionId::DebugAddr,
    gimli::SectionId::DebugRanges,
    gimli::SectionId::DebugRngLists,
];

/// Debug sections: borrowed from the file, or owned where they were compressed.
pub struct DebugSections<'a> {
    sections: DwarfSections<Cow<'a, [u8]>>,
    endian: RunTimeEndian,
    size: usize,
}

impl<'a> DebugSections<'a> {
    /// Loads (and decompresses, in parallel) the sections; none if there is no debug info.
    pub fn load(image: &ElfImage<'a>) -> Option<Self> {
        if !image.has_section(gimli::SectionId::DebugInfo.name()) {
            return None;
        }
        let mut loaded: Vec<_> = NAMES.par_iter().map(|id| (*id, image.section(id.name()))).collect();
        let size = loaded.iter().filter_map(|(_, data)| data.as_ref()).map(|data| data.len()).sum();
        let mut take = |id: gimli::SectionId| -> Result<Cow<'a, [u8]>, std::convert::Infallible> {
            let found = loaded.iter_mut().find(|(name, _)| *name == id);
            Ok(found.and_then(|(_, data)| data.take()).unwrap_or_default())
        };
        let Ok(sections) = DwarfSections::load(&mut take);
        let endian = if image.file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
        Some(DebugSections { sections, endian, size })
    }

    /// Bytes of debug info, decompressed.
    pub fn size(&self) -> usize {
        self.size
    }

    pub(super) fn dwarf(&self) -> gimli::Dwarf<Slice<'_>> {
        self.sections.borrow(|section| EndianSlice::new(section, self.endian))
    }
}
