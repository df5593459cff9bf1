//! Unwinding through frames whose caller is found by a DWARF expression over memory.
//!
//! framehop evaluates expressions over registers only. Functions that realign their stack (GCC's
//! DRAP: `CFA = *(rbp - 8)`) and hand-written code need memory as well; such frames are rare, so
//! they are evaluated anew each time.

use framehop::x86_64::UnwindRegsX86_64;
use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, Encoding, EndianSlice, EvaluationResult, Expression, LittleEndian,
    Register, RegisterRule, UnwindContext, UnwindSection, UnwindTableRow, Value, X86_64,
};

use crate::elf_image::{ElfImage, Section};

type Reader<'a> = EndianSlice<'a, LittleEndian>;

/// Steps of an expression: real ones have fewer than ten.
const LONGEST: u32 = 1000;

/// The unwind information of a binary, as `.eh_frame` has it.
pub(crate) struct Table<'a> {
    frames: EhFrame<Reader<'a>>,
    header: Option<&'a Section>,
    bases: BaseAddresses,
}

impl<'a> Table<'a> {
    pub(crate) fn new(image: &'a ElfImage) -> Option<Self> {
        let section = image.eh_frame.as_ref()?;
        let mut bases = BaseAddresses::default().set_eh_frame(section.address);
        if let Some((start, _)) = image.text {
            bases = bases.set_text(start);
        }
        if let Some(got) = image.got {
            bases = bases.set_got(got);
        }
        let header = image.eh_frame_hdr.as_ref();
        if let Some(header) = header {
            bases = bases.set_eh_frame_hdr(header.address);
        }
        let mut frames = EhFrame::new(&section.data, LittleEndian);
        frames.set_address_size(8);
        Some(Self { frames, header, bases })
    }

    /// Whether the table says anything about an address.
    pub(crate) fn covers(&self, address: u64) -> bool {
        self.description(address).is_some()
    }

    fn description(&self, address: u64) -> Option<gimli::FrameDescriptionEntry<Reader<'a>>> {
        let by_header = self.header.and_then(|header| {
            let parsed = EhFrameHdr::new(&header.data, LittleEndian).parse(&self.bases, 8).ok()?;
            let table = parsed.table()?;
            Some(table.fde_for_address(&self.frames, &self.bases, address, EhFrame::cie_from_offset).ok())
        });
        by_header.unwrap_or_else(|| self.frames.fde_for_address(&self.bases, address, EhFrame::cie_from_offset).ok())
    }

    fn row<T>(&self, address: u64, then: impl FnOnce(&UnwindTableRow<usize>, Encoding) -> T) -> Option<T> {
        let description = self.description(address)?;
        let mut context = UnwindContext::new();
        let row = description.unwind_info_for_address(&self.frames, &self.bases, &mut context, address).ok()?;
        Some(then(row, description.cie().encoding()))
    }

    /// Whether the caller's frame is found by an expression here.
    pub(crate) fn needs_expression(&self, address: u64) -> bool {
        self.row(address, |row, _| matches!(row.cfa(), CfaRule::Expression(_))).unwrap_or(false)
    }

    /// One step towards the root from `address`; none if memory or rules do not allow it.
    pub(crate) fn step<F: FnMut(u64) -> Result<u64, ()>>(
        &self,
        address: u64,
        registers: &mut UnwindRegsX86_64,
        read: &mut F,
    ) -> Option<u64> {
        let (cfa, bp, return_address) = self.row(address, |row, encoding| {
            let mut machine = Machine { frames: &self.frames, encoding, registers, read };
            let cfa = machine.cfa(row.cfa())?;
            let bp = machine.register(row.register(X86_64::RBP), cfa).unwrap_or(machine.registers.bp());
            let return_address = machine.register(row.register(X86_64::RA), cfa)?;
            Some((cfa, bp, return_address))
        })??;
        registers.set_sp(cfa);
        registers.set_bp(bp);
        registers.set_ip(return_address);
        Some(return_address)
    }
}

struct Machine<'a, 'm, F> {
    frames: &'m EhFrame<Reader<'a>>,
    encoding: Encoding,
    registers: &'m UnwindRegsX86_64,
    read: &'m mut F,
}

impl<F: FnMut(u64) -> Result<u64, ()>> Machine<'_, '_, F> {
    fn cfa(&mut self, rule: &CfaRule<usize>) -> Option<u64> {
        match rule {
            CfaRule::RegisterAndOffset { register, offset } => Some(self.value(*register)?.wrapping_add_signed(*offset)),
            CfaRule::Expression(expression) => self.evaluate(expression.get(self.frames).ok()?, None),
        }
    }

    fn register(&mut self, rule: Option<RegisterRule<usize>>, cfa: u64) -> Option<u64> {
        match rule? {
            RegisterRule::Offset(offset) => (self.read)(cfa.wrapping_add_signed(offset)).ok(),
            RegisterRule::ValOffset(offset) => Some(cfa.wrapping_add_signed(offset)),
            RegisterRule::Register(register) => self.value(register),
            RegisterRule::Expression(expression) => {
                let at = self.evaluate(expression.get(self.frames).ok()?, Some(cfa))?;
                (self.read)(at).ok()
            }
            RegisterRule::ValExpression(expression) => self.evaluate(expression.get(self.frames).ok()?, Some(cfa)),
            _ => None,
        }
    }

    fn value(&self, register: Register) -> Option<u64> {
        match register {
            X86_64::RSP => Some(self.registers.sp()),
            X86_64::RBP => Some(self.registers.bp()),
            X86_64::RA => Some(self.registers.ip()),
            _ => None,
        }
    }

    fn evaluate(&mut self, expression: Expression<Reader>, initial: Option<u64>) -> Option<u64> {
        let mut evaluation = expression.evaluation(self.encoding);
        evaluation.set_max_iterations(LONGEST);
        if let Some(initial) = initial {
            evaluation.set_initial_value(initial);
        }
        let mut result = evaluation.evaluate().ok()?;
        loop {
            result = match result {
                EvaluationResult::Complete => break,
                EvaluationResult::RequiresRegister { register, .. } => {
                    let value = Value::Generic(self.value(register)?);
                    evaluation.resume_with_register(value).ok()?
                }
                EvaluationResult::RequiresMemory { address, size: 8, .. } => {
                    let value = Value::Generic((self.read)(address).ok()?);
                    evaluation.resume_with_memory(value).ok()?
                }
                _ => return None,
            };
        }
        match evaluation.as_result() {
            [gimli::Piece { location: gimli::Location::Address { address }, .. }] => Some(*address),
            _ => None,
        }
    }
}

/// Offsets in a signal's stack frame from where `rsp` points when its handler has returned
/// (`struct ucontext` of the kernel's `asm/ucontext.h`: flags, link and stack take 40 bytes).
const SAVED_BP: u64 = 120;
const SAVED_SP: u64 = 160;
const SAVED_IP: u64 = 168;

/// Goes from a signal's return trampoline to the frame that was interrupted.
pub(crate) fn step_over_signal<F: FnMut(u64) -> Result<u64, ()>>(
    registers: &mut UnwindRegsX86_64,
    read: &mut F,
) -> Option<u64> {
    let at = registers.sp();
    let mut saved = |offset: u64| read(at.wrapping_add(offset)).ok();
    let (bp, sp, ip) = (saved(SAVED_BP)?, saved(SAVED_SP)?, saved(SAVED_IP)?);
    registers.set_bp(bp);
    registers.set_sp(sp);
    registers.set_ip(ip);
    Some(ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A CIE and an FDE for 0x1000..0x1100 whose CFA is `*(rbp - 8)`, rbp at `*rbp`, the return address at CFA - 8.
    fn realigned() -> ElfImage {
        let cie: &[u8] = &[0, 0, 0, 0, 1, b'z', b'R', 0, 1, 0x78, 16, 1, 0x00, 0x0c, 7, 8, 0x90, 1, 0, 0];
        let mut bytes = (cie.len() as u32).to_le_bytes().to_vec();
        bytes.extend(cie);
        let mut fde = ((bytes.len() + 4) as u32).to_le_bytes().to_vec();
        fde.extend(0x1000u64.to_le_bytes());
        fde.extend(0x100u64.to_le_bytes());
        fde.push(0);
        // def_cfa_expression breg6 -8, deref; expression rbp: breg6 0.
        fde.extend([0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0x00]);
        fde.resize(fde.len().next_multiple_of(4), 0);
        bytes.extend((fde.len() as u32).to_le_bytes());
        bytes.extend(fde);
        bytes.extend([0; 4]);
        ElfImage { eh_frame: Some(Section { address: 0x4000, data: bytes.into() }), ..ElfImage::default() }
    }

    #[test]
    fn a_realigned_stack_is_found_through_memory() {
        let image = realigned();
        let table = Table::new(&image).unwrap();
        assert!(table.needs_expression(0x1010) && !table.covers(0x2000));
        let mut registers = UnwindRegsX86_64::new(0x1010, 0x700, 0x800);
        let mut read = |address| match address {
            0x7f8 => Ok(0x900),
            0x800 => Ok(0xb0b),
            0x8f8 => Ok(0xcafe),
            _ => Err(()),
        };
        assert_eq!(table.step(0x1010, &mut registers, &mut read), Some(0xcafe));
        assert_eq!((registers.sp(), registers.bp()), (0x900, 0xb0b));
    }

    #[test]
    fn unreadable_memory_ends_the_walk() {
        let image = realigned();
        let mut registers = UnwindRegsX86_64::new(0x1010, 0x700, 0x800);
        assert_eq!(Table::new(&image).unwrap().step(0x1010, &mut registers, &mut |_| Err(())), None);
    }

    #[test]
    fn a_signals_frame_has_the_interrupted_registers() {
        let mut registers = UnwindRegsX86_64::new(0x10, 0x1000, 0);
        assert_eq!(step_over_signal(&mut registers, &mut |address| Ok(address * 2)), Some(2 * (0x1000 + 168)));
        assert_eq!((registers.sp(), registers.bp()), (2 * (0x1000 + 160), 2 * (0x1000 + 120)));
    }
}
