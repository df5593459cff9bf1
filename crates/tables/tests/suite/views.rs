//! Sums over a profile small enough to be added up by hand.
//!
//! ```text
//! stack                                     value  thread  at
//! _start main f                                10       0   1
//! _start main f g (inlined into f)             20       0   2
//! _start main f f                               5       0   3   (recursion)
//! _start main Vec<u8>::push                     7       1   4
//! _start main Vec<u16>::push                    3       1   5
//! ```

use pyrometer_tables::call_tree::{CallTree, Grouping, Node, call_tree, call_tree_above};
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
use pyrometer_tables::select::{Selection, Weights, patterns, totals, weigh};
use pyrometer_tables::sums::{self, Row};
use pyrometer_tables::{Profile, Result};

const START: i64 = 100;
const NAMES: [&str; 6] = ["_start", "main", "f", "g", "Vec<u8>::push", "Vec<u16>::push"];

fn function(name: &str) -> Function {
    let binary = if name == "_start" { 1 } else { 0 };
    Function { name: name.to_owned(), binary: Some(binary), ..Function::default() }
}

fn frame(function: i32, address: i64, line: i32) -> Frame {
    Frame {
        function: Some(function),
        file: Some("f.rs".into()),
        line: Some(line),
        address: Some(address),
        binary: Some(if function == 0 { 1 } else { 0 }),
        inlined: function == 3,
        kind: "native".into(),
        ..Frame::default()
    }
}

fn tables() -> Tables {
    let stack = |parent, frame| Stack { parent, frame };
    let binary = |path: &str| Binary { path: path.to_owned(), ..Binary::default() };
    Tables {
        metrics: vec![Metric { name: "cpu-time".to_owned(), ..Metric::default() }; 2],
        processes: vec![Process::default()],
        threads: vec![Thread::default(), Thread::default()],
        binaries: vec![binary("/bin/program"), binary("/lib/libc.so.6")],
        functions: NAMES.map(function).to_vec(),
        frames: vec![
            frame(0, 0x10, 1),
            frame(1, 0x20, 2),
            frame(2, 0x30, 3),
            frame(3, 0x30, 4),
            frame(2, 0x38, 5),
            frame(4, 0x40, 6),
            frame(5, 0x50, 7),
        ],
        stacks: vec![
            stack(None, 0),
            stack(Some(0), 1),
            stack(Some(1), 2),
            stack(Some(2), 3),
            stack(Some(2), 4),
            stack(Some(1), 5),
            stack(Some(1), 6),
        ],
        ..Tables::default()
    }
}

fn sample(stack: i32, value: i64, thread: i32, at: i64) -> Sample {
    Sample { stack, thread, time: Some(START + at), cpu: None, metric: 0, value, count: 1 }
}

fn profile() -> Profile {
    let other_metric = Sample { metric: 1, ..sample(3, 1000, 0, 2) };
    let samples = vec![
        sample(2, 10, 0, 1),
        sample(3, 20, 0, 2),
        sample(4, 5, 0, 3),
        sample(5, 7, 1, 4),
        sample(6, 3, 1, 5),
        other_metric,
    ];
    let meta = Meta { start: START, ..Meta::default() };
    Profile::from_parts(meta, tables(), samples).expect("a sound profile")
}

fn all(profile: &Profile) -> Weights {
    weigh(profile, &Selection::default()).expect("the first metric")
}

fn shown(rows: &[Row]) -> Vec<(&str, i64, i64)> {
    let row = |row: &'_ Row| (row.self_weight.value, row.total.value);
    rows.iter().map(|r| (r.label.name.as_str(), row(r).0, row(r).1)).collect()
}

fn path(tree: &CallTree, path: &[&Node]) -> String {
    let names: Vec<_> = path.iter().map(|node| tree.label(node).name.as_str()).collect();
    names.join(" ")
}

fn paths(tree: &CallTree) -> Vec<(String, i64)> {
    let mut paths = Vec::new();
    tree.for_each_path(|nodes, value| paths.push((path(tree, nodes), value)));
    paths
}

#[test]
fn a_selection_keeps_what_it_says_and_counts_the_rest() -> Result<()> {
    let profile = profile();
    let of = |selection: Selection| -> Result<(i64, i64)> {
        let weights = weigh(&profile, &selection)?;
        Ok((weights.total.value, weights.excluded.value))
    };
    let everything = Selection::default();
    assert_eq!(of(everything.clone())?, (45, 0));
    assert_eq!(of(Selection { metric: 1, ..everything.clone() })?, (1000, 0));
    assert_eq!(of(Selection { threads: vec![1], ..everything.clone() })?, (10, 35));
    assert_eq!(of(Selection { processes: vec![0], ..everything.clone() })?, (45, 0));
    assert_eq!(of(Selection { time: Some(2..4), ..everything.clone() })?, (25, 20));
    assert_eq!(of(Selection { focus: patterns(&["^f$"])?, ..everything.clone() })?, (35, 10));
    assert_eq!(of(Selection { exclude: patterns(&["^g$", "u16"])?, ..everything.clone() })?, (22, 23));
    assert_eq!(of(Selection { focus_binaries: patterns(&["libc"])?, ..everything.clone() })?, (45, 0));
    assert_eq!(of(Selection { exclude_binaries: patterns(&["libc"])?, ..everything })?, (0, 45));
    Ok(())
}

#[test]
fn every_metric_has_its_total() -> Result<()> {
    let values: Vec<_> = totals(&profile())?.iter().map(|total| total.value).collect();
    assert_eq!(values, [45, 1000]);
    Ok(())
}

#[test]
fn what_the_profile_has_not_cannot_be_selected() {
    let profile = profile();
    for selection in [
        Selection { metric: 2, ..Selection::default() },
        Selection { threads: vec![-1], ..Selection::default() },
        Selection { processes: vec![1], ..Selection::default() },
    ] {
        assert_eq!(weigh(&profile, &selection).expect_err("no such row").kind(), "selection");
    }
    assert_eq!(patterns(&["("]).expect_err("no expression").kind(), "selection");
}

#[test]
fn a_tree_has_each_path_with_its_own_value() {
    let profile = profile();
    let tree = call_tree(&profile, &all(&profile), &Grouping::default());
    let expected = [
        ("_start main f", 10),
        ("_start main f g", 20),
        ("_start main f f", 5),
        ("_start main Vec<u8>::push", 7),
        ("_start main Vec<u16>::push", 3),
    ];
    assert_eq!(paths(&tree), expected.map(|(path, value)| (path.to_owned(), value)));
    let inlined: Vec<_> = tree.nodes.iter().filter(|node| node.inlined).collect();
    assert_eq!(inlined.len(), 1);
    assert_eq!(tree.label(inlined[0]).name, "g");
}

#[test]
fn what_is_hidden_counts_as_its_caller() -> Result<()> {
    let profile = profile();
    let hide = |names: &[&str]| -> Result<Weights> {
        weigh(&profile, &Selection { hide: patterns(names)?, ..Selection::default() })
    };
    let weights = hide(&["^f$", "^_start$"])?;
    assert_eq!((weights.total.value, weights.excluded.value), (45, 0));
    let tree = call_tree(&profile, &weights, &Grouping::default());
    let expected = [("main", 15), ("main g", 20), ("main Vec<u8>::push", 7), ("main Vec<u16>::push", 3)];
    assert_eq!(paths(&tree), expected.map(|(path, value)| (path.to_owned(), value)));
    let inverted = call_tree(&profile, &weights, &Grouping { inverted: true, ..Grouping::default() });
    assert!(paths(&inverted).contains(&("g main".to_owned(), 20)));
    let rows = sums::functions(&profile, &weights, &Grouping::default());
    assert_eq!(shown(&rows)[..2], [("g", 20, 20), ("main", 15, 45)]);
    Ok(())
}

#[test]
fn what_is_hidden_and_has_no_caller_stays_where_samples_end() -> Result<()> {
    let profile = profile();
    let selection = Selection { hide: patterns(&["^_start$", "^main$", "^f$"])?, ..Selection::default() };
    let weights = weigh(&profile, &selection)?;
    let tree = call_tree(&profile, &weights, &Grouping::default());
    let expected = [("f", 15), ("f g", 20), ("Vec<u8>::push", 7), ("Vec<u16>::push", 3)];
    assert_eq!(paths(&tree), expected.map(|(path, value)| (path.to_owned(), value)));
    let rows = sums::functions(&profile, &weights, &Grouping::default());
    assert_eq!(rows.iter().map(|row| row.self_weight.value).sum::<i64>(), weights.total.value);
    Ok(())
}

#[test]
fn generics_fold_and_the_runtime_collapses() {
    let profile = profile();
    let grouping = Grouping { fold_generics: true, collapse_runtime: true, ..Grouping::default() };
    let tree = call_tree(&profile, &all(&profile), &grouping);
    assert!(paths(&tree).contains(&("[runtime] main Vec<..>::push".to_owned(), 10)));
}

#[test]
fn an_inverted_tree_starts_where_samples_end() {
    let profile = profile();
    let inverted = Grouping { inverted: true, ..Grouping::default() };
    let tree = call_tree(&profile, &all(&profile), &inverted);
    let roots = tree.children().roots().to_vec();
    let root = |index: &u32| {
        let node = &tree.nodes[*index as usize];
        (tree.label(node).name.as_str(), node.total.value)
    };
    let roots: Vec<_> = roots.iter().map(root).collect();
    assert_eq!(roots, [("g", 20), ("f", 15), ("Vec<u8>::push", 7), ("Vec<u16>::push", 3)]);
    assert!(paths(&tree).contains(&("f f main _start".to_owned(), 5)));
    let total: i64 = paths(&tree).iter().map(|(_, value)| value).sum();
    assert_eq!(total, 45);
}

#[test]
fn pruning_counts_nodes_and_keeps_totals() {
    let profile = profile();
    for inverted in [false, true] {
        let grouping = Grouping { inverted, ..Grouping::default() };
        let tree = call_tree_above(&profile, &all(&profile), &grouping, 0.3, 3);
        assert!(tree.pruned > 0);
        assert!(tree.nodes.iter().all(|node| node.total.value * 10 >= 45 * 3));
        let heaviest = tree.nodes.iter().map(|node| node.total.value).max();
        assert_eq!(heaviest, Some(if inverted { 20 } else { 45 }));
    }
}

#[test]
fn a_recursion_counts_once_in_a_total() {
    let profile = profile();
    let rows = sums::functions(&profile, &all(&profile), &Grouping::default());
    let expected = [
        ("g", 20, 20),
        ("f", 15, 35),
        ("Vec<u8>::push", 7, 7),
        ("Vec<u16>::push", 3, 3),
        ("_start", 0, 45),
        ("main", 0, 45),
    ];
    assert_eq!(shown(&rows), expected);
}

#[test]
fn lines_are_where_code_was_written() {
    let profile = profile();
    let rows = sums::lines(&profile, &all(&profile), &Grouping::default());
    let lines: Vec<_> = rows.iter().map(|r| (r.label.line, r.self_weight.value, r.total.value)).collect();
    assert_eq!(lines[..3], [(Some(4), 20, 20), (Some(3), 10, 35), (Some(6), 7, 7)]);
}

#[test]
fn addresses_take_the_code_inlined_there() -> Result<()> {
    let profile = profile();
    let of = |pattern: &str| -> Result<Vec<(i64, i64, i64)>> {
        let rows = sums::addresses(&profile, &all(&profile), &patterns(&[pattern])?[0]);
        Ok(rows.iter().map(|row| (row.address, row.self_weight.value, row.total.value)).collect())
    };
    assert_eq!(of("^f$")?, [(0x30, 30, 35), (0x38, 5, 5)]);
    assert_eq!(of("^g$")?, [(0x30, 20, 20)]);
    Ok(())
}

#[test]
fn callers_and_callees_share_the_weight_of_their_calls() -> Result<()> {
    let profile = profile();
    let pattern = &patterns(&["^f$"])?[0];
    let found = sums::callers_callees(&profile, &all(&profile), &Grouping::default(), pattern);
    assert_eq!((found.self_weight.value, found.total.value), (15, 35));
    assert_eq!(shown(&found.callers), [("main", 10, 35), ("f", 5, 5)]);
    assert_eq!(shown(&found.callees), [("g", 20, 20), ("f", 5, 5)]);
    Ok(())
}

#[test]
fn sums_saturate() {
    let samples = vec![sample(2, i64::MAX, 0, 1), sample(3, i64::MAX, 0, 2), sample(4, 1, 0, 3)];
    let profile = Profile::from_parts(Meta::default(), tables(), samples).expect("a sound profile");
    assert_eq!(all(&profile).total.value, i64::MAX);
    let rows = sums::functions(&profile, &all(&profile), &Grouping::default());
    assert!(rows.iter().all(|row| row.total.value >= 0));
}

#[test]
fn values_below_zero_are_as_large_as_they_are() {
    let samples = vec![sample(2, 10, 0, 1), sample(3, -20, 0, 2), sample(6, 1, 0, 3)];
    let profile = Profile::from_parts(Meta::default(), tables(), samples).expect("a sound profile");
    let rows = sums::functions(&profile, &all(&profile), &Grouping::default());
    assert!(shown(&rows).contains(&("g", -20, -20)), "{:?}", shown(&rows));
    for inverted in [false, true] {
        let tree =
            call_tree_above(&profile, &all(&profile), &Grouping { inverted, ..Grouping::default() }, 0.5, 9);
        assert!(tree.nodes.iter().any(|node| tree.label(node).name == "g" && node.total.value == -20));
    }
    let tree = call_tree(&profile, &all(&profile), &Grouping::default());
    assert_eq!((paths(&tree).iter().filter(|(_, value)| *value < 0).count(), tree.negative()), (0, 1));
}

#[test]
fn a_saved_profile_weighs_the_same() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("saved.pyro");
    profile().save(&path)?;
    let saved = Profile::open(&path)?;
    let late = Selection { time: Some(2..9), threads: vec![0], ..Selection::default() };
    for selection in [Selection::default(), late] {
        assert_eq!(weigh(&saved, &selection)?, weigh(&profile(), &selection)?);
    }
    Ok(())
}

#[test]
fn a_selection_can_be_of_some_stacks() {
    let profile = profile();
    let some = Selection { stacks: Some(vec![2, 5]), ..Selection::default() };
    let weights = weigh(&profile, &some).unwrap();
    assert_eq!((weights.total.value, weights.excluded.value), (17, 28));
    let both = Selection { focus: patterns(&["push"]).unwrap(), ..some };
    assert_eq!(weigh(&profile, &both).unwrap().total.value, 7);
    let none = Selection { stacks: Some(vec![7]), ..Selection::default() };
    assert!(weigh(&profile, &none).is_err());
}
