//! How long the text becomes that inferno's collapsers make.
//!
//! They write each stack with all of its names, so that a file can refer to one long name a million times. They also
//! hold all of the text before the first byte of it is written: how long it is must be known before.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use rustc_hash::FxHashMap;

/// How long it may be whatever the file's size, in bytes.
const ALWAYS: u64 = 256 << 20;
/// How many times as long as the file beyond that: real trees of calls become twenty times as long at most.
const RATIO: u64 = 64;

/// Whether a file of `size` bytes becomes no longer than real ones do.
pub(super) fn is_plausible(expanded: u64, size: usize) -> bool {
    expanded <= ALWAYS.saturating_add(RATIO.saturating_mul(size as u64))
}

/// Of a tree with a call a line that stands further in than its caller: the bytes of each line and of all above it.
pub(super) fn of_tree(text: &[u8], indents: &[u8]) -> u64 {
    // Callers with their indentation and length; the sum of those lengths.
    let (mut callers, mut above) = (Vec::<(usize, u64)>::new(), 0);
    let mut expanded = 0_u64;
    for line in text.split(|byte| *byte == b'\n') {
        let length = line.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
        if length == 0 {
            continue;
        }
        let indent = line.iter().take_while(|byte| indents.contains(byte)).count();
        while let Some((_, length)) = callers.pop_if(|(at, _)| *at >= indent) {
            above -= length;
        }
        let own = length.saturating_sub(indent) as u64;
        callers.push((indent, own));
        above += own;
        expanded = expanded.saturating_add(above);
    }
    expanded
}

/// What `str::trim_end` takes away.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Of frames that have a name, or refer to one that had: the bytes of all these names.
pub(super) fn of_frames(xml: &[u8]) -> u64 {
    let mut reader = Reader::from_reader(xml);
    let mut names = FxHashMap::default();
    let mut expanded = 0_u64;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) if tag.name().as_ref() == b"frame" => {
                expanded = expanded.saturating_add(name_of(&tag, &mut names));
            }
            // What is no XML is said by the collapser.
            Ok(Event::Eof) | Err(_) => return expanded,
            Ok(_) => {}
        }
    }
}

/// How long the name of a frame is, which is kept by its id.
fn name_of(frame: &BytesStart<'_>, names: &mut FxHashMap<u64, u64>) -> u64 {
    let attribute = |key: &[u8]| frame.attributes().flatten().find(|one| one.key.as_ref() == key);
    let number = |key: &[u8]| std::str::from_utf8(&attribute(key)?.value).ok()?.parse::<u64>().ok();
    let own = attribute(b"name").map_or(0, |name| name.value.len() as u64);
    if let Some(id) = number(b"id") {
        names.entry(id).or_insert(own);
    }
    let other = number(b"ref").and_then(|id| names.get(&id));
    own.max(other.copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_all_above_it() {
        let text = b"  root\n    ab\n\n \x0b\n      c\n    d\n  e\n";
        assert_eq!(of_tree(text, b" "), 4 + (4 + 2) + (4 + 2 + 1) + (4 + 1) + 1);
        assert_eq!(of_tree(b"  + ! root\n  +   ab\n", b" +!"), 4 + 2);
    }

    #[test]
    fn a_frame_has_the_name_that_it_refers_to() {
        let xml = br#"<a><frame name='f">g' id="4"></frame><frame ref="+04"/><frame ref="5"/><!-- <frame name="x"/> -->
            <frame name="other" ref="4" id="6"/><frame id="4" name=""/><frame ref="4"/></a>"#;
        assert_eq!(of_frames(xml), 4 + 4 + 5 + 4);
        assert_eq!(of_frames(b"<frame name='a'/><frame"), 1);
    }
}
