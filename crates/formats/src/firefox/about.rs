//! What is said of the recording as a whole: `meta`, and a marker of what was lost.

use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::Metric;
use serde::Serialize;
use serde_json::{Value, json};

use super::frames::OTHER;
use super::threads::{MS, Thread};
use crate::summary;

/// The version of processed profiles that this is: the newest one in which threads have their own tables.
const VERSION: u32 = 55;
/// The type of the marker that has the counts of what is missing.
const QUALITY: &str = "RecordingQuality";
/// The phase of a marker that has a start and an end.
const INTERVAL: u32 = 1;

pub(super) fn meta(meta: &Meta, metric: &Metric) -> Value {
    json!({
        "preprocessedProfileVersion": VERSION,
        // Of Firefox's own raw form, which nobody looks at here.
        "version": 24,
        "processType": 0,
        "product": summary::title(meta),
        "oscpu": known(&meta.host.kernel).map(|kernel| format!("Linux {kernel}")),
        "CPUName": known(&meta.host.cpu_model),
        "logicalCPUs": Some(meta.host.cpus).filter(|cpus| *cpus > 0),
        "abi": known(&meta.host.architecture),
        "importedFrom": known(&meta.creator),
        "extra": [{"label": "Recording", "entries": entries(meta)}],
        "startTime": meta.start_wall as f64 / MS,
        "interval": interval(meta, metric),
        "symbolicated": true,
        "debug": false,
        "pausedRanges": [],
        "usesOnlyOneStackType": true,
        "sourceCodeIsNotOnSearchfox": true,
        "extensions": {"length": 0, "baseURL": [], "id": [], "name": []},
        "sampleUnits": {"time": "ms", "eventDelay": "ms", "threadCPUDelta": "ns"},
        // In the order of the numbers in `frames`.
        "categories": [
            category("Other", "grey", &["Other"]),
            category("User", "yellow", &["Other", "Inlined"]),
            category("Kernel", "orange", &["Other"]),
            category("JIT", "green", &["Other"]),
        ],
        "markerSchema": [schema()],
    })
}

fn known(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// Quality and notes, for the panel that tells about the profile.
fn entries(meta: &Meta) -> Vec<Value> {
    let quality = summary::quality(meta);
    let notes = meta.notes.iter().map(|note| ("Note", note));
    let lines = [("Quality", &quality)].into_iter().chain(notes);
    lines.map(|(label, value)| json!({"label": label, "format": "string", "value": value})).collect()
}

fn category(name: &str, color: &str, subcategories: &[&str]) -> Value {
    json!({"name": name, "color": color, "subcategories": subcategories})
}

/// Milliseconds between samples.
fn interval(meta: &Meta, metric: &Metric) -> f64 {
    match (meta.rate, metric.unit.as_str(), metric.period) {
        (_, "ns", period @ 1..) => period as f64 / MS,
        (rate @ 1.., ..) => 1000.0 / rate as f64,
        _ => 1.0,
    }
}

fn schema() -> Value {
    let count = |(key, label): &(&str, &str)| json!({"key": key, "label": label, "format": "integer"});
    let mut fields =
        vec![json!({"key": "summary", "label": "Summary", "format": "string", "searchable": true})];
    fields.extend(COUNTS.iter().map(count));
    json!({
        "name": QUALITY,
        "display": ["marker-chart", "marker-table"],
        "chartLabel": "{marker.data.summary}",
        "tableLabel": "{marker.data.summary}",
        "fields": fields,
    })
}

/// In the order of [`summary::counts`].
const COUNTS: [(&str, &str); 8] = [
    ("lost", "Lost samples"),
    ("lostRecords", "Lost records"),
    ("throttled", "Throttled"),
    ("truncated", "Truncated stacks"),
    ("spliced", "Spliced stacks"),
    ("elided", "Elided stacks"),
    ("stackless", "Samples without a stack"),
    ("unsymbolized", "Unsymbolized samples"),
];

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Markers {
    length: usize,
    category: Vec<usize>,
    data: Vec<Value>,
    end_time: Vec<f64>,
    name: Vec<usize>,
    phase: Vec<u32>,
    start_time: Vec<f64>,
}

/// A marker over the whole recording.
pub(super) fn markers(meta: &Meta, thread: &mut Thread<'_>) -> Markers {
    let mut data = json!({"type": QUALITY, "summary": summary::quality(meta)});
    for ((key, _), (_, count)) in COUNTS.iter().zip(summary::counts(&meta.quality)) {
        data[*key] = count.into();
    }
    Markers {
        length: 1,
        category: vec![OTHER],
        data: vec![data],
        end_time: vec![meta.duration as f64 / MS],
        name: vec![thread.text("Recording quality")],
        phase: vec![INTERVAL],
        start_time: vec![0.0],
    }
}
