//! What a file begins with, and how much that looks like a format.

/// How much a file looks like a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// Not at all.
    None,
    /// It could be read as this, as almost any text could be.
    Possible,
    /// It has the shape of this format, which has no mark of its own.
    Shape,
    /// It has the mark that only this format has.
    Mark,
}

impl Likeness {
    /// A mark that is there or not.
    #[must_use]
    pub fn mark(there: bool) -> Self {
        if there { Self::Mark } else { Self::None }
    }

    /// A shape that fits or not.
    #[must_use]
    pub fn shape(fits: bool) -> Self {
        if fits { Self::Shape } else { Self::None }
    }
}

/// The first bytes of a file, unpacked.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// At most [`super::input::HEAD`] bytes.
    pub bytes: &'a [u8],
    /// Whether the file ends with them.
    pub whole: bool,
}

impl<'a> Head<'a> {
    /// The lines that are whole, without their ends, also of Windows.
    pub fn lines(&self) -> impl Iterator<Item = &'a [u8]> {
        let whole = self.whole;
        let mut parts = self.bytes.split(|byte| *byte == b'\n').peekable();
        std::iter::from_fn(move || {
            let line = parts.next()?;
            let cut = parts.peek().is_none() && (!whole || line.is_empty());
            (!cut).then(|| line.strip_suffix(b"\r").unwrap_or(line))
        })
    }

    /// Whether the bytes stand somewhere in it.
    #[must_use]
    pub fn contains(&self, bytes: &[u8]) -> bool {
        memchr::memmem::find(self.bytes, bytes).is_some()
    }

    /// Whether it begins with `{` or `[`, after white space.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self.bytes.trim_ascii_start().first(), Some(b'{' | b'['))
    }
}
