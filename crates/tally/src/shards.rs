//! Tables that threads share, each behind its own lock: a line's hash says which one is its.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::batch::{Batch, Entry};
use crate::cell::Cell;
use crate::feed::Chunk;
use crate::near::Near;
use crate::record::Addition;
use crate::short::{Lanes, Processor, Seed, Task};
use crate::table::Table;

/// So that threads hardly meet.
const SHARDS_PER_THREAD: usize = 4;

pub(crate) struct Shards {
    processor: Processor,
    tables: Vec<Mutex<Table>>,
    bits: u32,
}

/// Room to sort a batch by shards in, kept from batch to batch.
#[derive(Default)]
pub(crate) struct Sorter {
    ends: Vec<u32>,
    order: Vec<u32>,
}

/// The part of a hash that a table sees.
#[inline]
pub(crate) fn tag(hash: u64) -> u32 {
    hash as u32
}

impl Shards {
    pub(crate) fn new(processor: Processor, threads: usize) -> Self {
        let bits = (threads * SHARDS_PER_THREAD).next_power_of_two().trailing_zeros();
        Self { processor, tables: (0..1 << bits).map(|_| Mutex::default()).collect(), bits }
    }

    /// Adds the lines of a batch. `first`: the shard to begin with, another one for each thread.
    pub(crate) fn add_batch<C: Cell>(
        &self,
        batch: &Batch,
        chunk: &Chunk,
        sorter: &mut Sorter,
        first: usize,
    ) -> io::Result<()> {
        sorter.sort(&batch.entries, self.tables.len(), |entry| self.shard(entry.hash));
        for shard in (first..first + self.tables.len()).map(|shard| shard % self.tables.len()) {
            let entries = sorter.of(shard).iter().map(|index| &batch.entries[*index as usize]);
            if entries.len() > 0 {
                let additions = entries.map(|entry| batch.addition(chunk, entry));
                self.lock(shard).add_all::<C>(self.processor, additions)?;
            }
        }
        Ok(())
    }

    /// Adds everything of a thread's own table.
    pub(crate) fn add_near<C: Cell>(&self, near: &Near) -> io::Result<()> {
        let mut hashed = self.processor.run(Hashed(near));
        hashed.sort_unstable_by_key(|(hash, _)| self.shard(*hash));
        for hashed in hashed.chunk_by(|(one, _), (other, _)| self.shard(*one) == self.shard(*other)) {
            let additions = hashed.iter().map(|(hash, addition)| Addition { tag: tag(*hash), ..*addition });
            self.lock(self.shard(hashed[0].0)).add_all::<C>(self.processor, additions)?;
        }
        Ok(())
    }

    /// One after the other, as they are now.
    pub(crate) fn each(&self) -> impl Iterator<Item = MutexGuard<'_, Table>> {
        (0..self.tables.len()).map(|shard| self.lock(shard))
    }

    /// The tables, when nobody adds to them any more.
    pub(crate) fn take(&self) -> Vec<Table> {
        self.each().map(|mut table| std::mem::take(&mut *table)).collect()
    }

    #[inline]
    fn shard(&self, hash: u64) -> usize {
        // Shifted in two steps: by 64 at once is not defined.
        (hash >> (63 - self.bits) >> 1) as usize
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Table> {
        self.tables[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks for the hashes of all keys.
struct Hashed<'a>(&'a Near);

impl<'a> Task for Hashed<'a> {
    type Output = Vec<(u64, Addition<'a>)>;

    #[inline(always)]
    fn run<L: Lanes>(self, lanes: L) -> Self::Output {
        let mut hashed = Vec::with_capacity(self.0.len());
        for addition in self.0.additions() {
            hashed.push((lanes.hash(addition.text, addition.length, Seed::of_process()), addition));
        }
        hashed
    }
}

impl Sorter {
    /// Sorts entries by their shards; those of one stay in order.
    fn sort(&mut self, entries: &[Entry], shards: usize, shard: impl Fn(&Entry) -> usize) {
        self.ends.clear();
        self.ends.resize(shards + 1, 0);
        for entry in entries {
            self.ends[shard(entry) + 1] += 1;
        }
        for shard in 1..=shards {
            self.ends[shard] += self.ends[shard - 1];
        }
        self.order.resize(entries.len(), 0);
        for (index, entry) in entries.iter().enumerate() {
            // What begins as its start ends up as its end.
            let at = &mut self.ends[shard(entry)];
            self.order[*at as usize] = index as u32;
            *at += 1;
        }
    }

    fn of(&self, shard: usize) -> &[u32] {
        let start = if shard == 0 { 0 } else { self.ends[shard - 1] };
        &self.order[start as usize..self.ends[shard] as usize]
    }
}
