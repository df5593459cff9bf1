//! What is known of several profiles together.

use crate::meta::{Host, Meta, Quality, Recorder};
use crate::profile::Profile;

/// What all have in common and what they have together; of the rest what the first one says.
pub(super) fn of_all(profiles: &[&Profile]) -> Meta {
    let is_any_sampled = profiles.iter().any(|profile| !is_counted(profile));
    let mut metas = profiles.iter().map(|profile| match is_any_sampled && is_counted(profile) {
        true => without_counts(&profile.meta),
        false => profile.meta.clone(),
    });
    let first = metas.next().unwrap_or_default();
    metas.fold(first, |mut all, meta| {
        add(&mut all, &meta);
        all
    })
}

/// Whether there are exact counts and no samples.
fn is_counted(profile: &Profile) -> bool {
    let metrics = &profile.tables().metrics;
    !metrics.is_empty() && metrics.iter().all(|metric| metric.kind == "exact")
}

/// Beside samples, rows of counts are none.
fn without_counts(meta: &Meta) -> Meta {
    let quality = Quality { samples: 0, unsymbolized: 0, ..meta.quality.clone() };
    Meta { quality, ..meta.clone() }
}

fn add(all: &mut Meta, meta: &Meta) {
    let differing = differing(all, meta);
    let notes = meta.notes.iter().cloned().chain(differing);
    notes.for_each(|note| add_new(&mut all.notes, note));
    meta.symbol_notes.iter().for_each(|note| add_new(&mut all.symbol_notes, note.clone()));
    meta.attached.iter().for_each(|pid| add_new(&mut all.attached, *pid));
    for (name, value) in &meta.extra {
        all.extra.entry(name.clone()).or_insert_with(|| value.clone());
    }
    if all.start_wall == 0 || (meta.start_wall != 0 && meta.start_wall < all.start_wall) {
        all.start_wall = meta.start_wall;
    }
    if all.rate != meta.rate {
        all.rate = 0;
    }
    // A failure must be seen.
    if all.exit_status == Some(0) {
        all.exit_status = meta.exit_status;
    }
    // A part of the time that one run took, of which there is none of several.
    all.cpu_time = None;
    all.complete &= meta.complete;
    add_quality(&mut all.quality, &meta.quality);
    add_recorder(&mut all.recorder, &meta.recorder);
}

/// What they tell differently, as a note.
fn differing(all: &Meta, meta: &Meta) -> Option<String> {
    let extra =
        meta.extra.iter().filter(|(name, value)| all.extra.get(*name).is_some_and(|known| known != *value));
    let extra: Vec<_> = extra.map(|(name, _)| name.as_str()).collect();
    let facts = [
        ("command", all.command != meta.command),
        ("directory", all.directory != meta.directory),
        ("instrument", all.instrument != meta.instrument),
        ("source", all.source != meta.source),
        ("machine", machine(&all.host) != machine(&meta.host)),
    ];
    let facts = facts.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name);
    let names: Vec<_> = facts.chain(extra).collect();
    (!names.is_empty())
        .then(|| format!("the profiles differ in {}: the first one's is shown", names.join(", ")))
}

fn machine(host: &Host) -> (&str, &str, i32, &str) {
    (&host.kernel, &host.cpu_model, host.cpus, &host.architecture)
}

fn add_new<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

fn add_quality(all: &mut Quality, one: &Quality) {
    let sums = [
        (&mut all.samples, one.samples),
        (&mut all.lost, one.lost),
        (&mut all.lost_records, one.lost_records),
        (&mut all.throttled, one.throttled),
        (&mut all.throttled_time, one.throttled_time),
        (&mut all.truncated, one.truncated),
        (&mut all.spliced, one.spliced),
        (&mut all.elided, one.elided),
        (&mut all.elided_frames, one.elided_frames),
        (&mut all.stackless, one.stackless),
        (&mut all.unsymbolized, one.unsymbolized),
    ];
    add_up(sums);
}

fn add_recorder(all: &mut Recorder, one: &Recorder) {
    all.peak_memory = all.peak_memory.max(one.peak_memory);
    all.ring_bytes = all.ring_bytes.max(one.ring_bytes);
    all.stack_copy = all.stack_copy.max(one.stack_copy);
    add_up([(&mut all.cpu_time, one.cpu_time), (&mut all.finish_time, one.finish_time)]);
}

fn add_up<const N: usize>(sums: [(&mut i64, i64); N]) {
    for (sum, one) in sums {
        *sum = sum.saturating_add(one);
    }
}
