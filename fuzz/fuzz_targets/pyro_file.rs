//! Any bytes as a `.pyro` file: opened or refused, never a crash. Once as they are, once
//! with right checksums, and once as changes to the tables of a sound file whose checksums are made
//! right again, which lets them reach the Parquet reader and the checks behind it.
#![no_main]

#[path = "../../crates/tables/tests/suite/common/forge.rs"]
mod forge;
mod open;
mod views;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pyrometer_tables::file;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(sound);

fuzz_target!(|bytes: &[u8]| {
    open::open_and_use(bytes);
    let mut repaired = bytes.to_vec();
    forge::repair_checksums(&mut repaired);
    open::open_and_use(&repaired);
    let mut archive = SOUND.clone();
    for change in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % archive.len();
        archive[at] = change[2];
    }
    forge::repair_checksums(&mut archive);
    open::open_and_use(&archive);
});

/// Two functions, two stacks, two samples.
fn sound() -> Vec<u8> {
    let function = |name: &str| Function { name: name.to_owned(), binary: Some(0), ..Function::default() };
    let frame = |row| Frame { function: Some(row), address: Some(4096), binary: Some(0), ..Frame::default() };
    let tables = Tables {
        metrics: vec![Metric::default()],
        processes: vec![Process::default()],
        threads: vec![Thread::default()],
        binaries: vec![Binary::default()],
        functions: vec![function("main"), function("Vec<u8>::push")],
        frames: vec![frame(0), frame(1)],
        stacks: vec![Stack { parent: None, frame: 0 }, Stack { parent: Some(0), frame: 1 }],
        ..Tables::default()
    };
    let sample = |stack| Sample { stack, time: Some(7), value: 3, count: 1, ..Sample::default() };
    let path = std::env::temp_dir().join(format!("pyrometer-fuzz-sound-{}", std::process::id()));
    file::write(&path, &Meta::default(), &tables, &vec![sample(0), sample(1)]).expect("a sound profile");
    let bytes = std::fs::read(&path).expect("what was just written");
    std::fs::remove_file(&path).expect("what was just written");
    bytes
}
