//! The files that a profile carries itself, so that it can be symbolized where the program is not.
//!
//! Each is the ELF file as it was, with zeros for what names and stacks do not need (code, constants,
//! the places of variables), so that all offsets stay true; then packed by zstd.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::Arc;

use object::{Object, ObjectSection, SectionFlags};

use crate::elf::ElfImage;
use crate::provider::Bytes;

/// Folder of the files in the profile.
const FOLDER: &str = "bundle/";
const SUFFIX: &str = ".zst";
/// Zstd's default: higher levels cost minutes for debug info.
const LEVEL: i32 = 3;
/// What a file may unpack to, whatever its packed size.
const SMALL: u64 = 256 << 20;
/// What it may unpack to for each packed byte: most of a real one may be zeros.
const LARGEST_EXPANSION: u64 = 1024;
/// Zeros written at once.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// What a file is for its binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The binary itself.
    Image,
    /// Its separate debug info.
    Debug,
    /// What that shares with others.
    Supplementary,
    /// All its split units.
    Package,
    /// One split unit, by its id.
    Split(u64),
}

impl Part {
    fn name(self) -> String {
        match self {
            Part::Image => "image".into(),
            Part::Debug => "debug".into(),
            Part::Supplementary => "supplementary".into(),
            Part::Package => "package".into(),
            Part::Split(id) => format!("split-{id:016x}"),
        }
    }
}

/// Gives the files that a profile carries.
pub trait Bundle: Send + Sync {
    /// A file of the binary with this id; none if it is not there, or is damaged.
    fn part(&self, id: &str, part: Part) -> Option<Arc<Bytes>>;
}

/// Name of a file in the profile; none for an id that is no name.
#[must_use]
pub fn entry_name(id: &str, part: Part) -> Option<String> {
    let sane = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    sane.then(|| format!("{FOLDER}{id}/{}{SUFFIX}", part.name()))
}

/// Packs what names and stacks need of a file.
///
/// # Errors
/// Those of writing.
pub fn pack(bytes: &[u8], output: &mut dyn Write) -> io::Result<()> {
    let mut encoder = zstd::Encoder::new(output, LEVEL)?;
    encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
    encoder.include_contentsize(true)?;
    let mut at = 0;
    for unneeded in unneeded(bytes) {
        encoder.write_all(&bytes[at..unneeded.start])?;
        at = unneeded.end;
        let mut left = unneeded.len();
        while left > 0 {
            let zeros = left.min(ZEROS.len());
            encoder.write_all(&ZEROS[..zeros])?;
            left -= zeros;
        }
    }
    encoder.write_all(&bytes[at..])?;
    encoder.finish().map(drop)
}

/// The file again, with its zeros.
///
/// # Errors
/// Those of damaged input, and of input that unpacks to absurdly much.
pub fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let limit = (packed.len() as u64).saturating_mul(LARGEST_EXPANSION).max(SMALL);
    let mut plain = Vec::new();
    zstd::Decoder::new(packed)?.take(limit + 1).read_to_end(&mut plain)?;
    if plain.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it unpacks to absurdly much"));
    }
    Ok(plain)
}

/// Ranges of the file that are not needed, ascending, without overlap.
fn unneeded(bytes: &[u8]) -> Vec<Range<usize>> {
    let Ok(image) = ElfImage::parse(bytes) else { return Vec::new() };
    let sections = image
        .file
        .sections()
        .filter(|section| section.name().is_ok_and(|name| !is_needed(name, section.flags())));
    let mut ranges: Vec<Range<usize>> = sections.filter_map(|section| range(&section, bytes.len())).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut end = 0;
    // Sections of a damaged file may overlap.
    ranges.retain(|range| {
        let apart = end <= range.start;
        end = end.max(range.end);
        apart
    });
    ranges
}

fn range<'d>(section: &impl ObjectSection<'d>, length: usize) -> Option<Range<usize>> {
    let (offset, size) = section.file_range()?;
    let start = usize::try_from(offset).ok()?;
    let end = start.checked_add(usize::try_from(size).ok()?)?;
    (end <= length).then_some(start..end)
}

/// Of what is loaded: what unwinding, symbols and the names of linkage stubs need. Of debug info: all but
/// where variables are, and the indexes that debuggers use.
fn is_needed(name: &str, flags: SectionFlags) -> bool {
    let loaded = match flags {
        SectionFlags::Elf { sh_flags, .. } => sh_flags.contains(object::elf::SHF_ALLOC),
        _ => false,
    };
    let starts_with = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if loaded {
        return starts_with(&[
            ".eh_frame",
            ".note",
            ".dyn",
            ".rel",
            ".plt",
            ".iplt",
            ".gnu.version",
            ".gnu.hash",
            ".hash",
        ]);
    }
    !starts_with(&[".debug_loc", ".debug_pub", ".debug_gnu_pub", ".debug_mac", ".gdb_index", ".debug_names"])
}
