//! What a recording tells about itself: the machine, the command, the build ids.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::attr::Attr;
use super::events::Events;
use super::fields::Fields;
use crate::world::hexadecimal;

/// Numbers of features (`HEADER_*` in perf's `header.h`).
pub(super) const FEATURES: u32 = 256;
const BUILD_ID: u64 = 2;
const HOST_NAME: u64 = 3;
const RELEASE: u64 = 4;
const VERSION: u64 = 5;
const ARCHITECTURE: u64 = 6;
const CPUS: u64 = 7;
const CPU: u64 = 8;
const COMMAND: u64 = 11;
const EVENTS: u64 = 12;
const SAMPLE_TIME: u64 = 21;
const CLOCK_DATA: u64 = 29;

/// `PERF_RECORD_MISC_BUILD_ID_SIZE`.
const HAS_SIZE: u16 = 1 << 15;
/// Bytes of an id where its size is not told.
const USUAL_ID: usize = 20;
const WORDS: usize = 4096;

/// All of it; empty or none where the file does not tell.
#[derive(Debug, Default)]
pub(super) struct About {
    pub(super) host: String,
    pub(super) release: String,
    pub(super) version: String,
    pub(super) architecture: String,
    pub(super) cpus: u32,
    pub(super) cpu: String,
    pub(super) command: Vec<String>,
    /// Times of the first and the last sample.
    pub(super) sampled: Option<(u64, u64)>,
    /// The same moment on the wall clock and on that of the records, nanoseconds.
    pub(super) clocks: Option<(u64, u64)>,
    /// Build id by the path of a binary.
    pub(super) build_ids: FxHashMap<String, String>,
}

impl About {
    /// Takes in one feature; none if its bytes are too few.
    pub(super) fn feature(&mut self, feature: u64, fields: Fields, events: &mut Events) -> Option<()> {
        match feature {
            BUILD_ID => self.build_ids(fields)?,
            HOST_NAME => self.host = fields.string(0)?.0,
            RELEASE => self.release = fields.string(0)?.0,
            VERSION => self.version = fields.string(0)?.0,
            ARCHITECTURE => self.architecture = fields.string(0)?.0,
            CPUS => self.cpus = fields.u32(4)?,
            CPU => self.cpu = fields.string(0)?.0,
            COMMAND => self.command = strings(fields)?,
            EVENTS => described(fields, events)?,
            SAMPLE_TIME => self.sampled = Some((fields.u64(0)?, fields.u64(8)?)),
            CLOCK_DATA => self.clocks = Some((fields.u64(8)?, fields.u64(16)?)),
            _ => {}
        }
        Some(())
    }

    /// A list of records, each of which tells the id of one binary.
    fn build_ids(&mut self, mut fields: Fields) -> Option<()> {
        while !fields.bytes.is_empty() {
            let size = usize::from(fields.u16(6)?);
            self.build_id(fields.part(0, size)?)?;
            fields = fields.rest(size)?;
        }
        Some(())
    }

    /// `header, pid, id[20], size, reserved[3], path`.
    pub(super) fn build_id(&mut self, record: Fields) -> Option<()> {
        let size = match record.u16(4)? & HAS_SIZE {
            0 => USUAL_ID,
            _ => usize::from(*record.bytes.get(12 + USUAL_ID)?).min(USUAL_ID),
        };
        let id = record.part(12, size)?.bytes;
        let path = crate::record::text(record.rest(36)?.bytes);
        if id.iter().any(|byte| *byte != 0) {
            self.build_ids.insert(String::from_utf8_lossy(path).into_owned(), hexadecimal(id));
        }
        Some(())
    }

    /// What `meta.json` has no field of its own for: the machine's name, perf's version and its command.
    pub(super) fn extra(&self) -> BTreeMap<String, Value> {
        let text = |text: &String| (!text.is_empty()).then(|| Value::from(text.as_str()));
        let told = [
            ("hostname", text(&self.host)),
            ("recorded_by", (!self.version.is_empty()).then(|| format!("perf {}", self.version).into())),
            ("recorder_command", (!self.command.is_empty()).then(|| self.command.clone().into())),
        ];
        told.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }

    /// The processes that perf was told to attach to.
    pub(super) fn attached(&self) -> Vec<i32> {
        let own = self.command.iter().take_while(|word| *word != "--");
        let mut words = own.skip_while(|word| !matches!(word.as_str(), "-p" | "--pid")).skip(1);
        words.next().map_or(Vec::new(), |pids| pids.split(',').filter_map(|pid| pid.parse().ok()).collect())
    }

    /// The command that was recorded: what stands behind `--`, else perf's own words; none if it was attached, for
    /// then the command only says how long.
    pub(super) fn recorded_command(&self) -> Vec<String> {
        if !self.attached().is_empty() {
            return Vec::new();
        }
        let behind = self.command.iter().position(|word| word == "--").map_or(0, |at| at + 1);
        self.command[behind..].to_vec()
    }

    /// Whether registers are those of x86-64; where it is not told, whether they can be.
    pub(super) fn is_x86_64(&self, attr: &Attr, big: bool) -> bool {
        match self.architecture.as_str() {
            "" => !big && attr.user_registers >> 24 == 0,
            known => known == "x86_64",
        }
    }
}

fn strings(fields: Fields) -> Option<Vec<String>> {
    let count = fields.u32(0)? as usize;
    let mut at = 4;
    let mut words = Vec::new();
    for _ in 0..count.min(WORDS) {
        let (word, end) = fields.string(at)?;
        words.push(word);
        at = end;
    }
    Some(words)
}

/// The names of events: `count, bytes of an attribute`, then of each `attribute, number of ids, name, ids`.
fn described(fields: Fields, events: &mut Events) -> Option<()> {
    let (count, size) = (fields.u32(0)?, fields.u32(4)? as usize);
    let mut at = 8;
    for _ in 0..count {
        let attr = Attr::parse(fields.part(at, size)?)?;
        let ids = fields.u32(at + size)? as usize;
        let (name, end) = fields.string(at + size + 4)?;
        let list: Vec<u64> = fields.part(end, ids.checked_mul(8)?)?.words().collect();
        at = end + 8 * ids;
        events.name(Some(&attr), &list, name);
    }
    Some(())
}
