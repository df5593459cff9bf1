//! OTLP's profiles: a file of one message `ProfilesData`, of the version that [`crate::otlp::message`] is of, or the same
//! as JSON. Of these a file may have several, as the collector writes one a line.
//!
//! A resource is a process, the profiles of all resources share one dictionary. Samples with times are single ones, values
//! without times are sums. A profile named `METRIC samples` counts the observations of another one, as we write them.

mod places;
mod properties;
mod recognise;

use prost::Message;
use pyrometer_tables::schema::{Process, Sample as Row};

use self::places::Places;
use self::properties::Properties;
use super::json::Json;
use super::{Builder, Format, Input};
use crate::error::{Error, Result};
use crate::otlp::message::{
    Profile, ProfilesData, ProfilesDictionary, ResourceProfiles, Sample, ScopeProfiles,
};

pub(super) const FORMAT: Format = Format {
    name: "otlp",
    title: "OpenTelemetry profiles (OTLP, v1development, as protobuf or JSON)",
    recognise: recognise::recognise,
    read,
};

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let messages = messages(input, builder)?;
    let start = start(&messages);
    builder.began(start);
    let none = ProfilesDictionary::default();
    let mut links = 0;
    for data in &messages {
        let dictionary = data.dictionary.as_ref().unwrap_or(&none);
        let properties = Properties::new(input, dictionary);
        let places = Places::new(input, dictionary);
        let mut reader = Reader { input, builder, properties, places, start, links };
        for (at, resource) in data.resource_profiles.iter().enumerate() {
            reader.resource(at, resource)?;
        }
        reader.properties.say_what_is_left(reader.builder);
        links = reader.links;
    }
    if links > 0 {
        builder.note(format!("{links} samples are linked to spans of traces, which are not kept."));
    }
    Ok(())
}

/// A file of one message that is cut is of no use: its names are at its end. One of several lines lacks the last one.
fn messages(input: &mut Input<'_>, builder: &mut Builder) -> Result<Vec<ProfilesData>> {
    if recognise::is_json(&input.head()) {
        return Json::of(input)?.parse_each(input, builder, "ProfilesData of OTLP as JSON");
    }
    let bytes = input.bytes()?;
    let mut rest = &bytes[..];
    let data = ProfilesData::decode(&mut rest).map_err(|error| {
        let offset = (bytes.len() - rest.len()) as u64;
        input.malformed(offset, "a message ProfilesData of OTLP", &error.to_string()).of_the_whole()
    })?;
    Ok(vec![data])
}

/// When the first profile began, nanoseconds since 1970; where none says it, the first time of all samples, but if all
/// are within the duration: then they are since the beginning, of which nobody knew when it was.
fn start(messages: &[ProfilesData]) -> i64 {
    let resources = || messages.iter().flat_map(|data| &data.resource_profiles);
    let profiles = || resources().flat_map(|of| &of.scope_profiles).flat_map(|of| &of.profiles);
    let said = profiles().map(|profile| profile.time_unix_nano).filter(|time| *time > 0).min();
    let samples = || profiles().flat_map(|profile| &profile.samples);
    let times = || samples().flat_map(|sample| &sample.timestamps_unix_nano).copied();
    let duration = profiles().map(|profile| profile.duration_nano).max().unwrap_or(0);
    let first = || times().min().filter(|_| times().any(|time| time > duration));
    i64::try_from(said.or_else(first).unwrap_or(0)).unwrap_or(i64::MAX)
}

struct Reader<'a, 'i> {
    input: &'a Input<'i>,
    builder: &'a mut Builder,
    properties: Properties<'a, 'i>,
    places: Places<'a, 'i>,
    /// Nanoseconds since 1970 at which times begin.
    start: i64,
    /// Samples that name a span.
    links: u64,
}

/// Where samples go.
#[derive(Clone, Copy)]
struct Target<'a> {
    /// Id and name.
    process: (i32, &'a str),
    metric: i32,
    /// Whether a value is a number of observations.
    counts: bool,
}

impl Reader<'_, '_> {
    fn malformed(&self, expected: &str, found: &str) -> Error {
        self.input.misfit(expected, found)
    }

    fn resource(&mut self, at: usize, resource: &ResourceProfiles) -> Result<()> {
        let about = resource.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
        let process = self.properties.process(&mut self.builder.meta, about);
        // What has no process id is one process nevertheless.
        let pid = process.pid.unwrap_or(-1 - at as i32);
        if !self.builder.tables().processes.iter().any(|known| known.pid == pid && known.name == process.name)
        {
            self.builder.process(Process {
                pid,
                name: process.name.clone(),
                command_line: process.command_line,
                ..Process::default()
            });
        }
        for scope in &resource.scope_profiles {
            if let Err(error) = self.scope((pid, &process.name), scope) {
                self.builder.left_out(error)?;
            }
        }
        Ok(())
    }

    fn scope(&mut self, process: (i32, &str), scope: &ScopeProfiles) -> Result<()> {
        if let Some(writer) = scope.scope.as_ref().filter(|writer| !writer.name.is_empty()) {
            let name = format!("{} {}", writer.name, writer.version);
            self.builder.meta.extra.insert("exporter".to_owned(), name.trim().into());
        }
        let names = scope.profiles.iter().map(|profile| self.name(profile)).collect::<Result<Vec<_>>>()?;
        let observed: Vec<_> = scope
            .profiles
            .iter()
            .zip(&names)
            .map(|(profile, (name, _))| {
                let counted = format!("{name} samples");
                let at = names.iter().position(|(name, unit)| *name == counted && unit == "count")?;
                Some(at).filter(|at| are_parallel(profile, &scope.profiles[*at]))
            })
            .collect();
        for (at, profile) in scope.profiles.iter().enumerate() {
            if !observed.contains(&Some(at)) {
                let counts = observed[at].map(|at| &scope.profiles[at]);
                self.profile(process, profile, &names[at], counts)?;
            }
        }
        Ok(())
    }

    /// Name and unit of a profile's values.
    fn name(&self, profile: &Profile) -> Result<(String, String)> {
        let of = profile.sample_type.unwrap_or_default();
        let name = self.properties.text(of.type_strindex)?.to_owned();
        Ok((name, self.properties.text(of.unit_strindex)?.to_owned()))
    }

    fn profile(
        &mut self,
        process: (i32, &str),
        profile: &Profile,
        (name, unit): &(String, String),
        counts: Option<&Profile>,
    ) -> Result<()> {
        let mut metric = super::pprof::metric(name, unit, profile.period);
        self.properties.describe(self.builder, &mut metric, &profile.attribute_indices)?;
        let counts_itself = name == "samples" && unit == "count";
        let target = Target { process, metric: self.builder.metric(metric), counts: counts_itself };
        let duration = i64::try_from(profile.duration_nano).unwrap_or(i64::MAX);
        self.builder.recorded(0, duration);
        for (at, sample) in profile.samples.iter().enumerate() {
            let observed = counts.map(|counts| &counts.samples[at].values[..]);
            if let Err(error) = self.sample(target, sample, observed) {
                self.builder.left_out(error.within(|| format!("sample {at} of `{name}`")))?;
            }
        }
        Ok(())
    }

    fn sample(&mut self, target: Target<'_>, sample: &Sample, observed: Option<&[i64]>) -> Result<()> {
        let (values, times) = (&sample.values, &sample.timestamps_unix_nano);
        if !values.is_empty() && !times.is_empty() && values.len() != times.len() {
            let expected = format!("{} times or none", values.len());
            return Err(self.malformed(&expected, &times.len().to_string()));
        }
        let stack = self.places.stack(self.builder, sample.stack_index)?;
        let task = self.properties.task(self.builder, target.process, &sample.attribute_indices)?;
        self.links += u64::from(sample.link_index != 0);
        for at in 0..values.len().max(times.len()) {
            let value = values.get(at).copied().unwrap_or(1);
            let own = if target.counts { value } else { 1 };
            let count = observed.and_then(|counts| counts.get(at).copied()).unwrap_or(own);
            let time =
                times.get(at).map(|time| i64::try_from(*time).unwrap_or(i64::MAX).saturating_sub(self.start));
            self.builder.meta.quality.samples = self.builder.meta.quality.samples.saturating_add(count);
            let row =
                Row { stack, thread: task.thread, time, cpu: task.cpu, metric: target.metric, value, count };
            self.builder.sample(row);
        }
        Ok(())
    }
}

/// Whether one profile counts the observations of the other, sample by sample.
fn are_parallel(one: &Profile, other: &Profile) -> bool {
    let alike = |(one, other): (&Sample, &Sample)| {
        one.stack_index == other.stack_index
            && one.attribute_indices == other.attribute_indices
            && one.timestamps_unix_nano == other.timestamps_unix_nano
            && one.values.len() == other.values.len()
    };
    one.samples.len() == other.samples.len() && one.samples.iter().zip(&other.samples).all(alike)
}
