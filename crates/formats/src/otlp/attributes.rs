//! Attributes: by OpenTelemetry's names, where it has some.

use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Metric, Process};

use super::common::{AnyValue, KeyValue, Resource, Value};
use super::dictionary::Dictionary;
use crate::summary;

/// What is known of a process and its machine.
pub(super) fn resource(meta: &Meta, process: &Process) -> Resource {
    let host = &meta.host;
    let texts = [
        ("process.executable.name", &process.name),
        ("process.command_line", &process.command_line),
        ("process.working_directory", &meta.directory),
        ("os.version", &host.kernel),
        ("host.arch", &host.architecture),
        ("host.cpu.model.name", &host.cpu_model),
    ];
    let known = texts.into_iter().filter(|(_, text)| !text.is_empty());
    let mut attributes: Vec<_> = known.map(|(key, text)| pair(key, text_value(text))).collect();
    attributes.push(pair("process.pid", Value::Int(process.pid.into())));
    if host.cpus > 0 {
        attributes.push(pair("pyrometer.cpus", Value::Int(host.cpus.into())));
    }
    Resource { attributes, ..Resource::default() }
}

/// What is said of a profile as a whole.
pub(super) fn about(meta: &Meta, metric: &Metric, dictionary: &mut Dictionary<'_>) -> Vec<i32> {
    let one = [
        ("pyrometer.title", summary::title(meta)),
        ("pyrometer.quality", summary::quality(meta)),
        ("pyrometer.metric.kind", metric.kind.clone()),
        ("pyrometer.metric.description", metric.description.clone()),
    ];
    let known = one.iter().filter(|(_, text)| !text.is_empty());
    let mut indices: Vec<_> = known.map(|(key, text)| dictionary.attribute(key, text_value(text))).collect();
    if !meta.notes.is_empty() {
        indices.push(dictionary.attribute("pyrometer.notes", text_value(&meta.notes.join("\n"))));
    }
    indices
}

/// The thread and the CPU of a sample.
pub(super) fn of_sample(thread: i32, cpu: Option<i32>, dictionary: &mut Dictionary<'_>) -> Vec<i32> {
    let row = &dictionary.tables().threads[thread as usize];
    let mut indices = vec![dictionary.attribute("thread.id", Value::Int(row.tid.into()))];
    if !row.name.is_empty() {
        indices.push(dictionary.attribute("thread.name", text_value(&row.name)));
    }
    let cpu = cpu.map(|cpu| dictionary.attribute("cpu.logical_number", Value::Int(cpu.into())));
    indices.extend(cpu);
    indices
}

/// The build id of a binary: those that linkers make have a name.
pub(super) fn build_id(build_id: &str, dictionary: &mut Dictionary<'_>) -> i32 {
    let key = match build_id.starts_with("fallback-") {
        true => "pyrometer.build_id",
        false => "process.executable.build_id.gnu",
    };
    dictionary.attribute(key, text_value(build_id))
}

pub(super) fn text_value(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), key_strindex: 0 }
}
