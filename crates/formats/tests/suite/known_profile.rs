//! A profile small enough to be written down, in each format.
//!
//! Thread 1: main → work → hot (inlined) 30 ms, main → work 10 ms.
//! Thread 2: main → `[kernel]` read 5 ms, and 64 bytes allocated there.

use std::io::Read;

use pyrometer_formats::{Error, firefox, folded, pprof, speedscope, svg};
use pyrometer_tables::Profile;
use pyrometer_tables::call_tree::Grouping;
use pyrometer_tables::meta::{Meta, Quality};
use pyrometer_tables::schema::{Binary, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
use pyrometer_tables::select::{Selection, patterns};
use serde_json::Value;

const MS: i64 = 1_000_000;
const START: i64 = 1000 * MS;

fn metric(name: &str, unit: &str) -> Metric {
    Metric { name: name.to_owned(), unit: unit.to_owned(), period: MS, ..Metric::default() }
}

fn thread(tid: i32, name: &str) -> Thread {
    Thread { tid, name: name.to_owned(), start: START, ..Thread::default() }
}

fn binary(path: &str, symbols_from: &str) -> Binary {
    Binary {
        path: path.to_owned(),
        build_id: Some(format!("{:040x}", path.len())),
        symbols_from: symbols_from.to_owned(),
        missing: None,
    }
}

fn function(name: &str, binary: i32) -> Function {
    Function {
        name: name.to_owned(),
        binary: Some(binary),
        file: Some("src/main.rs".into()),
        line: Some(10),
        ..Function::default()
    }
}

fn frame(function: i32, address: i64, inlined: bool, kind: &str) -> Frame {
    Frame {
        function: Some(function),
        line: Some(10 + function),
        address: Some(address),
        binary: Some((kind == "kernel").into()),
        inlined,
        kind: kind.into(),
        ..Frame::default()
    }
}

fn tables() -> Tables {
    let stack = |parent, frame| Stack { parent, frame };
    Tables {
        metrics: vec![metric("cpu-time", "ns"), metric("alloc-bytes", "bytes")],
        processes: vec![Process { pid: 7, name: "known".to_owned(), start: START, ..Process::default() }],
        threads: vec![thread(7, "main"), thread(8, "reader")],
        binaries: vec![binary("/usr/bin/known", "dwarf"), binary("[kernel]", "kallsyms")],
        functions: vec![
            function("main", 0),
            function("work::<[u8; 8]>", 0),
            function("hot", 0),
            function("read", 1),
        ],
        frames: vec![
            frame(0, 0x1000, false, "native"),
            frame(1, 0x2000, false, "native"),
            frame(2, 0x2000, true, "native"),
            frame(3, 0x9000, false, "kernel"),
        ],
        stacks: vec![stack(None, 0), stack(Some(0), 1), stack(Some(1), 2), stack(Some(0), 3)],
        ..Tables::default()
    }
}

fn sample(stack: i32, thread: i32, at: i64, metric: i32, value: i64) -> Sample {
    Sample { stack, thread, time: Some(START + at * MS), cpu: Some(0), metric, value, count: 1 }
}

fn known() -> Profile {
    let meta = Meta {
        creator: "pyrometer 0.1.0".to_owned(),
        command: vec!["known".to_owned(), "--quick".to_owned()],
        start: START,
        start_wall: 1_700_000_000_000_000_000,
        duration: 50 * MS,
        complete: true,
        quality: Quality { samples: 5, lost: 3, truncated: 2, ..Quality::default() },
        ..Meta::default()
    };
    let samples = vec![
        sample(2, 0, 1, 0, 10 * MS),
        sample(2, 0, 2, 0, 20 * MS),
        sample(1, 0, 3, 0, 10 * MS),
        sample(3, 1, 4, 0, 5 * MS),
        sample(3, 1, 4, 1, 64),
    ];
    Profile::from_parts(meta, tables(), samples).expect("a sound profile")
}

fn exported<T>(write: impl FnOnce(&Profile, &Selection, &mut Vec<u8>) -> Result<T, Error>) -> Vec<u8> {
    let mut out = Vec::new();
    write(&known(), &Selection::default(), &mut out).expect("an export");
    out
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn folded_stacks_are_these_lines() {
    let folded = text(exported(|p, s, out| folded::write(p, s, &Grouping::default(), out)));
    let expected = "# pyrometer (samples: 5, lost: 3, truncated: 2)\n\
        main;work::<[u8: 8]> 10000000\n\
        main;work::<[u8: 8]>;hot 30000000\n\
        main;read 5000000\n";
    assert_eq!(folded, expected);
}

#[test]
fn the_picture_says_what_it_shows_and_what_was_lost() {
    let draw = || text(exported(|p, s, out| svg::write(p, s, &svg::Picture::default(), out)));
    let picture = draw();
    for part in ["<svg", "known --quick", "lost: 3", "truncated: 2", "cpu-time — samples"] {
        assert!(picture.contains(part), "{part}");
    }
    for frame in ["main (45,000 µs, 100.00%)", "hot (30,000 µs, 66.67%)", "read (5,000 µs, 11.11%)"] {
        assert!(picture.contains(frame), "{frame}");
    }
    assert_eq!(picture, draw(), "the same profile gives the same bytes");
    assert!(!picture.contains("<script src"), "self-contained");
}

#[test]
fn an_inverted_picture_has_the_leaves_at_its_root() {
    let grouping = Grouping { inverted: true, ..Grouping::default() };
    let picture = svg::Picture { grouping, icicle: true, title: Some("Who is hot?".to_owned()) };
    let drawn = text(exported(|p, s, out| svg::write(p, s, &picture, out)));
    assert!(drawn.contains("Who is hot?"));
    // `main` is below each of the three leaves, and never whole.
    assert!(!drawn.contains("main (45,000 µs"));
    assert!(drawn.contains("main (30,000 µs, 66.67%)"));
}

#[test]
fn nothing_to_draw_is_an_error_with_a_cure() {
    let focus = patterns(&["no such function"]).expect("a pattern");
    let selection = Selection { focus, ..Selection::default() };
    let error = svg::write(&known(), &selection, &svg::Picture::default(), Vec::new());
    let error = error.expect_err("nothing is selected");
    assert_eq!((error.kind(), error.cure().as_str()), ("empty", "widen the selection"));
    assert!(error.to_string().contains("4 were left out"), "{error}");
}

#[test]
fn speedscope_has_a_profile_for_each_thread_and_metric() {
    let json: Value =
        serde_json::from_slice(&exported(|p, s, out| speedscope::write(p, s, out))).expect("JSON");
    assert_eq!(json["$schema"], "https://www.speedscope.app/file-format-schema.json");
    assert!(json["name"].as_str().is_some_and(|name| name.contains("lost: 3")));
    let profiles = json["profiles"].as_array().expect("profiles");
    let shown: Vec<_> = profiles.iter().map(|p| (p["unit"].as_str(), p["endValue"].as_i64())).collect();
    let expected = [("nanoseconds", 40 * MS), ("nanoseconds", 5 * MS), ("bytes", 64)];
    assert_eq!(shown, expected.map(|(unit, end)| (Some(unit), Some(end))));
    // The two samples of `hot` that follow each other are one.
    assert_eq!(profiles[0]["weights"], serde_json::json!([30 * MS, 10 * MS]));
    let names = |stack: &Value| -> Vec<String> {
        let frames = stack.as_array().expect("a stack").iter();
        let frame = |index: &Value| &json["shared"]["frames"][index.as_u64().expect("an index") as usize];
        frames.map(|index| frame(index)["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&profiles[0]["samples"][0]), ["main", "work::<[u8; 8]>", "hot"]);
}

#[test]
fn pprof_has_inlined_lines_in_one_location() {
    let message = pprof::convert(&known(), &Selection::default()).expect("a conversion");
    let text = |index: i64| message.string_table[index as usize].as_str();
    let types: Vec<_> = message.sample_type.iter().map(|t| (text(t.r#type), text(t.unit))).collect();
    let expected = [
        ("cpu-time samples", "count"),
        ("cpu-time", "nanoseconds"),
        ("alloc-bytes samples", "count"),
        ("alloc-bytes", "bytes"),
    ];
    assert_eq!(types, expected);
    let hot = message.sample.iter().find(|sample| sample.value[1] == 30 * MS).expect("two samples");
    assert_eq!(hot.value, [2, 30 * MS, 0, 0]);
    assert_eq!(hot.location_id.len(), 2, "main, and work with hot in it");
    let location = &message.location[hot.location_id[0] as usize - 1];
    let function = |line: &pprof::message::Line| text(message.function[line.function_id as usize - 1].name);
    let lines: Vec<_> = location.line.iter().map(function).collect();
    assert_eq!(lines, ["hot", "work::<[u8; 8]>"]);
    assert_eq!((location.mapping_id, location.address), (1, 0x2000));
    assert_eq!(message.mapping[0].memory_limit, 0x2001);
    assert!(message.comment.iter().any(|comment| text(*comment).contains("truncated: 2")));
    let both = message.sample.iter().find(|sample| sample.value[3] == 64).expect("the allocation");
    assert_eq!(both.value, [1, 5 * MS, 1, 64], "one sample of two metrics");
}

#[test]
fn pprof_is_packed_by_gzip() {
    let bytes = exported(|p, s, out| pprof::write(p, s, out));
    let mut message = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut message).expect("gzip");
    let decoded = <pprof::message::Profile as prost::Message>::decode(&message[..]).expect("protobuf");
    assert_eq!(decoded, pprof::convert(&known(), &Selection::default()).expect("a conversion"));
}

#[test]
fn firefox_has_real_times_and_names() {
    let json: Value = serde_json::from_slice(&exported(|p, s, out| firefox::write(p, s, out))).expect("JSON");
    assert_eq!(json["meta"]["product"], "known --quick");
    let threads = json["threads"].as_array().expect("threads");
    assert_eq!(threads.len(), 2);
    let main = threads.iter().find(|thread| thread["tid"] == "7").expect("the main thread");
    assert_eq!(main["samples"]["length"], 3);
    let json = json.to_string();
    for name in ["hot", "work::<[u8; 8]>", "Recording quality", "lost: 3"] {
        assert!(json.contains(name), "{name}");
    }
}

#[test]
fn firefox_has_the_places_of_frames() {
    let json: Value = serde_json::from_slice(&exported(|p, s, out| firefox::write(p, s, out))).expect("JSON");
    let main = &json["threads"][0];
    let (frames, functions) = (&main["frameTable"], &main["funcTable"]);
    assert_eq!(frames["line"], serde_json::json!([10, 11, 12]));
    assert_eq!(frames["address"], serde_json::json!([0x1000, 0x2000, 0x2000]));
    assert_eq!(frames["inlineDepth"], serde_json::json!([0, 0, 1]));
    // `hot` is inlined into `work`, whose symbol is the second.
    assert_eq!(frames["nativeSymbol"], serde_json::json!([0, 1, 1]));
    assert_eq!(main["nativeSymbols"]["address"], serde_json::json!([0x1000, 0x2000]));
    let text = |index: &Value| main["stringArray"][index.as_u64().expect("an index") as usize].clone();
    assert_eq!(text(&functions["fileName"][0]), "src/main.rs");
    assert_eq!(functions["lineNumber"], serde_json::json!([10, 10, 10]));
    assert_eq!(json["libs"][0]["path"], "/usr/bin/known");
    assert_eq!(json["libs"][0]["codeId"].as_str().map(str::len), Some(40));
}

#[test]
fn a_selection_narrows_every_format() {
    let selection = Selection { threads: vec![1], ..Selection::default() };
    let message = pprof::convert(&known(), &selection).expect("a conversion");
    assert_eq!(message.sample.len(), 1);
    let mut out = Vec::new();
    speedscope::write(&known(), &selection, &mut out).expect("an export");
    let json: Value = serde_json::from_slice(&out).expect("JSON");
    assert_eq!(json["profiles"].as_array().map(Vec::len), Some(2));
}
