//! `perf_event_attr`, of any size: fields that a file is too old for are zero, those that we are too old for are
//! not looked at.

use super::fields::Fields;
use crate::abi::sample;

/// Bits of `flags`, as on a machine whose least significant byte is first.
const EXCLUDE_USER: u64 = 1 << 4;
const EXCLUDE_KERNEL: u64 = 1 << 5;
const FREQUENCY: u64 = 1 << 10;
const SAMPLE_ID_ALL: u64 = 1 << 18;
const USE_CLOCK_ID: u64 = 1 << 25;

const SOFTWARE: u32 = 1;
const DUMMY: u64 = 9;
const CLOCK_MONOTONIC: u32 = 1;

/// Bits of `read_format`.
const TIME_ENABLED: u64 = 1;
const TIME_RUNNING: u64 = 2;
const READ_ID: u64 = 4;
const GROUP: u64 = 8;
const READ_LOST: u64 = 16;

/// Bits of `branch_sample_type`.
const CALL_STACK: u64 = 1 << 11;
const HARDWARE_INDEX: u64 = 1 << 17;
const BRANCH_COUNTERS: u64 = 1 << 19;

/// What an event was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attr {
    pub(super) kind: u32,
    pub(super) config: u64,
    /// Period, or samples a second.
    pub(super) period: u64,
    pub(super) sample_type: u64,
    pub(super) read_format: u64,
    pub(super) flags: u64,
    pub(super) branch_sample_type: u64,
    pub(super) user_registers: u64,
    pub(super) clock: u32,
}

impl Attr {
    /// Bytes of the first version; no attribute is smaller.
    pub(super) const SMALLEST: usize = 64;

    /// Reads one that takes all of the bytes. None if they are too few.
    pub(super) fn parse(fields: Fields) -> Option<Self> {
        let size = fields.u32(4)? as usize;
        // Zero is what the first perf wrote.
        let own = if size == 0 { Self::SMALLEST } else { size };
        let fields = fields.part(0, own.max(Self::SMALLEST).min(fields.bytes.len()))?;
        let flags = fields.u64(40)?;
        fields.u64(56)?;
        Some(Self {
            kind: fields.u32(0)?,
            config: fields.u64(8)?,
            period: fields.u64(16)?,
            sample_type: fields.u64(24)?,
            read_format: fields.u64(32)?,
            // Bit fields begin with the most significant bit there.
            flags: if fields.big { flags.reverse_bits() } else { flags },
            branch_sample_type: fields.u64(72).unwrap_or(0),
            user_registers: fields.u64(80).unwrap_or(0),
            clock: fields.u32(92).unwrap_or(0),
        })
    }

    pub(super) fn has(&self, field: u64) -> bool {
        self.sample_type & field != 0
    }

    fn flag(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    /// Whether other records than samples end with when and where, too.
    pub(super) fn stamps_all(&self) -> bool {
        self.flag(SAMPLE_ID_ALL)
    }

    /// Whether `period` is samples a second.
    pub(super) fn is_frequency(&self) -> bool {
        self.flag(FREQUENCY)
    }

    pub(super) fn user_only(&self) -> bool {
        self.flag(EXCLUDE_KERNEL) && !self.flag(EXCLUDE_USER)
    }

    pub(super) fn kernel_only(&self) -> bool {
        self.flag(EXCLUDE_USER) && !self.flag(EXCLUDE_KERNEL)
    }

    /// Whether times are those of `CLOCK_MONOTONIC`, as programs have them.
    pub(super) fn is_monotonic(&self) -> bool {
        self.flag(USE_CLOCK_ID) && self.clock == CLOCK_MONOTONIC
    }

    /// Whether it only carries mappings, names and forks.
    pub(super) fn is_dummy(&self) -> bool {
        self.kind == SOFTWARE && self.config == DUMMY
    }

    /// Whether stacks were asked for.
    pub(super) fn has_stacks(&self) -> bool {
        self.has(sample::CALLCHAIN | sample::STACK_USER) || self.branches_are_calls()
    }

    /// Whether the branch records are the calls that have not returned.
    pub(super) fn branches_are_calls(&self) -> bool {
        self.has(sample::BRANCH_STACK) && self.branch_sample_type & CALL_STACK != 0
    }

    /// Bytes before the branches, and those of each beyond its 24.
    pub(super) fn branch_layout(&self) -> (usize, usize) {
        let bytes = |bit| if self.branch_sample_type & bit != 0 { 8 } else { 0 };
        (8 + bytes(HARDWARE_INDEX), bytes(BRANCH_COUNTERS))
    }

    /// Bytes of what `PERF_SAMPLE_READ` puts at the begin of `fields`.
    pub(super) fn read_size(&self, fields: Fields) -> Option<usize> {
        let words = |bits: u64| (self.read_format & bits).count_ones() as usize;
        if self.read_format & GROUP == 0 {
            return Some(8 * (1 + words(TIME_ENABLED | TIME_RUNNING | READ_ID | READ_LOST)));
        }
        let each = 1 + words(READ_ID | READ_LOST);
        let values = fields.length(0)?.checked_mul(each)?;
        values.checked_add(1 + words(TIME_ENABLED | TIME_RUNNING))?.checked_mul(8)
    }

    /// The id of the event of this value, and the value, of each that was read with a sample of a group.
    pub(super) fn group<'a>(&self, fields: Fields<'a>) -> Option<impl Iterator<Item = (u64, u64)> + 'a> {
        if self.read_format & (GROUP | READ_ID) != GROUP | READ_ID {
            return None;
        }
        let words = |bits: u64| (self.read_format & bits).count_ones() as usize;
        let each = 8 * (1 + words(READ_ID | READ_LOST));
        let values = fields.rest(8 * (1 + words(TIME_ENABLED | TIME_RUNNING)))?;
        let count = fields.length(0)?.min(values.bytes.len() / each);
        Some(
            (0..count)
                .filter_map(move |index| Some((values.u64(index * each + 8)?, values.u64(index * each)?))),
        )
    }
}
