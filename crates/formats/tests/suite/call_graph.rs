//! What a profile that has calls in place of stacks looks like elsewhere: an estimate that says so.

use pyrometer_formats::{firefox, folded, pprof, speedscope, svg};
use pyrometer_tables::Profile;
use pyrometer_tables::call_tree::Grouping;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Call, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
use pyrometer_tables::select::{Selection, patterns};
use serde_json::Value;

/// `main` (10 of its own) calls `left` and `right`, both call `shared`: 20 and 60 of its 80.
fn profile() -> Profile {
    let metric = |name: &str| Metric {
        name: name.to_owned(),
        unit: "count".to_owned(),
        kind: "exact".into(),
        ..Metric::default()
    };
    let rows = 0..4;
    let call =
        |caller, callee, inclusive| Call { caller, callee, line: None, count: 1, metric: 0, inclusive };
    let tables = Tables {
        metrics: vec![metric("Ir"), metric("Dr")],
        processes: vec![Process::default()],
        threads: vec![Thread::default()],
        functions: ["main", "left", "right", "shared"]
            .map(|name| Function { name: name.to_owned(), ..Function::default() })
            .to_vec(),
        frames: rows.clone().map(|row| Frame { function: Some(row), ..Frame::default() }).collect(),
        stacks: rows.clone().map(|frame| Stack { parent: None, frame }).collect(),
        calls: vec![call(0, 1, 30), call(0, 2, 70), call(1, 3, 20), call(2, 3, 60)],
        ..Tables::default()
    };
    let sample = |(stack, value)| Sample { stack, value, count: 1, ..Sample::default() };
    let mut samples: Vec<_> = rows.zip([10, 10, 10, 80]).map(sample).collect();
    samples.push(Sample { metric: 1, ..sample((3, 7)) });
    let meta = Meta { command: vec!["./program".to_owned()], complete: true, ..Meta::default() };
    Profile::from_parts(meta, tables, samples).expect("rows that fit together")
}

fn text<T>(write: impl FnOnce(&mut Vec<u8>) -> pyrometer_formats::Result<T>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a file");
    String::from_utf8(out).expect("text")
}

#[test]
fn folded_stacks_are_estimated_and_can_be_filtered() {
    let of =
        |selection: &Selection| text(|out| folded::write(&profile(), selection, &Grouping::default(), out));
    let all = of(&Selection::default());
    assert!(all.lines().next().unwrap().ends_with("call stacks are an estimate)"), "{all}");
    let mut stacks: Vec<_> = all.lines().skip(1).collect();
    stacks.sort_unstable();
    let expected =
        ["main 10", "main;left 10", "main;left;shared 20", "main;right 10", "main;right;shared 60"];
    assert_eq!(stacks, expected);
    let left = of(&Selection { focus: patterns(&["left"]).unwrap(), ..Selection::default() });
    assert_eq!(left.lines().count(), 3, "{left}");
}

#[test]
fn a_flame_graph_says_that_it_is_an_estimate() {
    let drawn = text(|out| svg::write(&profile(), &Selection::default(), &svg::Picture::default(), out));
    assert!(drawn.contains("./program (estimate)"));
    assert!(drawn.contains("Ir — call stacks are an estimate"), "{drawn}");
    assert!(drawn.contains("shared (60"), "shared has a frame below right");
}

#[test]
fn other_formats_say_so_too_and_hold_every_metric() {
    let file = text(|out| speedscope::write(&profile(), &Selection::default(), out));
    let file: Value = serde_json::from_str(&file).unwrap();
    assert!(file["name"].as_str().unwrap().starts_with("./program (estimate)"));
    let longest = |profile: &Value| {
        profile["samples"].as_array().unwrap().iter().map(|s| s.as_array().unwrap().len()).max()
    };
    let profiles = file["profiles"].as_array().unwrap();
    assert_eq!(profiles.iter().map(longest).collect::<Vec<_>>(), [Some(3), Some(1)]);
    assert_eq!((&profiles[0]["endValue"], &profiles[1]["endValue"]), (&110.into(), &7.into()));
    let message = pprof::convert(&profile(), &Selection::default()).unwrap();
    let comments: Vec<_> = message.comment.iter().map(|at| &message.string_table[*at as usize]).collect();
    assert!(
        comments[0].ends_with("(estimate)")
            && comments.iter().any(|line| line.starts_with("call stacks are"))
    );
    assert_eq!(message.sample.iter().map(|sample| sample.location_id.len()).max(), Some(3));
    let firefox = text(|out| firefox::write(&profile(), &Selection::default(), out));
    let firefox: Value = serde_json::from_str(&firefox).unwrap();
    assert_eq!(firefox["meta"]["product"], "./program (estimate)");
}
