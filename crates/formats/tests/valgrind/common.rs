//! What the tests look at: files, and what is in a profile in an order of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use pyrometer_formats::read::{self, Options, by_name};
use pyrometer_formats::{Error, LeftOut, cachegrind, callgrind, dhat};
use pyrometer_tables::Profile;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};

pub const FIXTURES: [(&str, &str); 5] = [
    ("cachegrind.out", "cachegrind"),
    ("callgrind.out", "callgrind"),
    ("callgrind.parts", "callgrind"),
    ("dhat.heap.json", "dhat"),
    ("massif.out", "massif"),
];

pub fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/valgrind");
    std::fs::read(folder.join(name)).unwrap()
}

pub fn read_as(format: &str, bytes: &[u8], lenient: bool) -> Result<Profile, Error> {
    read::read_bytes("file".as_ref(), bytes, &Options { format: by_name(format), lenient })
}

pub fn recorded(name: &str) -> Profile {
    read::read_bytes(name.as_ref(), &fixture(name), &Options::default()).unwrap()
}

pub fn callgrind_of(text: &str) -> Profile {
    read_as("callgrind", text.as_bytes(), false).unwrap()
}

pub type Write = fn(&Profile, &mut Vec<u8>) -> pyrometer_formats::Result<LeftOut>;
pub const WRITERS: [(&str, Write); 3] = [
    ("callgrind", |profile, out| callgrind::write(profile, &Default::default(), out)),
    ("cachegrind", |profile, out| cachegrind::write(profile, &Default::default(), out)),
    ("dhat", |profile, out| dhat::write(profile, &Default::default(), out)),
];

pub fn written(format: &str, profile: &Profile) -> (Vec<u8>, LeftOut) {
    let mut out = Vec::new();
    let (_, write) = WRITERS.iter().find(|(name, _)| *name == format).unwrap();
    let left_out = write(profile, &mut out).unwrap();
    (out, left_out)
}

/// A frame: binary, function, file of the function, file, line, column, address, whether it is inlined.
pub fn frame(tables: &Tables, row: i32) -> String {
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

pub fn stack(tables: &Tables, row: i32) -> Vec<String> {
    let mut frames = Vec::new();
    let mut node = Some(row);
    while let Some(row) = node {
        frames.push(frame(tables, tables.stacks[row as usize].frame));
        node = tables.stacks[row as usize].parent;
    }
    frames
}

/// All that is counted: by metric and stack, innermost frame first.
pub fn costs(profile: &Profile) -> BTreeMap<(String, Vec<String>), i64> {
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

pub type Edge = (String, String, String, Option<i32>);

/// Calls: count and inclusive value by metric, caller, callee and line.
pub fn calls(profile: &Profile) -> BTreeMap<Edge, (i64, i64)> {
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
pub fn by_function(profile: &Profile, metric: &str) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for ((name, stack), value) in costs(profile) {
        if name == metric {
            *sums.entry(stack[0].split(' ').nth(1).unwrap().to_owned()).or_default() += value;
        }
    }
    sums
}

pub fn sum(profile: &Profile, metric: &str) -> i64 {
    costs(profile).iter().filter(|((name, _), _)| name == metric).map(|(_, value)| value).sum()
}

pub fn sums<const N: usize>(pairs: [(&str, i64); N]) -> BTreeMap<String, i64> {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// A profile of stacks: names from the root, and a value of each.
pub fn of_stacks(stacks: &[(&[&str], i64)]) -> Profile {
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
                let file: Option<std::sync::Arc<str>> = Some("a.c".into());
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
