//! Threads that count lines.
//!
//! Each thread counts into a small table of its own as long as lines come again, and into the shared ones where they
//! do not. Fractions are added in the order of the lines, by one thread, for their sums depend on it.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::batch::{Batch, Fault, FaultKind};
use crate::cell::{Cell, Fraction, Number, Whole};
use crate::error::{Error, Result};
use crate::feed::{Broken, Chunk, Feed, Pace, Source};
use crate::near::Near;
use crate::rules::{Erased, Plain, Rule, Rules, Weighted, Weights};
use crate::shards::{Shards, Sorter};
use crate::short::Processor;
use crate::tally::{Kind, Tally};
use crate::value::Value;

/// More threads than this are of no use: memory is the limit.
const MOST_THREADS: usize = 16;
/// Chunks for which a thread's own table is passed over when it has helped too little: at first, and at most after it
/// has done so again and again.
const PASSED_OVER: (u32, u32) = (64, 4096);
/// Characters of a number that messages show.
const SHOWN: usize = 40;

/// Lines that are being counted, to be looked at from other threads.
pub struct Counting {
    rules: Rules,
    kind: Kind,
    processor: Processor,
    threads: usize,
    pace: Pace,
    shards: Shards,
    progress: Mutex<Progress>,
    stop: Arc<AtomicBool>,
}

/// How far it has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Lines that were read.
    pub lines: u64,
    /// Those of them that were not counted.
    pub left_out: u64,
    /// The sum of all weights.
    pub total: Value,
}

impl Counting {
    /// Nothing counted so far. `live`: lines are counted as they come, so that a look shows all of them.
    #[must_use]
    pub fn new(rules: Rules, live: bool) -> Self {
        let kind = Kind::of(&rules);
        let processor = Processor::detect();
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        let threads = if live || kind == Kind::Fraction { 1 } else { threads };
        let total = if kind == Kind::Fraction { Value::Fraction(0.0) } else { Value::Whole(0) };
        Self {
            rules,
            kind,
            processor,
            threads,
            pace: if live { Pace::Prompt } else { Pace::Full },
            shards: Shards::new(processor, threads),
            progress: Mutex::new(Progress { lines: 0, left_out: 0, total }),
            stop: Arc::default(),
        }
    }

    /// Counts the lines of all sources, as if they were one. Lines that are not counted go to `others`, if it is given.
    ///
    /// # Errors
    /// That of the first line, or source, that has one.
    pub fn run(&self, sources: Vec<Source>, others: Option<&mut (dyn Write + Send)>) -> Result<()> {
        let rules = &self.rules;
        match (rules.is_simple(), rules.weights, rules.erase) {
            (false, ..) => match self.kind {
                Kind::Number => self.run_by::<_, Number>(rules, sources, others),
                Kind::Whole => self.run_by::<_, Whole>(rules, sources, others),
                Kind::Fraction => self.run_by::<_, Fraction>(rules, sources, others),
            },
            (_, Weights::Unit, _) => self.run_by::<_, Number>(&Plain, sources, others),
            (_, Weights::Whole, false) => self.run_by::<_, Whole>(&Weighted::<false>, sources, others),
            (_, Weights::Whole, true) => self.run_by::<_, Whole>(&Erased::<false>, sources, others),
            (_, Weights::Fraction, false) => self.run_by::<_, Fraction>(&Weighted::<true>, sources, others),
            (_, Weights::Fraction, true) => self.run_by::<_, Fraction>(&Erased::<true>, sources, others),
        }
    }

    /// Makes [`run`](Self::run) return soon, with what was counted until then.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// What tells its sources to stop.
    #[must_use]
    pub fn stop_flag(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// How far it has come; to the chunk.
    #[must_use]
    pub fn progress(&self) -> Progress {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was counted. Nothing is left here.
    #[must_use]
    pub fn finish(&self) -> Tally {
        Tally::new(self.shards.take(), self.kind, self.rules.clone(), self.progress())
    }

    /// The heaviest keys so far and their sums, at most `most`, the heaviest first.
    #[must_use]
    pub fn heaviest(&self, most: usize) -> Vec<(Vec<u8>, Value)> {
        let mut rows = Vec::new();
        for table in self.shards.each() {
            rows.extend(self.kind.heaviest(&table, most));
        }
        crate::tally::keep_heaviest(&mut rows, most);
        rows
    }

    fn run_by<R: Rule, C: Cell>(
        &self,
        rule: &R,
        sources: Vec<Source>,
        others: Option<&mut (dyn Write + Send)>,
    ) -> Result<()> {
        let feed = Feed::new(sources, &self.stop, self.pace);
        let passing = others.map(Mutex::new);
        // Lines that are passed on stay in order.
        let threads = if passing.is_some() { 1 } else { self.threads };
        let work = |number| Worker::<C>::new(self, number).work(rule, &feed, passing.as_ref());
        let ends: Vec<End> = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|number| scope.spawn(move || work(number))).collect();
            let mut ends = vec![work(0)];
            ends.extend(
                others
                    .into_iter()
                    .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
            );
            ends
        });
        first_fault(ends, &feed)
    }

    fn advance(&self, batch: &Batch) {
        let counted = batch.lines - batch.left_out;
        let sum = match self.kind {
            Kind::Number => i128::from(counted),
            Kind::Whole => batch.sum,
            Kind::Fraction => 0,
        };
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.lines += batch.lines;
        progress.left_out += batch.left_out;
        match &mut progress.total {
            Value::Whole(total) => *total += sum,
            Value::Fraction(total) => {
                *total =
                    batch.entries.iter().fold(*total, |total, entry| total + f64::from_bits(entry.weight));
            }
        }
    }
}

/// How a thread's work ended.
struct End {
    /// The lines of each chunk that it had.
    lines: Vec<(usize, usize, u64)>,
    fault: Option<Stopped>,
}

/// Why a thread stopped before the end.
enum Stopped {
    Fault { number: usize, source: usize, fault: Fault },
    Broken(Broken),
    Io(Error),
}

impl Stopped {
    /// The chunk, of which the first is reported; what concerns none is the last.
    fn number(&self) -> usize {
        match self {
            Self::Fault { number, .. } => *number,
            Self::Broken(broken) => broken.number,
            Self::Io(_) => usize::MAX,
        }
    }
}

fn first_fault(ends: Vec<End>, feed: &Feed<'_>) -> Result<()> {
    let (lines, faults): (Vec<_>, Vec<_>) = ends.into_iter().map(|end| (end.lines, end.fault)).unzip();
    let Some(first) = faults.into_iter().flatten().min_by_key(Stopped::number) else { return Ok(()) };
    let before = |number, source| -> u64 {
        let chunks = lines.iter().flatten().filter(|(chunk, of, _)| *of == source && *chunk < number);
        chunks.map(|(_, _, lines)| lines).sum()
    };
    Err(match first {
        Stopped::Io(error) => error,
        Stopped::Broken(broken) => {
            let line = before(broken.number, broken.source) + 1;
            let name = feed.name(broken.source);
            broken.error(name, line)
        }
        Stopped::Fault { number, source, fault } => {
            let (name, line) = (feed.name(source), before(number, source) + fault.line + 1);
            match fault.kind {
                FaultKind::NotText(at) => Error::NotText { name, line, column: at + 1 },
                FaultKind::Weight(number) => Error::Weight { name, line, weight: shown(&number) },
            }
        }
    })
}

fn shown(number: &[u8]) -> String {
    let text = String::from_utf8_lossy(&number[..number.len().min(SHOWN)]).into_owned();
    if number.len() > SHOWN { text + "…" } else { text }
}

type Passing<'a, 'b> = Mutex<&'a mut (dyn Write + Send + 'b)>;

struct Worker<'a, C> {
    counting: &'a Counting,
    number: usize,
    chunk: Chunk,
    batch: Batch,
    sorter: Sorter,
    own: Near,
    /// Lines that the own table has taken since it was empty.
    taken: u64,
    /// Chunks for which the own table is still passed over.
    passed_over: u32,
    /// Chunks for which it will be the next time.
    pass_over: u32,
    /// Whether lines are to be seen in the shared tables at once, and in order.
    direct: bool,
    cell: std::marker::PhantomData<C>,
}

impl<'a, C: Cell> Worker<'a, C> {
    fn new(counting: &'a Counting, number: usize) -> Self {
        Self {
            counting,
            number,
            chunk: Chunk::default(),
            batch: Batch::default(),
            sorter: Sorter::default(),
            own: Near::default(),
            taken: 0,
            passed_over: 0,
            pass_over: PASSED_OVER.0,
            direct: counting.kind == Kind::Fraction || counting.pace == Pace::Prompt,
            cell: std::marker::PhantomData,
        }
    }

    fn work<R: Rule>(mut self, rule: &R, feed: &Feed<'_>, passing: Option<&Passing<'_, '_>>) -> End {
        let mut lines = Vec::new();
        let fault = self.until_the_end(rule, feed, passing, &mut lines).err();
        if fault.is_some() {
            // The others stop too; the result is the error.
            self.counting.stop();
        }
        End { lines, fault }
    }

    fn until_the_end<R: Rule>(
        &mut self,
        rule: &R,
        feed: &Feed<'_>,
        passing: Option<&Passing<'_, '_>>,
        lines: &mut Vec<(usize, usize, u64)>,
    ) -> std::result::Result<(), Stopped> {
        self.own.prepare().map_err(|error| Stopped::Io(Error::Memory(error)))?;
        while !self.counting.is_stopped() && feed.next(&mut self.chunk).map_err(Stopped::Broken)? {
            let (number, source) = (self.chunk.number, self.chunk.source);
            let own = (!self.direct && self.passed_over == 0).then_some(&mut self.own);
            let filled = self.batch.fill(self.counting.processor, &self.chunk, rule, own, passing.is_some());
            lines.push((number, source, self.batch.lines));
            if let (Err(fault), Some(passing)) = (&filled, passing) {
                self.pass_on_uncounted(fault, feed, passing);
            }
            filled.map_err(|fault| Stopped::Fault { number, source, fault })?;
            self.take_batch().map_err(|error| Stopped::Io(Error::Memory(error)))?;
            self.counting.advance(&self.batch);
            if let Some(passing) = passing {
                let mut passing = passing.lock().unwrap_or_else(PoisonError::into_inner);
                let written = passing.write_all(&self.batch.others).and_then(|()| passing.flush());
                written.map_err(|error| Stopped::Io(Error::Write(error)))?;
            }
        }
        self.hand_over().map_err(|error| Stopped::Io(Error::Memory(error)))
    }

    /// Writes what was read and is not counted, from the line with the fault on: whoever reads on does it behind that.
    #[cold]
    fn pass_on_uncounted(&self, fault: &Fault, feed: &Feed<'_>, passing: &Passing<'_, '_>) {
        let mut rest = self.chunk.bytes();
        for _ in 0..fault.line {
            rest = memchr::memchr(b'\n', rest).map_or(&[], |end| &rest[end + 1..]);
        }
        let mut passing = passing.lock().unwrap_or_else(PoisonError::into_inner);
        // The fault is what is told; that its lines could not be written either says nothing more.
        let parts = [&self.batch.others, rest, &feed.take_begun_line()];
        let _ = parts.iter().try_for_each(|part| passing.write_all(part)).and_then(|()| passing.flush());
    }

    fn take_batch(&mut self) -> io::Result<()> {
        let left = self.batch.entries.len() as u64;
        if left > 0 {
            let (shards, first) = (&self.counting.shards, self.number * 3);
            shards.add_batch::<C>(&self.batch, &self.chunk, &mut self.sorter, first)?;
        }
        if self.direct || self.passed_over > 0 {
            self.passed_over = self.passed_over.saturating_sub(1);
            return Ok(());
        }
        let taken = self.batch.lines - self.batch.left_out - left;
        self.taken += taken;
        if self.own.is_full() && taken < 2 * left {
            // It has helped if at least every other line was there already.
            let helped = self.taken >= 2 * self.own.len() as u64;
            self.pass_over = if helped { PASSED_OVER.0 } else { (self.pass_over * 2).min(PASSED_OVER.1) };
            self.passed_over = if helped { 0 } else { self.pass_over };
            self.hand_over()?;
        }
        Ok(())
    }

    /// Adds the own table to the shared ones.
    fn hand_over(&mut self) -> io::Result<()> {
        self.counting.shards.add_near::<C>(&self.own)?;
        self.own.clear();
        self.taken = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;
    use crate::print::Listing;
    use crate::source::unpacked;

    type Sums = HashMap<Vec<u8>, Value>;

    fn counted(processor: Processor, text: &[u8]) -> std::result::Result<Sums, String> {
        let mut counting = Counting::new(Rules::default(), false);
        (counting.processor, counting.shards) = (processor, Shards::new(processor, counting.threads));
        let source = unpacked("x".to_owned(), Cursor::new(text.to_vec()));
        counting.run(vec![source], None).map_err(|error| error.to_string())?;
        let tally = counting.finish();
        assert_eq!(tally.rows().len(), tally.len());
        Ok(tally.rows().map(|row| (row.key.to_vec(), row.value)).collect())
    }

    fn expected(text: &[u8]) -> std::result::Result<Sums, String> {
        let mut sums = HashMap::new();
        let whole = text.strip_suffix(b"\n").unwrap_or(text);
        for (index, line) in whole.split(|byte| *byte == b'\n').enumerate().filter(|_| !text.is_empty()) {
            if let Err(fault) = std::str::from_utf8(line) {
                let (line, column) = (index + 1, fault.valid_up_to() + 1);
                return Err(format!("x, line {line}: not valid UTF-8 (byte {column} of the line)"));
            }
            *sums.entry(line.to_vec()).or_default() += 1;
        }
        Ok(sums.into_iter().map(|(key, sum)| (key, Value::Whole(sum))).collect())
    }

    #[test]
    fn lines_that_are_left_out_need_be_no_text() {
        let count = |text: &[u8]| {
            let rules = Rules { prefix: Some(b"ID:".to_vec()), ..Rules::default() };
            let counting = Counting::new(rules, false);
            let mut others = Vec::new();
            let source = unpacked("x".to_owned(), Cursor::new(text.to_vec()));
            let counted = counting.run(vec![source], Some(&mut others));
            counted.map_err(|error| error.to_string()).map(|()| (counting.finish().len(), others))
        };
        assert_eq!(count(b"ID: a\nbad \xff\nID: b\n"), Ok((2, b"bad \xff\n".to_vec())));
        let fault = "x, line 3: not valid UTF-8 (byte 6 of the line)".to_owned();
        assert_eq!(count(b"ID: a\nbad \xff\nID: b\xff\n"), Err(fault));
    }

    #[test]
    fn what_was_read_behind_a_fault_is_passed_on() {
        let rules = Rules { weights: Weights::Whole, prefix: Some(b"ID:".to_vec()), ..Rules::default() };
        let counting = Counting::new(rules, true);
        let mut others = Vec::new();
        let text = b"ID: a 1\nother\nID: b 99999999999999999999\nID: c 2\nlast\nbegun";
        let source = unpacked("x".to_owned(), Cursor::new(text.to_vec()));
        let fault = counting.run(vec![source], Some(&mut others)).unwrap_err();
        assert!(fault.to_string().starts_with("x, line 3: "), "{fault}");
        let passed = String::from_utf8(others).unwrap();
        assert_eq!(passed, "other\nID: b 99999999999999999999\nID: c 2\nlast\nbegun");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        /// Lines of all lengths, again and again over several chunks, with one broken byte or none.
        #[test]
        fn lines_are_counted_as_one_by_one(
            lines in prop::collection::vec("[a-c]{0,2}|[a-z \r]{20,70}|[aé日\u{0}]{0,40}|x{0,300}", 1..40),
            times in 1usize..200,
            is_whole: bool,
            broken in prop::option::weighted(0.3, any::<prop::sample::Index>()),
        ) {
            let mut text = lines.join("\n").into_bytes();
            text.push(b'\n');
            let mut text = text.repeat(times);
            if !is_whole {
                text.pop();
            }
            if let Some(at) = broken.filter(|_| !text.is_empty()).map(|at| at.index(text.len())) {
                text[at] = 0xe9;
            }
            for processor in Processor::all() {
                prop_assert_eq!(counted(processor, &text), expected(&text));
            }
        }
    }
}
