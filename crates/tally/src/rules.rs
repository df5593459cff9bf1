//! What of a line is counted, and with which weight.

use regex::bytes::{Captures, Regex};

use crate::number::{TooBig, last_fraction, last_whole, parse_fraction, parse_whole};

/// What a line weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weights {
    /// 1.
    #[default]
    Unit,
    /// The last whole number on it; 1 if there is none.
    Whole,
    /// The last number on it, with its fraction; 1 if there is none.
    Fraction,
}

/// A part of a line by which lines are grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// The word of this number, from 1 on; below 0 from the end.
    Word(i64),
    /// What a group of the expression has matched, or else what follows `NAME=` or `NAME:`.
    Named(String),
}

/// How lines are counted.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What a line weighs.
    pub weights: Weights,
    /// Whether the weight is replaced by `NNN` in the line.
    pub erase: bool,
    /// Only lines that begin so are counted, without it and a space after it.
    pub prefix: Option<Vec<u8>>,
    /// Only lines that match are counted. Its groups make the key, one named `weight` the weight; the match, if it has none.
    pub pattern: Option<Regex>,
    /// The fields that make the key.
    pub by: Vec<Field>,
    /// Whether each weight of a key is counted by itself, for distributions.
    pub detailed: bool,
}

/// What is erased is replaced by it.
const ERASED: &[u8] = b"NNN";
/// In the place of a field that a line does not have.
const MISSING: &[u8] = b"-";
/// The group that has the weight.
const WEIGHT_GROUP: &str = "weight";
/// Ends a field's value that is not in quotation marks.
const ENDS: &[u8] = b" \t\r,;)]}";

/// Takes the lines' keys and weights; a type of its own where speed matters.
pub(crate) trait Rule: Sync {
    /// Whether keys are written to `keys`; else the key is the line.
    const COPIES: bool;
    /// Whether every line is its own key, and weighs 1: then nothing has to be asked.
    const PLAIN: bool = false;

    /// Whether lines can be left out; those need be no text.
    fn selects(&self) -> bool {
        false
    }

    /// The weight of a line, none if it is not counted. Its key is appended to `keys`.
    ///
    /// # Errors
    /// A whole number of more than 64 bits.
    fn apply(&self, line: &[u8], keys: &mut Vec<u8>) -> Result<Option<u64>, Unfit>;
}

/// A number that does not fit.
#[derive(Debug)]
pub(crate) struct Unfit(pub Vec<u8>);

/// Lines as they are, each weighing 1.
pub(crate) struct Plain;

impl Rule for Plain {
    const COPIES: bool = false;
    const PLAIN: bool = true;

    #[inline]
    fn apply(&self, _: &[u8], _: &mut Vec<u8>) -> Result<Option<u64>, Unfit> {
        Ok(Some(1))
    }
}

/// Lines as they are, with their weights.
pub(crate) struct Weighted<const FRACTION: bool>;

impl<const FRACTION: bool> Rule for Weighted<FRACTION> {
    const COPIES: bool = false;

    #[inline]
    fn apply(&self, line: &[u8], _: &mut Vec<u8>) -> Result<Option<u64>, Unfit> {
        if FRACTION { Ok(Some(fraction(line).1)) } else { Ok(Some(whole(line)?.1)) }
    }
}

/// Lines without their weights.
pub(crate) struct Erased<const FRACTION: bool>;

impl<const FRACTION: bool> Rule for Erased<FRACTION> {
    const COPIES: bool = true;

    #[inline]
    fn apply(&self, line: &[u8], keys: &mut Vec<u8>) -> Result<Option<u64>, Unfit> {
        let (number, weight) = if FRACTION { fraction(line) } else { whole(line)? };
        erase(line, number, keys);
        // A sum of erased lines begins with 0, to which -0.0 adds nothing; another one begins with its first weight.
        Ok(Some(if FRACTION { (f64::from_bits(weight) + 0.0).to_bits() } else { weight }))
    }
}

/// Everything else.
impl Rule for Rules {
    const COPIES: bool = true;

    fn selects(&self) -> bool {
        self.prefix.is_some() || self.pattern.is_some()
    }

    fn apply(&self, line: &[u8], keys: &mut Vec<u8>) -> Result<Option<u64>, Unfit> {
        let Some(text) = self.without_prefix(line) else { return Ok(None) };
        let captures = match &self.pattern {
            Some(pattern) => match pattern.captures(text) {
                None => return Ok(None),
                found => found,
            },
            None => None,
        };
        let weighed = captures.as_ref().and_then(|captures| captures.name(WEIGHT_GROUP));
        let (number, weight) = self.weigh(weighed.map_or(text, |group| group.as_bytes()))?;
        if !self.by.is_empty() {
            self.push_fields(text, captures.as_ref(), keys);
        } else if let Some(captures) = &captures {
            push_groups(captures, keys);
        } else if self.erase {
            erase(text, number, keys);
        } else {
            keys.extend_from_slice(text);
        }
        if !self.detailed {
            return Ok(Some(weight));
        }
        keys.extend_from_slice(&weight.to_le_bytes());
        Ok(Some(1))
    }
}

type Number = Option<std::ops::Range<usize>>;

impl Rules {
    fn without_prefix<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let Some(prefix) = &self.prefix else { return Some(line) };
        let rest = line.strip_prefix(prefix.as_slice())?;
        Some(rest.strip_prefix(b" ").unwrap_or(rest))
    }

    fn weigh(&self, text: &[u8]) -> Result<(Number, u64), Unfit> {
        match self.weights {
            Weights::Unit => Ok((None, 1)),
            Weights::Whole => whole(text),
            Weights::Fraction => Ok(fraction(text)),
        }
    }

    fn push_fields(&self, text: &[u8], captures: Option<&Captures<'_>>, keys: &mut Vec<u8>) {
        for (index, field) in self.by.iter().enumerate() {
            if index > 0 {
                keys.push(b' ');
            }
            let found = match field {
                Field::Word(number) => word(text, *number),
                Field::Named(name) => captures
                    .and_then(|captures| captures.name(name).map(|group| group.as_bytes()))
                    .or_else(|| value_of(text, name.as_bytes())),
            };
            keys.extend_from_slice(found.unwrap_or(MISSING));
        }
    }

    /// Whether there is nothing but weights to be looked at.
    pub(crate) fn is_simple(&self) -> bool {
        !self.selects() && self.by.is_empty() && !self.detailed
    }
}

/// The last whole number of a line, where it stands; 1 if there is none.
#[inline]
fn whole(line: &[u8]) -> Result<(Number, u64), Unfit> {
    let Some(number) = last_whole(line) else { return Ok((None, 1)) };
    match parse_whole(&line[number.clone()]) {
        Ok(weight) => Ok((Some(number), weight.cast_unsigned())),
        Err(TooBig) => Err(Unfit(line[number].to_vec())),
    }
}

/// The last number of a line with its fraction.
#[inline]
fn fraction(line: &[u8]) -> (Number, u64) {
    let number = last_fraction(line);
    let weight = number.clone().map_or(1.0, |number| parse_fraction(&line[number]));
    (number, weight.to_bits())
}

#[inline]
fn erase(line: &[u8], number: Number, keys: &mut Vec<u8>) {
    match number {
        None => keys.extend_from_slice(line),
        Some(number) => {
            keys.extend_from_slice(&line[..number.start]);
            keys.extend_from_slice(ERASED);
            keys.extend_from_slice(&line[number.end..]);
        }
    }
}

/// The groups that took part, but that of the weight; the match if the expression has no other.
fn push_groups(captures: &Captures<'_>, keys: &mut Vec<u8>) {
    let weight = captures.name(WEIGHT_GROUP).map(|group| group.range());
    let groups = captures.iter().skip(1).flatten().filter(|group| Some(group.range()) != weight);
    let start = keys.len();
    for group in groups {
        if keys.len() > start {
            keys.push(b' ');
        }
        keys.extend_from_slice(group.as_bytes());
    }
    if captures.len() == 1 + usize::from(weight.is_some()) {
        keys.extend_from_slice(&captures[0]);
    }
}

/// A word by its number.
fn word(text: &[u8], number: i64) -> Option<&[u8]> {
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let index = usize::try_from(number.unsigned_abs().checked_sub(1)?).ok()?;
    if number > 0 { words.nth(index) } else { words.rev().nth(index) }
}

/// What follows `name=` or `name:`, where no letter, digit or `_` stands before it; in quotation marks all between them.
fn value_of<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
    let starts = memchr::memmem::find_iter(text, name);
    let values = starts.filter(|at| !text[..*at].last().is_some_and(is_word));
    let mut values = values.filter_map(|at| match &text[at + name.len()..] {
        // Of JSON, the name stands in quotation marks.
        [b'=' | b':', value @ ..] | [b'"', b':', value @ ..] => Some(value),
        _ => None,
    });
    let value = values.next()?.trim_ascii_start();
    let (value, end) = match value {
        [b'"', value @ ..] => (value, closing_quote(value)),
        value => (value, value.iter().position(|byte| ENDS.contains(byte))),
    };
    Some(&value[..end.unwrap_or(value.len())])
}

/// Where a text ends that began with a quotation mark; one behind a backslash is a part of it.
fn closing_quote(text: &[u8]) -> Option<usize> {
    let is_escaped = |at: usize| text[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    memchr::memchr_iter(b'"', text).find(|at| !is_escaped(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(rules: &Rules, line: &str) -> Option<(String, i64)> {
        let mut key = Vec::new();
        let weight = rules.apply(line.as_bytes(), &mut key).expect("a weight that fits")?;
        Some((String::from_utf8(key).expect("text"), weight.cast_signed()))
    }

    #[test]
    fn only_what_begins_with_the_prefix() {
        let rules = Rules { prefix: Some(b"ID:".to_vec()), weights: Weights::Whole, ..Rules::default() };
        assert_eq!(applied(&rules, "ID: a 12"), Some(("a 12".to_owned(), 12)));
        assert_eq!(applied(&rules, "ID:a"), Some(("a".to_owned(), 1)));
        assert_eq!(applied(&rules, " ID: a"), None);
    }

    #[test]
    fn groups_make_the_key_and_one_the_weight() {
        let pattern = |text: &str| Some(Regex::new(text).expect("an expression"));
        let rules = |text| Rules { pattern: pattern(text), weights: Weights::Whole, ..Rules::default() };
        let line = "alloc 16 bytes in push at 7";
        assert_eq!(
            applied(&rules(r"(alloc|free) (?<weight>\d+) bytes in (\w+)"), line),
            Some(("alloc push".to_owned(), 16))
        );
        assert_eq!(applied(&rules(r"in \w+"), line), Some(("in push".to_owned(), 7)));
        assert_eq!(applied(&rules(r"(?<weight>\d+) bytes"), line), Some(("16 bytes".to_owned(), 16)));
        assert_eq!(applied(&rules(r"(free)|(alloc)"), line), Some(("alloc".to_owned(), 7)));
        assert_eq!(applied(&rules(r"free"), line), None);
    }

    #[test]
    fn fields_by_number_and_by_name() {
        let by =
            |fields: &[Field]| Rules { by: fields.to_vec(), weights: Weights::Whole, ..Rules::default() };
        let named = |name: &str| Field::Named(name.to_owned());
        let line = r#"  alloc resize=1 size=32,file: "a b.rs" 5"#;
        let of = |fields: &[Field]| applied(&by(fields), line).expect("counted").0;
        assert_eq!(of(&[Field::Word(1), Field::Word(-1), Field::Word(9), Field::Word(0)]), "alloc 5 - -");
        assert_eq!(of(&[named("size")]), "32");
        assert_eq!(of(&[named("file"), named("resize")]), "a b.rs 1");
        assert_eq!(of(&[named("none")]), "-");
        let json = applied(&by(&[named("op")]), r#"{"op":"read","n":3}"#);
        assert_eq!(json, Some(("read".to_owned(), 3)));
        let escaped = applied(&by(&[named("op"), named("n")]), r#"{"op":"say \"no\"\\","n":3}"#);
        assert_eq!(escaped, Some((r#"say \"no\"\\ 3"#.to_owned(), 3)));
        assert_eq!(applied(&by(&[named("n")]), "n=3\r"), Some(("3".to_owned(), 3)));
    }
}
