//! Files of Valgrind's tools, in and out. The fixtures were recorded: `tests/fixtures/valgrind/README`.
#![allow(clippy::type_complexity)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;
use pyrometer_formats::read::{self, Input, Options, by_name, recognise};
use pyrometer_formats::{Error, LeftOut, cachegrind, callgrind, dhat};
use pyrometer_tables::Profile;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Event, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};

const FIXTURES: [(&str, &str); 5] = [
    ("cachegrind.out", "cachegrind"),
    ("callgrind.out", "callgrind"),
    ("callgrind.parts", "callgrind"),
    ("dhat.heap.json", "dhat"),
    ("massif.out", "massif"),
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/valgrind");
    std::fs::read(folder.join(name)).unwrap()
}

fn read_as(format: &str, bytes: &[u8], lenient: bool) -> Result<Profile, Error> {
    read::read_bytes("file".as_ref(), bytes, &Options { format: by_name(format), lenient })
}

fn recorded(name: &str) -> Profile {
    read::read_bytes(name.as_ref(), &fixture(name), &Options::default()).unwrap()
}

fn callgrind_of(text: &str) -> Profile {
    read_as("callgrind", text.as_bytes(), false).unwrap()
}

type Write = fn(&Profile, &mut Vec<u8>) -> pyrometer_formats::Result<LeftOut>;
const WRITERS: [(&str, Write); 3] = [
    ("callgrind", |profile, out| callgrind::write(profile, &Default::default(), out)),
    ("cachegrind", |profile, out| cachegrind::write(profile, &Default::default(), out)),
    ("dhat", |profile, out| dhat::write(profile, &Default::default(), out)),
];

fn written(format: &str, profile: &Profile) -> (Vec<u8>, LeftOut) {
    let mut out = Vec::new();
    let (_, write) = WRITERS.iter().find(|(name, _)| *name == format).unwrap();
    let left_out = write(profile, &mut out).unwrap();
    (out, left_out)
}

/// A frame: binary, function, file of the function, file, line, column, address, whether it is inlined.
fn frame(tables: &Tables, row: i32) -> String {
    let frame = &tables.frames[row as usize];
    let function = frame.function.map(|row| &tables.functions[row as usize]);
    let name = function.map_or("?", |function| &function.name);
    let binary = frame.binary.or(function.and_then(|function| function.binary));
    let binary = binary.map_or("?", |row| &tables.binaries[row as usize].path);
    let own = function.and_then(|function| function.file.clone());
    format!(
        "{binary} {name} {own:?} {:?} {:?} {:?} {:x?} {}",
        frame.file, frame.line, frame.column, frame.address, frame.inlined
    )
}

fn stack(tables: &Tables, row: i32) -> Vec<String> {
    let mut frames = Vec::new();
    let mut node = Some(row);
    while let Some(row) = node {
        frames.push(frame(tables, tables.stacks[row as usize].frame));
        node = tables.stacks[row as usize].parent;
    }
    frames
}

/// All that is counted: by metric and stack, innermost frame first.
fn costs(profile: &Profile) -> BTreeMap<(String, Vec<String>), i64> {
    let tables = profile.tables();
    let mut costs = BTreeMap::new();
    profile
        .for_each_batch(|samples| {
            for sample in samples {
                let metric = tables.metrics[sample.metric as usize].name.clone();
                *costs.entry((metric, stack(tables, sample.stack))).or_default() += sample.value;
            }
            Ok(())
        })
        .unwrap();
    costs
}

type Edge = (String, String, String, Option<i32>);

/// Calls: count and inclusive value by metric, caller, callee and line.
fn calls(profile: &Profile) -> BTreeMap<Edge, (i64, i64)> {
    let tables = profile.tables();
    let named = |row: i32| {
        let function = &tables.functions[row as usize];
        let binary = function.binary.map_or("?", |row| &tables.binaries[row as usize].path);
        format!("{binary} {} {:?}", function.name, function.file)
    };
    let mut calls = BTreeMap::new();
    for call in &tables.calls {
        let metric = tables.metrics[call.metric as usize].name.clone();
        let sum: &mut (i64, i64) =
            calls.entry((metric, named(call.caller), named(call.callee), call.line)).or_default();
        *sum = (sum.0 + call.count, sum.1 + call.inclusive);
    }
    calls
}

/// Sum of a metric by function.
fn by_function(profile: &Profile, metric: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for ((name, stack), value) in costs(profile) {
        if name == metric {
            *sums.entry(stack[0].split(' ').nth(1).unwrap().to_owned()).or_default() += value;
        }
    }
    sums
}

fn sum(profile: &Profile, metric: &str) -> i64 {
    costs(profile).iter().filter(|((name, _), _)| name == metric).map(|(_, value)| value).sum()
}

fn sums<const N: usize>(pairs: [(&str, i64); N]) -> BTreeMap<String, i64> {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

#[test]
fn each_file_is_recognised_by_its_content() {
    for (name, format) in FIXTURES {
        let bytes = fixture(name);
        let input = Input::of_bytes(name.as_ref(), &bytes).unwrap();
        assert_eq!(recognise(&input).unwrap().name, format, "{name}");
    }
}

#[test]
fn cachegrind_counts_by_file_function_and_line() {
    let profile = recorded("cachegrind.out");
    // `work` has code of two files.
    let tables = profile.tables();
    let places: Vec<_> = tables.frames.iter().map(|frame| (frame.file.as_deref(), frame.line)).collect();
    assert_eq!(
        places[3..],
        [(Some("/src/tiny.c"), Some(2)), (Some("/src/tiny.c"), Some(3)), (Some("/src/tiny.h"), Some(1))]
    );
    assert_eq!((sum(&profile, "Ir"), sum(&profile, "Bcm"), sum(&profile, "Bi")), (3488, 49, 0));
    assert_eq!(profile.meta.command, ["./tiny"]);
    let described = profile.meta.extra["descriptions"].as_array().unwrap();
    assert!(described[0].as_str().unwrap().starts_with("I1 cache:"), "{described:?}");
    assert!(tables.metrics.iter().all(|metric| metric.kind == "exact" && metric.unit == "count"));
}

#[test]
fn callgrind_counts_by_function_and_calls() {
    let profile = recorded("callgrind.parts");
    assert_eq!(
        by_function(&profile, "Ir"),
        sums([("(below", 7), ("fib", 18), ("fib'2", 2545), ("work", 907)])
    );
    let calls = calls(&profile);
    let inner = calls
        .iter()
        .filter(|((_, caller, callee, _), _)| caller.contains("fib'2") && callee.contains("fib'2"));
    assert_eq!(inner.map(|(_, sum)| *sum).collect::<Vec<_>>(), [(174, 11_687)]);
    let of_work = calls.iter().find(|((_, _, callee, _), _)| callee.contains("work")).unwrap();
    assert_eq!((of_work.0.3, *of_work.1), (Some(6), (1, 907)));
    let profile = recorded("callgrind.out");
    assert!(profile.meta.notes.iter().any(|note| note.contains("jumps")), "{:?}", profile.meta.notes);
    let frame = &profile.tables().frames[0];
    assert!(frame.address.is_some() && frame.binary == Some(0) && frame.line.is_some());
}

#[test]
fn both_spellings_of_jumps_are_read_over() {
    let head = "events: Ir\nfl=a.c\nfn=f\n";
    for jump in ["jcnd=3/4 9", "jcnd=4 3 9", "jump=3 9", "jfi=(1) b.c\njfn=(1) g\njump=3 +9 "] {
        let profile = callgrind_of(&format!("{head}5 7\n{jump}\n* \n+1 8\nfi=b.c\n* 1\n"));
        assert_eq!(sum(&profile, "Ir"), 16, "{jump}");
        assert_eq!(profile.meta.notes, ["1 jumps between lines of the file were not kept."]);
    }
}

#[test]
fn threads_and_derived_events_are_kept() {
    let text = "# callgrind format\nversion: 1\ncreator: other\npid: 9\ncmd: a/b c\nthread: 1\n\
                event: Sum = Ir + 2 Dr : Both\nevent: Dr : Reads of data [bytes]\nevents: Ir Dr\nfl=f\nfn=g\n1 2 3\n\
                pid: 9\nthread: 2\nevents: Ir Dr\nfl=f\nfn=g\n1 20\n";
    let profile = callgrind_of(text);
    let tables = profile.tables();
    assert_eq!(tables.threads.iter().map(|thread| thread.tid).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((tables.processes[0].pid, &tables.processes[0].command_line[..]), (9, "a/b c"));
    assert_eq!((tables.stacks.len(), profile.sample_count()), (1, 3));
    assert_eq!((&tables.metrics[1].unit[..], &tables.metrics[1].description[..]), ("bytes", "Reads of data"));
    assert_eq!(profile.meta.extra["derived_metrics"]["Sum"], "Ir + 2 Dr");
}

#[test]
fn what_other_tools_write_for_kcachegrind_is_read() {
    let xdebug = "version: 1\ncreator: xdebug 3.1.2 (PHP 8.1)\ncmd: /a.php\npart: 1\npositions: line\n\n\
                  events: Time_(10ns) Memory_(bytes)\n\nfl=(1) php:internal\nfn=(1) php::strlen\n3 10 -8\n\n\
                  fl=(2) /a.php\nfn=(2) {main}\n\nsummary: 35 100\n\n0 25 108\ncfl=(1)\ncfn=(1)\ncalls=1 0 0\n3 10 -8\n\n";
    let profile = callgrind_of(xdebug);
    assert_eq!((sum(&profile, "Time_(10ns)"), sum(&profile, "Memory_(bytes)")), (35, 100));
    assert_eq!(profile.tables().metrics[1].unit, "bytes");
    assert_eq!(calls(&profile).len(), 2);
    assert!(profile.meta.notes.is_empty(), "{:?}", profile.meta.notes);
}

#[test]
fn sums_that_do_not_fit_are_errors() {
    let changed = |name: &str, from: &str, to: &str| {
        let text = String::from_utf8(fixture(name)).unwrap();
        assert!(text.contains(from));
        read::read_bytes(name.as_ref(), text.replacen(from, to, 1).as_bytes(), &Options::default())
    };
    let error = changed("cachegrind.out", "2 2563", "2 2564").unwrap_err().to_string();
    assert!(error.contains("expected the sum of all counts, 3489 3 3"), "{error}");
    let error = changed("callgrind.parts", "2 2110", "2 2111").unwrap_err().to_string();
    assert!(error.contains("expected the sum of all counts, found `totals: 2570`"), "{error}");
    let error = changed("callgrind.out", "\ntotals:", "\n#").unwrap_err().to_string();
    assert!(error.contains("expected a line `totals:` at the end of the part"), "{error}");
}

#[test]
fn dhat_has_a_metric_for_each_number() {
    let profile = recorded("dhat.heap.json");
    let found = [
        "alloc-bytes",
        "alloc-blocks",
        "peak-bytes",
        "peak-blocks",
        "exit-bytes",
        "exit-blocks",
        "read-bytes",
        "written-bytes",
    ]
    .map(|metric| sum(&profile, metric));
    // What DHAT itself said: totals, at its maximum, at the end, reads and writes.
    assert_eq!(found, [13_408, 15, 8_272, 3, 540, 6, 128_632, 69_589]);
    assert_eq!((sum(&profile, "never-read-bytes"), sum(&profile, "never-written-blocks")), (1000, 0));
    assert!(profile.meta.notes[0].contains("max-bytes"), "{:?}", profile.meta.notes);
    let costs = costs(&profile);
    let (_, stack) = costs.keys().find(|(_, stack)| stack.len() == 7).unwrap();
    let inlined: Vec<_> = stack.iter().map(|frame| frame.ends_with("true")).collect();
    assert_eq!(inlined, [false, true, false, false, true, false, false]);
    assert_eq!(stack[6], "? main None Some(\"p.c\") Some(26) None Some(1092c6) false");
    let events: Vec<&Event> = profile.tables().events.iter().collect();
    assert_eq!((events.len(), &events[0].name[..]), (3, "access-histogram"));
    assert!(events[2].payload.contains("[[3,0],[1,5],[96,0]]"), "{}", events[2].payload);
}

#[test]
fn the_crate_dhat_writes_return_addresses() {
    let text = r#"{"dhatFileVersion":2,"mode":"rust-heap","verb":"Allocated","bklt":true,"bkacc":false,"tu":"µs","Mtu":"s",
        "tuth":10,"cmd":"a","pid":3,"te":9,"tg":4,"pps":[{"tb":8,"tbk":1,"tl":5,"mb":8,"mbk":1,"gb":8,"gbk":1,"eb":0,
        "ebk":0,"fs":[1,2]}],"ftbl":["[root]","0x11: a::f (src/a.rs:3:7)","0x21: a::main (src/a.rs:9:1)"]}"#;
    let profile = read_as("dhat", text.as_bytes(), false).unwrap();
    assert!(profile.meta.notes.is_empty());
    let frame = &profile.tables().frames[1];
    assert_eq!((frame.address, frame.line, frame.column), (Some(0x10), Some(3), Some(7)));
    let about =
        &profile.tables().metrics.iter().find(|metric| metric.name == "lifetime").unwrap().description;
    assert!(about.contains("µs"), "{about}");
}

#[test]
fn histograms_that_wrapped_are_marked() {
    let text = r#"{"dhatFileVersion":2,"mode":"heap","verb":"Allocated","bklt":false,"bkacc":true,"tu":"instrs","Mtu":"M",
        "cmd":"a","pid":3,"te":9,"pps":[{"tb":1,"tbk":1,"rb":100000,"wb":0,"acc":[34464],"fs":[0]}],"ftbl":["[root]"]}"#;
    let profile = read_as("dhat", text.as_bytes(), false).unwrap();
    assert!(profile.meta.notes[0].starts_with("1 of 1 access histograms"), "{:?}", profile.meta.notes);
    assert!(profile.tables().events[0].payload.contains("\"wrapped\":true"));
}

#[test]
fn massif_gives_time_series_and_trees() {
    let profile = recorded("massif.out");
    let tables = profile.tables();
    let series = |name: &str| tables.counters.iter().filter(|counter| counter.name == name).count();
    assert_eq!((series("heap-bytes"), series("heap-extra-bytes"), series("stacks-bytes")), (26, 26, 26));
    assert_eq!(tables.metrics[0].name, "peak-bytes");
    let peak = tables
        .counters
        .iter()
        .filter(|counter| counter.name == "heap-bytes")
        .map(|counter| counter.value as i64);
    assert_eq!(sum(&profile, "peak-bytes"), peak.max().unwrap());
    assert!(profile.meta.notes[0].contains("instructions executed"), "{:?}", profile.meta.notes);
    assert!(costs(&profile).keys().any(|(_, stack)| stack.last().unwrap().contains("main")));
    let below = costs(&recorded("massif.out"))
        .keys()
        .any(|(_, stack)| stack.last().unwrap().contains("below threshold"));
    assert_eq!(below, String::from_utf8(fixture("massif.out")).unwrap().contains("n0: 40 in "));
}

#[test]
fn the_last_tree_of_massif_is_what_was_live_at_the_end() {
    let text = "desc: (none)\ncmd: a\ntime_unit: ms\n#-----------\nsnapshot=0\ntime=2\nmem_heap_B=70\n\
                mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree=peak\nn3: 70 (heap allocation functions) malloc\n \
                n1: 40 0x10: f (a.c:1)\n  n0: 30 0x20: (below main) (in /lib/x.so)\n n0: 20 0x30: ???\n n0: 10 in 2 \
                places, all below massif's threshold (1.00%)\n";
    let profile = read_as("massif", text.as_bytes(), false).unwrap();
    let found: Vec<_> = costs(&profile)
        .into_iter()
        .map(|((metric, stack), value)| {
            let names: Vec<_> =
                stack.iter().map(|frame| frame.split(" None").next().unwrap().to_owned()).collect();
            (metric, names.join(";"), value)
        })
        .collect();
    let expected =
        [("? ???", 20), ("? [below threshold]", 10), ("? f", 10), ("? f;/lib/x.so (below main)", 30)];
    for metric in ["peak-bytes", "exit-bytes"] {
        let found: Vec<_> = found
            .iter()
            .filter(|(name, ..)| name == metric)
            .map(|(_, stack, value)| (&stack[..], *value))
            .collect();
        assert_eq!(found, expected);
    }
    assert_eq!(profile.tables().counters[0].time, 2_000_000);
}

#[test]
fn a_tree_that_does_not_add_up_is_refused() {
    let head = "cmd: a\ntime_unit: i\nsnapshot=0\ntime=2\nmem_heap_B=70\nheap_tree=peak\n";
    for tree in
        ["n1: 70 (heap)\n n0: 71 f\n", "n2: 70 (heap)\n n0: 1 f\n", "n1: 70 (heap)\n  n0: 1 f\n", "x\n"]
    {
        assert!(read_as("massif", format!("{head}{tree}").as_bytes(), false).is_err(), "{tree}");
    }
}

#[test]
fn callgrind_and_cachegrind_files_lose_nothing_on_their_way_through() {
    for (name, format) in &FIXTURES[..3] {
        let before = recorded(name);
        let (text, left_out) = written(format, &before);
        let after = read_as(format, &text, false).unwrap();
        assert_eq!(costs(&after), costs(&before), "{name}");
        assert_eq!(calls(&after), calls(&before), "{name}");
        assert_eq!(after.tables().metrics, before.tables().metrics, "{name}");
        assert_eq!(after.meta.command, before.meta.command, "{name}");
        assert!(left_out.is_empty(), "{name}: {left_out:?}");
    }
}

#[test]
fn dhat_files_lose_nothing_on_their_way_through() {
    let before = recorded("dhat.heap.json");
    let (text, left_out) = written("dhat", &before);
    let after = read_as("dhat", &text, false).unwrap();
    assert_eq!(costs(&after), costs(&before));
    assert_eq!(after.meta.extra, before.meta.extra);
    let events = |profile: &Profile| -> Vec<_> {
        let tables = profile.tables();
        tables
            .events
            .iter()
            .map(|event| (stack(tables, event.stack.unwrap()), event.payload.clone()))
            .collect()
    };
    assert_eq!(events(&after).len(), 3);
    assert!(events(&before).iter().all(|event| events(&after).contains(event)));
    assert!(left_out.is_empty(), "{left_out:?}");
}

/// A profile of stacks: names from the root, and a value of each.
fn of_stacks(stacks: &[(&[&str], i64)]) -> Profile {
    let mut tables = Tables {
        metrics: vec![Metric {
            name: "cpu-time".into(),
            unit: "ns".into(),
            kind: "sampled".into(),
            ..Metric::default()
        }],
        processes: vec![Process { pid: 5, ..Process::default() }],
        threads: vec![Thread { tid: 5, ..Thread::default() }],
        ..Tables::default()
    };
    let mut samples = Vec::new();
    for (names, value) in stacks {
        let mut parent = None;
        for name in *names {
            let known = tables.functions.iter().position(|function| function.name == *name);
            let row = known.unwrap_or_else(|| {
                let file = Some("a.c".to_owned());
                tables.functions.push(Function {
                    name: (*name).into(),
                    file: file.clone(),
                    ..Function::default()
                });
                let function = Some(tables.functions.len() as i32 - 1);
                tables.frames.push(Frame {
                    function,
                    file,
                    line: Some(7),
                    kind: "native".into(),
                    ..Frame::default()
                });
                tables.frames.len() - 1
            });
            let node = Stack { parent, frame: row as i32 };
            let known = tables.stacks.iter().position(|stack| *stack == node);
            parent = Some(known.unwrap_or_else(|| {
                tables.stacks.push(node);
                tables.stacks.len() - 1
            }) as i32);
        }
        samples.push(Sample { stack: parent.unwrap(), value: *value, count: 1, ..Sample::default() });
    }
    Profile::from_parts(Meta::default(), tables, samples).unwrap()
}

#[test]
fn stacks_become_calls_that_count_recursion_once() {
    let profile = of_stacks(&[(&["main", "f", "f", "f", "g"], 10), (&["main", "f"], 5), (&["main", "g"], 3)]);
    let (text, left_out) = written("callgrind", &profile);
    let read = read_as("callgrind", &text, false).unwrap();
    assert_eq!(by_function(&read, "cpu-time"), sums([("f", 5), ("g", 13)]));
    let found: BTreeMap<_, _> = calls(&read)
        .into_iter()
        .map(|((_, caller, callee, line), sum)| {
            let name = |text: &str| text.split(' ').nth(1).unwrap().to_owned();
            assert_eq!(line, Some(7));
            (name(&caller) + " " + &name(&callee), sum)
        })
        .collect();
    let expected = [("f f", (1, 10)), ("f g", (1, 10)), ("main f", (2, 15)), ("main g", (1, 3))];
    assert_eq!(found, expected.map(|(name, sum)| (name.to_owned(), sum)).into());
    assert_eq!(left_out, ["whole stacks (calls are kept, counted in samples)"]);
    assert_eq!(read.tables().metrics[0].unit, "ns");
}

#[test]
fn any_metric_becomes_ad_hoc_events_of_dhat() {
    let profile = of_stacks(&[(&["main", "f"], 5), (&["main"], 3)]);
    let (text, _) = written("dhat", &profile);
    let read = read_as("dhat", &text, false).unwrap();
    assert_eq!((sum(&read, "units"), sum(&read, "events")), (8, 2));
    assert_eq!(read.meta.instrument, "ad-hoc");
    assert_eq!(read.meta.extra["dhat"]["bu"], "cpu-time");
}

#[test]
fn no_writer_needs_samples() {
    let profile = Profile::from_parts(Meta::default(), Tables::default(), Vec::new());
    let tables = Tables { metrics: vec![Metric::default()], ..Tables::default() };
    drop(profile);
    let profile = Profile::from_parts(Meta::default(), tables, Vec::new()).unwrap();
    for (format, _) in WRITERS {
        written(format, &profile);
    }
}

#[test]
fn damaged_files_are_refused_or_read_never_half() {
    for (name, format) in FIXTURES {
        let bytes = fixture(name);
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            if let Ok(profile) = read_as(format, cut, false) {
                // What ends between two parts or snapshots could have been all.
                assert!(!costs(&profile).is_empty() || format == "massif", "{name} cut at {end}");
            }
            drop(read_as(format, cut, true));
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let strict = read_as(format, &flipped, false).is_ok();
            assert!(!strict || read_as(format, &flipped, true).is_ok(), "{name} flipped at {at}");
        }
    }
}

#[test]
fn hostile_files_end_in_an_error() {
    let long = "x".repeat(1 << 20);
    let many_files = format!("events: Ir\nfl={long}\nfn=f\n")
        + &(0..2000).map(|line| format!("{line} 1\n")).collect::<String>();
    let many_events = format!("events: {}\n", "e ".repeat(100_000));
    for text in [
        &many_files,
        &many_events,
        "events: Ir\nfn=(18446744073709551616) f\n1 1\n",
        "events: Ir\nfl=(9)\nfn=f\n",
    ] {
        let error = read_as("callgrind", text.as_bytes(), false).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. } | Error::TooLarge { .. }), "{error}");
    }
}

/// A line of counts as the format may write it: function, file, line, values.
type Line = (u8, u8, u32, Vec<i64>);

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let values = proptest::collection::vec(0..1_000_000_i64, 0..4);
    proptest::collection::vec((0..4_u8, 0..4_u8, 0..300_u32, values), 0..60)
}

/// The text, with names by number and lines by difference where a coin says so.
fn callgrind_text(lines: &[Line], coins: &[bool]) -> String {
    let mut text = "events: A B C\n".to_owned();
    let (mut named, mut last) = ([false; 8], 0);
    let mut name = |kind: usize, at: u8, compressed: bool| {
        let place = kind * 4 + usize::from(at);
        let known = named[place];
        named[place] |= compressed;
        match (compressed, known) {
            (false, _) => format!("n{place}"),
            (true, false) => format!("({at}) n{place}"),
            (true, true) => format!("({at})"),
        }
    };
    for ((function, file, line, values), coin) in lines.iter().zip(coins.iter().cycle()) {
        text += &format!("fl={}\nfn={}\n", name(0, function % 2, *coin), name(1, *function, !*coin));
        text += &format!("fi={}\n", name(0, *file, true));
        text += &match line.cmp(&last) {
            _ if !coin => line.to_string(),
            std::cmp::Ordering::Less => format!("-{}", last - line),
            std::cmp::Ordering::Equal => "*".to_owned(),
            std::cmp::Ordering::Greater => format!("+{}", line - last),
        };
        last = *line;
        values.iter().for_each(|value| text += &format!(" {value}"));
        text += "\n";
    }
    text
}

proptest! {
    #[test]
    fn lines_in_any_order_make_no_reader_panic(
        which in 0..FIXTURES.len(), order in proptest::collection::vec(any::<prop::sample::Index>(), 1..80)
    ) {
        let (name, format) = FIXTURES[which];
        let bytes = fixture(name);
        let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let shuffled: Vec<u8> = order.iter().flat_map(|at| at.get(&lines).iter().copied()).collect();
        let mut headed = lines[..lines.len().min(20)].concat();
        headed.extend_from_slice(&shuffled);
        for bytes in [shuffled, headed] {
            let strict = read_as(format, &bytes, false).is_ok();
            let lenient = read_as(format, &bytes, true);
            prop_assert!(!strict || lenient.is_ok());
            if let Ok(profile) = lenient {
                for (format, _) in WRITERS.iter().filter(|_| !profile.tables().metrics.is_empty()) {
                    let again = read_as(format, &written(format, &profile).0, false);
                    prop_assert!(again.is_ok(), "{}", again.unwrap_err());
                }
            }
        }
    }

    #[test]
    fn whatever_is_written_in_callgrinds_format_is_added_up(
        lines in lines(), coins in proptest::collection::vec(any::<bool>(), 1..9)
    ) {
        let profile = callgrind_of(&callgrind_text(&lines, &coins));
        let mut expected = BTreeMap::new();
        for (function, file, line, values) in &lines {
            for (metric, value) in ["A", "B", "C"].iter().zip(values).filter(|(_, value)| **value != 0) {
                let line = Some(*line as i32).filter(|line| *line > 0);
                let frame = format!(
                    "? n{} {:?} {:?} {line:?} None None false",
                    4 + function, Some(format!("n{}", function % 2)), Some(format!("n{file}"))
                );
                *expected.entry(((*metric).to_owned(), vec![frame])).or_insert(0) += value;
            }
        }
        prop_assert_eq!(costs(&profile), expected.clone());
        let (text, _) = written("callgrind", &profile);
        prop_assert_eq!(costs(&read_as("callgrind", &text, false).unwrap()), expected);
    }

    #[test]
    fn stacks_keep_their_sums_in_every_format(
        paths in proptest::collection::vec((proptest::collection::vec(0..5_usize, 1..8), 1..1000_i64), 1..20)
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let paths: Vec<(Vec<&str>, i64)> =
            paths.into_iter().map(|(path, value)| (path.into_iter().map(|at| names[at]).collect(), value)).collect();
        let stacks: Vec<_> = paths.iter().map(|(path, value)| (&path[..], *value)).collect();
        let profile = of_stacks(&stacks);
        let mut own: BTreeMap<String, i64> = BTreeMap::new();
        let mut edges: BTreeMap<String, i64> = BTreeMap::new();
        for (path, value) in &paths {
            *own.entry((*path.last().unwrap()).to_owned()).or_default() += value;
            let pairs: std::collections::BTreeSet<_> = path.windows(2).map(|pair| pair.join(" ")).collect();
            pairs.into_iter().for_each(|pair| *edges.entry(pair).or_default() += value);
        }
        for format in ["callgrind", "cachegrind"] {
            let read = read_as(format, &written(format, &profile).0, false).unwrap();
            prop_assert_eq!(by_function(&read, "cpu-time"), own.clone());
        }
        let read = read_as("callgrind", &written("callgrind", &profile).0, false).unwrap();
        let found: BTreeMap<_, _> = calls(&read).into_iter().map(|((_, caller, callee, _), sum)| {
            (format!("{} {}", caller.split(' ').nth(1).unwrap(), callee.split(' ').nth(1).unwrap()), sum.1)
        }).collect();
        prop_assert_eq!(found, edges);
        let read = read_as("dhat", &written("dhat", &profile).0, false).unwrap();
        prop_assert_eq!(by_function(&read, "units"), own);
    }
}
