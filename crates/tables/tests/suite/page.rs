//! What the viewer's page reads says what the tables say.

use crate::common;
use std::collections::HashMap;

use proptest::prelude::*;
use pyrometer_tables::labels::frame_name;
use pyrometer_tables::page::page;
use pyrometer_tables::schema::{Counter, Process, Sample, Tables, Thread};
use pyrometer_tables::{Profile, Result};
use serde_json::Value;

/// The columns of a container, as a reader that knows nothing but its description sees them.
pub struct Columns(pub HashMap<String, Vec<u8>>, pub HashMap<String, String>);

impl Columns {
    pub fn read(bytes: &[u8]) -> Self {
        assert_eq!(&bytes[..8], b"PYROPAGE");
        let length = u32::from_le_bytes(bytes[8..12].try_into().expect("four bytes")) as usize;
        let directory: Vec<Value> = serde_json::from_slice(&bytes[12..12 + length]).expect("a directory");
        let first = (12 + length).next_multiple_of(8);
        let column = |entry: &Value| {
            let number = |key: &str| entry[key].as_u64().expect("a number") as usize;
            let start = first + number("offset");
            assert_eq!(start % 8, 0);
            (
                entry["name"].as_str().expect("a name").to_owned(),
                bytes[start..start + number("length")].to_vec(),
            )
        };
        let kind = |entry: &Value| {
            [&entry["name"], &entry["type"]].map(|text| text.as_str().unwrap_or_default().to_owned())
        };
        let kinds = directory.iter().map(kind).map(|[name, kind]| (name, kind));
        Self(directory.iter().map(column).collect(), kinds.collect())
    }

    /// A column of any type.
    pub fn any(&self, name: &str) -> Vec<f64> {
        match self.1[name].as_str() {
            "u8" => self.0[name].iter().map(|byte| f64::from(*byte)).collect(),
            "u16" => {
                self.0[name].chunks(2).map(|two| f64::from(u16::from_le_bytes([two[0], two[1]]))).collect()
            }
            "u32" => self.u32(name).into_iter().map(f64::from).collect(),
            _ => self.f64(name),
        }
    }

    pub fn u32(&self, name: &str) -> Vec<u32> {
        let bytes = self.0[name].chunks(4);
        bytes.map(|bytes| u32::from_le_bytes(bytes.try_into().expect("four bytes"))).collect()
    }

    fn f64(&self, name: &str) -> Vec<f64> {
        let bytes = self.0[name].chunks(8);
        bytes.map(|bytes| f64::from_le_bytes(bytes.try_into().expect("eight bytes"))).collect()
    }

    pub fn text(&self, row: u32) -> &str {
        let ends = self.u32("strings.ends");
        let start = row.checked_sub(1).map_or(0, |before| ends[before as usize]);
        std::str::from_utf8(&self.0["strings.bytes"][start as usize..ends[row as usize] as usize])
            .expect("a text")
    }

    /// The names on the way to each node, the root first.
    pub fn paths(&self) -> Vec<Vec<String>> {
        let names = self.u32("functions.name");
        let mut path: Vec<String> = Vec::new();
        let nodes = self.u32("nodes.function").into_iter().zip(self.u32("nodes.depth"));
        let node = |(function, depth): (u32, u32)| {
            path.truncate(depth as usize);
            path.push(self.text(names[function as usize]).to_owned());
            path.clone()
        };
        nodes.map(node).collect()
    }
}

fn names_of(tables: &Tables, stack: i32) -> Vec<String> {
    let mut names = Vec::new();
    let mut at = Some(stack);
    while let Some(row) = at {
        let stack = &tables.stacks[row as usize];
        names.push(frame_name(tables, &tables.frames[stack.frame as usize]).into_owned());
        at = stack.parent;
    }
    names.reverse();
    names
}

fn made(frames: i32, stacks: i32, count: usize) -> Result<Profile> {
    let mut rows: Vec<Sample> = Vec::new();
    common::samples(count, stacks, |batch| rows.extend_from_slice(batch));
    Profile::from_parts(common::meta(), common::program(frames, stacks), rows)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn each_path_has_the_values_of_its_stacks(frames in 1..60_i32, stacks in 1..200_i32, count in 0..400_usize) {
        let profile = made(frames, stacks, count).expect("a profile");
        let columns = Columns::read(&page(&profile, None, &[]).expect("a page"));
        let paths = columns.paths();
        let mut expected: HashMap<Vec<String>, f64> = HashMap::new();
        profile
            .for_each_batch(|samples| {
                for sample in samples {
                    *expected.entry(names_of(profile.tables(), sample.stack)).or_default() += sample.value as f64;
                }
                Ok(())
            })
            .expect("samples");
        let nodes = columns.u32("self.0.node").into_iter().zip(columns.any("self.0.value"));
        let found: HashMap<_, _> = nodes.map(|(node, value)| (paths[node as usize].clone(), value)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn of_two_profiles_each_has_its_own_values(frames in 1..60_i32, stacks in 1..100_i32, count in 0..200_usize) {
        let (after, before) = (made(frames, stacks, count).expect("a profile"), made(40, 70, 100).expect("a profile"));
        let columns = Columns::read(&page(&after, Some(&before), &[]).expect("a page"));
        let paths = columns.paths();
        for (metric, profile) in [&after, &before].into_iter().enumerate() {
            let alone = Columns::read(&page(profile, None, &[]).expect("a page"));
            let values = |columns: &Columns, paths: &[Vec<String>], metric: usize| -> HashMap<Vec<String>, f64> {
                let nodes = columns.u32(&format!("self.{metric}.node"));
                let values = columns.any(&format!("self.{metric}.value"));
                nodes.iter().map(|node| paths[*node as usize].clone()).zip(values).collect()
            };
            prop_assert_eq!(values(&columns, &paths, metric), values(&alone, &alone.paths(), 0));
        }
    }

    #[test]
    fn samples_stand_in_the_order_of_time_at_their_paths(stacks in 1..100_i32, count in 1..300_usize) {
        let profile = made(40, stacks, count).expect("a profile");
        let columns = Columns::read(&page(&profile, None, &[]).expect("a page"));
        let paths = columns.paths();
        let mut expected = Vec::new();
        profile
            .for_each_batch(|samples| {
                expected.extend_from_slice(samples);
                Ok(())
            })
            .expect("samples");
        expected.sort_by_key(|sample| sample.time);
        let tick = columns.f64("samples.tick")[0] as i64;
        let mut ticks = 0;
        let deltas = columns.any("samples.delta");
        prop_assert_eq!(deltas.len(), expected.len());
        for ((delta, node), sample) in deltas.iter().zip(columns.u32("samples.node")).zip(&expected) {
            ticks += *delta as i64;
            prop_assert_eq!(ticks, (sample.time.expect("a time") - profile.meta.start) / tick);
            prop_assert_eq!(&paths[node as usize], &names_of(profile.tables(), sample.stack));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn stacks_lead_through_the_frames_of_their_samples(stacks in 1..100_i32, count in 1..200_usize) {
        let mut tables = common::program(40, stacks);
        for (row, frame) in (1..).zip(&mut tables.frames) {
            (frame.line, frame.address, frame.file) = (Some(row), Some(i64::from(row) << 4), Some("/src/a.rs".into()));
        }
        let mut rows: Vec<Sample> = Vec::new();
        common::samples(count, stacks, |batch| rows.extend_from_slice(batch));
        rows.sort_by_key(|sample| sample.time);
        let profile = Profile::from_parts(common::meta(), tables, rows.clone()).expect("a profile");
        let columns = Columns::read(&page(&profile, None, &[]).expect("a page"));
        let (up, frame, line) = (columns.u32("stacks.up"), columns.u32("stacks.frame"), columns.u32("frames.line"));
        for (stack, sample) in columns.u32("samples.stack").into_iter().zip(&rows) {
            let mut expected = Vec::new();
            let mut at = Some(sample.stack);
            while let Some(row) = at {
                let stack = profile.tables().stacks[row as usize];
                expected.push(profile.tables().frames[stack.frame as usize].line.unwrap_or(0) as u32);
                at = stack.parent;
            }
            let mut found = vec![line[frame[stack as usize] as usize]];
            let mut at = stack;
            while up[at as usize] > 0 {
                at -= up[at as usize];
                found.push(line[frame[at as usize] as usize]);
            }
            prop_assert_eq!(found, expected);
        }
        let files = columns.u32("frames.file");
        prop_assert!(files.iter().all(|row| columns.text(*row) == "/src/a.rs"));
        prop_assert!(columns.u32("frames.low").iter().zip(&line).all(|(low, line)| *low == line << 4));
        prop_assert!(columns.u32("frames.high").iter().all(|high| *high == 0));
    }
}

#[test]
fn values_are_as_small_as_they_can_be() -> Result<()> {
    for (value, kind) in
        [(7, "u8"), (255, "u8"), (256, "u16"), (65_536, "u32"), (1 << 32, "f64"), (-1, "f64")]
    {
        let samples = vec![Sample { value, count: 1, time: Some(1_000_000_000), ..Sample::default() }];
        let profile = Profile::from_parts(common::meta(), common::program(3, 5), samples)?;
        let columns = Columns::read(&page(&profile, None, &[])?);
        for column in ["self.0.value", "samples.value"] {
            assert_eq!((columns.1[column].as_str(), columns.any(column)), (kind, vec![value as f64]));
        }
    }
    Ok(())
}

#[test]
fn a_text_is_a_column_of_its_own() -> Result<()> {
    let texts = [("about".to_owned(), "{\"größe\": 1}".to_owned())];
    let columns = Columns::read(&page(&made(3, 5, 10)?, None, &texts)?);
    assert_eq!(columns.0["about"], texts[0].1.as_bytes());
    Ok(())
}

#[test]
fn nothing_measured_is_nothing_shown() -> Result<()> {
    let profile = Profile::from_parts(common::meta(), Tables::default(), Vec::new())?;
    let columns = Columns::read(&page(&profile, None, &[])?);
    assert!(columns.u32("nodes.function").is_empty());
    Ok(())
}

fn with_counters(points: impl IntoIterator<Item = (&'static str, i64, f64)>) -> Result<Columns> {
    let start = common::meta().start;
    let counter =
        |(name, since, value)| Counter { name: String::from(name), time: start + since, thread: None, value };
    let tables = Tables { counters: points.into_iter().map(counter).collect(), ..common::program(3, 5) };
    let profile = Profile::from_parts(common::meta(), tables, Vec::new())?;
    Ok(Columns::read(&page(&profile, None, &[])?))
}

#[test]
fn a_time_series_is_in_the_order_of_time() -> Result<()> {
    let columns = with_counters([("rss", 30, 3.0), ("requests", 20, 9.0), ("rss", 10, 1.0)])?;
    let series: Value = serde_json::from_slice(&columns.0["counters"]).expect("a list");
    assert_eq!(
        series[0],
        serde_json::json!({"name": "rss", "unit": "bytes", "thread": null, "end": null, "points": 2})
    );
    assert_eq!(series[1]["unit"], "count");
    assert_eq!(columns.f64("counters.0.time"), [10.0, 30.0]);
    assert_eq!(columns.f64("counters.0.value"), [1.0, 3.0]);
    assert_eq!(columns.f64("counters.1.value"), [9.0]);
    Ok(())
}

#[test]
fn a_series_ends_with_its_process_and_the_highest_comes_first() -> Result<()> {
    let start = common::meta().start;
    let process =
        |pid, end: Option<i64>| Process { pid, end: end.map(|end| start + end), ..Process::default() };
    let thread = |process, tid| Thread { process, tid, ..Thread::default() };
    let point = |name: &str, thread, value| Counter { name: name.into(), time: start + 5, thread, value };
    let tables = Tables {
        processes: vec![process(1, Some(40)), process(2, None)],
        threads: vec![thread(0, 1), thread(1, 2)],
        counters: vec![point("rss", Some(0), 3.0), point("live", None, 99.0), point("rss", Some(1), 7.0)],
        ..Tables::default()
    };
    let profile = Profile::from_parts(common::meta(), tables, Vec::new())?;
    let columns = Columns::read(&page(&profile, None, &[])?);
    let series: Value = serde_json::from_slice(&columns.0["counters"]).expect("a list");
    let found = [0, 1, 2].map(|at| (&series[at]["name"], &series[at]["thread"], &series[at]["end"]));
    let expected = serde_json::json!([["rss", 1, null], ["rss", 0, 40.0], ["live", null, null]]);
    assert_eq!(serde_json::json!(found), expected);
    assert_eq!(columns.f64("counters.0.value"), [7.0]);
    Ok(())
}

#[test]
fn of_a_long_series_the_peaks_are_kept() -> Result<()> {
    let many = 100_000;
    let value = |at: i64| if at == 77_777 { 1e9 } else { (at % 10) as f64 };
    let columns = with_counters((0..many).map(|at| ("rss", at, value(at))))?;
    let (times, values) = (columns.f64("counters.0.time"), columns.f64("counters.0.value"));
    assert!(times.len() <= 8192 && times.is_sorted());
    let peak = values.iter().position(|value| *value == 1e9).expect("the peak");
    assert_eq!(times[peak], 77_777.0);
    assert!(values.contains(&0.0));
    let series: Value = serde_json::from_slice(&columns.0["counters"]).expect("a list");
    assert_eq!(series[0]["points"], many);
    Ok(())
}
