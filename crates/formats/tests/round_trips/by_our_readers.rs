//! Formats that are also read.

use std::collections::BTreeSet;

use proptest::prelude::*;
use pyrometer_formats::read::{Options, by_name, read_bytes};
use pyrometer_formats::{LeftOut, Result, chrome, firefox, folded, otlp, pprof, speedscope};
use pyrometer_tables::Profile;
use pyrometer_tables::call_tree::Grouping;
use pyrometer_tables::schema::Thread;
use pyrometer_tables::select::Selection;

use super::profiles::{Keeps, counters, known, profiles, rows, with_tables};

const ALL: [&str; 3] = ["cpu-time", "wall-time", "bytes"];

fn again(format: &str, write: impl FnOnce(&mut Vec<u8>) -> Result<LeftOut>) -> Profile {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    let options = Options { format: by_name(format), lenient: false };
    read_bytes("file".as_ref(), &out, &options).unwrap()
}

fn of_metric(metric: i32) -> Selection {
    Selection { metric, ..Selection::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pprof_keeps_all_but_times(before in profiles(false)) {
        let after = again("pprof", |out| pprof::write(&before, &Selection::default(), out));
        let (metrics, threads, places, counts, semicolons) = (true, true, true, true, true);
        let keeps = Keeps { metrics, threads, places, counts, semicolons, ..Keeps::default() };
        prop_assert_eq!(rows(&after, &ALL, keeps), rows(&before, &ALL, keeps));
    }

    #[test]
    fn otlp_keeps_all_of_samples_with_times(before in profiles(true)) {
        let after = again("otlp", |out| otlp::write(&before, &Selection::default(), out));
        let (metrics, threads, times, cpus, places, semicolons) = (true, true, true, true, true, true);
        let keeps = Keeps { metrics, threads, times, cpus, places, semicolons, ..Keeps::default() };
        prop_assert_eq!(rows(&after, &ALL, keeps), rows(&before, &ALL, keeps));
    }

    #[test]
    fn otlp_as_json_is_what_the_message_is(before in profiles(true), summed in profiles(false)) {
        let (metrics, threads, times, cpus, places, counts, semicolons) = (true, true, true, true, true, true, true);
        let keeps = Keeps { metrics, threads, times, cpus, places, counts, semicolons };
        for before in [before, summed] {
            let message = again("otlp", |out| otlp::write(&before, &Selection::default(), out));
            let json = again("otlp", |out| otlp::write_json(&before, &Selection::default(), out));
            prop_assert_eq!(rows(&json, &ALL, keeps), rows(&message, &ALL, keeps));
            prop_assert_eq!(json.tables(), message.tables());
            prop_assert_eq!(&json.meta, &message.meta);
        }
    }

    #[test]
    fn otlp_keeps_numbers_of_samples(before in profiles(false)) {
        let after = again("otlp", |out| otlp::write(&before, &Selection::default(), out));
        let (metrics, threads, places, counts, semicolons) = (true, true, true, true, true);
        let keeps = Keeps { metrics, threads, places, counts, semicolons, ..Keeps::default() };
        prop_assert_eq!(rows(&after, &ALL, keeps), rows(&before, &ALL, keeps));
    }

    /// What a thread did is a time there: the names and values of a metric of time stay.
    #[test]
    fn traces_keep_stacks_and_times_of_threads(before in profiles(false)) {
        let after = again("chrome", |out| chrome::write(&before, &of_metric(0), out));
        let keeps = Keeps { threads: true, semicolons: true, ..Keeps::default() };
        let values = |profile: &Profile, metric: &str| -> Vec<_> {
            let rows = rows(profile, &[metric], keeps).into_iter();
            rows.filter(|(_, (value, _))| *value > 0).map(|(key, (value, _))| (key, value)).collect()
        };
        prop_assert_eq!(values(&after, "time"), values(&before, "cpu-time"));
    }

    #[test]
    fn firefox_keeps_times_and_places(before in profiles(true)) {
        for (row, metric) in ALL.iter().enumerate() {
            let after = again("firefox", |out| firefox::write(&before, &of_metric(row as i32), out));
            let (metrics, threads, places, times, semicolons) = (true, true, true, true, true);
            let keeps = Keeps { metrics, threads, places, times, semicolons, ..Keeps::default() };
            prop_assert_eq!(rows(&after, &[metric], keeps), rows(&before, &[metric], keeps));
        }
    }

    #[test]
    fn firefox_keeps_numbers_of_samples_of_cpu_time(before in profiles(false)) {
        let after = again("firefox", |out| firefox::write(&before, &of_metric(0), out));
        let keeps = Keeps { threads: true, counts: true, ..Keeps::default() };
        prop_assert_eq!(rows(&after, &["cpu-time"], keeps), rows(&before, &["cpu-time"], keeps));
    }

    #[test]
    fn speedscope_keeps_names_and_values_of_threads(before in profiles(true)) {
        let after = again("speedscope", |out| speedscope::write(&before, &Selection::default(), out));
        let keeps = Keeps { metrics: true, threads: true, semicolons: true, ..Keeps::default() };
        prop_assert_eq!(rows(&after, &ALL, keeps), rows(&before, &ALL, keeps));
    }

    #[test]
    fn folded_stacks_keep_names_and_values(before in profiles(true)) {
        let grouping = Grouping::default();
        for (row, metric) in ALL.iter().enumerate() {
            let mut out = Vec::new();
            folded::write(&before, &of_metric(row as i32), &grouping, &mut out).unwrap();
            let expected = rows(&before, &[metric], Keeps::default());
            if expected.is_empty() {
                continue;
            }
            let options = Options { format: by_name("folded"), lenient: false };
            let after = read_bytes("file".as_ref(), &out, &options).unwrap();
            prop_assert_eq!(rows(&after, &["samples"], Keeps::default()), expected);
        }
    }
}

/// Process id and name, thread id and name of every thread.
fn tasks(profile: &Profile) -> BTreeSet<(i32, String, i32, String)> {
    let tables = profile.tables();
    let task = |thread: &Thread| {
        let process = &tables.processes[thread.process as usize];
        (process.pid, process.name.clone(), thread.tid, thread.name.clone())
    };
    tables.threads.iter().map(task).collect()
}

fn names(profile: &Profile) -> BTreeSet<String> {
    profile.tables().threads.iter().map(|thread| thread.name.clone()).collect()
}

#[test]
fn a_program_that_executes_another_one_stays_two_under_one_id() {
    let mut tables = known(false).tables().clone();
    let ids = (tables.processes[0].pid, tables.threads[0].tid);
    (tables.processes[1].pid, tables.threads[1].process, tables.threads[1].tid) = (ids.0, 1, ids.1);
    tables.threads.truncate(2);
    let before = with_tables(known(false), tables);
    let selection = Selection::default();
    assert_eq!(tasks(&again("pprof", |out| pprof::write(&before, &selection, out))), tasks(&before));
    assert_eq!(tasks(&again("otlp", |out| otlp::write(&before, &selection, out))), tasks(&before));
    assert_eq!(tasks(&again("firefox", |out| firefox::write(&before, &of_metric(0), out))), tasks(&before));
    assert_eq!(
        names(&again("speedscope", |out| speedscope::write(&before, &selection, out))),
        names(&before)
    );
}

#[test]
fn threads_without_ids_are_told_apart_by_their_names() {
    let mut tables = known(false).tables().clone();
    tables.processes.iter_mut().for_each(|process| process.pid = 0);
    tables.threads.iter_mut().for_each(|thread| (thread.process, thread.tid) = (0, 0));
    tables.processes.truncate(1);
    tables.threads.truncate(2);
    let before = with_tables(known(false), tables);
    let selection = Selection::default();
    assert_eq!(names(&again("pprof", |out| pprof::write(&before, &selection, out))), names(&before));
    assert_eq!(names(&again("otlp", |out| otlp::write(&before, &selection, out))), names(&before));
    assert_eq!(names(&again("firefox", |out| firefox::write(&before, &of_metric(0), out))), names(&before));
    assert_eq!(
        names(&again("speedscope", |out| speedscope::write(&before, &selection, out))),
        names(&before)
    );
}

#[test]
fn exact_counts_stay_exact() {
    let mut tables = known(false).tables().clone();
    tables.metrics[1].kind = "exact".to_owned();
    let before = with_tables(known(false), tables);
    for format in ["pprof", "otlp"] {
        let selection = Selection::default();
        let after = again(format, |out| match format {
            "pprof" => pprof::write(&before, &selection, out),
            _ => otlp::write(&before, &selection, out),
        });
        let exact = after.tables().metrics.iter().filter(|metric| metric.kind == "exact");
        assert_eq!(exact.map(|metric| metric.name.as_str()).collect::<Vec<_>>(), ["wall-time"], "{format}");
    }
}

#[test]
fn times_of_a_recording_that_began_nobody_knows_when_are_kept() {
    let mut before = with_tables(known(true), known(true).tables().clone());
    (before.meta.start_wall, before.meta.duration) = (0, 1_000_000_000);
    let after = again("otlp", |out| otlp::write(&before, &Selection::default(), out));
    let keeps = Keeps { times: true, ..Keeps::default() };
    assert_eq!(rows(&after, &ALL, keeps), rows(&before, &ALL, keeps));
}

#[test]
fn addresses_of_the_kernel_are_kept() {
    let mut tables = known(false).tables().clone();
    tables
        .frames
        .iter_mut()
        .for_each(|frame| frame.address = frame.address.map(|address| address | i64::MIN));
    let before = with_tables(known(false), tables);
    let of = |profile: &Profile| -> BTreeSet<_> {
        profile.tables().frames.iter().map(|frame| frame.address).collect()
    };
    let selection = Selection::default();
    assert_eq!(of(&again("pprof", |out| pprof::write(&before, &selection, out))), of(&before));
    assert_eq!(of(&again("otlp", |out| otlp::write(&before, &selection, out))), of(&before));
}

#[test]
fn firefox_keeps_time_series() {
    let mut tables = known(true).tables().clone();
    tables.counters = counters();
    let before = Profile::from_parts(known(true).meta.clone(), tables, Vec::new()).unwrap();
    let after = again("firefox", |out| firefox::write(&before, &of_metric(0), out));
    let points = |profile: &Profile| -> Vec<_> {
        let start = profile.meta.start;
        let counters = profile.tables().counters.iter();
        counters.map(|point| (point.name.clone(), point.time - start, point.value)).collect()
    };
    assert_eq!(points(&after), points(&before));
}
