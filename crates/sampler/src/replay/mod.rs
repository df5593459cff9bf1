//! What `perf record` has written, read into a journal as if it were recorded now.
//!
//! Constraints:
//! - records go through the same [`World`] as while recording; what differs is the [`Machine`], which knows no
//!   process: nothing is read but the file and binaries, and of these only the recorded ones;
//! - the layout of each record is that of its event's attribute, whatever its size; types that are not known are
//!   passed over and counted;
//! - a file is believed nothing: lengths are checked against what is there, and what is unpacked has bounds;
//! - times are the file's own.
//!
//! The format is described in perf's `Documentation/perf.data-file-format.txt` and `linux/perf_event.h`.

mod about;
mod attr;
mod boot;
mod chunks;
mod error;
mod events;
mod fields;
mod file;
mod layout;
mod machine;
mod order;
mod tally;

use std::path::Path;
use std::rc::Rc;

use pyrometer_symbols::generated::Named;
use pyrometer_tables::journal::Writer;
use pyrometer_tables::meta::{Host, Meta};
use rustc_hash::FxHashMap;

use self::chunks::Unpacker;
use self::fields::Fields;
use self::file::{File, Outer, Records, kind};
use self::machine::Recorded;
use self::order::{Order, Piece, Waiting};
use self::tally::Tally;
use crate::abi;
use crate::binary::Source;
use crate::record::{Mmap, Record, Sample};
use crate::world::{World, hexadecimal};

pub use error::{Error, Result};
pub use file::{Part, is_perf_data};
pub use machine::Places;

/// Samples that wait for a commit at most.
const COMMIT_SAMPLES: usize = 65_536;
/// Records between two looks whether somebody wants to stop, and until it is another file's turn.
const TURN: usize = 4096;
/// Types that perf itself writes begin here.
const USER_TYPES: u32 = 64;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whether what does not fit is left out, rather than an error.
    pub lenient: bool,
    /// Where binaries may lie.
    pub places: Places,
    /// Name and version of the program that reads, for `meta.json`.
    pub creator: String,
}

/// What is left when a file was read, beside the journal.
pub struct Replayed {
    /// What is known of each row of `binaries`: its open file, or its bytes.
    pub binaries: Vec<Source>,
    /// Names of generated code.
    pub named: Vec<Named>,
}

/// Told the bytes read of a file and its size; `false` stops the reading.
pub type Watch<'a> = dyn FnMut(u64, u64) -> bool + 'a;

/// Reads the bytes of a recording, the file with the header and those of records alone, into a journal.
///
/// # Errors
/// [`Error`].
pub fn replay(
    main: Part<'_>,
    more: &[Part<'_>],
    journal: &Path,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Replayed> {
    let mut file = File::open(main, more, options.lenient)?;
    let meta = first_meta(&file, options);
    let build_ids = std::mem::take(&mut file.about.build_ids);
    let machine = Recorded { places: options.places.clone(), build_ids, is_same_boot: false };
    let mut world = World::new(Writer::create(journal, &meta)?, machine);
    let (metrics, rows) = file.events.metrics();
    for (row, metric) in metrics.iter().enumerate() {
        world.put_metric(row as i32, metric);
    }
    let is_x86_64 = file.events.list.iter().all(|event| file.about.is_x86_64(&event.attr, file.is_big()));
    // Code that was generated is told apart by time only where that is the programs' own.
    world.jit.now = u64::MAX;
    world.timed_jit = file.events.list.iter().all(|event| event.attr.is_monotonic());
    let mut player = Player {
        file: &file,
        world,
        rows,
        lenient: options.lenient,
        is_x86_64,
        meta,
        tally: Tally::default(),
        counted: FxHashMap::default(),
        first: None,
        last: 0,
        played: 0,
        own: Vec::new(),
        has_kernel: false,
    };
    player.run(watch)?;
    player.finish()
}

fn first_meta(file: &File, options: &Options) -> Meta {
    let about = &file.about;
    let mut sampling = file.events.list.iter().filter(|event| !event.attr.is_dummy());
    let rate = sampling.find(|event| event.attr.is_frequency()).map_or(0, |event| event.attr.period);
    let host = Host {
        kernel: about.release.clone(),
        cpu_model: about.cpu.clone(),
        cpus: i32::try_from(about.cpus).unwrap_or(0),
        architecture: about.architecture.clone(),
        boot_id: String::new(),
    };
    let mut meta = Meta {
        schema_version: pyrometer_tables::schema::SCHEMA_VERSION,
        creator: options.creator.clone(),
        instrument: "record".into(),
        source: "perf-data".into(),
        command: about.recorded_command(),
        attached: about.attached(),
        rate: i64::try_from(rate).unwrap_or(0),
        host,
        extra: about.extra(),
        ..Meta::default()
    };
    if file.unfinished {
        meta.notes.push("perf was ended before it could finish the file: names of events are missing".into());
    }
    meta
}

/// A file of records, and what of it is not yet whole.
struct Stream<'a> {
    records: Records<'a>,
    unpacker: Unpacker,
    ended: bool,
}

/// Reads one recording.
struct Player<'a> {
    file: &'a File<'a>,
    world: World<Recorded>,
    /// Row of the metric of each event.
    rows: Vec<Option<usize>>,
    lenient: bool,
    is_x86_64: bool,
    meta: Meta,
    tally: Tally,
    /// What the events of groups had counted at their last sample, by id.
    counted: FxHashMap<u64, u64>,
    /// Times of the first and the last record that has one.
    first: Option<u64>,
    last: u64,
    played: u64,
    /// A call chain that had to be copied.
    own: Vec<u8>,
    /// Whether the kernel's mapping was seen.
    has_kernel: bool,
}

impl<'a> Player<'a> {
    fn run(&mut self, watch: &mut Watch<'_>) -> Result<()> {
        let size = self.file.size();
        let mut order = Order::default();
        let mut streams = self.streams(size)?;
        // The rounds of one file are not those of another.
        let in_rounds = streams.len() == 1;
        while streams.iter().any(|stream| !stream.ended) {
            for stream in streams.iter_mut().filter(|stream| !stream.ended) {
                self.turn(stream, &mut order, in_rounds)?;
            }
            let passed = streams.iter().map(|stream| stream.records.passed()).sum();
            if passed < size && !watch(passed, size) {
                return Err(Error::Interrupted);
            }
        }
        self.play(order.rest())
    }

    fn streams(&self, size: u64) -> Result<Vec<Stream<'a>>> {
        let streams = self.file.streams(self.lenient).into_iter().map(|records| {
            let path = records.path;
            let unreadable =
                |error: std::io::Error| Error::malformed(path, 0, "memory to unpack in", error.to_string());
            Ok(Stream { records, unpacker: Unpacker::new(size).map_err(unreadable)?, ended: false })
        });
        streams.collect()
    }

    /// Reads on in one file, until it is the next one's turn.
    fn turn(&mut self, stream: &mut Stream<'a>, order: &mut Order<'a>, in_rounds: bool) -> Result<()> {
        for _ in 0..TURN {
            let Some(record) = stream.records.next().transpose()? else { return self.end(stream) };
            match record.kind {
                kind::FINISHED_ROUND if in_rounds => self.play(order.round())?,
                kind::FINISHED_ROUND => {}
                kind::COMPRESSED | kind::COMPRESSED2 => self.unpack(stream, order, &record)?,
                kind if kind >= USER_TYPES => self.tally.of_perf(kind),
                _ => {
                    let piece = Piece::File(record.fields.bytes);
                    self.queue(order, record.fields, record.offset, piece);
                }
            }
            if order.is_full() {
                self.play(order.round())?;
            }
        }
        Ok(())
    }

    fn end(&mut self, stream: &mut Stream<'a>) -> Result<()> {
        stream.ended = true;
        self.tally.cut |= stream.records.cut;
        if stream.unpacker.unfinished() > 0 {
            let (path, end) = (stream.records.path, stream.records.passed());
            self.left_out((path, end), "the rest of a compressed record", "the end of the file")?;
            self.tally.cut = true;
        }
        Ok(())
    }

    fn unpack(&mut self, stream: &mut Stream<'a>, order: &mut Order<'a>, record: &Outer) -> Result<()> {
        let place = self.file.place(record.offset);
        match stream.unpacker.unpack(place, record.fields, record.kind) {
            Ok(chunk) => self.queue_chunk(order, record, &chunk),
            Err(Error::Malformed { .. }) if self.lenient => self.tally.malformed += 1,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn queue_chunk(&mut self, order: &mut Order<'a>, record: &Outer, chunk: &Rc<[u8]>) {
        let fields = Fields::new(chunk, record.fields.big);
        let mut start = 0;
        while let Some(size) = fields.u16(start + 6).map(usize::from) {
            let Some(inner) = fields.part(start, size).filter(|_| size >= 8) else { break };
            let piece = Piece::Unpacked { chunk: Rc::clone(chunk), start, end: start + size };
            self.queue(order, inner, record.offset, piece);
            start += size;
        }
    }

    /// Lets a record wait for older ones. Those without a time are as old as they come.
    fn queue(&mut self, order: &mut Order<'a>, record: Fields, offset: u64, piece: Piece<'a>) {
        let event = self.event_of(record).unwrap_or(0);
        let time = self.file.events.list[event].attr.time_of(record).unwrap_or(0);
        order.push(Waiting { time, offset, piece });
    }

    /// The event that a record is of.
    fn event_of(&self, record: Fields) -> Option<usize> {
        let events = &self.file.events;
        // Where an id lies is the same for all events of a file.
        events.of(events.list.first()?.attr.id_of(record))
    }

    fn play(&mut self, records: Vec<Waiting<'a>>) -> Result<()> {
        if self.first.is_none() {
            // What perf itself says of processes that were there before has no time.
            let first = records.iter().map(|record| record.time).find(|time| *time > 0);
            let told = self.file.about.sampled.map(|(first, _)| first).filter(|first| *first > 0);
            self.first = first.map(|first| told.map_or(first, |told| told.min(first)));
        }
        for record in &records {
            self.last = self.last.max(record.time);
            let fields = Fields::new(record.piece.bytes(), self.file.is_big());
            if self.one(fields, record.time).is_none() {
                let kind = fields.u32(0).unwrap_or(0);
                let place = self.file.place(record.offset);
                self.left_out(place, &format!("a record of type {kind}"), "too few bytes")?;
            }
            if self.world.pending() >= COMMIT_SAMPLES {
                self.commit()?;
            }
        }
        Ok(())
    }

    fn left_out(&mut self, (path, offset): (&Path, u64), expected: &str, found: &str) -> Result<()> {
        if !self.lenient {
            return Err(Error::malformed(path, offset, expected, found));
        }
        self.tally.malformed += 1;
        Ok(())
    }

    /// Plays one record; none if it is shorter than its type demands.
    fn one(&mut self, record: Fields, time: u64) -> Option<()> {
        let event = self.event_of(record);
        if layout::is_sample(record) {
            let Some(event) = event else {
                self.tally.foreign += 1;
                return Some(());
            };
            return self.sample(record, event);
        }
        let attr = &self.file.events.list[event.unwrap_or(0)].attr;
        let mut parsed = attr.other(record)?;
        let mode = record.u16(4)? & abi::misc::CPU_MODE;
        let began = self.first.unwrap_or(0);
        match &mut parsed {
            Record::Mmap(mmap) => {
                if mode > abi::misc::USER || mode == abi::misc::KERNEL || mmap.pid < 0 {
                    self.kernel_mapped(mmap);
                    return Some(());
                }
                mmap.stamp.time = time.max(began);
            }
            Record::Comm { pid, tid, stamp, .. } => {
                stamp.time = time.max(began);
                self.world.ensure_thread(*pid, *tid, stamp.time);
            }
            Record::Fork(lineage) => {
                // Threads that were there before are told of in no order.
                if lineage.time == 0 && self.world.knows(lineage.pid, lineage.tid) {
                    return Some(());
                }
                lineage.time = lineage.time.max(began);
            }
            Record::Exit(lineage) => lineage.time = lineage.time.max(began),
            Record::Other { kind } => self.tally.of_kernel(*kind),
            _ => {}
        }
        self.world.record(parsed, |_| None);
        Some(())
    }

    fn sample(&mut self, record: Fields, event: usize) -> Option<()> {
        let attr = &self.file.events.list[event].attr;
        let (sample, extra) = attr.sample(record, self.is_x86_64, &mut self.own)?;
        let row = self.rows[event];
        self.played += 1;
        self.tally.sample(attr, &sample, extra.branches, self.is_x86_64);
        match extra.group.and_then(|group| attr.group(group)) {
            Some(values) => {
                let counted = &mut self.counted;
                let events = &self.file.events;
                let rows = &self.rows;
                let mut values = values.filter_map(|(id, value)| {
                    let before = counted.insert(id, value).unwrap_or(0);
                    let row = rows[events.of(Some(id))?]?;
                    Some((row, value.wrapping_sub(before))).filter(|(_, value)| *value > 0)
                });
                if let Some((row, period)) = values.next() {
                    self.world.record(Record::Sample(Sample { period, ..sample }), |_| Some(row));
                    values.for_each(|(row, value)| self.world.also(row, value));
                }
            }
            None => self.world.record(Record::Sample(sample), |_| row),
        }
        Some(())
    }

    /// Looks at the mapping that stands for the kernel: the first, for a file may have as many as it likes.
    fn kernel_mapped(&mut self, mmap: &Mmap) {
        if self.has_kernel || !mmap.name.starts_with(machine::KERNEL.as_bytes()) {
            return;
        }
        self.has_kernel = true;
        let build_ids = &mut self.world.machine.build_ids;
        if let Some(build_id) = mmap.build_id {
            build_ids.entry(machine::KERNEL.to_owned()).or_insert_with(|| hexadecimal(build_id));
        }
        let build_id = build_ids.get(machine::KERNEL);
        if let Some(boot) = boot::same(mmap.name, mmap.offset, build_id, &self.file.about) {
            self.world.machine.is_same_boot = !boot.is_empty();
            self.meta.host.boot_id = boot;
        }
    }

    fn commit(&mut self) -> Result<()> {
        self.meta.quality = self.world.quality.clone();
        self.world.commit(&self.meta);
        self.world.failed.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn finish(mut self) -> Result<Replayed> {
        let told = self.file.about.sampled.filter(|(first, last)| first <= last);
        let start = self.first.or(told.map(|(first, _)| first)).unwrap_or(0);
        let last = told.map_or(self.last, |(_, last)| last.max(self.last));
        self.meta.start = start.cast_signed();
        self.meta.duration = last.saturating_sub(start).cast_signed();
        if let Some((wall, clock)) = self.file.about.clocks {
            self.meta.start_wall = wall.wrapping_add(start.wrapping_sub(clock)).cast_signed();
        }
        let (truncated, rootless) = (self.world.quality.truncated, self.world.rootless);
        self.meta.notes.extend(self.tally.notes(self.played, rootless, truncated));
        self.meta.complete = self.tally.is_whole() && !self.file.unfinished;
        self.commit()?;
        let World { mut jit, interner, machine, binaries, .. } = self.world;
        let named = jit.names(&interner, &machine);
        let binaries = binaries.list.into_iter().map(|binary| binary.source).collect();
        Ok(Replayed { binaries, named })
    }
}
