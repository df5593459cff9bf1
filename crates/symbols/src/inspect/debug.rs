//! How much the debug info of a binary says, unit by unit, without reading it.

use std::borrow::Cow;
use std::io::Read;

use gimli::{
    Abbreviations, Attribute, AttributeValue, DebugStrOffsetsBase, EndianSlice, RunTimeEndian, UnitHeader,
    constants,
};
use object::{CompressionFormat, Object, ObjectSection};
use rayon::prelude::*;
use serde::Serialize;

use super::rust::id_of_path;
use crate::elf::{self, ElfImage};

/// Bytes of a compressed section that are decompressed.
const PREFIX: u64 = 32 << 20;
/// Unit headers that are read: each may lie in a page of its own.
const MOST_HEADERS: usize = 1 << 16;
/// Units whose first entries are looked at.
const MOST_UNITS: usize = 2048;
/// The last units are all looked at.
const LAST_UNITS: usize = 256;
/// Entries of a unit that are looked at: the first of a whole unit show what kinds it has.
const MOST_ENTRIES: usize = 512;
/// Attributes of an entry; hostile ones have millions that take no bytes.
const MOST_ATTRIBUTES: usize = 64;
/// An abbreviation table is not read further: those of compilers have some kilobytes.
const LONGEST_TABLE: usize = 1 << 16;
/// Names of split units that are listed.
const MOST_SPLIT: usize = 256;
/// Paths are cut here.
const LONGEST_PATH: usize = 4096;

type Slice<'e> = EndianSlice<'e, RunTimeEndian>;

/// The debug info of a binary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Debug {
    /// Units in the section; in a compressed one, in its beginning.
    pub units: usize,
    /// Whether these are all: in a large compressed section they are those of its beginning.
    pub complete: bool,
    /// Those that were looked at.
    pub read: usize,
    /// Bytes of all debug sections in the file.
    pub bytes: u64,
    /// Levels of the units that are not Rust's library.
    pub own: Levels,
    /// Levels of the units of Rust's library.
    pub library: Levels,
    /// Units of Rust, its library's too.
    pub rust_units: usize,
    /// Units of C++.
    pub cpp_units: usize,
    /// Where the library was compiled: a commit, or a release.
    pub library_id: Option<String>,
    /// Units whose debug info lies in other files.
    pub split: Split,
}

/// How many units are of which level.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Levels {
    /// Neither lines nor functions.
    pub none: usize,
    /// Lines only.
    pub lines: usize,
    /// Lines, functions and inlined calls (`line-tables-only`, `-g1`).
    pub line_tables: usize,
    /// Those, and where functions are declared (`debug = 1`).
    pub limited: usize,
    /// Types and variables too.
    pub full: usize,
}

/// Units whose debug info lies in other files (`-gsplit-dwarf`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Split {
    /// How many, of those that were looked at.
    pub units: usize,
    /// Their files, up to 256.
    pub files: Vec<String>,
}

/// What a unit's own entry says.
#[derive(Default)]
struct Root {
    name: Vec<u8>,
    folder: Vec<u8>,
    split: Option<Vec<u8>>,
    language: u64,
}

/// The sections that are needed.
struct Sections<'a> {
    info: Cow<'a, [u8]>,
    abbrev: Cow<'a, [u8]>,
    strings: Cow<'a, [u8]>,
    line_strings: Cow<'a, [u8]>,
    offsets: Cow<'a, [u8]>,
    endian: RunTimeEndian,
    /// Whether only the beginning of the units was decompressed.
    cut: bool,
}

/// The debug info of `image`; none if there is no `.debug_info`.
pub(super) fn read(image: &ElfImage<'_>) -> Option<Debug> {
    if !image.has_section(".debug_info") {
        return None;
    }
    let sections = Sections::load(image);
    let headers = headers(&sections);
    let mut debug = Debug {
        units: headers.len(),
        complete: !sections.cut && headers.last().map_or(0, end) == sections.info.len(),
        bytes: size(image),
        ..Debug::default()
    };
    let step = headers.len().div_ceil(MOST_UNITS).max(1);
    // Rust's library is linked last.
    let (most, last) = headers.split_at(headers.len().saturating_sub(LAST_UNITS));
    let chosen: Vec<_> = most.iter().step_by(step).chain(last).collect();
    let units: Vec<_> = chosen.par_iter().filter_map(|header| unit(&sections, header)).collect();
    for (root, level) in units {
        debug.add(root, level);
    }
    Some(debug)
}

/// How much a unit says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    None,
    Lines,
    LineTables,
    Limited,
    Full,
}

impl Debug {
    fn add(&mut self, root: Root, level: Level) {
        self.read += 1;
        self.rust_units += usize::from(root.is_rust());
        self.cpp_units += usize::from(root.is_cpp());
        if let Some(file) = root.split_file() {
            self.split.units += 1;
            if self.split.files.len() < MOST_SPLIT {
                self.split.files.push(file);
            }
        }
        let library = root.is_library();
        if self.library_id.is_none() && library {
            self.library_id = id_of_path(&root.name).or_else(|| id_of_path(&root.folder));
        }
        let levels = if library { &mut self.library } else { &mut self.own };
        *match level {
            Level::None => &mut levels.none,
            Level::Lines => &mut levels.lines,
            Level::LineTables => &mut levels.line_tables,
            Level::Limited => &mut levels.limited,
            Level::Full => &mut levels.full,
        } += 1;
    }
}

impl Root {
    fn is_rust(&self) -> bool {
        self.language == u64::from(constants::DW_LANG_Rust.0)
    }

    fn is_cpp(&self) -> bool {
        let all = [
            constants::DW_LANG_C_plus_plus,
            constants::DW_LANG_C_plus_plus_03,
            constants::DW_LANG_C_plus_plus_11,
            constants::DW_LANG_C_plus_plus_14,
            constants::DW_LANG_C_plus_plus_17,
            constants::DW_LANG_C_plus_plus_20,
        ];
        all.iter().any(|language| u64::from(language.0) == self.language)
    }

    /// Whether it came with the compiler, or was built from `rust-src` (`-Zbuild-std`).
    fn is_library(&self) -> bool {
        let starts = |start: &[u8]| self.name.starts_with(start) || self.folder.starts_with(start);
        let inside = b"/rustlib/src/rust/library/";
        let installed = |path: &[u8]| path.windows(inside.len()).any(|window| window == inside);
        starts(b"/rustc/") || starts(b"/rust/deps/") || installed(&self.name) || installed(&self.folder)
    }

    fn split_file(&self) -> Option<String> {
        let name = String::from_utf8_lossy(self.split.as_ref()?).into_owned();
        let folder = String::from_utf8_lossy(&self.folder);
        Some(if name.starts_with('/') || folder.is_empty() { name } else { format!("{folder}/{name}") })
    }
}

impl<'a> Sections<'a> {
    fn load(image: &ElfImage<'a>) -> Self {
        let names = [".debug_info", ".debug_abbrev", ".debug_str", ".debug_line_str", ".debug_str_offsets"];
        let mut loaded: Vec<_> = names.par_iter().map(|name| beginning(image, name)).collect();
        let mut take = |at: usize| std::mem::take(&mut loaded[at]);
        let endian = if image.file.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big };
        Sections {
            info: take(0),
            abbrev: take(1),
            strings: take(2),
            line_strings: take(3),
            offsets: take(4),
            endian,
            cut: is_cut(image, ".debug_info"),
        }
    }
}

/// A section, or the beginning of a compressed one; empty if there is none.
fn beginning<'a>(image: &ElfImage<'a>, name: &str) -> Cow<'a, [u8]> {
    let Some(section) = image.file.section_by_name(name) else { return Cow::default() };
    let Ok(data) = section.compressed_data() else { return Cow::default() };
    if data.uncompressed_size <= PREFIX || data.format == CompressionFormat::None {
        return elf::contents(&section).unwrap_or_default();
    }
    let mut bytes = Vec::new();
    // What was read before bytes that make no sense is of use.
    let _ = match data.format {
        CompressionFormat::Zlib => {
            flate2::read::ZlibDecoder::new(data.data).take(PREFIX).read_to_end(&mut bytes)
        }
        CompressionFormat::Zstandard => match zstd::stream::read::Decoder::with_buffer(data.data) {
            Ok(decoder) => decoder.take(PREFIX).read_to_end(&mut bytes),
            Err(error) => Err(error),
        },
        _ => Ok(0),
    };
    Cow::Owned(bytes)
}

fn is_cut(image: &ElfImage<'_>, name: &str) -> bool {
    let data = image.file.section_by_name(name).and_then(|section| section.compressed_data().ok());
    data.is_some_and(|data| data.format != CompressionFormat::None && data.uncompressed_size > PREFIX)
}

fn size(image: &ElfImage<'_>) -> u64 {
    let debug = image.file.sections().filter(|section| {
        section.name_bytes().is_ok_and(|name| name.starts_with(b".debug_") || name.starts_with(b".zdebug_"))
    });
    let size = debug.filter_map(|section| Some(section.file_range()?.1)).fold(0, u64::saturating_add);
    size.min(image.bytes().len() as u64)
}

/// Where a unit ends.
fn end(header: &UnitHeader<Slice<'_>>) -> usize {
    header.debug_info_offset().map_or(0, |start| start.0.saturating_add(header.length_including_self()))
}

/// Headers up to the first that cannot be read, or to the end of what was decompressed.
fn headers<'s>(sections: &'s Sections<'_>) -> Vec<UnitHeader<Slice<'s>>> {
    let info = gimli::DebugInfo::new(&sections.info, sections.endian);
    let mut units = info.units();
    let mut headers = Vec::new();
    while let Ok(Some(header)) = units.next() {
        if headers.len() == MOST_HEADERS {
            break;
        }
        headers.push(header);
    }
    headers
}

fn unit(sections: &Sections<'_>, header: &UnitHeader<Slice<'_>>) -> Option<(Root, Level)> {
    let abbreviations = abbreviations(sections, header.debug_abbrev_offset().0)?;
    let mut entries = header.entries_raw(&abbreviations, None).ok()?;
    let first = entries.read_abbreviation().ok()??;
    let mut attributes = Vec::new();
    for &specification in first.attributes().iter().take(MOST_ATTRIBUTES) {
        attributes.push(entries.read_attribute(specification).ok()?);
    }
    let root = root(sections, header, &attributes);
    let level = level(header, &abbreviations).unwrap_or(Level::None);
    Some((root, if has_lines(&attributes) { level.max(Level::Lines) } else { Level::None }))
}

/// Without lines, debug info is none: the symbol table names functions as well.
fn has_lines(attributes: &[Attribute<Slice<'_>>]) -> bool {
    attributes.iter().any(|attribute| attribute.name() == constants::DW_AT_stmt_list)
}

fn abbreviations(sections: &Sections<'_>, offset: usize) -> Option<Abbreviations> {
    let bytes: &[u8] = &sections.abbrev;
    let end = bytes.len().min(offset.saturating_add(LONGEST_TABLE));
    let table = gimli::DebugAbbrev::new(bytes.get(..end)?, sections.endian);
    table.abbreviations(gimli::DebugAbbrevOffset(offset)).ok()
}

fn root(
    sections: &Sections<'_>,
    header: &UnitHeader<Slice<'_>>,
    attributes: &[Attribute<Slice<'_>>],
) -> Root {
    let value = |name| attributes.iter().find(|attribute| attribute.name() == name).map(Attribute::value);
    let base = match value(constants::DW_AT_str_offsets_base) {
        Some(AttributeValue::DebugStrOffsetsBase(base)) => base,
        _ => {
            DebugStrOffsetsBase::default_for_encoding_and_file(header.encoding(), gimli::DwarfFileType::Main)
        }
    };
    let text = |name| string(sections, header, base, value(name)?);
    Root {
        name: text(constants::DW_AT_name).unwrap_or_default(),
        folder: text(constants::DW_AT_comp_dir).unwrap_or_default(),
        split: text(constants::DW_AT_dwo_name).or_else(|| text(constants::DW_AT_GNU_dwo_name)),
        language: match value(constants::DW_AT_language) {
            Some(AttributeValue::Language(language)) => u64::from(language.0),
            _ => 0,
        },
    }
}

fn string(
    sections: &Sections<'_>,
    header: &UnitHeader<Slice<'_>>,
    base: DebugStrOffsetsBase<usize>,
    value: AttributeValue<Slice<'_>>,
) -> Option<Vec<u8>> {
    let at = |section: &[u8], offset: usize| {
        let rest = section.get(offset..)?;
        let rest = &rest[..rest.len().min(LONGEST_PATH)];
        Some(rest.split(|&byte| byte == 0).next().unwrap_or_default().to_vec())
    };
    match value {
        AttributeValue::String(text) => Some(text.slice()[..text.slice().len().min(LONGEST_PATH)].to_vec()),
        AttributeValue::DebugStrRef(offset) => at(&sections.strings, offset.0),
        AttributeValue::DebugLineStrRef(offset) => at(&sections.line_strings, offset.0),
        AttributeValue::DebugStrOffsetsIndex(index) => {
            let offsets: gimli::DebugStrOffsets<Slice<'_>> =
                EndianSlice::new(&sections.offsets, sections.endian).into();
            let offset = offsets.get_str_offset(header.format(), base, index).ok()?;
            at(&sections.strings, offset.0)
        }
        _ => None,
    }
}

/// The level that the kinds of the first entries show.
fn level(header: &UnitHeader<Slice<'_>>, abbreviations: &Abbreviations) -> gimli::Result<Level> {
    let mut entries = header.entries_raw(abbreviations, None)?;
    let mut level = Level::None;
    let mut root = true;
    for _ in 0..MOST_ENTRIES {
        if entries.is_empty() {
            break;
        }
        // What was seen before bytes that make no sense counts.
        let Ok(abbreviation) = entries.read_abbreviation() else { break };
        let Some(abbreviation) = abbreviation else { continue };
        if !std::mem::take(&mut root) {
            level = level.max(of_tag(abbreviation.tag()));
        }
        if level == Level::Full || abbreviation.attributes().len() > MOST_ATTRIBUTES {
            break;
        }
        if entries.skip_attributes(abbreviation.attributes()).is_err() {
            break;
        }
    }
    Ok(level)
}

fn of_tag(tag: constants::DwTag) -> Level {
    match tag {
        constants::DW_TAG_base_type
        | constants::DW_TAG_structure_type
        | constants::DW_TAG_pointer_type
        | constants::DW_TAG_variable
        | constants::DW_TAG_formal_parameter
        | constants::DW_TAG_lexical_block => Level::Full,
        constants::DW_TAG_namespace => Level::Limited,
        constants::DW_TAG_subprogram | constants::DW_TAG_inlined_subroutine => Level::LineTables,
        _ => Level::None,
    }
}
