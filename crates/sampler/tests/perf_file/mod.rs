//! Writes `perf.data` as perf does: either byte order, any size of attributes, as a file or through a pipe.

/// Bits of `sample_type`.
pub const IP: u64 = 1;
pub const TID: u64 = 1 << 1;
pub const TIME: u64 = 1 << 2;
pub const READ: u64 = 1 << 4;
pub const CALLCHAIN: u64 = 1 << 5;
pub const CPU: u64 = 1 << 7;
pub const PERIOD: u64 = 1 << 8;
pub const BRANCH_STACK: u64 = 1 << 11;
pub const REGS_USER: u64 = 1 << 12;
pub const STACK_USER: u64 = 1 << 13;
pub const IDENTIFIER: u64 = 1 << 16;
/// What every event of these files has.
pub const USUAL: u64 = IDENTIFIER | IP | TID | TIME | CPU | PERIOD;

const FREQUENCY: u64 = 1 << 10;
const SAMPLE_ID_ALL: u64 = 1 << 18;

/// Numbers, in one byte order.
#[derive(Clone)]
pub struct Bytes {
    pub big: bool,
    pub bytes: Vec<u8>,
}

impl Bytes {
    pub fn new(big: bool) -> Self {
        Self { big, bytes: Vec::new() }
    }

    pub fn u16(mut self, value: u16) -> Self {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }

    pub fn u32(mut self, value: u32) -> Self {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }

    pub fn u64(mut self, value: u64) -> Self {
        self.bytes.extend(if self.big { value.to_be_bytes() } else { value.to_le_bytes() });
        self
    }

    pub fn words(self, values: &[u64]) -> Self {
        values.iter().fold(self, |bytes, value| bytes.u64(*value))
    }

    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    /// A name with its NUL, padded to eight bytes.
    pub fn name(mut self, name: &str) -> Self {
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        self
    }

    /// A string that its length precedes.
    pub fn string(self, text: &str) -> Self {
        let length = (text.len() + 1).next_multiple_of(64);
        let mut padded = self.u32(length as u32);
        let end = padded.bytes.len() + length;
        padded.bytes.extend(text.bytes());
        padded.bytes.resize(end, 0);
        padded
    }
}

/// An event.
#[derive(Clone)]
pub struct Event {
    pub name: &'static str,
    pub kind: u32,
    pub config: u64,
    pub sample_type: u64,
    pub read_format: u64,
    pub branch_sample_type: u64,
    pub registers: u64,
    pub id: u64,
}

impl Event {
    pub fn clock(sample_type: u64) -> Self {
        Self {
            name: "cpu-clock:H",
            kind: 1,
            config: 0,
            sample_type,
            read_format: 0,
            branch_sample_type: 0,
            registers: 0,
            id: 7,
        }
    }
}

/// A recording that is written.
#[derive(Clone)]
pub struct Recording {
    pub big: bool,
    pub attr_size: usize,
    pub events: Vec<Event>,
    pub features: Vec<(u64, Vec<u8>)>,
    /// Whole records.
    pub records: Vec<Vec<u8>>,
}

impl Recording {
    pub fn new(big: bool, events: Vec<Event>) -> Self {
        Self { big, attr_size: 136, events, features: Vec::new(), records: Vec::new() }
    }

    pub fn bytes(&self) -> Bytes {
        Bytes::new(self.big)
    }

    fn attr(&self, event: &Event) -> Vec<u8> {
        let flags = FREQUENCY | SAMPLE_ID_ALL;
        let flags = if self.big { flags.reverse_bits() } else { flags };
        let mut attr = self.bytes().u32(event.kind).u32(self.attr_size as u32).u64(event.config).u64(1000);
        attr = attr.words(&[event.sample_type, event.read_format, flags, 0, 0, 0]);
        attr = attr.words(&[event.branch_sample_type, event.registers]);
        attr.bytes.resize(self.attr_size.max(attr.bytes.len()), 0xee);
        attr.bytes.truncate(self.attr_size);
        if self.attr_size > 88 {
            let end = self.attr_size.min(136);
            attr.bytes[88..end].fill(0);
        }
        attr.bytes
    }

    pub fn record(&self, kind: u32, misc: u16, body: Bytes) -> Vec<u8> {
        let size = u16::try_from(8 + body.bytes.len()).expect("a record that fits");
        self.bytes().u32(kind).u16(misc).u16(size).raw(&body.bytes).bytes
    }

    /// What records other than samples end with: pid and tid, time, CPU, identifier.
    fn stamped(&self, kind: u32, misc: u16, body: Bytes, time: u64) -> Vec<u8> {
        self.record(kind, misc, body.u32(10).u32(11).u64(time).u32(1).u32(0).u64(self.events[0].id))
    }

    pub fn push(&mut self, kind: u32, misc: u16, body: Bytes, time: u64) {
        let record = self.stamped(kind, misc, body, time);
        self.records.push(record);
    }

    pub fn named(&mut self, pid: u32, tid: u32, name: &str, time: u64) {
        let body = self.bytes().u32(pid).u32(tid).name(name);
        self.push(3, 0, body, time);
    }

    /// An executable mapping of 0x1000 bytes; `file` tells whether it has an inode.
    pub fn mapped(&mut self, pid: u32, start: u64, path: &str, time: u64) {
        let body = self.bytes().u32(pid).u32(pid).words(&[start, 0x1000, 0]);
        let body = body.u32(8).u32(1).words(&[99, 1]).u32(5).u32(2).name(path);
        self.push(10, 2, body, time);
    }

    /// The fields that every sample has; more may follow.
    pub fn sampled(&self, id: u64, ip: u64, tid: u32, time: u64) -> Bytes {
        self.bytes().words(&[id, ip]).u32(10).u32(tid).u64(time).u32(1).u32(0).u64(500)
    }

    pub fn sample(&mut self, body: Bytes) {
        let record = self.record(9, 2, body);
        self.records.push(record);
    }

    pub fn round(&mut self) {
        let record = self.record(68, 0, self.bytes());
        self.records.push(record);
    }

    /// Puts all records so far into compressed ones, cut without regard to what is in them.
    pub fn compress(&mut self, kind: u32, piece: usize) {
        use std::io::Write;
        let plain = std::mem::take(&mut self.records).concat();
        let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).expect("memory");
        for part in plain.chunks(piece) {
            encoder.write_all(part).expect("memory");
            encoder.flush().expect("memory");
            let packed = std::mem::take(encoder.get_mut());
            let body = self.bytes();
            let body = if kind == 83 { body.u64(packed.len() as u64) } else { body }.raw(&packed);
            let record = self.record(kind, 0, body);
            self.records.push(record);
        }
    }

    fn described(&self) -> Vec<u8> {
        let mut bytes = self.bytes().u32(self.events.len() as u32).u32(self.attr_size as u32);
        for event in &self.events {
            bytes = bytes.raw(&self.attr(event)).u32(1).string(event.name).u64(event.id);
        }
        bytes.bytes
    }

    fn all_features(&self) -> Vec<(u64, Vec<u8>)> {
        let mut features = self.features.clone();
        features.push((12, self.described()));
        features.sort();
        features
    }

    pub fn file(&self) -> Vec<u8> {
        let features = self.all_features();
        let records = self.records.concat();
        let each = self.attr_size + 16;
        let attrs = 104;
        let ids = attrs + each * self.events.len();
        let data = ids + 8 * self.events.len();
        let mut bits = [0; 4];
        features.iter().for_each(|(number, _)| bits[(number / 64) as usize] |= 1 << (number % 64));
        let sections = [attrs, each * self.events.len(), data, records.len(), 0, 0].map(|word| word as u64);
        let mut file = self.bytes().raw(if self.big { b"2ELIFREP" } else { b"PERFILE2" });
        file = file.words(&[104, each as u64]).words(&sections).words(&bits);
        for (index, event) in self.events.iter().enumerate() {
            file = file.raw(&self.attr(event)).words(&[(ids + 8 * index) as u64, 8]);
        }
        file = self.events.iter().fold(file, |file, event| file.u64(event.id)).raw(&records);
        let mut at = file.bytes.len() + 16 * features.len();
        for (_, bytes) in &features {
            file = file.words(&[at as u64, bytes.len() as u64]);
            at += bytes.len();
        }
        features.iter().fold(file, |file, (_, bytes)| file.raw(bytes)).bytes
    }

    pub fn pipe(&self) -> Vec<u8> {
        let mut pipe = self.bytes().raw(if self.big { b"2ELIFREP" } else { b"PERFILE2" }).u64(16);
        for event in &self.events {
            pipe = pipe.raw(&self.record(64, 0, self.bytes().raw(&self.attr(event)).u64(event.id)));
        }
        for (number, bytes) in self.all_features() {
            pipe = pipe.raw(&self.record(80, 0, self.bytes().u64(number).raw(&bytes)));
        }
        pipe.raw(&self.records.concat()).bytes
    }
}
