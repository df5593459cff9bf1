//! The recording from its start to its end: one thread that waits, drains the rings and commits.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pyrometer_tables::journal::Writer;
use pyrometer_tables::meta::{Meta, Recorder as Cost};
use pyrometer_tables::schema::Metric;

use crate::live::clock;
use crate::live::error::{Error, Result};
use crate::live::event::{Event, Sources};
use crate::live::groups::{self, Count, Groups, Request, Start};
use crate::live::host;
use crate::live::launch::{Child, Exit};
use crate::live::machine::Here;
use crate::live::memory::Readings;
use crate::live::merge;
use crate::live::permission;
use crate::live::poll::Poll;
use crate::live::proc;
use crate::live::recording::{Recording, Running, hand_on};
use crate::live::ring::Ring;
use crate::live::signals::Signals;
use crate::live::sys;
use crate::record::{self as layout, Sample};
use crate::world::World;

/// The journal is readable up to this long ago, nanoseconds; up to the first of these while the
/// recording is young, for programs that end soon.
const COMMIT_EVERY: (i64, i64) = (50_000_000, 250_000_000);
/// Samples that wait for a commit at most.
const COMMIT_SAMPLES: usize = 16_384;
/// Records younger than this wait for the next round: another CPU may still be writing an older one, nanoseconds.
const SETTLE: i64 = 1_000_000;

/// Where samples stand for less than this share of the time, a note says so, unless it is but a few samples.
const SEEN_PERCENT: i64 = 90;
const SHORTFALL_PERIODS: i64 = 20;

/// What to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A program to start, with its arguments.
    Launch(Vec<OsString>),
    /// Processes that already run.
    Attach(Vec<i32>),
}

/// How to record.
#[derive(Clone, Debug)]
pub struct Config {
    /// What.
    pub target: Target,
    /// Samples a second and CPU.
    pub rate: u64,
    /// Event names; none for the best that the machine has.
    pub events: Vec<String>,
    /// Stop after this time.
    pub duration: Option<Duration>,
    /// Start after this time.
    pub delay: Option<Duration>,
    /// Where the journal is written.
    pub journal: PathBuf,
    /// Bytes of stack to copy with each sample; none to let the ring's size decide.
    pub stack_copy: Option<usize>,
    /// Name and version of the program that records, for `meta.json`.
    pub creator: String,
}

/// Records until the program ends, the time is over, or a signal says stop.
///
/// # Errors
/// One variant of [`Error`] a cause; nothing is left behind when recording could not begin.
pub fn record(config: &Config) -> Result<Recording> {
    check_rate(config.rate)?;
    let events = events(&config.events)?;
    let signals = Signals::watch()?;
    let mut child = match &config.target {
        Target::Launch(command) => Some(Child::fork(command, false)?),
        Target::Attach(_) => None,
    };
    let pids = match (&child, &config.target) {
        (Some(child), _) => vec![child.pid],
        (None, Target::Attach(pids)) => proc::processes(pids)?,
        (None, Target::Launch(_)) => Vec::new(),
    };
    // After the fork, so that the program keeps the priority that it would have alone.
    let _urgent = sys::Priority::raise();
    let mut session = Session::open(config, events, &pids)?;
    session.begin(child.as_mut(), &pids)?;
    session.run(child.as_mut(), &pids, &signals)?;
    session.finish(child, signals)
}

fn check_rate(rate: u64) -> Result<()> {
    match permission::max_rate() {
        Some(limit) if rate > limit => Err(Error::RateTooHigh { rate, limit }),
        _ => Ok(()),
    }
}

fn events(specs: &[String]) -> Result<Vec<Event>> {
    let sources = Sources::default();
    if !specs.is_empty() {
        return Event::parse_all(specs, &sources);
    }
    let cycles = Event::parse("cycles", &sources)?;
    let best = if groups::is_supported(&cycles) { cycles } else { Event::parse("cpu-clock", &sources)? };
    Ok(vec![best])
}

struct Session<'a> {
    config: &'a Config,
    groups: Groups,
    rings: Vec<Ring>,
    world: World<Here>,
    meta: Meta,
    metrics: Vec<Metric>,
    cost_before: i64,
    memory: Readings,
    committed: i64,
    started: bool,
    stopped: bool,
}

impl<'a> Session<'a> {
    fn open(config: &'a Config, events: Vec<Event>, pids: &[i32]) -> Result<Self> {
        let start = match (&config.target, config.delay) {
            (Target::Attach(_), _) => Start::Attached,
            (Target::Launch(_), Some(_)) => Start::OnExecDelayed,
            (Target::Launch(_), None) => Start::OnExec,
        };
        let tids = match start {
            Start::Attached => attached_threads(pids)?,
            Start::OnExec | Start::OnExecDelayed => pids.to_vec(),
        };
        let metrics: Vec<Metric> = events.iter().map(|event| metric(event, config.rate)).collect();
        let request = Request { events, rate: config.rate, start, stack: config.stack_copy };
        let (groups, rings) = Groups::open(request, &tids)?;
        let meta = first_meta(config, pids, &groups, &rings);
        let journal = Writer::create(&config.journal, &meta);
        let journal = journal.map_err(|source| Error::NoJournal { source })?;
        let mut world = World::new(journal, Here);
        for (row, metric) in metrics.iter().enumerate() {
            world.put_metric(row as i32, metric);
        }
        let cost_before = sys::thread_cpu_time();
        Ok(Self {
            config,
            groups,
            rings,
            world,
            meta,
            metrics,
            cost_before,
            memory: Readings::default(),
            committed: 0,
            started: start == Start::OnExec,
            stopped: false,
        })
    }

    /// Lets the program begin, or closes the gaps of an attachment.
    fn begin(&mut self, child: Option<&mut Child>, pids: &[i32]) -> Result<()> {
        let now = clock::monotonic();
        match child {
            Some(child) => {
                let words: Vec<_> = self.meta.command.iter().map(String::as_str).collect();
                let name = words.first().and_then(|program| program.rsplit('/').next()).unwrap_or_default();
                self.world.launched(child.pid, name, words.join(" "), now.cast_unsigned());
                child.release().inspect_err(|_| self.discard())
            }
            None => self.attach(pids, now),
        }
    }

    fn attach(&mut self, pids: &[i32], now: i64) -> Result<()> {
        self.groups.start_tracking();
        self.groups.follow_threads(pids)?;
        if self.config.delay.is_none() {
            self.groups.start()?;
            self.started = true;
        }
        for pid in pids {
            for tid in proc::threads(*pid) {
                self.world.ensure_thread(*pid, tid, now.cast_unsigned());
            }
            self.world.read_maps(*pid);
        }
        Ok(())
    }

    /// A program that could not be executed leaves no journal.
    fn discard(&self) {
        let _ = std::fs::remove_file(&self.config.journal);
    }

    fn run(&mut self, mut child: Option<&mut Child>, pids: &[i32], signals: &Signals) -> Result<()> {
        let watched: Vec<File> = pids.iter().filter_map(|pid| sys::pidfd(*pid).ok()).collect();
        let mut poll = Poll::new(signals, &watched, self.groups.owners());
        let began = clock::monotonic();
        let starts = began + nanoseconds(self.config.delay.unwrap_or_default());
        let ends = self.config.duration.map(|duration| starts + nanoseconds(duration));
        loop {
            let now = clock::monotonic();
            if !self.started && now >= starts {
                self.groups.start()?;
                self.started = true;
            }
            let over =
                poll.all_ended() || ends.is_some_and(|ends| now >= ends) || self.world.failed.is_some();
            if over || hand_on(signals, child.as_deref_mut()) {
                return Ok(());
            }
            let next_reading = self.memory.wakes(now - self.meta.start).filter(|_| self.started);
            let deadlines =
                [Some(starts).filter(|_| !self.started), ends, Some(self.next_commit()), next_reading];
            let next = deadlines.into_iter().flatten().min().unwrap_or(now);
            poll.wait((next - now).clamp(0, COMMIT_EVERY.1));
            self.round(clock::monotonic() - SETTLE);
        }
    }

    fn round(&mut self, limit: i64) {
        self.world.poll_jit();
        let (world, groups) = (&mut self.world, &self.groups);
        let broken = merge::drain(&mut self.rings, limit.max(0).cast_unsigned(), |bytes| {
            let attribute = |sample: &Sample| groups.attribute(sample.stamp.id, sample.stamp.tid);
            world.record(layout::parse(bytes), attribute);
        });
        self.world.quality.lost_records = self.world.quality.lost_records.saturating_add_unsigned(broken);
        let now = clock::monotonic();
        if self.started {
            self.memory.read(&mut self.world, now, now - self.meta.start);
        }
        if now >= self.next_commit() || self.world.pending() >= COMMIT_SAMPLES {
            self.update_meta(now);
            self.world.commit(&self.meta);
            self.committed = now;
        }
    }

    fn next_commit(&self) -> i64 {
        let age = self.committed - self.meta.start;
        self.committed + (age / 4).clamp(COMMIT_EVERY.0, COMMIT_EVERY.1)
    }

    fn update_meta(&mut self, now: i64) {
        self.meta.duration = now - self.meta.start;
        self.meta.quality.clone_from(&self.world.quality);
        self.meta.recorder.cpu_time = sys::thread_cpu_time() - self.cost_before;
        self.meta.recorder.peak_memory = sys::peak_memory();
    }

    fn finish(mut self, mut child: Option<Child>, signals: Signals) -> Result<Recording> {
        self.stop();
        let (ended, now) = (Instant::now(), clock::monotonic());
        let exit = self.exit(child.as_mut())?;
        self.round(i64::MAX);
        self.world.poll_jit();
        let named = self.world.jit.names(&self.world.interner, &self.world.machine);
        self.settle_counts();
        self.update_meta(now);
        self.meta.complete = self.world.failed.is_none();
        self.meta.exit_status = exit.map(|exit| exit.status);
        if let Some(child) = child.as_ref().filter(|child| !child.is_running()) {
            self.note_orphans(child.pid);
        }
        self.meta.cpu_time = exit.map(|exit| exit.cpu_time).or_else(|| self.observed_cpu_time());
        self.notes();
        self.world.commit(&self.meta);
        let path = self.config.journal.clone();
        let failure = self.world.failed.take().map(|source| Error::Journal { path: path.clone(), source });
        let binaries = self.world.binaries.list.into_iter().map(|binary| binary.source).collect();
        let running = child.filter(Child::is_running).map(|child| Running { child, signals });
        Ok(Recording { journal: path, binaries, named, exit, running, failure, ended })
    }

    fn stop(&mut self) {
        if !self.stopped {
            self.groups.stop();
            self.stopped = true;
        }
    }

    /// The exit of a launched program that has ended. One that runs on is waited for later; after
    /// a failed journal it runs on unobserved.
    fn exit(&mut self, child: Option<&mut Child>) -> Result<Option<Exit>> {
        match child {
            Some(child) if child.has_ended() => child.wait().map(Some),
            _ => Ok(None),
        }
    }

    /// Uses the events' own counts: time on the CPU, and samples that did not fit into a ring.
    fn settle_counts(&mut self) {
        let counts = self.groups.counts();
        for (row, (metric, count)) in self.metrics.iter_mut().zip(&counts).enumerate() {
            metric.time_enabled = Some(count.enabled);
            metric.time_running = Some(count.running);
            self.world.put_metric(row as i32, metric);
        }
        let counted: i64 = counts.iter().map(|Count { lost, .. }| lost).sum();
        let quality = &mut self.world.quality;
        // LOST records count everything that did not fit; the events count their own samples.
        let lost_samples =
            quality.lost.max(if self.groups.counts_lost() { counted } else { quality.lost_records });
        quality.lost_records = (quality.lost_records - lost_samples).max(0);
        quality.lost = lost_samples;
    }

    /// Of what was attached to and all its later children, while it was observed.
    fn observed_cpu_time(&self) -> Option<i64> {
        self.metrics.iter().filter_map(|metric| metric.time_enabled).max().filter(|time| *time > 0)
    }

    fn notes(&mut self) {
        for (row, (metric, count)) in self.metrics.iter().zip(self.groups.counts()).enumerate() {
            if count.running < count.enabled - count.enabled / 100 {
                let share = 100.0 * count.running as f64 / count.enabled.max(1) as f64;
                self.meta.notes.push(format!(
                    "{}: the kernel shared the counter among events, it ran {share:.0} % of the time; values are estimates",
                    metric.name
                ));
            }
            if self.groups.samples_all(row)
                && let Some(note) = self.unseen(metric, self.world.sums[row])
            {
                self.meta.notes.push(note);
            }
        }
    }

    fn note_orphans(&mut self, program: i32) {
        let left = self.world.running_beside(program, |pid| proc::leader(pid).is_some());
        if left > 0 {
            self.meta.notes.push(format!(
                "{left} of the processes that the program started outlived it and were not recorded to their end: \
                 attach to them with -p, or let the program wait for them"
            ));
        }
    }

    /// A clock's samples should stand for all the time that was counted.
    fn unseen(&self, metric: &Metric, sampled: i64) -> Option<String> {
        let counted = metric.time_running.filter(|_| metric.unit == "ns")?;
        let seen = sampled.saturating_add(self.world.quality.lost.saturating_mul(metric.period));
        let few = counted - seen < SHORTFALL_PERIODS * metric.period;
        (seen < counted / 100 * SEEN_PERCENT && !few).then(|| {
            format!(
                "{}: samples were taken of {:.2} s out of {:.2} s that the CPUs were used: tasks that run for less \
                 than a period at a time are sampled less often than they should be; a higher --rate sees more",
                metric.name,
                seen as f64 / 1e9,
                counted as f64 / 1e9,
            )
        })
    }
}

fn attached_threads(pids: &[i32]) -> Result<Vec<i32>> {
    let mut tids = Vec::new();
    for pid in pids {
        let threads = proc::threads(*pid);
        if threads.is_empty() {
            return Err(Error::NoSuchProcess { pid: *pid });
        }
        tids.extend(threads);
    }
    Ok(tids)
}

fn metric(event: &Event, rate: u64) -> Metric {
    let period = if event.unit == "ns" { 1_000_000_000 / rate.max(1) } else { 0 };
    let description = match event.unit {
        "ns" => format!("time on the CPU, sampled {rate} times a second ({})", event.spec),
        _ => format!("{}, sampled {rate} times a second", event.spec),
    };
    Metric {
        name: event.metric.clone(),
        unit: event.unit.into(),
        kind: "sampled".into(),
        period: i64::try_from(period).unwrap_or(0),
        description,
        time_enabled: None,
        time_running: None,
    }
}

fn first_meta(config: &Config, pids: &[i32], groups: &Groups, rings: &[Ring]) -> Meta {
    let (start, start_wall) = clock::pair();
    let (command, attached) = match &config.target {
        Target::Launch(command) => {
            (command.iter().map(|word| word.to_string_lossy().into_owned()).collect(), Vec::new())
        }
        Target::Attach(_) => (Vec::new(), pids.to_vec()),
    };
    let mut notes = Vec::new();
    if groups.user_only {
        let level = permission::paranoid().unwrap_or(2);
        notes.push(format!(
            "user code only: kernel.perf_event_paranoid is {level}; time inside the kernel is not sampled. \
             To see it: sudo sysctl kernel.perf_event_paranoid=1"
        ));
    }
    if let Some((wanted, got)) = groups.shrunk {
        notes.push(format!(
            "ring buffers of {} KiB instead of {} KiB a CPU, by the limit of locked memory; \
             to raise it: sudo sysctl kernel.perf_event_mlock_kb={}",
            got >> 10,
            wanted >> 10,
            (wanted >> 10) + 4
        ));
    }
    Meta {
        schema_version: pyrometer_tables::schema::SCHEMA_VERSION,
        creator: config.creator.clone(),
        instrument: "record".into(),
        command,
        attached,
        directory: std::env::current_dir()
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_default(),
        start,
        start_wall,
        rate: i64::try_from(config.rate).unwrap_or(i64::MAX),
        host: host::describe(),
        recorder: Cost {
            ring_bytes: rings.iter().map(|ring| ring.capacity() as i64).sum(),
            stack_copy: groups.stack_copy() as i64,
            ..Cost::default()
        },
        notes,
        ..Meta::default()
    }
}

fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX / 4)
}
