//! Tables that are wrong but carry right checksums: refused or read, never a crash.

use crate::common::{self, forge};
use std::fs;

use pyrometer_tables::schema::{Function, Tables};
use pyrometer_tables::{Profile, file};

/// Changed files: enough to meet every table, few enough for a test.
const FORGERIES: u64 = 3_000;

#[test]
fn forged_tables_never_crash() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("forged.pyro");
    let mut samples = Vec::new();
    common::samples(50, 12, |batch| samples.extend_from_slice(batch));
    file::write(&path, &common::meta(), &common::program(20, 12), &samples).expect("a sound profile");
    let sound = fs::read(&path).expect("what was just written");
    let mut numbers = common::Numbers::new(5);
    let mut opened = 0;
    for _ in 0..FORGERIES {
        let mut forged = sound.clone();
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(sound.len() as u64) as usize;
            forged[at] = numbers.next() as u8;
        }
        forge::repair_checksums(&mut forged);
        fs::write(&path, &forged).expect("space for a small file");
        if let Ok(profile) = Profile::open(&path) {
            opened += 1;
            let mut rows = 0;
            profile
                .for_each_batch(|batch| {
                    rows += batch.len() as u64;
                    Ok(())
                })
                .expect("samples that were checked when the file was opened");
            assert_eq!(rows, profile.sample_count());
        }
    }
    assert!(opened > 0 && opened < FORGERIES, "{opened} of {FORGERIES} were opened");
}

#[test]
fn a_small_journal_that_unpacks_to_many_rows_is_refused() {
    let record = |tag: u8, body: &[u8]| [&[tag][..], &(body.len() as u32).to_le_bytes(), body].concat();
    // A frame, and 10 million nodes of the tree that are all zeros.
    let frames = record(7, &[1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let nodes = |count: [u8; 4], rows: usize| record(8, &[&count[..], &vec![0; 2 * rows]].concat());
    let open = |nodes: Vec<u8>| {
        let records = [record(1, b"{}"), frames.clone(), nodes].concat();
        let packed = zstd::bulk::compress(&records, 1).expect("memory");
        let lengths = [packed.len() as u32, records.len() as u32].map(u32::to_le_bytes).concat();
        let checksum = crc32fast::hash(&[&lengths[..], &packed].concat()).to_le_bytes();
        let folder = tempfile::tempdir().expect("a folder for temporary files");
        let path = folder.path().join("bomb.recording");
        let journal = [&b"PYRJOURN"[..], &1u32.to_le_bytes(), b"PYRB", &lengths, &checksum, &packed].concat();
        fs::write(&path, journal).expect("space for a small file");
        Profile::open(&path).map(|profile| profile.tables().stacks.len())
    };
    // The numbers of rows as LEB128.
    let sound = open(nodes([0x80, 0x80, 0xc0, 0x00], 1 << 20)).expect("2 MiB of rows");
    assert_eq!(sound, 1 << 20);
    let error = open(nodes([0x80, 0x80, 0x80, 0x05], 10 << 20)).expect_err("20 MiB of rows");
    assert_eq!(error.kind(), "corrupt", "{error}");
}

#[test]
fn one_long_text_in_every_row_is_refused() {
    let name = "a".repeat(20_000);
    let function = Function { name: name.clone(), linkage_name: name, ..Function::default() };
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("bomb.pyro");
    let tables = Tables { functions: vec![function; 8192], ..common::program(20, 12) };
    file::write(&path, &common::meta(), &tables, &Vec::new()).expect("it can be written");
    assert!(fs::metadata(&path).expect("what was just written").len() < 1 << 20);
    let error = Profile::open(&path).map(drop).expect_err("300 MB of names in few bytes");
    assert_eq!(error.kind(), "corrupt", "{error}");
}
