//! Events, written one at a time: all of them at once would be huge.

use std::collections::BTreeMap;
use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::schema::{Sample, Tables};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::error::Result;

#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'a str,
    ph: &'static str,
    ts: Micros,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<Micros>,
    pid: i32,
    tid: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    args: Map<String, Value>,
}

/// Microseconds, of nanoseconds exactly, as far as a double holds them.
#[derive(Clone, Copy)]
struct Micros(f64);

/// Below, a double holds every whole number.
const WHOLE: f64 = (1_i64 << 53) as f64;
/// The least that lies between two ends on a track, microseconds: many thousands are no nanosecond.
const STEP: f64 = 1.0 / (1 << 24) as f64;

impl Micros {
    fn of(nanoseconds: i64) -> Self {
        Self(nanoseconds as f64 / 1000.0)
    }

    /// This or, where that is not after `last`, the next that can be told from it: also by those who read the last bit of a
    /// number wrong, or subtract where the track begins.
    fn after(self, last: Self) -> Self {
        let step = STEP.max(4.0 * (last.0.abs().next_up() - last.0.abs()));
        Self(self.0.max(last.0 + step))
    }
}

impl Serialize for Micros {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 && self.0.abs() < WHOLE {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// The file, as it is written.
pub(super) struct Events<W> {
    out: W,
    first: bool,
    /// The track of the last end, and when that was.
    last: Option<((i32, i32), Micros)>,
}

impl<W: Write> Events<W> {
    /// Begins with what is said of the whole.
    pub(super) fn begin(mut out: W, about: &Value) -> Result<Self> {
        write!(out, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[")?;
        Ok(Self { out, first: true, last: None })
    }

    pub(super) fn finish(mut self) -> Result<()> {
        writeln!(self.out, "\n]}}")?;
        Ok(self.out.flush()?)
    }

    fn write(&mut self, event: &impl Serialize) -> Result<()> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        Ok(serde_json::to_writer(&mut self.out, event)?)
    }

    /// The names of the processes and threads that have samples; of what was another program before, all of them.
    pub(super) fn names(&mut self, tables: &Tables, samples: &[Sample], label: Option<&str>) -> Result<()> {
        let mut used = vec![false; tables.threads.len()];
        samples.iter().for_each(|sample| used[sample.thread as usize] = true);
        let (mut processes, mut threads) = (Names::new(), Names::new());
        for (thread, _) in tables.threads.iter().zip(&used).filter(|(_, used)| **used) {
            let process = &tables.processes[thread.process as usize];
            add_name(&mut processes, (process.pid, 0), &process.name);
            add_name(&mut threads, (process.pid, thread.tid), &thread.name);
        }
        for ((pid, _), names) in &processes {
            self.metadata("process_name", *pid, 0, json!({"name": names.join(", ")}))?;
            if let Some(labels) = label {
                self.metadata("process_labels", *pid, 0, json!({"labels": labels}))?;
            }
        }
        for ((pid, tid), names) in &threads {
            self.metadata("thread_name", *pid, *tid, json!({"name": names.join(", ")}))?;
        }
        Ok(())
    }

    fn metadata(&mut self, name: &str, pid: i32, tid: i32, args: Value) -> Result<()> {
        self.write(&json!({"name": name, "ph": "M", "pid": pid, "tid": tid, "args": args}))
    }

    /// The beginning or the end of an event of a thread, at so many nanoseconds. Of those at one moment each comes a little
    /// after the one before it, for viewers that sort them do not keep the order of the file: speedscope cannot tell which
    /// call of a recursion ends.
    pub(super) fn edge(
        &mut self,
        (ph, time): (&'static str, i64),
        (name, cat): (&str, &str),
        (tables, thread): (&Tables, i32),
        args: Map<String, Value>,
    ) -> Result<()> {
        let (pid, tid) = ids(tables, Some(thread));
        let last = self.last.filter(|(track, _)| *track == (pid, tid));
        let ts = last.map_or(Micros::of(time), |(_, last)| Micros::of(time).after(last));
        self.last = Some(((pid, tid), ts));
        self.write(&Event { name, cat, ph, ts, dur: None, pid, tid, s: None, args })
    }

    /// The points of all time series.
    pub(super) fn time_series(&mut self, profile: &Profile) -> Result<()> {
        let tables = profile.tables();
        for counter in &tables.counters {
            let (pid, tid) = ids(tables, counter.thread);
            let ts = Micros::of(counter.time.saturating_sub(profile.meta.start));
            let args = Map::from_iter([("value".to_owned(), json!(counter.value))]);
            self.write(&Event {
                name: &counter.name,
                cat: "",
                ph: "C",
                ts,
                dur: None,
                pid,
                tid,
                s: None,
                args,
            })?;
        }
        Ok(())
    }

    /// What happened, with its details.
    pub(super) fn happenings(&mut self, profile: &Profile) -> Result<()> {
        let tables = profile.tables();
        for event in &tables.events {
            let (pid, tid) = ids(tables, event.thread);
            let ts = Micros::of(event.time.saturating_sub(profile.meta.start));
            let args = match serde_json::from_str(&event.payload) {
                Ok(Value::Object(details)) => details,
                _ => Map::from_iter([("payload".to_owned(), json!(event.payload))]),
            };
            let (ph, dur, scope) = match event.duration {
                0 => ("i", None, Some(if event.thread.is_some() { "t" } else { "g" })),
                duration => ("X", Some(Micros::of(duration)), None),
            };
            self.write(&Event { name: &event.name, cat: "event", ph, ts, dur, pid, tid, s: scope, args })?;
        }
        Ok(())
    }
}

/// Names by the ids of processes and threads.
type Names<'a> = BTreeMap<(i32, i32), Vec<&'a str>>;

fn add_name<'a>(names: &mut Names<'a>, ids: (i32, i32), name: &'a str) {
    let known = names.entry(ids).or_default();
    if !known.contains(&name) {
        known.push(name);
    }
}

/// The ids of a thread and its process; those of the first process if there is no thread.
pub(super) fn ids(tables: &Tables, thread: Option<i32>) -> (i32, i32) {
    let Some(thread) = thread.map(|row| &tables.threads[row as usize]) else {
        return (tables.processes.first().map_or(0, |process| process.pid), 0);
    };
    (tables.processes[thread.process as usize].pid, thread.tid)
}
