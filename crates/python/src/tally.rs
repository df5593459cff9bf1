//! Lines that are counted.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyrometer_formats::read::{Keyed, Weight, profile_of_keys};
use pyrometer_tables::select::no_pattern;
use pyrometer_tally::{
    Counting as Inner, Distribution as OfKey, Error, Field, Listing, Patience, Rules, Source,
    Spread as AllKeys, Tally as Counted, Value, Weights, open, print, unpacked,
};
use regex::bytes::Regex;

use crate::error::{Known, Result};
use crate::profile::Profile;
use crate::standard_streams::duplicate;

/// A sum for Python: an int or a float.
#[derive(IntoPyObject)]
pub enum Number {
    Whole(i128),
    Fraction(f64),
}

impl From<Value> for Number {
    fn from(value: Value) -> Self {
        match value {
            Value::Whole(number) => Self::Whole(number),
            Value::Fraction(number) => Self::Fraction(number),
        }
    }
}

/// How to count, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct RulesDict {
    weights: String,
    erase: bool,
    prefix: Option<Vec<u8>>,
    pattern: Option<String>,
    by: Vec<String>,
    detailed: bool,
}

impl RulesDict {
    fn rules(self) -> Result<Rules> {
        let pattern = self.pattern.map(|text| Regex::new(&text).map_err(|error| unusable(&text, &error)));
        let field = |text: String| text.parse().map_or_else(|_| Field::Named(text), Field::Word);
        Ok(Rules {
            weights: match self.weights.as_str() {
                "integral" => Weights::Whole,
                "fractional" => Weights::Fraction,
                _ => Weights::Unit,
            },
            erase: self.erase,
            prefix: self.prefix,
            pattern: pattern.transpose()?,
            by: self.by.into_iter().map(field).collect(),
            detailed: self.detailed,
        })
    }
}

fn unusable(pattern: &str, error: &regex::Error) -> Known {
    let told = no_pattern(pattern, error);
    Known::new("selection", told.to_string(), told.cure())
}

/// Lines that are being counted.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Counting(Arc<Inner>);

#[pymethods]
impl Counting {
    /// Nothing counted so far.
    #[new]
    fn new(rules: RulesDict, live: bool) -> PyResult<Self> {
        Ok(Self(Arc::new(Inner::new(rules.rules()?, live))))
    }

    /// Counts the lines of files; without any, those of the open file of number `input`. Lines that are not counted go
    /// to the open file of number `others`.
    fn run(
        &self,
        py: Python<'_>,
        paths: Vec<PathBuf>,
        input: Option<(i32, String)>,
        others: Option<i32>,
    ) -> PyResult<()> {
        let counting = &self.0;
        py.detach(|| {
            let mut sources: Vec<Source> = paths
                .iter()
                .map(|path| open(path, counting.stop_flag()))
                .collect::<pyrometer_tally::Result<_>>()?;
            if let Some((number, name)) = input {
                let file = duplicate(number).map_err(|source| Error::Read { name: name.clone(), source })?;
                sources.push(unpacked(name, Patience::new(file, counting.stop_flag().clone())));
            }
            let mut others = others.map(duplicate).transpose().map_err(Error::Write)?;
            counting.run(sources, others.as_mut().map(|file| file as &mut (dyn Write + Send)))
        })
        .map_err(|error| known(&error).into())
    }

    /// Makes `run` return soon.
    fn stop(&self) {
        self.0.stop();
    }

    /// Lines that were read, those of them that were not counted, and the sum of all weights.
    fn progress(&self) -> (u64, u64, Number) {
        let progress = self.0.progress();
        (progress.lines, progress.left_out, progress.total.into())
    }

    /// The heaviest keys so far, and their sums.
    fn heaviest(&self, py: Python<'_>, most: usize) -> Vec<(String, Number)> {
        let rows = py.detach(|| self.0.heaviest(most));
        rows.into_iter().map(|(key, value)| (text(&key), value.into())).collect()
    }

    /// What was counted, by rank; nothing is left here.
    fn finish(&self, py: Python<'_>) -> Tally {
        Tally(py.detach(|| self.0.finish()))
    }
}

/// Keys and their sums by rank.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Tally(Counted);

#[pymethods]
impl Tally {
    #[getter]
    fn lines(&self) -> u64 {
        self.0.progress.lines
    }

    #[getter]
    fn left_out(&self) -> u64 {
        self.0.progress.left_out
    }

    #[getter]
    fn total(&self) -> Number {
        self.0.progress.total.into()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// Writes the table to the open file of a number, at most `most` rows.
    fn print(&self, py: Python<'_>, number: i32, most: Option<usize>) -> PyResult<()> {
        py.detach(|| printed(&self.0, number, most))
    }

    /// Some keys by rank, and their sums.
    fn rows(&self, start: usize, count: usize) -> Vec<(String, Number)> {
        let end = start.saturating_add(count).min(self.0.len());
        let row = |rank| {
            let row = self.0.row(rank);
            (text(row.key), row.value.into())
        };
        (start..end).map(row).collect()
    }

    /// The distributions of the keys, of a tally in detail.
    fn spread(&self, py: Python<'_>) -> Spread {
        Spread(py.detach(|| AllKeys::of(&self.0)))
    }

    /// As a profile: the metric `count`.
    fn profile(&self, py: Python<'_>) -> PyResult<Profile> {
        let rows = self.0.rows().map(|row| (row.key, Some(row.value), None));
        py.detach(|| profile(rows))
    }
}

/// A key: its count, sum, least and largest weight, standard deviation, percentiles and histogram.
type KeyRow = (String, u128, Number, Number, Number, f64, Vec<Number>, Vec<(f64, u128)>);

/// The distributions of all keys.
#[pyclass(frozen, module = "pyrometer._native")]
pub struct Spread(AllKeys);

#[pymethods]
impl Spread {
    fn __len__(&self) -> usize {
        self.0.keys.len()
    }

    /// Writes the table of the counts, or of the weights, to the open file of a number, at most `most` rows.
    fn print(&self, py: Python<'_>, number: i32, weighted: bool, most: Option<usize>) -> PyResult<()> {
        py.detach(|| {
            if weighted {
                printed(&self.0.by_weight(), number, most)
            } else {
                printed(&self.0.by_count(), number, most)
            }
        })
    }

    /// Some keys, those of the largest sums first.
    fn rows(&self, start: usize, count: usize) -> Vec<KeyRow> {
        self.0.keys.iter().skip(start).take(count).map(key_row).collect()
    }

    /// As a profile: the metrics `count` and `weight`, or `weight-thousandths`.
    fn profile(&self, py: Python<'_>) -> PyResult<Profile> {
        let count = |key: &OfKey| Some(Value::Whole(i128::try_from(key.count).unwrap_or(i128::MAX)));
        let rows = self.0.keys.iter().map(|key| (&key.key[..], count(key), Some(key.sum)));
        py.detach(|| profile(rows))
    }
}

fn key_row(key: &OfKey) -> KeyRow {
    let percentiles = key.percentiles.iter().map(|weight| (*weight).into()).collect();
    let (least, most) = (key.least.into(), key.most.into());
    (
        text(&key.key),
        key.count,
        key.sum.into(),
        least,
        most,
        key.deviation,
        percentiles,
        key.histogram.clone(),
    )
}

fn profile<'a>(rows: impl Iterator<Item = (&'a [u8], Option<Value>, Option<Value>)>) -> PyResult<Profile> {
    let rows: Vec<_> =
        rows.map(|(key, count, weight)| (String::from_utf8_lossy(key), count, weight)).collect();
    let keyed = rows.iter().map(|(key, count, weight)| Keyed {
        key,
        count: count.map(|count| match count {
            Value::Whole(count) => count,
            Value::Fraction(count) => count as i128,
        }),
        weight: weight.map(|weight| match weight {
            Value::Whole(sum) => Weight::Whole(sum),
            Value::Fraction(sum) => Weight::Fraction(sum),
        }),
    });
    Ok(profile_of_keys(keyed).map(Profile::new).map_err(Known::of_import)?)
}

fn printed(listing: &impl Listing, number: i32, most: Option<usize>) -> PyResult<()> {
    let written = duplicate(number).and_then(|mut file| print(listing, most, &mut file));
    Ok(written.map_err(|error| known(&Error::Write(error)))?)
}

fn text(key: &[u8]) -> String {
    String::from_utf8_lossy(key).into_owned()
}

fn known(error: &Error) -> Known {
    let kind = match &error {
        Error::Write(source) => match source.kind() {
            ErrorKind::BrokenPipe => "broken-pipe",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "no-space",
            _ => "output",
        },
        _ => "counted-lines",
    };
    let cure = match &error {
        Error::NotText { .. } => "convert it, for instance: iconv -f latin1 -t utf-8 FILE",
        Error::Weight { .. } => {
            "weigh by fractions, -f, which have no such limit, or by another number: --match"
        }
        _ => "",
    };
    Known::new(kind, error.to_string(), cure.to_owned())
}
