//! A profile from rows that Python hands over as JSON, a text a table.

use std::collections::HashMap;

use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Sample, Tables};
use pyrometer_tables::{Error, Profile};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Result;

/// stack, thread, time, cpu, metric, value, count.
pub type SampleRow = (i32, i32, Option<i64>, Option<i32>, i32, i64, i64);

/// A profile of these rows; every reference in them is checked.
pub fn build(meta: &str, tables: &HashMap<String, String>, samples: Vec<SampleRow>) -> Result<Profile> {
    let meta: Meta = from_json("meta", meta)?;
    let tables = Tables {
        metrics: table(tables, "metrics")?,
        processes: table(tables, "processes")?,
        threads: table(tables, "threads")?,
        binaries: table(tables, "binaries")?,
        functions: table(tables, "functions")?,
        frames: table(tables, "frames")?,
        stacks: table(tables, "stacks")?,
        calls: table(tables, "calls")?,
        counters: table(tables, "counters")?,
        events: table(tables, "events")?,
        experiments: table(tables, "experiments")?,
    };
    let samples = samples.into_iter().map(sample).collect();
    Ok(Profile::from_parts(meta, tables, samples)?)
}

/// The same rows with another meta.
pub fn with_meta(profile: &Profile, meta: &str) -> Result<Profile> {
    Ok(profile.with_meta(from_json("meta", meta)?)?)
}

fn sample((stack, thread, time, cpu, metric, value, count): SampleRow) -> Sample {
    Sample { stack, thread, time, cpu, metric, value, count }
}

fn table<T: DeserializeOwned>(tables: &HashMap<String, String>, name: &str) -> Result<Vec<T>> {
    tables.get(name).map_or_else(|| Ok(Vec::new()), |text| from_json(name, text))
}

fn from_json<T: DeserializeOwned>(name: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| Error::invalid(name.as_ref(), error.to_string()).into())
}

/// The text of `meta.json`.
pub fn to_json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::invalid("meta".as_ref(), error.to_string()).into())
}
