//! Records as the attributes of their events lay them out.

use super::attr::Attr;
use super::fields::Fields;
use crate::abi::{misc, record as kind, registers, sample as field};
use crate::record::{Lineage, Mmap, Record, Sample, Stamp, UNKNOWN_INODE, UserRegisters, Words, text};

/// Bytes of a record's header.
const HEADER: usize = 8;
/// Bits of `asm/perf_regs.h` for x86: bx, cx, bp, sp, ip, r12 to r15.
const REGISTERS: [u32; 9] = [1, 2, 6, 7, 8, 20, 21, 22, 23];
/// Bytes of a branch: from, to, flags.
const BRANCH: usize = 24;

/// What else of a sample there was.
#[derive(Debug, Default)]
pub(super) struct Extra<'a> {
    /// Branches that the CPU recorded.
    pub(super) branches: usize,
    /// What the events of a group had counted.
    pub(super) group: Option<Fields<'a>>,
}

/// The begin of a sample.
struct Fixed {
    stamp: Stamp,
    ip: u64,
    period: u64,
    /// Where the rest begins.
    end: usize,
}

/// The rest of a sample.
struct Variable<'a> {
    group: Option<Fields<'a>>,
    chain: Fields<'a>,
    branches: Fields<'a>,
    /// `PERF_SAMPLE_REGS_ABI_*`.
    abi: u64,
    registers: Option<UserRegisters>,
    stack: &'a [u8],
}

/// Whether a record is a sample.
pub(super) fn is_sample(fields: Fields) -> bool {
    fields.u32(0) == Some(kind::SAMPLE)
}

fn misc_of(fields: Fields) -> u16 {
    fields.u16(4).unwrap_or(0)
}

impl Attr {
    /// Bytes of the fields among these that a sample has, each of 8 bytes.
    fn width(&self, fields: u64) -> usize {
        8 * (self.sample_type & fields).count_ones() as usize
    }

    /// The id of the event that a record is of; of other records than samples, if they end with it.
    pub(super) fn id_of(&self, record: Fields) -> Option<u64> {
        if is_sample(record) {
            if self.has(field::IDENTIFIER) {
                return record.u64(HEADER);
            }
            let before = field::IP | field::TID | field::TIME | field::ADDR;
            return record.u64(HEADER + self.width(before)).filter(|_| self.has(field::ID));
        }
        self.trailer(record).map(|stamp| stamp.id)
    }

    /// The time of a record, if it has one.
    pub(super) fn time_of(&self, record: Fields) -> Option<u64> {
        if !self.has(field::TIME) {
            return None;
        }
        if is_sample(record) {
            let before = field::IDENTIFIER | field::IP | field::TID;
            return record.u64(HEADER + self.width(before));
        }
        self.trailer(record).map(|stamp| stamp.time)
    }

    /// Bytes at the end of other records than samples.
    fn trailer_size(&self) -> usize {
        let fields = field::TID | field::TIME | field::ID | field::STREAM_ID | field::CPU | field::IDENTIFIER;
        if self.stamps_all() { self.width(fields) } else { 0 }
    }

    /// What other records than samples end with.
    fn trailer(&self, record: Fields) -> Option<Stamp> {
        let mut at = record.bytes.len().checked_sub(self.trailer_size()).filter(|at| *at >= HEADER)?;
        let mut stamp = Stamp { cpu: Stamp::NO_CPU, ..Stamp::default() };
        if !self.stamps_all() {
            return Some(stamp);
        }
        let mut next = |present: u64| {
            let here = at;
            at += self.width(present);
            self.has(present).then_some(here)
        };
        if let Some(at) = next(field::TID) {
            (stamp.pid, stamp.tid) = (record.id(at)?, record.id(at + 4)?);
        }
        if let Some(at) = next(field::TIME) {
            stamp.time = record.u64(at)?;
        }
        if let Some(at) = next(field::ID) {
            stamp.id = record.u64(at)?;
        }
        next(field::STREAM_ID);
        if let Some(at) = next(field::CPU) {
            stamp.cpu = record.u32(at)?;
        }
        if let Some(at) = next(field::IDENTIFIER) {
            stamp.id = record.u64(at)?;
        }
        Some(stamp)
    }

    /// Understands a sample; `own` has its words in the order of this machine, if they need to be copied.
    pub(super) fn sample<'a>(
        &self,
        record: Fields<'a>,
        is_x86_64: bool,
        own: &'a mut Vec<u8>,
    ) -> Option<(Sample<'a>, Extra<'a>)> {
        let Fixed { stamp, ip, period, end } = self.fixed(record)?;
        let Variable { group, chain, branches, abi, registers, stack } = self.variable(record.rest(end)?)?;
        let walkable = is_x86_64 && abi != registers::ABI_32 && !stack.is_empty();
        let extra = Extra { branches: branches.bytes.len() / BRANCH, group };
        let sample = Sample {
            stamp,
            ip,
            period,
            chain: self.chain(chain, ip, branches, own),
            registers: registers.filter(|_| walkable),
            stack,
            compat: abi != registers::NONE && !walkable,
            in_kernel: misc_of(record) & misc::CPU_MODE == misc::KERNEL,
            has_stacks: self.has_stacks(),
            has_time: self.has(field::TIME),
        };
        Some((sample, extra))
    }

    /// The fields of 8 bytes, which come first.
    fn fixed(&self, record: Fields) -> Option<Fixed> {
        let mut at = HEADER;
        let mut next = |present: u64| {
            let here = at;
            at += self.width(present);
            self.has(present).then_some(here)
        };
        let word = |place: Option<usize>, without: u64| place.map_or(Some(without), |at| record.u64(at));
        let mut stamp =
            Stamp { cpu: Stamp::NO_CPU, id: word(next(field::IDENTIFIER), 0)?, ..Stamp::default() };
        let ip = word(next(field::IP), 0)?;
        if let Some(at) = next(field::TID) {
            (stamp.pid, stamp.tid) = (record.id(at)?, record.id(at + 4)?);
        }
        stamp.time = word(next(field::TIME), 0)?;
        next(field::ADDR);
        stamp.id = word(next(field::ID), stamp.id)?;
        next(field::STREAM_ID);
        if let Some(at) = next(field::CPU) {
            stamp.cpu = record.u32(at)?;
        }
        let usual = if self.is_frequency() { 1 } else { self.period.max(1) };
        let period = word(next(field::PERIOD), usual)?;
        Some(Fixed { stamp, ip, period, end: at })
    }

    /// The fields whose size is in them, which come after those.
    fn variable<'a>(&self, mut rest: Fields<'a>) -> Option<Variable<'a>> {
        let none = Fields::new(&[], rest.big);
        let mut found = Variable {
            group: None,
            chain: none,
            branches: none,
            abi: registers::NONE,
            registers: None,
            stack: &[],
        };
        if self.has(field::READ) {
            let size = self.read_size(rest)?;
            found.group = Some(rest.part(0, size)?);
            rest = rest.rest(size)?;
        }
        if self.has(field::CALLCHAIN) {
            found.chain = rest.part(8, rest.length(0)?.checked_mul(8)?)?;
            rest = rest.rest(8 + found.chain.bytes.len())?;
        }
        if self.has(field::RAW) {
            rest = rest.rest(4usize.checked_add(rest.u32(0)? as usize)?)?;
        }
        if self.has(field::BRANCH_STACK) {
            let (before, beyond) = self.branch_layout();
            let count = rest.length(0)?;
            found.branches = rest.part(before, count.checked_mul(BRANCH)?)?;
            rest = rest.rest(before + found.branches.bytes.len() + count * beyond)?;
        }
        if self.has(field::REGS_USER) {
            found.abi = rest.u64(0)?;
            let none = found.abi == registers::NONE;
            let size = if none { 0 } else { 8 * self.user_registers.count_ones() as usize };
            found.registers = self.registers(rest.part(8, size)?);
            rest = rest.rest(8 + size)?;
        }
        if self.has(field::STACK_USER) {
            found.stack = stack(rest)?;
        }
        Some(found)
    }

    /// The call chain in the order of this machine's bytes, with the calls that the CPU remembers.
    fn chain<'a>(&self, chain: Fields<'a>, ip: u64, branches: Fields, own: &'a mut Vec<u8>) -> Words<'a> {
        if self.branches_are_calls() {
            copy_calls(chain, ip, branches, own);
            return Words::new(own);
        }
        if chain.big == cfg!(target_endian = "big") {
            return Words::new(chain.bytes);
        }
        own.clear();
        own.extend(chain.words().flat_map(u64::to_ne_bytes));
        Words::new(own)
    }

    /// The registers that unwinding begins with, out of those that were asked for.
    fn registers(&self, words: Fields) -> Option<UserRegisters> {
        let get = |bit: u32| {
            let is_there = self.user_registers >> bit & 1 == 1;
            let before = (self.user_registers & ((1 << bit) - 1)).count_ones() as usize;
            is_there.then(|| words.u64(8 * before)).flatten()
        };
        let [bx, cx, bp, sp, ip, r12, r13, r14, r15] = REGISTERS.map(get);
        // Without those that a caller's frame needs nothing can be found; the others may stay unknown.
        Some(UserRegisters {
            bx: bx.unwrap_or(0),
            cx: cx.unwrap_or(0),
            bp: bp?,
            sp: sp?,
            ip: ip?,
            r12_to_r15: [r12, r13, r14, r15].map(Option::unwrap_or_default),
        })
    }

    /// Understands a record that is no sample; none if it is shorter than its type demands.
    pub(super) fn other<'a>(&self, record: Fields<'a>) -> Option<Record<'a>> {
        let stamp = self.trailer(record)?;
        let body = record.part(HEADER, record.bytes.len() - HEADER - self.trailer_size())?;
        let count = |at| Some((body.u64(at)?, stamp));
        Some(match record.u32(0)? {
            kind::MMAP if misc_of(record) & misc::MMAP_DATA != 0 => Record::Other { kind: kind::MMAP },
            kind::MMAP => Record::Mmap(Mmap { name: text(body.rest(32)?.bytes), ..mmap(body, stamp)? }),
            kind::MMAP2 => mmap2(body, misc_of(record), stamp)?,
            kind::COMM => Record::Comm {
                pid: body.id(0)?,
                tid: body.id(4)?,
                exec: misc_of(record) & misc::COMM_EXEC != 0,
                name: text(body.rest(8)?.bytes),
                stamp,
            },
            kind::FORK => Record::Fork(lineage(body)?),
            kind::EXIT => Record::Exit(lineage(body)?),
            kind::LOST => count(8).map(|(count, stamp)| Record::Lost { count, stamp })?,
            kind::LOST_SAMPLES => count(0).map(|(count, stamp)| Record::LostSamples { count, stamp })?,
            kind::THROTTLE => Record::Throttle { on: true, stamp },
            kind::UNTHROTTLE => Record::Throttle { on: false, stamp },
            kind => Record::Other { kind },
        })
    }
}

/// `size, bytes[size], dynamic size`: only the first `dynamic size` bytes were really copied.
fn stack(fields: Fields<'_>) -> Option<&[u8]> {
    let size = fields.length(0)?;
    if size == 0 {
        return Some(&[]);
    }
    let copied = fields.length(8usize.checked_add(size)?)?;
    fields.part(8, size)?.bytes.get(..copied)
}

/// The kernel's part of a chain, and the calls that the CPU remembers for the user's. A branch is from inside the
/// call; return addresses, which a chain has, lie behind.
fn copy_calls(chain: Fields, ip: u64, branches: Fields, own: &mut Vec<u8>) {
    use crate::abi::context::{KERNEL, MAX, USER};
    own.clear();
    let mut put = |word: u64| own.extend(word.to_ne_bytes());
    let mut context = USER;
    let mut leaf = None;
    for word in chain.words() {
        match word {
            word if word >= MAX => context = word,
            word if context == USER => leaf = leaf.or(Some(word)),
            _ => {}
        }
    }
    let kernel: Vec<u64> = chain.words().take_while(|word| *word != USER).collect();
    let has_kernel = kernel.first() == Some(&KERNEL);
    kernel.iter().filter(|_| has_kernel).for_each(|word| put(*word));
    put(USER);
    if let Some(leaf) = leaf.or((!has_kernel).then_some(ip)) {
        put(leaf);
    }
    let count = branches.bytes.len() / BRANCH;
    (0..count).filter_map(|index| branches.u64(index * BRANCH)).for_each(|from| put(from.wrapping_add(1)));
}

fn mmap(body: Fields<'_>, stamp: Stamp) -> Option<Mmap<'_>> {
    Some(Mmap {
        pid: body.id(0)?,
        address: body.u64(8)?,
        length: body.u64(16)?,
        offset: body.u64(24)?,
        device: (0, 0),
        inode: UNKNOWN_INODE,
        generation: 0,
        name: &[],
        build_id: None,
        stamp,
    })
}

fn mmap2<'a>(body: Fields<'a>, misc: u16, stamp: Stamp) -> Option<Record<'a>> {
    const EXECUTABLE: u32 = 4;
    let mut mmap = Mmap { name: text(body.rest(64)?.bytes), ..mmap(body, stamp)? };
    if misc & misc::MMAP_BUILD_ID != 0 {
        let size = usize::from(*body.bytes.get(32)?).min(20);
        mmap.build_id = Some(body.part(36, size)?.bytes);
    } else if body.u64(40)? == 0 {
        mmap.inode = 0;
    }
    // The kernel's own is not said to be anything.
    let is_code = misc & misc::CPU_MODE == misc::KERNEL || body.u32(56)? & EXECUTABLE != 0;
    Some(match is_code {
        false => Record::Other { kind: kind::MMAP2 },
        true => Record::Mmap(mmap),
    })
}

fn lineage(body: Fields) -> Option<Lineage> {
    Some(Lineage {
        pid: body.id(0)?,
        parent_pid: body.id(4)?,
        tid: body.id(8)?,
        parent_tid: body.id(12)?,
        time: body.u64(16)?,
    })
}
