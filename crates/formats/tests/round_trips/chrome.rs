//! Chrome's trace, its events read back.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pyrometer_formats::chrome;
use pyrometer_tables::Profile;
use pyrometer_tables::select::Selection;
use serde_json::Value;

use super::profiles::{Keeps, Rows, add, known, profiles, rows};

/// An event: begin and end in nanoseconds, name, value, number of samples.
type Slice = (i64, i64, String, i64, i64);

fn events(profile: &Profile) -> Vec<Value> {
    let mut out = Vec::new();
    chrome::write(profile, &Selection::default(), &mut out).unwrap();
    let document: Value = serde_json::from_slice(&out).unwrap();
    document["traceEvents"].as_array().unwrap().clone()
}

/// The events of each track, in the order of their beginnings. Ends must be those of what began last.
fn slices(events: &[Value]) -> BTreeMap<(i64, i64), Vec<Slice>> {
    let mut tracks: BTreeMap<_, Vec<Slice>> = BTreeMap::new();
    let mut open: BTreeMap<_, Vec<(usize, &Value)>> = BTreeMap::new();
    let mut last: BTreeMap<_, f64> = BTreeMap::new();
    for event in events.iter().filter(|event| event["ph"] == "B" || event["ph"] == "E") {
        let time = event["ts"].as_f64().unwrap();
        let number = |value: &Value| value.as_i64().unwrap();
        let args = &event["args"];
        let ids = (number(&event["pid"]), number(&event["tid"]));
        let (track, open) = (tracks.entry(ids).or_default(), open.entry(ids).or_default());
        // A viewer need not sort them, and may: no two are at one moment.
        assert!(last.insert(ids, time).is_none_or(|before| before < time), "{event} comes too late");
        let nanoseconds = (time * 1000.0).round() as i64;
        if event["ph"] == "B" {
            open.push((track.len(), event));
            let name = event["name"].as_str().unwrap().to_owned();
            track.push((nanoseconds, nanoseconds, name, number(&args["value"]), number(&args["samples"])));
        } else {
            let (at, begun) = open.pop().unwrap();
            assert_eq!(
                (&begun["name"], &begun["cat"], &begun["args"]),
                (&event["name"], &event["cat"], args)
            );
            track[at].1 = nanoseconds;
        }
    }
    assert!(open.values().all(Vec::is_empty));
    tracks
}

/// What each stack weighs by itself: what events weigh but for those within.
fn own(slices: &[Slice], mut add: impl FnMut(Vec<String>, i64, i64)) {
    let mut order: Vec<_> = (0..slices.len()).collect();
    order.sort_by_key(|at| (slices[*at].0, -slices[*at].1, *at));
    let mut rest: Vec<_> = slices.iter().map(|slice| (slice.3, slice.4)).collect();
    let mut open: Vec<usize> = Vec::new();
    let mut paths = vec![Vec::new(); slices.len()];
    for at in order {
        while open.last().is_some_and(|last| slices[*last].1 <= slices[at].0) {
            open.pop();
        }
        if let Some(caller) = open.last().copied() {
            assert!(slices[at].1 <= slices[caller].1, "{:?} in {:?}", slices[at], slices[caller]);
            rest[caller].0 -= slices[at].3;
            rest[caller].1 -= slices[at].4;
            paths[at] = paths[caller].clone();
        }
        paths[at].push(slices[at].2.clone());
        open.push(at);
    }
    for (path, (value, count)) in paths.into_iter().zip(rest) {
        if (value, count) != (0, 0) {
            add(path, value, count);
        }
    }
}

fn read(profile: &Profile) -> Rows {
    let mut found = Rows::new();
    for ((pid, tid), slices) in slices(&events(profile)) {
        own(&slices, |path, value, count| {
            let mut key = vec![format!("{tid} thread {tid} of {pid}")];
            key.extend(path);
            add(&mut found, key, value, count);
        });
    }
    found
}

const KEEPS: Keeps = Keeps {
    threads: true,
    counts: true,
    semicolons: true,
    metrics: false,
    times: false,
    cpus: false,
    places: false,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flame_graph_of_events_has_what_stacks_weigh(before in profiles(false)) {
        prop_assert_eq!(read(&before), rows(&before, &["cpu-time"], KEEPS));
    }

    #[test]
    fn a_time_line_of_events_has_what_threads_weigh(before in profiles(true)) {
        let mut found: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        for (ids, slices) in slices(&events(&before)) {
            let begin = slices.iter().map(|slice| slice.0).min().unwrap();
            let mut last = begin;
            // Roots come one after the other.
            let holds = |(outer, one): (usize, &Slice), (inner, other): (usize, &Slice)| {
                let is_around = one.0 <= other.0 && other.1 <= one.1;
                is_around && ((one.0, one.1) != (other.0, other.1) || outer < inner)
            };
            let is_root = |inner: &(usize, &Slice)| !slices.iter().enumerate().any(|outer| holds(outer, *inner));
            for (_, root) in slices.iter().enumerate().filter(is_root) {
                prop_assert!(root.0 >= last, "{:?} begins before {}", root, last);
                last = root.1;
                *found.entry(ids).or_default() += root.3;
            }
        }
        let mut expected: BTreeMap<(i64, i64), i64> = BTreeMap::new();
        for (key, (value, _)) in rows(&before, &["cpu-time"], KEEPS) {
            let mut words = key[0].split(' ');
            let tid = words.next().unwrap().parse().unwrap();
            let pid = words.next_back().unwrap().parse().unwrap();
            *expected.entry((pid, tid)).or_default() += value;
        }
        prop_assert_eq!(found, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What comes from a trace goes into one as it was.
    #[test]
    fn events_that_were_read_are_written_as_long(
        events in proptest::collection::vec((0..200_u32, 1..50_u32), 1..40),
    ) {
        let texts: Vec<_> = events.iter().enumerate().map(|(at, (begin, length))| {
            format!(r#"{{"name":"f{at}","ph":"X","ts":{begin},"dur":{length},"pid":1,"tid":1}}"#)
        }).collect();
        let read = |bytes: &[u8]| {
            pyrometer_formats::read::read_bytes("file".as_ref(), bytes, &Default::default()).unwrap()
        };
        let before = read(format!("[{}]", texts.join(",")).as_bytes());
        let mut out = Vec::new();
        chrome::write(&before, &Selection::default(), &mut out).unwrap();
        let keeps = Keeps { counts: false, threads: false, ..KEEPS };
        prop_assert_eq!(rows(&read(&out), &["time"], keeps), rows(&before, &["time"], keeps));
    }
}

#[test]
fn consecutive_samples_of_a_function_are_one_event_and_a_pause_parts_them() {
    use pyrometer_tables::meta::Meta;
    use pyrometer_tables::schema::{Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
    let named = |name: &str| Function { name: name.to_owned(), ..Function::default() };
    let frame = |function, line| Frame { function: Some(function), line: Some(line), ..Frame::default() };
    let stack = |parent, frame| Stack { parent, frame };
    let tables = Tables {
        metrics: vec![Metric { name: "cpu-time".into(), unit: "ns".into(), ..Metric::default() }],
        processes: vec![Process { pid: 1, name: "p".into(), ..Process::default() }],
        threads: vec![Thread { tid: 1, name: "t".into(), ..Thread::default() }],
        functions: vec![named("main"), named("work"), named("rest")],
        // `main` calls from two lines.
        frames: vec![frame(0, 1), frame(0, 2), frame(1, 5), frame(2, 6)],
        stacks: vec![stack(None, 0), stack(None, 1), stack(Some(0), 2), stack(Some(1), 3)],
        ..Tables::default()
    };
    let ms = 1_000_000;
    // Two in `work`, at once after them one in `rest`; after a pause one more in `work`.
    let at =
        |(time, stack)| Sample { time: Some(time * ms), stack, value: ms, count: 1, ..Sample::default() };
    let samples = [(1, 2), (2, 2), (3, 3), (10, 2)].map(at).to_vec();
    let profile = Profile::from_parts(Meta::default(), tables, samples).unwrap();
    let mut found = slices(&events(&profile)).remove(&(1, 1)).unwrap();
    found.sort();
    let slice = |begin, end, name: &str, count| (begin * ms, end * ms, name.to_owned(), count * ms, count);
    let mut expected = vec![
        slice(0, 3, "main", 3),
        slice(0, 2, "work", 2),
        slice(2, 3, "rest", 1),
        slice(9, 10, "main", 1),
        slice(9, 10, "work", 1),
    ];
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn threads_of_the_same_ids_are_one_track_one_after_the_other() {
    let mut out = Vec::new();
    let folded = b"main 5\n";
    let read = pyrometer_formats::read::read_bytes("file".as_ref(), folded, &Default::default()).unwrap();
    let mut tables = read.tables().clone();
    tables.threads.push(tables.threads[0].clone());
    let one = pyrometer_tables::schema::Sample { value: 5, count: 5, ..Default::default() };
    let samples = vec![one, pyrometer_tables::schema::Sample { thread: 1, ..one }];
    let profile = Profile::from_parts(read.meta.clone(), tables, samples).unwrap();
    chrome::write(&profile, &Selection::default(), &mut out).unwrap();
    let document: Value = serde_json::from_slice(&out).unwrap();
    let found = slices(document["traceEvents"].as_array().unwrap()).into_values().next().unwrap();
    let times: Vec<_> = found.iter().map(|slice| (slice.0, slice.1)).collect();
    assert_eq!(times, [(0, 5_000), (5_000, 10_000)]);
}

#[test]
fn an_axis_that_is_no_time_says_so() {
    let profile = known(false);
    let labels: Vec<_> =
        events(&profile).into_iter().filter(|event| event["name"] == "process_labels").collect();
    assert!(!labels.is_empty());
    for label in labels {
        assert_eq!(label["args"]["labels"], "not over time: the axis is cumulative cpu-time (ns)");
    }
}
