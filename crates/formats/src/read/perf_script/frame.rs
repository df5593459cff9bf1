//! The line of a frame.

/// A place in code, as the text names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code<'a> {
    /// The function, or what stands for one without a name.
    pub(super) name: &'a [u8],
    /// What stands in brackets: the path of the binary, or a word in place of one. Empty where nothing does.
    pub(super) place: &'a [u8],
}

impl<'a> Code<'a> {
    /// None for an inlined function, which lies in the binary of its caller.
    pub(super) fn binary(&self) -> Option<&'a [u8]> {
        (self.has_place() && self.place != b"[unknown]").then_some(self.place)
    }

    /// Whether the line tells the binary, or that it is not known.
    pub(super) fn has_place(&self) -> bool {
        !self.is_inlined() && !self.place.is_empty()
    }

    pub(super) fn is_inlined(&self) -> bool {
        self.place == b"inlined"
    }

    pub(super) fn kind(&self) -> &'static str {
        kind(self.name, self.place)
    }
}

/// `ADDRESS FUNCTION+OFFSET (BINARY)`; none if the line is none.
pub(super) fn parse(line: &[u8]) -> Option<Code<'_>> {
    let rest = behind_address(line)?;
    let inside = rest.strip_suffix(b")")?;
    let open = last_bracket(inside)?;
    let name = without_offset(rest[..open].trim_ascii());
    Some(Code { name, place: &inside[open + 2..] })
}

/// `ADDRESS FUNCTION+OFFSET`, as a function that is inlined is written before its line (`-F +srcline`), and all are
/// without `-F dso`.
pub(super) fn parse_bare(line: &[u8]) -> Option<Code<'_>> {
    let name = without_offset(behind_address(line)?);
    (!name.is_empty()).then_some(Code { name, place: b"" })
}

fn behind_address(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let address = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    Some(line[address..].strip_prefix(b" ")?.trim_ascii_start())
}

/// Where the last ` (` is.
fn last_bracket(text: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b'(', text).find(|at| *at > 0 && text[at - 1] == b' ').map(|at| at - 1)
}

/// The function without `+0x1d`.
fn without_offset(name: &[u8]) -> &[u8] {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 {
        return name;
    }
    name[..name.len() - digits].strip_suffix(b"+0x").unwrap_or(name)
}

fn kind(name: &[u8], place: &[u8]) -> &'static str {
    let is_module = place.starts_with(b"[")
        && !matches!(place, b"[vdso]" | b"[vsyscall]" | b"[unknown]" | b"[heap]" | b"[stack]");
    let is_generated =
        place.ends_with(b".map") || place.starts_with(b"[JIT]") || place.starts_with(b"//anon");
    if is_generated {
        "jit"
    } else if is_module
        || place.ends_with(b".ko")
        || place.ends_with(b"vmlinux")
        || memchr::memmem::find(place, b".ko.").is_some()
    {
        "kernel"
    } else if place == b"[unknown]" && name == b"[unknown]" {
        "unknown"
    } else {
        "native"
    }
}

/// The line below a frame, as `-F +srcline` writes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Source<'a> {
    /// None where no debug info tells it.
    pub(super) file: Option<&'a [u8]>,
    pub(super) line: Option<i32>,
    pub(super) is_inlined: bool,
}

/// `  src/main.rs:12`, `  main.c:3 (inlined)`; where nothing is known `  ??:0`, `  main+5`, `  [kernel.kallsyms][ff81]`.
pub(super) fn source(line: &[u8]) -> Option<Source<'_>> {
    if !line.starts_with(b" ") {
        return None;
    }
    let line = line.trim_ascii();
    let plain = line.strip_suffix(b" (inlined)");
    let is_inlined = plain.is_some();
    let place = plain.unwrap_or(line);
    if let Some((file, number)) = file_and_line(place) {
        let file = Some(file).filter(|file| !file.is_empty() && *file != b"??");
        return Some(Source { file, line: file.and(Some(number)).filter(|line| *line > 0), is_inlined });
    }
    is_address(place).then_some(Source { is_inlined, ..Source::default() })
}

fn file_and_line(place: &[u8]) -> Option<(&[u8], i32)> {
    let at = memchr::memrchr(b':', place)?;
    let digits = &place[at + 1..];
    let fits = (1..=9).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    fits.then(|| (&place[..at], digits.iter().fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'))))
}

/// `BINARY[ADDRESS]` or `FUNCTION+OFFSET`.
fn is_address(place: &[u8]) -> bool {
    let ends = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let behind = |text: &[u8], mark| memchr::memrchr(mark, text).is_some_and(|at| ends(&text[at + 1..]));
    place.strip_suffix(b"]").is_some_and(|place| behind(place, b'[')) || behind(place, b'+')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &str) -> Option<(String, String, &'static str)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found = parse(line.as_bytes());
        found.map(|code| (text(code.name), text(code.binary().unwrap_or_default()), code.kind()))
    }

    #[test]
    fn frames_have_a_name_and_a_binary() {
        assert_eq!(
            code("\t    55d0c0de foo(int) const+0x1d (/usr/bin/a b)"),
            Some(("foo(int) const".into(), "/usr/bin/a b".into(), "native"))
        );
        assert_eq!(
            code("\tffff81 do_x ([kernel.kallsyms])"),
            Some(("do_x".into(), "[kernel.kallsyms]".into(), "kernel"))
        );
        assert_eq!(code("\t7f [unknown] ([unknown])"), Some(("[unknown]".into(), String::new(), "unknown")));
        assert_eq!(code("\t7f x (inlined)"), Some(("x".into(), String::new(), "native")));
        assert_eq!(
            code("\t7f py::f:/a.py (/tmp/perf-12.map)"),
            Some(("py::f:/a.py".into(), "/tmp/perf-12.map".into(), "jit"))
        );
        assert_eq!(
            code("\t7f f(a (b))+0x1+0xab (/c(d))"),
            Some(("f(a (b))+0x1".into(), "/c(d)".into(), "native"))
        );
        assert_eq!(code("\t7f 0xab (/c)"), Some(("0xab".into(), "/c".into(), "native")));
        assert_eq!(code("no frame"), None);
        assert_eq!(code("\t7f x+0x1"), None);
        let bare = parse_bare(b"\t  7f operator new+0x1").unwrap();
        assert_eq!((bare.name, bare.binary(), bare.kind()), (&b"operator new"[..], None, "native"));
        assert_eq!(parse_bare(b"\t7f "), None);
    }

    #[test]
    fn places_in_the_source_are_indented() {
        let at = |file: &'static str, line| Source {
            file: Some(file.as_bytes()),
            line: Some(line),
            is_inlined: false,
        };
        assert_eq!(source(b"  src/main.rs:12"), Some(at("src/main.rs", 12)));
        assert_eq!(source(b"  a b.c:3 (inlined)"), Some(Source { is_inlined: true, ..at("a b.c", 3) }));
        for nowhere in
            ["  ??:0", "  :0", "  main+5", "  [kernel.kallsyms][ffffffff81362142]", "  libc.so.6[1f]"]
        {
            assert_eq!(source(nowhere.as_bytes()), Some(Source::default()), "{nowhere}");
        }
        for none in ["src/main.rs:12", "  main", "  a:b", "  x[y]", ""] {
            assert_eq!(source(none.as_bytes()), None, "{none}");
        }
    }
}
