//! Calls without stacks, small enough to be added up by hand.
//!
//! ```text
//! main 10 ──1 call: 200──► parse 50 ──4: 60──► alloc 100
//!   │                        └──2: 90─┐ ▲
//!   └──1: 290──► solve 40 ──3: 250──► even 70 ◄──9: 500──► odd 60 ──5: 40──► alloc
//! ```
//! `even` and `odd` call each other; `solve` calls itself twice, which costs 80 more.

use proptest::prelude::*;
use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::{CallGraph, Metrics, NOT_EXPANDED, estimate, is_estimate};
use pyrometer_tables::call_tree::{CallTree, Grouping, call_tree};
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Call, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};
use pyrometer_tables::select::{Selection, Weights, patterns, weigh};
use pyrometer_tables::sums::{self, Row};
use regex::Regex;

const NAMES: [&str; 6] = ["main", "parse", "alloc", "solve", "even", "odd"];
const OWN: [i64; 6] = [10, 50, 100, 40, 70, 60];
/// Caller, callee, line, count, inclusive.
type Edge = (i32, i32, i32, i64, i64);
const CALLS: [Edge; 9] = [
    (0, 1, 3, 1, 200),
    (0, 3, 4, 1, 290),
    (1, 2, 12, 4, 60),
    (1, 4, 13, 2, 90),
    (3, 4, 32, 3, 250),
    (3, 3, 33, 2, 80),
    (4, 5, 41, 9, 500),
    (5, 4, 51, 8, 400),
    (5, 2, 52, 5, 40),
];

fn graph(names: &[&str], own: &[i64], calls: &[Edge]) -> Profile {
    let function = |name: &&str| {
        // `name in file`, or in one that is the same for all, or in `?`, which is none.
        let (name, file) = name.split_once(" in ").unwrap_or((name, "f.rs"));
        let file = Some(file).filter(|file| *file != "?").map(Into::into);
        Function { name: name.to_owned(), file, ..Function::default() }
    };
    let frame = |row: i32| Frame {
        function: Some(row),
        file: Some("f.rs".into()),
        line: Some(row * 10 + 2),
        kind: "native".into(),
        ..Frame::default()
    };
    let rows = 0..names.len() as i32;
    let tables = Tables {
        metrics: vec![Metric { name: "Ir".to_owned(), kind: "exact".into(), ..Metric::default() }],
        processes: vec![Process::default()],
        threads: vec![Thread::default()],
        functions: names.iter().map(function).collect(),
        frames: rows.clone().map(frame).collect(),
        stacks: rows.clone().map(|frame| Stack { parent: None, frame }).collect(),
        calls: calls
            .iter()
            .map(|&(caller, callee, line, count, inclusive)| Call {
                caller,
                callee,
                line: Some(line),
                count,
                metric: 0,
                inclusive,
            })
            .collect(),
        ..Tables::default()
    };
    let samples =
        rows.zip(own).map(|(stack, value)| Sample { stack, value: *value, count: 1, ..Sample::default() });
    Profile::from_parts(Meta::default(), tables, samples.collect()).expect("rows that fit together")
}

fn known() -> Profile {
    graph(&NAMES, &OWN, &CALLS)
}

fn all(profile: &Profile) -> Weights {
    weigh(profile, &Selection::default()).expect("a metric")
}

fn sums(rows: &[Row]) -> Vec<(&str, i64, i64, Option<u32>)> {
    rows.iter().map(|r| (r.label.name.as_str(), r.self_weight.value, r.total.value, r.cycle)).collect()
}

#[test]
fn a_total_is_the_own_cost_and_that_of_calls_that_leave_the_cycle() {
    let profile = known();
    let rows = sums::functions(&profile, &all(&profile), &Grouping::default());
    // `main`'s 500 are more than the 330 that there are: no row is above the whole.
    let expected = [
        ("alloc", 100, 100, None),
        ("even", 70, 70, Some(1)),
        ("odd", 60, 100, Some(1)),
        ("parse", 50, 200, None),
        ("solve", 40, 290, None),
        ("main", 10, 330, None),
    ];
    assert_eq!(sums(&rows), expected);
}

#[test]
fn what_passes_through_two_functions_of_one_name_is_no_circle() {
    let names = ["main", "init in a.c", "lib", "init in b.c", "lib in ?"];
    let profile = graph(&names, &[5, 6, 4, 90, 1], &[(0, 1, 1, 1, 100), (1, 2, 3, 1, 94), (2, 3, 4, 1, 90)]);
    let rows = sums::functions(&profile, &all(&profile), &Grouping::default());
    assert_eq!(sums(&rows), [("init", 96, 100, None), ("main", 5, 105, None), ("lib", 5, 95, None)]);
    // One is defined in two files, the other in the one that is known.
    assert_eq!(
        rows.iter().map(|row| row.label.file.as_deref()).collect::<Vec<_>>(),
        [None, Some("f.rs"), Some("f.rs")]
    );
    let of = |name: &str| {
        let name = Regex::new(name).unwrap();
        let found = sums::callers_callees(&profile, &all(&profile), &Grouping::default(), &name);
        let edges =
            |rows: &[Row]| rows.iter().map(|r| (r.label.name.clone(), r.total.value)).collect::<Vec<_>>();
        (edges(&found.callers), edges(&found.callees), found.total.value)
    };
    let named = |name: &str, value| (name.to_owned(), value);
    assert_eq!(of("^lib$"), (vec![named("init", 94)], vec![named("init", 90)], 95));
    assert_eq!(of("^init$"), (vec![named("main", 100), named("lib", 90)], vec![named("lib", 94)], 100));
    let lines = sums::lines(&profile, &all(&profile), &Grouping::default());
    let on_line = |line| {
        lines.iter().filter(|row| row.label.line == Some(line)).map(|row| row.total.value).sum::<i64>()
    };
    assert_eq!([1, 3, 4].map(on_line), [100, 94, 90]);
}

#[test]
fn a_cycle_has_a_total_of_its_own() {
    let profile = known();
    let graph = CallGraph::of(&profile, &all(&profile), &Grouping::default()).unwrap();
    let cycles = graph.cycles();
    assert_eq!(cycles.len(), 1);
    let names: Vec<_> = cycles[0].members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!((names, cycles[0].total.value), (vec!["odd", "even"], 170));
}

#[test]
fn callers_and_callees_have_counts_and_no_cost_inside_a_cycle() {
    let profile = known();
    let of = |name: &str| {
        sums::callers_callees(&profile, &all(&profile), &Grouping::default(), &Regex::new(name).unwrap())
    };
    let edges = |rows: &[Row]| -> Vec<(String, i64, i64)> {
        rows.iter().map(|r| (r.label.name.clone(), r.total.value, r.total.count)).collect()
    };
    let even = of("^even$");
    let named = |name: &str, value, count| (name.to_owned(), value, count);
    assert_eq!(edges(&even.callers), [named("solve", 250, 3), named("parse", 90, 2), named("odd", 0, 8)]);
    assert_eq!(edges(&even.callees), [named("odd", 0, 9)]);
    assert_eq!((even.self_weight.value, even.total.value), (70, 70));
    let solve = of("^solve$");
    assert_eq!(edges(&solve.callees), [named("even", 250, 3), named("solve", 0, 2)]);
    assert_eq!(solve.total.value, 290);
}

#[test]
fn a_line_has_the_cost_of_the_calls_made_on_it() {
    let profile = known();
    let rows = sums::lines(&profile, &all(&profile), &Grouping::default());
    let line = |name: &str, line| {
        let row = rows.iter().find(|row| row.label.name == name && row.label.line == Some(line)).unwrap();
        (row.self_weight.value, row.total.value)
    };
    assert_eq!(line("main", 3), (0, 200));
    assert_eq!(line("parse", 12), (50, 110));
    assert_eq!(line("solve", 32), (40, 290));
    assert!(!rows.iter().any(|row| row.label.line == Some(33)), "a call to itself costs nothing more");
}

#[test]
fn filters_leave_the_costs_of_functions_alone() {
    let profile = known();
    let focus = Selection { focus: patterns(&["parse"]).unwrap(), ..Selection::default() };
    let weights = weigh(&profile, &focus).unwrap();
    assert_eq!(weights.calls, None);
    let rows = sums::functions(&profile, &weights, &Grouping::default());
    assert_eq!(sums(&rows), [("parse", 50, 50, None)]);
}

/// `main` panics: what unwinds that is the same `[runtime]` as what called `main`, but no circle.
#[test]
fn collapsed_runtime_is_in_no_cycle() {
    let profile = graph(
        &["std::rt::lang_start", "main", "a", "b", "std::panicking::begin_panic"],
        &[5, 10, 20, 30, 35],
        &[(0, 1, 1, 1, 95), (1, 2, 2, 1, 85), (2, 3, 3, 5, 65), (3, 2, 4, 4, 50), (3, 4, 5, 1, 35)],
    );
    let grouping = Grouping { collapse_runtime: true, ..Grouping::default() };
    let graph = CallGraph::of(&profile, &all(&profile), &grouping).unwrap();
    assert_eq!(
        sums(&graph.functions()),
        [
            ("[runtime]", 40, 100, None),
            ("b", 30, 65, Some(1)),
            ("a", 20, 20, Some(1)),
            ("main", 10, 95, None)
        ]
    );
    let cycles = graph.cycles();
    let members: Vec<_> = cycles[0].members.iter().map(|label| label.name.as_str()).collect();
    assert_eq!((members, cycles.len()), (vec!["b", "a"], 1));
}

/// Name from the root, and total.
fn paths(tree: &CallTree) -> Vec<(String, i64)> {
    let mut names: Vec<String> = Vec::new();
    for node in &tree.nodes {
        let parent = node.parent.map_or(String::new(), |parent| format!("{};", names[parent as usize]));
        names.push(parent + &tree.label(node).name);
    }
    names.into_iter().zip(tree.nodes.iter().map(|node| node.total.value)).collect()
}

#[test]
fn contexts_divide_a_callee_over_its_callers() {
    let names = ["main", "left", "right", "shared"];
    let profile = graph(
        &names,
        &[0, 10, 10, 80],
        &[(0, 1, 1, 1, 30), (0, 2, 2, 1, 70), (1, 3, 3, 1, 20), (2, 3, 4, 1, 60)],
    );
    let estimated = estimate(&profile, &Selection::default(), Metrics::Selected).unwrap().unwrap();
    assert!(is_estimate(&estimated.meta) && estimated.meta.notes.len() == 1);
    let tree = call_tree(&estimated, &all(&estimated), &Grouping::default());
    let mut found = paths(&tree);
    found.sort();
    let expected = [
        ("main", 100),
        ("main;left", 30),
        ("main;left;shared", 20),
        ("main;right", 70),
        ("main;right;shared", 60),
    ];
    assert_eq!(found, expected.map(|(path, value)| (path.to_owned(), value)));
}

#[test]
fn members_of_a_cycle_stand_below_the_one_it_was_entered_by() {
    let profile = graph(
        &["main", "a", "b", "leaf"],
        &[10, 20, 30, 40],
        &[(0, 1, 1, 1, 90), (1, 2, 2, 5, 80), (2, 1, 3, 4, 70), (2, 3, 4, 5, 40)],
    );
    let estimated = estimate(&profile, &Selection::default(), Metrics::All).unwrap().unwrap();
    let tree = call_tree(&estimated, &all(&estimated), &Grouping::default());
    let expected = [
        ("main", 100),
        ("main;a [cycle 1]", 90),
        ("main;a [cycle 1];b [cycle 1]", 70),
        ("main;a [cycle 1];b [cycle 1];leaf", 40),
    ];
    assert_eq!(paths(&tree), expected.map(|(path, value)| (path.to_owned(), value)));
}

#[test]
fn there_is_no_estimate_of_a_thread_or_of_stacks() {
    let part = Selection { threads: vec![0], ..Selection::default() };
    assert!(estimate(&known(), &part, Metrics::Selected).unwrap().is_none());
    let without = graph(&NAMES, &OWN, &[]);
    assert!(estimate(&without, &Selection::default(), Metrics::All).unwrap().is_none());
}

#[test]
fn a_graph_whose_paths_double_at_each_step_stays_bounded() {
    // Forty steps of two functions, each calling both of the next step: 2^40 paths.
    let names: Vec<_> = (0..80).map(|at| format!("f{at}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let below = |step: i32| i64::from(79 - step * 2) * 500;
    let calls: Vec<_> = (0..39)
        .flat_map(|step| (0..4).map(move |way| (step, way)))
        .map(|(step, way)| (step * 2 + way / 2, (step + 1) * 2 + way % 2, 1, 1, below(step) / 4))
        .collect();
    let profile = graph(&names, &[1000; 80], &calls);
    let estimated = estimate(&profile, &Selection::default(), Metrics::All).unwrap().unwrap();
    let stacks = &estimated.tables().stacks;
    assert!(stacks.len() < 600_000, "{}", stacks.len());
    assert!(estimated.tables().functions.iter().any(|function| function.name == NOT_EXPANDED));
    assert_eq!(all(&estimated).total.value, 80_000);
}

#[test]
fn a_chain_of_calls_may_be_long() {
    let many = 100_000;
    let calls: Vec<_> = (1..many).map(|at| (at - 1, at, 1, 1, i64::from(many - at))).collect();
    let profile = graph(&["f"], &[1], &[]);
    let mut tables = profile.tables().clone();
    tables.functions = (0..many).map(|at| Function { name: at.to_string(), ..Function::default() }).collect();
    tables.frames = (0..many).map(|at| Frame { function: Some(at), ..Frame::default() }).collect();
    tables.stacks = (0..many).map(|frame| Stack { parent: None, frame }).collect();
    tables.calls = calls
        .iter()
        .map(|&(caller, callee, line, count, inclusive)| Call {
            caller,
            callee,
            line: Some(line),
            count,
            metric: 0,
            inclusive,
        })
        .collect();
    let samples = (0..many).map(|stack| Sample { stack, value: 1, count: 1, ..Sample::default() }).collect();
    let profile = Profile::from_parts(Meta::default(), tables, samples).unwrap();
    let rows = sums::functions(&profile, &all(&profile), &Grouping::default());
    assert_eq!(rows[0].total.value, i64::from(many));
    let estimated = estimate(&profile, &Selection::default(), Metrics::Selected).unwrap().unwrap();
    assert_eq!(all(&estimated).total.value, i64::from(many));
}

fn any_graph() -> impl Strategy<Value = (Vec<i64>, Vec<Edge>)> {
    (2..12_i32).prop_flat_map(|functions| {
        let own = proptest::collection::vec(0..1_000_i64, functions as usize);
        let call = (0..functions, 0..functions, 1..50, 0..100_i64, -10..2_000_i64);
        (own, proptest::collection::vec(call, 1..40))
    })
}

proptest! {
    /// Whatever a file says of its calls.
    #[test]
    fn no_total_is_above_the_whole_and_no_cost_is_lost((own, calls) in any_graph()) {
        let names: Vec<_> = (0..own.len()).map(|at| format!("f{at}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let profile = graph(&names, &own, &calls);
        let weights = all(&profile);
        let whole: i64 = own.iter().sum();
        let rows = sums::functions(&profile, &weights, &Grouping::default());
        prop_assert!(rows.iter().all(|row| row.total.value <= whole));
        prop_assert_eq!(rows.iter().map(|row| row.self_weight.value).sum::<i64>(), whole);
        let estimated = estimate(&profile, &Selection::default(), Metrics::All).unwrap().unwrap();
        let found = all(&estimated);
        prop_assert_eq!(found.total.value, whole);
        let tree = call_tree(&estimated, &found, &Grouping::default());
        // Each function keeps its own cost, if nothing had to stay closed.
        if !estimated.tables().functions.iter().any(|function| function.name == NOT_EXPANDED) {
            for (at, own) in own.iter().enumerate() {
                let is_it = |name: &str| name == names[at] || name.starts_with(&format!("{} [", names[at]));
                let nodes: Vec<_> = tree.nodes.iter().filter(|node| is_it(&tree.label(node).name)).collect();
                let found: i64 = nodes.iter().map(|node| node.self_weight.value).sum();
                prop_assert!((found - own).abs() <= nodes.len() as i64 + 1, "{} {found} {own}", names[at]);
            }
        }
    }

    /// A file may hold any numbers: nothing overflows, and there is always an answer.
    #[test]
    fn any_numbers_have_sums(
        own in proptest::collection::vec(any::<i64>(), 2..6),
        calls in proptest::collection::vec((0..6_i32, 0..6_i32, any::<i32>(), any::<i64>(), any::<i64>()), 1..12),
    ) {
        let functions = own.len() as i32;
        let within = |&(caller, callee, line, count, cost): &Edge| (caller % functions, callee % functions, line, count, cost);
        let calls: Vec<_> = calls.iter().map(within).collect();
        let names = ["a", "b", "c", "d", "e", "f"];
        let profile = graph(&names[..own.len()], &own, &calls);
        let weights = all(&profile);
        for rows in [sums::functions, sums::lines].map(|sums| sums(&profile, &weights, &Grouping::default())) {
            prop_assert!(rows.iter().all(|row| row.total.value <= weights.total.value));
        }
        let any = Regex::new("").unwrap();
        let edges = sums::callers_callees(&profile, &weights, &Grouping::default(), &any);
        prop_assert!(edges.callers.iter().chain(&edges.callees).all(|row| row.total.value <= weights.total.value.max(0)));
        let estimated = estimate(&profile, &Selection::default(), Metrics::All).unwrap().unwrap();
        let tree = call_tree(&estimated, &all(&estimated), &Grouping::default());
        prop_assert!(tree.nodes.iter().all(|node| node.total.value >= 0));
    }

    /// Two functions are in the same cycle if and only if each can reach the other.
    #[test]
    fn cycles_are_what_can_reach_itself((own, calls) in any_graph()) {
        let functions = own.len();
        let mut reaches = vec![vec![false; functions]; functions];
        for (caller, callee, ..) in &calls {
            reaches[*caller as usize][*callee as usize] = true;
        }
        for over in 0..functions {
            for from in 0..functions {
                for to in 0..functions {
                    reaches[from][to] |= reaches[from][over] && reaches[over][to];
                }
            }
        }
        let names: Vec<_> = (0..functions).map(|at| format!("f{at:02}")).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let ones = vec![1; functions];
        let profile = graph(&names, &ones, &calls);
        let mut rows = sums::functions(&profile, &all(&profile), &Grouping::default());
        rows.sort_by(|a, b| a.label.name.cmp(&b.label.name));
        for from in 0..functions {
            for to in 0..functions {
                let together = rows[from].cycle.is_some() && rows[from].cycle == rows[to].cycle;
                prop_assert_eq!(from != to && reaches[from][to] && reaches[to][from], from != to && together);
            }
        }
    }
}
