//! Profiles of OpenTelemetry's protocol (OTLP), as a file of one message [`ProfilesData`], in protobuf or as JSON.
//!
//! Constraints:
//! - a process is a resource, a metric one of its profiles: a profile has values of one type only;
//! - samples of the same stack, thread and CPU are one, with a value for each time;
//! - what the format has no field for is an attribute: the thread (`thread.id`, `thread.name`), the CPU
//!   (`cpu.logical_number`), the kind of a frame (`profile.frame.type`), build ids
//!   (`process.executable.build_id.gnu`); what OpenTelemetry has no name for begins with `pyrometer.`;
//! - where values stand for other numbers of observations than one each, these are a profile of their own,
//!   `METRIC samples`, as in pprof.

mod attributes;
pub mod common;
mod dictionary;
mod json;
pub mod message;
mod samples;

use std::io::Write;

use prost::Message;
use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Metric, Process};
use pyrometer_tables::select::Selection;

use crate::LeftOut;
use crate::carried::{Part, left_out};
use crate::error::Result;
use crate::stacked::Stacked;
use attributes::{about, resource};
use common::InstrumentationScope;
use dictionary::Dictionary;
use message::{ProfilesData, ResourceProfiles, ScopeProfiles, ValueType};
use samples::{Series, gather};

const CARRIED: &[Part] = &[
    Part::Metrics,
    Part::Unit,
    Part::Exactness,
    Part::Threads,
    Part::Times,
    Part::Cpus,
    Part::Counts,
    Part::Lines,
    Part::Columns,
    Part::Addresses,
    Part::Binaries,
    Part::Inlining,
    Part::Command,
    Part::Machine,
    Part::Notes,
];

/// Writes all metrics of the selected samples; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let left_out = left_out(profile, selection, CARRIED)?;
    out.write_all(&convert(profile, selection)?.encode_to_vec())?;
    out.flush()?;
    Ok(left_out)
}

/// The same as JSON, in a line of its own.
///
/// # Errors
/// As [`write`].
pub fn write_json(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let left_out = left_out(profile, selection, CARRIED)?;
    serde_json::to_writer(&mut out, &convert(profile, selection)?)?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(left_out)
}

/// The message that [`write`] writes.
///
/// # Errors
/// Those of the profile.
pub fn convert(profile: &Profile, selection: &Selection) -> Result<ProfilesData> {
    let profile = &*Stacked::of(profile, selection, Metrics::All)?;
    let tables = profile.tables();
    let mut dictionary = Dictionary::new(tables);
    let mut resource_profiles: Vec<ResourceProfiles> = Vec::new();
    let mut last = None;
    for series in gather(profile, selection)? {
        if last != Some(series.process) {
            last = Some(series.process);
            let process = &tables.processes[series.process as usize];
            resource_profiles.push(of_process(&profile.meta, process));
        }
        let metric = &tables.metrics[series.metric as usize];
        let made = profiles(&profile.meta, metric, &series, &mut dictionary);
        if let Some(scope) = resource_profiles.last_mut().and_then(|of| of.scope_profiles.first_mut()) {
            scope.profiles.extend(made);
        }
    }
    Ok(ProfilesData { resource_profiles, dictionary: Some(dictionary.finish()) })
}

/// The resource, with room for its profiles.
fn of_process(meta: &Meta, process: &Process) -> ResourceProfiles {
    let (name, version) = meta.creator.split_once(' ').unwrap_or((&meta.creator, ""));
    let scope =
        InstrumentationScope { name: name.to_owned(), version: version.to_owned(), ..Default::default() };
    let scope = ScopeProfiles { scope: Some(scope), ..ScopeProfiles::default() };
    let resource = Some(resource(meta, process));
    ResourceProfiles { resource, scope_profiles: vec![scope], ..ResourceProfiles::default() }
}

/// The profile of a metric, and that of its numbers of observations if values do not tell them.
fn profiles(
    meta: &Meta,
    metric: &Metric,
    series: &Series,
    dictionary: &mut Dictionary<'_>,
) -> Vec<message::Profile> {
    let unit = match metric.unit.as_str() {
        "ns" => "nanoseconds",
        unit => unit,
    };
    let sample_type = Some(value_type(dictionary, &metric.name, unit));
    let all = message::Profile {
        sample_type,
        time_unix_nano: u64::try_from(meta.start_wall).unwrap_or(0),
        duration_nano: u64::try_from(meta.duration).unwrap_or(0),
        attribute_indices: about(meta, metric, dictionary),
        ..message::Profile::default()
    };
    let period_type = sample_type.filter(|_| metric.period != 0);
    let samples = samples::messages(meta, series, dictionary, |point| point.value);
    let mut profiles = vec![message::Profile { samples, period_type, period: metric.period, ..all.clone() }];
    if series.has_counts() {
        let sample_type = Some(value_type(dictionary, &format!("{} samples", metric.name), "count"));
        let samples = samples::messages(meta, series, dictionary, |point| point.count);
        profiles.push(message::Profile { sample_type, samples, ..all });
    }
    profiles
}

fn value_type(dictionary: &mut Dictionary<'_>, name: &str, unit: &str) -> ValueType {
    ValueType { type_strindex: dictionary.text(name), unit_strindex: dictionary.text(unit) }
}
