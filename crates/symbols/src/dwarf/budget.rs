//! How much work a file's debug info may cause.

use std::sync::atomic::{AtomicI64, Ordering};

/// Steps granted for each byte of debug info. Real files need about one.
const STEPS_PER_BYTE: i64 = 64;
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
        self.pending += 1;
        if self.pending < STEPS_AT_ONCE {
            return Ok(());
        }
        self.pending = 0;
        self.budget.charge(STEPS_AT_ONCE)
    }
}
