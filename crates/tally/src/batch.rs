//! The lines of a chunk: their keys, hashes and weights.

use crate::feed::Chunk;
use crate::near::Near;
use crate::record::Addition;
use crate::rules::{Rule, Unfit};
use crate::scan::{Ends, STEP};
use crate::shards::tag;
use crate::short::{Lanes, Processor, SHORT, Seed, Task};

/// A key within its batch.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub hash: u64,
    pub start: u32,
    pub length: u32,
    pub weight: u64,
}

/// What does not fit in a chunk.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The line, from 0 on, in the chunk.
    pub line: u64,
    pub kind: FaultKind,
}

#[derive(Debug)]
pub(crate) enum FaultKind {
    /// From this byte of the line on, from 0 on.
    NotText(usize),
    Weight(Vec<u8>),
}

/// Keys of a chunk.
#[derive(Default)]
pub(crate) struct Batch {
    pub entries: Vec<Entry>,
    /// Keys that are not lines as they stand in the chunk; behind those of each step [`SHORT`] other bytes.
    keys: Vec<u8>,
    copied: bool,
    /// How many lines there were.
    pub lines: u64,
    /// The sum of their weights, if these are whole.
    pub sum: i128,
    /// Lines that were not counted, each with its end, if they are asked for.
    pub others: Vec<u8>,
    /// How many these are.
    pub left_out: u64,
    ends: Ends,
    /// The keys of a step, before they have hashes.
    taken: Vec<Entry>,
}

impl Batch {
    /// Takes the keys of a chunk's lines; those that `near` takes are not among the entries. `keep_others`: keep the
    /// lines that are not counted.
    pub(crate) fn fill<R: Rule>(
        &mut self,
        processor: Processor,
        chunk: &Chunk,
        rule: &R,
        near: Option<&mut Near>,
        keep_others: bool,
    ) -> Result<(), Fault> {
        self.entries.clear();
        self.taken.clear();
        self.keys.clear();
        self.others.clear();
        (self.lines, self.sum, self.left_out, self.copied) = (0, 0, 0, R::COPIES);
        processor.run(Fill { batch: self, chunk, rule, near, keep_others })
    }

    /// A key as one to be added to a table.
    #[inline(always)]
    pub(crate) fn addition<'a>(&'a self, chunk: &'a Chunk, entry: &Entry) -> Addition<'a> {
        let keys = if self.copied { &self.keys } else { chunk.padded() };
        let (text, length) = (&keys[entry.start as usize..], entry.length as usize);
        Addition { tag: tag(entry.hash), text, length, weight: entry.weight }
    }
}

/// The work of [`Batch::fill`].
struct Fill<'a, R> {
    batch: &'a mut Batch,
    chunk: &'a Chunk,
    rule: &'a R,
    near: Option<&'a mut Near>,
    keep_others: bool,
}

impl<R: Rule> Task for Fill<'_, R> {
    type Output = Result<(), Fault>;

    #[inline(always)]
    fn run<L: Lanes>(mut self, lanes: L) -> Self::Output {
        let (padded, size) = (self.chunk.padded(), self.chunk.bytes().len());
        let (mut at, mut ascii) = (0, true);
        self.batch.ends.restart();
        while at < size {
            let to = size.min(at + STEP);
            let step_is_ascii = self.batch.ends.find(lanes, padded, at, to);
            if to == size && padded[size - 1] != b'\n' {
                self.batch.ends.add(size);
            }
            ascii &= step_is_ascii;
            at = to;
            if self.batch.ends.len() > 0 {
                // Of lines that can be left out, each that is counted is looked at by itself.
                let fault = if ascii || self.rule.selects() { None } else { self.look_for_fault() };
                self.take_lines(lanes)?;
                if let Some(fault) = fault {
                    return Err(Fault { line: self.batch.lines, kind: FaultKind::NotText(fault) });
                }
                // Of the line that has begun it is not known.
                ascii = step_is_ascii;
            }
        }
        Ok(())
    }
}

impl<R: Rule> Fill<'_, R> {
    /// Where the first line that is no text, if there is one, has its fault. It and those after it are not taken.
    #[cold]
    fn look_for_fault(&mut self) -> Option<usize> {
        let (start, ends) = (self.batch.ends.start(), &self.batch.ends.lines()[1..]);
        let text = &self.chunk.bytes()[start..*ends.last()? as usize];
        let at = start + std::str::from_utf8(text).err()?.valid_up_to();
        let before = ends.partition_point(|end| (*end as usize) < at);
        let line = if before == 0 { start } else { ends[before - 1] as usize + 1 };
        self.batch.ends.truncate(before);
        Some(at - line)
    }

    /// Takes the lines of which the ends were found.
    #[inline(always)]
    fn take_lines<L: Lanes>(&mut self, lanes: L) -> Result<(), Fault> {
        if R::PLAIN {
            self.take_plain_lines(lanes);
            return Ok(());
        }
        let text = self.chunk.padded();
        for at in 0..self.batch.ends.len() {
            let [before, end] = [0, 1].map(|next| self.batch.ends.lines()[at + next]);
            self.take(text, before.wrapping_add(1) as usize, end as usize)?;
        }
        let Batch { keys, taken, entries, .. } = &mut *self.batch;
        if R::COPIES {
            // They stay there: after every step so many bytes are behind its keys.
            keys.extend_from_slice(&[0; SHORT]);
        }
        let text = if R::COPIES { keys } else { text };
        add(lanes, text, taken.len(), |at| taken[at], self.near.as_deref_mut(), entries);
        taken.clear();
        Ok(())
    }

    #[inline(always)]
    fn take_plain_lines<L: Lanes>(&mut self, lanes: L) {
        let batch = &mut *self.batch;
        let (ends, count) = (batch.ends.lines(), batch.ends.len());
        let line = |at: usize| {
            let start = ends[at].wrapping_add(1);
            Entry { hash: 0, start, length: ends[at + 1] - start, weight: 1 }
        };
        add(lanes, self.chunk.padded(), count, line, self.near.as_deref_mut(), &mut batch.entries);
        batch.lines += count as u64;
        batch.sum += count as i128;
    }

    #[inline(always)]
    fn take(&mut self, text: &[u8], start: usize, end: usize) -> Result<(), Fault> {
        let batch = &mut *self.batch;
        let line = &text[start..end];
        let before = batch.keys.len();
        let weight = self.rule.apply(line, &mut batch.keys);
        let weight =
            weight.map_err(|Unfit(number)| Fault { line: batch.lines, kind: FaultKind::Weight(number) })?;
        if weight.is_some() && self.rule.selects() {
            let text = std::str::from_utf8(line).map_err(|fault| FaultKind::NotText(fault.valid_up_to()));
            text.map_err(|kind| Fault { line: batch.lines, kind })?;
        }
        batch.lines += 1;
        match weight {
            Some(weight) => {
                let (start, length) =
                    if R::COPIES { (before, batch.keys.len() - before) } else { (start, end - start) };
                let (start, length) = (start as u32, length as u32);
                batch.taken.push(Entry { hash: 0, start, length, weight });
                batch.sum += i128::from(weight.cast_signed());
            }
            None => {
                batch.left_out += 1;
                if self.keep_others {
                    batch.others.extend_from_slice(line);
                    batch.others.push(b'\n');
                }
            }
        }
        Ok(())
    }
}

/// Adds keys to the near table, and with their hashes to the entries what finds no room there.
#[inline(always)]
fn add<L: Lanes>(
    lanes: L,
    text: &[u8],
    count: usize,
    line: impl Fn(usize) -> Entry,
    near: Option<&mut Near>,
    entries: &mut Vec<Entry>,
) {
    if let Some(near) = near {
        near.add_all(lanes, text, count, line, entries);
        return;
    }
    let seed = Seed::of_process();
    entries.reserve(count);
    // Not by an iterator's closure, which would be compiled for every processor.
    for at in 0..count {
        let entry = line(at);
        let hash = lanes.hash(&text[entry.start as usize..], entry.length as usize, seed);
        entries.push(Entry { hash, ..entry });
    }
}
