//! What tests of readers have in common: reading, the samples as rows, and damage.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use pyrometer_formats::Error;
use pyrometer_formats::read::{Options, by_name, read_bytes};
use pyrometer_tables::Profile;
use pyrometer_tables::schema::{Sample, Tables};
use pyrometer_tables::select::totals;

/// Reads a file, which must be recognised as one of `format`.
pub fn read(bytes: impl AsRef<[u8]>, format: &str) -> Result<Profile, Error> {
    read_as(bytes.as_ref(), format, false)
}

/// The same; what does not fit is left out.
pub fn read_lenient(bytes: impl AsRef<[u8]>, format: &str) -> Result<Profile, Error> {
    read_as(bytes.as_ref(), format, true)
}

fn read_as(bytes: &[u8], format: &str, lenient: bool) -> Result<Profile, Error> {
    let found = read_bytes("file".as_ref(), bytes, &Options { format: None, lenient });
    assert!(found.as_ref().map_or(true, |profile| profile.meta.source == format), "recognised");
    found
}

/// Value and observations of each metric, by name.
pub fn sums(profile: &Profile) -> Vec<(String, i64, i64)> {
    let sums = totals(profile).unwrap();
    profile
        .tables()
        .metrics
        .iter()
        .zip(sums)
        .map(|(metric, sum)| (metric.name.clone(), sum.value, sum.count))
        .collect()
}

/// A sample: metric, time, thread id, stack from the root, value and observations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub metric: String,
    pub time: Option<i64>,
    pub tid: i32,
    pub stack: String,
    pub value: i64,
    pub count: i64,
}

/// Every sample, sorted.
pub fn rows(profile: &Profile) -> Vec<Row> {
    let tables = profile.tables();
    let mut rows = Vec::new();
    let mut add = |samples: &[Sample]| {
        rows.extend(samples.iter().map(|sample| Row {
            metric: tables.metrics[sample.metric as usize].name.clone(),
            time: sample.time,
            tid: tables.threads[sample.thread as usize].tid,
            stack: stack(tables, sample.stack),
            value: sample.value,
            count: sample.count,
        }));
        Ok(())
    };
    profile.for_each_batch(&mut add).unwrap();
    rows.sort();
    rows
}

/// The frames from the root: `main:12`, or `/lib/libc.so+0x10` without a name.
fn stack(tables: &Tables, leaf: i32) -> String {
    let (mut places, mut next) = (Vec::new(), Some(leaf));
    while let Some(row) = next {
        let node = tables.stacks[row as usize];
        places.push(place(tables, node.frame));
        next = node.parent;
    }
    places.reverse();
    places.join(";")
}

fn place(tables: &Tables, frame: i32) -> String {
    let frame = &tables.frames[frame as usize];
    let Some(function) = frame.function else {
        let binary = frame.binary.map_or("?", |row| tables.binaries[row as usize].path.as_str());
        return format!("{binary}+{:#x}", frame.address.unwrap());
    };
    let line = frame.line.map_or(String::new(), |line| format!(":{line}"));
    tables.functions[function as usize].name.clone() + &line
}

/// What can happen to a file: some other bytes, and an early end.
#[derive(Debug)]
pub struct Damage {
    flips: Vec<(Index, u8)>,
    cut: Index,
}

pub fn damage() -> impl Strategy<Value = Damage> {
    let flips = proptest::collection::vec((any::<Index>(), any::<u8>()), 0..8);
    (flips, any::<Index>()).prop_map(|(flips, cut)| Damage { flips, cut })
}

impl Damage {
    /// Reads a file that this happened to: it gives a profile, or an error that says what does not fit.
    pub fn read(&self, bytes: &[u8], format: &str, lenient: bool) -> Result<(), TestCaseError> {
        let mut bytes = bytes.to_vec();
        for (at, byte) in &self.flips {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        bytes.truncate(self.cut.index(bytes.len() + 1));
        let format = Some(by_name(format).unwrap());
        match read_bytes("file".as_ref(), &bytes, &Options { format, lenient }) {
            Ok(_) | Err(Error::Malformed { .. } | Error::TooLarge { .. }) => Ok(()),
            Err(other) => Err(TestCaseError::fail(other.to_string())),
        }
    }
}
