//! Where functions begin and end that no symbol names: what call frame information says.
//!
//! A stripped library still says how to unwind each of its functions. So the samples of one that
//! has no name stay together, under the address where it begins.
//!
//! Constraint: read when first asked for, since most binaries have names for everything.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use gimli::{BaseAddresses, CieOrFde, EhFrame, LittleEndian, UnwindSection};
use object::{Object, ObjectSection};

use crate::elf::ElfImage;

/// The extents of a binary's functions.
pub(crate) struct Outline<'e> {
    section: Option<Cow<'e, [u8]>>,
    bases: BaseAddresses,
    functions: OnceLock<Vec<Range<u64>>>,
}

impl<'e> Outline<'e> {
    pub(crate) fn new(image: &ElfImage<'e>) -> Self {
        let address = |name| image.file.section_by_name(name).map_or(0, |section| section.address());
        let bases = BaseAddresses::default().set_eh_frame(address(".eh_frame")).set_text(address(".text"));
        Outline { section: image.section(".eh_frame"), bases, functions: OnceLock::new() }
    }

    /// The function that holds `address`; of several, the one that begins last.
    pub(crate) fn find(&self, address: u64) -> Option<Range<u64>> {
        let functions = self.functions.get_or_init(|| self.read());
        let after = functions.partition_point(|function| function.start <= address);
        functions[..after].last().filter(|function| function.contains(&address)).cloned()
    }

    fn read(&self) -> Vec<Range<u64>> {
        let Some(section) = &self.section else { return Vec::new() };
        let mut frames = EhFrame::new(section, LittleEndian);
        frames.set_address_size(8);
        let mut functions = Vec::new();
        let mut entries = frames.entries(&self.bases);
        // What comes after bytes that make no sense cannot be found.
        while let Ok(Some(entry)) = entries.next() {
            let CieOrFde::Fde(partial) = entry else { continue };
            let Ok(entry) = partial.parse(EhFrame::cie_from_offset) else { continue };
            functions.push(entry.initial_address()..entry.end_address());
        }
        functions.sort_unstable_by_key(|function| (function.start, function.end));
        functions
    }
}
