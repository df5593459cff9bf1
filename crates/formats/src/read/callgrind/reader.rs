//! The state that the lines of a file change.

use pyrometer_tables::schema::Process;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::super::by_line::{ByLine, Taken};
use super::super::numbers::{counts, plain_counts, unsigned, wrapped_counts};
use super::super::valgrind;
use super::super::{Builder, Edge, Line, Place};
use super::context::{Callee, Context, Next};
use super::names::{Spaces, UNKNOWN};
use super::part::Part;
use super::positions::{Positions, State};

/// What should have stood in a line, if it does not fit.
pub(super) type Fits = Result<(), &'static str>;

const COSTS: &str = "`POSITION COUNT ...` of a function and of known events";
/// Lines with which a part begins.
const HEADER: [&[u8]; 10] =
    [b"version", b"creator", b"pid", b"cmd", b"part", b"thread", b"desc", b"positions", b"event", b"events"];
const NAME: &str = "a name, or the number of one that was named before";

pub(super) struct Reader<'a> {
    pub(super) builder: &'a mut Builder,
    names: Spaces,
    positions: Positions,
    context: Context,
    callee: Callee,
    next: Next,
    part: Part,
    /// The columns of the part, once they are needed.
    set: Option<u32>,
    events: Vec<String>,
    /// Of events, as `event:` explains them.
    meanings: FxHashMap<String, String>,
    /// Number of calls, then a count for each event.
    values: Vec<i64>,
    process: Process,
    thread: i32,
    /// Whether the writer ends each part with `totals:`.
    writes_totals: bool,
    /// Whether the next line's differences are not to positions of its calls and jumps. Callgrind's are to those of the
    /// last line of own counts, which are the same as a rule.
    calls_stay: bool,
    jumps: u64,
}

impl ByLine for Reader<'_> {
    type Expected = &'static str;

    #[inline]
    fn lines(&mut self, text: &[u8]) -> Taken {
        let mut taken = Taken::default();
        if self.set.is_some() {
            while let Some(rest) = self.plain(&text[taken.bytes..]) {
                taken = Taken { bytes: text.len() - rest.len(), lines: taken.lines + 1 };
            }
        }
        taken
    }

    fn line(&mut self, line: &Line<'_>) -> Result<(), &'static str> {
        self.understand(line.bytes)
    }

    fn end(&mut self) -> Result<(), &'static str> {
        self.finish()
    }

    fn builder(&mut self) -> &mut Builder {
        self.builder
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(builder: &'a mut Builder) -> Self {
        let mut reader = Self {
            builder,
            names: Spaces::default(),
            positions: Positions::default(),
            context: Context::default(),
            callee: Callee::default(),
            next: Next::Costs,
            part: Part::default(),
            set: None,
            events: Vec::new(),
            meanings: FxHashMap::default(),
            values: vec![0],
            process: Process::default(),
            thread: 0,
            writes_totals: false,
            calls_stay: false,
            jumps: 0,
        };
        reader.leave_context();
        reader
    }

    #[inline]
    fn understand(&mut self, bytes: &[u8]) -> Fits {
        match bytes.first() {
            Some(b'0'..=b'9' | b'+' | b'-' | b'*') => self.positioned(bytes).ok_or(COSTS),
            Some(b' ' | b'\t') => self.understand(bytes.trim_ascii_start()),
            None | Some(b'#') => Ok(()),
            Some(_) => self.words(bytes),
        }
    }

    /// A line of counts, of a call, or of a jump; none if it has another form.
    #[inline]
    fn positioned(&mut self, bytes: &[u8]) -> Option<()> {
        let next = std::mem::replace(&mut self.next, Next::Costs);
        let before = self.positions.state();
        let rest = self.positions.take(bytes)?;
        if next == Next::Jump {
            self.stay(before);
            return Some(());
        }
        let found = match counts(rest, &mut self.values[1..]) {
            None if matches!(next, Next::Call(..)) => self.below_zero(rest),
            found => found,
        };
        self.counted(next, found?, before)
    }

    /// The costs of a call that Callgrind wrote while a signal handler ran: those of the handler so far, less those of
    /// the function below it when the last part was written. The next part has as much too much.
    #[cold]
    fn below_zero(&mut self, rest: &[u8]) -> Option<usize> {
        let found = wrapped_counts(rest, &mut self.values[1..])?;
        self.builder.costs.have_calls_below_zero();
        Some(found)
    }

    /// A plain line of counts or of a call that `text` begins with; what follows it. None if it is none, and nothing is
    /// changed then.
    #[inline]
    fn plain<'t>(&mut self, text: &'t [u8]) -> Option<&'t [u8]> {
        if self.next == Next::Jump || !matches!(text.first(), Some(b'0'..=b'9' | b'+' | b'-' | b'*')) {
            return None;
        }
        let before = self.positions.state();
        let rest = self.positions.take(text);
        let found = rest.and_then(|rest| plain_counts(rest, &mut self.values[1..]));
        let fits = found.filter(|_| self.context.function.is_some() && self.next.fits());
        let Some((found, rest)) = fits else {
            self.positions.restore(before);
            return None;
        };
        let next = std::mem::replace(&mut self.next, Next::Costs);
        self.counted(next, found, before)?;
        Some(rest)
    }

    /// Adds the counts of a line, the first `found` of its values. `before`: the positions of the line before.
    #[inline]
    fn counted(&mut self, next: Next, found: usize, before: State) -> Option<()> {
        let set = self.set.or_else(|| self.open())?;
        let Context { function, binary, file_number: file, .. } = self.context;
        let function = function?;
        if let Next::Call(callee, calls) = next {
            let edge = Edge { caller: function, binary, callee: callee?, line: self.positions.line() };
            self.values[0] = calls;
            self.part.begun = true;
            self.builder.costs.call(set, edge, &self.values[..=found]);
            self.stay(before);
            return Some(());
        }
        let (line, address) = (self.positions.line(), self.positions.address());
        let values = &self.values[1..=found];
        self.builder.costs.add(set, Place { function, binary, file, line, address }, values);
        self.part.add(values);
        Some(())
    }

    /// Forgets the positions of a call or a jump, if those of the next line are none the later.
    #[inline]
    fn stay(&mut self, before: State) {
        if self.calls_stay {
            self.positions.restore(before);
        }
    }

    /// `key=value` or `key: value`.
    fn words(&mut self, bytes: &[u8]) -> Fits {
        let at = bytes.iter().position(|byte| matches!(byte, b'=' | b':'));
        let at = at.filter(|at| is_key(&bytes[..*at])).ok_or("`KEY=VALUE` or `KEY: VALUE`")?;
        let (key, value) = (&bytes[..at], &bytes[at + 1..]);
        if bytes[at] == b'=' { self.specification(key, value) } else { self.header(key, value) }
    }

    fn specification(&mut self, key: &[u8], value: &[u8]) -> Fits {
        match key {
            b"ob" => self.context.object = self.object(value)?,
            b"fl" | b"fi" | b"fe" => return self.enter_file(value),
            b"fn" => return self.enter_function(value),
            b"cob" => self.callee.object = Some(self.object(value)?),
            b"cfi" | b"cfl" => self.callee.file = Some(self.names.files.resolve(value).ok_or(NAME)?),
            b"cfn" => self.callee.function = Some(self.names.functions.resolve(value).ok_or(NAME)?),
            b"calls" => return self.calls(value),
            b"jump" | b"jcnd" => {
                unsigned(value).ok_or("a number of jumps")?;
                self.jumps += 1;
                self.next = Next::Jump;
            }
            // Targets of jumps: what they name may be meant by its number later.
            b"jfi" => return self.names.files.resolve(value).map(drop).ok_or(NAME),
            b"jfn" => return self.names.functions.resolve(value).map(drop).ok_or(NAME),
            b"job" => return self.object(value).map(drop),
            _ => {
                return Err(
                    "a specification of the format (ob, fl, fi, fe, fn, cob, cfi, cfn, calls, jump, jcnd)",
                );
            }
        }
        Ok(())
    }

    fn object(&mut self, value: &[u8]) -> Result<u32, &'static str> {
        self.names.objects.resolve(value).ok_or(NAME)
    }

    /// What follows is in another file; in an unknown one if it has no name.
    fn enter_file(&mut self, value: &[u8]) -> Fits {
        let found = self.names.files.resolve(value);
        self.context.file = found.unwrap_or_else(|| self.names.files.place(UNKNOWN));
        self.context.file_number = self.names.file(self.builder, self.context.file);
        found.map(drop).ok_or(NAME)
    }

    fn enter_function(&mut self, value: &[u8]) -> Fits {
        // Counts of a function without a name are not those of the one before.
        self.context.function = None;
        let function = self.names.functions.resolve(value).ok_or(NAME)?;
        let Context { object, file, .. } = self.context;
        let row = self.names.function(self.builder, function, file, object);
        self.context.function = row;
        self.context.binary = row.and_then(|row| self.builder.tables().functions[row as usize].binary);
        row.map(drop).ok_or("names as short as those of programs")
    }

    /// `COUNT TARGET`: the position of the callee is known from the callee itself.
    fn calls(&mut self, value: &[u8]) -> Fits {
        let Callee { object, file, function } = std::mem::take(&mut self.callee);
        self.next = Next::Call(None, 0);
        let count = unsigned(value.trim_ascii_start());
        // A number with a point or a comma in it would be another one.
        let ended = count.filter(|(_, rest)| matches!(rest.first(), None | Some(b' ' | b'\t')));
        let (count, _) = ended.ok_or("a number of calls")?;
        let count = i64::try_from(count).map_err(|_| "a number of calls that fits into 63 bits")?;
        let (object, file) = (object.unwrap_or(self.context.object), file.unwrap_or(self.context.file));
        let function = function.ok_or("a line `cfn=` before it")?;
        let row = self.names.function(self.builder, function, file, object);
        self.next = Next::Call(row, count);
        row.map(drop).ok_or("names as short as those of programs")
    }

    fn header(&mut self, key: &[u8], value: &[u8]) -> Fits {
        match key {
            b"summary" => {
                return self.part.summarize(value, self.events.len()).ok_or("a count for each event at most");
            }
            b"totals" => return self.part.close(value, self.events.len()).ok_or("the sum of all counts"),
            _ => {}
        }
        // What other tools say between their counts begins nothing.
        let begins = self.part.begun && HEADER.contains(&key);
        let fits = if begins { self.next_part() } else { Ok(()) };
        fits.and(self.about(key, &valgrind::text(value)))
    }

    /// A line of the header. What is not known is of other tools.
    fn about(&mut self, key: &[u8], value: &str) -> Fits {
        match key {
            b"version" if value != "1" => return Err("version 1"),
            b"creator" => {
                self.calls_stay = value.starts_with("callgrind");
                self.writes_totals = self.calls_stay || value.starts_with("pyrometer");
            }
            b"pid" => self.process.pid = value.parse().map_err(|_| "a process id")?,
            b"thread" => self.thread = value.parse().map_err(|_| "a number of a thread")?,
            b"cmd" => self.command(value),
            b"desc" => valgrind::description(&mut self.builder.meta, value),
            b"positions" => {
                self.positions = Positions::of(value).ok_or("one to three of `instr`, `bb` and `line`")?;
            }
            b"event" => self.event(value),
            b"events" => return self.name_events(value),
            _ => {}
        }
        Ok(())
    }

    fn command(&mut self, value: &str) {
        valgrind::command(&mut self.builder.meta, value);
        self.process.name = valgrind::program(value);
        self.process.command_line = value.to_owned();
    }

    /// `NAME : MEANING`, or `NAME = FORMULA : MEANING`.
    fn event(&mut self, value: &str) {
        let (defined, meaning) = value.split_once(':').unwrap_or((value, ""));
        match defined.split_once('=') {
            Some((name, formula)) => {
                let derived = self.builder.meta.extra.entry(valgrind::DERIVED.to_owned());
                if let Value::Object(derived) = derived.or_insert_with(|| Value::Object(Map::new())) {
                    derived.insert(name.trim().to_owned(), formula.trim().into());
                }
            }
            None => drop(self.meanings.insert(defined.trim().to_owned(), meaning.trim().to_owned())),
        }
    }

    fn name_events(&mut self, value: &str) -> Fits {
        self.events.clear();
        self.events = valgrind::event_names(value).ok_or("the names of 1 to 32 events, each once")?;
        self.set = None;
        self.values = vec![0; self.events.len() + 1];
        self.part.totals = vec![0; self.events.len()];
        Ok(())
    }

    /// The columns of this part; none before its events are known.
    #[cold]
    fn open(&mut self) -> Option<u32> {
        if self.events.is_empty() {
            return None;
        }
        let meanings = &self.meanings;
        let metrics = self.events.iter().map(|name| {
            let meaning = meanings.get(name).map(String::as_str).filter(|meaning| !meaning.is_empty());
            valgrind::event(self.builder, name, meaning)
        });
        let metrics: Vec<_> = metrics.collect();
        if !self.builder.tables().processes.iter().any(|process| process.pid == self.process.pid) {
            self.builder.process(self.process.clone());
        }
        let thread = self.builder.thread(self.process.pid, self.thread, &self.process.name);
        self.set = Some(self.builder.costs.set(thread, &metrics));
        self.set
    }

    fn leave_context(&mut self) {
        let object = self.names.objects.place(UNKNOWN);
        let file = self.names.files.place(UNKNOWN);
        let file_number = self.names.file(self.builder, file);
        self.context = Context { object, file, file_number, ..Context::default() };
        (self.callee, self.next) = (Callee::default(), Next::Costs);
    }

    /// Ends a part and begins another.
    fn next_part(&mut self) -> Fits {
        let fits = self.end_part();
        self.leave_context();
        (self.set, self.thread) = (None, 0);
        self.part.totals.resize(self.events.len(), 0);
        fits
    }

    fn end_part(&mut self) -> Fits {
        let part = std::mem::take(&mut self.part);
        if let Some((said, summed)) = part.differs() {
            self.builder.differs(said, summed);
        }
        if part.is_cut() && self.writes_totals {
            Err("a line `totals:` at the end of the part")
        } else {
            Ok(())
        }
    }

    /// The end of the file.
    fn finish(&mut self) -> Fits {
        if self.jumps > 0 {
            self.builder.note(format!("{} jumps between lines of the file were not kept.", self.jumps));
        }
        if self.open().is_none() {
            return Err("a line `events:`");
        }
        self.end_part()
    }
}

/// Whether it could be the name of anything: what is none has another format.
fn is_key(bytes: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"_- .".contains(byte);
    bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.iter().all(is_letter)
}
