//! Traces of Chrome's format and profiles of V8: what stands in them is known by construction.

use proptest::prelude::*;
use pyrometer_formats::Error;
use pyrometer_tables::Profile;

use super::common::{damage, read, read_lenient, rows};

/// As Node.js writes it: a root, what it calls, and a sample for each of three moments.
const CPUPROFILE: &str = r#"{"nodes":[
 {"id":1,"callFrame":{"functionName":"(root)","scriptId":"0","url":"","lineNumber":-1,"columnNumber":-1},"hitCount":0,"children":[2,4]},
 {"id":2,"callFrame":{"functionName":"outer","scriptId":"7","url":"file:///a.js","lineNumber":4,"columnNumber":15},"hitCount":0,"children":[3]},
 {"id":3,"callFrame":{"functionName":"","scriptId":"7","url":"file:///a.js","lineNumber":0,"columnNumber":14},"hitCount":2,"positionTicks":[{"line":2,"ticks":1},{"line":3,"ticks":1}]},
 {"id":4,"callFrame":{"functionName":"(idle)","scriptId":"0","url":"","lineNumber":-1,"columnNumber":-1},"hitCount":1}
],"startTime":1000,"endTime":5000,"samples":[3,4,3],"timeDeltas":[500,1500,1000]}"#;

/// Events as they nest, in the order in which they end, with names behind them.
const SLICES: &str = r#"{"traceEvents":[
 {"name":"inner","ph":"X","ts":20,"dur":30.5,"pid":7,"tid":8,"args":{"file":"a.c","line":3}},
 {"name":"outer","ph":"X","ts":10,"dur":90,"pid":7,"tid":8},
 {"name":"b","ph":"B","ts":200,"pid":7,"tid":8},
 {"name":"c","ph":"X","ts":200,"dur":50,"pid":7,"tid":8},
 {"name":"b","ph":"E","ts":300,"pid":7,"tid":8},
 {"name":"next","ph":"X","ts":300,"dur":1,"pid":7,"tid":8},
 {"name":"memory","ph":"C","ts":15,"pid":7,"args":{"value":12}},
 {"name":"rss","ph":"C","ts":16,"pid":7,"args":{"anonymous":1,"file":2}},
 {"name":"marked","ph":"i","ts":17,"pid":7,"tid":8,"s":"t","args":{"why":"x"}},
 {"name":"network","ph":"b","id":"1","ts":17,"pid":7,"tid":8},
 {"name":"process_name","ph":"M","pid":7,"tid":0,"args":{"name":"browser"}},
 {"name":"thread_name","ph":"M","pid":7,"tid":8,"args":{"name":"main"}}
],"displayTimeUnit":"ms"}"#;

/// Samples as the format describes them, and as V8 sends them in parts.
const SAMPLED: &str = r#"{"traceEvents":[
 {"name":"s","ph":"P","ts":1,"pid":1,"tid":"Worker","sf":5},
 {"name":"s","ph":"P","ts":2,"pid":1,"tid":2,"stack":["main","f"]},
 {"name":"Profile","ph":"P","id":"0x1","ts":100,"pid":3,"tid":4,"args":{"data":{"startTime":100}}},
 {"name":"ProfileChunk","ph":"P","id":"0x1","ts":101,"pid":3,"tid":9,"args":{"data":{"cpuProfile":{"nodes":[
   {"id":1,"callFrame":{"functionName":"(root)","scriptId":0}},
   {"id":2,"parent":1,"callFrame":{"functionName":"f","url":"x.js","scriptId":7,"lineNumber":1}}],"samples":[2]},"timeDeltas":[10]}}},
 {"name":"ProfileChunk","ph":"P","id":"0x1","ts":102,"pid":3,"tid":9,"args":{"data":{"cpuProfile":{"nodes":[
   {"id":3,"parent":2,"callFrame":{"functionName":"g","url":"x.js","scriptId":7,"lineNumber":9}}],"samples":[3,2]},"timeDeltas":[5,7]}}},
 {"name":"ProfileChunk","ph":"P","id":"0x1","ts":103,"pid":3,"tid":9,"args":{"data":{"endTime":130}}}
],"stackFrames":{"1":{"category":"libc.so","name":"start"},"5":{"category":"app","name":"work","parent":1}},
 "samples":[{"cpu":0,"tid":2,"ts":3,"name":"cycles","sf":1,"weight":4}]}"#;

/// Metric, stack, time and value of every sample, along time.
fn samples(profile: &Profile) -> Vec<(String, String, Option<i64>, i64)> {
    rows(profile).into_iter().map(|row| (row.metric, row.stack, row.time, row.value)).collect()
}

fn row(metric: &str, stack: &str, time: Option<i64>, value: i64) -> (String, String, Option<i64>, i64) {
    (metric.to_owned(), stack.to_owned(), time, value)
}

#[test]
fn a_sample_of_v8_lasts_until_the_next() {
    let profile = read(CPUPROFILE, "cpuprofile").unwrap();
    assert_eq!(
        samples(&profile),
        [
            row("ticks", "outer;(anonymous):2", None, 1),
            row("ticks", "outer;(anonymous):3", None, 1),
            row("time", "outer;(anonymous)", Some(3_000_000), 1_500_000),
            row("time", "(idle)", Some(4_000_000), 1_000_000),
            row("time", "outer;(anonymous)", Some(5_000_000), 1_000_000),
        ]
    );
    let function = profile.tables().functions.iter().find(|function| function.name == "outer").unwrap();
    assert_eq!((function.file.as_deref(), function.line), (Some("/a.js"), Some(5)));
    assert_eq!((profile.meta.start, profile.meta.duration), (1_000_000, 4_000_000));
}

#[test]
fn time_belongs_to_the_innermost_event() {
    let profile = read(SLICES, "chrome").unwrap();
    assert_eq!(
        samples(&profile),
        [
            row("time", "outer", Some(20_000), 10_000),
            row("time", "outer;inner:3", Some(50_500), 30_500),
            row("time", "outer", Some(100_000), 49_500),
            row("time", "b;c", Some(250_000), 50_000),
            row("time", "b", Some(300_000), 50_000),
            row("time", "next", Some(301_000), 1_000),
        ]
    );
    let tables = profile.tables();
    let thread = tables.threads.iter().find(|thread| thread.tid == 8).unwrap();
    assert_eq!((thread.name.as_str(), tables.processes[0].name.as_str()), ("main", "browser"));
    let counters: Vec<_> = tables.counters.iter().map(|point| (point.name.as_str(), point.value)).collect();
    assert_eq!(counters, [("memory", 12.0), ("rss anonymous", 1.0), ("rss file", 2.0)]);
    assert_eq!(
        (tables.events[0].name.as_str(), tables.events[0].payload.as_str()),
        ("marked", r#"{"why":"x"}"#)
    );
    assert!(profile.meta.notes[0].starts_with("1 events without a stack"), "{:?}", profile.meta.notes);
}

#[test]
fn samples_of_each_kind_have_their_stacks() {
    let profile = read(SAMPLED, "chrome").unwrap();
    assert_eq!(
        samples(&profile),
        [
            row("samples", "start;work", Some(1_000), 1),
            row("samples", "main;f", Some(2_000), 1),
            row("samples", "start", Some(3_000), 4),
            row("v8-time", "f", Some(115_000), 5_000),
            row("v8-time", "f;g", Some(122_000), 7_000),
            row("v8-time", "f", Some(130_000), 8_000),
        ]
    );
    let tables = profile.tables();
    assert!(tables.threads.iter().any(|thread| thread.name == "Worker"));
    // V8's samples are of the thread that started the sampler, not of the one that sent them.
    assert!(
        tables.threads.iter().any(|thread| thread.tid == 4) && !tables.threads.iter().any(|t| t.tid == 9)
    );
}

/// As Chromium writes it where both are asked for: what V8 samples lies within events that take the same time.
#[test]
fn samples_of_v8_are_not_added_to_the_events_around_them() {
    let event = r#""traceEvents":[{"name":"RunTask","ph":"X","ts":100,"dur":30,"pid":3,"tid":4},"#;
    let profile = read(SAMPLED.replace("\"traceEvents\":[", event), "chrome").unwrap();
    let sum = |metric: &str| -> i64 {
        let rows = samples(&profile);
        rows.iter().filter(|(name, ..)| name == metric).map(|(.., value)| value).sum()
    };
    assert_eq!((sum("v8-time"), sum("time")), (20_000, 30_000));
}

#[test]
fn an_array_of_events_may_lack_its_end() {
    let array = r#"[{"name":"a","ph":"X","ts":1,"dur":2,"pid":1,"tid":1},
"#;
    for end in ["", "]", "\n{\"name\":\"b\",\"ph\":\"X\",\"ts\":5,\"dur\":1,\"pid\":1,\"tid\":1}\n"] {
        let profile = read(
            &(array.trim_end_matches(['\n', ',']).to_owned()
                + if end.starts_with('\n') { "," } else { "" }
                + end),
            "chrome",
        )
        .unwrap();
        assert_eq!(samples(&profile)[0], row("time", "a", Some(3_000), 2_000));
    }
    assert_eq!(samples(&read(array, "chrome").unwrap()).len(), 1);
}

#[test]
fn what_does_not_nest_is_cut_and_counted() {
    let text = r#"[{"name":"a","ph":"X","ts":0,"dur":10,"pid":1,"tid":1},
{"name":"b","ph":"X","ts":5,"dur":10,"pid":1,"tid":1},{"name":"open","ph":"B","ts":20,"pid":1,"tid":1}]"#;
    let profile = read(text, "chrome").unwrap();
    assert_eq!(
        samples(&profile),
        [row("time", "a", Some(5_000), 5_000), row("time", "a;b", Some(10_000), 5_000)]
    );
    let notes = profile.meta.notes.join("\n");
    assert!(
        notes.contains("1 events of a thread end after") && notes.contains("1 events of a thread do not end"),
        "{notes}"
    );
}

#[test]
fn an_end_ends_what_has_a_length_of_its_own_and_began_within() {
    let text = r#"[{"name":"a","ph":"B","ts":0,"pid":1,"tid":1},{"name":"x","ph":"X","ts":5,"dur":10,"pid":1,"tid":1},
{"name":"a","ph":"E","ts":9,"pid":1,"tid":1},{"name":"b","ph":"X","ts":20,"dur":1,"pid":1,"tid":1}]"#;
    let profile = read(text, "chrome").unwrap();
    let expected = [
        row("time", "a", Some(5_000), 5_000),
        row("time", "a;x", Some(9_000), 4_000),
        row("time", "b", Some(21_000), 1_000),
    ];
    assert_eq!(samples(&profile), expected);
    assert!(profile.meta.notes[0].starts_with("1 events of a thread end after"), "{:?}", profile.meta.notes);
    let alone = read(r#"[{"name":"a","ph":"E","ts":9,"pid":1,"tid":1}]"#, "chrome").unwrap_err();
    assert!(alone.to_string().contains("that this `E` ends"), "{alone}");
}

#[test]
fn no_leniency_is_advised_where_it_cannot_help() {
    let cut = read(&SLICES[..80], "chrome").unwrap_err();
    assert!(!cut.cure().contains("--lenient"), "{}", cut.cure());
    let part = read(SAMPLED.replace("\"sf\":5", "\"sf\":6"), "chrome").unwrap_err();
    assert!(part.cure().contains("--lenient"), "{}", part.cure());
}

#[test]
fn what_leads_nowhere_is_refused_or_left_out() {
    for (format, text) in [
        ("cpuprofile", CPUPROFILE.replace("[3,4,3]", "[3,9,3]")),
        ("cpuprofile", CPUPROFILE.replace("[500,1500,1000]", "[500]")),
        ("chrome", SAMPLED.replace("\"sf\":5", "\"sf\":6")),
        ("chrome", SLICES.replace("\"name\":\"b\",\"ph\":\"B\"", "\"name\":\"b\",\"ph\":\"E\"")),
        ("chrome", SLICES.replace("\"ts\":10,", "")),
    ] {
        let strict = read(&text, format);
        assert!(matches!(strict, Err(Error::Malformed { .. })), "{text}");
        let lenient = read_lenient(&text, format).unwrap();
        assert!(!lenient.meta.complete && lenient.meta.notes.iter().any(|note| note.contains("left out")));
    }
    for (format, text) in [
        ("cpuprofile", CPUPROFILE.replace("\"children\":[3]", "\"children\":[2]")),
        ("chrome", SAMPLED.replace("\"name\":\"start\"", "\"name\":\"start\",\"parent\":5")),
    ] {
        assert!(matches!(read(&text, format), Err(Error::Malformed { .. })), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_is_an_error_or_a_profile(file in 0..3_usize, damage in damage(), lenient: bool) {
        let (format, text) = [("cpuprofile", CPUPROFILE), ("chrome", SLICES), ("chrome", SAMPLED)][file];
        damage.read(text.as_bytes(), format, lenient)?;
    }

    /// However events lie, no time is given twice: together they cover what the outermost do.
    #[test]
    fn the_times_add_up(events in proptest::collection::vec((0..200_u32, 0..50_u32), 1..40)) {
        let texts: Vec<_> = events.iter().enumerate().map(|(at, (begin, length))| {
            format!(r#"{{"name":"f{at}","ph":"X","ts":{begin},"dur":{length},"pid":1,"tid":1}}"#)
        }).collect();
        let profile = read(format!("[{}]", texts.join(",")), "chrome").unwrap();
        // An event is cut where the one around it ends, so that the outermost decide what is covered.
        let mut sorted = events;
        sorted.sort_by_key(|(begin, length)| (*begin, std::cmp::Reverse(*length)));
        let (mut end, mut covered) = (0, 0);
        for (begin, length) in sorted {
            if begin >= end {
                covered += length;
                end = begin + length;
            }
        }
        let sum: i64 = samples(&profile).iter().map(|(_, _, _, value)| value).sum();
        prop_assert_eq!(sum, i64::from(covered) * 1000);
    }
}
