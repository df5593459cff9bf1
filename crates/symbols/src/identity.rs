//! Which binary this is: the GNU build id, or a hash where the linker wrote none.
//!
//! Constraints:
//! - works on a file by positioned reads (no mapping, so a file that shrinks meanwhile is an
//!   error and no signal), and on bytes (the vdso, a copy of a process's memory);
//! - reads headers, notes and code only, never the debug info;
//! - corrupt input gives no id or the hash of its bytes, never a panic or an unbounded read.
//!
//! ```
//! assert_eq!(pyrometer_symbols::identity::build_id(&b"not an ELF file"[..]), None);
//! ```

use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::ops::Range;

use object::elf::{ELF_NOTE_GNU, FileHeader32, FileHeader64, NT_GNU_BUILD_ID, PF_X, PT_LOAD};
use object::read::elf::{FileHeader, NoteIterator, ProgramHeader, SectionHeader};
use object::read::{ReadCache, ReadCacheOps, ReadRef};
use object::{Endianness, FileKind};
use pyrometer_tables::positioned;
use xxhash_rust::xxh3::Xxh3;

/// A note segment or section longer than this is not read: real ones have a few hundred bytes.
const LONGEST_NOTES: u64 = 1 << 20;
/// Note segments and sections that are searched: each takes memory, and real files have a handful.
const MOST_NOTES: usize = 64;
/// A build id longer than this is taken as corrupt (SHA-1 has 20 bytes, the longest in use 32).
const LONGEST_ID: usize = 64;
/// Bytes hashed at a time.
const CHUNK: usize = 1 << 18;

/// Bytes that can be read at any offset.
pub trait ReadAt {
    /// Length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Fills `buffer` from `offset`; an error if there are fewer bytes.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn length(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let source = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buffer.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(source);
        Ok(())
    }
}

impl ReadAt for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        positioned::read_exact_at(self, buffer, offset)
    }
}

/// The GNU build id in lower-case hex; none if the bytes are no ELF or carry none.
///
/// Program headers are searched first: they exist in a process's memory and in files whose
/// section headers were stripped.
pub fn build_id<S: ReadAt + ?Sized>(source: &S) -> Option<String> {
    let cache = ReadCache::new(Cursor::new(source));
    match FileKind::parse(&cache).ok()? {
        FileKind::Elf64 => build_id_of::<FileHeader64<Endianness>, _>(&cache),
        FileKind::Elf32 => build_id_of::<FileHeader32<Endianness>, _>(&cache),
        _ => None,
    }
}

/// `fallback-` and a hash (XXH3, 128 bits) of what decides where code is and what it is: length,
/// program headers, executable segments and `.eh_frame`. All bytes are hashed if they are no ELF.
pub fn fallback_id<S: ReadAt + ?Sized>(source: &S) -> io::Result<String> {
    let length = source.length()?;
    let cache = ReadCache::new(Cursor::new(source));
    let ranges = match FileKind::parse(&cache) {
        Ok(FileKind::Elf64) => code_ranges::<FileHeader64<Endianness>, _>(&cache),
        Ok(FileKind::Elf32) => code_ranges::<FileHeader32<Endianness>, _>(&cache),
        _ => None,
    };
    let everything = 0..length;
    let ranges = merged(ranges.unwrap_or_else(|| vec![everything]), length);
    Ok(format!("fallback-{:032x}", hash(source, length, &ranges)?))
}

/// The build id if there is one, else [`fallback_id`].
pub fn identify<S: ReadAt + ?Sized>(source: &S) -> io::Result<String> {
    match build_id(source) {
        Some(id) => Ok(id),
        None => fallback_id(source),
    }
}

/// A part of a file that is loaded, and where the file numbers its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// In the file.
    pub offset: u64,
    /// Bytes in the file.
    pub size: u64,
    /// Of its first byte, as the binary numbers it.
    pub address: u64,
}

/// What is loaded of a file; nothing if it is no ELF.
pub fn segments<S: ReadAt + ?Sized>(source: &S) -> Vec<Segment> {
    let cache = ReadCache::new(Cursor::new(source));
    match FileKind::parse(&cache) {
        Ok(FileKind::Elf64) => segments_of::<FileHeader64<Endianness>, _>(&cache),
        Ok(FileKind::Elf32) => segments_of::<FileHeader32<Endianness>, _>(&cache),
        _ => None,
    }
    .unwrap_or_default()
}

fn segments_of<'a, Elf, R>(data: R) -> Option<Vec<Segment>>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'a>,
{
    let header = Elf::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let all = header.program_headers(endian, data).ok()?;
    let loaded = all.iter().filter(|s| s.p_type(endian) == PT_LOAD);
    let segment = |s: &Elf::ProgramHeader| Segment {
        offset: s.p_offset(endian).into(),
        size: s.p_filesz(endian).into(),
        address: s.p_vaddr(endian).into(),
    };
    Some(loaded.map(segment).collect())
}

fn build_id_of<'a, Elf, R>(data: R) -> Option<String>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'a>,
{
    let header = Elf::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let in_segments = header.program_headers(endian, data).ok().and_then(|segments| {
        let short = segments.iter().filter(|s| s.p_filesz(endian).into() <= LONGEST_NOTES);
        let mut notes = short.filter_map(|s| s.notes(endian, data).ok()?).take(MOST_NOTES);
        notes.find_map(|notes| id_in_notes(endian, notes))
    });
    in_segments.or_else(|| {
        let sections = header.section_headers(endian, data).ok()?;
        let short = sections.iter().filter(|s| s.sh_size(endian).into() <= LONGEST_NOTES);
        let mut notes = short.filter_map(|s| s.notes(endian, data).ok()?).take(MOST_NOTES);
        notes.find_map(|notes| id_in_notes(endian, notes))
    })
}

fn id_in_notes<Elf>(endian: Endianness, mut notes: NoteIterator<'_, Elf>) -> Option<String>
where
    Elf: FileHeader<Endian = Endianness>,
{
    while let Ok(Some(note)) = notes.next() {
        let wanted = note.name() == ELF_NOTE_GNU && note.n_type(endian) == NT_GNU_BUILD_ID;
        if wanted && (1..=LONGEST_ID).contains(&note.desc().len()) {
            return Some(hex(note.desc()));
        }
    }
    None
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// File ranges of the program headers, the executable segments and `.eh_frame`; none if nothing
/// is executable (then the file has no code to tell it apart by).
fn code_ranges<'a, Elf, R>(data: R) -> Option<Vec<Range<u64>>>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'a>,
{
    let header = Elf::parse(data).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, data).ok()?;
    let mut ranges: Vec<Range<u64>> = segments
        .iter()
        .filter(|s| s.p_type(endian) == PT_LOAD && s.p_flags(endian).contains(PF_X))
        .map(|s| span(s.file_range(endian)))
        .filter(|range| !range.is_empty())
        .collect();
    if ranges.is_empty() {
        return None;
    }
    let table = (header.e_phoff(endian).into(), size_of_val(segments) as u64);
    ranges.push(span(table));
    ranges.extend(eh_frame_range(header, endian, data));
    Some(ranges)
}

fn eh_frame_range<'a, Elf, R>(header: &Elf, endian: Endianness, data: R) -> Option<Range<u64>>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'a>,
{
    let sections = header.sections(endian, data).ok()?;
    let (_, section) = sections.section_by_name(endian, b".eh_frame")?;
    Some(span(section.file_range(endian)?))
}

fn span((offset, size): (u64, u64)) -> Range<u64> {
    offset..offset.saturating_add(size)
}

/// Sorted, without overlap and inside the file, so that no header can make us read more than the
/// file's length.
fn merged(mut ranges: Vec<Range<u64>>, length: u64) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        let start = merged.last().map_or(0, |last| last.end).max(range.start);
        let end = range.end.min(length);
        if start < end {
            merged.push(start..end);
        }
    }
    merged
}

fn hash<S: ReadAt + ?Sized>(source: &S, length: u64, ranges: &[Range<u64>]) -> io::Result<u128> {
    let mut hasher = Xxh3::new();
    hasher.update(&length.to_le_bytes());
    let mut buffer = vec![0; CHUNK];
    for range in ranges {
        let mut offset = range.start;
        while offset < range.end {
            let size = CHUNK.min((range.end - offset) as usize);
            source.read_exact_at(offset, &mut buffer[..size])?;
            hasher.update(&buffer[..size]);
            offset += size as u64;
        }
    }
    Ok(hasher.digest128())
}

/// A reading position over a [`ReadAt`], which is what `object`'s cache asks for.
pub struct Cursor<'s, S: ReadAt + ?Sized> {
    source: &'s S,
    length: u64,
    position: u64,
}

impl<'s, S: ReadAt + ?Sized> Cursor<'s, S> {
    /// Begins at offset 0.
    pub fn new(source: &'s S) -> Self {
        Cursor { source, length: source.length().unwrap_or(0), position: 0 }
    }
}

impl<S: ReadAt + ?Sized> ReadCacheOps for Cursor<'_, S> {
    fn len(&mut self) -> Result<u64, ()> {
        Ok(self.length)
    }

    fn seek(&mut self, position: u64) -> Result<u64, ()> {
        self.position = position;
        Ok(position)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ()> {
        let left = self.length.saturating_sub(self.position);
        let size = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.read_exact(&mut buffer[..size])?;
        Ok(size)
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> Result<(), ()> {
        self.source.read_exact_at(self.position, buffer).map_err(drop)?;
        self.position += buffer.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_ranges_are_hashed_once() {
        assert_eq!(merged(vec![5..20, 0..10, 8..9, 30..99], 40), vec![0..10, 10..20, 30..40]);
    }

    #[test]
    fn bytes_that_are_no_elf_have_an_id_of_their_contents() {
        let one = fallback_id(&b"one"[..]).expect("bytes can be read");
        let two = fallback_id(&b"two"[..]).expect("bytes can be read");
        assert_ne!(one, two);
        assert!(one.starts_with("fallback-") && one.len() == "fallback-".len() + 32);
    }
}
