//! pprof: `profile.proto`, gzipped or not.
//!
//! A location is an address with the functions inlined there, the innermost first. Values are named by their types: those
//! of heap profiles become the names that all heap profiles have here, a type that counts the observations of another one
//! becomes their number.

mod recognise;

use std::cell::LazyCell;
use std::sync::Arc;

use prost::Message;
use pyrometer_tables::schema::{Frame, FrameKind, Function, Metric};
use rustc_hash::{FxHashMap, FxHashSet};

use self::recognise::whole_fields;
use super::mapped::{Files, Mapped, Span, own_address};
use super::{Builder, Format, Input};
use crate::carried::EXACT;
use crate::error::{Error, Result};
use crate::pprof::EXACT_METRICS;
use crate::pprof::message::{self, Label, Location, Mapping, Profile, ValueType};

pub(super) const FORMAT: Format = Format {
    name: "pprof",
    title: "pprof (go tool pprof, Grafana, Datadog …)",
    recognise: recognise::recognise,
    read,
};

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let (bytes, broken) = input.bytes_to_the_end()?;
    let whole = whole_fields(&bytes);
    let mut rest = &bytes[..whole];
    let profile = Profile::decode(&mut rest).map_err(|error| {
        let offset = (whole - rest.len()) as u64;
        input.malformed(offset, "a profile of profile.proto", &error.to_string()).of_the_whole()
    })?;
    if broken.is_some() || whole < bytes.len() {
        let cut =
            || input.malformed(whole as u64, "a field of profile.proto", "the end of the file within it");
        let error = broken.unwrap_or_else(cut);
        if !is_of_use(&profile) {
            return Err(error.of_the_whole());
        }
        builder.left_out(error.of_a_part("; samples whose places and names came before are there"))?;
    }
    Reader::new(input, builder, &profile).read()
}

/// Whether something is left of a profile that was cut: its types have names, and a sample has its places.
fn is_of_use(profile: &Profile) -> bool {
    let is_text = |index: i64| usize::try_from(index).is_ok_and(|at| at < profile.string_table.len());
    let functions = profile.function.iter().filter(|of| is_text(of.name));
    let functions: FxHashSet<u64> = functions.map(|of| of.id).collect();
    let is_named = |location: &&Location| location.line.iter().all(|at| functions.contains(&at.function_id));
    let places: FxHashSet<u64> = profile.location.iter().filter(is_named).map(|of| of.id).collect();
    let has_types = profile.sample_type.iter().all(|of| is_text(of.r#type) && is_text(of.unit));
    let mut samples = profile.sample.iter();
    has_types && samples.any(|sample| sample.location_id.iter().all(|id| places.contains(id)))
}

/// Where a type's values go.
#[derive(Clone, Copy)]
enum Role {
    /// To a metric; its observations are counted by another type, if one is given.
    Value { metric: i32, count: Option<usize>, scale: i64 },
    /// It counts the observations of others.
    Count,
}

/// The row of a function, if it has a name, and its file.
pub(super) type Row = (Option<i32>, Option<Arc<str>>);

struct Reader<'a, 'i> {
    input: &'a Input<'i>,
    builder: &'a mut Builder,
    profile: &'a Profile,
    mappings: FxHashMap<u64, &'a Mapping>,
    /// Where addresses of these are in their binaries.
    mapped: FxHashMap<u64, Mapped>,
    files: Files,
    locations: FxHashMap<u64, &'a Location>,
    functions: FxHashMap<u64, &'a message::Function>,
    /// Frames of locations, from the outermost.
    frames: FxHashMap<u64, Vec<i32>>,
    /// Rows of functions of a binary, and their files: a name is gone through once.
    rows: FxHashMap<(u64, Option<i32>), Row>,
    /// Keys of labels that have no place in our tables.
    dropped: Vec<String>,
}

impl<'a, 'i> Reader<'a, 'i> {
    fn new(input: &'a Input<'i>, builder: &'a mut Builder, profile: &'a Profile) -> Self {
        Self {
            input,
            builder,
            profile,
            mappings: profile.mapping.iter().map(|mapping| (mapping.id, mapping)).collect(),
            mapped: FxHashMap::default(),
            files: Files::default(),
            locations: profile.location.iter().map(|location| (location.id, location)).collect(),
            functions: profile.function.iter().map(|function| (function.id, function)).collect(),
            frames: FxHashMap::default(),
            rows: FxHashMap::default(),
            dropped: Vec::new(),
        }
    }

    fn read(mut self) -> Result<()> {
        let roles = self.roles().map_err(Error::of_the_whole)?;
        // Of a profile that was cut where a field ends that is all that is to be seen.
        let profile = self.profile;
        let is_of_use = LazyCell::new(|| is_of_use(profile));
        for (at, sample) in self.profile.sample.iter().enumerate() {
            if let Err(error) = self.sample(sample, &roles) {
                let error = error.within(|| format!("sample {at}"));
                if !*is_of_use {
                    return Err(error.of_the_whole());
                }
                self.builder.left_out(error)?;
            }
        }
        self.describe()
    }

    fn malformed(&self, expected: &str, found: &str) -> crate::Error {
        self.input.misfit(expected, found)
    }

    fn text(&self, index: i64) -> Result<&'a str> {
        let texts = &self.profile.string_table;
        let text = usize::try_from(index).ok().and_then(|index| texts.get(index));
        // A table without its empty first text is no reason to refuse an index of 0.
        let text = text.map(String::as_str).or_else(|| (index == 0).then_some(""));
        text.ok_or_else(|| {
            self.malformed(&format!("an index of one of {} texts", texts.len()), &index.to_string())
        })
    }

    /// What each type is; the one that is shown by default becomes the first metric: the last where none is named.
    fn roles(&mut self) -> Result<Vec<Role>> {
        let name = |kind: &ValueType| Ok((self.text(kind.r#type)?, self.text(kind.unit)?));
        let types = self.profile.sample_type.iter().map(name).collect::<Result<Vec<_>>>()?;
        let named = self.text(self.profile.default_sample_type)?;
        let counts = counted_by(&types);
        let mut order: Vec<usize> = (0..types.len()).filter(|at| !counts.contains(&Some(*at))).collect();
        let last = order.last().map_or("", |at| types[*at].0);
        let preferred = if named.is_empty() { last } else { named };
        order.sort_by_key(|at| types[*at].0 != preferred);
        let exact = self.exact()?;
        let mut roles = vec![Role::Count; types.len()];
        for at in order {
            let (unit, scale) = in_units_of_ours(types[at].1);
            let period = self.period(&types[at])?.saturating_mul(scale);
            let mut metric = metric(types[at].0, unit, period);
            if exact.contains(&metric.name.as_str()) {
                EXACT.clone_into(&mut metric.kind);
            }
            let metric = self.builder.metric(metric);
            roles[at] = Role::Value { metric, count: counts[at], scale };
        }
        Ok(roles)
    }

    /// The metrics that are no samples, as we write it.
    fn exact(&self) -> Result<Vec<&'a str>> {
        let comments =
            self.profile.comment.iter().map(|text| self.text(*text)).collect::<Result<Vec<_>>>()?;
        let mut names = comments.into_iter().filter_map(|comment| comment.strip_prefix(EXACT_METRICS));
        Ok(names.next().map(|names| names.split(", ").collect()).unwrap_or_default())
    }

    /// The distance between observations, if it is given in this type.
    fn period(&self, (name, unit): &(&str, &str)) -> Result<i64> {
        let Some(period) = &self.profile.period_type else { return Ok(0) };
        let same = self.text(period.unit)? == *unit
            && (self.text(period.r#type)? == *name || *unit == "nanoseconds");
        Ok(if same { self.profile.period } else { 0 })
    }

    fn sample(&mut self, sample: &message::Sample, roles: &[Role]) -> Result<()> {
        if sample.value.len() != roles.len() {
            let expected = format!("{} values", roles.len());
            return Err(self.malformed(&expected, &sample.value.len().to_string()));
        }
        let mut node = None;
        for location in sample.location_id.iter().rev() {
            self.locate(*location)?;
            for frame in &self.frames[location] {
                node = Some(self.builder.stack(node, *frame));
            }
            self.builder.check_room(self.input.path())?;
        }
        let node = node.unwrap_or_else(|| {
            let frame = self.builder.name("[no stack]", "unknown");
            self.builder.stack(None, frame)
        });
        let thread = self.thread(&sample.label)?;
        for (role, value) in roles.iter().zip(&sample.value) {
            let Role::Value { metric, count, scale } = role else { continue };
            let value = value.saturating_mul(*scale);
            let count = count.map_or(1, |count| sample.value[count]);
            if value != 0 || count != 0 {
                self.builder.add(node, thread, *metric, value, count);
            }
        }
        Ok(())
    }

    /// Makes sure that the frames of a location have rows.
    fn locate(&mut self, id: u64) -> Result<()> {
        if self.frames.contains_key(&id) {
            return Ok(());
        }
        let Some(location) = self.locations.get(&id).copied() else {
            return Err(self.malformed(&format!("a location with the id {id}"), "none"));
        };
        let mapping = self.mappings.get(&location.mapping_id).copied();
        let binary = mapping.map(|mapping| self.binary(mapping)).transpose()?.flatten();
        let place = Frame {
            binary,
            address: self.address(location, mapping)?,
            kind: self.kind(mapping)?,
            ..Frame::default()
        };
        let outermost = location.line.len().saturating_sub(1);
        let mut frames = Vec::with_capacity(location.line.len().max(1));
        for (inner, line) in location.line.iter().enumerate().rev() {
            let (function, file) = self.function(line.function_id, binary)?;
            let positive = |number: i64| i32::try_from(number).ok().filter(|number| *number > 0);
            let frame = Frame {
                function,
                file,
                line: positive(line.line),
                column: positive(line.column),
                inlined: inner < outermost,
                ..place.clone()
            };
            frames.push(self.builder.frame(frame));
        }
        if frames.is_empty() {
            frames.push(self.builder.frame(place));
        }
        self.frames.insert(id, frames);
        Ok(())
    }

    fn binary(&mut self, mapping: &Mapping) -> Result<Option<i32>> {
        let (path, build_id) = (self.text(mapping.filename)?, self.text(mapping.build_id)?);
        let build_id = Some(build_id).filter(|id| !id.is_empty());
        Ok((!path.is_empty() || build_id.is_some()).then(|| self.builder.binary(path, build_id)))
    }

    /// As the binary numbers it, as far as its mapping or its file tells.
    fn address(&mut self, location: &Location, mapping: Option<&Mapping>) -> Result<Option<i64>> {
        let Some(mapping) = mapping else { return Ok(own_address(None, location.address)) };
        if !self.mapped.contains_key(&mapping.id) {
            let (path, build_id) = (self.text(mapping.filename)?, self.text(mapping.build_id)?);
            let span =
                Span { start: mapping.memory_start, end: mapping.memory_limit, offset: mapping.file_offset };
            let mapped = Mapped::new(span, None).asking(&mut self.files, path, Some(build_id));
            self.mapped.insert(mapping.id, mapped);
        }
        Ok(own_address(self.mapped.get(&mapping.id), location.address))
    }

    fn kind(&self, mapping: Option<&Mapping>) -> Result<FrameKind> {
        let path = mapping.map_or(Ok(""), |mapping| self.text(mapping.filename))?;
        let is_kernel =
            path.starts_with("[kernel") || path.starts_with("[guest.kernel") || path.ends_with(".ko");
        let kind = if is_kernel {
            FrameKind::Kernel
        } else if path == "[jit]" {
            FrameKind::Jit
        } else {
            FrameKind::Native
        };
        Ok(kind)
    }

    /// Of a function without a name all that is known is where it is.
    fn function(&mut self, id: u64, binary: Option<i32>) -> Result<Row> {
        if let Some((row, file)) = self.rows.get(&(id, binary)) {
            return Ok((*row, file.clone()));
        }
        let Some(function) = self.functions.get(&id).copied() else {
            return Err(self.malformed("a function for each line", &format!("none with the id {id}")));
        };
        let file = Some(self.text(function.filename)?).filter(|file| !file.is_empty()).map(Arc::from);
        let row = Function {
            name: self.text(function.name)?.to_owned(),
            linkage_name: self.text(function.system_name)?.to_owned(),
            binary,
            file: file.clone(),
            line: i32::try_from(function.start_line).ok().filter(|line| *line > 0),
            ..Function::default()
        };
        let is_named = !row.name.is_empty() || !row.linkage_name.is_empty();
        let row = is_named.then(|| self.builder.function(row));
        self.builder.check_room(self.input.path())?;
        self.rows.insert((id, binary), (row, file.clone()));
        Ok((row, file))
    }

    /// The thread that the labels name.
    fn thread(&mut self, labels: &[Label]) -> Result<i32> {
        let (mut pid, mut tid, mut thread, mut process) = (0, 0, "", "");
        for label in labels {
            let (key, text) = (self.text(label.key)?, self.text(label.str)?);
            let number = i32::try_from(label.num).unwrap_or(0);
            match key {
                "pid" | "process_id" => pid = number,
                "tid" | "thread_id" | "thread id" => tid = number,
                "thread" | "thread_name" | "comm" => thread = text,
                "process" | "process_name" => process = text,
                other if !self.dropped.iter().any(|known| known == other) => {
                    self.dropped.push(other.to_owned())
                }
                _ => {}
            }
        }
        // pprof-rs writes no ids.
        Ok(self.builder.task((pid, process), (tid, thread)))
    }

    /// What the profile says of itself.
    fn describe(self) -> Result<()> {
        let profile = self.profile;
        let comments = profile.comment.iter().map(|text| self.text(*text)).collect::<Result<Vec<_>>>()?;
        let hidden = [profile.drop_frames, profile.keep_frames].map(|text| self.text(text));
        let builder = self.builder;
        builder.began(profile.time_nanos);
        builder.recorded(0, profile.duration_nanos.max(0));
        if !comments.is_empty() {
            builder.meta.extra.insert("comments".to_owned(), comments.into());
        }
        for pattern in hidden {
            let pattern = pattern?;
            if !pattern.is_empty() {
                builder.note(format!(
                    "the profile wants frames like {pattern} to be hidden or kept: all are shown"
                ));
            }
        }
        if !self.dropped.is_empty() {
            builder
                .note(format!("labels that have no place here were left out: {}", self.dropped.join(", ")));
        }
        Ok(())
    }
}

/// For each type, the one that counts its observations: as we write them, or `samples` for all others, as Go does.
fn counted_by(types: &[(&str, &str)]) -> Vec<Option<usize>> {
    let count = |wanted: &str| types.iter().position(|(name, unit)| *name == wanted && *unit == "count");
    let own: Vec<_> = types.iter().map(|(name, _)| count(&format!("{name} samples"))).collect();
    if own.iter().any(Option::is_some) {
        return own;
    }
    let samples = count("samples");
    (0..types.len()).map(|at| samples.filter(|samples| *samples != at)).collect()
}

/// The name that the same thing has in other heap profiles.
const HEAP: [(&str, &str); 8] = [
    ("alloc_space", "alloc-bytes"),
    ("alloc_objects", "alloc-blocks"),
    ("inuse_space", "inuse-bytes"),
    ("inuse_objects", "inuse-blocks"),
    ("allocated_space", "alloc-bytes"),
    ("allocated_objects", "alloc-blocks"),
    ("space", "inuse-bytes"),
    ("objects", "inuse-blocks"),
];

/// Nanoseconds or bytes, where a unit is a multiple of one of these, and how many; else the unit as it is. Names as in
/// `internal/measurement` of pprof.
fn in_units_of_ours(unit: &str) -> (&str, i64) {
    match unit {
        "microseconds" | "microsecond" | "us" => ("nanoseconds", 1_000),
        "milliseconds" | "millisecond" | "ms" => ("nanoseconds", 1_000_000),
        "seconds" | "second" | "s" => ("nanoseconds", 1_000_000_000),
        "nanosecond" | "ns" => ("nanoseconds", 1),
        "byte" => ("bytes", 1),
        "kilobytes" | "kilobyte" | "kb" => ("bytes", 1 << 10),
        "megabytes" | "megabyte" | "mb" => ("bytes", 1 << 20),
        "gigabytes" | "gigabyte" | "gb" => ("bytes", 1 << 30),
        _ => (unit, 1),
    }
}

/// The metric of values of this type.
pub(super) fn metric(name: &str, unit: &str, period: i64) -> Metric {
    let own = match unit {
        "nanoseconds" => "ns",
        "bytes" => "bytes",
        _ => "count",
    };
    let known = HEAP.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours);
    let name = match (known, name, unit) {
        (Some(known), ..) => known,
        (None, "cpu", "nanoseconds") => "cpu-time",
        (None, "wall", "nanoseconds") => "wall-time",
        (None, name, _) => name,
    };
    let description = if own == "count" && unit != "count" { format!("in {unit}") } else { String::new() };
    Metric {
        name: name.to_owned(),
        unit: own.to_owned(),
        kind: "sampled".into(),
        period,
        description,
        ..Metric::default()
    }
}
