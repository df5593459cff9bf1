//! Time series as columns.

use serde::Serialize;

use super::container::Container;
use crate::profile::Profile;

/// A page holds no more points of a series than this; of more, the extremes of equally many points each.
pub const MOST_POINTS: usize = 8192;

/// What is said of a series; its points are columns.
#[derive(Serialize)]
struct Series<'a> {
    name: &'a str,
    unit: &'static str,
    /// Row in `threads`.
    thread: Option<i32>,
    /// When its process ended, as times of points; none if it did not, or belongs to none.
    end: Option<f64>,
    /// How many points the profile has.
    points: usize,
    #[serde(skip)]
    of: Vec<(f64, f64)>,
}

/// Adds the text `counters`, a list of [`Series`], and their points, of each in the order of time. Of one name, the
/// series that reaches highest comes first.
pub fn write(profile: &Profile, container: &mut Container) {
    let all = series(profile);
    container.text("counters", &serde_json::to_string(&all).unwrap_or_default());
    for (row, series) in all.iter().enumerate() {
        let points = thinned(&series.of);
        container.f64(&format!("counters.{row}.time"), points.iter().map(|(time, _)| *time));
        container.f64(&format!("counters.{row}.value"), points.iter().map(|(_, value)| *value));
    }
}

fn series(profile: &Profile) -> Vec<Series<'_>> {
    let mut all: Vec<Series<'_>> = Vec::new();
    let mut rows = rustc_hash::FxHashMap::default();
    for counter in &profile.tables().counters {
        let name = counter.name.as_str();
        let row = *rows.entry((name, counter.thread)).or_insert_with(|| {
            let end = counter.thread.and_then(|thread| end_of(profile, thread));
            let (unit, thread) = (unit(name), counter.thread);
            all.push(Series { name, unit, thread, end, points: 0, of: Vec::new() });
            all.len() - 1
        });
        all[row].points += 1;
        all[row].of.push((since(profile, counter.time), counter.value));
    }
    for series in &mut all {
        series.of.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    }
    highest_first(all)
}

fn since(profile: &Profile, time: i64) -> f64 {
    time.saturating_sub(profile.meta.start) as f64
}

fn end_of(profile: &Profile, thread: i32) -> Option<f64> {
    let tables = profile.tables();
    let process = tables.threads[thread as usize].process;
    Some(since(profile, tables.processes[process as usize].end?))
}

/// Names stay in the order in which they first come.
fn highest_first(mut all: Vec<Series<'_>>) -> Vec<Series<'_>> {
    let mut places = rustc_hash::FxHashMap::default();
    for series in &all {
        let next = places.len();
        places.entry(series.name).or_insert(next);
    }
    let peak = |series: &Series| series.of.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
    all.sort_by(|one, other| {
        places[one.name].cmp(&places[other.name]).then(peak(other).total_cmp(&peak(one)))
    });
    all
}

/// The table has none: those that are of memory say so in their names.
fn unit(name: &str) -> &'static str {
    if name.contains("bytes") || name.contains("rss") { "bytes" } else { "count" }
}

/// The least and the greatest of equally many points each, so that a picture of any width has every peak.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(MOST_POINTS);
    for chunk in points.chunks(points.len().div_ceil(MOST_POINTS / 2)) {
        let by_value = |one: &&(f64, f64), other: &&(f64, f64)| one.1.total_cmp(&other.1);
        let (Some(least), Some(greatest)) = (chunk.iter().min_by(by_value), chunk.iter().max_by(by_value))
        else {
            continue;
        };
        let (first, second) = if least.0 <= greatest.0 { (least, greatest) } else { (greatest, least) };
        kept.push(*first);
        if first != second {
            kept.push(*second);
        }
    }
    kept
}
