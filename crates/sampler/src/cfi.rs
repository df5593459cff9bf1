//! Call frame information (DWARF 5, section 6.4) turned into rules, one an address.
//!
//! A rule is worked out once for each address that is ever on a stack, and then takes a few
//! additions: the caller's stack pointer, and *where* each callee-saved register was put. Registers
//! are read only when a frame is found through one: mostly `rbp`, but `rbx` in the C library's lazy
//! binding. What a rule cannot hold (expressions) is evaluated anew each time.

mod machine;

use std::ops::Range;

use gimli::{
    BaseAddresses, CfaRule, CommonInformationEntry, DebugFrame, EhFrame, Encoding, EndianSlice, LittleEndian,
    RegisterRule, Section as DebugSection, UnwindContext, UnwindOffset, UnwindSection, UnwindTableRow,
    X86_64,
};

use self::machine::{Location, Machine};
use crate::elf_image::{ElfImage, Section};
use crate::registers::{Callee, Registers};
use crate::search_table::SearchTable;

type Reader<'a> = EndianSlice<'a, LittleEndian>;
type Description<'a> = gimli::FrameDescriptionEntry<Reader<'a>>;

/// Bytes of a CIE: real ones have fewer than a hundred, and each of its descriptions reads it anew.
const LONGEST_CIE: u64 = 4 << 10;
/// Bytes of a description: its instructions are run for each new address, and each evaluation.
const LONGEST_FDE: u64 = 1 << 20;

/// How the caller of a frame is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// By the stack pointer or a register.
    Offsets(Offsets),
    /// By an expression, evaluated each time.
    Expression,
    /// A signal handler returned here: the frame below was interrupted, maybe on another stack.
    Signal,
    /// Nothing called it: the entry of a program or of a thread.
    Root,
    /// Nothing is known of a leaf but that it was called; of a caller, that it may have a frame pointer.
    Uncovered,
    /// The whole binary says nothing: follow the frame pointer.
    FramePointer,
}

/// The usual case: everything lies at a distance from the caller's stack pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offsets {
    /// None for `rsp`.
    base: Option<Callee>,
    cfa: i32,
    /// Distance of the return address from the CFA, in words.
    return_address: i16,
    /// Distance from the CFA in words; [`SAME`] if the register still has the caller's value.
    saved: [i16; Callee::ALL.len()],
}

const SAME: i16 = i16::MAX;

/// One section of call frame information, and where to find an address in it.
pub(crate) struct Table {
    section: Section,
    kind: Kind,
    bases: BaseAddresses,
}

enum Kind {
    /// `.eh_frame` with its binary search table.
    Searched(SearchTable),
    /// `.eh_frame` without one: (start, end, offset of the description), sorted.
    Indexed(Vec<(u64, u64, usize)>),
    /// `.debug_frame`.
    Debug(Vec<(u64, u64, usize)>),
}

impl Table {
    /// The table of `.eh_frame`.
    pub(crate) fn eh_frame(image: &ElfImage) -> Option<Self> {
        let section = image.eh_frame.clone()?;
        let mut bases = BaseAddresses::default().set_eh_frame(section.address);
        if let Some((start, _)) = image.text {
            bases = bases.set_text(start);
        }
        if let Some(got) = image.got {
            bases = bases.set_got(got);
        }
        if let Some(table) = image.eh_frame_hdr.as_ref().and_then(SearchTable::new) {
            return Some(Self { section, kind: Kind::Searched(table), bases });
        }
        let index = index(&eh_frame(&section), &bases);
        Some(Self { section, kind: Kind::Indexed(index), bases })
    }

    /// The table of `.debug_frame`.
    pub(crate) fn debug_frame(image: &ElfImage) -> Option<Self> {
        let section = image.debug_frame.clone()?;
        let bases = BaseAddresses::default();
        let index = index(&debug_frame(&section), &bases);
        Some(Self { section, kind: Kind::Debug(index), bases })
    }

    /// The rule at an address; none if the table does not cover it.
    pub(crate) fn rule(&self, address: u64) -> Option<Rule> {
        self.row(address, |row, _| rule(row))
    }

    /// Where the function at an address begins and ends; none if the table does not cover it.
    pub(crate) fn extent(&self, address: u64) -> Option<Range<u64>> {
        match &self.kind {
            Kind::Debug(index) | Kind::Indexed(index) => {
                find(index, address).map(|(start, end, _)| start..end)
            }
            Kind::Searched(table) => {
                let section = eh_frame(&self.section);
                let description = self.searched(&section, table, address)?;
                let start = description.initial_address();
                let function = start..start.saturating_add(description.len());
                function.contains(&address).then_some(function)
            }
        }
    }

    /// One step by [`Rule::Expression`]; none if memory or rules do not allow it.
    pub(crate) fn step<F: FnMut(u64) -> Result<u64, ()>>(
        &self,
        address: u64,
        registers: &mut Registers,
        read: &mut F,
    ) -> Option<u64> {
        match &self.kind {
            Kind::Debug(_) => self.step_in(&debug_frame(&self.section), address, registers, read),
            _ => self.step_in(&eh_frame(&self.section), address, registers, read),
        }
    }

    fn step_in<'a, S: UnwindSection<Reader<'a>>, F: FnMut(u64) -> Result<u64, ()>>(
        &'a self,
        section: &S,
        address: u64,
        registers: &mut Registers,
        read: &mut F,
    ) -> Option<u64> {
        let (cfa, saved, return_address) = self.row(address, |row, encoding| {
            let mut machine = Machine { section, encoding, registers, read, row };
            let cfa = machine.cfa()?;
            let saved = Callee::ALL.map(|register| machine.location(register, cfa));
            Some((cfa, saved, machine.return_address(cfa)?))
        })??;
        for (register, location) in Callee::ALL.into_iter().zip(saved) {
            match location {
                Location::Same => {}
                Location::Memory(address) => registers.saved_at(register, address),
                Location::Value(value) => registers.set(register, value),
                Location::Unknown => registers.forget(register),
            }
        }
        registers.sp = cfa;
        Some(return_address)
    }

    fn row<T>(&self, address: u64, then: impl FnOnce(&UnwindTableRow<usize>, Encoding) -> T) -> Option<T> {
        match &self.kind {
            Kind::Debug(index) => {
                let section = debug_frame(&self.section);
                let offset = gimli::DebugFrameOffset(find(index, address)?.2);
                let description = section.fde_from_offset(&self.bases, offset, short_cie).ok()?;
                row_of(&section, &self.bases, &description, address, then)
            }
            Kind::Indexed(index) => {
                let section = eh_frame(&self.section);
                let offset = gimli::EhFrameOffset(find(index, address)?.2);
                let description = section.fde_from_offset(&self.bases, offset, short_cie).ok()?;
                row_of(&section, &self.bases, &description, address, then)
            }
            Kind::Searched(table) => {
                let section = eh_frame(&self.section);
                let description = self.searched(&section, table, address)?;
                row_of(&section, &self.bases, &description, address, then)
            }
        }
    }

    /// The description of the function that begins last before an address.
    fn searched<'a>(
        &self,
        section: &EhFrame<Reader<'a>>,
        table: &SearchTable,
        address: u64,
    ) -> Option<Description<'a>> {
        let offset = table.find(address)?.checked_sub(self.section.address)?;
        let offset = gimli::EhFrameOffset(usize::try_from(offset).ok()?);
        section.fde_from_offset(&self.bases, offset, short_cie).ok()
    }
}

fn eh_frame(section: &Section) -> EhFrame<Reader<'_>> {
    let mut frames = EhFrame::new(&section.data, LittleEndian);
    frames.set_address_size(8);
    frames
}

fn debug_frame(section: &Section) -> DebugFrame<Reader<'_>> {
    let mut frames = DebugFrame::new(&section.data, LittleEndian);
    frames.set_address_size(8);
    frames
}

fn row_of<'a, S: UnwindSection<Reader<'a>>, T>(
    section: &S,
    bases: &BaseAddresses,
    description: &Description<'a>,
    address: u64,
    then: impl FnOnce(&UnwindTableRow<usize>, Encoding) -> T,
) -> Option<T> {
    if description.entry_len() as u64 > LONGEST_FDE || !description.contains(address) {
        return None;
    }
    let mut context = UnwindContext::new();
    let row = description.unwind_info_for_address(section, bases, &mut context, address).ok()?;
    Some(then(row, description.cie().encoding()))
}

/// The CIE at an offset, unless it is too long to be real.
fn short_cie<'a, S: UnwindSection<Reader<'a>> + DebugSection<Reader<'a>>>(
    section: &S,
    bases: &BaseAddresses,
    offset: S::Offset,
) -> gimli::Result<CommonInformationEntry<Reader<'a>>> {
    let at = UnwindOffset::into(offset);
    let length = section.reader().slice().get(at..).and_then(|bytes| bytes.first_chunk::<4>());
    let length = length.map_or(0, |length| u64::from(u32::from_le_bytes(*length)));
    // All ones begin a length of 64 bits, which no CIE needs.
    match length <= LONGEST_CIE {
        true => section.cie_from_offset(bases, offset),
        false => Err(gimli::Error::UnsupportedOffset),
    }
}

fn index<'a, S: UnwindSection<Reader<'a>> + DebugSection<Reader<'a>>>(
    section: &S,
    bases: &BaseAddresses,
) -> Vec<(u64, u64, usize)> {
    let mut entries = section.entries(bases);
    let mut index = Vec::new();
    while let Ok(Some(entry)) = entries.next() {
        let gimli::CieOrFde::Fde(partial) = entry else { continue };
        let Ok(description) = partial.parse(short_cie) else { continue };
        let start = description.initial_address();
        index.push((start, start.saturating_add(description.len()), description.offset()));
    }
    index.sort_unstable();
    index
}

fn find(index: &[(u64, u64, usize)], address: u64) -> Option<(u64, u64, usize)> {
    let after = index.partition_point(|(start, ..)| *start <= address);
    index[..after].last().filter(|(_, end, _)| address < *end).copied()
}

fn rule(row: &UnwindTableRow<usize>) -> Rule {
    if matches!(row.register(X86_64::RA), None | Some(RegisterRule::Undefined)) {
        return Rule::Root;
    }
    offsets(row).map_or(Rule::Expression, Rule::Offsets)
}

fn offsets(row: &UnwindTableRow<usize>) -> Option<Offsets> {
    let words =
        |offset: i64| i16::try_from(offset / 8).ok().filter(|words| offset % 8 == 0 && *words != SAME);
    let CfaRule::RegisterAndOffset { register, offset } = row.cfa() else { return None };
    let base = if *register == X86_64::RSP { None } else { Some(Callee::of(*register)?) };
    let Some(RegisterRule::Offset(return_address)) = row.register(X86_64::RA) else { return None };
    let mut saved = [SAME; Callee::ALL.len()];
    for (place, register) in saved.iter_mut().zip(Callee::ALL) {
        *place = match row.register(register.dwarf()) {
            None | Some(RegisterRule::Undefined | RegisterRule::SameValue) => SAME,
            Some(RegisterRule::Offset(offset)) => words(offset)?,
            Some(_) => return None,
        };
    }
    Some(Offsets { base, cfa: i32::try_from(*offset).ok()?, return_address: words(return_address)?, saved })
}

impl Offsets {
    /// One step towards the root: the return address, with `registers` those of the caller.
    #[inline]
    pub(crate) fn step<F: FnMut(u64) -> Result<u64, ()>>(
        &self,
        registers: &mut Registers,
        read: &mut F,
    ) -> Option<u64> {
        let base = match self.base {
            None => registers.sp,
            Some(register) => registers.get(register, read)?,
        };
        let cfa = base.wrapping_add_signed(i64::from(self.cfa));
        let at = |words: i16| cfa.wrapping_add_signed(i64::from(words) * 8);
        let return_address = read(at(self.return_address)).ok()?;
        for (register, words) in Callee::ALL.into_iter().zip(self.saved) {
            // In an epilogue the table may still name the place of a register that was popped
            // already; what lies below the stack pointer is dead, the register has its value.
            if words != SAME && at(words) >= registers.sp {
                registers.saved_at(register, at(words));
            }
        }
        registers.sp = cfa;
        Some(return_address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::UserRegisters;
    use proptest::prelude::*;

    /// A CIE (CFA rsp+8, return address at CFA-8) and an FDE for 0x1000..0x1100 with `instructions`.
    fn image(instructions: &[u8]) -> ElfImage {
        let cie: &[u8] = &[0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, 16, 1, 0x00, 0x0c, 7, 8, 0x90, 1, 0, 0];
        let mut bytes = (cie.len() as u32).to_le_bytes().to_vec();
        bytes.extend(cie);
        let mut fde = ((bytes.len() + 4) as u32).to_le_bytes().to_vec();
        fde.extend(0x1000u64.to_le_bytes());
        fde.extend(0x100u64.to_le_bytes());
        fde.push(0);
        fde.extend(instructions);
        fde.resize(fde.len().next_multiple_of(4), 0);
        bytes.extend((fde.len() as u32).to_le_bytes());
        bytes.extend(fde);
        bytes.extend([0; 4]);
        ElfImage { eh_frame: Some(Section { address: 0x4000, data: bytes.into() }), ..ElfImage::default() }
    }

    /// A search table in which `rows` are said to be.
    fn header(rows: u32, table: &[i32]) -> Section {
        let mut data = SearchTable::FORM.to_vec();
        data.extend(0i32.to_le_bytes());
        data.extend(rows.to_le_bytes());
        data.extend(table.iter().flat_map(|word| word.to_le_bytes()));
        Section { address: 0x5000, data: data.into() }
    }

    fn searched(header: Section) -> Table {
        Table::eh_frame(&ElfImage { eh_frame_hdr: Some(header), ..image(&[]) }).unwrap()
    }

    #[test]
    fn a_search_table_leads_to_the_description() {
        let description = 0x4000 + 24 - 0x5000;
        let table = searched(header(2, &[0x1000 - 0x5000, description, 0x2000 - 0x5000, 0]));
        assert!(matches!(table.kind, Kind::Searched(_)));
        assert!(table.rule(0x1000).is_some() && table.rule(0x10ff).is_some());
        assert_eq!((table.rule(0xfff), table.rule(0x1100), table.rule(0x2000)), (None, None, None));
    }

    #[test]
    fn a_search_table_that_leads_before_the_section_finds_nothing() {
        assert_eq!(searched(header(1, &[0x1000 - 0x5000, i32::MIN])).rule(0x1010), None);
    }

    #[test]
    fn a_search_table_longer_than_its_section_is_passed_over() {
        for rows in [0, 2, u32::MAX] {
            let table = searched(header(rows, &[0x1000 - 0x5000, 0]));
            assert!(matches!(table.kind, Kind::Indexed(_)) && table.rule(0x1010).is_some());
        }
    }

    #[test]
    fn descriptions_of_absurd_length_are_not_read() {
        // Of instructions that do nothing.
        let fitting = vec![0; LONGEST_FDE as usize - 100];
        assert!(table(&fitting).rule(0x1010).is_some());
        assert_eq!(table(&vec![0; LONGEST_FDE as usize]).rule(0x1010), None);
    }

    #[test]
    fn a_cie_of_absurd_length_is_not_read_for_each_description() {
        let mut image = image(&[]);
        let section = image.eh_frame.clone().unwrap();
        let mut bytes = section.data.to_vec();
        let padding = LONGEST_CIE as usize;
        // Padding of the CIE moves its description, whose distance to it grows by as much.
        bytes[..4].copy_from_slice(&(20 + padding as u32).to_le_bytes());
        bytes.splice(24..24, vec![0; padding]);
        bytes[28 + padding..32 + padding].copy_from_slice(&(28 + padding as u32).to_le_bytes());
        image.eh_frame = Some(Section { address: section.address, data: bytes.clone().into() });
        assert_eq!(Table::eh_frame(&image).unwrap().rule(0x1010), None);
    }

    fn table(instructions: &[u8]) -> Table {
        Table::eh_frame(&image(instructions)).unwrap()
    }

    fn offsets_of(instructions: &[u8]) -> Offsets {
        match table(instructions).rule(0x1010) {
            Some(Rule::Offsets(offsets)) => offsets,
            other => panic!("{other:?}"),
        }
    }

    fn at(sp: u64, bp: u64) -> Registers {
        Registers::of(&UserRegisters { ip: 0x1010, sp, bp, ..UserRegisters::default() })
    }

    /// Memory in which every word is the double of its address.
    fn doubled(address: u64) -> Result<u64, ()> {
        Ok(address * 2)
    }

    #[test]
    fn a_caller_is_found_by_the_stack_pointer() {
        // CFA = rsp + 32, rbx at CFA - 16.
        let offsets = offsets_of(&[0x0c, 7, 32, 0x83, 2]);
        let mut registers = at(0x100, 7);
        assert_eq!(offsets.step(&mut registers, &mut doubled), Some(2 * 0x118));
        assert_eq!(registers.sp, 0x120);
        assert_eq!(registers.get(Callee::Rbx, &mut doubled), Some(2 * 0x110));
        assert_eq!(registers.get(Callee::Rbp, &mut doubled), Some(7));
    }

    #[test]
    fn a_caller_is_found_by_a_register_that_a_callee_has_saved() {
        // A callee saves rbx, its caller's CFA is rbx + 16: the C library's lazy binding.
        let (callee, caller) = (offsets_of(&[0x0c, 7, 32, 0x83, 2]), offsets_of(&[0x0c, 3, 16]));
        let mut registers = at(0x100, 0);
        callee.step(&mut registers, &mut doubled);
        assert_eq!(caller.step(&mut registers, &mut doubled), Some(2 * (2 * 0x110 + 8)));
        assert_eq!(registers.sp, 2 * 0x110 + 16);
    }

    #[test]
    fn an_unknown_register_ends_the_walk() {
        let caller = offsets_of(&[0x0c, 3, 16]);
        let mut registers = at(0x100, 0);
        registers.forget(Callee::Rbx);
        assert_eq!(caller.step(&mut registers, &mut doubled), None);
    }

    #[test]
    fn a_register_that_was_popped_has_its_value() {
        // CFA = rsp + 8 after the pops, but rbp is still said to be at CFA - 16.
        let offsets = offsets_of(&[0x86, 2]);
        let mut registers = at(0x100, 0xb0);
        offsets.step(&mut registers, &mut doubled);
        assert_eq!(registers.get(Callee::Rbp, &mut doubled), Some(0xb0));
    }

    #[test]
    fn an_undefined_return_address_is_the_root() {
        assert_eq!(table(&[0x07, 16]).rule(0x1010), Some(Rule::Root));
        assert_eq!(table(&[]).rule(0x2000), None);
    }

    #[test]
    fn a_realigned_stack_is_found_through_memory() {
        // CFA = *(rbp - 8), rbp at *rbp.
        let table = table(&[0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0x00]);
        assert_eq!(table.rule(0x1010), Some(Rule::Expression));
        let mut registers = at(0x700, 0x800);
        let mut read = |address| match address {
            0x7f8 => Ok(0x900),
            0x800 => Ok(0xb0b),
            0x8f8 => Ok(0xcafe),
            _ => Err(()),
        };
        assert_eq!(table.step(0x1010, &mut registers, &mut read), Some(0xcafe));
        assert_eq!((registers.sp, registers.get(Callee::Rbp, &mut read)), (0x900, Some(0xb0b)));
        let mut registers = at(0x700, 0x800);
        assert_eq!(table.step(0x1010, &mut registers, &mut |_| Err(())), None);
    }

    proptest! {
        #[test]
        fn any_instructions_make_a_rule_that_can_be_followed(
            instructions in proptest::collection::vec(any::<u8>(), 0..60), sp: u64, bp: u64,
        ) {
            let table = table(&instructions);
            let mut registers = at(sp, bp);
            let mut read = |address: u64| Ok(address ^ 0xff);
            match table.rule(0x1010) {
                Some(Rule::Offsets(offsets)) => {
                    offsets.step(&mut registers, &mut read);
                }
                Some(Rule::Expression) => {
                    table.step(0x1010, &mut registers, &mut read);
                }
                Some(rule) => prop_assert_eq!(rule, Rule::Root),
                None => {}
            }
        }
    }
}
