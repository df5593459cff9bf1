//! `.gnu_debugdata`: a small ELF file, packed by LZMA, with the symbols that were stripped.

use std::io::Read;

use crate::elf::ElfImage;

/// The sections of real ones unpack to about a tenth of the binary.
const LARGEST: u64 = 256 << 20;
/// LZMA packs symbol tables to a fifth; a section that claims more than this is not real.
const LARGEST_EXPANSION: u64 = 64;

/// The unpacked file; none if there is none, or it is damaged or absurdly large.
pub(super) fn mini_debug_info(image: &ElfImage<'_>) -> Option<Vec<u8>> {
    let packed = image.section(".gnu_debugdata")?;
    let limit = (packed.len() as u64).saturating_mul(LARGEST_EXPANSION).clamp(1 << 20, LARGEST);
    let mut plain = Vec::new();
    let mut reader = lzma_rust2::XzReader::new(&packed[..], false).take(limit + 1);
    reader.read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= limit).then_some(plain)
}
