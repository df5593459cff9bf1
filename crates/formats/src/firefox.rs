//! The processed profile of the Firefox Profiler (<https://profiler.firefox.com>).
//!
//! Each process and thread with its real times; frames by name, inlined ones as frames of their
//! own, in a category for user, kernel and JIT code. The CPU time of a sample is its value if the
//! metric is a time. What was lost is a marker over the first thread.
//!
//! No files and lines: the newest fxprof-processed-profile (0.8.1) takes none for a frame, and writes
//! `frameTable.line`, `frameTable.column`, `funcTable.fileName` and `funcTable.lineNumber` as nulls.

use std::io::Write;
use std::time::Duration;

use fxprof_processed_profile::{
    CategoryColor, CategoryHandle, CategoryPairHandle, CpuDelta, Frame, FrameFlags, FrameInfo,
    MarkerFieldFlags, MarkerFieldFormat, MarkerTiming, Profile as Processed, ReferenceTimestamp,
    SamplingInterval, StackHandle, StaticSchemaMarker, StaticSchemaMarkerField, StringHandle, ThreadHandle,
    Timestamp, WeightType,
};
use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::labels::{Grouping, Labels};
use pyrometer_tables::schema::{self, FrameKind, Metric, Sample, Tables};
use pyrometer_tables::select::{Selection, for_each_selected};
use rustc_hash::FxHashMap;

use crate::error::Result;
use crate::stacked::Stacked;
use crate::summary;

/// Writes the selected metric.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<()> {
    serde_json::to_writer(&mut out, &convert(profile, selection)?)?;
    Ok(out.flush()?)
}

/// The profile that [`write`] writes.
///
/// # Errors
/// Those of the profile.
pub fn convert(profile: &Profile, selection: &Selection) -> Result<Processed> {
    let profile = &*Stacked::of(profile, selection, Metrics::Selected)?;
    let mut converter = Converter::new(profile, selection);
    for_each_selected(profile, selection, |sample| {
        if sample.metric == selection.metric {
            converter.sample(sample);
        }
        Ok(())
    })?;
    converter.mark_quality(profile);
    Ok(converter.processed)
}

struct Converter<'a> {
    tables: &'a Tables,
    processed: Processed,
    start: i64,
    unit: &'a str,
    threads: Vec<ThreadHandle>,
    /// The frame of each row of `frames`.
    frames: Vec<FrameInfo>,
    stacks: FxHashMap<(i32, i32), StackHandle>,
}

impl<'a> Converter<'a> {
    fn new(profile: &'a Profile, selection: &Selection) -> Self {
        let tables = profile.tables();
        let metric = tables.metrics.get(selection.metric as usize);
        let mut processed = empty(profile, metric);
        let frames = frames(tables, &mut processed);
        let start = profile.meta.start;
        let threads = threads(tables, start, &mut processed);
        let unit = metric.map_or("", |metric| metric.unit.as_str());
        for thread in &threads {
            processed.set_thread_samples_weight_type(*thread, weight_type(unit));
        }
        let stacks = FxHashMap::default();
        Self { tables, processed, start, unit, threads, frames, stacks }
    }

    fn sample(&mut self, sample: &Sample) {
        let thread = self.threads[sample.thread as usize];
        let stack = self.stack(sample.thread, sample.stack);
        let time = since(self.start, sample.time.unwrap_or(self.start));
        let (cpu, weight) = match self.unit {
            "ns" => (CpuDelta::from_nanos(unsigned(sample.value)), sample.count),
            "bytes" => (CpuDelta::ZERO, sample.value),
            _ => (CpuDelta::ZERO, sample.count),
        };
        let weight = i32::try_from(weight).unwrap_or(i32::MAX);
        self.processed.add_sample(thread, time, Some(stack), cpu, weight);
    }

    /// The node of a thread's tree, made with its callers the first time.
    fn stack(&mut self, thread: i32, leaf: i32) -> StackHandle {
        let mut missing = Vec::new();
        let mut node = Some(leaf);
        let mut known = None;
        while let Some(row) = node {
            known = self.stacks.get(&(thread, row)).copied();
            if known.is_some() {
                break;
            }
            missing.push(row);
            node = self.tables.stacks[row as usize].parent;
        }
        let handle = self.threads[thread as usize];
        for row in missing.into_iter().rev() {
            let frame = self.tables.stacks[row as usize].frame;
            let info = self.frames[frame as usize].clone();
            let frame = self.processed.intern_frame(handle, info);
            let stack = self.processed.intern_stack(handle, known, frame);
            self.stacks.insert((thread, row), stack);
            known = Some(stack);
        }
        // The loop above ends with the leaf, known or just made.
        self.stacks[&(thread, leaf)]
    }

    fn mark_quality(&mut self, profile: &Profile) {
        let Some(thread) = self.threads.first() else {
            return;
        };
        let meta = &profile.meta;
        let text = self.processed.intern_string(&summary::quality(meta));
        let end = since(meta.start, meta.start.saturating_add(meta.duration));
        let timing = MarkerTiming::Interval(since(meta.start, meta.start), end);
        let counts = summary::counts(&meta.quality).map(|(_, count)| count as f64);
        self.processed.add_marker(*thread, timing, QualityMarker { text, counts });
    }
}

fn empty(profile: &Profile, metric: Option<&Metric>) -> Processed {
    let meta = &profile.meta;
    let start = Duration::from_nanos(unsigned(meta.start_wall));
    let interval = match (meta.rate, metric.map(|metric| (metric.unit.as_str(), metric.period))) {
        (_, Some(("ns", period @ 1..))) => SamplingInterval::from_nanos(unsigned(period)),
        (rate @ 1.., _) => SamplingInterval::from_hz(rate as f32),
        _ => SamplingInterval::from_millis(1),
    };
    let start = ReferenceTimestamp::from_duration_since_unix_epoch(start);
    let mut processed = Processed::new(&summary::title(meta), start, interval);
    processed.set_os_name(&format!("Linux {}", meta.host.kernel));
    // Names are in the frames: nothing is to be looked up by address.
    processed.set_symbolicated(true);
    processed
}

fn threads(tables: &Tables, start: i64, processed: &mut Processed) -> Vec<ThreadHandle> {
    let processes: Vec<_> = tables
        .processes
        .iter()
        .map(|process| {
            let begin = since(start, process.start);
            let handle = processed.add_process(&process.name, process.pid.cast_unsigned(), begin);
            if let Some(end) = process.end {
                processed.set_process_end_time(handle, since(start, end));
            }
            handle
        })
        .collect();
    let thread = |thread: &schema::Thread| {
        let process = &tables.processes[thread.process as usize];
        let handle = processed.add_thread(
            processes[thread.process as usize],
            thread.tid.cast_unsigned(),
            since(start, thread.start),
            thread.tid == process.pid,
        );
        processed.set_thread_name(handle, &thread.name);
        if let Some(end) = thread.end {
            processed.set_thread_end_time(handle, since(start, end));
        }
        handle
    };
    tables.threads.iter().map(thread).collect()
}

fn frames(tables: &Tables, processed: &mut Processed) -> Vec<FrameInfo> {
    let labels = Labels::new(tables, &Grouping::default());
    let names: Vec<_> = labels.labels.iter().map(|label| processed.intern_string(&label.name)).collect();
    let categories = Categories::new(processed);
    let frame = |(frame, label): (&schema::Frame, &u32)| FrameInfo {
        frame: Frame::Label(names[*label as usize]),
        category_pair: categories.of(frame.kind, frame.inlined),
        flags: FrameFlags::empty(),
    };
    tables.frames.iter().zip(&labels.of_frame).map(frame).collect()
}

struct Categories {
    user: CategoryPairHandle,
    inlined: CategoryPairHandle,
    kernel: CategoryPairHandle,
    jit: CategoryPairHandle,
}

impl Categories {
    fn new(processed: &mut Processed) -> Self {
        let user = processed.add_category("User", CategoryColor::Yellow);
        let kernel = processed.add_category("Kernel", CategoryColor::Orange);
        let jit = processed.add_category("JIT", CategoryColor::Green);
        Self {
            user: user.into(),
            inlined: processed.add_subcategory(user, "Inlined"),
            kernel: kernel.into(),
            jit: jit.into(),
        }
    }

    fn of(&self, kind: FrameKind, inlined: bool) -> CategoryPairHandle {
        match kind {
            FrameKind::Kernel => self.kernel,
            FrameKind::Jit => self.jit,
            FrameKind::Native if inlined => self.inlined,
            FrameKind::Native => self.user,
            FrameKind::Unknown => CategoryHandle::OTHER.into(),
        }
    }
}

fn weight_type(unit: &str) -> WeightType {
    match unit {
        "bytes" => WeightType::Bytes,
        _ => WeightType::Samples,
    }
}

fn since(start: i64, time: i64) -> Timestamp {
    Timestamp::from_nanos_since_reference(unsigned(time.saturating_sub(start)))
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The counts of what is missing, over the whole recording.
struct QualityMarker {
    text: StringHandle,
    counts: [f64; 8],
}

const fn count(key: &'static str, label: &'static str) -> StaticSchemaMarkerField {
    StaticSchemaMarkerField {
        key,
        label,
        format: MarkerFieldFormat::Integer,
        flags: MarkerFieldFlags::empty(),
    }
}

impl StaticSchemaMarker for QualityMarker {
    const UNIQUE_MARKER_TYPE_NAME: &'static str = "RecordingQuality";
    const CHART_LABEL: Option<&'static str> = Some("{marker.data.summary}");
    const TABLE_LABEL: Option<&'static str> = Some("{marker.data.summary}");
    /// The text, then the counts in the order of [`summary::counts`].
    const FIELDS: &'static [StaticSchemaMarkerField] = &[
        StaticSchemaMarkerField {
            key: "summary",
            label: "Summary",
            format: MarkerFieldFormat::String,
            flags: MarkerFieldFlags::SEARCHABLE,
        },
        count("lost", "Lost samples"),
        count("lostRecords", "Lost records"),
        count("throttled", "Throttled"),
        count("truncated", "Truncated stacks"),
        count("spliced", "Spliced stacks"),
        count("elided", "Elided stacks"),
        count("stackless", "Samples without a stack"),
        count("unsymbolized", "Unsymbolized samples"),
    ];

    fn name(&self, processed: &mut Processed) -> StringHandle {
        processed.intern_string("Recording quality")
    }

    fn category(&self, _: &mut Processed) -> CategoryHandle {
        CategoryHandle::OTHER
    }

    fn string_field_value(&self, _: u32) -> StringHandle {
        self.text
    }

    fn number_field_value(&self, field: u32) -> f64 {
        // Field 0 is the text.
        let count = field.checked_sub(1).and_then(|index| self.counts.get(index as usize));
        count.copied().unwrap_or(0.0)
    }
}
