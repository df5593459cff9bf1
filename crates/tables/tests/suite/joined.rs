//! Several profiles as one: nothing is lost, and what is alike is one row.

use proptest::prelude::*;
use pyrometer_tables::meta::{Host, Meta};
use pyrometer_tables::schema::{
    Binary, Call, Counter, Event, Experiment, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread,
};
use pyrometer_tables::{Error, Profile, file, joined};

use super::common;
use super::round_trip::{all_samples, profile};

/// What samples say, whatever rows they refer to.
fn told(profile: &Profile) -> Vec<String> {
    let mut all: Vec<_> = all_samples(profile)
        .expect("samples in memory")
        .iter()
        .map(|sample| of_sample(profile, sample))
        .collect();
    all.sort_unstable();
    all
}

fn of_sample(profile: &Profile, sample: &Sample) -> String {
    let tables = profile.tables();
    let mut path = Vec::new();
    let mut row = Some(sample.stack);
    while let Some(stack) = row.map(|row| &tables.stacks[row as usize]) {
        path.push(of_frame(tables, &tables.frames[stack.frame as usize]));
        row = stack.parent;
    }
    let thread = &tables.threads[sample.thread as usize];
    let process = &tables.processes[thread.process as usize];
    let metric = &tables.metrics[sample.metric as usize];
    let Sample { time, cpu, value, count, .. } = sample;
    let task = (process.pid, &process.name, process.end, thread.tid, &thread.name, thread.start);
    format!("{path:?} {task:?} {} {} {time:?} {cpu:?} {value} {count}", metric.name, metric.unit)
}

fn of_frame(tables: &Tables, frame: &Frame) -> String {
    let binary = |row: Option<i32>| {
        row.map(|row| (&tables.binaries[row as usize].path, &tables.binaries[row as usize].build_id))
    };
    let function = frame.function.map(|row| &tables.functions[row as usize]);
    let function = function.map(|of| (&of.name, of.line, binary(of.binary)));
    format!("{function:?} {:?} {:?} {:?} {}", binary(frame.binary), frame.address, frame.file, frame.inlined)
}

proptest! {
    #[test]
    fn no_sample_is_lost_or_changed((one, of_one) in profile(), (other, of_other) in profile()) {
        let of = |tables, samples| Profile::from_parts(common::meta(), tables, samples).unwrap();
        let (one, other) = (of(one, of_one), of(other, of_other));
        let both = joined(&[&one, &other]).unwrap();
        let mut expected = [told(&one), told(&other)].concat();
        expected.sort_unstable();
        prop_assert_eq!(told(&both), expected);
        let distinct = both.tables().stacks.iter().collect::<std::collections::HashSet<_>>();
        prop_assert_eq!(distinct.len(), both.tables().stacks.len());
        prop_assert_eq!(told(&joined(&[&one]).unwrap()), told(&one));
    }
}

fn known(meta: Meta) -> Profile {
    let function = |name: &str| Function { name: name.to_owned(), binary: Some(0), ..Function::default() };
    let frame = |function| Frame { function: Some(function), ..Frame::default() };
    let call = Call { caller: 0, callee: 1, line: Some(3), count: 4, metric: 0, inclusive: 50 };
    let tables = Tables {
        metrics: vec![Metric {
            name: "Ir".into(),
            unit: "count".into(),
            kind: "exact".into(),
            period: 1,
            ..Metric::default()
        }],
        processes: vec![
            Process { pid: 7, start: meta.start, ..Process::default() },
            Process { pid: 8, parent: Some(0), start: meta.start + 1, ..Process::default() },
        ],
        threads: vec![Thread { process: 1, tid: 8, start: meta.start + 1, ..Thread::default() }],
        binaries: vec![Binary { path: "/bin/a".into(), ..Binary::default() }],
        functions: vec![function("main"), function("work")],
        frames: vec![frame(0), frame(1)],
        stacks: vec![Stack { parent: None, frame: 0 }, Stack { parent: Some(0), frame: 1 }],
        calls: vec![call],
        counters: vec![Counter { name: "rss".into(), time: meta.start + 5, thread: Some(0), value: 1.0 }],
        events: vec![Event {
            name: "e".into(),
            time: meta.start + 6,
            thread: Some(0),
            stack: Some(1),
            ..Event::default()
        }],
        experiments: vec![Experiment { visits: 3, ..Experiment::default() }],
    };
    let sample =
        Sample { stack: 1, metric: 0, value: 9, count: 1, time: Some(meta.start + 4), ..Sample::default() };
    Profile::from_parts(meta, tables, vec![sample]).expect("rows that fit")
}

fn recorded(boot: &str, start: i64, duration: i64) -> Meta {
    let host = Host { boot_id: boot.to_owned(), ..Host::default() };
    Meta { start, duration, host, exit_status: Some(0), complete: true, cpu_time: Some(5), ..Meta::default() }
}

#[test]
fn what_is_alike_is_one_row_and_tasks_stay_apart() {
    let (one, other) = (known(recorded("a", 1000, 10)), known(recorded("a", 1005, 10)));
    let both = joined(&[&one, &other]).unwrap();
    let tables = both.tables();
    let alike = |of: &Tables| {
        (of.metrics.clone(), of.binaries.clone(), of.functions.clone(), of.frames.clone(), of.stacks.clone())
    };
    assert_eq!(alike(tables), alike(one.tables()));
    let parents: Vec<_> = tables.processes.iter().map(|process| process.parent).collect();
    assert_eq!(parents, [None, Some(0), None, Some(2)]);
    assert_eq!(tables.threads.iter().map(|thread| thread.process).collect::<Vec<_>>(), [1, 3]);
    assert_eq!((tables.calls.len(), tables.calls[0].count, tables.calls[0].inclusive), (1, 8, 100));
    assert_eq!(tables.counters.iter().map(|point| point.thread).collect::<Vec<_>>(), [Some(0), Some(1)]);
    assert_eq!(
        tables.events.iter().map(|event| (event.thread, event.stack)).collect::<Vec<_>>(),
        [(Some(0), Some(1)), (Some(1), Some(1))]
    );
    assert_eq!(tables.experiments.len(), 2);
}

#[test]
fn recordings_that_overlapped_stay_so_and_others_begin_together() {
    let times = |profile: &Profile| {
        all_samples(profile)
            .expect("samples in memory")
            .iter()
            .filter_map(|sample| sample.time)
            .collect::<Vec<_>>()
    };
    for (other, sample, span) in [
        (recorded("a", 1005, 10), 1009, (1000, 15)),
        (recorded("a", 990, 15), 994, (990, 20)),
        (recorded("a", 2000, 30), 1004, (1000, 30)),
        (recorded("b", 1005, 10), 1004, (1000, 10)),
        (recorded("", 500, 2), 1004, (1000, 10)),
    ] {
        let other = known(other);
        let both = joined(&[&known(recorded("a", 1000, 10)), &other]).unwrap();
        assert_eq!(times(&both), [1004, sample]);
        assert_eq!((both.meta.start, both.meta.duration), span);
        let moved = sample - times(&other)[0];
        let start = |profile: &Profile, row: usize| profile.tables().processes[row].start;
        assert_eq!(start(&both, 2), start(&other, 0) + moved);
        assert_eq!(both.tables().counters[1].time, other.tables().counters[0].time + moved);
        assert_eq!(both.tables().events[1].time, other.tables().events[0].time + moved);
        assert_eq!(both.tables().threads[1].start, other.tables().threads[0].start + moved);
    }
}

#[test]
fn what_is_known_of_all_is_added_and_what_differs_is_said() {
    let mut other = recorded("a", 2000, 10);
    other.command = vec!["./b".into()];
    (other.exit_status, other.complete, other.start_wall) = (Some(-11), false, 77);
    other.quality.lost = 3;
    other.notes = vec!["a note".into()];
    other.extra.insert("engine".into(), "x".into());
    let meta = joined(&[&known(recorded("a", 1000, 10)), &known(other)]).unwrap().meta;
    assert_eq!(
        (meta.exit_status, meta.complete, meta.start_wall, meta.cpu_time),
        (Some(-11), false, 77, None)
    );
    assert_eq!((meta.quality.lost, &meta.extra["engine"]), (3, &"x".into()));
    assert_eq!(meta.notes, ["a note", "the profiles differ in command: the first one's is shown"]);
    assert_eq!(joined(&[&known(recorded("a", 1000, 10))]).unwrap().meta, recorded("a", 1000, 10));
}

#[test]
fn rows_of_counts_beside_samples_are_not_said_to_be_samples() {
    let of = |kind: &str, samples| {
        let mut meta = recorded("a", 1000, 10);
        (meta.quality.samples, meta.quality.unsymbolized) = (samples, 1);
        let metrics = vec![Metric { name: kind.into(), kind: kind.into(), ..Metric::default() }];
        Profile::from_parts(meta, Tables { metrics, ..Tables::default() }, Vec::new()).unwrap()
    };
    let samples = |profiles: &[&Profile]| {
        let quality = joined(profiles).unwrap().meta.quality;
        (quality.samples, quality.unsymbolized)
    };
    let (exact, sampled) = (of("exact", 700), of("sampled", 50));
    assert_eq!(samples(&[&exact, &exact]), (1400, 2));
    assert_eq!([samples(&[&exact, &sampled]), samples(&[&sampled, &exact])], [(50, 1); 2]);
}

#[test]
fn counts_and_samples_of_one_metric_are_not_added() {
    let one = known(recorded("a", 1000, 10));
    let mut tables = one.tables().clone();
    tables.metrics[0].kind = "sampled".into();
    let other = Profile::from_parts(recorded("a", 1000, 10), tables, Vec::new()).unwrap();
    let error = joined(&[&one, &other]).unwrap_err();
    assert!(
        matches!(&error, Error::Selection { what } if what == "Ir is exact in one profile and sampled in another")
    );
}

#[test]
fn what_profiles_carry_the_joined_one_carries() {
    let folder = tempfile::tempdir().unwrap();
    let written = |name: &str, carried: &'static str| {
        let path = folder.path().join(name);
        let write = Box::new(|output: &mut dyn std::io::Write| output.write_all(carried.as_bytes()));
        let attachment = file::Attachment { name: format!("debug/{carried}"), write };
        let known = known(recorded("a", 1000, 10));
        Profile::write(&path, known.meta.clone(), known.tables().clone(), &Vec::new(), &[attachment]).unwrap()
    };
    let path = folder.path().join("both.pyro");
    joined(&[&written("1", "x"), &written("2", "y")]).unwrap().save(&path).unwrap();
    let both = Profile::open(&path).unwrap();
    assert_eq!(both.attachments().names().collect::<Vec<_>>(), ["debug/x", "debug/y"]);
    assert_eq!(both.attachments().read("debug/y").unwrap().unwrap(), "y");
}
