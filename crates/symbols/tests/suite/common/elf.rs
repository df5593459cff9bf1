//! ELF files made by hand: what no compiler writes.
#![allow(dead_code, reason = "each user takes a part")]

/// A section, as its header says.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    pub name: &'a str,
    pub kind: u32,
    pub flags: u64,
    pub address: u64,
    /// Number of another section; the first has number 1.
    pub link: u32,
    pub bytes: &'a [u8],
}

pub const PROGBITS: u32 = 1;
pub const SYMTAB: u32 = 2;
pub const STRTAB: u32 = 3;
pub const RELA: u32 = 4;
pub const DYNSYM: u32 = 11;
const ALLOC: u64 = 2;
const EXECUTABLE: u64 = 4;
pub const COMPRESSED: u64 = 0x800;

impl<'a> Section<'a> {
    /// Code, in a segment of its own.
    pub fn code(name: &'a str, address: u64, bytes: &'a [u8]) -> Self {
        Section { name, kind: PROGBITS, flags: ALLOC | EXECUTABLE, address, link: 0, bytes }
    }

    /// Bytes that are loaded at an address.
    pub fn data(name: &'a str, address: u64, bytes: &'a [u8]) -> Self {
        Section { name, kind: PROGBITS, flags: ALLOC, address, link: 0, bytes }
    }

    /// Bytes that are not loaded.
    pub fn debug(name: &'a str, bytes: &'a [u8]) -> Self {
        Section { name, kind: PROGBITS, flags: 0, address: 0, link: 0, bytes }
    }

    /// A table of some kind that refers to section `link`.
    pub fn table(name: &'a str, kind: u32, link: u32, bytes: &'a [u8]) -> Self {
        Section { name, kind, flags: ALLOC, address: 0, link, bytes }
    }
}

/// A symbol of a global function in section 1.
pub fn function_symbol(name: u32, address: u64, size: u64) -> Vec<u8> {
    symbol(name, 0x12, address, size)
}

/// A symbol of global data in section 1.
pub fn data_symbol(name: u32, address: u64, size: u64) -> Vec<u8> {
    symbol(name, 0x11, address, size)
}

fn symbol(name: u32, info: u8, address: u64, size: u64) -> Vec<u8> {
    let mut symbol = name.to_le_bytes().to_vec();
    symbol.extend([info, 0, 1, 0]);
    symbol.extend([address, size].map(u64::to_le_bytes).concat());
    symbol
}

/// A 64-bit little-endian file for x86-64: header, a loadable segment for each section with code, the
/// sections, their table.
pub fn file(sections: &[Section<'_>]) -> Vec<u8> {
    let loaded: Vec<&Section<'_>> =
        sections.iter().filter(|section| section.flags & EXECUTABLE != 0).collect();
    let start = 64 + 56 * loaded.len();
    let (mut body, mut strings, mut table, mut segments) = (Vec::new(), vec![0], vec![0; 64], Vec::new());
    for section in sections {
        let offset = start + body.len();
        table.extend(section_header(section, strings.len(), offset));
        strings.extend(section.name.bytes().chain([0]));
        body.extend_from_slice(section.bytes);
        if section.flags & EXECUTABLE != 0 {
            segments.extend(segment(section, offset));
        }
    }
    let names = strings.len();
    strings.extend(b".names\0");
    let names_section = Section { kind: STRTAB, ..Section::debug(".names", &strings) };
    table.extend(section_header(&names_section, names, start + body.len()));
    body.extend(&strings);
    let mut file = header(start + body.len(), loaded.len(), sections.len() + 2);
    file.extend(segments);
    file.extend(body);
    file.extend(table);
    file
}

fn header(table: usize, segments: usize, sections: usize) -> Vec<u8> {
    let mut header = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    header.extend([3u16, 62].map(u16::to_le_bytes).concat());
    header.extend(1u32.to_le_bytes());
    header.extend([0u64, 64, table as u64].map(u64::to_le_bytes).concat());
    header.extend(0u32.to_le_bytes());
    let (segments, sections) = (segments as u16, sections as u16);
    header.extend([64, 56, segments, 64, sections, sections - 1].map(u16::to_le_bytes).concat());
    header
}

fn segment(section: &Section<'_>, offset: usize) -> Vec<u8> {
    let mut segment = [1u32, 5].map(u32::to_le_bytes).concat();
    let size = section.bytes.len() as u64;
    let fields = [offset as u64, section.address, section.address, size, size, 1];
    segment.extend(fields.map(u64::to_le_bytes).concat());
    segment
}

fn section_header(section: &Section<'_>, name: usize, offset: usize) -> Vec<u8> {
    let mut header = [name as u32, section.kind].map(u32::to_le_bytes).concat();
    let place = [section.flags, section.address, offset as u64, section.bytes.len() as u64];
    header.extend(place.map(u64::to_le_bytes).concat());
    header.extend([section.link, 0].map(u32::to_le_bytes).concat());
    let entry = if matches!(section.kind, SYMTAB | DYNSYM | RELA) { 24 } else { 0 };
    header.extend([1u64, entry].map(u64::to_le_bytes).concat());
    header
}
