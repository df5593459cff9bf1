//! Samples along time.
//!
//! The event that takes a sample comes at the end of what it stands for: a sample of a time covers as much before it, one
//! of anything else the distance between two samples of the recording; never what a sample before it covers.

use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::schema::{Metric, Sample};

use super::event::{Events, ids};
use super::slices::Slices;
use crate::error::Result;

/// How long something took of which only the moment is known, nanoseconds.
const MOMENT: i64 = 1000;

pub(super) fn add(
    profile: &Profile,
    metric: &Metric,
    mut samples: Vec<Sample>,
    slices: &mut Slices<'_>,
    events: &mut Events<impl Write>,
) -> Result<()> {
    // What has the same ids, before and after an `exec`, is one track.
    let track = |sample: &Sample| ids(profile.tables(), Some(sample.thread));
    samples.sort_by_key(|sample| (track(sample), sample.time));
    for samples in samples.chunk_by(|one, other| track(one) == track(other)) {
        let mut thread = samples[0].thread;
        let mut end = i64::MIN;
        for sample in samples {
            let now = sample.time.unwrap_or(0).saturating_sub(profile.meta.start);
            let begin = now.saturating_sub(width(profile, metric, sample)).max(end);
            let is_gap =
                end != i64::MIN && begin.saturating_sub(end) > tolerance(metric, now.saturating_sub(begin));
            let begin = if is_gap || end == i64::MIN { begin } else { end };
            if is_gap || sample.thread != thread {
                slices.leave(0, end, thread, events)?;
            }
            thread = sample.thread;
            slices.enter(sample, begin, events)?;
            end = now.max(begin);
        }
        slices.leave(0, end, thread, events)?;
    }
    Ok(())
}

/// The longest pause that is none, before a sample that covers so much time: they are not taken by the clock, but what
/// is exact begins and ends when it says.
fn tolerance(metric: &Metric, covered: i64) -> i64 {
    if metric.kind == "exact" { 0 } else { covered / 2 }
}

/// How much time before it a sample covers, nanoseconds.
fn width(profile: &Profile, metric: &Metric, sample: &Sample) -> i64 {
    match (metric.unit.as_str(), profile.meta.rate) {
        ("ns", _) => sample.value.max(0),
        (_, rate @ 1..) => 1_000_000_000 / rate,
        _ => MOMENT,
    }
}
