//! Recordings of perf: every form of the file gives the same rows, and nothing in it is believed.

mod perf_file;

use std::path::Path;

use perf_file::*;
use proptest::prelude::*;
use pyrometer_sampler::replay::{Error, Options, Part, replay};
use pyrometer_tables::Profile;

const USER: u64 = (-512_i64).cast_unsigned();
const KERNEL: u64 = (-128_i64).cast_unsigned();

fn read_as(bytes: &[u8], lenient: bool) -> Result<Profile, Error> {
    read_all(bytes, &[], lenient)
}

/// Reads a file, and others of records alone.
fn read_all(bytes: &[u8], more: &[Vec<u8>], lenient: bool) -> Result<Profile, Error> {
    let folder = folder();
    let journal = folder.path().join("journal");
    let options = Options { lenient, ..Options::default() };
    let paths: Vec<_> = (0..more.len()).map(|number| format!("data.{number}")).collect();
    let more: Vec<_> =
        paths.iter().zip(more).map(|(path, bytes)| Part { path: path.as_ref(), bytes }).collect();
    replay(Part { path: Path::new("perf.data"), bytes }, &more, &journal, &options, &mut |_, _| true)?;
    Ok(Profile::open(&journal).expect("a journal of ours"))
}

/// In memory where that is to be had: thousands of journals are written here.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().expect("a folder"))
}

fn read(bytes: &[u8]) -> Profile {
    read_as(bytes, false).expect("a whole file")
}

/// Of each sample: time, thread, metric, value, and the addresses of its stack from the root.
type Row = (Option<i64>, i32, String, i64, Vec<String>);

fn rows(profile: &Profile) -> Vec<Row> {
    let tables = profile.tables();
    let mut rows = Vec::new();
    let mut each = |samples: &[pyrometer_tables::schema::Sample]| {
        for sample in samples {
            let mut stack = Vec::new();
            let mut at = Some(sample.stack);
            while let Some(row) = at {
                let node = tables.stacks[row as usize];
                let frame = &tables.frames[node.frame as usize];
                let name = frame.function.map(|row| tables.functions[row as usize].name.clone());
                stack.push(name.unwrap_or_else(|| format!("{:x}", frame.address.unwrap_or(0))));
                at = node.parent;
            }
            stack.reverse();
            let tid = tables.threads[sample.thread as usize].tid;
            let metric = tables.metrics[sample.metric as usize].name.clone();
            rows.push((sample.time, tid, metric, sample.value, stack));
        }
        Ok(())
    };
    profile.for_each_batch(&mut each).expect("readable");
    rows
}

fn row(time: i64, tid: i32, stack: &[&str]) -> Row {
    (Some(time), tid, "cpu-time".into(), 500, stack.iter().map(|address| (*address).to_owned()).collect())
}

/// A process with two threads and a child, and stacks by frame pointers.
fn chains(big: bool) -> Recording {
    let mut recording = Recording::new(big, vec![Event::clock(USUAL | CALLCHAIN)]);
    recording.features = vec![
        (3, recording.bytes().string("host").bytes),
        (6, recording.bytes().string("x86_64").bytes),
        (11, recording.bytes().u32(3).string("perf").string("--").string("prog").bytes),
    ];
    recording.mapped(10, 0x1000, "/nowhere/prog", 0);
    recording.named(10, 10, "prog", 0);
    let fork = recording.bytes().u32(10).u32(10).u32(11).u32(10).u64(3);
    recording.push(7, 0, fork, 3);
    let chained = |time, tid, words: &[u64]| {
        recording.sampled(7, 0x1500, tid, time).u64(words.len() as u64).words(words)
    };
    let (first, second) = (
        chained(9, 11, &[USER, 0x1500, 0x1401]),
        chained(5, 10, &[KERNEL, 0xffff_ffff_8100_0000, USER, 0x1600, 0x1301]),
    );
    recording.sample(first);
    recording.sample(second);
    recording.round();
    let fork = recording.bytes().u32(12).u32(10).u32(12).u32(10).u64(10);
    recording.push(7, 0, fork, 10);
    let third = recording.bytes().words(&[7, 0x1500]).u32(12).u32(12).u64(20).u32(1).u32(0).u64(500);
    let third = third.words(&[2, USER, 0x1500]);
    recording.sample(third);
    let exit = recording.bytes().u32(12).u32(10).u32(12).u32(10).u64(30);
    recording.push(4, 0, exit, 30);
    recording.round();
    recording
}

fn expected() -> Vec<Row> {
    vec![
        row(5, 10, &["1300", "1600", "ffffffff81000000"]),
        row(9, 11, &["1400", "1500"]),
        row(20, 12, &["1500"]),
    ]
}

#[test]
fn a_file_of_either_byte_order_is_in_the_order_of_its_times() {
    for big in [false, true] {
        let profile = read(&chains(big).file());
        assert_eq!(rows(&profile), expected(), "most significant byte first: {big}");
        let tables = profile.tables();
        let names: Vec<_> = tables
            .processes
            .iter()
            .map(|process| (process.name.as_str(), process.pid, process.parent, process.end))
            .collect();
        assert_eq!(names, [("prog", 10, None, None), ("prog", 12, Some(0), Some(30))]);
        assert_eq!(profile.meta.command, ["prog"]);
        assert_eq!(profile.meta.extra["hostname"], "host");
        assert_eq!((profile.meta.start, profile.meta.duration, profile.meta.rate), (3, 27, 1000));
        let binary = tables.binaries.iter().find(|binary| binary.path == "/nowhere/prog").unwrap();
        assert!(binary.missing.as_ref().unwrap().contains("--sysroot"));
    }
}

#[test]
fn attributes_of_every_size_are_read() {
    for size in [64, 72, 80, 96, 104, 112, 120, 128, 136, 144, 400] {
        let recording = Recording { attr_size: size, ..chains(false) };
        assert_eq!(rows(&read(&recording.file())), expected(), "{size} bytes");
        assert_eq!(rows(&read(&recording.pipe())), expected(), "{size} bytes, through a pipe");
    }
}

#[test]
fn what_came_through_a_pipe_is_the_same() {
    for big in [false, true] {
        let profile = read(&chains(big).pipe());
        assert_eq!(rows(&profile), expected());
        assert_eq!(
            (profile.meta.command.as_slice(), profile.meta.host.architecture.as_str()),
            (&["prog".to_owned()][..], "x86_64")
        );
    }
}

#[test]
fn compressed_records_may_be_cut_anywhere() {
    for (kind, piece) in [(81, 1), (81, 7), (81, 100_000), (83, 7), (83, 50)] {
        let mut recording = chains(false);
        recording.records.retain(|record| record[0] != 68);
        recording.compress(kind, piece);
        recording.round();
        assert_eq!(rows(&read(&recording.file())), expected(), "type {kind}, pieces of {piece}");
    }
}

#[test]
fn the_rest_of_a_compressed_record_that_is_missing_is_named() {
    let mut recording = chains(false);
    recording.compress(81, 64);
    recording.records.pop();
    let error = read_as(&recording.file(), false).unwrap_err().to_string();
    assert!(error.contains("expected the rest of a compressed record"), "{error}");
    let profile = read_as(&recording.file(), true).unwrap();
    assert!(!profile.meta.complete && !rows(&profile).is_empty());
}

/// A recording of which each part of the records, all but the first, is in a file of its own.
fn divided(recording: &Recording, parts: usize) -> (Recording, Vec<Recording>) {
    let (first, rest) = recording.records.split_at(2);
    let part = |number| Recording {
        records: rest.iter().skip(number).step_by(parts).cloned().collect(),
        ..recording.clone()
    };
    (Recording { records: first.to_vec(), ..recording.clone() }, (0..parts).map(part).collect())
}

#[test]
fn files_of_several_threads_are_one_recording() {
    for big in [false, true] {
        for parts in 1..6 {
            let (main, mut more) = divided(&chains(big), parts);
            let plain: Vec<_> = more.iter().map(|part| part.records.concat()).collect();
            assert_eq!(rows(&read_all(&main.file(), &plain, false).unwrap()), expected(), "{parts} files");
            // Each is compressed by itself, where rounds are left out.
            more.iter_mut()
                .for_each(|part| part.records.retain(|record| record[if big { 3 } else { 0 }] != 68));
            more.iter_mut().for_each(|part| part.compress(81, 30));
            let packed: Vec<_> = more.iter().map(|part| part.records.concat()).collect();
            assert_eq!(rows(&read_all(&main.file(), &packed, false).unwrap()), expected(), "{parts} packed");
        }
    }
}

#[test]
fn a_file_of_a_thread_that_is_damaged_is_named() {
    let (main, mut more) = divided(&chains(false), 2);
    let mut read = |change: &dyn Fn(&mut Vec<u8>), packed: bool| {
        more[1].records.truncate(3);
        if packed {
            more[1].compress(81, 1000);
        }
        let mut parts: Vec<_> = more.iter().map(|part| part.records.concat()).collect();
        change(&mut parts[1]);
        let profile = read_all(&main.file(), &parts, true).unwrap();
        assert!(!profile.meta.complete && !rows(&profile).is_empty());
        let error = read_all(&main.file(), &parts, false).unwrap_err().to_string();
        (error, parts[1].len())
    };
    let (cut, length) = read(&|part| part.truncate(part.len() - 1), false);
    assert!(cut.starts_with("data.1: byte ") && cut.contains("expected a whole record"), "{cut}");
    let (short, _) = read(&|part| part.extend([9, 0, 0, 0, 2, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0]), false);
    assert!(short.contains(&format!("data.1: byte {}: expected a record of type 9", length + 1)), "{short}");
    let (packed, _) = read(&|part| part[20] ^= 0xff, true);
    assert!(packed.starts_with("data.1: byte 0: expected "), "{packed}");
}

#[test]
fn without_a_call_chain_a_stack_is_its_leaf() {
    let mut recording = Recording::new(false, vec![Event::clock(USUAL)]);
    recording.mapped(10, 0x1000, "/nowhere/prog", 0);
    recording.sample(recording.sampled(7, 0x1234, 10, 5));
    let profile = read(&recording.file());
    assert_eq!(rows(&profile), [row(5, 10, &["1234"])]);
    assert_eq!((profile.meta.quality.truncated, profile.meta.quality.stackless), (0, 0));
}

#[test]
fn samples_without_a_time_have_none() {
    let mut recording = Recording::new(false, vec![Event::clock(USUAL & !TIME)]);
    for (pid, tid) in [(10, 10), (0, 0)] {
        let body = recording.bytes().words(&[7, 0x1234]).u32(pid).u32(tid).u32(1).u32(0).u64(500);
        recording.sample(body);
    }
    let profile = read(&recording.file());
    assert_eq!(rows(&profile).iter().map(|row| row.0).collect::<Vec<_>>(), [None]);
    assert_eq!((profile.meta.start, profile.meta.duration), (0, 0));
    assert!(profile.meta.notes.iter().any(|note| note.contains("1 samples of no process")));
}

#[test]
fn calls_that_the_cpu_remembers_are_the_stack() {
    let event = Event { branch_sample_type: 1 << 11, ..Event::clock(USUAL | CALLCHAIN | BRANCH_STACK) };
    let mut recording = Recording::new(false, vec![event]);
    recording.mapped(10, 0x1000, "/nowhere/prog", 0);
    let body = recording.sampled(7, 0x1500, 10, 5).words(&[2, USER, 0x1500]);
    let branches = body.words(&[2, 0x1400, 0x1500, 0, 0x1300, 0x1400, 0]);
    recording.sample(branches);
    assert_eq!(rows(&read(&recording.file())), [row(5, 10, &["1300", "1400", "1500"])]);
}

#[test]
fn other_branches_are_counted() {
    let mut recording = Recording::new(false, vec![Event::clock(USUAL | BRANCH_STACK)]);
    recording.sample(recording.sampled(7, 0x1500, 10, 5).words(&[1, 0x1400, 0x1500, 0]));
    let profile = read(&recording.file());
    assert_eq!(rows(&profile).len(), 1);
    assert!(profile.meta.notes.iter().any(|note| note.contains("1 branch records of 1 samples")));
}

#[test]
fn stack_copies_of_other_cpus_are_counted_as_truncated() {
    let event = Event { registers: 0x1_ffff_ffff, ..Event::clock(USUAL | REGS_USER | STACK_USER) };
    let mut recording = Recording::new(false, vec![event]);
    recording.features = vec![(6, recording.bytes().string("aarch64").bytes)];
    let body = recording.sampled(7, 0x1500, 10, 5).u64(2).words(&[0; 33]).words(&[16, 1, 2, 16]);
    recording.sample(body);
    let profile = read(&recording.file());
    assert_eq!(rows(&profile)[0].4, ["[truncated stack]", "1500"]);
    assert_eq!(profile.meta.quality.truncated, 1);
    assert!(profile.meta.notes.iter().any(|note| note.contains("not x86-64")));
}

#[test]
fn events_that_are_read_together_are_one_sample_of_each() {
    // nr, then value and id of each.
    let clock = Event { read_format: 4 | 8, ..Event::clock(USUAL | READ) };
    let faults = Event { name: "page-faults", config: 2, id: 8, ..clock.clone() };
    let mut recording = Recording::new(false, vec![clock, faults]);
    for (time, ran, faulted) in [(5, 100, 3), (6, 250, 3), (7, 300, 9)] {
        let body = recording.sampled(7, 0x1500, 10, time).words(&[2, ran, 7, faulted, 8]);
        recording.sample(body);
    }
    let values: Vec<_> =
        rows(&read(&recording.file())).into_iter().map(|row| (row.0.unwrap(), row.2, row.3)).collect();
    let expected = [
        (5, "cpu-time", 100),
        (5, "page-faults", 3),
        (6, "cpu-time", 150),
        (7, "cpu-time", 50),
        (7, "page-faults", 6),
    ];
    assert_eq!(values, expected.map(|(time, metric, value)| (time, metric.to_owned(), value)));
}

#[test]
fn what_was_lost_or_is_not_known_is_counted() {
    let mut recording = chains(false);
    recording.push(2, 0, recording.bytes().words(&[7, 40]), 11);
    recording.push(13, 0, recording.bytes().words(&[2]), 12);
    recording.push(5, 0, recording.bytes().words(&[12, 7, 0]), 13);
    recording.push(6, 0, recording.bytes().words(&[18, 7, 0]), 18);
    recording.push(60, 0, recording.bytes().words(&[1]), 19);
    let unknown = recording.record(99, 0, recording.bytes().u64(1));
    let traced = recording.record(71, 0, recording.bytes().words(&[16, 0, 0, 0]).u32(0).u32(0));
    recording.records.extend([unknown, traced, b"no records at all".to_vec()[..16].to_vec()]);
    let profile = read(&recording.file());
    let quality = &profile.meta.quality;
    assert_eq!(
        (quality.lost_records, quality.lost, quality.throttled, quality.throttled_time),
        (40, 2, 1, 5)
    );
    let notes = profile.meta.notes.join("\n");
    assert!(notes.contains("2 records of unknown types were passed over: 60, 99"), "{notes}");
    assert!(notes.contains("1 records of what the CPU traced"), "{notes}");
    assert_eq!(rows(&profile), expected());
}

#[test]
fn a_file_of_the_first_version_is_refused() {
    let error = read_as(b"PERFFILE________", false).unwrap_err();
    assert!(matches!(error, Error::FirstVersion { .. }), "{error}");
}

#[test]
fn a_file_that_perf_could_not_finish_is_read_when_asked_for() {
    let mut file = chains(false).file();
    file[48..56].fill(0);
    let error = read_as(&file, false).unwrap_err().to_string();
    assert!(error.contains("byte 48") && error.contains("killed"), "{error}");
    // The features at the end are no records, as far as anybody can tell.
    let profile = read_as(&file, true).unwrap();
    assert_eq!(rows(&profile), expected());
    assert!(!profile.meta.complete);
}

#[test]
fn a_file_that_is_cut_anywhere_is_an_error_that_names_the_place() {
    let mut recording = chains(false);
    for (form, whole) in [recording.file(), recording.pipe(), {
        recording.compress(81, 30);
        recording.file()
    }]
    .iter()
    .enumerate()
    {
        for length in 0..whole.len() {
            match read_as(&whole[..length], false) {
                Err(Error::Malformed { offset, .. }) => assert!(offset <= whole.len() as u64),
                Ok(_) if form == 1 => {}
                Ok(profile) => panic!("{length} of {} bytes: {:?}", whole.len(), rows(&profile)),
                Err(error) => panic!("{length}: {error}"),
            }
            let _ = read_as(&whole[..length], true);
        }
    }
}

#[test]
fn absurd_sizes_are_refused() {
    let whole = chains(false).file();
    for at in (8..104).step_by(8) {
        for value in [u64::MAX, u64::MAX - 7, 1 << 40, whole.len() as u64] {
            let mut file = whole.clone();
            file[at..at + 8].copy_from_slice(&value.to_le_bytes());
            let _ = (read_as(&file, false), read_as(&file, true));
        }
    }
    let mut recording = Recording::new(false, vec![Event::clock(USUAL | CALLCHAIN)]);
    recording.sample(recording.sampled(7, 0x1500, 10, 5).u64(u64::MAX / 8));
    let error = read_as(&recording.file(), false).unwrap_err().to_string();
    assert!(error.contains("expected a record of type 9, found too few bytes"), "{error}");
}

#[test]
fn a_fork_bomb_of_mappings_is_bounded() {
    let mut recording = Recording::new(false, vec![Event::clock(USUAL)]);
    for number in 0..4000 {
        recording.mapped(10, 0x1000 * (2 * number + 1), "//anon", 1);
    }
    for pid in 100..4100 {
        let fork = recording.bytes().u32(pid).u32(10).u32(pid).u32(10).u64(2);
        recording.push(7, 0, fork, 2);
    }
    assert_eq!(read(&recording.file()).tables().processes.len(), 4001);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn flipped_bits_are_an_error_or_a_profile(
        flips in proptest::collection::vec((any::<proptest::sample::Index>(), 0u8..8), 1..20),
        form in 0..3,
        lenient in any::<bool>(),
    ) {
        let mut recording = chains(form == 1);
        if form == 2 {
            recording.compress(81, 40);
        }
        let mut bytes = if form == 0 { recording.pipe() } else { recording.file() };
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        let _ = read_as(&bytes, lenient);
    }
}
