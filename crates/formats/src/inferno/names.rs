//! What frames and commands are in a line: no text, one, or several.

use std::borrow::Cow;

use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::{Frame, Tables};
use rustc_hash::FxHashMap;

/// How names in brackets of what has none begin.
const UNKNOWN: &str = "[unknown]";
/// Length of the hash at the end of Rust's names, with its `h`.
const HASH: usize = 17;

/// Texts, each once, and lists of them: first one for each row of `frames`, then others as they are needed.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) texts: Vec<String>,
    numbers: FxHashMap<String, u32>,
    /// The lists behind each other, as numbers of texts.
    parts: Vec<u32>,
    /// Where each list ends.
    ends: Vec<usize>,
    frames: u32,
    /// The first list of those of frames in Java.
    java: Option<u32>,
}

impl Names {
    pub(super) fn of_frames(tables: &Tables, as_written: bool) -> Self {
        let mut names = Self::default();
        for frame in &tables.frames {
            names.push(frame_parts(tables, frame, as_written));
        }
        names.frames = names.ends.len() as u32;
        names
    }

    /// The texts of a list, as numbers.
    pub(super) fn parts(&self, list: u32) -> &[u32] {
        let list = list as usize;
        let start = list.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.parts[start..self.ends[list]]
    }

    /// The list of a row of `frames` where the command is Java.
    pub(super) fn in_java(&mut self, frame: u32) -> u32 {
        let first = match self.java {
            Some(first) => first,
            None => self.name_classes(),
        };
        first + frame
    }

    fn name_classes(&mut self) -> u32 {
        let first = self.ends.len() as u32;
        for frame in 0..self.frames {
            let parts =
                self.parts(frame).iter().map(|text| class_name(&self.texts[*text as usize]).to_owned());
            self.push(parts.collect::<Vec<_>>());
        }
        self.java = Some(first);
        first
    }

    /// The list of a command. What `;` parts are texts of their own: none holds one.
    pub(super) fn add_command(&mut self, command: &str) -> u32 {
        self.push(command.split(';').map(str::to_owned))
    }

    fn push(&mut self, texts: impl IntoIterator<Item = String>) -> u32 {
        for text in texts {
            let text = in_one_line(text);
            let number = match self.numbers.get(&text) {
                Some(number) => *number,
                None => self.number(text),
            };
            self.parts.push(number);
        }
        self.ends.push(self.parts.len());
        (self.ends.len() - 1) as u32
    }

    fn number(&mut self, text: String) -> u32 {
        let number = self.texts.len() as u32;
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }
}

/// No name of perf's has an end of a line, but those of other tools may.
fn in_one_line(text: String) -> String {
    if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text }
}

/// What a frame is in a line: nothing, a name, or several.
fn frame_parts(tables: &Tables, frame: &Frame, as_written: bool) -> Vec<String> {
    let function = frame.function.map(|row| &tables.functions[row as usize]);
    let linkage =
        function.map(|function| function.linkage_name.as_str()).filter(|name| as_written && !name.is_empty());
    let name = linkage.map_or_else(|| frame_name(tables, frame), Cow::Borrowed);
    if is_left_out(&name) {
        return Vec::new();
    }
    let binary = frame.binary.map(|row| tables.binaries[row as usize].path.as_str());
    let parts = without_hash(&name).split("->");
    parts.enumerate().map(|(at, part)| mark(tidy(part, binary), at > 0)).collect()
}

/// Whether a frame of this name stands in no line.
pub(super) fn is_left_out(name: &str) -> bool {
    name.starts_with('(')
}

/// `org/x/Y` of `Lorg/x/Y`, as Java's classes are named.
fn class_name(name: &str) -> &str {
    name.strip_prefix('L').filter(|name| name.contains('/')).unwrap_or(name)
}

fn mark(mut name: String, is_inlined: bool) -> String {
    if is_inlined && !name.contains("_[i]") {
        name.push_str("_[i]");
    }
    name
}

/// Rust's name without its hash.
fn without_hash(name: &str) -> &str {
    let at = name.len().checked_sub(HASH + 2).filter(|at| name.is_char_boundary(*at));
    let Some((before, hash)) = at.map(|at| name.split_at(at)) else { return name };
    let is_hash =
        hash.strip_prefix("::h").is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_hash { before } else { name }
}

/// A name without parameters; the binary in place of one that is not known.
fn tidy(name: &str, binary: Option<&str>) -> String {
    let name = match (name, binary) {
        (UNKNOWN, Some(path)) => Cow::Owned(format!("[{}]", path.rsplit('/').next().unwrap_or(path))),
        _ => Cow::Borrowed(name),
    };
    name[..parameters(&name)].replace(';', ":")
}

/// Where the parameters begin: at the first bracket outside of all others, unless it is one of Go's `.(*Type)` or an
/// anonymous namespace.
fn parameters(name: &str) -> usize {
    let mut depth = 0_i64;
    let mut before = ' ';
    for (at, character) in name.char_indices() {
        match character {
            '(' if depth == 0 && before != '.' && !name[at..].starts_with("(anonymous namespace)") => {
                return at;
            }
            '<' | '{' | '[' | '(' => depth += 1,
            '>' | '}' | ']' | ')' => depth -= 1,
            _ => {}
        }
        before = character;
    }
    name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_cut_off() {
        for (name, tidied) in [
            ("go/build.(*importReader).readByte", "go/build.(*importReader).readByte"),
            ("f<Vec<usize>>(Vec<usize>) const", "f<Vec<usize>>"),
            ("std::function<void (int)>::operator()(int) const", "std::function<void (int)>::operator"),
            ("(anonymous namespace)::f(int)", "(anonymous namespace)::f"),
            ("a;b", "a:b"),
            ("[unknown]", "[libc.so.6]"),
        ] {
            assert_eq!(tidy(name, Some("/lib/libc.so.6")), tidied);
        }
        assert_eq!(tidy("[unknown]", None), "[unknown]");
    }

    #[test]
    fn hashes_of_rust_are_cut_off() {
        assert_eq!(without_hash("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(without_hash("a::b::h0123456789abcdeg"), "a::b::h0123456789abcdeg");
        assert_eq!(without_hash("ä"), "ä");
    }

    #[test]
    fn a_command_is_as_many_texts_as_it_looks_like() {
        let mut names = Names::default();
        let list = names.add_command("a;;b");
        let texts: Vec<_> =
            names.parts(list).iter().map(|text| names.texts[*text as usize].as_str()).collect();
        assert_eq!(texts, ["a", "", "b"]);
    }
}
