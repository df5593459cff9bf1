//! Any bytes as the debug sections of a well-formed binary, through the resolver.
#![no_main]

mod cut;
#[path = "../../crates/symbols/tests/suite/common/elf.rs"]
mod elf;
mod name;

use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 9] = [
    ".debug_abbrev",
    ".debug_line",
    ".debug_line_str",
    ".debug_str",
    ".debug_str_offsets",
    ".debug_addr",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_info",
];

fuzz_target!(|bytes: &[u8]| {
    let parts: [&[u8]; NAMES.len()] = cut::cut(bytes);
    let code = [0x90; 0x400];
    let mut sections = vec![elf::Section::code(".text", 0x1000, &code)];
    sections.extend(NAMES.into_iter().zip(parts).map(|(name, part)| elf::Section::debug(name, part)));
    name::name_all(&elf::file(&sections));
});
