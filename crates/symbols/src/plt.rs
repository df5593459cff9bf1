//! Linkage stubs, named after what they jump to.
//!
//! Linkers lay out `.plt`, `.plt.sec` and `.plt.got` differently, and give the stubs no symbols.
//! What all x86-64 stubs share is one `jmp *slot(%rip)`; the slot's relocation names the target.
//! (System V ABI, AMD64 supplement, section 5.2.)

use object::{Object, ObjectSection, ObjectSymbolTable, RelocationTarget};
use rustc_hash::FxHashMap;

use crate::elf::ElfImage;
use crate::names::NameBudget;

/// Sections that hold stubs.
const SECTIONS: [&str; 4] = [".plt", ".plt.sec", ".plt.got", ".iplt"];
/// `jmp *disp32(%rip)`.
const JUMP: [u8; 2] = [0xff, 0x25];
/// Length of that instruction.
const JUMP_LENGTH: usize = 6;

/// One stub.
pub(crate) struct Stub<'a> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Name of what it jumps to.
    pub(crate) target: &'a str,
}

/// The stubs of `image`. `local_name` names a function of the binary itself, for the stubs of
/// functions that choose their implementation at load time.
pub(crate) fn plt_stubs<'a>(
    image: &ElfImage<'a>,
    local_name: &dyn Fn(u64) -> Option<&'a str>,
) -> Vec<Stub<'a>> {
    if !image.is_x86_64() {
        return Vec::new();
    }
    let slots = slot_names(image, local_name);
    if slots.is_empty() {
        return Vec::new();
    }
    SECTIONS.iter().flat_map(|name| stubs_of_section(image, name, &slots)).collect()
}

/// Names by the address of the slot that the dynamic linker fills.
pub(crate) fn slot_names<'a>(
    image: &ElfImage<'a>,
    local_name: &dyn Fn(u64) -> Option<&'a str>,
) -> FxHashMap<u64, &'a str> {
    let Some(relocations) = image.file.dynamic_relocations() else {
        return FxHashMap::default();
    };
    let symbols = image.file.dynamic_symbol_table();
    let mut budget = NameBudget::for_image(image);
    let mut name_of = |relocation: &object::Relocation| match relocation.target() {
        RelocationTarget::Symbol(index) => budget.name(&symbols.as_ref()?.symbol_by_index(index).ok()?),
        _ => local_name(u64::try_from(relocation.addend()).ok()?),
    };
    relocations
        .filter_map(|(slot, relocation)| Some((slot, name_of(&relocation).filter(|name| !name.is_empty())?)))
        .collect()
}

fn stubs_of_section<'a>(image: &ElfImage<'a>, name: &str, slots: &FxHashMap<u64, &'a str>) -> Vec<Stub<'a>> {
    let Some(section) = image.file.section_by_name(name) else {
        return Vec::new();
    };
    let data = section.data().unwrap_or_default();
    let jumps = named_jumps(section.address(), data, slots);
    let size = stub_size(&jumps);
    let stub = |&(at, target): &(usize, &'a str)| {
        let start = section.address().checked_add((at - at % size) as u64)?;
        Some(Stub { start, end: start.checked_add(size as u64)?, target })
    };
    jumps.iter().filter_map(stub).collect()
}

/// Offsets of the jumps through a slot with a name.
fn named_jumps<'a>(address: u64, data: &[u8], slots: &FxHashMap<u64, &'a str>) -> Vec<(usize, &'a str)> {
    let jumps = data.windows(JUMP_LENGTH).enumerate().filter(|(_, window)| window[..2] == JUMP);
    jumps.filter_map(|(at, window)| Some((at, *slots.get(&slot_of(address, at, window)?)?))).collect()
}

/// Stubs are 16 bytes apart, or 8 where two jumps share 16 bytes. (Section headers say it with one
/// linker and not with the next.)
fn stub_size(jumps: &[(usize, &str)]) -> usize {
    if jumps.windows(2).any(|pair| pair[0].0 / 16 == pair[1].0 / 16) { 8 } else { 16 }
}

/// Address of the slot through which the jump `code`, at offset `at` of its section, goes.
fn slot_of(section: u64, at: usize, code: &[u8]) -> Option<u64> {
    let displacement = i32::from_le_bytes(code[2..JUMP_LENGTH].try_into().ok()?);
    section.checked_add((at + JUMP_LENGTH) as u64)?.checked_add_signed(displacement.into())
}
