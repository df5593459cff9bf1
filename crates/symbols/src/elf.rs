//! An ELF binary as its bytes: sections (decompressed when needed), code, segments.
//!
//! Constraints:
//! - borrows the bytes: they may be a mapping of hundreds of megabytes;
//! - a compressed section is refused if it claims an absurd size, so that a small file cannot ask
//!   for all memory.

use std::borrow::Cow;
use std::ops::Range;

use object::{CompressionFormat, Object, ObjectSection, ObjectSegment, SectionFlags};

use crate::error::Error;

/// Deflate can expand 1032 times, and zstd further; debug sections that compilers write stay below 30.
const LARGEST_EXPANSION: u64 = 100;
/// Sections up to this size are accepted whatever their expansion.
const SMALL_SECTION: u64 = 1 << 20;

/// An ELF binary over borrowed bytes.
pub struct ElfImage<'a> {
    pub(crate) file: object::File<'a>,
    bytes: &'a [u8],
}

impl<'a> ElfImage<'a> {
    /// Reads the headers.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        match object::File::parse(bytes) {
            Ok(file) => Ok(ElfImage { file, bytes }),
            Err(error) => Err(Error::NotElf { found: error.to_string() }),
        }
    }

    /// The whole file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// True for x86-64 code.
    pub fn is_x86_64(&self) -> bool {
        self.file.architecture() == object::Architecture::X86_64
    }

    /// Contents of a section, decompressed (zlib or zstd) if need be; none if it is absent,
    /// corrupt or claims an absurd size. The old `.zdebug_` names are found too.
    pub fn section(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        contents(&self.file.section_by_name(name)?)
    }

    /// True if the section exists and holds bytes.
    pub fn has_section(&self, name: &str) -> bool {
        self.file.section_by_name(name).is_some_and(|section| section.size() > 0)
    }

    /// Addresses of the sections that hold code, sorted; the executable segments where section
    /// headers are gone.
    pub fn code_ranges(&self) -> Vec<Range<u64>> {
        let code = self.file.sections().filter(|section| is_code(section.flags()));
        let mut ranges: Vec<_> = code.map(|s| span(s.address(), s.size())).collect();
        if ranges.is_empty() {
            let segments = self.file.segments().filter(is_executable);
            ranges = segments.map(|s| span(s.address(), s.size())).collect();
        }
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| range.start);
        ranges
    }

    /// The bytes at `range` of addresses, as far as the file holds them without a gap.
    pub fn code(&self, range: Range<u64>) -> Option<&'a [u8]> {
        self.file.segments().find_map(|segment| {
            let skip = range.start.checked_sub(segment.address())?;
            let data = segment.data().ok()?.get(usize::try_from(skip).ok()?..)?;
            let wanted = usize::try_from(range.end.saturating_sub(range.start)).ok()?;
            (!data.is_empty()).then(|| &data[..data.len().min(wanted)])
        })
    }
}

/// Contents of a section, decompressed if need be; none if they are corrupt or claim an absurd size.
pub fn contents<'d>(section: &impl ObjectSection<'d>) -> Option<Cow<'d, [u8]>> {
    let data = section.compressed_data().ok()?;
    let packed = data.data.len() as u64;
    let absurd = data.uncompressed_size > packed.saturating_mul(LARGEST_EXPANSION).max(SMALL_SECTION);
    if data.format != CompressionFormat::None && absurd {
        return None;
    }
    data.decompress().ok()
}

pub(crate) fn is_code(flags: SectionFlags) -> bool {
    match flags {
        SectionFlags::Elf { sh_flags, .. } => sh_flags.contains(object::elf::SHF_EXECINSTR),
        _ => false,
    }
}

fn is_executable<'d>(segment: &impl ObjectSegment<'d>) -> bool {
    segment.permissions().executable()
}

fn span(address: u64, size: u64) -> Range<u64> {
    address..address.saturating_add(size)
}
