//! The outer form of `perf.data`: header, sections, and the records one after the other.
//!
//! A file has its attributes and features in sections that the header points at; what came through a pipe has
//! them as records among the others. A recording of several threads is a folder: one such file, and beside it records
//! alone, in a file for each of them.

use std::path::Path;

use super::about::{About, FEATURES};
use super::attr::Attr;
use super::error::{Error, Result};
use super::events::Events;
use super::fields::Fields;

const LITTLE: &[u8; 8] = b"PERFILE2";
const BIG: &[u8; 8] = b"2ELIFREP";
const FIRST_VERSION: &[u8; 8] = b"PERFFILE";
/// Bytes of the header of what came through a pipe, and of a file's.
const PIPE_HEADER: u64 = 16;
const FILE_HEADER: usize = 104;
/// Where a file's header has its sections and the bits of its features.
const ATTRS: usize = 24;
const DATA: usize = 40;
const FEATURE_BITS: usize = 72;
/// Bytes of a record's header.
const HEADER: usize = 8;

/// Types of the records that perf itself writes.
pub(super) mod kind {
    pub(in super::super) const ATTR: u32 = 64;
    pub(in super::super) const TRACING_DATA: u32 = 66;
    pub(in super::super) const BUILD_ID: u32 = 67;
    pub(in super::super) const FINISHED_ROUND: u32 = 68;
    pub(in super::super) const AUXTRACE: u32 = 71;
    pub(in super::super) const EVENT_UPDATE: u32 = 78;
    pub(in super::super) const FEATURE: u32 = 80;
    pub(in super::super) const COMPRESSED: u32 = 81;
    pub(in super::super) const COMPRESSED2: u32 = 83;
}

/// `PERF_EVENT_UPDATE__NAME`.
const UPDATE_NAME: u64 = 2;

/// Whether a file that begins so is perf's, of any version.
#[must_use]
pub fn is_perf_data(head: &[u8]) -> bool {
    [LITTLE, BIG, FIRST_VERSION].iter().any(|magic| head.starts_with(*magic))
}

/// A file of a recording: the first has a header, the others are records alone.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// What it is called in errors.
    pub path: &'a Path,
    /// All of it.
    pub bytes: &'a [u8],
}

/// A recording, laid open.
pub(super) struct File<'a> {
    path: &'a Path,
    all: Fields<'a>,
    /// First byte of the records, and the byte behind the last.
    data: (usize, usize),
    /// The files of records alone.
    more: &'a [Part<'a>],
    pub(super) events: Events,
    pub(super) about: About,
    /// Whether the recorder was ended before it could finish the file.
    pub(super) unfinished: bool,
}

/// One record of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outer<'a> {
    pub(super) kind: u32,
    /// Where it stands in the files, as if they were one.
    pub(super) offset: u64,
    /// All of it, header included.
    pub(super) fields: Fields<'a>,
}

impl<'a> File<'a> {
    /// Reads header and features; in a pipe's, those that come as records. `lenient` takes a file that was not
    /// finished, and leaves features out that do not fit.
    pub(super) fn open(main: Part<'a>, more: &'a [Part<'a>], lenient: bool) -> Result<Self> {
        let Part { path, bytes } = main;
        let malformed = |offset, expected, found: String| Error::malformed(path, offset, expected, found);
        let all = match bytes.first_chunk::<8>() {
            Some(magic) if magic == LITTLE => Fields::new(bytes, false),
            Some(magic) if magic == BIG => Fields::new(bytes, true),
            Some(magic) if magic == FIRST_VERSION => {
                return Err(Error::FirstVersion { path: path.to_owned() });
            }
            _ => return Err(malformed(0, "PERFILE2", "something else".into())),
        };
        let (events, about) = (Events::default(), About::default());
        let mut file = Self { path, all, data: (0, 0), more, events, about, unfinished: false };
        let cut = || malformed(bytes.len() as u64, "a header", "the end of the file".into());
        let piped = all.u64(8).ok_or_else(cut)? == PIPE_HEADER;
        if piped {
            file.data = (PIPE_HEADER as usize, bytes.len());
        } else {
            all.part(0, FILE_HEADER).ok_or_else(cut)?;
            file.sections(lenient)?;
        }
        file.records_about(lenient)?;
        if file.events.list.is_empty() {
            return Err(malformed(PIPE_HEADER, "an event", "none".into()));
        }
        Ok(file)
    }

    fn malformed(&self, offset: usize, expected: &str, found: impl Into<String>) -> Error {
        Error::malformed(self.path, offset as u64, expected, found)
    }

    /// Where the section lies that is described at `at`.
    fn section(&self, at: usize, what: &str) -> Result<(usize, usize)> {
        let bounds = self.all.length(at).zip(self.all.length(at + 8));
        let inside = bounds.filter(|(start, size)| self.all.part(*start, *size).is_some());
        inside.ok_or_else(|| {
            let size = self.all.bytes.len();
            let found = bounds.map_or("none".into(), |(start, length)| {
                format!("{length} bytes at {start} in a file of {size}")
            });
            self.malformed(at, &format!("the section of {what}"), found)
        })
    }

    fn sections(&mut self, lenient: bool) -> Result<()> {
        self.attrs()?;
        let (start, size) = (self.all.length(DATA).unwrap_or(0), self.all.length(DATA + 8).unwrap_or(0));
        let end = self.all.bytes.len();
        if size == 0 && start < end || lenient && start.saturating_add(size) > end {
            self.unfinished = true;
            if !lenient {
                let found = "none: perf was killed, or still records";
                return Err(self.malformed(DATA + 8, "the size of the records", found));
            }
            self.data = (start.min(end), end);
            return Ok(());
        }
        let (start, size) = self.section(DATA, "records")?;
        self.data = (start, start + size);
        self.features(start + size, lenient)
    }

    fn attrs(&mut self) -> Result<()> {
        let each = self.all.length(16).unwrap_or(0);
        if each < Attr::SMALLEST + 16 {
            return Err(self.malformed(16, "the size of an attribute, 80 at least", each.to_string()));
        }
        let (start, size) = self.section(ATTRS, "attributes")?;
        for at in (0..size / each).map(|index| start + index * each) {
            let attr = self.all.part(at, each - 16).and_then(Attr::parse);
            let attr = attr.ok_or_else(|| self.malformed(at, "an attribute", "too few bytes"))?;
            let (ids, length) = self.section(at + each - 16, "ids")?;
            let ids = self.all.part(ids, length).map(Fields::words);
            self.events.add(attr, ids.into_iter().flatten());
        }
        Ok(())
    }

    /// The table of features stands behind the records: a section for each bit that is set.
    fn features(&mut self, table: usize, lenient: bool) -> Result<()> {
        let mut at = table;
        for feature in 0..FEATURES {
            let bits = self.all.u64(FEATURE_BITS + 8 * (feature / 64) as usize).unwrap_or(0);
            if bits >> (feature % 64) & 1 == 0 {
                continue;
            }
            let taken = self.section(at, "a feature").and_then(|(start, size)| {
                let fields = self.all.part(start, size).unwrap_or(self.all);
                let (about, events) = (&mut self.about, &mut self.events);
                let taken = about.feature(u64::from(feature), fields, events);
                taken.ok_or_else(|| self.malformed(start, &format!("feature {feature}"), "too few bytes"))
            });
            if let Err(error) = taken {
                return if lenient { Ok(()) } else { Err(error) };
            }
            at += 16;
        }
        Ok(())
    }

    /// Takes in what records tell about the recording. Some stand behind the samples that they are about.
    fn records_about(&mut self, lenient: bool) -> Result<()> {
        let mut records = self.records(lenient);
        while let Some(record) = records.next().transpose()? {
            let body = record.fields.rest(HEADER).unwrap_or(record.fields);
            let (about, events) = (&mut self.about, &mut self.events);
            let taken = match record.kind {
                kind::ATTR => attr_record(body, events),
                kind::BUILD_ID => about.build_id(record.fields),
                kind::EVENT_UPDATE => updated(body, events),
                kind::FEATURE => body.u64(0).and_then(|number| about.feature(number, body.rest(8)?, events)),
                _ => Some(()),
            };
            if taken.is_none() && !lenient {
                let what = format!("a record of type {}", record.kind);
                return Err(self.malformed(record.offset as usize, &what, "too few bytes"));
            }
        }
        Ok(())
    }

    /// The records of the file that has the header, in their order.
    fn records(&self, lenient: bool) -> Records<'a> {
        let (at, end) = self.data;
        Records { path: self.path, all: self.all, before: 0, at, end, lenient, cut: false }
    }

    /// The records of each file, in their order.
    pub(super) fn streams(&self, lenient: bool) -> Vec<Records<'a>> {
        let mut before = self.all.bytes.len() as u64;
        let mut streams = vec![self.records(lenient)];
        for Part { path, bytes } in self.more {
            let all = Fields::new(bytes, self.all.big);
            streams.push(Records { path, all, before, at: 0, end: bytes.len(), lenient, cut: false });
            before += bytes.len() as u64;
        }
        streams
    }

    /// Whether the most significant byte of a number is first.
    pub(super) fn is_big(&self) -> bool {
        self.all.big
    }

    /// Bytes of all files, to tell how far reading has come.
    pub(super) fn size(&self) -> u64 {
        self.more.iter().map(|part| part.bytes.len() as u64).sum::<u64>() + self.all.bytes.len() as u64
    }

    /// The file in which something stands at `offset` of all, and where in it.
    pub(super) fn place(&self, mut offset: u64) -> (&'a Path, u64) {
        let main = Part { path: self.path, bytes: self.all.bytes };
        for Part { path, bytes } in std::iter::once(&main).chain(self.more) {
            match offset.checked_sub(bytes.len() as u64) {
                Some(behind) => offset = behind,
                None => return (path, offset),
            }
        }
        (self.path, self.size())
    }
}

/// `attribute, ids`.
fn attr_record(body: Fields, events: &mut Events) -> Option<()> {
    let size = (body.u32(4)? as usize).max(Attr::SMALLEST);
    let attr = Attr::parse(body.part(0, size)?)?;
    events.add(attr, body.rest(size)?.words());
    Some(())
}

/// `what, id of an event, value`.
fn updated(body: Fields, events: &mut Events) -> Option<()> {
    let (what, id) = (body.u64(0)?, body.u64(8)?);
    if what == UPDATE_NAME {
        let name = String::from_utf8_lossy(crate::record::text(body.rest(16)?.bytes)).into_owned();
        events.name(None, &[id], name);
    }
    Some(())
}

/// Walks over the records of a file.
pub(super) struct Records<'a> {
    pub(super) path: &'a Path,
    all: Fields<'a>,
    /// Bytes of the files before this one.
    before: u64,
    at: usize,
    end: usize,
    lenient: bool,
    /// Whether the last record was cut, and left out.
    pub(super) cut: bool,
}

impl<'a> Records<'a> {
    /// Bytes of the file that were passed.
    pub(super) fn passed(&self) -> u64 {
        self.at as u64
    }

    fn read(&mut self) -> Option<Outer<'a>> {
        let header = self.all.part(self.at, HEADER).filter(|_| self.at + HEADER <= self.end)?;
        let (kind, size) = (header.u32(0)?, usize::from(header.u16(6)?));
        let fits = size >= HEADER && size <= self.end - self.at;
        let record = Outer {
            kind,
            offset: self.before + self.at as u64,
            fields: self.all.part(self.at, size).filter(|_| fits)?,
        };
        self.at += size + following(&record).filter(|more| *more <= self.end - self.at - size)?;
        Some(record)
    }

    fn malformed(&self) -> Error {
        let left = self.end - self.at;
        let size = self.all.u16(self.at + 6).filter(|_| left >= HEADER);
        let found = match size {
            None => format!("{left} bytes"),
            Some(size) if usize::from(size) < HEADER => format!("one of {size} bytes"),
            Some(size) => format!("one of {size} bytes and what belongs to it, where {left} are left"),
        };
        Error::malformed(self.path, self.at as u64, "a whole record", found)
    }
}

/// Bytes behind a record that belong to it.
fn following(record: &Outer) -> Option<usize> {
    match record.kind {
        kind::TRACING_DATA => (record.fields.u32(HEADER)? as usize).checked_next_multiple_of(8),
        kind::AUXTRACE => record.fields.length(HEADER),
        _ => Some(0),
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Outer<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        if let Some(record) = self.read() {
            return Some(Ok(record));
        }
        let error = self.malformed();
        self.at = self.end;
        self.cut = true;
        (!self.lenient).then_some(Err(error))
    }
}
