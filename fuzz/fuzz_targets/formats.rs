//! Any names, stacks and values in every format: written or refused, and readable again.
#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use pyrometer_formats::svg::Picture;
use pyrometer_formats::{Result, chrome, csv, firefox, folded, otlp, pprof, speedscope, svg};
use pyrometer_tables::Profile;
use pyrometer_tables::call_tree::Grouping;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
use pyrometer_tables::select::Selection;

type Input = (Vec<(String, String)>, Vec<(u8, u8)>, Vec<(u8, Option<i64>, i64)>);

fuzz_target!(|input: Input| {
    let (names, nodes, values) = input;
    let tables = tables(&names, &nodes);
    let samples = samples(&tables, &values);
    let profile = Profile::from_parts(Meta::default(), tables, samples).expect("every row refers to another");
    let (selection, grouping) = (Selection::default(), Grouping::default());
    for text in [
        written(|out| speedscope::write(&profile, &selection, out)),
        written(|out| firefox::write(&profile, &selection, out)),
        written(|out| chrome::write(&profile, &selection, out)),
    ] {
        if let Some(text) = text {
            serde_json::from_slice::<serde_json::Value>(&text).expect("JSON");
        }
    }
    if let Some(text) = written(|out| folded::write(&profile, &selection, &grouping, out)) {
        let text = String::from_utf8(text).expect("text");
        let value = |line: &str| line.rsplit_once(' ').and_then(|(_, value)| value.parse::<i64>().ok());
        assert!(text.lines().skip(1).all(|line| value(line).is_some()), "{text}");
    }
    written(|out| pprof::write(&profile, &selection, out));
    written(|out| csv::write(&profile, &selection, out));
    if let Some(bytes) = written(|out| otlp::write(&profile, &selection, out)) {
        <otlp::message::ProfilesData as prost::Message>::decode(&bytes[..]).expect("a message");
    }
    let drawn = written(|out| svg::write(&profile, &selection, &Picture::default(), out));
    assert!(drawn.is_none_or(|text| std::str::from_utf8(&text).is_ok()));
});

/// What was written, if it was not refused.
fn written<T>(write: impl FnOnce(&mut dyn Write) -> Result<T>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write(&mut out).is_ok().then_some(out)
}

fn tables(names: &[(String, String)], nodes: &[(u8, u8)]) -> Tables {
    let function = |(name, file): &(String, String)| Function {
        name: name.clone(),
        file: Some(file.as_str().into()),
        binary: Some(0),
        ..Function::default()
    };
    let frame = |row: i32| Frame {
        function: Some(row),
        binary: Some(0),
        address: Some(row.into()),
        inlined: row % 3 == 1,
        ..Frame::default()
    };
    let mut functions: Vec<Function> = names.iter().map(function).collect();
    functions.push(Function::default());
    let frames: Vec<Frame> = (0..functions.len() as i32).map(frame).collect();
    let stack = |(row, (parent, frame)): (usize, &(u8, u8))| Stack {
        parent: (row > 0 && *parent > 0).then(|| (usize::from(*parent) % row.max(1)) as i32),
        frame: (usize::from(*frame) % names.len().max(1)) as i32,
    };
    let mut stacks: Vec<Stack> = nodes.iter().enumerate().map(stack).collect();
    stacks.push(Stack::default());
    let path = names.first().map_or(String::new(), |(name, _)| name.clone());
    Tables {
        metrics: vec![Metric { name: path.clone(), unit: "ns".to_owned(), ..Metric::default() }],
        processes: vec![Process { name: path.clone(), ..Process::default() }],
        threads: vec![Thread { name: path.clone(), ..Thread::default() }],
        binaries: vec![Binary { path, ..Binary::default() }],
        functions,
        frames,
        stacks,
        ..Tables::default()
    }
}

fn samples(tables: &Tables, values: &[(u8, Option<i64>, i64)]) -> Vec<Sample> {
    let sample = |&(stack, time, value): &(u8, Option<i64>, i64)| Sample {
        stack: (usize::from(stack) % tables.stacks.len()) as i32,
        time,
        value,
        count: 1,
        ..Sample::default()
    };
    values.iter().map(sample).collect()
}
