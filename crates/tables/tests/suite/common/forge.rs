//! Archives whose bytes were changed on purpose.

/// Walks the directory of the archive, and puts into it and into the entries what their bytes have.
pub fn repair_checksums(archive: &mut [u8]) {
    let number = |archive: &[u8], at: usize, length: usize| -> Option<usize> {
        let bytes = archive.get(at..at.checked_add(length)?)?;
        Some(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let end = archive.len().saturating_sub(22);
    let Some(mut at) = number(archive, end + 16, 4) else { return };
    while number(archive, at, 4) == Some(0x0201_4b50) {
        let field = |offset, length| number(archive, at + offset, length);
        let (Some(size), Some(name), Some(extra), Some(entry)) =
            (field(24, 4), field(28, 2), field(30, 2), field(42, 4))
        else {
            return;
        };
        let local = |offset| number(archive, entry + offset, 2);
        let (Some(local_name), Some(local_extra)) = (local(26), local(28)) else { return };
        let start = entry + 30 + local_name + local_extra;
        let Some(bytes) = archive.get(start..start + size) else { return };
        let checksum = crc32fast::hash(bytes).to_le_bytes();
        archive[at + 16..at + 20].copy_from_slice(&checksum);
        archive[entry + 14..entry + 18].copy_from_slice(&checksum);
        at += 46 + name + extra;
    }
}
