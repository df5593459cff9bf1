//! The instructions of a range of code, with the names of what they call and refer to.
//!
//! Constraints: x86-64 only; addresses are the binary's own; bytes that are no instruction are
//! listed as `(bad)` and skipped one by one, so that a range always comes to its end.

use std::collections::BTreeSet;
use std::ops::Range;
use std::rc::Rc;

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter, SymbolResolver, SymbolResult};
use object::{Object, ObjectSymbol, SymbolKind};
use rustc_hash::FxHashMap;

use crate::demangle::demangle;
use crate::elf::ElfImage;
use crate::error::Error;
use crate::names::NameBudget;
use crate::plt::slot_names;
use crate::resolution::Resolution;
use crate::resolver::Resolver;

/// More code than this is not listed at once: no function is longer.
const LONGEST_RANGE: u64 = 4 << 20;
/// Names are cut to this many characters: each can stand in every instruction.
const LONGEST_NAME: usize = 512;

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// Its address in the binary.
    pub address: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Intel syntax, lower case; targets and addresses by name where they have one.
    pub text: String,
    /// Where it jumps or calls to, if that is fixed.
    pub target: Option<u64>,
}

/// A range of code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Ascending by address.
    pub instructions: Vec<Instruction>,
    /// Lines and inlined calls of every instruction's address.
    pub resolution: Resolution,
}

/// Lists the instructions of `image` at the addresses `range`.
pub fn disassemble(
    image: &ElfImage<'_>,
    resolver: &Resolver<'_>,
    range: Range<u64>,
) -> Result<Listing, Error> {
    if !image.is_x86_64() {
        return Err(Error::Architecture { found: format!("{:?}", image.file.architecture()) });
    }
    let end = range.end.min(range.start.saturating_add(LONGEST_RANGE));
    let code = image.code(range.start..end).unwrap_or_default();
    let decoded: Vec<_> = Decoder::with_ip(64, code, range.start, DecoderOptions::NONE).into_iter().collect();
    let mut formatter = formatter(names(image, resolver, &decoded));
    let mut rest = code;
    let mut list = |instruction: &iced_x86::Instruction| {
        let (bytes, after) = rest.split_at(instruction.len().min(rest.len()));
        rest = after;
        let mut text = String::new();
        formatter.format(instruction, &mut text);
        Instruction {
            address: instruction.ip(),
            bytes: bytes.to_vec(),
            text,
            target: branch_target(instruction),
        }
    };
    let instructions: Vec<Instruction> = decoded.iter().map(&mut list).collect();
    let addresses: Vec<u64> = instructions.iter().map(|instruction| instruction.address).collect();
    Ok(Listing { resolution: resolver.resolve(&addresses), instructions })
}

fn formatter(names: Names) -> IntelFormatter {
    let mut formatter = IntelFormatter::with_options(Some(Box::new(names)), None);
    let options = formatter.options_mut();
    options.set_hex_prefix("0x");
    options.set_hex_suffix("");
    options.set_uppercase_hex(false);
    options.set_space_after_operand_separator(true);
    options.set_branch_leading_zeros(false);
    options.set_show_branch_size(false);
    formatter
}

fn branch_target(instruction: &iced_x86::Instruction) -> Option<u64> {
    Some(instruction.near_branch_target()).filter(|&target| target != 0)
}

/// Every address that an instruction spells out.
fn reference(instruction: &iced_x86::Instruction) -> Option<u64> {
    let memory = instruction.is_ip_rel_memory_operand().then(|| instruction.ip_rel_memory_address());
    memory.or_else(|| branch_target(instruction))
}

/// Names of the addresses that a listing mentions: the address where each begins, and the name.
struct Names(FxHashMap<u64, (u64, Rc<str>)>);

impl SymbolResolver for Names {
    fn symbol(
        &mut self,
        instruction: &iced_x86::Instruction,
        _operand: u32,
        _instruction_operand: Option<u32>,
        address: u64,
        _address_size: u32,
    ) -> Option<SymbolResult<'_>> {
        // An immediate that happens to equal an address is a number.
        let (start, name) = self.0.get(&address).filter(|_| reference(instruction) == Some(address))?;
        Some(SymbolResult::with_str(*start, name))
    }
}

fn names(image: &ElfImage<'_>, resolver: &Resolver<'_>, decoded: &[iced_x86::Instruction]) -> Names {
    let wanted: BTreeSet<u64> = decoded.iter().filter_map(reference).collect();
    let mut names = FxHashMap::default();
    let slots = slot_names(image, &|_| None);
    // Many addresses lie in one function.
    let mut functions: FxHashMap<u64, Rc<str>> = FxHashMap::default();
    for &address in &wanted {
        if let Some(name) = slots.get(&address) {
            names.insert(address, (address, shown(name, "@got")));
        } else if let Some(found) = resolver.symbols().find(address) {
            let name = functions.entry(found.start).or_insert_with(|| shown(found.name, ""));
            names.insert(address, (found.start, Rc::clone(name)));
        }
    }
    let unnamed = wanted.into_iter().filter(|address| !names.contains_key(address)).collect();
    add_data(image, unnamed, &mut names);
    Names(names)
}

/// A name as a listing has it.
fn shown(name: &str, suffix: &str) -> Rc<str> {
    let name = demangle(name).name;
    let cut = name.char_indices().nth(LONGEST_NAME);
    cut.map_or_else(|| format!("{name}{suffix}"), |(end, _)| format!("{}…{suffix}", &name[..end])).into()
}

/// Variables and constants that have symbols; each address is named once, by the first of them.
fn add_data(image: &ElfImage<'_>, mut unnamed: BTreeSet<u64>, names: &mut FxHashMap<u64, (u64, Rc<str>)>) {
    let mut budget = NameBudget::for_image(image);
    for symbol in image.file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Data && symbol.size() > 0)
    {
        let start = symbol.address();
        let range = start..start.saturating_add(symbol.size());
        if unnamed.range(range.clone()).next().is_none() {
            continue;
        }
        let Some(name) = budget.name(&symbol).map(|name| shown(name, "")) else { continue };
        let inside: Vec<u64> = unnamed.range(range).copied().collect();
        for address in inside {
            unnamed.remove(&address);
            names.insert(address, (start, Rc::clone(&name)));
        }
    }
}
