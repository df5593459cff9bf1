//! The messages that all of OTLP shares: `opentelemetry/proto/resource/v1/resource.proto` and
//! `opentelemetry/proto/common/v1/common.proto`, of the version of [`super::message`].

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json::{self, Number, Real};

/// What profiles are of.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Resource {
    /// What is known of it.
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<KeyValue>,
    /// Attributes for which its writer had no room.
    #[prost(uint32, tag = "2")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub dropped_attributes_count: u32,
}

/// An instrument.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct InstrumentationScope {
    /// Its name.
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its version.
    #[prost(string, tag = "2")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// What is known of it.
    #[prost(message, repeated, tag = "3")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<KeyValue>,
    /// Attributes for which its writer had no room.
    #[prost(uint32, tag = "4")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub dropped_attributes_count: u32,
}

/// A property. One of `key` and `key_strindex` is set.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeyValue {
    /// Its name.
    #[prost(string, tag = "1")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// What it is.
    #[prost(message, optional, tag = "2")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<AnyValue>,
    /// Its name.
    #[prost(int32, tag = "3")]
    #[serde(deserialize_with = "json::number", skip_serializing_if = "json::is_default")]
    pub key_strindex: i32,
}

/// A value of any type, or none.
#[derive(Clone, PartialEq, prost::Message)]
pub struct AnyValue {
    /// The value.
    #[prost(oneof = "Value", tags = "1, 2, 3, 4, 5, 6, 7, 8")]
    pub value: Option<Value>,
}

impl<'de> Deserialize<'de> for AnyValue {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self { value: Fields::deserialize(from)?.value() })
    }
}

impl Serialize for AnyValue {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Written::of(self.value.as_ref()).serialize(to)
    }
}

/// A value as JSON: one of these fields is there.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fields {
    string_value: Option<String>,
    bool_value: Option<bool>,
    int_value: Option<Number<i64>>,
    double_value: Option<Real>,
    array_value: Option<ArrayValue>,
    kvlist_value: Option<KeyValueList>,
    bytes_value: Option<IgnoredAny>,
    string_value_strindex: Option<Number<i32>>,
}

/// The same, to be written: the name of the variant is that of the field.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Written<'a> {
    StringValue(&'a str),
    BoolValue(bool),
    #[serde(serialize_with = "json::long::serialize")]
    IntValue(i64),
    #[serde(serialize_with = "json::real")]
    DoubleValue(f64),
    ArrayValue(&'a ArrayValue),
    KvlistValue(&'a KeyValueList),
    StringValueStrindex(i32),
    /// An object without a field. Bytes are neither read nor written.
    #[serde(untagged)]
    Nothing {},
}

impl<'a> Written<'a> {
    fn of(value: Option<&'a Value>) -> Self {
        match value {
            Some(Value::String(text)) => Self::StringValue(text),
            Some(Value::Bool(yes)) => Self::BoolValue(*yes),
            Some(Value::Int(number)) => Self::IntValue(*number),
            Some(Value::Double(number)) => Self::DoubleValue(*number),
            Some(Value::Array(values)) => Self::ArrayValue(values),
            Some(Value::List(values)) => Self::KvlistValue(values),
            Some(Value::Strindex(index)) => Self::StringValueStrindex(*index),
            Some(Value::Bytes(_)) | None => Self::Nothing {},
        }
    }
}

impl Fields {
    fn value(self) -> Option<Value> {
        None.or(self.string_value.map(Value::String))
            .or(self.bool_value.map(Value::Bool))
            .or(self.int_value.map(|number| Value::Int(number.0)))
            .or(self.double_value.map(|number| Value::Double(number.0)))
            .or(self.array_value.map(Value::Array))
            .or(self.kvlist_value.map(Value::List))
            // Nobody here has a use for what is in it.
            .or(self.bytes_value.map(|_| Value::Bytes(Vec::new())))
            .or(self.string_value_strindex.map(|number| Value::Strindex(number.0)))
    }
}

/// The types of values.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum Value {
    /// A text.
    #[prost(string, tag = "1")]
    String(String),
    /// Yes or no.
    #[prost(bool, tag = "2")]
    Bool(bool),
    /// A whole number.
    #[prost(int64, tag = "3")]
    Int(i64),
    /// A number.
    #[prost(double, tag = "4")]
    Double(f64),
    /// Values of any type.
    #[prost(message, tag = "5")]
    Array(ArrayValue),
    /// Values by name.
    #[prost(message, tag = "6")]
    List(KeyValueList),
    /// Bytes.
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
    /// A text of `string_table`.
    #[prost(int32, tag = "8")]
    Strindex(i32),
}

/// Values one after the other.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ArrayValue {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<AnyValue>,
}

/// Values by name.
#[derive(Clone, PartialEq, prost::Message, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KeyValueList {
    /// The values.
    #[prost(message, repeated, tag = "1")]
    #[serde(deserialize_with = "json::or_default", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<KeyValue>,
}
