//! Coz's experiments: its older text, fields between tabs, and its JSON lines.
//!
//! An experiment's line is followed by one for each progress point. A latency point gives the average number of those under
//! way, `difference`, which is kept with its arrivals in `events`, for `experiments` have visits only. Samples are counted
//! by line, from the start of a run: of several numbers of a line in a run the last one has all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use pyrometer_tables::schema::{Event, Experiment, Frame, Function, Metric};
use serde_json::{Map, Value};

use super::by_line::{ByLine, read_by_line};
use super::{Builder, Format, Head, Input, Likeness, Line};
use crate::error::Result;

pub(super) const FORMAT: Format = Format { name: "coz", title: "Coz (causal profiles)", recognise, read };

fn recognise(head: &Head<'_>) -> Likeness {
    let first = head.lines().find(|line| !line.is_empty()).unwrap_or_default();
    let is_record = parse(first).is_some_and(|record| KINDS.contains(&record.kind.as_str()));
    Likeness::mark(is_record)
}

const KINDS: [&str; 8] = [
    "startup",
    "experiment",
    "throughput-point",
    "progress-point",
    "latency-point",
    "runtime",
    "samples",
    "shutdown",
];

/// A line: what it is, and its fields.
struct Record {
    kind: String,
    fields: Map<String, Value>,
}

/// Reads a line of either form; none if it is neither.
fn parse(line: &[u8]) -> Option<Record> {
    let text = std::str::from_utf8(line).ok()?;
    if text.starts_with('{') {
        let mut fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        let kind = fields.remove("type")?.as_str()?.to_owned();
        return Some(Record { kind: dashed(&kind), fields });
    }
    let mut words = text.split('\t');
    let kind = words.next()?;
    let field = |word: &str| word.split_once('=').map(|(name, value)| (dashed(name), Value::from(value)));
    let fields = words.map(field).collect::<Option<_>>()?;
    Some(Record { kind: dashed(kind), fields })
}

/// Names were once written with underscores.
fn dashed(name: &str) -> String {
    name.replace('_', "-")
}

impl Record {
    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).or_else(|| self.fields.get(&name.replace('-', "_")))
    }

    /// A number, which the older form writes as text.
    fn number(&self, name: &str) -> Option<f64> {
        let value = self.value(name)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
    }

    /// A number of things, or of nanoseconds: a part of one, or less than none, is a fault.
    fn whole(&self, name: &str) -> Option<i64> {
        let value = self.value(name)?;
        let digits = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        digits.or_else(|| exactly(self.number(name)?)).filter(|number| *number >= 0)
    }
}

/// A whole number that stands as one with a fraction or an exponent; none if it is none, or its digits are not all known.
fn exactly(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < (1_u64 << 53) as f64).then_some(number as i64)
}

fn read(input: &mut Input<'_>, builder: &mut Builder) -> Result<()> {
    builder.meta.instrument = "causal".to_owned();
    read_by_line(input, &mut Reader { builder, experiment: None, samples: BTreeMap::new() })
}

struct Reader<'a> {
    builder: &'a mut Builder,
    /// The one that points belong to, without theirs.
    experiment: Option<Experiment>,
    /// Samples of this run by line of code.
    samples: BTreeMap<String, i64>,
}

impl ByLine for Reader<'_> {
    type Expected = &'static str;

    fn line(&mut self, line: &Line<'_>) -> std::result::Result<(), &'static str> {
        if line.bytes.trim_ascii().is_empty() {
            return Ok(());
        }
        self.understand(line.bytes).ok_or("a record of Coz with all its fields")
    }

    fn end(&mut self) -> std::result::Result<(), &'static str> {
        self.end_run();
        let found = self.builder.tables().experiments.len();
        if found > 0 {
            self.builder.note(format!("The {found} results of experiments: pyrometer show --view causal."));
        }
        Ok(())
    }

    fn may_be_cut(&self, line: &[u8]) -> bool {
        !line.starts_with(b"{")
    }

    fn builder(&mut self) -> &mut Builder {
        self.builder
    }
}

impl Reader<'_> {
    /// None if the line does not fit.
    fn understand(&mut self, bytes: &[u8]) -> Option<()> {
        let record = parse(bytes)?;
        match record.kind.as_str() {
            "experiment" => self.experiment = Some(experiment(&record)?),
            "throughput-point" | "progress-point" => self.point(&record, record.whole("delta")?)?,
            "latency-point" => {
                let arrivals = record.whole("arrivals")?;
                let difference = record.number("difference")?;
                self.point(&record, arrivals)?;
                self.keep_latency(difference, record.whole("departures"))?;
            }
            "startup" => {
                self.builder.meta.start = record.whole("time")?;
                self.end_run();
            }
            "runtime" => {
                self.builder.meta.duration = record.whole("time")?;
            }
            "samples" => {
                let place = record.text("location")?.to_owned();
                self.samples.insert(place, record.whole("count")?);
            }
            "shutdown" => {}
            _ => return None,
        }
        Some(())
    }

    fn point(&mut self, record: &Record, visits: i64) -> Option<()> {
        let experiment = self.experiment.clone()?;
        let progress_point = record.text("name")?.to_owned();
        self.builder.experiment(Experiment { progress_point, visits, ..experiment });
        Some(())
    }

    /// Adds the samples of a run, of one that is over.
    fn end_run(&mut self) {
        for (place, count) in std::mem::take(&mut self.samples) {
            let frame = self.place(&place);
            let metric = self.builder.metric(metric());
            let (stack, thread) = (self.builder.stack(None, frame), self.builder.thread(0, 0, ""));
            self.builder.add(stack, thread, metric, count, count);
        }
    }

    /// `FILE:LINE`, which is all that is known of the code.
    fn place(&mut self, text: &str) -> i32 {
        let known = text.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<i32>().ok()?)));
        let (file, line) = known.filter(|(_, line)| *line > 0).unzip();
        let file: Option<Arc<str>> = file.map(Into::into);
        let row = Function { name: text.to_owned(), file: file.clone(), line, ..Function::default() };
        let function = Some(self.builder.function(row));
        self.builder.frame(Frame { function, file, line, kind: "native".into(), ..Frame::default() })
    }

    /// What the last point has beyond the columns of `experiments`, beside these.
    fn keep_latency(&mut self, difference: f64, departures: Option<i64>) -> Option<()> {
        let point = self.builder.tables().experiments.last()?;
        let payload = serde_json::json!({
            "selected": point.selected, "speedup": point.speedup, "progress_point": point.progress_point,
            "visits": point.visits, "duration": point.duration, "departures": departures, "difference": difference,
        });
        self.builder.event(Event {
            name: "coz-latency-point".to_owned(),
            payload: payload.to_string(),
            ..Event::default()
        });
        Some(())
    }
}

fn experiment(record: &Record) -> Option<Experiment> {
    Some(Experiment {
        selected: record.text("selected")?.to_owned(),
        // A part of the time of a line: 1 takes all of it away.
        speedup: record.number("speedup").filter(|part| (0.0..=1.0).contains(part))?,
        duration: record.whole("duration")?,
        ..Experiment::default()
    })
}

fn metric() -> Metric {
    Metric {
        name: "samples".to_owned(),
        unit: "count".to_owned(),
        kind: "sampled".into(),
        description: "Samples by line, of which Coz chooses the lines of its experiments.".to_owned(),
        ..Metric::default()
    }
}
