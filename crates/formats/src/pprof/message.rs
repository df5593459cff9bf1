//! The messages of `profile.proto` (github.com/google/pprof, `proto/profile.proto`), with the
//! field numbers that it publishes. Text is an index into `string_table`, whose first is empty.

/// A profile.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Profile {
    /// What each value of a sample is.
    #[prost(message, repeated, tag = "1")]
    pub sample_type: Vec<ValueType>,
    /// The samples.
    #[prost(message, repeated, tag = "2")]
    pub sample: Vec<Sample>,
    /// Binaries.
    #[prost(message, repeated, tag = "3")]
    pub mapping: Vec<Mapping>,
    /// Addresses.
    #[prost(message, repeated, tag = "4")]
    pub location: Vec<Location>,
    /// Functions.
    #[prost(message, repeated, tag = "5")]
    pub function: Vec<Function>,
    /// All text.
    #[prost(string, repeated, tag = "6")]
    pub string_table: Vec<String>,
    /// Frames like this are hidden by default.
    #[prost(int64, tag = "7")]
    pub drop_frames: i64,
    /// But not those like this.
    #[prost(int64, tag = "8")]
    pub keep_frames: i64,
    /// Start, nanoseconds since 1970.
    #[prost(int64, tag = "9")]
    pub time_nanos: i64,
    /// Length, nanoseconds.
    #[prost(int64, tag = "10")]
    pub duration_nanos: i64,
    /// Unit of `period`.
    #[prost(message, optional, tag = "11")]
    pub period_type: Option<ValueType>,
    /// Distance between samples.
    #[prost(int64, tag = "12")]
    pub period: i64,
    /// Text for people.
    #[prost(int64, repeated, tag = "13")]
    pub comment: Vec<i64>,
    /// Type of the value to show first.
    #[prost(int64, tag = "14")]
    pub default_sample_type: i64,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct ValueType {
    /// Its name.
    #[prost(int64, tag = "1")]
    pub r#type: i64,
    /// Its unit.
    #[prost(int64, tag = "2")]
    pub unit: i64,
}

/// The values of one stack.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Sample {
    /// The stack, leaf first.
    #[prost(uint64, repeated, tag = "1")]
    pub location_id: Vec<u64>,
    /// A value for each of `sample_type`.
    #[prost(int64, repeated, tag = "2")]
    pub value: Vec<i64>,
    /// What else is known.
    #[prost(message, repeated, tag = "3")]
    pub label: Vec<Label>,
}

/// A property of a sample.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Label {
    /// Its name.
    #[prost(int64, tag = "1")]
    pub key: i64,
    /// Its text, if it is one.
    #[prost(int64, tag = "2")]
    pub str: i64,
    /// Its number, if it is one.
    #[prost(int64, tag = "3")]
    pub num: i64,
}

/// A binary.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Mapping {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// First address.
    #[prost(uint64, tag = "2")]
    pub memory_start: u64,
    /// Address after the last.
    #[prost(uint64, tag = "3")]
    pub memory_limit: u64,
    /// Offset of the first address in the file.
    #[prost(uint64, tag = "4")]
    pub file_offset: u64,
    /// Path.
    #[prost(int64, tag = "5")]
    pub filename: i64,
    /// Build id.
    #[prost(int64, tag = "6")]
    pub build_id: i64,
    /// Nothing is left to be looked up.
    #[prost(bool, tag = "7")]
    pub has_functions: bool,
    /// As above, of files.
    #[prost(bool, tag = "8")]
    pub has_filenames: bool,
    /// As above, of lines.
    #[prost(bool, tag = "9")]
    pub has_line_numbers: bool,
    /// As above, of inlined functions.
    #[prost(bool, tag = "10")]
    pub has_inline_frames: bool,
}

/// An address.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Location {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The binary, or 0.
    #[prost(uint64, tag = "2")]
    pub mapping_id: u64,
    /// The address, or 0.
    #[prost(uint64, tag = "3")]
    pub address: u64,
    /// The functions there: first the innermost inlined, last the one that was not inlined.
    #[prost(message, repeated, tag = "4")]
    pub line: Vec<Line>,
}

/// A line of a function.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Line {
    /// The function.
    #[prost(uint64, tag = "1")]
    pub function_id: u64,
    /// Line, or 0.
    #[prost(int64, tag = "2")]
    pub line: i64,
    /// Column, or 0.
    #[prost(int64, tag = "3")]
    pub column: i64,
}

/// A function.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Function {
    /// From 1.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// Demangled.
    #[prost(int64, tag = "2")]
    pub name: i64,
    /// As the linker knows it.
    #[prost(int64, tag = "3")]
    pub system_name: i64,
    /// Source file.
    #[prost(int64, tag = "4")]
    pub filename: i64,
    /// First line.
    #[prost(int64, tag = "5")]
    pub start_line: i64,
}
