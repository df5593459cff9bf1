//! Where samples come from: they are streamed, never held.

use crate::check;
use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::schema::{Sample, Tables};

/// Samples in order, as often as they are asked for.
pub trait SampleSource {
    /// How many there are.
    fn sample_count(&self) -> u64;

    /// Hands over all of them, some thousand at a time.
    ///
    /// # Errors
    /// Those of `batch`, and of reading.
    fn for_each_batch(&self, batch: &mut dyn FnMut(&[Sample]) -> Result<()>) -> Result<()>;

    /// Checks that every sample refers to rows of `tables`. Who makes samples out of less can look at that instead.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the first that does not, and those of reading.
    fn check(&self, tables: &Tables) -> Result<()> {
        let mut row = 0;
        self.for_each_batch(&mut |batch| {
            for sample in batch {
                check::sample(row, sample, tables).map_err(|bad| bad.handed_over("memory".as_ref()))?;
                row += 1;
            }
            Ok(())
        })
    }
}

/// Samples that something in memory makes, for all threads that ask.
pub trait MadeSamples: SampleSource + std::fmt::Debug + Send + Sync {}

impl<T: SampleSource + std::fmt::Debug + Send + Sync> MadeSamples for T {}

/// Rows in memory.
impl SampleSource for Vec<Sample> {
    fn sample_count(&self) -> u64 {
        self.len() as u64
    }

    fn for_each_batch(&self, batch: &mut dyn FnMut(&[Sample]) -> Result<()>) -> Result<()> {
        self.chunks(BATCH_ROWS).try_for_each(batch)
    }
}

impl SampleSource for Journal {
    fn sample_count(&self) -> u64 {
        self.sample_count()
    }

    fn for_each_batch(&self, batch: &mut dyn FnMut(&[Sample]) -> Result<()>) -> Result<()> {
        self.for_each_batch(batch)
    }
}

/// Samples handed over at once.
pub const BATCH_ROWS: usize = 8192;

/// The samples of another source, each with its stack renumbered: what symbolization needs.
pub struct Renumbered<'a> {
    /// The samples.
    pub samples: &'a dyn SampleSource,
    /// The new row for each old row of `stacks`.
    pub stacks: &'a [i32],
}

impl SampleSource for Renumbered<'_> {
    fn sample_count(&self) -> u64 {
        self.samples.sample_count()
    }

    fn for_each_batch(&self, batch: &mut dyn FnMut(&[Sample]) -> Result<()>) -> Result<()> {
        let mut renumbered = Vec::with_capacity(BATCH_ROWS);
        self.samples.for_each_batch(&mut |samples| {
            renumbered.clear();
            for sample in samples {
                let stack = usize::try_from(sample.stack).ok();
                let stack = stack.and_then(|stack| self.stacks.get(stack)).copied();
                let stack = stack.ok_or_else(|| self.unknown(sample.stack))?;
                renumbered.push(Sample { stack, ..*sample });
            }
            batch(&renumbered)
        })
    }
}

impl Renumbered<'_> {
    #[cold]
    fn unknown(&self, stack: i32) -> Error {
        let rows = self.stacks.len();
        Error::invalid(
            "samples".as_ref(),
            format!("a sample of stack {stack}, but only {rows} stacks are renumbered"),
        )
    }
}
