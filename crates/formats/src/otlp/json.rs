//! Where protobuf's canonical JSON is not what serde expects: `null` is what is not there, what has its default value is not
//! written, and numbers of 64 bits are texts.
//!
//! Source: <https://protobuf.dev/programming-guides/json/>.

use std::fmt;
use std::marker::PhantomData;
use std::num::ParseFloatError;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

/// Where a double holds whole numbers no longer.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// A value; the default one for `null`.
pub(super) fn or_default<'de, D: Deserializer<'de>, T>(from: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// A whole number, however it is written.
pub(super) fn number<'de, D: Deserializer<'de>, T>(from: D) -> Result<T, D::Error>
where
    T: Default + TryFrom<i128>,
{
    Ok(Option::<Number<T>>::deserialize(from)?.map_or_else(T::default, |number| number.0))
}

/// Whole numbers.
pub(super) fn numbers<'de, D: Deserializer<'de>, T>(from: D) -> Result<Vec<T>, D::Error>
where
    T: TryFrom<i128>,
{
    let numbers: Option<Vec<Number<T>>> = Option::deserialize(from)?;
    Ok(numbers.unwrap_or_default().into_iter().map(|number| number.0).collect())
}

/// Whether a value need not be written.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A number of 64 bits: more than a number of JavaScript holds, so it is written as a text.
pub(super) mod long {
    use std::fmt::Display;

    use serde::Serializer;

    pub(in super::super) use super::number as deserialize;

    pub(in super::super) fn serialize<S: Serializer>(
        number: &impl Display,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }
}

/// Numbers of 64 bits.
pub(super) mod longs {
    use std::fmt::Display;

    use serde::{Serialize, Serializer};

    pub(in super::super) use super::numbers as deserialize;

    struct Text<T>(T);

    impl<T: Display> Serialize for Text<T> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.collect_str(&self.0)
        }
    }

    pub(in super::super) fn serialize<S: Serializer>(
        numbers: &[impl Display],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(numbers.iter().map(Text))
    }
}

/// A number of which JSON has no finite one is a text.
pub(super) fn real<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    match number {
        number if number.is_finite() => to.serialize_f64(*number),
        number if number.is_nan() => to.serialize_str("NaN"),
        number if *number > 0.0 => to.serialize_str("Infinity"),
        _ => to.serialize_str("-Infinity"),
    }
}

/// A whole number: `12`, `"12"`, `1.2e1`.
pub(super) struct Number<T>(pub(super) T);

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Digits(PhantomData))
    }
}

/// Any number; what JSON has no number for is a text: `"NaN"`, `"-Infinity"`.
#[derive(Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Real(pub(super) f64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(f64),
    Text(String),
}

impl TryFrom<Written> for Real {
    type Error = ParseFloatError;

    fn try_from(written: Written) -> Result<Self, ParseFloatError> {
        match written {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => text.parse().map(Self),
        }
    }
}

struct Digits<T>(PhantomData<T>);

impl<T: TryFrom<i128>> Visitor<'_> for Digits<T> {
    type Value = Number<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a whole number of {} bits, or one as text", 8 * size_of::<T>())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        fitting(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        fitting(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        if number.fract() != 0.0 || number.abs() > INEXACT {
            return Err(E::custom(format!("{number} is no whole number")));
        }
        fitting(number as i128)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.parse() {
            Ok(number) => fitting(number),
            Err(_) => self.visit_f64(text.parse().map_err(|_| E::custom(format!("{text:?} is no number")))?),
        }
    }
}

fn fitting<T: TryFrom<i128>, E: Error>(number: i128) -> Result<Number<T>, E> {
    let fitting = T::try_from(number).map(Number);
    fitting.map_err(|_| E::custom(format!("{number} does not fit into {} bits", 8 * size_of::<T>())))
}

#[cfg(test)]
mod tests {
    use super::Number;

    fn read<T: TryFrom<i128>>(text: &str) -> Option<T> {
        serde_json::from_str(text).ok().map(|number: Number<T>| number.0)
    }

    #[test]
    fn numbers_are_whole_however_they_are_written() {
        assert_eq!(["12", "\"12\"", "1.2e1", "\"12.0\""].map(read::<i32>), [Some(12); 4]);
        assert_eq!(read("\"18446744073709551615\""), Some(u64::MAX));
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
        assert_eq!(read("\"-9223372036854775808\""), Some(i64::MIN));
    }

    #[test]
    fn what_does_not_fit_is_no_number() {
        for text in ["1.5", "\"\"", "\"x\"", "2147483648", "\"NaN\"", "1e300", "true", "[1]"] {
            assert_eq!(read::<i32>(text), None, "{text}");
        }
        assert_eq!(read::<u64>("-1"), None);
    }
}
