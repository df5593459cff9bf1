//! Any names and values: what is written can be read again, and adds up.

use std::io::Write;

use proptest::prelude::*;
use pyrometer_formats::svg::Picture;
use pyrometer_formats::{Result, firefox, folded, pprof, speedscope, svg};
use pyrometer_tables::Profile;
use pyrometer_tables::call_tree::Grouping;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
use pyrometer_tables::select::Selection;

/// A chain of calls, from the root to a leaf, with a name for each.
fn chain(names: &[String]) -> Tables {
    let function = |name: &String| Function {
        name: name.clone(),
        file: Some(name.as_str().into()),
        ..Function::default()
    };
    let rows = 0..names.len() as i32;
    Tables {
        metrics: vec![Metric { name: names[0].clone(), unit: "ns".to_owned(), ..Metric::default() }],
        processes: vec![Process { name: names[0].clone(), ..Process::default() }],
        threads: vec![Thread { name: names[0].clone(), ..Thread::default() }],
        binaries: vec![Binary { path: names[0].clone(), ..Binary::default() }],
        functions: names.iter().map(function).collect(),
        frames: rows.clone().map(|row| Frame { function: Some(row), ..Frame::default() }).collect(),
        stacks: rows.map(|row| Stack { parent: (row > 0).then(|| row - 1), frame: row }).collect(),
        ..Tables::default()
    }
}

fn written<T>(write: impl FnOnce(&mut dyn Write) -> Result<T>) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out).expect("a profile with samples");
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_names_are_written_so_that_others_can_read_them(
        names in proptest::collection::vec(any::<String>(), 1..6),
        values in proptest::collection::vec((0usize..6, 1i64..1_000_000), 1..20),
    ) {
        let tables = chain(&names);
        let sample = |&(stack, value): &(usize, i64)| Sample {
            stack: (stack % names.len()) as i32, time: Some(value), value, count: 1, ..Sample::default()
        };
        let samples: Vec<Sample> = values.iter().map(sample).collect();
        let profile = Profile::from_parts(Meta::default(), tables, samples).expect("every row refers to another");
        let (selection, grouping) = (Selection::default(), Grouping::default());
        let json = [
            written(|out| speedscope::write(&profile, &selection, out)),
            written(|out| firefox::write(&profile, &selection, out)),
        ];
        for text in json {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&text).is_ok());
        }
        let lines = written(|out| folded::write(&profile, &selection, &grouping, out));
        let lines = String::from_utf8(lines).expect("text");
        let value = |line: &str| line.rsplit_once(' ').map(|(_, value)| value.parse::<i64>().expect("a number"));
        let total: i64 = lines.lines().skip(1).filter_map(value).sum();
        prop_assert_eq!(total, values.iter().map(|(_, value)| value).sum::<i64>(), "{}", lines);
        let parsed = pprof::convert(&profile, &selection).expect("a profile with samples");
        prop_assert!(!parsed.sample.is_empty());
        let drawn = written(|out| svg::write(&profile, &selection, &Picture::default(), out));
        prop_assert!(String::from_utf8(drawn).is_ok_and(|text| text.trim_end().ends_with("</svg>")));
    }
}
