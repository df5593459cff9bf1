//! Samples by process and metric, and within by stack, thread and CPU.

use pyrometer_tables::Profile;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::Sample;
use pyrometer_tables::select::{Selection, for_each_selected};
use rustc_hash::FxHashMap;

use super::attributes::of_sample;
use super::dictionary::Dictionary;
use super::message;
use crate::error::Result;

/// The samples of a metric in a process.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) process: i32,
    pub(super) metric: i32,
    /// In the order in which their keys came.
    groups: Vec<(Key, Vec<Point>)>,
}

/// Stack, thread, CPU, and whether there are times: those without cannot be among those with.
type Key = (i32, i32, Option<i32>, bool);

/// A sample of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    time: i64,
    pub(super) value: i64,
    pub(super) count: i64,
}

impl Series {
    /// Whether values stand for other numbers of observations than one each.
    pub(super) fn has_counts(&self) -> bool {
        self.groups.iter().any(|(_, points)| points.iter().any(|point| point.count != 1))
    }
}

/// By process; of each the selected metric first.
pub(super) fn gather(profile: &Profile, selection: &Selection) -> Result<Vec<Series>> {
    let threads = &profile.tables().threads;
    let mut places: FxHashMap<(i32, i32), usize> = FxHashMap::default();
    let mut series: Vec<Series> = Vec::new();
    let mut groups: FxHashMap<(usize, Key), usize> = FxHashMap::default();
    for_each_selected(profile, selection, |sample| {
        let (process, metric) = (threads[sample.thread as usize].process, sample.metric);
        let place = *places.entry((process, metric)).or_insert_with(|| {
            series.push(Series { process, metric, groups: Vec::new() });
            series.len() - 1
        });
        let key = (sample.stack, sample.thread, sample.cpu, sample.time.is_some());
        let own = &mut series[place].groups;
        let group = *groups.entry((place, key)).or_insert_with(|| {
            own.push((key, Vec::new()));
            own.len() - 1
        });
        add(&mut own[group].1, sample);
        Ok(())
    })?;
    series.sort_by_key(|series| (series.process, series.metric != selection.metric, series.metric));
    Ok(series)
}

/// Without times values are added up.
fn add(points: &mut Vec<Point>, sample: &Sample) {
    match (sample.time, points.first_mut()) {
        (None, Some(sum)) => {
            sum.value = sum.value.saturating_add(sample.value);
            sum.count = sum.count.saturating_add(sample.count);
        }
        (time, _) => points.push(Point { time: time.unwrap_or(0), value: sample.value, count: sample.count }),
    }
}

/// The messages of a series, with the values that are asked for.
pub(super) fn messages(
    meta: &Meta,
    series: &Series,
    dictionary: &mut Dictionary<'_>,
    value: fn(&Point) -> i64,
) -> Vec<message::Sample> {
    let wall = |point: &Point| {
        let since = point.time.saturating_sub(meta.start);
        u64::try_from(meta.start_wall.saturating_add(since)).unwrap_or(0)
    };
    let message = |((stack, thread, cpu, has_times), points): &(Key, Vec<Point>)| message::Sample {
        stack_index: dictionary.stack(*stack),
        attribute_indices: of_sample(*thread, *cpu, dictionary),
        link_index: 0,
        values: points.iter().map(value).collect(),
        timestamps_unix_nano: points.iter().filter(|_| *has_times).map(wall).collect(),
    };
    series.groups.iter().map(message).collect()
}
