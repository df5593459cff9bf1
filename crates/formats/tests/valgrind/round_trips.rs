//! What is written is read again.

use std::collections::BTreeMap;

use pyrometer_tables::Profile;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Metric, Tables};

use super::common::*;

#[test]
fn callgrind_and_cachegrind_files_lose_nothing_on_their_way_through() {
    for (name, format) in &FIXTURES[..3] {
        let before = recorded(name);
        let (text, left_out) = written(format, &before);
        let after = read_as(format, &text, false).unwrap();
        assert_eq!(costs(&after), costs(&before), "{name}");
        assert_eq!(calls(&after), calls(&before), "{name}");
        assert_eq!(after.tables().metrics, before.tables().metrics, "{name}");
        assert_eq!(after.meta.command, before.meta.command, "{name}");
        assert_eq!(left_out, notes(&before), "{name}");
    }
}

/// What is left out of a file that is read: what the reader has to say of it.
fn notes(profile: &Profile) -> Vec<&'static str> {
    profile.meta.notes.first().map(|_| "notes").into_iter().collect()
}

#[test]
fn dhat_files_lose_nothing_on_their_way_through() {
    let before = recorded("dhat.heap.json");
    let (text, left_out) = written("dhat", &before);
    let after = read_as("dhat", &text, false).unwrap();
    assert_eq!(costs(&after), costs(&before));
    assert_eq!(after.meta.extra, before.meta.extra);
    let events = |profile: &Profile| -> Vec<_> {
        let tables = profile.tables();
        tables
            .events
            .iter()
            .map(|event| (stack(tables, event.stack.unwrap()), event.payload.clone()))
            .collect()
    };
    assert_eq!(events(&after).len(), 3);
    assert!(events(&before).iter().all(|event| events(&after).contains(event)));
    assert_eq!(left_out, notes(&before));
}

#[test]
fn stacks_become_calls_that_count_recursion_once() {
    let profile = of_stacks(&[(&["main", "f", "f", "f", "g"], 10), (&["main", "f"], 5), (&["main", "g"], 3)]);
    let (text, left_out) = written("callgrind", &profile);
    let read = read_as("callgrind", &text, false).unwrap();
    assert_eq!(by_function(&read, "cpu-time"), sums([("f", 5), ("g", 13)]));
    let found: BTreeMap<_, _> = calls(&read)
        .into_iter()
        .map(|((_, caller, callee, line), sum)| {
            let name = |text: &str| text.split(' ').nth(1).unwrap().to_owned();
            assert_eq!(line, Some(7));
            (name(&caller) + " " + &name(&callee), sum)
        })
        .collect();
    let expected = [("f f", (1, 10)), ("f g", (1, 10)), ("main f", (2, 15)), ("main g", (1, 3))];
    assert_eq!(found, expected.map(|(name, sum)| (name.to_owned(), sum)).into());
    let counts = "numbers of samples (their values are kept)";
    assert_eq!(left_out, [counts, "whole stacks (calls are kept, counted in samples)"]);
    assert_eq!(read.tables().metrics[0].unit, "ns");
}

#[test]
fn any_metric_becomes_ad_hoc_events_of_dhat() {
    let profile = of_stacks(&[(&["main", "f"], 5), (&["main"], 3)]);
    let (text, _) = written("dhat", &profile);
    let read = read_as("dhat", &text, false).unwrap();
    assert_eq!((sum(&read, "units"), sum(&read, "events")), (8, 2));
    assert_eq!(read.meta.instrument, "ad-hoc");
    assert_eq!(read.meta.extra["dhat"]["bu"], "cpu-time");
}

#[test]
fn no_writer_needs_samples() {
    let profile = Profile::from_parts(Meta::default(), Tables::default(), Vec::new());
    let tables = Tables { metrics: vec![Metric::default()], ..Tables::default() };
    drop(profile);
    let profile = Profile::from_parts(Meta::default(), tables, Vec::new()).unwrap();
    for (format, _) in WRITERS {
        written(format, &profile);
    }
}
