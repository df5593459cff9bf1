//! The kernel, as a binary among the others.

use std::fs;

use crate::binary::Binary;

/// Its name in `binaries`.
pub(crate) const NAME: &str = "[kernel]";

/// The type of a build-id note (`NT_GNU_BUILD_ID`).
const BUILD_ID: u32 = 3;

/// Whether an address lies in the upper half, which is the kernel's.
pub(crate) fn is_kernel(address: u64) -> bool {
    address >> 63 == 1
}

/// The running kernel: its build id is known, its file is not needed (`/proc/kallsyms` names its code).
pub(crate) fn binary() -> Binary {
    let mut binary = Binary::nameless(NAME);
    binary.build_id = fs::read("/sys/kernel/notes").ok().and_then(|notes| build_id(&notes));
    binary
}

/// The build id among ELF notes: name size, description size, type, name, description, each padded to 4 bytes.
fn build_id(mut notes: &[u8]) -> Option<String> {
    loop {
        let word = |at: usize| Some(u32::from_ne_bytes(notes.get(at..at + 4)?.try_into().ok()?));
        let (name, description, kind) = (word(0)? as usize, word(4)? as usize, word(8)?);
        let start = 12usize.checked_add(name.checked_next_multiple_of(4)?)?;
        let end = start.checked_add(description)?;
        let bytes = notes.get(start..end)?;
        if kind == BUILD_ID && notes.get(12..15) == Some(b"GNU") {
            return Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        notes = notes.get(end.checked_next_multiple_of(4)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(name: &[u8], kind: u32, description: &[u8]) -> Vec<u8> {
        let mut note = [name.len() as u32, description.len() as u32, kind].map(u32::to_ne_bytes).concat();
        for part in [name, description] {
            note.extend(part);
            note.resize(note.len().next_multiple_of(4), 0);
        }
        note
    }

    #[test]
    fn the_build_id_is_found_behind_other_notes() {
        let notes = [note(b"Linux\0", 257, b"abc"), note(b"GNU\0", 3, &[0xab, 0xcd])].concat();
        assert_eq!(build_id(&notes).as_deref(), Some("abcd"));
        assert_eq!(build_id(&notes[..20]), None);
        assert_eq!(build_id(&[0xff; 64]), None);
    }

    #[test]
    fn kernel_addresses_are_the_upper_half() {
        assert!(is_kernel(0xffff_ffff_8100_0000) && !is_kernel(0x7fff_ffff_ffff));
    }
}
