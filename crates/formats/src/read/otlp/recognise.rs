//! A message has no mark: it is known by how its first fields lie in each other. JSON names them.

use crate::read::{Head, Likeness};

/// The tag of a first field that is a message or a text.
const FIRST: u8 = 0x0a;
/// That of a second one.
const SECOND: u8 = 0x12;

/// Like OTLP if a resource with an attribute, or an empty one with profiles, comes first.
pub(super) fn recognise(head: &Head<'_>) -> Likeness {
    if !is_json(head) {
        return Likeness::shape(is_message(head));
    }
    let has = |words: &[u8]| head.contains(words);
    // The tables may come first, and be more than the head.
    let has_tables = has(b"\"dictionary\"") && (has(b"\"mappingTable\"") || has(b"\"stringTable\""));
    Likeness::mark(has(b"\"resourceProfiles\"") || has_tables)
}

/// Whether it can only be JSON: the first bytes of a message can be a line break and a bracket.
pub(super) fn is_json(head: &Head<'_>) -> bool {
    head.is_json() && !is_message(head)
}

fn is_message(head: &Head<'_>) -> bool {
    begins(head.bytes).is_some_and(|fits| fits)
}

fn begins(bytes: &[u8]) -> Option<bool> {
    let (whole, rest) = field(bytes, FIRST)?;
    if rest.first() == Some(&SECOND) {
        let (profiles, rest) = field(rest, SECOND)?;
        return Some(profiles <= whole && matches!(rest.first(), Some(&FIRST | &SECOND)));
    }
    let (resource, rest) = field(rest, FIRST)?;
    if resource == 0 {
        return Some(rest.first() == Some(&SECOND));
    }
    let (attribute, rest) = field(rest, FIRST)?;
    let (key, rest) = field(rest, FIRST)?;
    let key_text = rest.get(..usize::try_from(key).ok()?)?;
    let nested = key + 2 <= attribute && attribute < resource && resource < whole;
    Some(nested && key > 0 && key_text.iter().all(|byte| byte.is_ascii_graphic()))
}

/// The length of a field with this tag, and what follows the length.
fn field(bytes: &[u8], tag: u8) -> Option<(u64, &[u8])> {
    let mut rest = bytes.strip_prefix(&[tag])?;
    let mut length = 0_u64;
    for at in 0..5 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        length |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((length, rest));
        }
    }
    None
}
