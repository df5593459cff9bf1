//! What is in each file is in the profile.

use pyrometer_formats::read::{self, Input, Options, recognise};
use pyrometer_tables::Profile;
use pyrometer_tables::schema::Event;
use pyrometer_tables::select::totals;

use super::common::*;

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
fn code_without_a_name_is_counted() {
    let text = "version: 1\nevents: Ir Dr\nfl=(1) ???\nfn=(1) ???\n1 2 3\n2 5 0\n\
                fn=(2) 0x000000000010a2c0\n0 1 0\nfn=(3) (2)'2\n0 1 0\nfn=(4) 0xfeed\n0 1 1\nfn=(5) main\n7 1 0\n";
    let quality = callgrind_of(text).meta.quality;
    assert_eq!((quality.unsymbolized, quality.samples), (5, 8));
    let text = "events: Ir\nfl=???\nfn=???\n0 2\nfl=a.c\nfn=main\n1 3\n2 4\nsummary: 9\n";
    let quality = read_as("cachegrind", text.as_bytes(), false).unwrap().meta.quality;
    assert_eq!((quality.unsymbolized, quality.samples), (1, 3));
    assert_eq!(recorded("callgrind.out").meta.quality.unsymbolized, 0);
}

#[test]
fn differences_of_callgrind_are_to_lines_of_own_counts() {
    // As it writes a call that was begun before the last dump.
    let lines = "fl=a.c\nfn=f\n134 11\ncfn=g\ncalls=1 -82\n-60 23\n-60 1\n+2 2\n";
    for (creator, expected) in [("callgrind-3.19.0", [74, 76, 134]), ("other", [14, 16, 134])] {
        let end = if creator == "other" { "" } else { "totals: 14\n" };
        let profile = callgrind_of(&format!("creator: {creator}\nevents: Ir\n{lines}{end}"));
        let mut found: Vec<_> = profile.tables().frames.iter().filter_map(|frame| frame.line).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{creator}");
        assert_eq!(profile.tables().calls[0].line, Some(74), "{creator}");
    }
}

#[test]
fn summaries_of_many_parts_that_are_no_sums_are_one_note() {
    let part = |said: u64| format!("pid: 1\nevents: Ir\nsummary: {said}\nfl=a.c\nfn=f\n1 5\n\n");
    let notes =
        |parts: &[u64]| callgrind_of(&parts.iter().map(|said| part(*said)).collect::<String>()).meta.notes;
    assert!(notes(&[5, 5]).is_empty());
    assert!(notes(&[5, 7])[0].starts_with("A summary in the file says 7, the lines of its part add up to 5"));
    let several = notes(&[8, 5, 7]);
    assert_eq!(several.len(), 1);
    assert!(several[0].starts_with(
        "Summaries of 2 parts are not the sums of their lines, the first 8 where these add up to 5"
    ));
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
fn cachegrind_files_of_our_runs_tell_their_process() {
    let text = "pid: 17\ncmd: /bin/my-program a\nevents: Ir\nfl=a.c\nfn=f\n1 5\nsummary: 5\n";
    let profile = read_as("cachegrind", text.as_bytes(), false).unwrap();
    let process = &profile.tables().processes[0];
    assert_eq!((process.pid, &process.name[..]), (17, "my-program"));
    assert_eq!(process.command_line, "/bin/my-program a");
    assert_eq!(sum(&profile, "Ir"), 5);
    assert!(read_as("cachegrind", text.replace("17", "x").as_bytes(), false).is_err());
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
fn costs_of_calls_that_callgrind_wrote_in_a_signal_handler_are_sums_of_the_parts() {
    let part = |number: u32, inclusive: &str| {
        format!(
            "version: 1\ncreator: callgrind-3.19.0\npid: 7\ncmd: a\npart: {number}\npositions: line\nevents: Ir\n\n\
             fn=(1) main\n1 10\ncfn=(2) serve\ncalls=1 2\n1 {inclusive}\n\nfn=(2)\n3 50\n\ntotals: 60\n\n"
        )
    };
    let inclusive = |text: &str| {
        let profile = callgrind_of(text);
        profile.tables().calls.iter().map(|call| call.inclusive).collect::<Vec<_>>()
    };
    // -1000, then 1100.
    let below = part(1, "18446744073709550616");
    assert_eq!(inclusive(&(below.clone() + &part(2, "1100"))), [100]);
    assert_eq!(inclusive(&below), [0]);
    let own = part(1, "1").replace("3 50", "3 18446744073709550616");
    assert!(read_as("callgrind", own.as_bytes(), false).is_err());
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
fn two_columns_of_one_name_are_not_added_up() {
    for (format, text) in [
        ("cachegrind", "cmd: a\nevents: Ir Ir\nfl=a.c\nfn=f\n1 5 6\nsummary: 5 6\n"),
        ("callgrind", "events: Ir Dr Ir\nfl=a.c\nfn=f\n1 5 6 7\n"),
    ] {
        let error = read_as(format, text.as_bytes(), false).unwrap_err().to_string();
        assert!(error.contains("events, each once, found `events: "), "{error}");
    }
}

#[test]
fn counts_behind_the_sum_of_all_are_none_of_cachegrind() {
    let text = "cmd: a\nevents: Ir\nfl=a.c\nfn=f\n1 5\nsummary: 5\n";
    assert!(read_as("cachegrind", format!("{text}{}", "summary: 5\n").as_bytes(), false).is_ok());
    let error = read_as("cachegrind", format!("{text}2 100\n").as_bytes(), false).unwrap_err().to_string();
    assert!(error.contains("expected the line `summary:` behind all counts"), "{error}");
}

#[test]
fn a_number_of_calls_is_a_whole_one() {
    let read = |calls: &str| {
        let text = format!("events: Ir\nfl=a.c\nfn=f\n1 5\ncfn=g\ncalls={calls}\n1 5\n");
        read_as("callgrind", text.as_bytes(), false).map(|profile| profile.tables().calls[0].count)
    };
    for calls in ["3000", "3000 0x20", " 3000\t+1 "] {
        assert_eq!(read(calls).ok(), Some(3000), "{calls:?}");
    }
    for calls in ["3,000 20", "3.5 20", "3e3 20"] {
        assert!(read(calls).unwrap_err().to_string().contains("expected a number of calls"), "{calls:?}");
    }
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

/// A file with one point, whose stack has these frames, innermost first.
fn dhat_of(frames: &[&str], modules: &str) -> Profile {
    let places: Vec<_> = (1..=frames.len()).map(|place| place.to_string()).collect();
    let text = format!(
        r#"{{"dhatFileVersion":2,"mode":"heap","verb":"Allocated","bklt":false,"bkacc":false,"tu":"instrs","Mtu":"M",
        "cmd":"a","pid":3,"te":9,"pps":[{{"tb":1,"tbk":1,"fs":[{}]}}],"ftbl":["[root]","{}"]{modules}}}"#,
        places.join(","),
        frames.join(r#"",""#),
    );
    read_as("dhat", text.as_bytes(), false).unwrap()
}

/// Name and binary of the frames of the one stack, from the root.
fn frames_of(profile: &Profile) -> Vec<(&str, Option<&str>)> {
    let tables = profile.tables();
    let functions = tables
        .stacks
        .iter()
        .map(|stack| &tables.functions[tables.frames[stack.frame as usize].function.unwrap() as usize]);
    let named = functions.map(|function| {
        let binary = function.binary.map(|row| &tables.binaries[row as usize].path[..]);
        (&function.name[..], binary)
    });
    named.collect()
}

#[test]
fn what_valgrind_finds_beyond_the_end_of_a_stack_is_no_caller() {
    let start = ["0x48417B4: malloc (in /v.so)", "0x1092C6: main (p.c:26)", "0x109230: _start (in /p)"];
    let beyond = ["0x1FFF000717: ???", "0x37: ???", "0x0: ???", "0x1FFF0009F6: ???"];
    let profile = dhat_of(&[&start[..], &beyond[..]].concat(), "");
    let names: Vec<_> = frames_of(&profile).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["_start", "main", "malloc"]);
    // Code that was made while the program ran, and code without a name, may well call.
    for caller in ["0x4A00000: ???", "0x10: ??? (in /p)"] {
        assert_eq!(frames_of(&dhat_of(&["0x48417B4: malloc (in /v.so)", caller], ""))[0].0, "???");
    }
    assert_eq!(frames_of(&dhat_of(&["0x0: ???"], "")), [("[unknown]", None)]);
}

#[test]
fn frames_with_lines_have_the_binary_that_a_run_of_ours_tells() {
    let frames = [
        "0x48417B4: malloc (in /v.so)",
        "0x4A00010: f (f.c:1)",
        "0x1092C6: g (p.c:2)",
        "0x1092C6: main (p.c:26)",
        "0x109040: start (in /p)",
    ];
    let modules = r#","modules":[[1085440,1081344,"/p"],[77594624,77590528,"/lib f.so"]]"#;
    let expected = [
        ("start", Some("/p")),
        ("main", Some("/p")),
        ("g", Some("/p")),
        ("f", Some("/lib f.so")),
        ("malloc", Some("/v.so")),
    ];
    assert_eq!(frames_of(&dhat_of(&frames, modules)), expected);
    assert_eq!(frames_of(&dhat_of(&frames, ""))[1], ("main", None));
    // A function without a name is where it is, as in recordings.
    let nameless = dhat_of(&["0x48417B4: malloc (in /v.so)", "0x1092C6: ??? (in /p)"], modules);
    let frame = &nameless.tables().frames[0];
    assert_eq!((frame.function, frame.binary, frame.address), (None, Some(0), Some(0x12C6)));
    assert_eq!(frames_of(&dhat_of(&["0x1: f (f.c:1)", "0x4A00000: ???"], modules))[0], ("???", None));
    // Addresses are the binary's own, so that names can be looked up there.
    let profile = dhat_of(&frames, modules);
    let addresses: Vec<_> =
        profile.tables().frames.iter().map(|frame| (frame.address, frame.binary.is_some())).collect();
    assert!(addresses.contains(&(Some(0x12C6), true)), "{addresses:x?}");
    assert!(addresses.contains(&(Some(0x1010), true)), "{addresses:x?}");
    assert!(addresses.contains(&(Some(0x48417B4), false)), "{addresses:x?}");
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
fn snapshots_of_an_xtree_are_sums_and_no_times() {
    let snapshot = |number: u64, sum: u64| {
        let tree = match sum {
            0 => "n0: 0 (heap allocation functions) malloc/new/new[]\n".to_owned(),
            _ => format!(
                "n1: {sum} (heap allocation functions) malloc/new/new[]\n n0: {sum} 0x40: f (a.c:3)\n"
            ),
        };
        format!(
            "#-----------\nsnapshot={number}\n#-----------\ntime=876\nmem_heap_B={sum}\nmem_heap_extra_B=0\n\
             mem_stacks_B=0\nheap_tree=detailed\n{tree}"
        )
    };
    let sums = [0, 0, 45_855, 229, 855, 29];
    let snapshots: String = (0..).zip(sums).map(|(number, sum)| snapshot(number, sum)).collect();
    let text = format!("desc: xtree.produce_report\ncmd: prog\ntime_unit: ms\n{snapshots}");
    let profile = read_as("massif", text.as_bytes(), false).unwrap();
    let tables = profile.tables();
    let metrics = tables.metrics.iter().map(|metric| (metric.name.as_str(), metric.unit.as_str()));
    let expected = [
        ("alloc-bytes", "bytes"),
        ("alloc-blocks", "count"),
        ("freed-bytes", "bytes"),
        ("freed-blocks", "count"),
    ];
    assert_eq!(metrics.collect::<Vec<_>>(), expected);
    let values: Vec<i64> = totals(&profile).unwrap().iter().map(|sum| sum.value).collect();
    assert_eq!(values, [45_855, 229, 855, 29]);
    assert!(tables.counters.is_empty());
    assert!(read_as("massif", &text.as_bytes()[..text.len() - 25], false).is_err(), "cut");
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
fn a_file_of_massif_is_of_one_run() {
    let text = String::from_utf8(fixture("massif.out")).unwrap();
    let error = read_as("massif", text.repeat(2).as_bytes(), false).unwrap_err().to_string();
    assert!(error.contains("one run a file, found `snapshot=0`"), "{error}");
}

#[test]
fn the_last_line_of_a_tree_has_an_end() {
    let text = "cmd: a\ntime_unit: i\nsnapshot=0\ntime=2\nmem_heap_B=70\nheap_tree=peak\nn1: 70 (heap)\n n0: 70 0x1: f\n";
    assert!(read_as("massif", text.as_bytes(), false).is_ok());
    // `n0: 70 0x1: f`, `n0: 70` and `n0: 7` are lines as well as any.
    for missing in 1..13 {
        let cut = &text[..text.len() - missing];
        let error = read_as("massif", cut.as_bytes(), false).unwrap_err().to_string();
        assert!(error.contains("line 8 ") && error.contains("expected the end of the line"), "{error}");
    }
    let rest =
        text.replace("snapshot=0", "snapshot=1").replace("70", "50").replace("cmd: a\ntime_unit: i\n", "");
    let two = format!("{text}{}", rest.replace("peak", "detailed"));
    let metrics = |text: &str| {
        let profile = read_as("massif", text.as_bytes(), true).unwrap();
        profile.tables().metrics.iter().map(|metric| metric.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(metrics(&two), ["peak-bytes", "exit-bytes"]);
    // What was live at the end is not known of a file without it.
    assert_eq!(metrics(&two[..two.len() - 3]), ["peak-bytes"]);
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
