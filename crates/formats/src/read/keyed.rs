//! Keys that were counted: their parts between `;` are stacks, their counts and weights metrics.

use std::path::Path;

use pyrometer_tables::Profile;
use pyrometer_tables::schema::Metric;

use super::Builder;
use crate::error::Result;

/// A key, how often it was counted, and the sum of its weights if it has some.
#[derive(Clone, Copy, Debug)]
pub struct Keyed<'a> {
    /// The key.
    pub key: &'a str,
    /// How often.
    pub count: Option<i128>,
    /// The sum.
    pub weight: Option<Weight>,
}

/// A sum of weights.
#[derive(Clone, Copy, Debug)]
pub enum Weight {
    /// Of whole numbers.
    Whole(i128),
    /// Of fractions.
    Fraction(f64),
}

/// Keys as a profile: metric `count`, and `weight` or `weight-thousandths`.
///
/// # Errors
/// [`Error::TooLarge`](crate::Error::TooLarge).
pub fn profile_of_keys<'a>(keys: impl Iterator<Item = Keyed<'a>>) -> Result<Profile> {
    let mut builder = Builder::new(false);
    builder.meta.instrument = "counts".to_owned();
    let thread = builder.thread(0, 0, "");
    for keyed in keys {
        add(&mut builder, thread, &keyed);
    }
    builder.finish(Path::new("counts"))
}

fn add(builder: &mut Builder, thread: i32, keyed: &Keyed<'_>) {
    let (parent, leaf) = outer_frames(builder, keyed.key);
    let frame = builder.name(or_empty(leaf), "native");
    let stack = builder.stack(parent, frame);
    let count = keyed.count.map(saturated);
    let events = count.map_or(0, |(count, _)| count);
    let weight = keyed.weight.map(|weight| match weight {
        Weight::Whole(sum) => (&WEIGHT, saturated(sum)),
        Weight::Fraction(sum) => (&THOUSANDTHS, thousandths(sum)),
    });
    for (metric, (sum, fits)) in count.map(|count| (&COUNT, count)).into_iter().chain(weight) {
        if !fits {
            builder.note(BEYOND.to_owned());
        }
        let metric = builder.metric(metric.row());
        builder.add(stack, thread, metric, sum, events);
    }
}

fn saturated(sum: i128) -> (i64, bool) {
    let largest = if sum < 0 { i64::MIN } else { i64::MAX };
    i64::try_from(sum).map_or((largest, false), |sum| (sum, true))
}

/// Thousandths of a fraction, and whether they fit.
pub(super) fn thousandths(sum: f64) -> (i64, bool) {
    let sum = (sum * 1000.0).round();
    (sum as i64, sum.abs() < i64::MAX as f64)
}

/// The stack of all parts of a key but the last, and that one.
pub(super) fn outer_frames<'a>(builder: &mut Builder, key: &'a str) -> (Option<i32>, &'a str) {
    let (outer, leaf) = key.rsplit_once(';').map_or((None, key), |(outer, leaf)| (Some(outer), leaf));
    let outer = outer.into_iter().flat_map(|outer| outer.split(';'));
    let parent = outer.fold(None, |parent, name| {
        let frame = builder.name(or_empty(name), "native");
        Some(builder.stack(parent, frame))
    });
    (parent, leaf)
}

/// A part of a key; `[empty]` stands for nothing.
pub(super) fn or_empty(name: &str) -> &str {
    if name.is_empty() { "[empty]" } else { name }
}

pub(super) const BEYOND: &str =
    "a sum of weights does not fit into 64 bits, and is shown as the largest or smallest number";

/// A metric.
pub(super) struct Name {
    name: &'static str,
    description: &'static str,
}

pub(super) const COUNT: Name = Name { name: "count", description: "Events that the program counted." };
pub(super) const WEIGHT: Name = Name { name: "weight", description: "Sum of the events' whole weights." };
pub(super) const THOUSANDTHS: Name = Name {
    name: "weight-thousandths",
    description: "Sum of the events' fractional weights, in thousandths.",
};

impl Name {
    pub(super) fn row(&self) -> Metric {
        Metric {
            name: self.name.to_owned(),
            unit: "count".to_owned(),
            kind: "exact".to_owned(),
            description: self.description.to_owned(),
            ..Metric::default()
        }
    }
}
