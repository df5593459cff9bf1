//! What all readers have in common: files are recognised, unpacked, and refused where they do not fit.

use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use pyrometer_formats::Error;
use pyrometer_formats::read::{self, FORMATS, Input, Options, by_name, read, recognise};
use pyrometer_tables::Profile;

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn read_bytes(bytes: &[u8], format: Option<&str>, lenient: bool) -> Result<Profile, Error> {
    let options = Options { format: format.map(|name| by_name(name).unwrap()), lenient };
    read::read_bytes("file".as_ref(), bytes, &options)
}

/// Folded stacks of a profile: names from the root, and the sum of the first metric.
fn folded(profile: &Profile) -> Vec<String> {
    let mut out = Vec::new();
    pyrometer_formats::folded::write(profile, &Default::default(), &Default::default(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let mut lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    lines.sort();
    lines
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn folded_stacks_become_stacks() {
    let profile = read_bytes(b"# made by hand\na;b 3\r\na 4\na;b 2\n", None, false).unwrap();
    assert_eq!(folded(&profile), ["a 4", "a;b 5"]);
    assert_eq!(profile.meta.source, "folded");
}

#[test]
fn packed_files_are_unpacked() {
    let text = b"main;work 12\nmain 1\n";
    let plain = folded(&read_bytes(text, None, false).unwrap());
    assert_eq!(folded(&read_bytes(&gzip(text), None, false).unwrap()), plain);
    assert_eq!(folded(&read_bytes(&zstd::encode_all(&text[..], 3).unwrap(), None, false).unwrap()), plain);
}

#[test]
fn files_that_are_read_together_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [file(folder.path(), "1", b"a;b 1\n"), file(folder.path(), "2", b"a;b 2\na 5\n")];
    let profile = read(&paths, &Options::default(), &mut |_, _| true).unwrap();
    assert_eq!(folded(&profile), ["a 5", "a;b 3"]);
}

#[test]
fn files_that_are_read_together_are_one_recording_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let text = |time: &str| format!("work 7/7 {time}: 1000 cpu-clock: \n\t1000 main (/bin/work)\n\n");
    let first = file(folder.path(), "1", (text("2.500000") + &text("3.000000")).as_bytes());
    let second = file(folder.path(), "2", (text("5.000000") + &text("6.000000")).as_bytes());
    for paths in [[first.clone(), second.clone()], [second, first]] {
        let meta = read(&paths, &Options::default(), &mut |_, _| true).unwrap().meta;
        assert_eq!((meta.start, meta.duration), (2_500_000_000, 3_500_000_000));
    }
}

#[test]
fn a_process_is_called_like_its_main_thread_whichever_comes_first() {
    let profile = |name: &str, tid: u32| {
        let name = format!("{name} (pid 7, tid {tid}): time");
        format!(
            r#"{{"type":"sampled","name":"{name}","unit":"none","startValue":0,"endValue":1,"samples":[[0]],"weights":[1]}}"#
        )
    };
    let profiles = [profile("worker", 8), profile("program", 7), profile("other", 9)].join(",");
    let schema = "https://www.speedscope.app/file-format-schema.json";
    let text =
        format!(r#"{{"$schema":"{schema}","shared":{{"frames":[{{"name":"f"}}]}},"profiles":[{profiles}]}}"#);
    let profile = read_bytes(text.as_bytes(), None, false).unwrap();
    let names: Vec<_> = profile.tables().processes.iter().map(|process| process.name.as_str()).collect();
    assert_eq!(names, ["program"]);
}

#[test]
fn of_profiles_that_are_read_together_the_first_begin_and_the_longest_duration_count() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name, start_wall, duration| {
        let mut profile = read_bytes(b"main 5\n", None, false).unwrap();
        (profile.meta.start_wall, profile.meta.duration) = (start_wall, duration);
        let mut out = Vec::new();
        pyrometer_formats::pprof::write(&profile, &Default::default(), &mut out).unwrap();
        file(folder.path(), name, &out)
    };
    let paths = [written("1", 1_000, 50), written("2", 2_000, 20), written("3", 0, 0)];
    let meta = read(&paths, &Options::default(), &mut |_, _| true).unwrap().meta;
    assert_eq!((meta.start_wall, meta.duration), (1_000, 50));
}

#[test]
fn what_does_not_fit_is_named_with_its_place() {
    let error = read_bytes(b"a;b 3\nno number\n", Some("folded"), false).unwrap_err();
    let said = error.to_string();
    assert!(said.ends_with("line 2 (byte 6): expected `frame;frame NUMBER`, found `no number`"), "{said}");
}

#[test]
fn a_lenient_reading_says_what_it_left_out() {
    let profile = read_bytes(b"a;b 3\nno number\n", Some("folded"), true).unwrap();
    assert_eq!(folded(&profile), ["a;b 3"]);
    assert!(!profile.meta.complete);
    assert!(
        profile.meta.notes[0].contains("1 things that do not fit were left out"),
        "{:?}",
        profile.meta.notes
    );
}

#[test]
fn a_zip_bomb_is_refused() {
    let bomb = gzip(&vec![b'\n'; 1 << 22]).repeat(200);
    let error = read_bytes(&bomb, Some("folded"), false).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[test]
fn a_cut_archive_is_refused() {
    let text: Vec<u8> = (0..20_000).flat_map(|at| format!("a;b{at} {at}\n").into_bytes()).collect();
    for packed in [gzip(&text), zstd::encode_all(&text[..], 3).unwrap()] {
        let error = read_bytes(&packed[..packed.len() - 20], None, false).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }
}

#[test]
fn whoever_watches_can_stop_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "file", b"a;b 3\n");
    let error = read(&[path], &Options::default(), &mut |_, _| false).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}

#[test]
fn a_stack_a_million_deep_is_read() {
    let mut text = b"f;".repeat(1_000_000);
    text.extend_from_slice(b"leaf 1\n");
    let profile = read_bytes(&text, None, false).unwrap();
    assert_eq!(profile.tables().stacks.len(), 1_000_001);
}

#[test]
fn format_names_are_unique_and_sorted() {
    let names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
    assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), lenient: bool) {
        for format in FORMATS {
            drop(read_bytes(&bytes, Some(format.name), lenient));
        }
    }

    #[test]
    fn what_is_written_as_folded_stacks_is_read_as_they_were(
        stacks in proptest::collection::btree_map("[a-z]{1,3}(;[a-z]{1,3}){0,4}", 1..1000_i64, 1..30)
    ) {
        let lines: Vec<_> = stacks.iter().map(|(stack, value)| format!("{stack} {value}")).collect();
        let profile = read_bytes((lines.join("\n") + "\n").as_bytes(), None, false).unwrap();
        let mut sorted = lines;
        sorted.sort();
        prop_assert_eq!(folded(&profile), sorted);
    }
}

#[test]
fn a_file_is_recognised_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    for (bytes, expected) in
        [(&b"a;b 3\n"[..], Some("folded")), (b"hello world\n", None), (b"\0\x01\x02 3\n", None)]
    {
        let path = file(folder.path(), "any.name", bytes);
        let mut watch = |_, _| true;
        let input = Input::open(&path, &mut watch).unwrap();
        assert_eq!(recognise(&input).ok().map(|format| format.name), expected);
    }
}
