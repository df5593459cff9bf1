//! JSON that ends too early: what of it is whole.
//!
//! A text that is cut may have been cut anywhere. What is whole is what stands before the last value that is complete of a
//! list of the file's: of events, of threads, of profiles. One that was cut within is left out, for what it lacks may be
//! anything, its thread for instance.

/// The text up to a value that is complete, with what was open around it closed.
pub(super) struct Part {
    pub(super) text: Vec<u8>,
    /// Where in the original text it was cut.
    pub(super) end: usize,
}

/// The parts of a text that is cut, the longest first.
pub(super) fn parts(text: &[u8]) -> impl Iterator<Item = Part> {
    let open = open_at_end(text);
    // The file itself, and if it is an object the list among its members that was open.
    let is_list =
        |bracket: Option<&Open>, list: bool| bracket.is_some_and(|open| (open.close == b']') == list);
    let has_list = is_list(open.first(), false) && is_list(open.get(1), true);
    let depth = if has_list { 2 } else { open.len().min(1) };
    let closed = move |count: usize| {
        let end = open[count - 1].complete;
        let brackets = open[..count].iter().rev().map(|each| each.close);
        Part { text: text[..end].iter().copied().chain(brackets).collect(), end }
    };
    (1..=depth).rev().map(closed)
}

/// A list or an object that has no end.
struct Open {
    close: u8,
    /// Behind its last value that is complete, or behind its beginning.
    complete: usize,
}

fn open_at_end(text: &[u8]) -> Vec<Open> {
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' => at = end_of_string(text, at + 1),
            opening @ (b'[' | b'{') => {
                open.push(Open { close: if opening == b'[' { b']' } else { b'}' }, complete: at + 1 })
            }
            b']' | b'}' => {
                open.pop();
                if let Some(around) = open.last_mut() {
                    around.complete = at + 1;
                }
            }
            b',' => {
                if let Some(around) = open.last_mut() {
                    around.complete = at;
                }
            }
            _ => {}
        }
        at += 1;
    }
    open
}

/// Where the quote stands that ends a string; the end of the text if none does.
fn end_of_string(text: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        let Some(found) = memchr::memchr2(b'"', b'\\', &text[at.min(text.len())..]) else {
            return text.len();
        };
        let found = at + found;
        if text[found] == b'"' {
            return found;
        }
        at = found + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        parts(text.as_bytes()).map(|part| String::from_utf8(part.text).unwrap()).collect()
    }

    #[test]
    fn what_is_open_is_closed_behind_the_last_value_that_is_complete() {
        assert_eq!(
            all(r#"{"a":1,"list":[{"b":[1,2],"c":"x]\"},"},{"b":[3,4"#),
            [r#"{"a":1,"list":[{"b":[1,2],"c":"x]\"},"}]}"#, r#"{"a":1}"#,]
        );
        assert_eq!(all(r#"{"a":1,"table":{"b":[1,2],"c":[3"#), [r#"{"a":1}"#]);
        assert_eq!(all(r#"[{"a":1},{"b":2,"c":"cut \"#), [r#"[{"a":1}]"#]);
        assert_eq!(all("[1]"), [""; 0]);
        assert_eq!(all(&"[".repeat(1000)), ["[]"]);
    }
}
