//! The messages of OTLP's profiles: `opentelemetry/proto/profiles/v1development/profiles.proto` of
//! github.com/open-telemetry/opentelemetry-proto, version 1.11.0 ([`VERSION`]), with the field numbers that it
//! publishes. They may change without notice until the package is stable, hence the fixed version.
//!
//! Names that end in `_strindex` are indices into `string_table`, `attribute_indices` into `attribute_table`. The first
//! row of each table of the dictionary is empty and means that there is none.
//!
//! As JSON they have the names of protobuf's canonical mapping, the only ones that OTLP allows, and what has its default value
//! is not there. What is bytes is read and written by nobody here, and skipped.

use serde::{Deserialize, Serialize};

use super::common::{AnyValue, InstrumentationScope, Resource};
use super::json;

/// The version of opentelemetry-proto that these messages are of.
pub const VERSION: &str = "1.11.0";

/// A whole file, or what is sent to a collector (`ExportProfilesServiceRequest` has the same fields).
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ProfilesData {
    /// Profiles by where they come from.
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub resource_profiles: Vec<ResourceProfiles>,
    /// What they have in common.
    #[prost(message, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dictionary: Option<ProfilesDictionary>,
}

/// The tables that all profiles of a file share.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ProfilesDictionary {
    /// Binaries.
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub mapping_table: Vec<Mapping>,
    /// Addresses.
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub location_table: Vec<Location>,
    /// Functions.
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub function_table: Vec<Function>,
    /// Spans.
    #[prost(message, repeated, tag = "4")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub link_table: Vec<Link>,
    /// All text.
    #[prost(string, repeated, tag = "5")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub string_table: Vec<String>,
    /// Properties.
    #[prost(message, repeated, tag = "6")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub attribute_table: Vec<KeyValueAndUnit>,
    /// Stacks.
    #[prost(message, repeated, tag = "7")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub stack_table: Vec<Stack>,
}

/// The profiles of one resource: a process, a host, a service.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceProfiles {
    /// What it is.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// Its profiles by who made them.
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub scope_profiles: Vec<ScopeProfiles>,
    /// Where the meaning of its attributes is written down.
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "String::is_empty")]
    pub schema_url: String,
}

/// The profiles of one instrument.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ScopeProfiles {
    /// The instrument.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<InstrumentationScope>,
    /// The profiles.
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<Profile>,
    /// Where the meaning of its attributes is written down.
    #[prost(string, tag = "3")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "String::is_empty")]
    pub schema_url: String,
}

/// The samples of one metric.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Profile {
    /// What a value is.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_type: Option<ValueType>,
    /// The samples.
    #[prost(message, repeated, tag = "2")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<Sample>,
    /// Start, nanoseconds since 1970.
    #[prost(fixed64, tag = "3")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub time_unix_nano: u64,
    /// Length, nanoseconds.
    #[prost(uint64, tag = "4")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub duration_nano: u64,
    /// Unit of `period`.
    #[prost(message, optional, tag = "5")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period_type: Option<ValueType>,
    /// Distance between samples.
    #[prost(int64, tag = "6")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub period: i64,
    /// 16 bytes, or none.
    #[prost(bytes = "vec", tag = "7")]
    #[serde(skip)]
    pub profile_id: Vec<u8>,
    /// Attributes for which its writer had no room.
    #[prost(uint32, tag = "8")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub dropped_attributes_count: u32,
    /// The format of `original_payload`: `pprof`, `jfr`, `linux_perf`.
    #[prost(string, tag = "9")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "String::is_empty")]
    pub original_payload_format: String,
    /// The file that it was made from.
    #[prost(bytes = "vec", tag = "10")]
    #[serde(skip)]
    pub original_payload: Vec<u8>,
    /// Properties.
    #[prost(int32, repeated, tag = "11")]
    #[serde(deserialize_with = "json::numbers", skip_serializing_if = "Vec::is_empty")]
    pub attribute_indices: Vec<i32>,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ValueType {
    /// Its name.
    #[prost(int32, tag = "1")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub type_strindex: i32,
    /// Its unit.
    #[prost(int32, tag = "2")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub unit_strindex: i32,
}

/// Values of one stack. `values` and `timestamps_unix_nano` are of the same length, or one of them is empty: without
/// values each time is one observation, without times the values are sums.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Sample {
    /// Row of `stack_table`.
    #[prost(int32, tag = "1")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub stack_index: i32,
    /// Properties: the thread, the process, the CPU.
    #[prost(int32, repeated, tag = "2")]
    #[serde(deserialize_with = "json::numbers", skip_serializing_if = "Vec::is_empty")]
    pub attribute_indices: Vec<i32>,
    /// Row of `link_table`.
    #[prost(int32, tag = "3")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub link_index: i32,
    /// The values.
    #[prost(int64, repeated, tag = "4")]
    #[serde(with = "json::longs", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<i64>,
    /// Their times, nanoseconds since 1970.
    #[prost(fixed64, repeated, tag = "5")]
    #[serde(with = "json::longs", skip_serializing_if = "Vec::is_empty")]
    pub timestamps_unix_nano: Vec<u64>,
}

/// A binary.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Mapping {
    /// First address.
    #[prost(uint64, tag = "1")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub memory_start: u64,
    /// Address after the last.
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub memory_limit: u64,
    /// Offset of the first address in the file.
    #[prost(uint64, tag = "3")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub file_offset: u64,
    /// Path.
    #[prost(int32, tag = "4")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub filename_strindex: i32,
    /// Properties: the build id.
    #[prost(int32, repeated, tag = "5")]
    #[serde(deserialize_with = "json::numbers", skip_serializing_if = "Vec::is_empty")]
    pub attribute_indices: Vec<i32>,
}

/// A stack.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Stack {
    /// Rows of `location_table`, leaf first.
    #[prost(int32, repeated, tag = "1")]
    #[serde(deserialize_with = "json::numbers", skip_serializing_if = "Vec::is_empty")]
    pub location_indices: Vec<i32>,
}

/// An address.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Location {
    /// Row of `mapping_table`.
    #[prost(int32, tag = "1")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub mapping_index: i32,
    /// The address, or 0.
    #[prost(uint64, tag = "2")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub address: u64,
    /// The functions there: first the innermost inlined, last the one that was not inlined.
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// Properties: the kind of frame.
    #[prost(int32, repeated, tag = "4")]
    #[serde(deserialize_with = "json::numbers", skip_serializing_if = "Vec::is_empty")]
    pub attribute_indices: Vec<i32>,
}

/// A line of a function.
#[derive(Clone, Copy, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Line {
    /// Row of `function_table`.
    #[prost(int32, tag = "1")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub function_index: i32,
    /// From 1, or 0.
    #[prost(int64, tag = "2")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub line: i64,
    /// From 1, or 0.
    #[prost(int64, tag = "3")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub column: i64,
}

/// A function.
#[derive(Clone, Copy, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Function {
    /// For people.
    #[prost(int32, tag = "1")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub name_strindex: i32,
    /// For the linker.
    #[prost(int32, tag = "2")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub system_name_strindex: i32,
    /// File.
    #[prost(int32, tag = "3")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub filename_strindex: i32,
    /// Line of its definition, or 0.
    #[prost(int64, tag = "4")]
    #[serde(with = "json::long", skip_serializing_if = "json::is_default")]
    pub start_line: i64,
}

/// A span of a trace.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Link {
    /// 16 bytes.
    #[prost(bytes = "vec", tag = "1")]
    #[serde(skip)]
    pub trace_id: Vec<u8>,
    /// 8 bytes.
    #[prost(bytes = "vec", tag = "2")]
    #[serde(skip)]
    pub span_id: Vec<u8>,
}

/// A property of something of the dictionary, or of a profile or sample.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeyValueAndUnit {
    /// Its name.
    #[prost(int32, tag = "1")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub key_strindex: i32,
    /// What it is.
    #[prost(message, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<AnyValue>,
    /// Its unit.
    #[prost(int32, tag = "3")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub unit_strindex: i32,
}
