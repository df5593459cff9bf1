//! The debug sections of a file, decompressed.

use std::borrow::Cow;

use gimli::{DwarfPackageSections, DwarfSections, EndianSlice, RunTimeEndian, SectionId};
use object::Object;
use rayon::prelude::*;

use super::Slice;
use crate::elf::ElfImage;

/// The sections that lookups read.
const NAMES: [SectionId; 9] = [
    SectionId::DebugInfo,
    SectionId::DebugAbbrev,
    SectionId::DebugLine,
    SectionId::DebugLineStr,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
    SectionId::DebugAddr,
    SectionId::DebugRanges,
    SectionId::DebugRngLists,
];

/// Those of a package of split debug info: a unit is found only if all its parts are there.
const PACKAGE_NAMES: [SectionId; 13] = [
    SectionId::DebugCuIndex,
    SectionId::DebugTuIndex,
    SectionId::DebugInfo,
    SectionId::DebugAbbrev,
    SectionId::DebugLine,
    SectionId::DebugLoc,
    SectionId::DebugLocLists,
    SectionId::DebugMacinfo,
    SectionId::DebugMacro,
    SectionId::DebugRngLists,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
    SectionId::DebugTypes,
];

/// Debug sections: borrowed from the file, or owned where they were compressed.
pub struct DebugSections<'a> {
    sections: DwarfSections<Cow<'a, [u8]>>,
    endian: RunTimeEndian,
    size: usize,
}

impl<'a> DebugSections<'a> {
    /// Loads (and decompresses, in parallel) the sections; none if there is no debug info, or none
    /// that can be read.
    pub fn load(image: &ElfImage<'a>) -> Option<Self> {
        let name = |id: SectionId| Some(id.name());
        Loaded::of(image, name, |load| NAMES.par_iter().map(load).collect()).map(Self::of)
    }

    /// The same of a `.dwo` file, whose sections are named `.debug_info.dwo` and so on; by this thread alone.
    pub fn load_split(image: &ElfImage<'a>) -> Option<Self> {
        Loaded::of(image, SectionId::dwo_name, |load| NAMES.iter().map(load).collect()).map(Self::of)
    }

    fn of(loaded: Loaded<'a>) -> Self {
        let Loaded { sections: mut loaded, endian, size } = loaded;
        let mut take = |id| -> Result<_, std::convert::Infallible> { Ok(taken(&mut loaded, id)) };
        let Ok(sections) = DwarfSections::load(&mut take);
        DebugSections { sections, endian, size }
    }

    /// Bytes of debug info, decompressed.
    pub fn size(&self) -> usize {
        self.size
    }

    pub(super) fn dwarf(&self) -> gimli::Dwarf<Slice<'_>> {
        self.sections.borrow(|section| EndianSlice::new(section, self.endian))
    }
}

/// The sections of a package of split debug info (`.dwp`).
pub struct PackageSections<'a> {
    sections: DwarfPackageSections<Cow<'a, [u8]>>,
    endian: RunTimeEndian,
    size: usize,
}

impl<'a> PackageSections<'a> {
    /// Loads (and decompresses, in parallel) the sections; none if it is no package, or none that can
    /// be read.
    pub fn load(image: &ElfImage<'a>) -> Option<Self> {
        let Loaded { sections: mut loaded, endian, size } =
            Loaded::of(image, SectionId::dwo_name, |load| PACKAGE_NAMES.par_iter().map(load).collect())?;
        let mut take = |id| -> Result<_, gimli::Error> { Ok(taken(&mut loaded, id)) };
        let package = PackageSections { sections: DwarfPackageSections::load(&mut take).ok()?, endian, size };
        package.open().is_some().then_some(package)
    }

    /// True if it holds the unit of this id.
    pub fn holds(&self, id: gimli::DwoId) -> bool {
        self.open().is_some_and(|package| package.cu_index.find(id.0).is_some())
    }

    pub(super) fn open(&self) -> Option<gimli::DwarfPackage<Slice<'_>>> {
        let empty = EndianSlice::new(&[], self.endian);
        self.sections.borrow(|section| EndianSlice::new(section, self.endian), empty).ok()
    }

    /// Bytes of debug info, decompressed.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

/// A section, by what it is.
type Named<'a> = (SectionId, Option<Cow<'a, [u8]>>);

/// Sections by what they are.
struct Loaded<'a> {
    sections: Vec<Named<'a>>,
    endian: RunTimeEndian,
    size: usize,
}

impl<'a> Loaded<'a> {
    /// None if there is no debug info.
    fn of(
        image: &ElfImage<'a>,
        name: fn(SectionId) -> Option<&'static str>,
        load: impl FnOnce(&(dyn Fn(&SectionId) -> Named<'a> + Sync)) -> Vec<Named<'a>>,
    ) -> Option<Self> {
        if !image.has_section(name(SectionId::DebugInfo)?) {
            return None;
        }
        let sections = load(&|id| (*id, name(*id).and_then(|name| image.section(name))));
        // Absent would be another matter: here the file ends before its debug info does, or it is corrupt.
        let info = sections.iter().find(|(id, _)| *id == SectionId::DebugInfo);
        let unreadable = info.is_none_or(|(_, info)| info.is_none());
        let size = sections.iter().filter_map(|(_, data)| data.as_ref()).map(|data| data.len()).sum();
        let endian = if image.file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
        (!unreadable).then_some(Loaded { sections, endian, size })
    }
}

/// Moves a section out; an empty one if it is absent.
fn taken<'a>(loaded: &mut [Named<'a>], id: SectionId) -> Cow<'a, [u8]> {
    let found = loaded.iter_mut().find(|(name, _)| *name == id);
    found.and_then(|(_, data)| data.take()).unwrap_or_default()
}
