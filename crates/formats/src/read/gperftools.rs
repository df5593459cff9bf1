//! CPU profiles of gperftools' profiler as it writes them (`CPUPROFILE=FILE`): words of the machine, then its mappings.
//!
//! Source: <https://gperftools.github.io/gperftools/cpuprofile-fileformat.html>. Words are of 4 or 8 bytes, of either order:
//! - the header: 0, 3 (words that follow), 0 (version), the period in microseconds, 0;
//! - records: how many samples, how many addresses, the addresses, the leaf first;
//! - the end, as a record: 0, 1, 0;
//! - the text of `/proc/self/maps`.
//!
//! The leaf is the instruction that was interrupted, all others are return addresses.

use pyrometer_tables::schema::Metric;

use super::maps::Maps;
use super::{Builder, Format, Head, Input, Likeness};
use crate::error::{Error, Result};

pub(super) const FORMAT: Format = Format {
    name: "gperftools",
    title: "CPU profile of gperftools (libprofiler, CPUPROFILE=)",
    recognise,
    read,
};

/// Words of the header.
const HEADER: usize = 5;
/// The longest period, microseconds: a sample a minute.
const LONGEST: u64 = 60_000_000;
const MICROSECOND: u64 = 1_000;

/// How words are written.
#[derive(Clone, Copy, Debug)]
struct Words {
    size: usize,
    is_big_endian: bool,
}

const WAYS: [Words; 4] = [
    Words { size: 8, is_big_endian: false },
    Words { size: 4, is_big_endian: false },
    Words { size: 8, is_big_endian: true },
    Words { size: 4, is_big_endian: true },
];

impl Words {
    /// The word with this number, if all of it is there.
    fn at(self, bytes: &[u8], index: usize) -> Option<u64> {
        let bytes = bytes.get(index.checked_mul(self.size)?..)?.get(..self.size)?;
        let add = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
        Some(match self.is_big_endian {
            true => bytes.iter().fold(0, add),
            false => bytes.iter().rev().fold(0, add),
        })
    }

    /// The period, if the bytes begin with a header in such words.
    fn period(self, bytes: &[u8]) -> Option<u64> {
        let word = |index| self.at(bytes, index);
        let fits = word(0)? == 0 && word(1)? == 3 && word(2)? == 0 && word(4)? == 0;
        word(3).filter(|period| fits && (1..=LONGEST).contains(period))
    }
}

fn header(bytes: &[u8]) -> Option<(Words, u64)> {
    WAYS.iter().find_map(|words| Some((*words, words.period(bytes)?)))
}

fn recognise(head: &Head<'_>) -> Likeness {
    Likeness::mark(header(head.bytes).is_some())
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let bytes = input.bytes()?;
    let (words, period) = header(&bytes).ok_or_else(|| {
        input.malformed(0, "words 0, 3, 0, the period and 0", &format!("{} other bytes", bytes.len()))
    })?;
    let (records, end) = records(input, builder, &bytes, words)?;
    let mut maps = Maps::default();
    let text = bytes.get(end..).unwrap_or_default();
    text.split(|byte| *byte == b'\n').for_each(|line| maps.add(line.trim_ascii()));
    let metric = metric(builder, period);
    let thread = builder.thread(0, 0, "");
    builder.meta.rate = (1_000_000 / period) as i64;
    for Record { samples, addresses } in records {
        let stack = stack(builder, &maps, &addresses);
        let value = i64::try_from(samples.saturating_mul(period).saturating_mul(MICROSECOND));
        let count = i64::try_from(samples).unwrap_or(i64::MAX);
        builder.add(stack, thread, metric, value.unwrap_or(i64::MAX), count);
    }
    Ok(())
}

/// A stack that was seen some times.
struct Record {
    samples: u64,
    /// The leaf first.
    addresses: Vec<u64>,
}

/// All records, and where the text behind them begins.
fn records(
    input: &Input<'_>,
    builder: &mut Builder,
    bytes: &[u8],
    words: Words,
) -> Result<(Vec<Record>, usize)> {
    let mut records = Vec::new();
    let mut at = HEADER;
    loop {
        let Some((record, next)) = record(bytes, words, at) else {
            builder.left_out(cut(input, bytes, words, at))?;
            return Ok((records, bytes.len()));
        };
        at = next;
        match (record.samples, &record.addresses[..]) {
            (0, [0]) => return Ok((records, at * words.size)),
            (0, _) => {}
            _ => records.push(record),
        }
    }
}

/// The record that begins with this word, and the word after it.
fn record(bytes: &[u8], words: Words, at: usize) -> Option<(Record, usize)> {
    let samples = words.at(bytes, at)?;
    let depth = usize::try_from(words.at(bytes, at + 1)?).ok()?;
    let (first, end) = (at + 2, (at + 2).checked_add(depth)?);
    // The last one first: a depth beyond the file takes no memory.
    words.at(bytes, end - 1)?;
    let addresses = (first..end).map(|index| words.at(bytes, index)).collect::<Option<_>>()?;
    Some((Record { samples, addresses }, end))
}

fn cut(input: &Input<'_>, bytes: &[u8], words: Words, at: usize) -> Error {
    let left = bytes.len().saturating_sub(at * words.size);
    let found = match (words.at(bytes, at), words.at(bytes, at + 1)) {
        (Some(_), Some(depth)) => format!("one of {depth} addresses, and {left} bytes of file"),
        _ => format!("{left} bytes of file"),
    };
    input.malformed((at * words.size) as u64, "a record, or the end (0, 1, 0)", &found)
}

fn metric(builder: &mut Builder, period: u64) -> i32 {
    builder.metric(Metric {
        name: "cpu-time".to_owned(),
        unit: "ns".to_owned(),
        kind: "sampled".to_owned(),
        period: (period * MICROSECOND) as i64,
        ..Metric::default()
    })
}

/// The handler takes the leaf from the signal; where it unwound from there, too, the leaf comes twice.
fn stack(builder: &mut Builder, maps: &Maps, addresses: &[u64]) -> i32 {
    let [leaf, callers @ ..] = addresses else {
        let frame = builder.name("[no stack]", "unknown");
        return builder.stack(None, frame);
    };
    let callers = callers.strip_prefix(std::slice::from_ref(leaf)).unwrap_or(callers);
    let mut node = None;
    for address in callers.iter().rev() {
        let frame = maps.caller(builder, *address);
        node = Some(builder.stack(node, frame));
    }
    let frame = maps.frame(builder, *leaf);
    builder.stack(node, frame)
}
