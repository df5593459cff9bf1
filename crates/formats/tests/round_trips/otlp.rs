//! OTLP, its message read back by following its indices.

use proptest::prelude::*;
use prost::Message;
use pyrometer_formats::otlp;
use pyrometer_formats::otlp::common::{Resource, Value};
use pyrometer_formats::otlp::message::{
    KeyValueAndUnit, Location, Profile, ProfilesData, ProfilesDictionary, Sample,
};
use pyrometer_tables::select::Selection;

use super::profiles::{Keeps, Rows, WALL, add, described, profiles, rows};

const ALL: [&str; 3] = ["cpu-time", "wall-time", "bytes"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn otlp_keeps_all_of_samples_with_times(before in profiles(true)) {
        let (metrics, threads, times, cpus, places, semicolons) = (true, true, true, true, true, true);
        let keeps = Keeps { metrics, threads, times, cpus, places, semicolons, ..Keeps::default() };
        let mut out = Vec::new();
        let left_out = otlp::write(&before, &Selection::default(), &mut out).unwrap();
        prop_assert!(left_out.is_empty(), "{:?}", left_out);
        let data = ProfilesData::decode(&out[..]).unwrap();
        prop_assert_eq!(read(&data, true), rows(&before, &ALL, keeps));
        first_rows_are_empty(data.dictionary.as_ref().unwrap());
    }

    #[test]
    fn otlp_keeps_numbers_of_samples_without_times(before in profiles(false)) {
        let (metrics, threads, places, semicolons) = (true, true, true, true);
        let keeps = Keeps { metrics, threads, places, semicolons, counts: true, ..Keeps::default() };
        let mut data = otlp::convert(&before, &Selection::default()).unwrap();
        let all = data.clone();
        each_profile(&mut data, |dictionary, profile| !name(dictionary, profile).ends_with(" samples"));
        let mut found = read(&data, false);
        let mut counts = all;
        each_profile(&mut counts, |dictionary, profile| name(dictionary, profile).ends_with(" samples"));
        let has_counts = read(&counts, false);
        for (key, (value, _)) in has_counts {
            let metric = key[0].strip_suffix(" samples in count").unwrap().to_owned();
            let unit = if metric == "bytes" { "bytes" } else { "ns" };
            let mut key = key;
            key[0] = format!("{metric} in {unit}");
            found.get_mut(&key).unwrap().1 = value;
        }
        let expected = rows(&before, &ALL, keeps);
        for (key, (value, count)) in expected {
            let (read, observed) = found.remove(&key).unwrap();
            prop_assert_eq!(read, value);
            // Without a profile of its own, each value is one observation.
            prop_assert!(observed == count || observed == 0, "{} instead of {}", observed, count);
        }
        prop_assert!(found.is_empty());
    }
}

fn each_profile(data: &mut ProfilesData, keep: impl Fn(&ProfilesDictionary, &Profile) -> bool) {
    let dictionary = data.dictionary.clone().unwrap();
    for resource in &mut data.resource_profiles {
        resource.scope_profiles[0].profiles.retain(|profile| keep(&dictionary, profile));
    }
}

fn name<'a>(dictionary: &'a ProfilesDictionary, profile: &Profile) -> &'a str {
    &dictionary.string_table[profile.sample_type.unwrap().type_strindex as usize]
}

fn read(data: &ProfilesData, timed: bool) -> Rows {
    let dictionary = data.dictionary.as_ref().unwrap();
    let mut rows = Rows::new();
    for resource in &data.resource_profiles {
        let pid = pid(resource.resource.as_ref().unwrap());
        for profile in &resource.scope_profiles[0].profiles {
            for sample in &profile.samples {
                assert_eq!(sample.timestamps_unix_nano.len(), if timed { sample.values.len() } else { 0 });
                for (at, value) in sample.values.iter().enumerate() {
                    let time = sample.timestamps_unix_nano.get(at).copied();
                    add(&mut rows, key(dictionary, pid, profile, sample, time), *value, 0);
                }
            }
        }
    }
    rows
}

fn key(
    dictionary: &ProfilesDictionary,
    pid: i64,
    profile: &Profile,
    sample: &Sample,
    time: Option<u64>,
) -> Vec<String> {
    let text = |index: i32| dictionary.string_table[index as usize].as_str();
    let attribute = |wanted: &str| value(dictionary, &sample.attribute_indices, wanted);
    let unit = text(profile.sample_type.unwrap().unit_strindex).replace("nanoseconds", "ns");
    let mut key = vec![format!("{} in {unit}", name(dictionary, profile))];
    let (Some(Value::Int(tid)), Some(Value::String(thread))) =
        (attribute("thread.id"), attribute("thread.name"))
    else {
        panic!("no thread");
    };
    key.push(format!("{tid} {thread} of {pid}"));
    if let Some(time) = time {
        key.push(format!("{:?}", Some(time as i64 - WALL)));
        let Some(Value::Int(cpu)) = attribute("cpu.logical_number") else { panic!("no CPU") };
        key.push(format!("{:?}", Some(cpu)));
    }
    let locations = &dictionary.stack_table[sample.stack_index as usize].location_indices;
    for index in locations.iter().rev() {
        key.extend(frames(dictionary, &dictionary.location_table[*index as usize]));
    }
    key
}

/// From the outermost.
fn frames(dictionary: &ProfilesDictionary, location: &Location) -> Vec<String> {
    let text = |index: i32| dictionary.string_table[index as usize].as_str();
    let mapping = &dictionary.mapping_table[location.mapping_index as usize];
    assert!((mapping.memory_start..mapping.memory_limit).contains(&location.address));
    let build_id = value(dictionary, &mapping.attribute_indices, "process.executable.build_id.gnu");
    let build_id = build_id.map(|value| match value {
        Value::String(text) => text,
        other => panic!("{other:?}"),
    });
    let last = location.lines.len() - 1;
    let frame = |(at, line): (usize, &otlp::message::Line)| {
        let function = &dictionary.function_table[line.function_index as usize];
        let positive = |number: i64| Some(number as i32).filter(|number| *number > 0);
        let file = Some(text(function.filename_strindex)).filter(|file| !file.is_empty());
        let line = (file, positive(line.line), positive(line.column));
        let binary = Some((text(mapping.filename_strindex), build_id.as_deref()));
        described(text(function.name_strindex), line, Some(location.address as i64), binary, at < last)
    };
    location.lines.iter().enumerate().map(frame).rev().collect()
}

fn value(dictionary: &ProfilesDictionary, indices: &[i32], wanted: &str) -> Option<Value> {
    let rows = indices.iter().map(|index| &dictionary.attribute_table[*index as usize]);
    let mut found =
        rows.filter(|row: &&KeyValueAndUnit| dictionary.string_table[row.key_strindex as usize] == wanted);
    found.next()?.value.clone()?.value
}

fn pid(resource: &Resource) -> i64 {
    let row = resource.attributes.iter().find(|row| row.key == "process.pid").unwrap();
    match row.value.clone().unwrap().value {
        Some(Value::Int(pid)) => pid,
        other => panic!("{other:?}"),
    }
}

/// As the specification asks: an index of 0 means that there is none.
fn first_rows_are_empty(dictionary: &ProfilesDictionary) {
    assert_eq!(dictionary.string_table[0], "");
    assert_eq!(dictionary.mapping_table[0], Default::default());
    assert_eq!(dictionary.location_table[0], Default::default());
    assert_eq!(dictionary.function_table[0], Default::default());
    assert_eq!(dictionary.link_table[..], [Default::default()]);
    assert_eq!(dictionary.attribute_table[0], Default::default());
    assert_eq!(dictionary.stack_table[0], Default::default());
}
