//! Whether a file is the one that is wanted; if not, why not.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use object::{Object, ObjectSection};

use super::Origin;
use crate::elf::ElfImage;
use crate::identity::{build_id, identify};
use crate::provider::{Bytes, map};

/// A file that was found and fits.
#[derive(Clone)]
pub(super) struct FoundFile {
    pub(super) origin: Origin,
    /// Where it was found, for people.
    pub(super) path: String,
    pub(super) bytes: Arc<Bytes>,
}

/// What shows that a file belongs to a binary.
#[derive(Clone, Copy)]
pub(super) enum Proof<'a> {
    /// The same build id.
    Id(&'a str),
    /// The same code, by a hash: for binaries without a build id.
    Code(&'a str),
    /// The checksum that the binary gives (`.gnu_debuglink`), where it has no build id.
    Checksum(u32),
}

/// The file at `path`: none if there is no file, an error in words if it cannot be used.
pub(super) fn open(path: &Path) -> Option<Result<Bytes, String>> {
    // Looked at before it is opened: opening a pipe would wait for a writer.
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    if about.len() == 0 {
        return Some(Err("it is empty".into()));
    }
    let mapped = File::open(path).and_then(|file| map(&file));
    Some(mapped.map(Bytes::Mapped).map_err(|error| format!("it cannot be read ({error})")))
}

/// Says why `bytes` are not the wanted file.
pub(super) fn check(bytes: &[u8], proof: Proof<'_>) -> Result<(), String> {
    let image = parsed(bytes)?;
    match (proof, build_id(bytes)) {
        (Proof::Code(wanted), _) => {
            if identify(bytes).ok().as_deref() != Some(wanted) {
                return Err("it belongs to another build (its code is not that of the recording)".into());
            }
        }
        (Proof::Id(wanted), Some(found)) if wanted == found => {}
        (Proof::Id(wanted), Some(found)) => {
            return Err(format!("it belongs to another build (its build id is {found}, not {wanted})"));
        }
        (Proof::Id(_), None) => return Err("it has no build id that shows that it belongs to it".into()),
        (Proof::Checksum(wanted), _) => {
            let found = crc32fast::hash(bytes);
            if found != wanted {
                return Err(format!("its checksum is {found:08x}, not {wanted:08x} as the binary says"));
            }
        }
    }
    check_whole(&image, bytes)
}

/// The ELF file, or why it is none.
pub(super) fn parsed(bytes: &[u8]) -> Result<ElfImage<'_>, String> {
    ElfImage::parse(bytes).map_err(|error| match bytes.starts_with(b"\x7fELF") {
        true => format!("it is cut short or damaged ({error})"),
        false => "it is not an ELF file".to_owned(),
    })
}

/// Every section must lie inside the file.
fn check_whole(image: &ElfImage<'_>, bytes: &[u8]) -> Result<(), String> {
    let ends = image.file.sections().filter_map(|section| {
        let (offset, size) = section.file_range()?;
        offset.checked_add(size)
    });
    match ends.max() {
        Some(end) if end > bytes.len() as u64 => {
            Err(format!("it is cut short ({} of {end} bytes)", bytes.len()))
        }
        _ => Ok(()),
    }
}
