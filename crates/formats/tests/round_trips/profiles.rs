//! Any sound profile, and what a format keeps of it as rows that can be compared.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pyrometer_tables::Profile;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{
    Binary, Counter, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread,
};

pub const START: i64 = 5_000_000_000;
pub const WALL: i64 = 1_700_000_000_000_000_000;

/// An address: binary, offset, and the functions there with their lines, the outermost first.
type Location = (usize, i64, Vec<(usize, i32)>);
/// Locations from the root, thread, metric, time, value, count.
type Observation = (Vec<usize>, usize, usize, i64, i64, i64);

/// Names with whatever formats use as marks, but for those that they have no escape for.
fn names() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-z][a-zA-Z0-9_:<>&*'\"\\\\;,=+ü -]{0,12}[a-z>]", 4)
}

fn locations() -> impl Strategy<Value = Vec<Location>> {
    let functions = proptest::collection::vec((0usize..4, 1i32..500), 1..4);
    proptest::collection::vec((0usize..2, 1i64..0x7fff_ffff_ffff, functions), 1..6)
}

fn observations() -> impl Strategy<Value = Vec<Observation>> {
    let stack = proptest::collection::vec(0usize..6, 1..5);
    let value = 1i64..10_000_000_000;
    let one = (stack, 0usize..3, 0usize..3, 0i64..60_000_000_000, value, 1i64..9);
    proptest::collection::vec(one, 1..20)
}

/// Profiles of three threads in two processes; `timed`: each sample has a time and a CPU, and is one observation.
pub fn profiles(timed: bool) -> impl Strategy<Value = Profile> {
    let all = (names(), locations(), observations());
    all.prop_map(move |(names, locations, observations)| built(timed, &names, &locations, &observations))
}

/// One of them, in which there is something of everything.
pub fn known(timed: bool) -> Profile {
    let names = ["main", "work", "inner", "leaf"].map(str::to_owned);
    let locations = [(0, 0x1000, vec![(0, 10)]), (1, 0x2000, vec![(1, 21), (2, 30)])];
    let observations = [
        (vec![0, 1], 0, 0, 1_000_000, 1_000_000, 2),
        (vec![0], 1, 0, 2_000_000, 1_000_000, 1),
        (vec![0, 1], 1, 1, 3_000_000, 5, 1),
    ];
    built(timed, &names, &locations, &observations)
}

/// The samples of a profile, with other tables.
pub fn with_tables(profile: Profile, tables: Tables) -> Profile {
    let mut samples = Vec::new();
    profile
        .for_each_batch(|batch| {
            samples.extend_from_slice(batch);
            Ok(())
        })
        .unwrap();
    Profile::from_parts(profile.meta.clone(), tables, samples).unwrap()
}

fn built(timed: bool, names: &[String], locations: &[Location], observations: &[Observation]) -> Profile {
    let mut tables = tables(names);
    let mut samples = Vec::new();
    for (at, (path, thread, metric, time, value, count)) in (0..).zip(observations) {
        // No two at the same time.
        let time = time * 32 + at;
        let mut parent = None;
        for at in path {
            parent = push_location(&mut tables, &locations[at % locations.len()], parent);
        }
        samples.push(Sample {
            stack: parent.unwrap(),
            thread: *thread as i32,
            time: timed.then_some(START + time),
            cpu: timed.then_some(*thread as i32),
            metric: *metric as i32,
            value: *value,
            count: if timed { 1 } else { *count },
        });
    }
    let meta = Meta { start: START, start_wall: WALL, complete: true, ..Meta::default() };
    Profile::from_parts(meta, tables, samples).unwrap()
}

fn tables(names: &[String]) -> Tables {
    let metric = |(name, unit): (&str, &str)| Metric {
        name: name.to_owned(),
        unit: unit.to_owned(),
        kind: "sampled".to_owned(),
        ..Metric::default()
    };
    let process = |pid| Process { pid, name: format!("process {pid}"), ..Process::default() };
    let thread = |(process, tid)| Thread { process, tid, name: format!("thread {tid}"), ..Thread::default() };
    let binary = |(path, id): (&str, Option<&str>)| Binary {
        path: path.to_owned(),
        build_id: id.map(str::to_owned),
        ..Binary::default()
    };
    let function = |(row, name): (usize, &String)| Function {
        name: name.clone(),
        file: (row != 3).then(|| format!("src/{row}.rs").into()),
        line: (row != 3).then_some(1 + row as i32),
        ..Function::default()
    };
    Tables {
        metrics: [("cpu-time", "ns"), ("wall-time", "ns"), ("bytes", "bytes")].map(metric).to_vec(),
        processes: [10, 20].map(process).to_vec(),
        threads: [(0, 10), (0, 11), (1, 20)].map(thread).to_vec(),
        binaries: [("/bin/a", Some("00112233445566778899aabbccddeeff00112233")), ("/lib/b.so", None)]
            .map(binary)
            .to_vec(),
        functions: names.iter().enumerate().map(function).collect(),
        ..Tables::default()
    }
}

/// Adds the frames of an address below `parent`; the row of the innermost in `stacks`.
fn push_location(
    tables: &mut Tables,
    (binary, address, functions): &Location,
    parent: Option<i32>,
) -> Option<i32> {
    let mut node = parent;
    for (depth, (function, line)) in functions.iter().enumerate() {
        let own = tables.functions[*function].file.clone();
        // Every other line is one of a header.
        let file = if line % 2 == 0 { own.map(|_| "include/header.h".into()) } else { own };
        let frame = Frame {
            function: Some(*function as i32),
            line: file.as_ref().map(|_| *line),
            column: file.as_ref().map(|_| 7),
            file,
            address: Some(*address),
            binary: Some(*binary as i32),
            inlined: depth > 0,
            kind: "native".into(),
        };
        let frame = position_or_push(&mut tables.frames, frame);
        node = Some(position_or_push(&mut tables.stacks, Stack { parent: node, frame }));
    }
    node
}

fn position_or_push<T: PartialEq>(rows: &mut Vec<T>, row: T) -> i32 {
    let known = rows.iter().position(|known| *known == row);
    known.unwrap_or_else(|| {
        rows.push(row);
        rows.len() - 1
    }) as i32
}

/// What a format keeps.
#[derive(Clone, Copy, Default)]
pub struct Keeps {
    pub metrics: bool,
    pub threads: bool,
    pub times: bool,
    pub cpus: bool,
    pub places: bool,
    pub counts: bool,
    /// A `;` in a name becomes `:`.
    pub semicolons: bool,
}

/// Values and counts of all samples that are alike.
pub type Rows = BTreeMap<Vec<String>, (i64, i64)>;

pub fn add(rows: &mut Rows, key: Vec<String>, value: i64, count: i64) {
    let sum = rows.entry(key).or_default();
    sum.0 += value;
    sum.1 += count;
}

/// The samples of the metrics of these names, as far as they are kept.
pub fn rows(profile: &Profile, metrics: &[&str], keeps: Keeps) -> Rows {
    let tables = profile.tables();
    let mut rows = Rows::new();
    let mut each = |sample: &Sample| {
        let metric = &tables.metrics[sample.metric as usize];
        if !metrics.contains(&metric.name.as_str()) {
            return;
        }
        let thread = &tables.threads[sample.thread as usize];
        let process = &tables.processes[thread.process as usize];
        let mut key = Vec::new();
        if keeps.metrics {
            key.push(format!("{} in {}", metric.name, metric.unit));
        }
        if keeps.threads {
            key.push(format!("{} {} of {}", thread.tid, thread.name, process.pid));
        }
        if keeps.times {
            key.push(format!("{:?}", sample.time.map(|time| time - profile.meta.start)));
        }
        if keeps.cpus {
            key.push(format!("{:?}", sample.cpu));
        }
        key.extend(frames(tables, sample.stack, keeps));
        add(&mut rows, key, sample.value, if keeps.counts { sample.count } else { 0 });
    };
    profile
        .for_each_batch(|batch| {
            batch.iter().for_each(&mut each);
            Ok(())
        })
        .unwrap();
    rows
}

fn frames(tables: &Tables, leaf: i32, keeps: Keeps) -> Vec<String> {
    let mut frames = Vec::new();
    let mut node = Some(leaf);
    while let Some(row) = node {
        let stack = &tables.stacks[row as usize];
        let frame = &tables.frames[stack.frame as usize];
        let name = &tables.functions[frame.function.unwrap() as usize].name;
        let name = if keeps.semicolons { name.clone() } else { name.replace(';', ":") };
        frames.push(if keeps.places { place(tables, frame, &name) } else { name });
        node = stack.parent;
    }
    frames.reverse();
    frames
}

fn place(tables: &Tables, frame: &Frame, name: &str) -> String {
    let binary = frame.binary.map(|row| &tables.binaries[row as usize]);
    let binary = binary.map(|binary| (binary.path.as_str(), binary.build_id.as_deref()));
    described(name, (frame.file.as_deref(), frame.line, frame.column), frame.address, binary, frame.inlined)
}

/// A frame as text that is equal for equal frames.
pub fn described(
    name: &str,
    line: (Option<&str>, Option<i32>, Option<i32>),
    address: Option<i64>,
    binary: Option<(&str, Option<&str>)>,
    inlined: bool,
) -> String {
    format!("{name} at {line:?}, {address:x?} of {binary:?}, inlined: {inlined}")
}

/// Points of a series that rises and falls.
pub fn counters() -> Vec<Counter> {
    let point =
        |(at, value)| Counter { name: "heap-bytes".to_owned(), time: START + at, value, thread: None };
    [(0, 10.0), (1_000_001, 25.5), (2_000_000, 3.0)].map(point).to_vec()
}
