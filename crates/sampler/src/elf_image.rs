//! The parts of an ELF object that unwinding needs: where its code is, and its unwind sections.
//!
//! Sections are looked for by name; where the section headers are gone (`sstrip`, the memory of a
//! process), `PT_GNU_EH_FRAME` leads to the same bytes.

use std::sync::Arc;

use object::elf::{PF_X, PT_GNU_EH_FRAME, PT_LOAD};
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ReadRef};
use pyrometer_symbols::elf::contents;

/// No unwind section of a real program is larger, bytes.
const LARGEST_SECTION: u64 = 512 << 20;

/// A loadable segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) offset: u64,
    pub(crate) file_size: u64,
    pub(crate) address: u64,
    pub(crate) executable: bool,
}

/// A section and where it belongs.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) address: u64,
    pub(crate) data: Arc<[u8]>,
}

/// What was found in one ELF object.
#[derive(Clone, Debug, Default)]
pub(crate) struct ElfImage {
    pub(crate) segments: Vec<Segment>,
    pub(crate) entry: u64,
    pub(crate) text: Option<(u64, u64)>,
    pub(crate) got: Option<u64>,
    pub(crate) eh_frame: Option<Section>,
    pub(crate) eh_frame_hdr: Option<Section>,
    pub(crate) debug_frame: Option<Section>,
}

impl ElfImage {
    /// Reads what is needed, and nothing else; an error says why the bytes are no 64-bit ELF object.
    pub(crate) fn parse<'data, R: ReadRef<'data>>(data: R) -> Result<Self, String> {
        let elf: ElfFile64<'data, Endianness, R> =
            ElfFile64::parse(data).map_err(|error| error.to_string())?;
        let mut image = Self { entry: elf.entry(), ..Self::default() };
        let endian = elf.endian();
        for header in elf.elf_program_headers() {
            if header.p_type(endian) == PT_LOAD {
                image.segments.push(Segment {
                    offset: header.p_offset(endian),
                    file_size: header.p_filesz(endian),
                    address: header.p_vaddr(endian),
                    executable: header.p_flags(endian).contains(PF_X),
                });
            }
        }
        image.eh_frame_hdr = section(&elf, ".eh_frame_hdr");
        image.eh_frame = section(&elf, ".eh_frame");
        image.debug_frame = section(&elf, ".debug_frame");
        image.text = elf
            .section_by_name(".text")
            .map(|text| (text.address(), text.address().saturating_add(text.size())));
        image.got = elf.section_by_name(".got").map(|got| got.address());
        if image.eh_frame.is_none() {
            image.find_by_program_header(&elf, data);
        }
        Ok(image)
    }

    /// How far an executable mapping of `offset` moved the image: run-time address minus its own.
    ///
    /// It is computed from the segment that holds the offset, so it does not matter where a linker
    /// put its read-only segment (lld and mold have one before the code).
    pub(crate) fn bias(&self, start: u64, offset: u64, length: u64) -> Option<u64> {
        let end = offset.saturating_add(length);
        let holds = |segment: &&Segment| {
            let page_offset = segment.offset & !0xfff;
            segment.executable
                && page_offset < end
                && offset < segment.offset.saturating_add(segment.file_size.max(1))
        };
        let segment = self.segments.iter().find(holds)?;
        let own = segment.address.wrapping_add(offset.wrapping_sub(segment.offset));
        Some(start.wrapping_sub(own))
    }

    /// The executable segment that holds an address.
    pub(crate) fn code(&self, address: u64) -> Option<&Segment> {
        let holds = |segment: &&Segment| {
            let into = address.checked_sub(segment.address);
            segment.executable && into.is_some_and(|into| into < segment.file_size)
        };
        self.segments.iter().find(holds)
    }

    fn find_by_program_header<'data, R: ReadRef<'data>>(
        &mut self,
        elf: &ElfFile64<'data, Endianness, R>,
        data: R,
    ) {
        let endian = elf.endian();
        let header = elf.elf_program_headers().iter().find(|header| header.p_type(endian) == PT_GNU_EH_FRAME);
        let Some(header) = header else { return };
        let address = header.p_vaddr(endian);
        let Some(bytes) = range(data, header.p_offset(endian), header.p_filesz(endian)) else { return };
        let Some(pointer) = eh_frame_pointer(&bytes, address) else { return };
        let Some((offset, length)) = self.file_range(pointer) else { return };
        let Some(frames) = range(data, offset, length) else { return };
        self.eh_frame_hdr = Some(Section { address, data: bytes });
        self.eh_frame = Some(Section { address: pointer, data: frames });
    }

    /// Where the bytes from `address` to the end of its segment are in the file.
    fn file_range(&self, address: u64) -> Option<(u64, u64)> {
        self.segments.iter().find_map(|segment| {
            let into = address.checked_sub(segment.address).filter(|into| *into < segment.file_size)?;
            Some((segment.offset.checked_add(into)?, segment.file_size - into))
        })
    }
}

/// The pointer to `.eh_frame` in a `.eh_frame_hdr` that lies at `address`.
fn eh_frame_pointer(header: &[u8], address: u64) -> Option<u64> {
    let bases = gimli::BaseAddresses::default().set_eh_frame_hdr(address);
    let parsed = gimli::EhFrameHdr::new(header, gimli::LittleEndian).parse(&bases, 8).ok()?;
    match parsed.eh_frame_ptr() {
        gimli::Pointer::Direct(pointer) => Some(pointer),
        gimli::Pointer::Indirect(_) => None,
    }
}

fn range<'data, R: ReadRef<'data>>(data: R, offset: u64, length: u64) -> Option<Arc<[u8]>> {
    if length > LARGEST_SECTION {
        return None;
    }
    data.read_bytes_at(offset, length).ok().map(Arc::from)
}

fn section<'data, R: ReadRef<'data>>(elf: &ElfFile64<'data, Endianness, R>, name: &str) -> Option<Section> {
    let section = elf.section_by_name(name)?;
    if section.size() == 0 || section.size() > LARGEST_SECTION {
        return None;
    }
    let data = contents(&section).filter(|data| !data.is_empty())?;
    Some(Section { address: section.address(), data: Arc::from(data.as_ref()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn image(segments: &[(u64, u64, u64, bool)]) -> ElfImage {
        let segment = |(offset, file_size, address, executable): &(u64, u64, u64, bool)| Segment {
            offset: *offset,
            file_size: *file_size,
            address: *address,
            executable: *executable,
        };
        ElfImage { segments: segments.iter().map(segment).collect(), ..ElfImage::default() }
    }

    #[test]
    fn bias_comes_from_the_segment_that_holds_the_offset() {
        // lld: a read-only segment first, code at address 0x2340 for offset 0x1340.
        let lld =
            image(&[(0, 0x1334, 0, false), (0x1340, 0x500, 0x2340, true), (0x1840, 0x100, 0x3840, false)]);
        assert_eq!(lld.bias(0x5555_0000_2000, 0x1000, 0x1000), Some(0x5555_0000_0000));
        // bfd without -z separate-code: one segment for everything.
        let bfd = image(&[(0, 0x900, 0, true), (0xdf0, 0x220, 0x200df0, false)]);
        assert_eq!(bfd.bias(0x5555_0000_0000, 0, 0x1000), Some(0x5555_0000_0000));
        // Not position independent.
        let fixed = image(&[(0, 0x1000, 0x40_0000, false), (0x1000, 0x1000, 0x40_1000, true)]);
        assert_eq!(fixed.bias(0x40_1000, 0x1000, 0x1000), Some(0));
    }

    #[test]
    fn our_own_program_has_unwind_sections() {
        let bytes = std::fs::read("/proc/self/exe").unwrap();
        let image = ElfImage::parse(&bytes[..]).unwrap();
        assert!(image.eh_frame.is_some() && image.eh_frame_hdr.is_some());
        assert!(image.segments.iter().any(|segment| segment.executable));
    }

    #[test]
    fn without_section_headers_the_program_header_leads_to_the_unwind_info() {
        let mut bytes = std::fs::read("/proc/self/exe").unwrap();
        let whole = ElfImage::parse(&bytes[..]).unwrap();
        bytes[0x28..0x30].fill(0); // e_shoff
        bytes[0x3a..0x40].fill(0); // e_shentsize, e_shnum, e_shstrndx
        let stripped = ElfImage::parse(&bytes[..]).unwrap();
        let (whole, stripped) = (whole.eh_frame.unwrap(), stripped.eh_frame.unwrap());
        assert_eq!(whole.address, stripped.address);
        assert!(stripped.data.starts_with(&whole.data));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn corrupt_headers_are_an_error_or_an_image(flips in proptest::collection::vec((0usize..4096, any::<u8>()), 1..40)) {
            let mut bytes = std::fs::read("/bin/true").unwrap();
            for (at, value) in flips {
                let length = bytes.len();
                bytes[at % length] = value;
            }
            if let Ok(image) = ElfImage::parse(&bytes[..]) {
                image.bias(0x1000, 0, 0x1000);
                }
        }
    }
}
