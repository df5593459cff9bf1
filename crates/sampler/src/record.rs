//! The records in a perf ring buffer, as `perf_event_open(2)` and `linux/perf_event.h` lay them out.
//!
//! Nothing is copied: a parsed record borrows from the bytes it was read from. Records that are
//! shorter than their type demands are [`Record::Malformed`]; unknown types are [`Record::Other`].
//!
//! The layout of a sample depends on the event's `sample_type`; ours is [`SAMPLE_TYPE`] for every event.

use crate::abi::{misc, record, registers, sample as field};

/// What every sample of ours carries, in this order: identifier, ip, pid and tid, time, CPU,
/// period, call chain, user registers, user stack.
pub const SAMPLE_TYPE: u64 = field::IDENTIFIER
    | field::IP
    | field::TID
    | field::TIME
    | field::CPU
    | field::PERIOD
    | field::CALLCHAIN
    | field::REGS_USER
    | field::STACK_USER;

/// The user registers we ask for, as bits of `asm/perf_regs.h`: bx (1), cx (2), bp (6), sp (7), ip (8), r12 to r15
/// (20 to 23).
pub const USER_REGISTERS: u64 = (0b11 << 1) | (0b111 << 6) | (0b1111 << 20);

/// Bytes of a record header: type (4), misc (2), size (2).
pub const HEADER: usize = 8;

/// `pid, tid, time, cpu, reserved, identifier`: what follows every record that is no sample.
const TRAILER: usize = 32;

/// Where a record came from, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Process.
    pub pid: i32,
    /// Thread.
    pub tid: i32,
    /// `CLOCK_MONOTONIC`, nanoseconds.
    pub time: u64,
    /// CPU.
    pub cpu: u32,
    /// The kernel's id of the event.
    pub id: u64,
}

impl Stamp {
    /// Stands for a CPU that was not recorded.
    pub const NO_CPU: u32 = u32::MAX;
}

/// User registers at the time of a sample: what unwinding starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserRegisters {
    /// `rbx`.
    pub bx: u64,
    /// `rcx`.
    pub cx: u64,
    /// Frame pointer.
    pub bp: u64,
    /// Stack pointer.
    pub sp: u64,
    /// Instruction pointer.
    pub ip: u64,
    /// `r12` to `r15`.
    pub r12_to_r15: [u64; 4],
}

impl UserRegisters {
    /// Whether a system call runs: the instruction puts the address behind itself into `rcx`, where the thread then
    /// goes on. That is the next line's, or another function's if this one never returns from its call.
    pub(crate) fn in_system_call(&self) -> bool {
        self.cx == self.ip
    }
}

/// A sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// Where and when.
    pub stamp: Stamp,
    /// Instruction pointer, of the kernel if it was running.
    pub ip: u64,
    /// Period it stands for.
    pub period: u64,
    /// The kernel's call chain, native-endian u64 with `PERF_CONTEXT_*` markers.
    pub chain: Words<'a>,
    /// User registers, if the task had any.
    pub registers: Option<UserRegisters>,
    /// The copy of the stack that starts at `registers.sp`.
    pub stack: &'a [u8],
    /// Whether the registers are not those of 64-bit code on x86, so that the stack cannot be walked.
    pub compat: bool,
    /// Whether `ip` is the kernel's.
    pub in_kernel: bool,
    /// Whether stacks were asked for; without, the leaf is all that there is to know.
    pub has_stacks: bool,
    /// Whether it was asked when it was.
    pub has_time: bool,
}

/// A slice of native-endian u64 that need not be aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    /// Words that lie in these bytes, in the order of this machine's.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The words, in order.
    pub fn iter(self) -> impl Iterator<Item = u64> + 'a {
        self.0.chunks_exact(8).map(word)
    }
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A sample.
    Sample(Sample<'a>),
    /// An executable mapping.
    Mmap(Mmap<'a>),
    /// A thread's name; `exec` if a new program began.
    Comm {
        /// Process.
        pid: i32,
        /// Thread.
        tid: i32,
        /// Whether it was set by `execve`.
        exec: bool,
        /// The name, at most 15 bytes.
        name: &'a [u8],
        /// When.
        stamp: Stamp,
    },
    /// A new thread or process.
    Fork(Lineage),
    /// The end of a thread.
    Exit(Lineage),
    /// Records that the kernel could not write.
    Lost {
        /// How many.
        count: u64,
        /// When it noticed.
        stamp: Stamp,
    },
    /// Samples that the hardware could not write.
    LostSamples {
        /// How many.
        count: u64,
        /// When.
        stamp: Stamp,
    },
    /// The kernel paused (`on`) or resumed an event.
    Throttle {
        /// True for THROTTLE, false for UNTHROTTLE.
        on: bool,
        /// When, on which CPU.
        stamp: Stamp,
    },
    /// A type that we do not use.
    Other {
        /// Its number.
        kind: u32,
    },
    /// Shorter than its type demands.
    Malformed {
        /// Its number.
        kind: u32,
    },
}

/// Parent and child of a fork; of an exit, the dead and its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// Process.
    pub pid: i32,
    /// Its parent.
    pub parent_pid: i32,
    /// Thread.
    pub tid: i32,
    /// Its creator.
    pub parent_tid: i32,
    /// When.
    pub time: u64,
}

/// An executable mapping (MMAP2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mmap<'a> {
    /// Process.
    pub pid: i32,
    /// First address.
    pub address: u64,
    /// Bytes.
    pub length: u64,
    /// Offset in the file, bytes.
    pub offset: u64,
    /// Device, major and minor.
    pub device: (u32, u32),
    /// Inode; 0 for anonymous memory, [`UNKNOWN_INODE`] if it was not recorded.
    pub inode: u64,
    /// Inode generation.
    pub generation: u64,
    /// File name as the process saw it, `[vdso]`, `//anon` …
    pub name: &'a [u8],
    /// The build id, if it was recorded.
    pub build_id: Option<&'a [u8]>,
    /// When.
    pub stamp: Stamp,
}

/// Stands for the inode of a file where none was recorded.
pub const UNKNOWN_INODE: u64 = u64::MAX;

/// The size of the record that starts here, or `None` if the header is no header.
pub fn size(header: &[u8]) -> Option<usize> {
    let size = usize::from(u16::from_ne_bytes(header.get(6..8)?.try_into().ok()?));
    (size >= HEADER).then_some(size)
}

/// The time of a whole record, without parsing the rest of it.
pub fn time(bytes: &[u8]) -> Option<u64> {
    match kind(bytes)? {
        record::SAMPLE => bytes.get(HEADER + 24..HEADER + 32).map(word),
        _ => Some(trailer(bytes)?.time),
    }
}

/// Understands one whole record, header included.
pub fn parse(bytes: &[u8]) -> Record<'_> {
    let Some(kind) = kind(bytes) else { return Record::Malformed { kind: 0 } };
    let parsed = match kind {
        record::SAMPLE => sample(bytes).map(Record::Sample),
        record::MMAP2 => mmap(bytes).map(Record::Mmap),
        record::COMM => comm(bytes),
        record::FORK => lineage(bytes).map(Record::Fork),
        record::EXIT => lineage(bytes).map(Record::Exit),
        record::LOST => count(bytes, 8).map(|(count, stamp)| Record::Lost { count, stamp }),
        record::LOST_SAMPLES => count(bytes, 0).map(|(count, stamp)| Record::LostSamples { count, stamp }),
        record::THROTTLE => trailer(bytes).map(|stamp| Record::Throttle { on: true, stamp }),
        record::UNTHROTTLE => trailer(bytes).map(|stamp| Record::Throttle { on: false, stamp }),
        _ => Some(Record::Other { kind }),
    };
    parsed.unwrap_or(Record::Malformed { kind })
}

fn kind(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(0..4)?.try_into().ok()?))
}

fn misc_of(bytes: &[u8]) -> u16 {
    bytes.get(4..6).map_or(0, |misc| u16::from_ne_bytes([misc[0], misc[1]]))
}

fn word(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_ne_bytes)
}

fn word_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?).map(word)
}

fn half_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn pid_at(bytes: &[u8], at: usize) -> Option<i32> {
    half_at(bytes, at).map(|pid| pid as i32)
}

fn sample(bytes: &[u8]) -> Option<Sample<'_>> {
    let body = bytes.get(HEADER..)?;
    let stamp = Stamp {
        id: word_at(body, 0)?,
        pid: pid_at(body, 16)?,
        tid: pid_at(body, 20)?,
        time: word_at(body, 24)?,
        cpu: half_at(body, 32)?,
    };
    let chain_length = usize::try_from(word_at(body, 48)?).ok()?.checked_mul(8)?;
    let chain_end = 56usize.checked_add(chain_length)?;
    let chain = body.get(56..chain_end)?;
    let abi = word_at(body, chain_end)?;
    let mut at = chain_end + 8;
    let mut user = None;
    if abi != registers::NONE {
        user = Some(user_registers(body, at)?);
        at += 72;
    }
    Some(Sample {
        stamp,
        ip: word_at(body, 8)?,
        period: word_at(body, 40)?,
        chain: Words(chain),
        registers: user,
        stack: stack(body, at)?,
        in_kernel: misc_of(bytes) & misc::CPU_MODE == misc::KERNEL,
        has_stacks: true,
        has_time: true,
        compat: abi == registers::ABI_32,
    })
}

/// Nine words, in the order of their bits.
fn user_registers(body: &[u8], at: usize) -> Option<UserRegisters> {
    let word = |index: usize| word_at(body, at + 8 * index);
    Some(UserRegisters {
        bx: word(0)?,
        cx: word(1)?,
        bp: word(2)?,
        sp: word(3)?,
        ip: word(4)?,
        r12_to_r15: [word(5)?, word(6)?, word(7)?, word(8)?],
    })
}

/// `size, bytes[size], dynamic size`: only the first `dynamic size` bytes were really copied.
fn stack(body: &[u8], at: usize) -> Option<&[u8]> {
    let size = usize::try_from(word_at(body, at)?).ok()?;
    if size == 0 {
        return Some(&[]);
    }
    let start = at.checked_add(8)?;
    let end = start.checked_add(size)?;
    let copied = usize::try_from(word_at(body, end)?).ok()?;
    body.get(start..end)?.get(..copied)
}

fn trailer(bytes: &[u8]) -> Option<Stamp> {
    let at = bytes.len().checked_sub(TRAILER).filter(|at| *at >= HEADER)?;
    Some(Stamp {
        pid: pid_at(bytes, at)?,
        tid: pid_at(bytes, at + 4)?,
        time: word_at(bytes, at + 8)?,
        cpu: half_at(bytes, at + 16)?,
        id: word_at(bytes, at + 24)?,
    })
}

fn body(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(HEADER..bytes.len().checked_sub(TRAILER)?)
}

fn mmap(bytes: &[u8]) -> Option<Mmap<'_>> {
    let fields = body(bytes)?;
    Some(Mmap {
        pid: pid_at(fields, 0)?,
        address: word_at(fields, 8)?,
        length: word_at(fields, 16)?,
        offset: word_at(fields, 24)?,
        device: (half_at(fields, 32)?, half_at(fields, 36)?),
        inode: word_at(fields, 40)?,
        generation: word_at(fields, 48)?,
        name: text(fields.get(64..)?),
        build_id: None,
        stamp: trailer(bytes)?,
    })
}

fn comm(bytes: &[u8]) -> Option<Record<'_>> {
    let fields = body(bytes)?;
    Some(Record::Comm {
        pid: pid_at(fields, 0)?,
        tid: pid_at(fields, 4)?,
        exec: misc_of(bytes) & misc::COMM_EXEC != 0,
        name: text(fields.get(8..)?),
        stamp: trailer(bytes)?,
    })
}

fn lineage(bytes: &[u8]) -> Option<Lineage> {
    let fields = body(bytes)?;
    Some(Lineage {
        pid: pid_at(fields, 0)?,
        parent_pid: pid_at(fields, 4)?,
        tid: pid_at(fields, 8)?,
        parent_tid: pid_at(fields, 12)?,
        time: word_at(fields, 16)?,
    })
}

fn count(bytes: &[u8], at: usize) -> Option<(u64, Stamp)> {
    Some((word_at(body(bytes)?, at)?, trailer(bytes)?))
}

/// Up to the first NUL: the kernel pads names to eight bytes.
pub(crate) fn text(padded: &[u8]) -> &[u8] {
    let end = padded.iter().position(|byte| *byte == 0).unwrap_or(padded.len());
    &padded[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes_of(kind: u32, misc: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_ne_bytes().to_vec();
        bytes.extend(misc.to_ne_bytes());
        bytes.extend(u16::try_from(HEADER + body.len()).unwrap().to_ne_bytes());
        bytes.extend(body);
        bytes
    }

    fn words(values: &[u64]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_ne_bytes()).collect()
    }

    fn pair(low: u32, high: u32) -> u64 {
        u64::from(low) | (u64::from(high) << 32)
    }

    fn trailer_of(time: u64) -> Vec<u8> {
        words(&[pair(10, 11), time, 3, 77])
    }

    #[test]
    fn a_sample_is_read_in_the_order_of_its_type() {
        let mut body = words(&[77, 0x1000, pair(10, 11), 5, 3, 999, 2, u64::MAX - 511, 0x1000]);
        body.extend(words(&[2, 0xb, 0xc, 0xb0, 0x50, 0x1000, 12, 13, 14, 15, 16, 0xaa, 0xbb, 8]));
        let bytes = bytes_of(record::SAMPLE, 2, &body);
        let Record::Sample(sample) = parse(&bytes) else { panic!("{:?}", parse(&bytes)) };
        assert_eq!(sample.stamp, Stamp { pid: 10, tid: 11, time: 5, cpu: 3, id: 77 });
        assert_eq!((sample.ip, sample.period), (0x1000, 999));
        assert_eq!(sample.chain.iter().collect::<Vec<_>>(), [u64::MAX - 511, 0x1000]);
        let registers =
            UserRegisters { bx: 0xb, cx: 0xc, bp: 0xb0, sp: 0x50, ip: 0x1000, r12_to_r15: [12, 13, 14, 15] };
        assert_eq!(sample.registers, Some(registers));
        assert_eq!(sample.stack, words(&[0xaa]), "only what was really copied");
        assert_eq!(time(&bytes), Some(5));
    }

    #[test]
    fn a_sample_without_user_registers_has_no_stack() {
        let body = words(&[77, 0x1000, pair(10, 11), 5, 3, 999, 0, 0, 0]);
        let bytes = bytes_of(record::SAMPLE, 1, &body);
        let Record::Sample(sample) = parse(&bytes) else { panic!("no sample") };
        assert_eq!((sample.registers, sample.stack.len()), (None, 0));
    }

    #[test]
    fn a_mapping_has_its_file() {
        let mut body = words(&[pair(10, 11), 0x7000, 0x2000, 0x1000, pair(8, 1), 42, 6, pair(5, 2)]);
        body.extend(b"/bin/true\0\0\0\0\0\0\0");
        body.extend(trailer_of(9));
        let bytes = bytes_of(record::MMAP2, 2, &body);
        let Record::Mmap(mmap) = parse(&bytes) else { panic!("no mapping") };
        assert_eq!((mmap.address, mmap.length, mmap.offset), (0x7000, 0x2000, 0x1000));
        assert_eq!((mmap.device, mmap.inode, mmap.name), ((8, 1), 42, &b"/bin/true"[..]));
        assert_eq!(time(&bytes), Some(9));
    }

    #[test]
    fn exec_is_told_from_a_renamed_thread() {
        let mut body = words(&[pair(10, 11)]);
        body.extend(b"true\0\0\0\0");
        body.extend(trailer_of(9));
        for (misc, expected) in [(0x2000, true), (0, false)] {
            let bytes = bytes_of(record::COMM, misc, &body);
            let Record::Comm { exec, name, .. } = parse(&bytes) else { panic!("no name") };
            assert_eq!((exec, name), (expected, &b"true"[..]));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_some_record(kind in 0u32..20, misc in any::<u16>(), body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let bytes = bytes_of(kind, misc, &body);
            parse(&bytes);
            time(&bytes);
        }

        #[test]
        fn a_cut_sample_is_malformed_or_has_a_shorter_stack(cut in 0usize..248) {
            let mut body = words(&[77, 0x1000, pair(10, 11), 5, 3, 999, 1, 0x1000]);
            body.extend(words(&[2, 0, 0xc, 0xb0, 0x50, 0x1000, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 64]));
            body.truncate(cut);
            let whole = cut >= 8 * (8 + 20);
            let bytes = bytes_of(record::SAMPLE, 2, &body);
            prop_assert_eq!(matches!(parse(&bytes), Record::Sample(_)), whole);
        }
    }
}
