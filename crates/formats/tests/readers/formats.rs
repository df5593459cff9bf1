//! Each reader on small files whose contents are known, whole and damaged.

use proptest::prelude::*;
use pyrometer_formats::Error;
use pyrometer_formats::read::{Options, by_name, read_bytes};
use pyrometer_tables::Profile;
use pyrometer_tables::select::{Selection, weigh};

use super::common::{damage, sums};

const PERF: &str = "\
# captured on: Wed Nov 25 2026
rg 4711/4712 [001] 12345.678901:    1000000 cpu-clock:pppH: 
\t        55d0c0de memchr::find+0x1d (/usr/bin/rg)
\t        55d0c0df main+0x2 (/usr/bin/rg)

rg 4711/4712 [000] 12345.679901:    1000000 cpu-clock:pppH: 
\tffffffff81000000 do_read+0x1 ([kernel.kallsyms])
\t        55d0c0df main+0x2 (/usr/bin/rg)

rg worker 4711/4713 [000] 12345.680901:          3 page-faults: 
\t        55d0c0ff inlined_one (inlined)
\t        55d0c0ff main+0x2 (/usr/bin/rg)

";

const SPEEDSCOPE: &str = r#"{"shared":{"frames":[{"name":"a"},{"name":"b","file":"b.rs","line":3}]},
"profiles":[{"type":"evented","name":"one","unit":"milliseconds","startValue":0,"endValue":10,
"events":[{"type":"O","frame":0,"at":0},{"type":"O","frame":1,"at":2},{"type":"C","frame":1,"at":5},{"type":"C","frame":0,"at":9}]},
{"type":"sampled","name":"two","unit":"none","startValue":0,"endValue":3,"samples":[[0,1],[0]],"weights":[2,1]}],
"$schema":"https://www.speedscope.app/file-format-schema.json"}"#;

/// As newer versions have it: tables of all threads, distances to the caller's row.
const FIREFOX: &str = r#"{"meta":{"preprocessedProfileVersion":66,"startTime":1000.5,
"categories":[{"name":"User","subcategories":["Other","Inlined"]},{"name":"Kernel","subcategories":["Other"]}],
"sampleUnits":{"time":"ms","eventDelay":"ms","threadCPUDelta":"\u00b5s"}},
"libs":[{"name":"bin","path":"/bin/x","codeId":"AB12"}],
"shared":{"stringArray":["main","inner","read","x.c"],"sources":{"length":1,"filename":[3]},
"resourceTable":{"length":1,"lib":[0]},
"funcTable":{"name":[0,1,2],"resource":[0,0,-1],"source":[0,null,null],"lineNumber":[7,null,null]},
"frameTable":{"func":[0,1,2],"address":[16,16,-1],"inlineDepth":[0,1,0],"category":[0,0,1],"subcategory":[0,0,0],"line":[9,null,0]},
"stackTable":{"frame":[0,1,2],"prefixOffset":[0,1,2]}},
"threads":[{"name":"worker","processName":"prog","pid":"12.1","tid":13,"markers":{"length":4},
"samples":{"length":4,"stack":[1,2,null,1],"timeDeltas":[1.5,1,1,1],"weight":null,"weightType":"samples","threadCPUDelta":[null,3,4,5]}}],
"counters":[{"name":"malloc","category":"Memory","pid":"12","samples":{"length":2,"time":[1,2],"count":[5,-2]}}]}"#;

const COZ: &str = "\
startup\ttime=100
experiment\tselected=a.c:3\tspeedup=0.25\tduration=500\tselected-samples=7
throughput-point\tname=done\tdelta=40
latency_point\tname=request\tarrivals=9\tdepartures=8\tdifference=2
samples\tlocation=a.c:3\tcount=12
";

const COZ_LINES: &str = r#"{"type":"startup","time":100}
{"type":"experiment","selected":"a.c:3","speedup":0.25,"duration":500,"selected_samples":7}
{"type":"throughput-point","name":"done","delta":40}
{"type":"latency-point","name":"request","arrivals":9,"departures":8,"difference":2}
{"type":"samples","location":"a.c:3","count":12}
"#;

/// Two kinds of blocks: of `a` called by `main`, with `inner` inlined into it, and of `main`.
const HEAPTRACK: &str = "\
v 10550 3
X ./program with words
I 1000 80000
s 3 bin
s 1 a
s 4 main
s 5 inner
s 4 file
i 10 1 4 5 7 2 5 8
i 20 1 3
t 2 0
t 1 1
a 10 2
a 100 1
c a
+ 0
+ 1
R 3
- 1
+ 1
- 0
c b
R 2
# strings: 5
";

const HEAPTRACK_RAW: &str = "\
v 10550 3
x 8 /bin/app
X ./app
I 1000 80000
m 1 x 400000 1000 2000
m 9 /lib/c.so 7000000 0 500 1000 100
t 401010 0
t 7000020 1
+ 20 2 aaaa
+ 8 1 bbbb
- aaaa
- cccc
";

fn read(text: &str, format: &str) -> Profile {
    read_bytes("file".as_ref(), text.as_bytes(), &Options { format: by_name(format), lenient: false })
        .unwrap()
}

/// Stacks with the sums of a metric.
fn stacks(profile: &Profile, metric: i32) -> Vec<String> {
    let tables = profile.tables();
    let weights = weigh(profile, &Selection { metric, ..Selection::default() }).unwrap();
    let path = |row: usize| {
        let (mut names, mut at) = (Vec::new(), Some(row as i32));
        while let Some(row) = at {
            let stack = tables.stacks[row as usize];
            let function = tables.frames[stack.frame as usize].function;
            names.push(function.map_or("?", |function| &tables.functions[function as usize].name));
            at = stack.parent;
        }
        names.reverse();
        names.join(";")
    };
    let rows = weights.stacks.iter().enumerate().filter(|(_, weight)| weight.value != 0);
    let mut stacks: Vec<_> = rows.map(|(row, weight)| format!("{} {}", path(row), weight.value)).collect();
    stacks.sort();
    stacks
}

#[test]
fn perf_script_keeps_events_threads_and_times() {
    let profile = read(PERF, "perf-script");
    assert_eq!(sums(&profile), [("cpu-time".into(), 2_000_000, 2), ("page-faults".into(), 3, 1)]);
    assert_eq!(stacks(&profile, 0), ["main;do_read 1000000", "main;memchr::find 1000000"]);
    assert_eq!(stacks(&profile, 1), ["main;inlined_one 3"]);
    let tables = profile.tables();
    let threads: Vec<_> = tables.threads.iter().map(|thread| (thread.tid, thread.name.as_str())).collect();
    assert_eq!(threads, [(4712, "rg"), (4713, "rg worker")]);
    assert_eq!((profile.meta.start, profile.meta.duration), (12_345_678_901_000, 2_000_000));
    assert!(
        tables.frames.iter().any(|frame| frame.inlined)
            && tables.frames.iter().any(|frame| frame.kind == "kernel")
    );
}

#[test]
fn lines_of_source_belong_to_the_frame_above() {
    let text =
        "a 1 1.5: 2 page-faults: \n\t 10 inner+0x1 (/a)\n  src/a b.c:12\n\t 11 main+0x1 (/a)\n  main.c:3\n\n";
    let profile = read(text, "perf-script");
    let places: Vec<_> =
        profile.tables().stacks.iter().map(|stack| &profile.tables().frames[stack.frame as usize]).collect();
    let places: Vec<_> = places.iter().map(|frame| (frame.file.as_deref(), frame.line)).collect();
    assert_eq!(places, [(Some("main.c"), Some(3)), (Some("src/a b.c"), Some(12))]);
    let stray = read_bytes(
        "file".as_ref(),
        b"a 1 1.5: 2 x:\n  main.c:3\n",
        &Options { format: by_name("perf-script"), lenient: false },
    );
    assert!(matches!(stray, Err(Error::Malformed { .. })));
}

/// As perf 6.1 writes `-F +srcline` of a recording with stack copies.
const SOURCES: &str = "known 7 1.5: 1001001 cpu-clock:ppp: \n\t e359 do_rel+0x739\n  do-rel.h:134 (inlined)\n\
                       \t e359 relocate+0x739 (/ld.so)\n  dl-reloc.c:301\n\t 1290 _start+0x20 (/known)\n  ??:0\n\n\
                       known 7 1.6: 1001001 cpu-clock:ppp: \n\tffff812 do_x+0x2 ([kernel.kallsyms])\n  \
                       [kernel.kallsyms][ffff812]\n\t 1290 _start+0x20 (/known)\n  :0\n|10   int x;\n\n|11   int y;\n";

#[test]
fn numbers_of_folded_stacks_may_stand_behind_a_tab() {
    let profile = read("main;a b\t5\nmain \t 3\n", "folded");
    assert_eq!(stacks(&profile, 0), ["main 3", "main;a b 5"]);
}

#[test]
fn addresses_in_place_of_names_are_looked_up_later() {
    let text = FIREFOX.replace(r#"["main","inner""#, r#"["0x10","inner""#);
    let profile = read(&text, "firefox");
    let nameless: Vec<_> = profile.tables().frames.iter().filter(|frame| frame.function.is_none()).collect();
    assert_eq!(nameless.len(), 1);
    assert_eq!((nameless[0].address, nameless[0].binary), (Some(16), Some(0)));
    assert_eq!(profile.meta.quality.unsymbolized, 0, "no leaf");
    // Without a place it is a name like another.
    let text = FIREFOX.replace(r#""read","x.c""#, r#""0xbeef","x.c""#);
    assert!(read(&text, "firefox").tables().frames.iter().all(|frame| frame.function.is_some()));
}

#[test]
fn functions_that_are_inlined_have_their_lines_and_no_binary() {
    let profile = read(SOURCES, "perf-script");
    assert_eq!(stacks(&profile, 0), ["_start;do_x 1001001", "_start;relocate;do_rel 1001001"]);
    let tables = profile.tables();
    let frames = tables.frames.iter().filter(|frame| frame.file.is_some());
    let mut places: Vec<_> = frames.map(|frame| (frame.file.as_deref(), frame.line, frame.inlined)).collect();
    places.sort_unstable();
    assert_eq!(places, [(Some("dl-reloc.c"), Some(301), false), (Some("do-rel.h"), Some(134), true)]);
}

#[test]
fn a_frame_without_its_binary_is_cut_where_others_have_one() {
    let strict = Options { format: by_name("perf-script"), lenient: false };
    let whole = SOURCES.find("  do-rel.h").unwrap();
    let cut = |end: &str| {
        read_bytes("file".as_ref(), format!("{PERF}{}{end}", &SOURCES[..whole]).as_bytes(), &strict)
    };
    for end in ["", "\n", "\tff main+0x1 (/a)\n\n", "b 8 1.7: 1 cpu-clock:\n"] {
        assert!(matches!(cut(end), Err(Error::Malformed { .. })), "{end:?}");
    }
}

#[test]
fn perf_script_may_tell_neither_event_nor_binary() {
    let text =
        "a b 7/8 28011.987857612: \n\t 90c0 do_lookup\n\t 12 main\n\na b 7/8 28011.99: \n\t 12 main\n\n";
    let profile = read(text, "perf-script");
    assert_eq!(stacks(&profile, 0), ["main 1", "main;do_lookup 1"]);
    let alone = "perf 7 1.5: sched:sched_switch: prev_comm=perf\nmigration/0 18 1.6: sched:sched_switch: prev_comm=x\n";
    assert_eq!(sums(&read(alone, "perf-script")), [("sched:sched_switch".into(), 2, 2)]);
}

#[test]
fn records_that_are_no_samples_are_passed_over_and_counted() {
    let others = "swapper 0 [000] 0.000000: PERF_RECORD_MMAP -1/0: [0xff(0x12) @ 0xff]: x [kernel.kallsyms]_text\n\
                  rg 7 [000] 0.000000: PERF_RECORD_COMM: rg:7/7\nrg 7 [000] 12345.67: PERF_RECORD_LOST lost 12\n";
    let profile = read(&format!("{others}{PERF}{others}"), "perf-script");
    assert_eq!(sums(&profile), sums(&read(PERF, "perf-script")));
    assert_eq!((profile.meta.duration, profile.meta.quality.lost), (2_000_000, 24));
    assert_eq!(profile.meta.notes.len(), 1);
    assert!(profile.meta.notes[0].starts_with("6 records that are no samples were passed over"));
}

#[test]
fn each_clock_is_a_metric_of_its_own() {
    let text = "a 7 U 1.5: 5 cpu-clock:pppu:\n\t 1 f (/a)\n\na 7 U 1.5: 6 task-clock:ppp:\n\t 1 f (/a)\n\n";
    let profile = read(text, "perf-script");
    assert_eq!(sums(&profile), [("cpu-time:u".into(), 5, 1), ("task-clock".into(), 6, 1)]);
    assert!(profile.tables().metrics.iter().all(|metric| metric.unit == "ns"));
}

#[test]
fn speedscope_has_samples_and_events() {
    let profile = read(SPEEDSCOPE, "speedscope");
    assert_eq!(stacks(&profile, 0), ["a 6000000", "a;b 3000000"]);
    assert_eq!(stacks(&profile, 1), ["a 1", "a;b 2"]);
}

#[test]
fn both_forms_of_coz_are_alike() {
    let (text, lines) = (read(COZ, "coz"), read(COZ_LINES, "coz"));
    assert_eq!(text.tables().experiments, lines.tables().experiments);
    let found: Vec<_> =
        text.tables().experiments.iter().map(|e| (e.progress_point.as_str(), e.visits, e.speedup)).collect();
    assert_eq!(found, [("done", 40, 0.25), ("request", 9, 0.25)]);
    assert_eq!(text.tables().events.len(), 1);
    for profile in [&text, &lines] {
        assert_eq!(sums(profile), [("samples".into(), 12, 12)]);
        assert_eq!(profile.tables().frames[0].line, Some(3));
        assert!(profile.meta.notes[0].starts_with("The 2 results of experiments"));
    }
}

#[test]
fn a_line_without_a_stack_is_a_sample_without_one() {
    // py-spy writes such lines for threads that run no Python.
    let profile = read("main;work 2\n 3\nmain 1\n", "folded");
    assert_eq!(stacks(&profile, 0), ["[no stack] 3", "main 1", "main;work 2"]);
    // Numbers alone are no stacks.
    let numbers = read_bytes("file".as_ref(), b" 1\n 2\n", &Options::default());
    assert!(matches!(numbers, Err(Error::Unknown { .. })));
}

#[test]
fn stacks_behind_a_file_of_callgrind_are_no_header_of_it() {
    let text = "# callgrind format\nevents: Ir\nfn=main\n1 5\ntotals: 5\n_load (<frozen importlib>:9);main (p.py:5) 3\n";
    let found = read_bytes("file".as_ref(), text.as_bytes(), &Options::default()).unwrap_err();
    assert!(found.to_string().contains("line 6"), "{found}");
}

#[test]
fn samples_of_code_without_names_are_counted() {
    let profile =
        read("heap profile: 1: 16 [ 2: 32] @ heapprofile\n 1: 16 [ 2: 32] @ 0x10 0x20\n", "heap-text");
    assert_eq!((profile.meta.quality.unsymbolized, profile.meta.quality.samples), (2, 2));
    assert_eq!(read("main;work 2\n", "folded").meta.quality.unsymbolized, 0);
}

#[test]
fn numbers_of_coz_are_whole_and_those_that_there_can_be() {
    let text = "startup\ttime=1792364098123456789\nexperiment\tselected=a.c:3\tspeedup=0.25\tduration=1000\n\
                throughput-point\tname=x\tdelta=100\n";
    assert_eq!(read(text, "coz").meta.start, 1_792_364_098_123_456_789);
    assert_eq!(read(&text.replace("=1000\n", "=1e3\n"), "coz").tables().experiments[0].duration, 1000);
    for (number, other) in [
        ("delta=100", "delta=100.7"),
        ("delta=100", "delta=-100"),
        ("delta=100", "delta=99999999999999999999"),
        ("duration=1000", "duration=-5"),
        ("speedup=0.25", "speedup=25"),
        ("speedup=0.25", "speedup=-0.25"),
    ] {
        let changed = text.replace(number, other);
        let error =
            read_bytes("file".as_ref(), changed.as_bytes(), &Options::default()).unwrap_err().to_string();
        assert!(error.contains("a record of Coz with all its fields"), "{other}: {error}");
    }
}

#[test]
fn samples_of_coz_are_counted_from_the_start_of_each_run() {
    let sample = |count| format!("samples\tlocation=a.c:3\tcount={count}\n");
    let text = ["startup\ttime=1\n", &sample(12), &sample(20), "startup\ttime=9\n", &sample(5)].concat();
    let profile = read(&text, "coz");
    assert_eq!(sums(&profile), [("samples".into(), 25, 25)]);
    assert_eq!(stacks(&profile, 0), ["a.c:3 25"]);
}

#[test]
fn heaptrack_counts_what_its_own_tool_counts() {
    let profile = read(HEAPTRACK, "heaptrack");
    let all = sums(&profile).into_iter().map(|(name, value, _)| (name, value)).collect::<Vec<_>>();
    let expected = [
        ("alloc-bytes", 0x210),
        ("alloc-blocks", 3),
        ("peak-bytes", 0x110),
        ("peak-blocks", 2),
        ("exit-bytes", 0x100),
        ("exit-blocks", 1),
        // The free of kind 1 behind its allocation, and heaptrack's of kind 0 behind another event.
        ("temporary-blocks", 1),
    ];
    assert_eq!(all, expected.map(|(name, value)| (name.to_owned(), value)));
    assert_eq!(stacks(&profile, 0), ["main 512", "main;a;inner 16"]);
    assert_eq!(profile.meta.command, ["./program", "with", "words"]);
    assert_eq!(profile.meta.duration, 12_000_000);
    let series: Vec<_> =
        profile.tables().counters.iter().map(|point| (point.name.as_str(), point.value)).collect();
    assert_eq!(series, [("live-bytes", 0.0), ("rss", 12288.0), ("live-bytes", 256.0), ("rss", 8192.0)]);
}

#[test]
fn files_of_heaptrack_are_added_to_each_other_and_to_those_of_other_tools() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let heap = file("heap", HEAPTRACK);
    let others = [
        file("stacks", "main;a;inner 5\n"),
        file("cachegrind", "events: Ir\nfl=a.c\nfn=main\n3 70\nsummary: 70\n"),
    ];
    let total = |paths: &[std::path::PathBuf], name: &str| {
        let profile = pyrometer_formats::read::read(paths, &Options::default(), &mut |_, _| true).unwrap();
        sums(&profile).into_iter().find(|(metric, ..)| metric == name).map_or(0, |(_, value, _)| value)
    };
    assert_eq!(total(&[heap.clone(), heap.clone()], "alloc-bytes"), 2 * 0x210);
    for (other, metric, value) in [(&others[0], "samples", 5), (&others[1], "Ir", 70)] {
        for paths in [[heap.clone(), other.clone()], [other.clone(), heap.clone()]] {
            assert_eq!((total(&paths, "alloc-bytes"), total(&paths, metric)), (0x210, value), "{paths:?}");
        }
    }
    let all = [&[heap.clone(), heap][..], &others].concat();
    assert_eq!(["alloc-bytes", "samples", "Ir"].map(|name| total(&all, name)), [2 * 0x210, 5, 70]);
}

#[test]
fn a_raw_file_of_heaptrack_has_addresses_of_its_modules() {
    let profile = read(HEAPTRACK_RAW, "heaptrack");
    let tables = profile.tables();
    let frames: Vec<_> = tables.frames.iter().map(|frame| (frame.binary, frame.address)).collect();
    assert_eq!(frames, [(Some(0), Some(0x1010)), (Some(1), Some(0x20))]);
    assert_eq!(sums(&profile)[0], ("alloc-bytes".into(), 0x28, 2));
    assert!(profile.meta.notes.iter().any(|note| note.starts_with("1 frees")), "{:?}", profile.meta.notes);
}

#[test]
fn a_command_of_heaptrack_may_have_lines_that_look_like_records() {
    let command = "X ./app -c echo a\nI 3 4\nt = 1\n\n# b x\n";
    let profile = read(&HEAPTRACK_RAW.replace("X ./app\n", command), "heaptrack");
    assert_eq!(profile.meta.command, ["./app", "-c", "echo", "a\nI", "3", "4\nt", "=", "1\n\n#", "b", "x"]);
    assert_eq!(sums(&profile), sums(&read(HEAPTRACK_RAW, "heaptrack")));
    let broken = HEAPTRACK_RAW.replace("X ./app\n", command).replace("t 401010 0", "t = 1");
    let options = Options { format: by_name("heaptrack"), lenient: false };
    let error = read_bytes("file".as_ref(), broken.as_bytes(), &options).unwrap_err();
    assert!(error.to_string().contains("line 11"), "{error}");
}

#[test]
fn a_file_of_heaptrack_is_of_one_recording() {
    // Numbers of strings, traces and kinds would be those of the first one.
    let again = HEAPTRACK.split_once('\n').unwrap().0;
    let error = read_bytes("file".as_ref(), format!("{HEAPTRACK}{again}\n").as_bytes(), &Options::default());
    assert!(error.unwrap_err().to_string().contains("expected one recording a file, found `v "));
}

#[test]
fn a_last_line_that_may_be_cut_is_not_taken_for_a_whole_one() {
    let coz = "experiment\tselected=a.c:3\tspeedup=0.25\tduration=9\nthroughput-point\tname=x\tdelta=123\n";
    for (format, text) in [("heaptrack", format!("{HEAPTRACK}+ 01\n")), ("coz", coz.to_owned())] {
        let read = |text: &str| {
            read_bytes("file".as_ref(), text.as_bytes(), &Options { format: by_name(format), lenient: false })
        };
        assert!(read(&text).is_ok(), "{format}");
        for missing in [1, 2] {
            let error = read(&text[..text.len() - missing]).unwrap_err().to_string();
            assert!(error.contains("expected the end of the line"), "{error}");
        }
    }
    // An object that is cut is none.
    assert_eq!(read(COZ_LINES.trim_end(), "coz").tables().experiments, read(COZ, "coz").tables().experiments);
}

#[test]
fn a_firefox_profile_has_weights_cpu_times_and_places() {
    let profile = read(FIREFOX, "firefox");
    assert_eq!(profile.meta.duration, 4_500_000, "from the start to the last sample");
    assert_eq!(stacks(&profile, 0), ["main;inner 2", "main;read 1"]);
    assert_eq!(sums(&profile), [("samples".into(), 3, 3), ("cpu-time".into(), 8_000, 3)]);
    let tables = profile.tables();
    let frames: Vec<_> = tables
        .frames
        .iter()
        .map(|frame| (frame.address, frame.line, frame.file.as_deref(), frame.inlined, frame.kind.as_str()))
        .collect();
    let expected = [
        (Some(16), Some(9), Some("x.c"), false, "native"),
        (Some(16), None, None, true, "native"),
        (None, None, None, false, "kernel"),
    ];
    assert_eq!(frames, expected);
    let binary = &tables.binaries[0];
    assert_eq!((binary.path.as_str(), binary.build_id.as_deref()), ("/bin/x", Some("ab12")));
    let (process, thread) = (&tables.processes[0], &tables.threads[0]);
    assert_eq!((process.pid, process.name.as_str()), (12, "prog"));
    assert_eq!((thread.tid, thread.name.as_str()), (13, "worker"));
    let points: Vec<_> = tables.counters.iter().map(|point| (point.time, point.value)).collect();
    assert_eq!(points, [(1_000_000, 5.0), (2_000_000, 3.0)]);
    assert_eq!((profile.meta.start_wall, profile.meta.quality.stackless), (1_000_500_000, 1));
    assert_eq!(profile.meta.notes, ["4 markers of the file were not read"]);
}

#[test]
fn what_we_write_for_the_firefox_profiler_we_read_again() {
    let (_, bytes) = files().into_iter().rfind(|(format, _)| *format == "firefox").unwrap();
    let profile = read_bytes("file".as_ref(), &bytes, &Options::default()).unwrap();
    assert_eq!(stacks(&profile, 0), ["main;a 5", "main;a;b 10", "main;c 7"]);
}

/// A format, and a file of it.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let folded = read("main;a;b 10\nmain;a 5\nmain;c 7\n", "folded");
    let mut pprof = Vec::new();
    pyrometer_formats::pprof::write(&folded, &Selection::default(), &mut pprof).unwrap();
    let mut speedscope = Vec::new();
    pyrometer_formats::speedscope::write(&folded, &Selection::default(), &mut speedscope).unwrap();
    let mut firefox = Vec::new();
    pyrometer_formats::firefox::write(&folded, &Selection::default(), &mut firefox).unwrap();
    let mut otlp = Vec::new();
    pyrometer_formats::otlp::write(&folded, &Selection::default(), &mut otlp).unwrap();
    let mut chrome = Vec::new();
    pyrometer_formats::chrome::write(&folded, &Selection::default(), &mut chrome).unwrap();
    vec![
        ("otlp", otlp),
        ("chrome", chrome),
        ("perf-script", PERF.into()),
        ("speedscope", SPEEDSCOPE.into()),
        ("speedscope", speedscope),
        ("firefox", FIREFOX.into()),
        ("firefox", firefox),
        ("coz", COZ.into()),
        ("coz", COZ_LINES.into()),
        ("heaptrack", HEAPTRACK.into()),
        ("heaptrack", HEAPTRACK_RAW.into()),
        ("pprof", pprof),
    ]
}

#[test]
fn every_file_is_recognised() {
    for (format, bytes) in files() {
        let profile = read_bytes("file".as_ref(), &bytes, &Options::default()).unwrap();
        assert_eq!(profile.meta.source, format);
    }
}

#[test]
fn a_mark_of_utf_8_is_none_of_the_text() {
    let callgrind = "# callgrind format\nevents: Ir\nfn=main\n1 5\ntotals: 5\n";
    let texts = [("folded", "main 1\n"), ("perf-script", PERF), ("speedscope", SPEEDSCOPE), ("coz", COZ)];
    for (format, text) in texts.into_iter().chain([("heaptrack", HEAPTRACK), ("callgrind", callgrind)]) {
        let (plain, marked) = (read(text, format), read(&format!("\u{feff}{text}"), format));
        assert_eq!(marked.tables().functions, plain.tables().functions, "{format}");
    }
    let broken = read_bytes("file".as_ref(), b"\xef\xbb\xbfmain 1\nmain\n", &folded(false)).unwrap_err();
    assert!(broken.to_string().contains("line 2 (byte 10)"), "{broken}");
}

fn folded(lenient: bool) -> Options {
    Options { format: by_name("folded"), lenient }
}

#[test]
fn what_stops_a_lenient_reading_is_not_to_be_read_leniently() {
    let cut = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1, 5];
    for lenient in [false, true] {
        let cure = read_bytes("file".as_ref(), &cut, &folded(lenient)).unwrap_err().cure();
        assert!(cure.contains("copy it again"), "{cure}");
    }
}

#[test]
fn of_a_packed_text_that_is_cut_short_a_lenient_reading_keeps_what_is_there() {
    use std::io::Write;
    // Both shorter and longer than what a format is recognised by; numbers that are packed to a third.
    for lines in [2_000, 100_000_u64] {
        let text: String = (0..lines).map(|at| format!("main;f{} 1\n", at * at * 7919 % 10_007)).collect();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let cut = &packed[..packed.len() * 3 / 4];
        let strict = read_bytes("file".as_ref(), cut, &Options::default()).unwrap_err();
        assert!(strict.to_string().contains("more compressed data"), "{strict}");
        assert!(strict.cure().contains("--lenient"), "{}", strict.cure());
        let found = read_bytes("file".as_ref(), cut, &Options { format: None, lenient: true }).unwrap();
        let kept = u64::try_from(sums(&found)[0].1).unwrap();
        assert!(lines / 2 < kept && kept < lines, "{kept} of {lines}");
        assert!(
            !found.meta.complete && found.meta.notes[0].contains("more compressed data"),
            "{:?}",
            found.meta.notes
        );
    }
}

#[test]
fn what_we_write_for_others_we_read_again() {
    let (format, expected) = ("folded", ["main;a 5", "main;a;b 10", "main;c 7"]);
    assert_eq!(stacks(&read("main;a;b 10\nmain;a 5\nmain;c 7\n", format), 0), expected);
    for (format, bytes) in
        files().into_iter().filter(|(_, bytes)| memchr::memmem::find(bytes, b"\"exporter\"").is_some())
    {
        let profile =
            read_bytes("file".as_ref(), &bytes, &Options { format: by_name(format), lenient: false })
                .unwrap();
        assert_eq!(stacks(&profile, 0), expected, "{format}");
    }
    let pprof = files().pop().unwrap().1;
    let profile = read_bytes("file".as_ref(), &pprof, &Options::default()).unwrap();
    assert_eq!(stacks(&profile, 0), expected);
    assert_eq!(sums(&profile), [("samples".into(), 22, 22)]);
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    for (format, text) in [
        ("heaptrack", "v 10550 3\nX a\n+ 5\n"),
        ("heaptrack", "v 10550 3\nX a\nt 1 0\n"),
        ("heaptrack", "v 10550 3\nX a\ni 1 5\n"),
        ("heaptrack", "v 10550 3\nX a\na 5 1\n"),
        ("heaptrack", "v 10550 4\nX a\n"),
        ("heaptrack", "v 10550 3\nX a\ns ffffffffffffffff x\n"),
        (
            "speedscope",
            r#"{"shared":{"frames":[]},"profiles":[{"type":"sampled","unit":"none","samples":[[0]],"weights":[1]}]}"#,
        ),
        (
            "speedscope",
            r#"{"shared":{"frames":[]},"profiles":[{"type":"sampled","unit":"none","samples":[[]],"weights":[]}]}"#,
        ),
        ("firefox", &FIREFOX.replace("[0,1,2]}},", "[0,1,3]}},")),
        ("firefox", &FIREFOX.replace("[0,1,2],\"prefix", "[0,1,3],\"prefix")),
        ("firefox", &FIREFOX.replace("\"stack\":[1,", "\"stack\":[3,")),
        ("firefox", &FIREFOX.replace("[1.5,", "[")),
        ("firefox", &FIREFOX.replace("\"stringArray\"", "\"other\"")),
        ("coz", "throughput-point\tname=x\tdelta=1\n"),
        ("pprof", "\n\u{4}\u{8}\u{9}\u{10}\u{9}"),
    ] {
        let options = |lenient| Options { format: by_name(format), lenient };
        let strict = read_bytes("file".as_ref(), text.as_bytes(), &options(false));
        assert!(matches!(strict, Err(Error::Malformed { .. })), "{text}");
    }
}

#[test]
fn where_a_file_is_cut_leniency_is_advised_if_it_helps() {
    let mut advised = std::collections::BTreeSet::new();
    for (format, bytes) in files() {
        for end in 1..bytes.len() {
            let options = |lenient| Options { format: by_name(format), lenient };
            let Err(strict) = read_bytes("file".as_ref(), &bytes[..end], &options(false)) else { continue };
            let lenient = read_bytes("file".as_ref(), &bytes[..end], &options(true));
            if strict.cure().contains("--lenient") {
                let profile = lenient.unwrap_or_else(|error| panic!("{format} cut at {end}: {error}"));
                assert!(!profile.meta.complete && !profile.meta.notes.is_empty(), "{format} cut at {end}");
                advised.insert(format);
            } else {
                assert!(lenient.is_err(), "{format} cut at {end}: {strict}");
            }
        }
    }
    assert!(advised.contains("speedscope") && advised.contains("firefox"), "{advised:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_is_an_error_or_a_profile(file in 0..12_usize, damage in damage(), lenient: bool) {
        let (format, bytes) = files().swap_remove(file);
        damage.read(&bytes, format, lenient)?;
    }
}
