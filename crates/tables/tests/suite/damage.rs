//! A damaged file is refused or gives exactly the profile that was written; a journal that is
//! cut short gives the beginning of it.

use crate::common;
use std::fs;
use std::path::{Path, PathBuf};

use pyrometer_tables::journal::{Journal, Writer};
use pyrometer_tables::positioned::write_all_at;
use pyrometer_tables::schema::{Sample, Tables};
use pyrometer_tables::{Error, Profile, Result, file};

const STACKS: i32 = 12;

fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    common::samples(30, STACKS, |batch| samples.extend_from_slice(batch));
    samples
}

fn all_samples(profile: &Profile) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    profile.for_each_batch(|batch| {
        samples.extend_from_slice(batch);
        Ok(())
    })?;
    Ok(samples)
}

/// A folder with a `.pyro` file in it, and the file's bytes.
fn sound_file(tables: &Tables) -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("sound.pyro");
    file::write(&path, &common::meta(), tables, &samples()).expect("a sound profile");
    let bytes = fs::read(&path).expect("what was just written");
    (folder, path, bytes)
}

fn open_bytes(path: &Path, bytes: &[u8]) -> Result<Profile> {
    fs::write(path, bytes).expect("space for a small file");
    Profile::open(path)
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let (_folder, path, bytes) = sound_file(&common::program(20, STACKS));
    for length in 0..bytes.len() {
        let error = open_bytes(&path, &bytes[..length]).expect_err("a part of a file");
        assert!(!error.to_string().is_empty() && !error.cure().is_empty());
        if length > 4 {
            assert_eq!(error.kind(), "truncated", "cut to {length} bytes: {error}");
        }
    }
}

#[test]
fn a_flipped_bit_is_refused_or_harmless() {
    let tables = common::program(20, STACKS);
    let (_folder, path, bytes) = sound_file(&tables);
    let mut refused = 0;
    let file = fs::OpenOptions::new().write(true).open(&path).expect("the file");
    for bit in 0..bytes.len() * 8 {
        let (byte, at) = (bytes[bit / 8], bit as u64 / 8);
        write_all_at(&file, &[byte ^ (1 << (bit % 8))], at).expect("the same size");
        match Profile::open(&path) {
            Err(_) => refused += 1,
            Ok(profile) => {
                assert_eq!(profile.meta, common::meta(), "bit {bit}");
                assert_eq!(profile.tables(), &tables, "bit {bit}");
                assert_eq!(all_samples(&profile).expect("samples"), samples(), "bit {bit}");
            }
        }
        write_all_at(&file, &[byte], at).expect("the same size");
    }
    // What may be flipped are times, attributes and the like in the directory of the ZIP.
    assert!(refused > bytes.len() * 7, "{refused} of {} bits", bytes.len() * 8);
}

/// A journal of a commit for each three samples.
fn sound_journal(path: &Path, tables: &Tables) -> Result<()> {
    let mut writer = Writer::create(path, &common::meta())?;
    writer.put_metric(0, &tables.metrics[0])?;
    writer.put_process(0, &tables.processes[0])?;
    writer.put_binary(0, &tables.binaries[0])?;
    for (row, thread) in (0..).zip(&tables.threads) {
        writer.put_thread(row, thread)?;
    }
    for (row, function) in (0..).zip(&tables.functions) {
        writer.put_function(row, function)?;
    }
    writer.append_frames(&tables.frames)?;
    writer.append_stacks(&tables.stacks)?;
    for chunk in samples().chunks(3) {
        writer.append_samples(chunk)?;
        writer.commit()?;
    }
    Ok(())
}

#[test]
fn a_journal_cut_or_damaged_gives_its_beginning() {
    let tables = common::program(20, STACKS);
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("sound.recording");
    sound_journal(&path, &tables).expect("a sound journal");
    let bytes = fs::read(&path).expect("what was just written");
    let mut most = 0;
    for length in 0..bytes.len() {
        if let Ok(profile) = open_bytes(&path, &bytes[..length]) {
            most = most.max(is_beginning(&profile, &tables));
        }
        let mut damaged = bytes.clone();
        damaged[length] ^= 1 << (length % 8);
        if let Ok(profile) = open_bytes(&path, &damaged) {
            is_beginning(&profile, &tables);
        }
    }
    assert_eq!(most, samples().len() - 3, "all but the last commit");
}

/// The number of samples, after checking that they are the first.
fn is_beginning(profile: &Profile, tables: &Tables) -> usize {
    let found = all_samples(profile).expect("samples of a journal that opened");
    assert!(samples().starts_with(&found));
    assert!(tables.stacks.starts_with(&profile.tables().stacks));
    assert_eq!(profile.sample_count(), found.len() as u64);
    found.len()
}

#[test]
fn a_cut_journal_says_so() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("cut.recording");
    sound_journal(&path, &common::program(20, STACKS)).expect("a sound journal");
    let whole = Journal::open(&path).expect("a sound journal");
    assert_eq!((whole.cut, whole.meta.complete), (None, true));
    let length = fs::metadata(&path).expect("the journal").len();
    let file = fs::OpenOptions::new().write(true).open(&path).expect("the journal");
    file.set_len(length - 1).expect("a shorter journal");
    let cut = Journal::open(&path).expect("all but the last block");
    assert!(cut.cut.is_some_and(|offset| offset < length));
    assert!(!cut.meta.complete);
    assert_eq!(cut.meta.quality.samples, 27);
    assert!(cut.meta.duration > 0);
}

#[test]
fn journals_of_the_version_before_are_read_and_those_of_a_later_one_are_not() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("other.recording");
    sound_journal(&path, &common::program(20, STACKS)).expect("a sound journal");
    let mut bytes = fs::read(&path).expect("what was just written");
    let now = bytes[8];
    bytes[8] = 1;
    assert_eq!(open_bytes(&path, &bytes).expect("an old journal").sample_count(), samples().len() as u64);
    for other in [0, now + 1] {
        bytes[8] = other;
        assert_eq!(open_bytes(&path, &bytes).expect_err("an unknown version").kind(), "future-version");
    }
}

#[test]
fn what_is_no_profile_is_named() {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("other");
    for (bytes, found) in [
        (&b""[..], "an empty file"),
        (b"\x7fELF\x02", "an ELF program"),
        (b"{\"a\": 1}", "JSON text"),
        (b"PERFILE2", "a perf.data file"),
        (b"BZh91AY", "bzip2-compressed data"),
        (b"\xfd7zXZ\0", "xz-compressed data"),
        (b"\x28\xb5\x2f\xfd\0", "zstd-compressed data"),
    ] {
        let error = open_bytes(&path, bytes).expect_err("no profile");
        assert_eq!(error.kind(), "not-a-profile");
        assert!(error.to_string().contains(found), "{error}");
    }
    assert_eq!(Profile::open(folder.path()).expect_err("a folder").kind(), "io");
}

#[test]
fn a_file_from_the_future_is_refused_politely() {
    let (_folder, path, bytes) = sound_file(&common::program(20, STACKS));
    let text = b"\"schema_version\": 1,";
    let at = bytes.windows(text.len()).position(|window| window == text).expect("meta.json");
    let mut later = bytes;
    later[at + text.len() - 2] = b'9';
    repair_checksum(&mut later, b"meta.json");
    let error = open_bytes(&path, &later).expect_err("version 9");
    assert!(matches!(error, Error::FutureVersion { version: 9, supported: 1, .. }), "{error}");
}

/// Makes the checksums of the first entry right again.
fn repair_checksum(archive: &mut [u8], name: &[u8]) {
    let size = u32::from_le_bytes(archive[22..26].try_into().expect("four bytes")) as usize;
    let start = 30 + name.len() + usize::from(archive[28]);
    let checksum = crc32fast::hash(&archive[start..start + size]).to_le_bytes();
    archive[14..18].copy_from_slice(&checksum);
    let central = archive.windows(4).position(|window| window == b"PK\x01\x02");
    let central = central.expect("a directory");
    archive[central + 16..central + 20].copy_from_slice(&checksum);
}
