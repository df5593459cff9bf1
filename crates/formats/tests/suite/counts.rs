//! Files that programs count in: whole, torn, damaged.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pyrometer_formats::Error;
use pyrometer_formats::read::{Options, by_name, read_bytes};
use pyrometer_tables::Profile;

/// A record, as `docs/counts-format.md` lays it out.
#[derive(Clone, Debug)]
struct Record {
    kind: u32,
    count: u64,
    sum: u64,
    line: u32,
    key: String,
    file: String,
}

fn record(kind: u32, count: u64, sum: u64, key: &str) -> Record {
    Record { kind, count, sum, line: 0, key: key.to_owned(), file: String::new() }
}

impl Record {
    fn bytes(&self) -> Vec<u8> {
        let size = (40 + self.key.len() + self.file.len()).next_multiple_of(8);
        let mut bytes = Vec::new();
        bytes.extend((size as u32).to_ne_bytes());
        bytes.extend(self.kind.to_ne_bytes());
        bytes.extend(self.count.to_ne_bytes());
        bytes.extend(self.sum.to_ne_bytes());
        for number in [self.line, 0, self.key.len() as u32, self.file.len() as u32] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes.extend(self.key.as_bytes());
        bytes.extend(self.file.as_bytes());
        bytes.resize(size, 0);
        bytes
    }
}

fn header(lost: u64) -> Vec<u8> {
    let mut bytes = b"PYRCOUNT".to_vec();
    for word in [1_u32, 72, 40, 41] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend(1_000_u64.to_ne_bytes());
    bytes.extend(lost.to_ne_bytes());
    bytes.extend(b"program\0\0\0\0\0\0\0\0\0a thread\0\0\0\0\0\0\0\0");
    bytes
}

fn file(records: &[Record]) -> Vec<u8> {
    let mut bytes = header(0);
    records.iter().for_each(|record| bytes.extend(record.bytes()));
    bytes
}

fn read(bytes: &[u8]) -> Result<Profile, Error> {
    read_bytes("f.counts".as_ref(), bytes, &Options::default())
}

/// Sums by metric and function of the leaf.
fn sums(profile: &Profile) -> BTreeMap<(String, String), i64> {
    let tables = profile.tables();
    let mut sums = BTreeMap::new();
    let all = profile.for_each_batch(|batch| {
        for sample in batch {
            let frame = tables.stacks[sample.stack as usize].frame as usize;
            let function = &tables.functions[tables.frames[frame].function.unwrap() as usize];
            let metric = &tables.metrics[sample.metric as usize];
            *sums.entry((metric.name.clone(), function.name.clone())).or_insert(0) += sample.value;
        }
        Ok(())
    });
    all.unwrap();
    sums
}

fn sum(profile: &Profile, metric: &str, name: &str) -> Option<i64> {
    sums(profile).get(&(metric.to_owned(), name.to_owned())).copied()
}

#[test]
fn records_become_counts_and_weights() {
    let place = Record { line: 7, file: "a.c".to_owned(), ..record(0, 4, 0, "") };
    let fraction = record(2, 2, 1.2345_f64.to_bits(), "g");
    let profile = read(&file(&[record(1, 3, (-5_i64).cast_unsigned(), "a;f"), place, fraction])).unwrap();
    assert_eq!((sum(&profile, "count", "f"), sum(&profile, "weight", "f")), (Some(3), Some(-5)));
    assert_eq!((sum(&profile, "count", "a.c:7"), sum(&profile, "weight", "a.c:7")), (Some(4), None));
    assert_eq!(sum(&profile, "weight-thousandths", "g"), Some(1235));
    assert!(profile.tables().metrics.iter().all(|metric| metric.kind == "exact" && metric.unit == "count"));
    assert_eq!((profile.meta.source.as_str(), profile.meta.quality.samples), ("counts", 9));
    let (process, thread) = (&profile.tables().processes[0], &profile.tables().threads[0]);
    assert_eq!((process.pid, process.name.as_str()), (40, "program"));
    assert_eq!((thread.tid, thread.name.as_str()), (41, "a thread"));
    let frame = profile.tables().frames.iter().find(|frame| frame.line.is_some()).unwrap();
    assert_eq!((frame.file.as_deref(), frame.line), (Some("a.c"), Some(7)));
}

#[test]
fn a_zero_is_the_end_whatever_follows() {
    let mut bytes = file(&[record(0, 1, 0, "f")]);
    // The writer was killed before it wrote the size of the next one.
    let mut next = record(0, 1, 0, "g").bytes();
    next[..4].fill(0);
    bytes.extend(next);
    bytes.resize(1 << 16, 0);
    let profile = read(&bytes).unwrap();
    assert_eq!((sums(&profile).len(), sum(&profile, "count", "f")), (1, Some(1)));
    assert!(profile.meta.notes.is_empty());
}

#[test]
fn fillers_are_passed_over() {
    let mut bytes = file(&[record(0, 1, 0, "f")]);
    for word in [24_u32, 3, 9, 9, 9, 9] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend(record(0, 2, 0, "f").bytes());
    assert_eq!(sum(&read(&bytes).unwrap(), "count", "f"), Some(3));
}

#[test]
fn a_torn_last_record_is_left_out_and_said() {
    let whole = file(&[record(0, 1, 0, "f"), record(0, 2, 0, "a longer name")]);
    let first = file(&[record(0, 1, 0, "f")]).len();
    for end in first + 1..whole.len() {
        let profile = read(&whole[..end]).unwrap();
        assert_eq!(sum(&profile, "count", "f"), Some(1), "cut at {end}");
        assert!(profile.meta.notes.iter().any(|note| note.contains("left out")), "cut at {end}");
    }
}

#[test]
fn lost_events_are_said() {
    assert_eq!(read(&header(12)).unwrap().meta.quality.lost, 12);
}

#[test]
fn damage_is_refused_with_its_place() {
    let good = file(&[record(0, 1, 0, "f")]);
    let changed = |at: usize, word: u32| {
        let mut bytes = good.clone();
        bytes[at..at + 4].copy_from_slice(&word.to_ne_bytes());
        bytes
    };
    let cases = [
        (changed(8, 2), "f.counts: byte 8: expected version 1, the newest that is known, found 2"),
        (changed(8, 1 << 24), "f.counts: byte 8: expected the byte order of this machine, found 16777216"),
        (changed(12, 20), "f.counts: byte 12: expected the size of the header, from 72 on, found 20"),
        (changed(72, 47), "f.counts: byte 72: expected the size of a record, a multiple of 8, found 47"),
        (changed(76, 9), "f.counts: byte 76: expected a kind of record from 0 to 3, found 9"),
        (
            changed(104, 99),
            "f.counts: byte 104: expected lengths of key and file that make the record's size, found 99",
        ),
        (
            good[..30].to_vec(),
            "f.counts: byte 30: expected the rest of a header of 72 bytes, found the end of the file",
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(read(&bytes).unwrap_err().to_string(), expected);
    }
}

fn any_record() -> impl Strategy<Value = Record> {
    let key = "[a-z;é]{0,20}";
    (0..3_u32, 0..1000_u64, any::<u32>(), 0..100_u32, key, "[a-z/.]{0,9}").prop_map(
        |(kind, count, sum, line, key, file)| {
            let sum = if kind == 2 { f64::from(sum).to_bits() } else { u64::from(sum) };
            Record { kind, count, sum, line, key, file }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_a_whole_file_is_lost(records in proptest::collection::vec(any_record(), 0..40)) {
        let profile = read(&file(&records)).unwrap();
        let total = |metric: &str| sums(&profile).iter().filter(|((name, _), _)| name == metric).map(|(_, sum)| *sum).sum::<i64>();
        prop_assert_eq!(total("count"), records.iter().map(|record| record.count as i64).sum::<i64>());
        let whole = records.iter().filter(|record| record.kind == 1).map(|record| record.sum as i64).sum::<i64>();
        prop_assert_eq!(total("weight"), whole);
    }

    #[test]
    fn damage_is_an_error_or_a_profile(
        records in proptest::collection::vec(any_record(), 1..10),
        cut in any::<prop::sample::Index>(),
        damaged in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = file(&records);
        for (at, byte) in damaged {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.index(bytes.len() + 1));
        let read = |lenient| read_bytes("f".as_ref(), &bytes, &Options { format: by_name("counts"), lenient });
        if let Err(error) = read(false) {
            prop_assert!(matches!(error, Error::Malformed { .. }), "{}", error);
            prop_assert!(read(true).is_ok());
        }
    }
}
