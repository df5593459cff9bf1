//! What is used of the JSON of a processed profile.
//!
//! Tables are columns of equal length. Up to version 55 every thread has its own, later versions keep some or all of
//! them in `shared`.

use std::borrow::Cow;

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(borrow)]
    pub meta: Meta<'a>,
    #[serde(default, borrow)]
    pub libs: Vec<Lib<'a>>,
    #[serde(borrow)]
    pub threads: Vec<Thread<'a>>,
    #[serde(default, borrow)]
    pub shared: Shared<'a>,
    #[serde(default, borrow)]
    pub counters: Option<Vec<Counter<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    /// Milliseconds since 1970.
    #[serde(default)]
    pub start_time: f64,
    #[serde(default, borrow)]
    pub product: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    pub categories: Vec<Category<'a>>,
    #[serde(default, borrow)]
    pub sample_units: Option<Units<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Category<'a> {
    #[serde(borrow)]
    pub name: Text<'a>,
    #[serde(default, borrow)]
    pub subcategories: Vec<Text<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Units<'a> {
    #[serde(rename = "threadCPUDelta", borrow)]
    pub cpu: Text<'a>,
}

/// A text inside of a list, borrowed where it has no escapes.
#[derive(Deserialize)]
pub(in crate::read) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lib<'a> {
    #[serde(default, borrow)]
    pub path: Cow<'a, str>,
    #[serde(default, borrow)]
    pub name: Cow<'a, str>,
    #[serde(default, borrow)]
    pub code_id: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shared<'a> {
    pub stack_table: Option<StackTable>,
    pub frame_table: Option<FrameTable>,
    pub func_table: Option<FuncTable>,
    pub resource_table: Option<ResourceTable>,
    pub sources: Option<Sources>,
    #[serde(borrow)]
    pub string_array: Option<Vec<Text<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Thread<'a> {
    #[serde(default, borrow)]
    pub name: Cow<'a, str>,
    #[serde(default, borrow)]
    pub process_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub pid: Id<'a>,
    #[serde(borrow)]
    pub tid: Id<'a>,
    pub samples: Samples,
    pub markers: Option<Counted>,
    pub native_allocations: Option<Counted>,
    pub js_allocations: Option<Counted>,
    pub stack_table: Option<StackTable>,
    pub frame_table: Option<FrameTable>,
    pub func_table: Option<FuncTable>,
    pub resource_table: Option<ResourceTable>,
    #[serde(borrow)]
    pub string_array: Option<Vec<Text<'a>>>,
}

/// An id: a number, or a text such as `12` or `12.1` (the second process with this id).
#[derive(Deserialize)]
#[serde(untagged)]
pub(in crate::read) enum Id<'a> {
    Number(f64),
    Text(#[serde(borrow)] Cow<'a, str>),
}

impl Id<'_> {
    pub(in crate::read) fn number(&self) -> Option<i32> {
        match self {
            Id::Number(number) => Some(*number as i32),
            Id::Text(text) => text.split('.').next()?.parse().ok(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Counted {
    #[serde(default)]
    pub length: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Samples {
    pub stack: Vec<Option<i64>>,
    pub time: Option<Vec<Option<f64>>>,
    pub time_deltas: Option<Vec<f64>>,
    pub weight: Option<Vec<f64>>,
    pub weight_type: Option<WeightType>,
    #[serde(rename = "threadCPUDelta")]
    pub cpu: Option<Vec<Option<f64>>>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WeightType {
    Samples,
    TracingMs,
    Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StackTable {
    pub frame: Vec<i64>,
    pub prefix: Option<Vec<Option<i64>>>,
    /// How many rows before its own the caller's is; 0 of a root.
    pub prefix_offset: Option<Vec<i64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FrameTable {
    pub func: Vec<i64>,
    #[serde(default)]
    pub address: Vec<Option<i64>>,
    #[serde(default)]
    pub inline_depth: Vec<Option<i64>>,
    #[serde(default)]
    pub category: Vec<Option<i64>>,
    #[serde(default)]
    pub subcategory: Vec<Option<i64>>,
    #[serde(default)]
    pub line: Vec<Option<i64>>,
    #[serde(default)]
    pub column: Vec<Option<i64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FuncTable {
    pub name: Vec<i64>,
    #[serde(default)]
    pub resource: Vec<Option<i64>>,
    #[serde(default)]
    pub file_name: Vec<Option<i64>>,
    /// Row in `sources`, which newer versions have instead of a file name.
    #[serde(default)]
    pub source: Vec<Option<i64>>,
    #[serde(default)]
    pub line_number: Vec<Option<i64>>,
}

#[derive(Deserialize)]
pub(super) struct ResourceTable {
    #[serde(default)]
    pub lib: Vec<Option<i64>>,
}

#[derive(Deserialize)]
pub(super) struct Sources {
    #[serde(default)]
    pub filename: Vec<Option<i64>>,
}

#[derive(Deserialize)]
pub(super) struct Counter<'a> {
    #[serde(default, borrow)]
    pub name: Cow<'a, str>,
    #[serde(default, borrow)]
    pub category: Cow<'a, str>,
    pub samples: CounterSamples,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CounterSamples {
    pub time: Option<Vec<Option<f64>>>,
    pub time_deltas: Option<Vec<f64>>,
    pub count: Vec<f64>,
}
