//! A message has no mark: it is known by its fields, in whatever order its writer puts them. Most begin with the types of
//! values, Go's runtime with the time, and writers that stream with the samples.

use crate::read::{Head, Likeness};

/// The longest `ValueType`: two tags, two varints.
const LONGEST_TYPE: usize = 22;
/// So many samples before any type are those of a profile.
const SAMPLES: usize = 8;

const TYPE: u64 = 1;
const SAMPLE: u64 = 2;
const PERIOD_TYPE: u64 = 11;
/// `comment` is a list of numbers, which writers may pack.
const COMMENT: u64 = 13;

pub(super) fn recognise(head: &Head<'_>) -> Likeness {
    Likeness::shape(is_profile(head.bytes).unwrap_or(false))
}

/// None if the bytes end before that is known.
fn is_profile(mut rest: &[u8]) -> Option<bool> {
    let mut samples = 0;
    loop {
        let field = Field::first_of(&mut rest)?;
        match (field.number, field.content) {
            (TYPE, Content::Bytes(bytes)) if is_value_type(bytes) => {
                return Some(
                    rest.is_empty() || Field::first_of(&mut rest).is_none_or(|next| next.is_known()),
                );
            }
            (SAMPLE, Content::Bytes(bytes)) if is_sample(bytes) => samples += 1,
            (TYPE | SAMPLE, _) => return Some(false),
            _ if !field.is_known() => return Some(false),
            _ => {}
        }
        if samples == SAMPLES {
            return Some(true);
        }
    }
}

fn is_value_type(mut bytes: &[u8]) -> bool {
    let is_short = !bytes.is_empty() && bytes.len() <= LONGEST_TYPE;
    is_short && all(&mut bytes, |field| matches!((field.number, field.content), (1 | 2, Content::Number)))
}

fn is_sample(mut bytes: &[u8]) -> bool {
    let known =
        |field: &Field<'_>| matches!((field.number, field.content), (1 | 2, _) | (3, Content::Bytes(_)));
    !bytes.is_empty() && all(&mut bytes, known)
}

/// How many bytes of a message are fields that are whole.
pub(super) fn whole_fields(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while !rest.is_empty() {
        let before = rest.len();
        match Field::first_of(&mut rest) {
            Some(Field { content: Content::Other, .. }) => return bytes.len(),
            Some(_) => {}
            None => return bytes.len() - before,
        }
    }
    bytes.len()
}

/// Whether a message is made of such fields to its end.
fn all(bytes: &mut &[u8], fits: impl Fn(&Field<'_>) -> bool) -> bool {
    while !bytes.is_empty() {
        if !Field::first_of(bytes).is_some_and(|field| fits(&field)) {
            return false;
        }
    }
    true
}

struct Field<'a> {
    number: u64,
    content: Content<'a>,
}

#[derive(Clone, Copy)]
enum Content<'a> {
    Number,
    Bytes(&'a [u8]),
    /// Of a wire type that no field of a profile has.
    Other,
}

impl<'a> Field<'a> {
    /// Takes the first field; none if it is not whole.
    fn first_of(bytes: &mut &'a [u8]) -> Option<Self> {
        let tag = varint(bytes)?;
        let content = match tag & 7 {
            0 => varint(bytes).map(|_| Content::Number)?,
            2 => {
                let length = usize::try_from(varint(bytes)?).ok()?;
                let (content, rest) = bytes.split_at_checked(length)?;
                *bytes = rest;
                Content::Bytes(content)
            }
            _ => Content::Other,
        };
        Some(Self { number: tag >> 3, content })
    }

    /// Whether a profile has such a field.
    fn is_known(&self) -> bool {
        match self.content {
            Content::Bytes(_) => matches!(self.number, 1..=6 | PERIOD_TYPE | COMMENT),
            Content::Number => matches!(self.number, 7..=10 | 12..=15),
            Content::Other => false,
        }
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for at in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
