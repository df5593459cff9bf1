//! Places in code as Valgrind writes them: `0x1092C6: main (p.c:26)`, `0x48417B4: malloc (in /usr/lib/x.so)`.

use pyrometer_tables::schema::{Frame, FrameKind, Function};
use rustc_hash::FxHashMap;

use super::Builder;
use super::numbers::hexadecimal;

/// As Valgrind writes a function that it does not know.
pub(super) const UNKNOWN: &str = "???";

/// A place, as far as its text tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TextPlace<'a> {
    /// Whether it is code, rather than a marker.
    pub(super) is_code: bool,
    /// None where code has none, which is written as 0.
    pub(super) address: Option<i64>,
    pub(super) function: &'a str,
    pub(super) file: Option<&'a str>,
    pub(super) line: Option<i32>,
    pub(super) column: Option<i32>,
    /// Path of the binary, where there is no line.
    pub(super) binary: Option<&'a str>,
    /// Whether the address is one of the binary's own, so that more can be found there.
    pub(super) is_own_address: bool,
}

impl<'a> TextPlace<'a> {
    /// Takes a text apart. What has no address is all a name.
    pub(super) fn parse(text: &'a str) -> Self {
        let Some((address, rest)) = address(text) else {
            return Self { function: text, ..Self::default() };
        };
        let address = Some(address).filter(|address| *address != 0);
        let plain = Self { is_code: true, address, function: rest, ..Self::default() };
        let in_binary =
            rest.rsplit_once(" (in ").and_then(|(name, path)| Some((name, path.strip_suffix(')')?)));
        if let Some((function, path)) = in_binary {
            return Self { function, binary: Some(path), ..plain };
        }
        let at_line = rest.strip_suffix(')').and_then(|rest| rest.rsplit_once(" ("));
        at_line.and_then(|(function, place)| plain.at_line(function, place)).unwrap_or(plain)
    }

    /// With `file:line` or `file:line:column`.
    fn at_line(self, function: &'a str, place: &'a str) -> Option<Self> {
        let (file, last) = place.rsplit_once(':')?;
        let last = last.parse().ok()?;
        let before = file.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?)));
        let (file, line, column) = match before {
            Some((file, line)) => (file, line, Some(last)),
            None => (file, last, None),
        };
        let known = |number: &i32| *number > 0;
        let (line, column) = (Some(line).filter(known), column.filter(known));
        Some(Self { function, file: Some(file).filter(|file| *file != "???"), line, column, ..self })
    }

    /// The row of its frame. Where it is not known where the binary was loaded, the address belongs to none.
    pub(super) fn frame(&self, builder: &mut Builder, inlined: bool) -> i32 {
        let binary = self.binary.map(|path| builder.binary(path, None));
        let file = self.file.map(Into::into);
        let function = Function { name: self.function.to_owned(), binary, ..Function::default() };
        // What is known is where it is: views name it by that.
        let is_nameless = self.is_own_address && self.function == UNKNOWN;
        let function = (!is_nameless).then(|| builder.function(function));
        let kind = if self.is_code { FrameKind::Native } else { FrameKind::Unknown };
        let (line, column, address) = (self.line, self.column, self.address);
        let binary = binary.filter(|_| self.is_own_address);
        builder.frame(Frame { function, file, line, column, address, binary, inlined, kind })
    }
}

/// `0x1092C6: ` and what follows.
fn address(text: &str) -> Option<(i64, &str)> {
    let (address, rest) = hexadecimal(text.strip_prefix("0x")?.as_bytes())?;
    let rest = rest.strip_prefix(b":")?;
    let rest = &text[text.len() - rest.len()..];
    Some((address.cast_signed(), rest.strip_prefix(' ').unwrap_or(rest)))
}

/// Finds the frames of stacks that are inlined into the next: those at the same address.
#[derive(Debug, Default)]
pub(super) struct Inlining {
    /// For each frame, the last call that it was in.
    calls: FxHashMap<u32, u64>,
    call: u64,
}

impl Inlining {
    /// Which frames of a stack, innermost first, are inlined. A frame that comes again at the same address is a call
    /// of its own: a recursion from one place.
    pub(super) fn mark(&mut self, stack: impl IntoIterator<Item = (Option<i64>, u32)>) -> Vec<bool> {
        let mut inlined: Vec<bool> = Vec::new();
        let mut inner = None;
        for (address, frame) in stack {
            let continues = inner.is_some() && inner == address && self.is_new(frame);
            if let Some(last) = inlined.last_mut() {
                *last = continues;
            }
            if !continues {
                self.call += 1;
                self.is_new(frame);
            }
            inlined.push(false);
            inner = address;
        }
        inlined
    }

    /// Whether the frame was not in this call; now it is.
    fn is_new(&mut self, frame: u32) -> bool {
        self.calls.insert(frame, self.call) != Some(self.call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_a_place_is_taken_apart() {
        let at = |address| TextPlace { is_code: true, address: Some(address), ..TextPlace::default() };
        let cases = [
            (
                "0x1092C6: main (p.c:26)",
                TextPlace { function: "main", file: Some("p.c"), line: Some(26), ..at(0x1092c6) },
            ),
            (
                "0x5f: a::b<c (d)> (src/lib.rs:3:14)",
                TextPlace {
                    function: "a::b<c (d)>",
                    file: Some("src/lib.rs"),
                    line: Some(3),
                    column: Some(14),
                    ..at(0x5f)
                },
            ),
            (
                "0x48: operator new(unsigned long) (in /usr/lib/x (y).so)",
                TextPlace {
                    function: "operator new(unsigned long)",
                    binary: Some("/usr/lib/x (y).so"),
                    ..at(0x48)
                },
            ),
            (
                "0x48: (below main) (in /x)",
                TextPlace { function: "(below main)", binary: Some("/x"), ..at(0x48) },
            ),
            ("0x48: ???", TextPlace { function: "???", ..at(0x48) }),
            ("0x48: f(int)", TextPlace { function: "f(int)", ..at(0x48) }),
            ("[root]", TextPlace { function: "[root]", ..TextPlace::default() }),
        ];
        for (text, expected) in cases {
            assert_eq!(TextPlace::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_recursion_from_one_place_is_no_inlined_call() {
        let stack =
            [(Some(5), 25), (Some(5), 26), (Some(5), 25), (Some(5), 26), (Some(7), 1), (None, 2), (None, 3)];
        let mut inlining = Inlining::default();
        inlining.mark(stack);
        let inlined = inlining.mark(stack);
        assert_eq!(inlined, [true, false, true, false, false, false, false]);
    }
}
