//! Samples in a record: column by column, so that what repeats packs to nothing.
//!
//! Numbers are LEB128; those that may fall are zigzagged; times and values are differences from
//! the sample before them in the record.

use crate::schema::Sample;

const HAS_TIME: u8 = 1;
const HAS_CPU: u8 = 2;

/// Samples being gathered.
#[derive(Default)]
pub(super) struct Columns {
    rows: usize,
    flags: Vec<u8>,
    stack: Vec<u8>,
    thread: Vec<u8>,
    time: Vec<u8>,
    cpu: Vec<u8>,
    metric: Vec<u8>,
    value: Vec<u8>,
    count: Vec<u8>,
    last_time: i64,
    last_value: i64,
}

impl Columns {
    pub(super) fn push(&mut self, sample: &Sample) {
        let time = u8::from(sample.time.is_some()) * HAS_TIME;
        let cpu = u8::from(sample.cpu.is_some()) * HAS_CPU;
        self.flags.push(time | cpu);
        put(&mut self.stack, zigzag(sample.stack.into()));
        put(&mut self.thread, zigzag(sample.thread.into()));
        if let Some(time) = sample.time {
            put(&mut self.time, zigzag(time.wrapping_sub(self.last_time)));
            self.last_time = time;
        }
        if let Some(cpu) = sample.cpu {
            put(&mut self.cpu, zigzag(cpu.into()));
        }
        put(&mut self.metric, zigzag(sample.metric.into()));
        put(&mut self.value, zigzag(sample.value.wrapping_sub(self.last_value)));
        self.last_value = sample.value;
        put(&mut self.count, zigzag(sample.count));
        self.rows += 1;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    pub(super) fn bytes(&self) -> usize {
        self.all().iter().map(|column| column.len()).sum()
    }

    /// Appends the encoded samples to `out` and starts again.
    pub(super) fn drain_into(&mut self, out: &mut Vec<u8>) {
        for column in self.all() {
            put(out, column.len() as u64);
            out.extend_from_slice(column);
        }
        for column in self.all_mut() {
            column.clear();
        }
        (self.rows, self.last_time, self.last_value) = (0, 0, 0);
    }

    fn all(&self) -> [&Vec<u8>; 8] {
        [
            &self.flags,
            &self.stack,
            &self.thread,
            &self.time,
            &self.cpu,
            &self.metric,
            &self.value,
            &self.count,
        ]
    }

    fn all_mut(&mut self) -> [&mut Vec<u8>; 8] {
        [
            &mut self.flags,
            &mut self.stack,
            &mut self.thread,
            &mut self.time,
            &mut self.cpu,
            &mut self.metric,
            &mut self.value,
            &mut self.count,
        ]
    }
}

/// Reads samples back, one after the other.
pub(super) struct Decoder<'a> {
    columns: [&'a [u8]; 8],
    last_time: i64,
    last_value: i64,
}

impl<'a> Decoder<'a> {
    /// `None` if `body` does not hold eight columns and nothing else.
    pub(super) fn new(mut body: &'a [u8]) -> Option<Self> {
        let mut columns = [&body[..0]; 8];
        for column in &mut columns {
            let length = usize::try_from(take(&mut body)?).ok()?;
            (*column, body) = body.split_at_checked(length)?;
        }
        body.is_empty().then_some(Self { columns, last_time: 0, last_value: 0 })
    }

    pub(super) fn rows_left(&self) -> usize {
        self.columns[0].len()
    }

    /// The next sample; `None` at the end and where the bytes make no sample.
    pub(super) fn next(&mut self) -> Option<Sample> {
        let (flags, rest) = self.columns[0].split_first()?;
        let (flags, rest) = (*flags, rest);
        self.columns[0] = rest;
        Some(Sample {
            stack: self.small(1)?,
            thread: self.small(2)?,
            time: self.time(flags & HAS_TIME != 0)?,
            cpu: match flags & HAS_CPU {
                0 => None,
                _ => Some(self.small(4)?),
            },
            metric: self.small(5)?,
            value: self.value()?,
            count: unzigzag(take(&mut self.columns[7])?),
        })
    }

    fn small(&mut self, column: usize) -> Option<i32> {
        i32::try_from(unzigzag(take(&mut self.columns[column])?)).ok()
    }

    fn time(&mut self, present: bool) -> Option<Option<i64>> {
        if !present {
            return Some(None);
        }
        self.last_time = self.last_time.wrapping_add(unzigzag(take(&mut self.columns[3])?));
        Some(Some(self.last_time))
    }

    fn value(&mut self) -> Option<i64> {
        self.last_value = self.last_value.wrapping_add(unzigzag(take(&mut self.columns[6])?));
        Some(self.last_value)
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_survive() {
        let extreme = |time, value| Sample {
            stack: i32::MAX,
            thread: 0,
            time,
            cpu: None,
            metric: 7,
            value,
            count: i64::MAX,
        };
        let samples =
            [extreme(Some(i64::MIN), i64::MAX), extreme(None, i64::MIN), extreme(Some(i64::MAX), 0)];
        let mut columns = Columns::default();
        samples.iter().for_each(|sample| columns.push(sample));
        let mut bytes = Vec::new();
        columns.drain_into(&mut bytes);
        let mut decoder = Decoder::new(&bytes).expect("eight columns");
        assert_eq!(decoder.rows_left(), 3);
        for sample in samples {
            assert_eq!(decoder.next(), Some(sample));
        }
        assert_eq!(decoder.next(), None);
        assert!(columns.is_empty() && columns.bytes() == 0);
    }

    #[test]
    fn missing_bytes_are_no_sample() {
        let mut columns = Columns::default();
        columns.push(&Sample::default());
        let mut bytes = Vec::new();
        columns.drain_into(&mut bytes);
        assert!(Decoder::new(&bytes[..bytes.len() - 1]).is_none());
        bytes.push(0);
        assert!(Decoder::new(&bytes).is_none());
    }
}
