//! The JSON: tables are columns of equal length.

use pyrometer_tables::Profile;
use pyrometer_tables::schema::{Binary, Counter, Tables};
use pyrometer_tables::select::Selection;
use serde::Serialize;
use serde_json::{Value, json};

use super::about::{Markers, markers, meta};
use super::threads::{Ids, Threads, milliseconds};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    meta: Value,
    libs: Vec<Lib>,
    threads: Vec<Thread>,
    pages: [(); 0],
    profiler_overhead: [(); 0],
    counters: Vec<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Lib {
    name: String,
    path: String,
    debug_name: String,
    debug_path: String,
    breakpad_id: String,
    code_id: Option<String>,
    arch: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Thread {
    name: String,
    is_main_thread: bool,
    process_type: &'static str,
    process_name: String,
    process_startup_time: f64,
    process_shutdown_time: Option<f64>,
    register_time: f64,
    unregister_time: Option<f64>,
    paused_ranges: [(); 0],
    pid: String,
    tid: String,
    show_markers_in_timeline: bool,
    markers: Markers,
    #[serde(flatten)]
    tables: ThreadTables,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadTables {
    pub samples: SampleTable,
    pub stack_table: StackTable,
    pub frame_table: FrameTable,
    pub func_table: FuncTable,
    pub resource_table: ResourceTable,
    pub native_symbols: NativeSymbols,
    pub string_array: Vec<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SampleTable {
    pub length: usize,
    pub weight_type: &'static str,
    pub stack: Vec<usize>,
    pub time: Vec<f64>,
    pub weight: Vec<f64>,
    #[serde(rename = "threadCPUDelta")]
    pub thread_cpu_delta: Vec<Option<i64>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StackTable {
    pub length: usize,
    pub prefix: Vec<Option<usize>>,
    pub frame: Vec<usize>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FrameTable {
    pub length: usize,
    pub address: Vec<i64>,
    pub inline_depth: Vec<u32>,
    pub category: Vec<usize>,
    pub subcategory: Vec<usize>,
    pub func: Vec<usize>,
    pub native_symbol: Vec<Option<usize>>,
    #[serde(rename = "innerWindowID")]
    pub inner_window_id: Vec<u32>,
    pub line: Vec<Option<i32>>,
    pub column: Vec<Option<i32>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FuncTable {
    pub length: usize,
    pub name: Vec<usize>,
    #[serde(rename = "isJS")]
    pub is_js: Vec<bool>,
    #[serde(rename = "relevantForJS")]
    pub relevant_for_js: Vec<bool>,
    pub resource: Vec<i64>,
    pub file_name: Vec<Option<usize>>,
    pub line_number: Vec<Option<i32>>,
    pub column_number: Vec<Option<i32>>,
}

#[derive(Default, Serialize)]
pub(super) struct ResourceTable {
    pub length: usize,
    pub lib: Vec<i32>,
    pub name: Vec<usize>,
    pub host: Vec<Option<usize>>,
    pub r#type: Vec<u32>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NativeSymbols {
    pub length: usize,
    pub address: Vec<i64>,
    pub function_size: Vec<Option<u64>>,
    pub lib_index: Vec<i32>,
    pub name: Vec<usize>,
}

impl Document {
    pub(super) fn new(profile: &Profile, selection: &Selection, threads: Threads<'_>) -> Self {
        let tables = profile.tables();
        let (start, weight_type) = (profile.meta.start, threads.weight_type());
        let mut ids = Ids::default();
        let pids: Vec<_> = tables.processes.iter().map(|process| ids.unique(process.pid)).collect();
        let mut ids = Ids::default();
        let mut rows: Vec<_> = threads.threads.into_iter().enumerate().collect();
        // A process's main thread comes first: it stands for the process.
        rows.sort_by_key(|(row, _)| {
            let thread = &tables.threads[*row];
            (thread.process, thread.tid != tables.processes[thread.process as usize].pid, *row)
        });
        let mains: Vec<_> = rows.iter().map(|(row, _)| tables.threads[*row].process).collect();
        let threads = rows.into_iter().enumerate().map(|(at, (row, mut made))| {
            let thread = &tables.threads[row];
            let process = &tables.processes[thread.process as usize];
            let is_main_thread = thread.tid == process.pid;
            let markers = if at == 0 { markers(&profile.meta, &mut made) } else { Markers::default() };
            Thread {
                name: if thread.name.is_empty() { process.name.clone() } else { thread.name.clone() },
                is_main_thread,
                process_type: "default",
                process_name: process.name.clone(),
                process_startup_time: milliseconds(process.start, start).max(0.0),
                process_shutdown_time: process.end.map(|end| milliseconds(end, start)),
                register_time: milliseconds(thread.start, start).max(0.0),
                unregister_time: thread.end.map(|end| milliseconds(end, start)),
                paused_ranges: [],
                pid: pids[thread.process as usize].clone(),
                tid: ids.unique(thread.tid),
                show_markers_in_timeline: false,
                markers,
                tables: made.finish(weight_type),
            }
        });
        let metric = &tables.metrics[selection.metric as usize];
        Self {
            meta: meta(&profile.meta, metric),
            threads: threads.collect(),
            libs: tables.binaries.iter().map(|binary| lib(binary, &profile.meta.host.architecture)).collect(),
            pages: [],
            profiler_overhead: [],
            counters: counters(tables, start, &pids, &mains),
        }
    }
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn lib(binary: &Binary, architecture: &str) -> Lib {
    let name = file_name(&binary.path).to_owned();
    Lib {
        debug_name: name.clone(),
        name,
        path: binary.path.clone(),
        debug_path: binary.path.clone(),
        breakpad_id: binary.build_id.as_deref().and_then(breakpad_id).unwrap_or_default(),
        code_id: binary.build_id.clone(),
        arch: Some(architecture.to_owned()).filter(|architecture| !architecture.is_empty()),
    }
}

/// A build id as symbol servers of Breakpad know it: its first 16 bytes as a GUID, whose first numbers are little-endian,
/// and an age of 0.
fn breakpad_id(build_id: &str) -> Option<String> {
    const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    let is_hex = build_id.bytes().all(|letter| letter.is_ascii_hexdigit());
    if !is_hex || build_id.is_empty() {
        return None;
    }
    let digits = format!("{build_id:0<32}").to_uppercase();
    let guid: String = ORDER.iter().map(|byte| &digits[byte * 2..byte * 2 + 2]).collect();
    Some(guid + "0")
}

/// A counter for each series and process. Of memory the format has the changes.
fn counters(tables: &Tables, start: i64, pids: &[String], mains: &[i32]) -> Vec<Value> {
    let process =
        |counter: &Counter| counter.thread.map_or(0, |thread| tables.threads[thread as usize].process);
    let mut series: Vec<((&str, i32), Vec<&Counter>)> = Vec::new();
    for counter in &tables.counters {
        let key = (counter.name.as_str(), process(counter));
        match series.iter_mut().find(|(known, _)| *known == key) {
            Some((_, points)) => points.push(counter),
            None => series.push((key, vec![counter])),
        }
    }
    let counter = |((name, process), points): ((&str, i32), Vec<&Counter>)| {
        let is_memory = name.contains("bytes") || name.contains("rss");
        let values: Vec<_> = points.iter().map(|point| point.value).collect();
        let before = [0.0].into_iter().chain(values.iter().copied());
        let changes: Vec<_> = values.iter().zip(before).map(|(value, before)| value - before).collect();
        let times: Vec<_> = points.iter().map(|point| milliseconds(point.time, start)).collect();
        json!({
            "name": name,
            "category": if is_memory { "Memory" } else { "other" },
            "description": "",
            "pid": pids.get(process as usize).map_or("0", String::as_str),
            "mainThreadIndex": mains.iter().position(|main| *main == process).unwrap_or(0),
            "samples": {
                "length": values.len(),
                "number": vec![0; values.len()],
                "time": times,
                "count": if is_memory { changes } else { values },
            },
        })
    };
    series.into_iter().map(counter).collect()
}
