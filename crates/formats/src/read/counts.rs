//! What programs count in themselves: files of `pyrometer-counts` and of its header of C, one a thread
//! (`docs/counts-format.md`).
//!
//! A writer may be killed between any two instructions: it writes the size of a record last, so that a zero is the end.
//! A file that was copied while it grew, or onto a full disk, may end inside its last record: that one is left out, and
//! a note says so. Anything else that does not fit is an error.

use std::ops::Range;

use pyrometer_tables::schema::{Frame, Function, Process};

use super::keyed::{BEYOND, COUNT, Name, THOUSANDTHS, WEIGHT, or_empty, outer_frames, thousandths};
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::Result;

pub(super) const FORMAT: Format =
    Format { name: "counts", title: "counts of programs (pyrometer-counts)", recognise, read };

const MAGIC: &[u8] = b"PYRCOUNT";
const VERSION: u32 = 1;
/// Bytes of the header and of a record, before its texts.
const HEADER: usize = 72;
const RECORD: usize = 40;
const ALIGNMENT: usize = 8;
/// What a filler has: its size, and that it is one.
const WORDS: usize = 8;

fn recognise(head: &Head<'_>) -> Likeness {
    Likeness::mark(head.bytes.starts_with(MAGIC))
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let bytes = input.bytes()?;
    builder.meta.instrument = "counts".to_owned();
    let mut file = File { bytes: &bytes, at: 0 };
    match file.read(builder) {
        Ok(()) => Ok(()),
        // Where the next record would begin is not known.
        Err(wrong) => {
            builder.left_out(input.malformed(wrong.at as u64, wrong.expected, &file.found(wrong.at)))
        }
    }
}

/// What does not fit.
struct Wrong {
    at: usize,
    expected: &'static str,
}

struct File<'a> {
    bytes: &'a [u8],
    /// Where the next record begins.
    at: usize,
}

/// A record, and where its key and its file stand.
struct Record {
    kind: Kind,
    saturated: bool,
    count: u64,
    sum: u64,
    line: u32,
    column: u32,
    key: Range<usize>,
    file: Range<usize>,
}

/// What the sum of a record is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Whole,
    Fraction,
    Filler,
}

/// What stands at a place.
enum Next {
    End,
    Torn,
    Skipped,
    Record(Record),
}

impl File<'_> {
    fn read(&mut self, builder: &mut Builder) -> std::result::Result<(), Wrong> {
        let thread = self.header(builder)?;
        builder.let_sums_stop();
        loop {
            match self.next()? {
                Next::End => return Ok(()),
                Next::Torn => {
                    builder.note(TORN.to_owned());
                    return Ok(());
                }
                Next::Skipped => {}
                Next::Record(record) => self.add(builder, thread, &record),
            }
        }
    }

    /// The row of the thread that wrote it.
    fn header(&mut self, builder: &mut Builder) -> std::result::Result<i32, Wrong> {
        let wrong = |at, expected| Err(Wrong { at, expected });
        if !self.bytes.starts_with(MAGIC) {
            return wrong(0, "`PYRCOUNT`");
        }
        if self.bytes.len() < HEADER {
            return wrong(self.bytes.len(), "the rest of a header of 72 bytes");
        }
        match self.word(8) {
            VERSION => {}
            version if version.swap_bytes() == VERSION => {
                return wrong(8, "the byte order of this machine");
            }
            _ => return wrong(8, "version 1, the newest that is known"),
        }
        self.at = self.word(12) as usize;
        if self.at < HEADER || !self.at.is_multiple_of(ALIGNMENT) {
            return wrong(12, "the size of the header, from 72 on");
        }
        let lost = i64::try_from(self.long(32)).unwrap_or(i64::MAX);
        let quality = &mut builder.meta.quality;
        quality.lost = quality.lost.saturating_add(lost);
        builder.began(i64::try_from(self.long(24)).unwrap_or(0));
        Ok(self.thread(builder))
    }

    fn thread(&self, builder: &mut Builder) -> i32 {
        let (pid, tid) = (self.word(16).cast_signed(), self.word(20).cast_signed());
        let name = |at: usize| {
            let bytes = &self.bytes[at..at + 16];
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end]).into_owned()
        };
        if !builder.tables().processes.iter().any(|process| process.pid == pid) {
            builder.process(Process { pid, name: name(40), ..Process::default() });
        }
        builder.thread(pid, tid, &name(56))
    }

    fn next(&mut self) -> std::result::Result<Next, Wrong> {
        let at = self.at;
        let rest = self.bytes.len().saturating_sub(at);
        if rest == 0 {
            return Ok(Next::End);
        }
        if rest < WORDS {
            return Ok(Next::Torn);
        }
        let size = self.word(at) as usize;
        if size == 0 {
            return Ok(Next::End);
        }
        if !size.is_multiple_of(ALIGNMENT) {
            return Err(Wrong { at, expected: "the size of a record, a multiple of 8" });
        }
        let flags = self.word(at + 4);
        let Some(kind) = kind(flags) else {
            return Err(Wrong { at: at + 4, expected: "a kind of record from 0 to 3" });
        };
        if kind == Kind::Filler {
            self.at = at.saturating_add(size);
            return Ok(if size > rest { Next::Torn } else { Next::Skipped });
        }
        if rest < RECORD {
            return Ok(Next::Torn);
        }
        self.record(size, kind, flags & SATURATED != 0)
    }

    fn record(&mut self, size: usize, kind: Kind, saturated: bool) -> std::result::Result<Next, Wrong> {
        let at = self.at;
        let (key, file) = (self.word(at + 32) as usize, self.word(at + 36) as usize);
        if (RECORD + key + file).next_multiple_of(ALIGNMENT) != size {
            return Err(Wrong {
                at: at + 32,
                expected: "lengths of key and file that make the record's size",
            });
        }
        if self.bytes.len() - at < size {
            return Ok(Next::Torn);
        }
        self.at += size;
        let key = at + RECORD..at + RECORD + key;
        Ok(Next::Record(Record {
            kind,
            saturated,
            count: self.long(at + 8),
            sum: self.long(at + 16),
            line: self.word(at + 24),
            column: self.word(at + 28),
            file: key.end..key.end + file,
            key,
        }))
    }

    fn add(&self, builder: &mut Builder, thread: i32, record: &Record) {
        let stack = self.stack(builder, record);
        let count = i64::try_from(record.count).unwrap_or(i64::MAX);
        let metric = builder.metric(COUNT.row());
        builder.add(stack, thread, metric, count, count);
        // Each event once, whatever number of metrics it is in.
        let quality = &mut builder.meta.quality;
        quality.samples = quality.samples.saturating_add(count);
        if let Some((metric, sum)) = sum(builder, record) {
            let metric = builder.metric(metric.row());
            builder.add(stack, thread, metric, sum, count);
        }
    }

    /// The row of its stack: the key's parts between `;`, the last of which has the place.
    fn stack(&self, builder: &mut Builder, record: &Record) -> i32 {
        let key = String::from_utf8_lossy(&self.bytes[record.key.clone()]);
        let file = String::from_utf8_lossy(&self.bytes[record.file.clone()]);
        let place = Place::of(record, &file);
        let (parent, leaf) = outer_frames(builder, &key);
        let name = if leaf.is_empty() { place.name() } else { leaf.to_owned() };
        let function = Some(builder.function(Function { name, ..Function::default() }));
        let Place { file, line, column } = place;
        let frame = Frame {
            function,
            file: file.map(Into::into),
            line,
            column,
            kind: "native".into(),
            ..Frame::default()
        };
        let frame = builder.frame(frame);
        builder.stack(parent, frame)
    }

    fn word(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.array(at))
    }

    fn long(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.array(at))
    }

    /// Bytes that are known to be there.
    fn array<const N: usize>(&self, at: usize) -> [u8; N] {
        self.bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().unwrap_or([0; N])
    }

    /// What stands at a place, for people.
    fn found(&self, at: usize) -> String {
        match self.bytes.get(at..).and_then(|bytes| bytes.first_chunk()) {
            Some(bytes) => u32::from_ne_bytes(*bytes).to_string(),
            None => "the end of the file".to_owned(),
        }
    }
}

/// Beside the kind of a record whose sum did not fit.
const SATURATED: u32 = 1 << 8;

fn kind(flags: u32) -> Option<Kind> {
    match flags & !SATURATED {
        0 => Some(Kind::Plain),
        1 => Some(Kind::Whole),
        2 => Some(Kind::Fraction),
        3 => Some(Kind::Filler),
        _ => None,
    }
}

const TORN: &str =
    "a file of counts ends inside its last record, which is left out: it was copied while it grew?";

/// The metric of a record's weights, and their sum in its unit; none if it has none.
fn sum(builder: &mut Builder, record: &Record) -> Option<(&'static Name, i64)> {
    let (metric, sum, fits) = match record.kind {
        Kind::Plain | Kind::Filler => return None,
        Kind::Whole => (&WEIGHT, record.sum.cast_signed(), !record.saturated),
        Kind::Fraction => {
            let (sum, fits) = thousandths(f64::from_bits(record.sum));
            (&THOUSANDTHS, sum, fits)
        }
    };
    if !fits {
        builder.note(BEYOND.to_owned());
    }
    Some((metric, sum))
}

/// Where events come from, as far as the record says.
struct Place {
    file: Option<String>,
    line: Option<i32>,
    column: Option<i32>,
}

impl Place {
    fn of(record: &Record, file: &str) -> Self {
        let number = |number: u32| i32::try_from(number).ok().filter(|number| *number > 0);
        let file = Some(file).filter(|file| !file.is_empty()).map(str::to_owned);
        Self { file, line: number(record.line), column: number(record.column) }
    }

    /// The name of events that have no other.
    fn name(&self) -> String {
        match (&self.file, self.line, self.column) {
            (None, ..) => or_empty("").to_owned(),
            (Some(file), None, _) => file.clone(),
            (Some(file), Some(line), None) => format!("{file}:{line}"),
            (Some(file), Some(line), Some(column)) => format!("{file}:{line}:{column}"),
        }
    }
}
