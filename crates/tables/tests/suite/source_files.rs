//! Files by line are the rows of lines, added up.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use pyrometer_tables::Profile;
use pyrometer_tables::call_tree::Grouping;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Call, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
use pyrometer_tables::select::{Selection, weigh};
use pyrometer_tables::source_files::source_files;
use pyrometer_tables::sums;

const NAMES: [&str; 5] =
    ["main", "Vec<u8>::push", "Vec<u16>::push", "__libc_start_main", "std::rt::lang_start"];
const FILES: [Option<&str>; 4] = [Some("a.rs"), Some("b.rs"), Some(""), None];

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let frame = (0..NAMES.len() as i32, 0..FILES.len(), proptest::option::of(0..4_i32), any::<bool>());
    let frame = frame.prop_map(|(function, file, line, inlined)| Frame {
        function: Some(function),
        file: FILES[file].map(Into::into),
        line,
        inlined,
        ..Frame::default()
    });
    proptest::collection::vec(frame, 1..12)
}

/// Stacks with parents before them, and what ends in each.
fn stacks() -> impl Strategy<Value = Vec<(Option<usize>, usize, i64)>> {
    let stack = (proptest::option::weighted(0.8, any::<usize>()), any::<usize>(), 0..5_i64);
    proptest::collection::vec(stack, 1..20)
}

fn profile(frames: Vec<Frame>, stacks: &[(Option<usize>, usize, i64)], calls: &[(i32, i32, i64)]) -> Profile {
    let function = |name: &&str| Function { name: (*name).to_owned(), ..Function::default() };
    let row = |(at, (parent, frame, _)): (usize, &(Option<usize>, usize, i64))| Stack {
        parent: parent.filter(|_| at > 0).map(|parent| (parent % at) as i32),
        frame: (frame % frames.len()) as i32,
    };
    let call = |(caller, callee, inclusive): &(i32, i32, i64)| {
        let (caller, callee, inclusive) = (*caller, *callee, *inclusive);
        Call { caller, callee, inclusive, line: Some(2), count: 1, ..Call::default() }
    };
    let tables = Tables {
        metrics: vec![Metric::default()],
        processes: vec![Process::default()],
        threads: vec![Thread::default()],
        functions: NAMES.iter().map(function).collect(),
        stacks: stacks.iter().enumerate().map(row).collect(),
        calls: calls.iter().map(call).collect(),
        frames,
        ..Tables::default()
    };
    let sample = |(stack, (.., value)): (i32, &(Option<usize>, usize, i64))| Sample {
        stack,
        value: *value,
        count: 1,
        ..Sample::default()
    };
    let samples = (0..).zip(stacks).map(sample).collect();
    Profile::from_parts(Meta::default(), tables, samples).unwrap()
}

proptest! {
    #[test]
    fn files_are_the_rows_of_lines_added_up(
        frames in frames(),
        stacks in stacks(),
        calls in proptest::collection::vec((0..NAMES.len() as i32, 0..NAMES.len() as i32, 1..9_i64), 0..3),
        fold_generics: bool,
        collapse_runtime: bool,
        wanted in proptest::option::of(proptest::sample::select(NAMES.to_vec())),
    ) {
        let profile = profile(frames, &stacks, &calls);
        let weights = weigh(&profile, &Selection::default()).unwrap();
        let grouping = Grouping { fold_generics, collapse_runtime, ..Grouping::default() };
        let mut expected: BTreeMap<(String, i32), (i64, i64)> = BTreeMap::new();
        for row in sums::lines(&profile, &weights, &grouping) {
            let file = row.label.file.as_deref().filter(|file| !file.is_empty());
            let is_wanted = wanted.is_none_or(|name| row.label.name == name);
            if let (Some(file), Some(line), true) = (file, row.label.line.filter(|line| *line != 0), is_wanted) {
                let (own, total) = expected.entry((file.to_owned(), line)).or_default();
                (*own, *total) = (*own + row.self_weight.value, *total + row.total.value);
            }
        }
        let mut found: BTreeMap<(String, i32), (i64, i64)> = BTreeMap::new();
        for file in source_files(&profile, &weights, &grouping, wanted) {
            prop_assert!(file.lines.is_sorted_by(|one, other| one < other));
            let columns = file.lines.iter().zip(&file.self_values).zip(&file.total_values);
            found.extend(columns.map(|((line, own), total)| ((file.path.to_string(), *line), (*own, *total))));
        }
        prop_assert_eq!(found, expected);
    }
}
