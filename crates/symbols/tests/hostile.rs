//! Small files that ask for much: memory and time stay in proportion to the file.

#[path = "suite/common/elf.rs"]
mod elf;

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use elf::{DYNSYM, RELA, STRTAB, SYMTAB, Section, function_symbol};
use pyrometer_symbols::disassemble::disassemble;
use pyrometer_symbols::identity::{ReadAt, build_id};
use pyrometer_symbols::jitdump::{JitDump, LONGEST_TEXT};
use pyrometer_symbols::symtab::SymbolTable;
use pyrometer_symbols::{DebugSections, ElfImage, Resolver};

/// Far more than any case needs, far less than these take where nothing bounds them.
const PATIENCE: Duration = Duration::from_secs(20);
const NOPS: [u8; 0x4000] = [0x90; 0x4000];
const CODE: u64 = 0x1000;

fn within_patience<T>(run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    result
}

fn code() -> Section<'static> {
    Section::code(".text", CODE, &NOPS)
}

/// Bytes of all names in the symbol table of `file`.
fn named(file: &[u8]) -> usize {
    let image = ElfImage::parse(file).expect("an ELF file");
    let table = SymbolTable::new(&image);
    let bytes = Cell::new(0);
    let count = |name: &str| {
        bytes.set(bytes.get() + name.len());
        true
    };
    assert!(table.matching(&count).count() > 0);
    bytes.get()
}

/// A string table with one text of `length`: every offset in it is a name.
fn one_text(length: usize) -> Vec<u8> {
    [vec![0], vec![b'a'; length], vec![0]].concat()
}

#[test]
fn symbols_that_all_name_one_long_text() {
    let names = one_text(100_000);
    let symbols: Vec<u8> =
        (0..3000).flat_map(|at| function_symbol(1 + at, CODE + u64::from(at), 1)).collect();
    let (symbols, names) =
        (Section::table(".symtab", SYMTAB, 3, &symbols), Section::table(".strtab", STRTAB, 0, &names));
    let file = elf::file(&[code(), symbols, names]);
    assert!(named(&file) < 10 * file.len() + (2 << 20));
}

#[test]
fn stubs_that_all_lead_to_one_long_name() {
    let names = one_text(60_000);
    let symbol = |at: u32| function_symbol(1 + at, 0, 0);
    let symbols: Vec<u8> = (0..1000).flat_map(symbol).collect();
    let slot = |at: u64| 0x10_0000 + 8 * at;
    let relocation = |at: u64| [slot(at), (at << 32) | 7, 0].map(u64::to_le_bytes).concat();
    let relocations: Vec<u8> = (0..1000).flat_map(relocation).collect();
    let jump = |at: u64| {
        let displacement = (slot(at) - (0x9000 + 16 * at + 6)) as u32;
        [&[0xff, 0x25][..], &displacement.to_le_bytes(), &[0x90; 10]].concat()
    };
    let stubs: Vec<u8> = (0..1000).flat_map(jump).collect();
    let file = elf::file(&[
        code(),
        Section::table(".dynsym", DYNSYM, 3, &symbols),
        Section::table(".dynstr", STRTAB, 0, &names),
        Section::table(".rela.plt", RELA, 2, &relocations),
        Section::code(".plt", 0x9000, &stubs),
    ]);
    assert!(named(&file) < 10 * file.len() + (2 << 20));
}

#[test]
fn a_listing_in_which_every_instruction_has_a_long_name() {
    let names = one_text(60_000);
    // The first symbol of a table is none.
    let symbols = [vec![0; 24], function_symbol(1, CODE, NOPS.len() as u64)].concat();
    let calls: Vec<u8> = [0xe8, 0, 0, 0, 0].repeat(500);
    let file = elf::file(&[
        Section::code(".text", CODE, &calls),
        Section::table(".symtab", SYMTAB, 3, &symbols),
        Section::table(".strtab", STRTAB, 0, &names),
    ]);
    let image = ElfImage::parse(&file).expect("an ELF file");
    let resolver = Resolver::new(&image, None);
    let listing = disassemble(&image, &resolver, CODE..CODE + 2500).expect("code for x86-64");
    assert_eq!(listing.instructions.len(), 500);
    assert!(listing.instructions.iter().all(|instruction| instruction.text.contains("aaa")));
    assert!(listing.instructions.iter().all(|instruction| instruction.text.len() < 1000));
}

#[test]
fn a_listing_of_code_that_all_data_symbols_cover() {
    let names = one_text(1);
    let symbols = elf::data_symbol(1, CODE, 1 << 20).repeat(200_000);
    let calls: Vec<u8> = [0xe8, 0, 0, 0, 0].repeat(100_000);
    let file = elf::file(&[
        Section::code(".text", CODE, &calls),
        Section::table(".symtab", SYMTAB, 3, &symbols),
        Section::table(".strtab", STRTAB, 0, &names),
    ]);
    let image = ElfImage::parse(&file).expect("an ELF file");
    let resolver = Resolver::new(&image, None);
    let listing = within_patience(|| disassemble(&image, &resolver, CODE..CODE + 500_000));
    assert_eq!(listing.expect("code for x86-64").instructions.len(), 100_000);
}

/// A unit of DWARF 4 with nothing but `entries`.
fn unit(entries: &[u8]) -> Vec<u8> {
    let mut unit = (7 + entries.len() as u32).to_le_bytes().to_vec();
    unit.extend(4u16.to_le_bytes());
    unit.extend(0u32.to_le_bytes());
    unit.push(8);
    unit.extend(entries);
    unit
}

fn with_debug_info(abbreviations: &[u8], info: &[u8], lines: &[u8], ranges: &[u8]) -> Vec<u8> {
    elf::file(&[
        code(),
        Section::debug(".debug_abbrev", abbreviations),
        Section::debug(".debug_info", info),
        Section::debug(".debug_line", lines),
        Section::debug(".debug_ranges", ranges),
    ])
}

fn resolve(file: &[u8]) -> usize {
    let image = ElfImage::parse(file).expect("an ELF file");
    let debug = DebugSections::load(&image);
    let resolver = Resolver::new(&image, debug.as_ref());
    let found = resolver.resolve(&[CODE, CODE + 1, CODE + 16]);
    assert!(found.frames(CODE).is_some());
    resolver.dwarf().map_or(0, |dwarf| dwarf.unit_count())
}

#[test]
fn units_that_share_one_line_table_of_many_files() {
    let files = 40_000;
    let tables = [&[1, 1, 1, 251_u8, 14, 1][..], &[0], &b"a\0\0\0\0".repeat(files), &[0]].concat();
    let mut lines = (6 + tables.len() as u32).to_le_bytes().to_vec();
    lines.extend(4u16.to_le_bytes());
    lines.extend((tables.len() as u32).to_le_bytes());
    lines.extend(tables);
    // Tag 0x11 (unit) without children: DW_AT_stmt_list as a section offset.
    let abbreviations = [1, 0x11, 0, 0x10, 0x17, 0, 0, 0];
    let units = 10_000;
    let info = unit(&[1, 0, 0, 0, 0]).repeat(units);
    let read = resolve(&with_debug_info(&abbreviations, &info, &lines, &[]));
    assert!(read < 32, "the files of {read} units are held");
    let alone = unit(&[1, 0, 0, 0, 0]);
    assert_eq!(resolve(&with_debug_info(&abbreviations, &alone, &lines, &[])), 1);
}

#[test]
fn entries_with_attributes_that_take_no_bytes() {
    // Tag 0x2e (function) with 200,000 times DW_AT_external as a flag that is present.
    let many = [0x3f, 0x19].repeat(200_000);
    let unit_entry = [1, 0x11, 1, 0x11, 0x01, 0x12, 0x07, 0, 0];
    let abbreviations = [&unit_entry[..], &[2, 0x2e, 0], &many, &[0, 0, 0]].concat();
    let root = [&[1][..], &CODE.to_le_bytes(), &0x1000u64.to_le_bytes()].concat();
    let info = unit(&[&root[..], &[2; 200_000], &[0]].concat());
    let file = with_debug_info(&abbreviations, &info, &[], &[]);
    assert_eq!(within_patience(|| resolve(&file)), 1);
}

#[test]
fn units_with_attributes_that_take_no_bytes() {
    let many = [0x3f, 0x19].repeat(200_000);
    let abbreviations = [&[1, 0x11, 0][..], &many, &[0, 0, 0]].concat();
    let file = with_debug_info(&abbreviations, &unit(&[1]).repeat(50_000), &[], &[]);
    assert!(within_patience(|| resolve(&file)) < 1000);
}

#[test]
fn lines_of_generated_code_share_the_name_of_their_file() {
    let record = |kind: u32, body: &[u8]| {
        [&kind.to_le_bytes()[..], &(16 + body.len() as u32).to_le_bytes(), &0u64.to_le_bytes(), body].concat()
    };
    let line =
        |at: u64, file: &[u8]| [&at.to_le_bytes()[..], &1u32.to_le_bytes(), &[0; 4], file, &[0]].concat();
    let header = [0x4a69_5444, 1, 40, 62, 0, 1, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
    let mut debug = [CODE, 1001].map(u64::to_le_bytes).concat();
    debug.extend(line(CODE, &[b'f'; 200_000]));
    (1..=1000).for_each(|at| debug.extend(line(CODE + at, b"\xff")));
    let mut load = [1u32, 1].map(u32::to_le_bytes).concat();
    load.extend([CODE, CODE, 2000, 1].map(u64::to_le_bytes).concat());
    load.extend([&[b'n'; 200_000][..], &[0]].concat());
    let mut dump = JitDump::default();
    dump.feed(&[header, record(2, &debug), record(0, &load)].concat()).expect("a sound file");
    let function = &dump.functions()[0];
    assert_eq!((function.lines.len(), function.name.len()), (1001, LONGEST_TEXT));
    assert_eq!(function.lines[0].file.len(), LONGEST_TEXT);
    assert!(function.lines.iter().all(|line| Arc::ptr_eq(&line.file, &function.lines[0].file)));
}

/// Bytes that count how many of them were read.
struct Counted<'a> {
    bytes: &'a [u8],
    read: Cell<u64>,
}

impl ReadAt for Counted<'_> {
    fn length(&self) -> io::Result<u64> {
        self.bytes.length()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.read.set(self.read.get() + buffer.len() as u64);
        self.bytes.read_exact_at(offset, buffer)
    }
}

#[test]
fn notes_that_overlap_are_not_all_read() {
    // Each loadable segment of this file becomes notes: all of it but a few bytes.
    let sections: Vec<Section<'_>> = (0..1000).map(|_| Section::code(".x", CODE, &NOPS[..1])).collect();
    let mut file = elf::file(&sections);
    let length = file.len() as u64;
    for (at, segment) in (0u64..).zip(file[64..64 + 56 * 1000].chunks_exact_mut(56)) {
        segment[..4].copy_from_slice(&4u32.to_le_bytes());
        segment[8..16].copy_from_slice(&at.to_le_bytes());
        segment[32..40].copy_from_slice(&(length - 1000).to_le_bytes());
        segment[48..56].copy_from_slice(&4u64.to_le_bytes());
    }
    let counted = Counted { bytes: &file, read: Cell::new(0) };
    assert_eq!(build_id(&counted), None);
    assert!(counted.read.get() < 200 * length, "{} of {length} bytes", counted.read.get());
}

/// Zeros packed by deflate as tightly as its fixed codes allow: 258 of them in 13 bits (RFC 1951, 3.2.6).
fn packed_zeros(repeats: u32) -> (u64, Vec<u8>) {
    let mut bits = vec![1, 1, 0];
    let mut code = |value: u32, length: u32| bits.extend((0..length).rev().map(|bit| value >> bit & 1));
    code(0x30, 8);
    (0..repeats).for_each(|_| code(0b1100_0101 << 5, 13));
    code(0, 7);
    let byte = |bits: &[u32]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | *bit as u8);
    let length = 1 + 258 * repeats;
    let checksum = (length % 65521) << 16 | 1;
    let stream =
        [vec![0x78, 0x9c], bits.chunks(8).map(byte).collect(), checksum.to_be_bytes().to_vec()].concat();
    (length.into(), stream)
}

#[test]
fn a_small_section_that_unpacks_to_much_is_refused() {
    let unpacked = |repeats: u32| {
        let (length, stream) = packed_zeros(repeats);
        let bytes = [&1u64.to_le_bytes()[..], &length.to_le_bytes(), &1u64.to_le_bytes(), &stream].concat();
        let section = Section { flags: elf::COMPRESSED, ..Section::debug(".debug_info", &bytes) };
        let file = elf::file(&[code(), section]);
        let image = ElfImage::parse(&file).expect("an ELF file");
        image.section(".debug_info").map(|bytes| bytes.len())
    };
    assert_eq!(unpacked(100), Some(25_801));
    assert_eq!(unpacked(20_000), None);
}

/// Each unit of a `.dwo` file reads its table of abbreviations anew, and all can share one.
#[test]
fn many_split_units_that_share_a_large_table_are_not_all_read() {
    let mut table = Vec::new();
    for code in 1..200_000u32 {
        table.extend(leb128(code));
        // DW_TAG_compile_unit without children and attributes.
        table.extend([0x11, 0, 0, 0]);
    }
    table.push(0);
    let mut info = Vec::new();
    for id in 0..100_000u64 {
        // Version 5, DW_UT_split_compile, addresses of 8 bytes, the table at 0, the id, and the root's entry.
        info.extend(17u32.to_le_bytes());
        info.extend([5, 0, 5, 8, 0, 0, 0, 0]);
        info.extend(id.to_le_bytes());
        info.push(1);
    }
    let bytes = elf::file(&[
        elf::Section::debug(".debug_info.dwo", &info),
        elf::Section::debug(".debug_abbrev.dwo", &table),
    ]);
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let sections = DebugSections::load_split(&image).expect("it has split debug info");
    let found = sections.split_ids().len();
    assert!((64..1_000).contains(&found), "{found}");
}

fn leb128(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
