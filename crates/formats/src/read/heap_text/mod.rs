//! The text heap profiles of gperftools, Go (`debug=1`) and jemalloc.
//!
//! A stack has blocks and bytes in use and, in brackets, allocated at all. Of a sampling allocator these are those of
//! the samples: each stack is unbiased by itself, for a block of size s is sampled with the probability 1 - e^(-s/rate)
//! (as `pprof` and jemalloc's `jeprof` do). Addresses are return addresses, the leaf first; the mappings that they belong
//! to come at the end.

mod header;
mod unbias;

use std::sync::Arc;

use pyrometer_tables::schema::{Frame, Function, Metric};
use rustc_hash::FxHashMap;

use self::header::{Header, numbers};
use self::unbias::unbiased;
use super::by_line::{ByLine, read_by_line};
use super::maps::Maps;
use super::numbers::hexadecimal;
use super::{Builder, Format, Head, Input, Likeness, Line};

pub(super) const FORMAT: Format =
    Format { name: "heap-text", title: "heap profile as text (gperftools, Go, jemalloc)", recognise, read };

fn recognise(head: &Head<'_>) -> Likeness {
    Likeness::mark(head.lines().next().is_some_and(|line| Header::parse(line).is_some()))
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> crate::Result<()> {
    builder.meta.instrument = "heap".to_owned();
    read_by_line(input, &mut Reader::new(builder))
}

/// What should have stood in a line, if it does not fit.
type Fits = Result<(), &'static str>;

/// The lines of one stack.
#[derive(Debug, Default)]
struct Stack {
    /// Return addresses, the leaf first.
    addresses: Vec<u64>,
    /// In use, then allocated: blocks and bytes of each.
    counts: Option<[i64; 4]>,
    /// What Go says of its frames, the leaf first: name, file and line.
    named: Vec<(String, Option<(String, i32)>)>,
}

struct Reader<'a> {
    builder: &'a mut Builder,
    header: Option<Header>,
    stacks: Vec<Stack>,
    maps: Maps,
    in_maps: bool,
    /// Threads that have numbers of their own.
    threads: u64,
}

impl ByLine for Reader<'_> {
    type Expected = &'static str;

    fn line(&mut self, line: &Line<'_>) -> Fits {
        self.understand(line.bytes)
    }

    fn end(&mut self) -> Fits {
        self.finish()
    }

    fn builder(&mut self) -> &mut Builder {
        self.builder
    }
}

impl<'a> Reader<'a> {
    fn new(builder: &'a mut Builder) -> Self {
        Self { builder, header: None, stacks: Vec::new(), maps: Maps::default(), in_maps: false, threads: 0 }
    }

    fn understand(&mut self, bytes: &[u8]) -> Fits {
        let line = bytes.trim_ascii();
        if self.header.is_none() {
            self.header =
                Some(Header::parse(line).ok_or("`heap profile: N: N [N: N] @ KIND` or `heap_v2/RATE`")?);
        } else if self.in_maps {
            self.maps.add(line);
        } else if line == b"MAPPED_LIBRARIES:" || line == b"--- Memory map: ---" {
            self.in_maps = true;
        } else if let Some(comment) = line.strip_prefix(b"#") {
            self.comment(comment);
        } else if let Some(addresses) = line.strip_prefix(b"@") {
            self.stack(addresses, None)?;
        } else if line.first() == Some(&b't') {
            self.thread(line)?;
        } else if !line.is_empty() {
            let (counts, addresses) = numbers(line).ok_or("`N: BYTES [N: BYTES] @ ADDRESS ...`")?;
            let addresses = addresses.trim_ascii_start().strip_prefix(b"@").ok_or("`@ ADDRESS ...`")?;
            self.stack(addresses, Some(counts))?;
        }
        Ok(())
    }

    fn stack(&mut self, text: &[u8], counts: Option<[i64; 4]>) -> Fits {
        let words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let address = |word: &[u8]| {
            let digits = word.strip_prefix(b"0x").unwrap_or(word);
            hexadecimal(digits).filter(|(_, rest)| rest.is_empty()).map(|(address, _)| address)
        };
        let addresses =
            words.map(address).collect::<Option<Vec<_>>>().ok_or("addresses as hexadecimal numbers")?;
        self.stacks.push(Stack { addresses, counts, named: Vec::new() });
        Ok(())
    }

    /// `t*: N: BYTES [N: BYTES]` of all threads together, `t7: … name` of one.
    fn thread(&mut self, line: &[u8]) -> Fits {
        let expected = "`tTHREAD: N: BYTES [N: BYTES]`";
        let at = memchr::memchr(b':', line).ok_or(expected)?;
        let (counts, _) = numbers(&line[at + 1..]).ok_or(expected)?;
        match (&line[..at], self.stacks.last_mut()) {
            // Those of the whole program, which the stacks add up to.
            (_, None) => {}
            (b"t*", Some(stack)) => stack.counts = Some(counts),
            (_, Some(_)) => self.threads += 1,
        }
        Ok(())
    }

    /// `0x4a1 main.f+0x3c /src/f.go:12`, parted by tabs: a frame of the last stack, as Go writes it.
    fn comment(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let fields: Vec<_> =
            text.trim().split('\t').map(str::trim).filter(|field| !field.is_empty()).collect();
        let (Some(stack), [address, name, place @ ..]) = (self.stacks.last_mut(), &fields[..]) else {
            return;
        };
        if !address.starts_with("0x") {
            return;
        }
        let name = name.rsplit_once("+0x").map_or(*name, |(name, _)| name).to_owned();
        let place = place.first().and_then(|place| place.rsplit_once(':'));
        stack.named.push((name, place.and_then(|(file, line)| Some((file.to_owned(), line.parse().ok()?)))));
    }

    fn finish(&mut self) -> Fits {
        let header = self.header.take().ok_or("a heap profile")?;
        let metrics = self.metrics(&header);
        let thread = self.builder.thread(0, 0, "");
        let mut frames = FxHashMap::default();
        let mut cut = false;
        for stack in std::mem::take(&mut self.stacks) {
            let Some(counts) = stack.counts else {
                cut = true;
                continue;
            };
            let row = self.path(&stack, &mut frames);
            let quality = &mut self.builder.meta.quality;
            quality.samples = quality.samples.saturating_add(counts[0].max(counts[2]));
            for (pair, metrics) in counts.chunks_exact(2).zip(metrics.chunks_exact(2)) {
                let whole = unbiased((pair[0], pair[1]), header.rate);
                for (value, metric) in [whole.0, whole.1].into_iter().zip(metrics) {
                    if let Some(metric) = metric.filter(|_| value != 0) {
                        self.builder.add(row, thread, metric, value, pair[0].max(1));
                    }
                }
            }
        }
        self.say_what_is_left();
        if cut { Err("the numbers of a stack") } else { Ok(()) }
    }

    /// Rows of the metrics; bytes before blocks, for what comes first is shown first.
    fn metrics(&mut self, header: &Header) -> [Option<i32>; 4] {
        let mut metrics = header.metrics();
        let mut rows = [None; 4];
        for at in [1, 0, 3, 2] {
            rows[at] = metrics[at].take().map(|metric| self.builder.metric(metric));
        }
        rows
    }

    fn say_what_is_left(&mut self) {
        if self.threads > 0 {
            let numbers = self.threads;
            self.builder.note(format!(
                "{numbers} numbers of single threads were not kept: those of all threads together were."
            ));
        }
    }

    fn path(&mut self, stack: &Stack, frames: &mut FxHashMap<u64, i32>) -> i32 {
        let mut node = None;
        if stack.named.is_empty() {
            for address in stack.addresses.iter().rev() {
                let frame =
                    *frames.entry(*address).or_insert_with(|| self.maps.caller(self.builder, *address));
                node = Some(self.builder.stack(node, frame));
            }
        } else {
            for (name, place) in stack.named.iter().rev() {
                let frame = named(self.builder, name, place.as_ref());
                node = Some(self.builder.stack(node, frame));
            }
        }
        node.unwrap_or_else(|| {
            let frame = self.builder.name("[no stack]", "unknown");
            self.builder.stack(None, frame)
        })
    }
}

fn named(builder: &mut Builder, name: &str, place: Option<&(String, i32)>) -> i32 {
    let file: Option<Arc<str>> = place.map(|(file, _)| Arc::from(file.as_str()));
    let function = Function { name: name.to_owned(), file: file.clone(), ..Function::default() };
    let function = Some(builder.function(function));
    let line = place.map(|(_, line)| *line).filter(|line| *line > 0);
    builder.frame(Frame { function, file, line, kind: "native".into(), ..Frame::default() })
}

/// The metrics that the four numbers of a stack are of.
type Metrics = [Option<Metric>; 4];
