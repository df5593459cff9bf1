//! One row of call frame information, its expressions evaluated: where the caller's registers are.

use gimli::{
    CfaRule, Encoding, EvaluationResult, Expression, Register, RegisterRule, UnwindSection, UnwindTableRow,
    Value, X86_64,
};

use super::Reader;
use crate::registers::{Callee, Registers};

/// Steps of an expression: real ones have fewer than ten.
const LONGEST: u32 = 64;

/// Where the caller's value of a register is.
pub(super) enum Location {
    Same,
    Memory(u64),
    Value(u64),
    Unknown,
}

/// Evaluates the expressions of one row.
pub(super) struct Machine<'m, S, F> {
    pub(super) section: &'m S,
    pub(super) encoding: Encoding,
    pub(super) registers: &'m Registers,
    pub(super) read: &'m mut F,
    pub(super) row: &'m UnwindTableRow<usize>,
}

impl<'a, S: UnwindSection<Reader<'a>>, F: FnMut(u64) -> Result<u64, ()>> Machine<'_, S, F> {
    pub(super) fn cfa(&mut self) -> Option<u64> {
        match self.row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => {
                Some(self.value(*register)?.wrapping_add_signed(*offset))
            }
            CfaRule::Expression(expression) => self.evaluate(expression.get(self.section).ok()?, None),
        }
    }

    pub(super) fn location(&mut self, register: Callee, cfa: u64) -> Location {
        let known = |value: Option<u64>, make: fn(u64) -> Location| value.map_or(Location::Unknown, make);
        match self.row.register(register.dwarf()) {
            None | Some(RegisterRule::Undefined | RegisterRule::SameValue) => Location::Same,
            Some(RegisterRule::Offset(offset)) => Location::Memory(cfa.wrapping_add_signed(offset)),
            Some(RegisterRule::ValOffset(offset)) => Location::Value(cfa.wrapping_add_signed(offset)),
            Some(RegisterRule::Register(other)) => known(self.value(other), Location::Value),
            Some(RegisterRule::Expression(expression)) => {
                let at = expression.get(self.section).ok().and_then(|it| self.evaluate(it, Some(cfa)));
                known(at, Location::Memory)
            }
            Some(RegisterRule::ValExpression(expression)) => {
                let value = expression.get(self.section).ok().and_then(|it| self.evaluate(it, Some(cfa)));
                known(value, Location::Value)
            }
            Some(_) => Location::Unknown,
        }
    }

    pub(super) fn return_address(&mut self, cfa: u64) -> Option<u64> {
        match self.row.register(X86_64::RA)? {
            RegisterRule::Offset(offset) => (self.read)(cfa.wrapping_add_signed(offset)).ok(),
            RegisterRule::Register(register) => self.value(register),
            RegisterRule::Expression(expression) => {
                let at = self.evaluate(expression.get(self.section).ok()?, Some(cfa))?;
                (self.read)(at).ok()
            }
            RegisterRule::ValExpression(expression) => {
                self.evaluate(expression.get(self.section).ok()?, Some(cfa))
            }
            _ => None,
        }
    }

    fn value(&mut self, register: Register) -> Option<u64> {
        match register {
            X86_64::RSP => Some(self.registers.sp),
            X86_64::RA => Some(self.registers.ip),
            _ => self.registers.get(Callee::of(register)?, self.read),
        }
    }

    fn evaluate(&mut self, expression: Expression<Reader<'a>>, initial: Option<u64>) -> Option<u64> {
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
