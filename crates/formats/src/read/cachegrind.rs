//! Cachegrind's files, also as `cg_diff` and `cg_merge` write them: counts by file, function and line.
//!
//! `desc:` and `cmd:`, one line `events:`, then `fl=` and `fn=` and for each line of source its number and counts, of
//! which those that are missing at the end are 0; at last `summary:`, which equals the sum. Described in Valgrind's
//! manual, "Cachegrind file format". A function is named under each file that code was inlined into it from: as
//! `cg_annotate` does, each is a function of its own.

use pyrometer_tables::schema::Function;

use super::by_line::{ByLine, Taken, read_by_line};
use super::numbers::{counts, plain_counts, unsigned};
use super::valgrind::{self, EVENTS};
use super::{Builder, Format, Head, Input, Likeness, Line, Place};

pub(super) const FORMAT: Format =
    Format { name: "cachegrind", title: "Cachegrind (cachegrind.out)", recognise, read };

/// How a file is named that is not known.
const UNKNOWN: &str = "???";

fn recognise(head: &Head<'_>) -> Likeness {
    let mut lines = head.lines().skip_while(|line| line.starts_with(b"desc:"));
    let mut next = |start: &[u8]| lines.next().is_some_and(|line| line.starts_with(start));
    Likeness::mark(next(b"cmd:") && next(b"events:") && (next(b"fl=") || head.contains(b"\nsummary:")))
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> crate::Result<()> {
    builder.meta.instrument = "instructions".to_owned();
    read_by_line(input, &mut Reader::new(builder))
}

/// What should have stood in a line, if it does not fit.
type Fits = Result<(), String>;

struct Reader<'a> {
    builder: &'a mut Builder,
    /// The process, and its command line: only files of our runs tell which it was.
    process: (i32, String),
    /// The columns, once the events are known.
    set: Option<u32>,
    /// Number and name of the file.
    file: (u32, String),
    /// Row of the function of the lines that follow.
    function: Option<i32>,
    /// Room for the counts of a line.
    values: Vec<i64>,
    totals: Vec<i64>,
    /// What had been added up where the file said the sum.
    summary: Option<Vec<i64>>,
}

impl ByLine for Reader<'_> {
    type Expected = String;

    #[inline]
    fn lines(&mut self, text: &[u8]) -> Taken {
        let mut taken = Taken::default();
        if let (Some(set), Some(function)) = (self.set, self.function) {
            while let Some(rest) = self.plain(set, function, &text[taken.bytes..]) {
                taken = Taken { bytes: text.len() - rest.len(), lines: taken.lines + 1 };
            }
        }
        taken
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), String> {
        self.understand(line.bytes)
    }

    fn end(&mut self) -> Result<(), String> {
        match &self.summary {
            None => Err("a line `summary:`".to_owned()),
            Some(said) if *said != self.totals => Err("the line `summary:` behind all counts".to_owned()),
            Some(_) => Ok(()),
        }
    }

    fn builder(&mut self) -> &mut Builder {
        self.builder
    }
}

impl<'a> Reader<'a> {
    fn new(builder: &'a mut Builder) -> Self {
        let file = (builder.costs.file(""), String::new());
        let (values, totals) = (Vec::new(), Vec::new());
        let process = (0, String::new());
        Self { builder, process, set: None, file, function: None, values, totals, summary: None }
    }

    fn understand(&mut self, bytes: &[u8]) -> Fits {
        if bytes.first().is_some_and(u8::is_ascii_digit) {
            return self.costs(bytes).ok_or_else(|| "`LINE COUNT ...` of a function".to_owned());
        }
        if let Some(name) = bytes.strip_prefix(b"fl=") {
            self.enter_file(valgrind::text(name));
        } else if let Some(name) = bytes.strip_prefix(b"fn=") {
            self.enter_function(valgrind::text(name));
        } else {
            return self.about(bytes);
        }
        Ok(())
    }

    /// What is said of all counts.
    fn about(&mut self, bytes: &[u8]) -> Fits {
        if let Some(counts) = bytes.strip_prefix(b"summary:") {
            return self.summary(counts);
        } else if let Some(names) = bytes.strip_prefix(b"events:") {
            return self.events(&valgrind::text(names));
        } else if let Some(text) = bytes.strip_prefix(b"desc:") {
            valgrind::description(&mut self.builder.meta, &valgrind::text(text));
        } else if let Some(text) = bytes.strip_prefix(b"cmd:") {
            self.process.1 = valgrind::text(text);
            valgrind::command(&mut self.builder.meta, &self.process.1);
        } else if let Some(text) = bytes.strip_prefix(b"pid:") {
            self.process.0 = valgrind::text(text).parse().map_err(|_| "a process id")?;
        } else if !bytes.trim_ascii().is_empty() && !bytes.starts_with(b"#") {
            return Err("`fl=`, `fn=`, `summary:` or counts".to_owned());
        }
        Ok(())
    }

    fn events(&mut self, names: &str) -> Fits {
        let names = valgrind::event_names(names).filter(|_| self.set.is_none());
        let names =
            names.ok_or_else(|| format!("one line with the names of 1 to {EVENTS} events, each once"))?;
        let metrics: Vec<_> = names.iter().map(|name| valgrind::event(self.builder, name, None)).collect();
        let thread = match &self.process {
            (0, _) => self.builder.thread(0, 0, ""),
            (pid, command) => valgrind::thread(self.builder, *pid, command),
        };
        self.set = Some(self.builder.costs.set(thread, &metrics));
        self.values = vec![0; names.len()];
        self.totals = vec![0; names.len()];
        Ok(())
    }

    fn enter_file(&mut self, name: String) {
        let known = if name == UNKNOWN { "" } else { &name };
        self.file = (self.builder.costs.file(known), known.to_owned());
        self.function = None;
    }

    fn enter_function(&mut self, name: String) {
        let file = Some(self.file.1.as_str()).filter(|file| !file.is_empty()).map(Into::into);
        self.function = Some(self.builder.function(Function { name, file, ..Function::default() }));
    }

    /// The plain line of counts that `text` begins with; what follows it. None if it is none.
    #[inline]
    fn plain<'t>(&mut self, set: u32, function: i32, text: &'t [u8]) -> Option<&'t [u8]> {
        let (line, rest) = unsigned(text)?;
        let line = u32::try_from(line).ok()?;
        let (found, rest) = plain_counts(rest, &mut self.values)?;
        self.add(set, function, line, found);
        Some(rest)
    }

    /// The counts of a line; none if it has another form.
    fn costs(&mut self, bytes: &[u8]) -> Option<()> {
        let (line, rest) = unsigned(bytes)?;
        let line = u32::try_from(line).ok()?;
        let found = counts(rest, &mut self.values)?;
        self.add(self.set?, self.function?, line, found);
        Some(())
    }

    #[inline]
    fn add(&mut self, set: u32, function: i32, line: u32, found: usize) {
        let values = &self.values[..found];
        let place = Place { function, binary: None, file: self.file.0, line, address: None };
        self.builder.costs.add(set, place, values);
        for (total, value) in self.totals.iter_mut().zip(values) {
            *total = total.wrapping_add(*value);
        }
    }

    /// The sum as the file says it.
    fn summary(&mut self, bytes: &[u8]) -> Fits {
        self.summary = Some(self.totals.clone());
        self.values.fill(0);
        match counts(bytes, &mut self.values) {
            Some(_) if self.values == self.totals => Ok(()),
            _ => Err(format!("the sum of all counts, {}", valgrind::joined(&self.totals))),
        }
    }
}
