//! Cutting demangled text outside of its brackets.
//!
//! Constraint: any text is taken; brackets that do not pair end with the text.

/// Walks over characters and knows which stand in no bracket.
struct Depth {
    open: usize,
    previous: u8,
}

impl Depth {
    fn new() -> Self {
        Depth { open: 0, previous: b' ' }
    }

    /// Whether `byte`, the next one, stands outside of all brackets and is none.
    fn is_outside(&mut self, byte: u8) -> bool {
        let opens = matches!(byte, b'<' | b'(' | b'[' | b'{');
        // `->` of a function type closes nothing.
        let closes = matches!(byte, b'>' | b')' | b']' | b'}') && !(byte == b'>' && self.previous == b'-');
        self.previous = byte;
        if closes {
            self.open = self.open.saturating_sub(1);
        }
        let outside = self.open == 0 && !opens && !closes;
        self.open += usize::from(opens);
        outside
    }
}

/// The length of the bracket that `text` starts with, to its end; none if nothing closes it.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut depth = Depth::new();
    text.bytes().enumerate().find_map(|(at, byte)| {
        depth.is_outside(byte);
        (depth.open == 0).then_some(at + 1)
    })
}

/// What stands before and after the first `separator` outside brackets.
pub(super) fn split_outside<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let mut depth = Depth::new();
    let at = text.bytes().enumerate().find_map(|(at, byte)| {
        (depth.is_outside(byte) && text.as_bytes()[at..].starts_with(separator.as_bytes())).then_some(at)
    })?;
    Some((&text[..at], &text[at + separator.len()..]))
}

/// The parts between the `::` outside brackets. What follows `operator` is one part.
pub(super) fn split_path(text: &str) -> impl Iterator<Item = &str> {
    split(text, "::", true)
}

/// The arguments of `<A, B>`.
pub(super) fn split_arguments(bracket: &str) -> impl Iterator<Item = &str> {
    let inside = bracket.strip_prefix('<').unwrap_or(bracket);
    let inside = closing(bracket).map_or(inside, |end| bracket.get(1..end - 1).unwrap_or_default());
    split(inside, ",", false).map(str::trim).filter(|argument| !argument.is_empty())
}

fn split<'t>(text: &'t str, separator: &'static str, operators: bool) -> impl Iterator<Item = &'t str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let whole = rest?;
        if operators && is_operator(whole) {
            rest = None;
            return Some(whole);
        }
        match split_outside(whole, separator) {
            Some((part, after)) => {
                rest = Some(after);
                Some(part)
            }
            None => rest.take(),
        }
    })
}

fn is_operator(part: &str) -> bool {
    part.strip_prefix("operator")
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
}
