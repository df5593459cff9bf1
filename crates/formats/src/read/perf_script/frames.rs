//! Frames by their lines: most lines of a text were there before.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use pyrometer_tables::schema::{Frame, Function};
use rustc_hash::FxBuildHasher;

use super::super::Builder;
use super::frame::{self, Code};

/// Bytes of lines that are kept; what else comes is taken apart each time.
const KEPT: usize = 256 << 20;

/// How many lines are noted by their addresses.
const PLACES: usize = 1 << 17;

/// Where a line that is kept begins.
pub(super) type LineId = u32;

/// What stands before a line that is kept.
#[derive(Clone, Copy, Debug)]
struct About {
    /// With its end.
    length: u32,
    /// Row of its frame.
    frame: i32,
    /// The line that came behind it the last time: a call has one caller as a rule.
    next: LineId,
}

/// Bytes of [`About`].
const ABOUT: usize = 12;

impl About {
    fn bytes(self) -> [u8; ABOUT] {
        let mut bytes = [0; ABOUT];
        bytes[..4].copy_from_slice(&self.length.to_ne_bytes());
        bytes[4..8].copy_from_slice(&self.frame.to_ne_bytes());
        bytes[8..].copy_from_slice(&self.next.to_ne_bytes());
        bytes
    }

    #[inline]
    fn of([a, b, c, d, e, f, g, h, i, j, k, l]: [u8; ABOUT]) -> Self {
        Self {
            length: u32::from_ne_bytes([a, b, c, d]),
            frame: i32::from_ne_bytes([e, f, g, h]),
            next: u32::from_ne_bytes([i, j, k, l]),
        }
    }
}

/// The rows of frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    lines: Lines,
    codes: Codes,
    /// Whether a line told its binary.
    pub(super) have_places: bool,
}

impl Frames {
    /// The frame whose line `text` begins with, if it does with one: the number of the line, if it has one, the row, and
    /// the length. `before` is the line before it.
    #[inline]
    pub(super) fn next(
        &mut self,
        before: Option<LineId>,
        text: &[u8],
        builder: &mut Builder,
    ) -> Option<(Option<LineId>, i32, usize)> {
        if let Some((line, frame, length)) = self.lines.guess(before, text) {
            return Some((Some(line), frame, length));
        }
        if let Some((line, frame, length)) = self.lines.recent(text) {
            self.lines.follow(before, Some(line));
            return Some((Some(line), frame, length));
        }
        if text.first() != Some(&b'\t') {
            return None;
        }
        let length = memchr::memchr(b'\n', text)? + 1;
        let bytes = &text[..length];
        let (line, frame) = match self.lines.find(bytes) {
            Some((line, frame)) => (Some(line), frame),
            None => {
                let frame = self.row(&frame::parse(bytes)?, builder);
                (self.lines.keep(bytes, frame), frame)
            }
        };
        self.lines.follow(before, line);
        self.lines.note(bytes, line);
        Some((line, frame, length))
    }

    /// The row of a place in code.
    pub(super) fn row(&mut self, code: &Code<'_>, builder: &mut Builder) -> i32 {
        if let Some(row) = self.codes.find(code) {
            return row;
        }
        let row = new_row(code, builder);
        self.have_places |= code.has_place();
        self.codes.keep(code, row);
        row
    }
}

fn new_row(code: &Code<'_>, builder: &mut Builder) -> i32 {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let binary = code.binary().map(|path| builder.binary(&text(path), None));
    let function = builder.function(Function { name: text(code.name), binary, ..Function::default() });
    builder.frame(Frame {
        function: Some(function),
        binary,
        inlined: code.is_inlined(),
        kind: code.kind().into(),
        ..Frame::default()
    })
}

/// Whole lines of frames.
#[derive(Debug, Default)]
struct Lines {
    /// All of them, one behind the other, each with what is known about it: what is needed together lies together.
    kept: Vec<u8>,
    by_text: HashTable<LineId>,
    /// The last line with each [`place`]: small enough for the cache, as the table of all is not.
    recent: Vec<LineId>,
}

impl Lines {
    /// The line that follows `before` as a rule, if `text` begins with it: its number, frame and length.
    #[inline]
    fn guess(&self, before: Option<LineId>, text: &[u8]) -> Option<(LineId, i32, usize)> {
        self.is_it(self.about(before?)?.next, text)
    }

    /// The same of the last line whose address has the same place as that of `text`.
    #[inline]
    fn recent(&self, text: &[u8]) -> Option<(LineId, i32, usize)> {
        self.is_it(*self.recent.get(place(text)?)?, text)
    }

    #[inline]
    fn is_it(&self, line: LineId, text: &[u8]) -> Option<(LineId, i32, usize)> {
        let about = self.about(line)?;
        text.starts_with(self.text(line, about)).then_some((line, about.frame, about.length as usize))
    }

    /// Notes the last line with its place.
    fn note(&mut self, text: &[u8], line: Option<LineId>) {
        if let (Some(place), Some(line)) = (place(text), line) {
            self.recent.resize(PLACES, 0);
            self.recent[place] = line;
        }
    }

    #[inline]
    fn about(&self, line: LineId) -> Option<About> {
        self.kept.get(line as usize..)?.first_chunk().copied().map(About::of)
    }

    #[inline]
    fn text(&self, line: LineId, about: About) -> &[u8] {
        &self.kept[line as usize + ABOUT..][..about.length as usize]
    }

    /// A line that is kept, and its frame.
    #[inline]
    fn find(&self, line: &[u8]) -> Option<(LineId, i32)> {
        let is_it = |id: &LineId| self.about(*id).is_some_and(|about| self.text(*id, about) == line);
        let found = *self.by_text.find(FxBuildHasher.hash_one(line), is_it)?;
        Some((found, self.about(found)?.frame))
    }

    /// Keeps a line that is not, if there is room.
    fn keep(&mut self, line: &[u8], frame: i32) -> Option<LineId> {
        if self.kept.len() + line.len() > KEPT {
            return None;
        }
        let id = self.kept.len() as LineId;
        let about = About { length: line.len() as u32, frame, next: id };
        self.kept.extend_from_slice(&about.bytes());
        self.kept.extend_from_slice(line);
        let kept = &self.kept;
        let hash_of = |id: &LineId| {
            let after = kept.get(*id as usize..).unwrap_or_default();
            let length = after.first_chunk().map_or(0, |about| About::of(*about).length as usize);
            FxBuildHasher.hash_one(&after[ABOUT..ABOUT + length])
        };
        self.by_text.insert_unique(FxBuildHasher.hash_one(line), id, hash_of);
        Some(id)
    }

    /// Notes which line came behind another.
    #[inline]
    fn follow(&mut self, before: Option<LineId>, next: Option<LineId>) {
        if let (Some(before), Some(next)) = (before, next) {
            let about = before as usize..before as usize + ABOUT;
            self.kept[about][8..].copy_from_slice(&next.to_ne_bytes());
        }
    }
}

/// Where a line is noted, told from its address: a tab and sixteen characters.
#[inline]
fn place(text: &[u8]) -> Option<usize> {
    let (high, low) = (text.get(1..9)?.first_chunk()?, text.get(9..17)?.first_chunk()?);
    let mixed = u64::from_ne_bytes(*high).rotate_left(5) ^ u64::from_ne_bytes(*low);
    Some((mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % PLACES)
}

/// Frames by what stands behind their address: a function is called from many.
#[derive(Debug, Default)]
struct Codes {
    /// Name and place behind each other, the length of the name, and the row of the frame.
    codes: Vec<(Box<[u8]>, usize, i32)>,
    by_text: HashTable<u32>,
}

impl Codes {
    fn find(&self, code: &Code<'_>) -> Option<i32> {
        let is_it = |at: &u32| {
            let (text, length, _) = &self.codes[*at as usize];
            *length == code.name.len() && text[..*length] == *code.name && text[*length..] == *code.place
        };
        self.by_text.find(hash(code.name, code.place), is_it).map(|at| self.codes[*at as usize].2)
    }

    /// Keeps one that is not kept.
    fn keep(&mut self, code: &Code<'_>, frame: i32) {
        let at = self.codes.len() as u32;
        self.codes.push(([code.name, code.place].concat().into(), code.name.len(), frame));
        let codes = &self.codes;
        let hash_of = |at: &u32| {
            let (text, length, _) = &codes[*at as usize];
            hash(&text[..*length], &text[*length..])
        };
        self.by_text.insert_unique(hash(code.name, code.place), at, hash_of);
    }
}

fn hash(name: &[u8], place: &[u8]) -> u64 {
    FxBuildHasher.hash_one((name, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_guessed_by_the_one_before() {
        let mut lines = Lines::default();
        let (one, two) = (lines.keep(b"\t1 a (b)\n", 7), lines.keep(b"\t2 b (b)\n", 8));
        assert_eq!(lines.guess(one, b"\t2 b (b)\n\n"), None);
        lines.follow(one, two);
        assert_eq!(lines.guess(one, b"\t2 b (b)\n\n"), two.map(|two| (two, 8, 9)));
        assert_eq!(lines.guess(one, b"\t2 b (b)"), None);
        assert_eq!(lines.find(b"\t1 a (b)\n"), Some((0, 7)));
        assert_eq!(lines.find(b"\t3 a (b)\n"), None);
    }

    #[test]
    fn a_code_is_its_name_and_its_place() {
        let mut codes = Codes::default();
        codes.keep(&Code { name: b"ab", place: b"c" }, 1);
        codes.keep(&Code { name: b"a", place: b"bc" }, 2);
        assert_eq!(codes.find(&Code { name: b"ab", place: b"c" }), Some(1));
        assert_eq!(codes.find(&Code { name: b"a", place: b"bc" }), Some(2));
        assert_eq!(codes.find(&Code { name: b"", place: b"abc" }), None);
    }
}
