//! How much work a file's debug info may cause.

use std::sync::atomic::{AtomicI64, Ordering};

/// Steps granted for each byte of debug info. Real files need a few.
const STEPS_PER_BYTE: i64 = 64;
/// Steps that something costs which is kept: it takes tens of bytes, so that what a file can make us
/// keep stays a few hundred times its size.
const KEEPING: usize = 16;
/// Steps granted to any file.
const STEPS_FOR_ALL: i64 = 1 << 20;

/// Steps left. A file can refer to the same megabyte a million times; this ends it.
pub(crate) struct Budget(AtomicI64);

impl Budget {
    /// A budget for `bytes` of debug info.
    pub(crate) fn for_size(bytes: usize) -> Self {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        Budget(AtomicI64::new(bytes.saturating_mul(STEPS_PER_BYTE).saturating_add(STEPS_FOR_ALL)))
    }

    /// Adds what another `bytes` of debug info are worth.
    pub(crate) fn grant(&self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        // So little that no number of files wraps it.
        let steps = bytes.saturating_mul(STEPS_PER_BYTE).min(1 << 40);
        self.0.fetch_add(steps, Ordering::Relaxed);
    }

    /// Takes `steps`; an error once nothing is left.
    pub(crate) fn charge(&self, steps: usize) -> gimli::Result<()> {
        let steps = i64::try_from(steps).unwrap_or(i64::MAX);
        // Stops far above the lowest number, so that threads racing past zero cannot wrap it.
        if self.0.load(Ordering::Relaxed) <= 0 || self.0.fetch_sub(steps.min(1 << 40), Ordering::Relaxed) <= 0
        {
            return Err(gimli::Error::UnexpectedEof(gimli::ReaderOffsetId(0)));
        }
        Ok(())
    }

    /// Takes the steps of keeping `things`; an error once nothing is left.
    pub(crate) fn keep(&self, things: usize) -> gimli::Result<()> {
        self.charge(things.saturating_mul(KEEPING))
    }

    /// Counts small steps without touching the shared number at each.
    pub(crate) fn meter(&self) -> Meter<'_> {
        Meter { budget: self, pending: 0 }
    }
}

/// How many steps a [`Meter`] takes between two payments.
const STEPS_AT_ONCE: usize = 1024;

/// One thread's steps that are not yet paid.
pub(crate) struct Meter<'b> {
    budget: &'b Budget,
    pending: usize,
}

impl Meter<'_> {
    /// Takes one step; an error once the budget is spent.
    pub(crate) fn step(&mut self) -> gimli::Result<()> {
        self.steps(1)
    }

    /// Takes the steps of keeping one thing.
    pub(crate) fn keep(&mut self) -> gimli::Result<()> {
        self.steps(KEEPING)
    }

    /// Takes several steps; an error once the budget is spent.
    pub(crate) fn steps(&mut self, steps: usize) -> gimli::Result<()> {
        self.pending = self.pending.saturating_add(steps);
        if self.pending < STEPS_AT_ONCE {
            return Ok(());
        }
        let pending = std::mem::take(&mut self.pending);
        self.budget.charge(pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_costs_more_than_what_is_passed() {
        let passed = |budget: Budget| (0..).take_while(|_| budget.charge(1024).is_ok()).count();
        let kept = |budget: Budget| (0..).take_while(|_| budget.keep(1024).is_ok()).count();
        assert_eq!(passed(Budget::for_size(0)), 1024);
        assert_eq!(kept(Budget::for_size(0)), 64);
    }

    #[test]
    fn a_meter_pays_in_the_end() {
        let budget = Budget::for_size(0);
        let mut meter = budget.meter();
        let steps = (0..10_000_000).take_while(|_| meter.step().is_ok()).count();
        assert!((1 << 20..(1 << 20) + 2 * STEPS_AT_ONCE).contains(&steps), "{steps}");
        assert!(budget.meter().steps(usize::MAX).is_err());
    }
}
