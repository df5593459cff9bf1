//! Tables that are wrong but carry right checksums: refused or read, never a crash.

mod common;
#[path = "common/forge.rs"]
mod forge;

use std::fs;

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
