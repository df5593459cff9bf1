//! Any bytes as the symbols, relocations, stubs and code of a well-formed binary.
#![no_main]

mod cut;
#[path = "../../crates/symbols/tests/suite/common/elf.rs"]
mod elf;
mod name;

use elf::Section;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [symbols, names, dynamic, dynamic_names, relocations, stubs, code] = cut::cut(bytes);
    name::name_all(&elf::file(&[
        Section::code(".text", 0x1000, code),
        Section::table(".symtab", elf::SYMTAB, 3, symbols),
        Section::table(".strtab", elf::STRTAB, 0, names),
        Section::table(".dynsym", elf::DYNSYM, 5, dynamic),
        Section::table(".dynstr", elf::STRTAB, 0, dynamic_names),
        Section::table(".rela.plt", elf::RELA, 4, relocations),
        Section::code(".plt", 0x9000, stubs),
    ]));
});
