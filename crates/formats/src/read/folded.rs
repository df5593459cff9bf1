//! Folded stacks: `root;caller;leaf 42`, a line a stack; `#` begins a comment.
//!
//! The number is taken for a number of samples: the format has no place for a unit. A second number, as differential
//! flame graphs have, is another metric. Suffixes that the collapsers put behind names (`_[k]`, `_[j]`, `_[i]`) say
//! what kind of frame it is.

use pyrometer_tables::schema::Metric;
use rustc_hash::FxHashMap;

use super::by_line::{ByLine, read_by_line};
use super::{Builder, Format, Head, Input, Likeness, Line};
use crate::error::Result;

pub(super) const FORMAT: Format =
    Format { name: "folded", title: "folded stacks (flamegraph.pl, inferno)", recognise, read };

/// Every text whose lines end in numbers could be this: of some lines all must.
const LINES: usize = 20;

/// What samples without a stack are in.
const NO_STACK: &[u8] = b"[no stack]";

fn recognise(head: &Head<'_>) -> Likeness {
    let mut lines = head.lines().filter(|line| !is_comment(line)).take(LINES).peekable();
    // A single stack may be longer than what is looked at.
    let is_deep = || !head.whole && head.contains(b";") && is_text(head.bytes);
    let fits = if lines.peek().is_some() {
        let mut stacks = 0;
        lines.all(|line| {
            let stack = parse(line).filter(|_| is_text(line)).map(|(stack, _)| stack);
            stacks += usize::from(stack.is_some_and(|stack| !stack.is_empty()));
            stack.is_some()
        }) && stacks > 0
    } else {
        is_deep()
    };
    if fits { Likeness::Possible } else { Likeness::None }
}

fn is_text(line: &[u8]) -> bool {
    line.iter().all(|byte| *byte >= b' ' || *byte == b'\t')
}

fn is_comment(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || line.starts_with(b"#")
}

/// A number of a line.
enum Number {
    Whole(i64),
    Fraction(f64),
}

/// What stands before the last number, and the number. Nothing stands before that of samples without a stack.
fn parse(line: &[u8]) -> Option<(&[u8], Number)> {
    let line = line.trim_ascii_end();
    let at = memchr::memrchr2(b' ', b'\t', line)?;
    Some((line[..at].trim_ascii_end(), number(&line[at + 1..])?))
}

fn number(text: &[u8]) -> Option<Number> {
    if text.is_empty() || !text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    text.parse().ok().map(Number::Whole).or_else(|| {
        let fraction = text.parse().ok().filter(|_| text.contains('.'))?;
        (fraction < i64::MAX as f64).then_some(Number::Fraction(fraction))
    })
}

pub(super) fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    let differential = is_differential(&input.head());
    read_by_line(input, &mut Reader::new(builder, differential))
}

/// Whether every line has two numbers. A frame may end in one by itself: of a single line nobody could tell.
fn is_differential(head: &Head<'_>) -> bool {
    let mut lines = head.lines().filter(|line| !is_comment(line)).peekable();
    lines.peek().is_some() && lines.all(|line| parse(line).is_some_and(|(rest, _)| parse(rest).is_some()))
}

struct Reader<'a> {
    builder: &'a mut Builder,
    /// Rows of the metrics: of the first number and of the second.
    metrics: Vec<i32>,
    thread: i32,
    /// Rows of frames by their text.
    frames: FxHashMap<Box<[u8]>, i32>,
}

impl ByLine for Reader<'_> {
    type Expected = &'static str;

    fn line(&mut self, line: &Line<'_>) -> std::result::Result<(), &'static str> {
        if is_comment(line.bytes) {
            return Ok(());
        }
        self.stack(line.bytes).ok_or("`frame;frame NUMBER`")
    }

    fn builder(&mut self) -> &mut Builder {
        self.builder
    }
}

impl<'a> Reader<'a> {
    fn new(builder: &'a mut Builder, differential: bool) -> Self {
        let names: &[&str] = if differential { &["samples-before", "samples"] } else { &["samples"] };
        let metrics = names.iter().map(|name| builder.metric(metric(name))).collect();
        let thread = builder.thread(0, 0, "");
        Self { builder, metrics, thread, frames: FxHashMap::default() }
    }

    /// None if the line is no stack with its numbers.
    fn stack(&mut self, line: &[u8]) -> Option<()> {
        let mut values = [0; 2];
        let mut stack = line;
        for value in values[..self.metrics.len()].iter_mut().rev() {
            let (before, number) = parse(stack)?;
            stack = before;
            *value = match number {
                Number::Whole(number) => number,
                Number::Fraction(number) => self.builder.whole(number)?,
            };
        }
        let mut node = None;
        let stack = if stack.is_empty() { NO_STACK } else { stack };
        for frame in stack.split(|byte| *byte == b';') {
            let frame = self.frame(frame);
            node = Some(self.builder.stack(node, frame));
        }
        for (metric, value) in self.metrics.iter().zip(values).filter(|(_, value)| *value > 0) {
            self.builder.add(node?, self.thread, *metric, value, value);
        }
        Some(())
    }

    fn frame(&mut self, text: &[u8]) -> i32 {
        if let Some(row) = self.frames.get(text) {
            return *row;
        }
        let (name, kind) = kind(text);
        let row = self.builder.name(&String::from_utf8_lossy(name), kind);
        self.frames.insert(text.into(), row);
        row
    }
}

/// The name without its suffix, and the kind of the frame.
fn kind(text: &[u8]) -> (&[u8], &'static str) {
    let suffixes: [(&[u8], &str); 3] = [(b"_[k]", "kernel"), (b"_[j]", "jit"), (b"_[i]", "native")];
    let found = suffixes.iter().find_map(|(suffix, kind)| Some((text.strip_suffix(*suffix)?, *kind)));
    found.unwrap_or((text, "native"))
}

fn metric(name: &str) -> Metric {
    Metric {
        name: name.to_owned(),
        unit: "count".to_owned(),
        kind: "sampled".into(),
        description: "Samples, as far as the numbers of a text without units are such.".to_owned(),
        ..Metric::default()
    }
}
