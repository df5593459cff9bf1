//! Any bytes as a binary: what names its code, or nothing, never a crash. Once as they are, and once
//! as the debug info of a well-formed binary, which lets them reach the readers of DWARF.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::disassemble::disassemble;
use pyrometer_symbols::identity::identify;
use pyrometer_symbols::{DebugSections, ElfImage, Resolver};

/// Address and size of the code of [`with_debug_info`].
const CODE: (u64, u64) = (0x1000, 64);
const NAMES: [&str; 6] =
    [".debug_info", ".debug_abbrev", ".debug_line", ".debug_str", ".debug_ranges", ".debug_rnglists"];

fuzz_target!(|bytes: &[u8]| {
    name_all(bytes);
    name_all(&with_debug_info(bytes));
});

fn name_all(bytes: &[u8]) {
    identify(bytes).expect("bytes can be read");
    let Ok(image) = ElfImage::parse(bytes) else { return };
    let debug = DebugSections::load(&image);
    let resolver = Resolver::new(&image, debug.as_ref());
    let code = image.code_ranges();
    let mut addresses: Vec<u64> = code.iter().flat_map(|range| range.clone().step_by(4).take(64)).collect();
    addresses.extend([0, u64::MAX]);
    let found = resolver.resolve(&addresses);
    assert!(addresses.iter().all(|&address| found.frames(address).is_some()));
    for range in code.iter().take(2) {
        // Code of another processor is refused.
        let _ = disassemble(&image, &resolver, range.start..range.end.min(range.start.saturating_add(64)));
    }
}

/// A 64-bit ELF file with some code, and with `bytes` cut into its debug sections: each section's
/// length comes first, in one byte for every 16 bytes of it.
fn with_debug_info(bytes: &[u8]) -> Vec<u8> {
    let (lengths, mut rest) = bytes.split_at(bytes.len().min(NAMES.len() - 1));
    let mut sections: Vec<(&str, u64, &[u8])> = vec![(".text", CODE.0, &[0x90; CODE.1 as usize])];
    for (at, name) in NAMES.into_iter().enumerate() {
        let length = lengths.get(at).map_or(rest.len(), |&length| (length as usize * 16).min(rest.len()));
        let (section, after) = rest.split_at(length);
        sections.push((name, 0, section));
        rest = after;
    }
    elf(&sections)
}

/// Writes sections behind a header, their table last.
fn elf(sections: &[(&str, u64, &[u8])]) -> Vec<u8> {
    let mut strings = vec![0u8];
    let mut body = Vec::new();
    let mut table = vec![0u8; 64];
    for (name, address, bytes) in sections {
        let code = *name == ".text";
        let flags = if code { 6 } else { 0 };
        table.extend(section_header(strings.len(), 1, flags, *address, 64 + body.len(), bytes.len()));
        strings.extend(name.bytes().chain([0]));
        body.extend_from_slice(bytes);
    }
    table.extend(section_header(strings.len(), 3, 0, 0, 64 + body.len(), strings.len() + ".names".len() + 1));
    strings.extend(b".names\0");
    body.extend(strings);
    let count = sections.len() as u16 + 2;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend([3u16, 62].map(u16::to_le_bytes).concat());
    file.extend(1u32.to_le_bytes());
    file.extend([0u64, 0, 64 + body.len() as u64].map(u64::to_le_bytes).concat());
    file.extend(0u32.to_le_bytes());
    file.extend([64u16, 56, 0, 64, count, count - 1].map(u16::to_le_bytes).concat());
    file.extend(body);
    file.extend(table);
    file
}

fn section_header(name: usize, kind: u32, flags: u64, address: u64, offset: usize, size: usize) -> Vec<u8> {
    let mut header = (name as u32).to_le_bytes().to_vec();
    header.extend(kind.to_le_bytes());
    header.extend([flags, address, offset as u64, size as u64].map(u64::to_le_bytes).concat());
    header.extend([0u32; 2].map(u32::to_le_bytes).concat());
    header.extend([1u64, 0].map(u64::to_le_bytes).concat());
    header
}
