//! The registers of a frame, as far as they are known without reading more than needed.

use gimli::{Register, X86_64};

use crate::record::UserRegisters;

/// Registers that a function must give back as it got them (System V ABI for x86-64, 3.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Callee {
    Rbx,
    Rbp,
    R12,
    R13,
    R14,
    R15,
}

impl Callee {
    pub(crate) const ALL: [Self; 6] = [Self::Rbx, Self::Rbp, Self::R12, Self::R13, Self::R14, Self::R15];

    /// The register as DWARF numbers it.
    pub(crate) fn dwarf(self) -> Register {
        [X86_64::RBX, X86_64::RBP, X86_64::R12, X86_64::R13, X86_64::R14, X86_64::R15][self as usize]
    }

    pub(crate) fn of(register: Register) -> Option<Self> {
        Self::ALL.into_iter().find(|callee| callee.dwarf() == register)
    }
}

/// What is known of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Value(u64),
    /// Its value lies at this address.
    At(u64),
    Nothing,
}

/// The registers of one frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers {
    pub(crate) ip: u64,
    pub(crate) sp: u64,
    callee: [Known; Callee::ALL.len()],
}

/// Offsets in a signal's stack frame from where `rsp` points when its handler has returned
/// (`struct ucontext` of the kernel's `asm/ucontext.h`: flags, link and stack take 40 bytes).
const SIGNAL_CALLEE: [(Callee, u64); 6] = [
    (Callee::R12, 72),
    (Callee::R13, 80),
    (Callee::R14, 88),
    (Callee::R15, 96),
    (Callee::Rbp, 120),
    (Callee::Rbx, 128),
];
const SIGNAL_SP: u64 = 160;
const SIGNAL_IP: u64 = 168;

impl Registers {
    /// The registers of a sample.
    pub(crate) fn of(sampled: &UserRegisters) -> Self {
        let [r12, r13, r14, r15] = sampled.r12_to_r15;
        let callee = [sampled.bx, sampled.bp, r12, r13, r14, r15].map(Known::Value);
        Self { ip: sampled.ip, sp: sampled.sp, callee }
    }

    pub(crate) fn set(&mut self, register: Callee, value: u64) {
        self.callee[register as usize] = Known::Value(value);
    }

    /// The register's value was put at an address.
    pub(crate) fn saved_at(&mut self, register: Callee, address: u64) {
        self.callee[register as usize] = Known::At(address);
    }

    pub(crate) fn forget(&mut self, register: Callee) {
        self.callee[register as usize] = Known::Nothing;
    }

    /// The value of a register, read from where it was put.
    pub(crate) fn get<F: FnMut(u64) -> Result<u64, ()>>(
        &self,
        register: Callee,
        read: &mut F,
    ) -> Option<u64> {
        match self.callee[register as usize] {
            Known::Value(value) => Some(value),
            Known::At(address) => read(address).ok(),
            Known::Nothing => None,
        }
    }

    /// Goes by the frame pointer: `[rbp]` has the caller's `rbp`, `[rbp + 8]` the return address.
    pub(crate) fn step_by_frame_pointer<F: FnMut(u64) -> Result<u64, ()>>(
        &mut self,
        read: &mut F,
    ) -> Option<u64> {
        let bp = self.get(Callee::Rbp, read)?;
        let caller = bp.checked_add(16).filter(|caller| bp != 0 && *caller > self.sp)?;
        let return_address = read(bp + 8).ok()?;
        self.saved_at(Callee::Rbp, bp);
        self.sp = caller;
        Some(return_address)
    }

    /// Whether the frame is the outermost of a chain of frame pointers: there it is zero (System V ABI
    /// for x86-64, 3.4.1).
    pub(crate) fn ends_frame_pointers<F: FnMut(u64) -> Result<u64, ()>>(&mut self, read: &mut F) -> bool {
        self.get(Callee::Rbp, read) == Some(0)
    }

    /// Goes from a function that has just been called, or is about to return.
    pub(crate) fn step_by_return<F: FnMut(u64) -> Result<u64, ()>>(&mut self, read: &mut F) -> Option<u64> {
        let return_address = read(self.sp).ok()?;
        self.sp = self.sp.checked_add(8)?;
        Some(return_address)
    }

    /// Goes from a signal's return trampoline to the frame that was interrupted.
    pub(crate) fn step_over_signal<F: FnMut(u64) -> Result<u64, ()>>(&mut self, read: &mut F) -> Option<u64> {
        let context = self.sp;
        let (sp, ip) =
            (read(context.wrapping_add(SIGNAL_SP)).ok()?, read(context.wrapping_add(SIGNAL_IP)).ok()?);
        for (register, offset) in SIGNAL_CALLEE {
            self.saved_at(register, context.wrapping_add(offset));
        }
        self.sp = sp;
        Some(ip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registers(sp: u64, bp: u64) -> Registers {
        Registers::of(&UserRegisters { sp, bp, ..UserRegisters::default() })
    }

    fn doubled(address: u64) -> Result<u64, ()> {
        Ok(address * 2)
    }

    #[test]
    fn the_frame_pointer_leads_to_the_caller() {
        let mut registers = registers(0x100, 0x180);
        assert_eq!(registers.step_by_frame_pointer(&mut doubled), Some(0x188 * 2));
        assert_eq!((registers.sp, registers.get(Callee::Rbp, &mut doubled)), (0x190, Some(0x300)));
    }

    #[test]
    fn a_frame_pointer_that_leads_back_or_nowhere_is_refused() {
        assert_eq!(registers(0x100, 0x80).step_by_frame_pointer(&mut doubled), None);
        assert_eq!(registers(0x100, 0).step_by_frame_pointer(&mut doubled), None);
        assert_eq!(registers(0x100, u64::MAX).step_by_frame_pointer(&mut doubled), None);
    }

    #[test]
    fn a_signals_frame_has_the_interrupted_registers() {
        let mut registers = registers(0x1000, 0);
        assert_eq!(registers.step_over_signal(&mut doubled), Some(2 * (0x1000 + 168)));
        assert_eq!(registers.sp, 2 * (0x1000 + 160));
        assert_eq!(registers.get(Callee::Rbp, &mut doubled), Some(2 * (0x1000 + 120)));
        assert_eq!(registers.get(Callee::R15, &mut doubled), Some(2 * (0x1000 + 96)));
    }
}
