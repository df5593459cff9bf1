//! Events as the file has them.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// An event. What is not read of all of them stays as it is written.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default)]
    pub(super) ph: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(super) name: Cow<'a, str>,
    /// Categories, joined by commas.
    #[serde(borrow, default)]
    pub(super) cat: Cow<'a, str>,
    /// Microseconds.
    #[serde(default)]
    pub(super) ts: Option<f64>,
    /// Microseconds, of complete events.
    #[serde(default)]
    pub(super) dur: Option<f64>,
    #[serde(borrow, default)]
    pub(super) pid: Option<Id<'a>>,
    #[serde(borrow, default)]
    pub(super) tid: Option<Id<'a>>,
    #[serde(borrow, default)]
    pub(super) id: Option<Id<'a>>,
    /// The stack of a sample, a row of `stackFrames`.
    #[serde(borrow, default)]
    pub(super) sf: Option<Id<'a>>,
    /// The stack of a sample, outermost first.
    #[serde(borrow, default)]
    pub(super) stack: Option<Vec<Cow<'a, str>>>,
    #[serde(default)]
    pub(super) weight: Option<f64>,
    #[serde(borrow, default)]
    pub(super) args: Option<&'a RawValue>,
}

/// What the format lets be a number or a text.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(super) enum Id<'a> {
    Number(f64),
    Text(#[serde(borrow)] Cow<'a, str>),
}

impl Id<'_> {
    /// A text that is the same for the same id.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.to_string(),
        }
    }

    /// The number, if it is one that processes and threads have.
    pub(super) fn number(&self) -> Option<i32> {
        match self {
            Self::Number(number) => Some(*number as i32).filter(|whole| f64::from(*whole) == *number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

impl<'a> Event<'a> {
    /// The arguments, if they have this shape.
    pub(super) fn arguments<T: Deserialize<'a>>(&self) -> Option<T> {
        serde_json::from_str(self.args?.get()).ok()
    }

    /// When it began, nanoseconds.
    pub(super) fn time(&self) -> Option<i64> {
        nanoseconds(self.ts?)
    }
}

/// Microseconds as nanoseconds; none of what is no moment of a recording.
pub(super) fn nanoseconds(microseconds: f64) -> Option<i64> {
    let time = (microseconds * 1e3).round();
    // Above, a double skips nanoseconds by the hundred, and none of them is a time since the start of a computer.
    (time.abs() < 9e18).then_some(time as i64)
}
