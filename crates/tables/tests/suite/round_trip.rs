//! What is written is what is read, whatever it is.

use crate::common;
use proptest::prelude::*;
use pyrometer_tables::journal::{Journal, Writer};
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{
    Binary, Call, Counter, Event, Experiment, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread,
};
use pyrometer_tables::{Profile, Result, file};

/// Any row that may be null: few rows, so that references often meet.
fn row(rows: usize) -> impl Strategy<Value = Option<i32>> {
    proptest::option::of(0..rows as i32)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z:<>]{0,12}", any::<String>()]
}

prop_compose! {
    fn metric()(name in text(), period in any::<i64>(), time_enabled in any::<Option<i64>>()) -> Metric {
        Metric { name, unit: "ns".to_owned(), period, time_enabled, ..Metric::default() }
    }
}

prop_compose! {
    fn process()(pid in any::<i32>(), name in text(), end in any::<Option<i64>>()) -> Process {
        Process { pid, name, end, ..Process::default() }
    }
}

prop_compose! {
    fn thread()(tid in any::<i32>(), start in any::<i64>(), name in text()) -> Thread {
        Thread { process: 0, tid, name, start, end: None }
    }
}

prop_compose! {
    fn binary()(path in text(), build_id in proptest::option::of(text())) -> Binary {
        Binary { path, build_id, ..Binary::default() }
    }
}

prop_compose! {
    fn function()(name in text(), binary in row(2), line in any::<Option<i32>>(),
                  aliases in proptest::collection::vec(text(), 0..3)) -> Function {
        Function { name, binary, line, aliases, ..Function::default() }
    }
}

prop_compose! {
    fn frame()(function in row(2), binary in row(2), address in any::<Option<i64>>(),
               file in proptest::option::of(text()), inlined in any::<bool>()) -> Frame {
        Frame { function, binary, address, file: file.map(Into::into), inlined, kind: "native".into(), ..Frame::default() }
    }
}

prop_compose! {
    fn sample(stacks: i32)(stack in 0..stacks, thread in 0..2, time in any::<Option<i64>>(),
              cpu in any::<Option<i32>>(), metric in 0..2, value in any::<i64>(), count in any::<i64>()) -> Sample {
        Sample { stack, thread, time, cpu, metric, value, count }
    }
}

fn event() -> impl Strategy<Value = Event> {
    (text(), any::<i64>(), row(2)).prop_map(|(name, time, thread)| Event {
        name,
        time,
        thread,
        ..Event::default()
    })
}

fn counter() -> impl Strategy<Value = Counter> {
    (text(), any::<i64>(), row(2), -1e300..1e300).prop_map(|(name, time, thread, value)| Counter {
        name,
        time,
        thread,
        value,
    })
}

/// Parents before children: a number below one picks among the rows before.
fn stacks() -> impl Strategy<Value = Vec<Stack>> {
    proptest::collection::vec((0.0..1.2, 0..2_i32), 1..20).prop_map(|picks| {
        let stack = |(row, (pick, frame)): (usize, (f64, i32))| {
            let parent = (pick < 1.0 && row > 0).then_some((pick * row as f64) as i32);
            Stack { parent, frame }
        };
        picks.into_iter().enumerate().map(stack).collect()
    })
}

fn two<T: std::fmt::Debug>(row: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(row, 2)
}

prop_compose! {
    fn tables()(metrics in two(metric()), processes in two(process()), threads in two(thread()),
                binaries in two(binary()), functions in two(function()), frames in two(frame()),
                stacks in stacks(), events in proptest::collection::vec(event(), 0..3),
                counters in proptest::collection::vec(counter(), 0..3)) -> Tables {
        let rest = Tables::default();
        Tables { metrics, processes, threads, binaries, functions, frames, stacks, events, counters, ..rest }
    }
}

pub fn profile() -> impl Strategy<Value = (Tables, Vec<Sample>)> {
    tables().prop_flat_map(|tables| {
        let stacks = tables.stacks.len() as i32;
        (Just(tables), proptest::collection::vec(sample(stacks), 0..40))
    })
}

pub fn all_samples(profile: &Profile) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    profile.for_each_batch(|batch| {
        samples.extend_from_slice(batch);
        Ok(())
    })?;
    Ok(samples)
}

fn write_journal(writer: &mut Writer, tables: &Tables, samples: &[Sample]) -> Result<()> {
    for (row, metric) in (0..).zip(&tables.metrics) {
        writer.put_metric(row, metric)?;
    }
    for (row, process) in (0..).zip(&tables.processes) {
        writer.put_process(row, process)?;
    }
    for (row, thread) in (0..).zip(&tables.threads) {
        writer.put_thread(row, thread)?;
    }
    for (row, binary) in (0..).zip(&tables.binaries) {
        writer.put_binary(row, binary)?;
    }
    for (row, function) in (0..).zip(&tables.functions) {
        writer.put_function(row, function)?;
    }
    writer.append_frames(&tables.frames)?;
    writer.append_stacks(&tables.stacks)?;
    for chunk in samples.chunks(7) {
        writer.append_samples(chunk)?;
        writer.commit()?;
    }
    for event in &tables.events {
        writer.put_event(event)?;
    }
    for counter in &tables.counters {
        writer.put_counter(counter)?;
    }
    writer.commit()
}

proptest! {
    #[test]
    fn a_file_gives_back_its_profile((tables, samples) in profile()) {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.pyro");
        file::write(&path, &common::meta(), &tables, &samples)?;
        let profile = Profile::open(&path)?;
        prop_assert_eq!(profile.meta.clone(), common::meta());
        prop_assert_eq!(profile.tables(), &tables);
        prop_assert_eq!(all_samples(&profile)?, samples);
    }

    #[test]
    fn a_journal_gives_back_its_profile((tables, samples) in profile()) {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.recording");
        let mut writer = Writer::create(&path, &common::meta())?;
        write_journal(&mut writer, &tables, &samples)?;
        prop_assert_eq!(writer.bytes_written(), std::fs::metadata(&path)?.len());
        let profile = Profile::open(&path)?;
        prop_assert_eq!(profile.tables(), &tables);
        prop_assert_eq!(all_samples(&profile)?, samples);
    }
}

#[test]
fn every_table_is_kept() -> Result<()> {
    let mut tables = common::program(10, 10);
    tables.calls = vec![Call { caller: 0, callee: 1, line: Some(3), count: 9, metric: 0, inclusive: 99 }];
    tables.counters = vec![Counter { name: "rss".to_owned(), time: 5, thread: None, value: 0.5 }];
    tables.events = vec![Event { name: "lost".to_owned(), stack: Some(1), ..Event::default() }];
    tables.experiments = vec![Experiment { speedup: 0.25, visits: 3, ..Experiment::default() }];
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("a.pyro");
    file::write(&path, &common::meta(), &tables, &Vec::new())?;
    assert_eq!(Profile::open(&path)?.tables(), &tables);
    Ok(())
}

#[test]
fn fields_of_a_later_minor_version_are_kept() -> Result<()> {
    let mut meta: Meta = common::meta();
    meta.extra.insert("colour".to_owned(), "blue".into());
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("a.pyro");
    file::write(&path, &meta, &Tables::default(), &Vec::new())?;
    assert_eq!(Profile::open(&path)?.meta, meta);
    Ok(())
}

#[test]
fn a_row_put_twice_is_replaced() -> Result<()> {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("a.recording");
    let mut writer = Writer::create(&path, &common::meta())?;
    for name in ["before exec", "after exec"] {
        let process = Process { name: name.to_owned(), ..Process::default() };
        writer.put_process(0, &process)?;
    }
    assert!(writer.put_process(2, &Process::default()).is_err(), "row 1 is missing");
    writer.commit()?;
    let processes = Journal::open(&path)?.tables.processes;
    assert_eq!(processes.len(), 1);
    assert_eq!(processes[0].name, "after exec");
    Ok(())
}
