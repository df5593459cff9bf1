//! What of a recording is not in the profile, counted.

use std::collections::BTreeMap;

use super::attr::Attr;
use super::file::kind;
use crate::record::Sample;

/// The types of records that are known: of the kernel, and of perf.
const KERNEL_TYPES: u32 = 22;
const PERF_TYPES: u32 = 83;
/// Types that hold something which is not read: what the CPU traced, and stacks that came later than their samples.
const AUX: u32 = 11;
const DEFERRED: u32 = 22;

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Records and the like that do not fit.
    pub(super) malformed: u64,
    /// Samples of an event that the file does not describe.
    pub(super) foreign: u64,
    /// Whether the file ends within a record.
    pub(super) cut: bool,
    unknown: BTreeMap<u32, u64>,
    traced: u64,
    deferred: u64,
    branches: u64,
    branched: u64,
    other_cpu: u64,
    idle: u64,
}

impl Tally {
    /// A record of perf that is not played.
    pub(super) fn of_perf(&mut self, kind: u32) {
        match kind {
            kind::AUXTRACE => self.traced += 1,
            kind if kind > PERF_TYPES => *self.unknown.entry(kind).or_default() += 1,
            _ => {}
        }
    }

    /// A record of the kernel that is not played.
    pub(super) fn of_kernel(&mut self, kind: u32) {
        match kind {
            AUX => self.traced += 1,
            DEFERRED => self.deferred += 1,
            kind if kind == 0 || kind > KERNEL_TYPES => *self.unknown.entry(kind).or_default() += 1,
            _ => {}
        }
    }

    /// What a sample has that is not in the profile.
    pub(super) fn sample(&mut self, attr: &Attr, sample: &Sample, branches: usize, is_x86_64: bool) {
        if branches > 0 && !attr.branches_are_calls() {
            self.branches += branches as u64;
            self.branched += 1;
        }
        self.idle += u64::from(sample.stamp.pid <= 0);
        self.other_cpu += u64::from(!sample.stack.is_empty() && !is_x86_64);
    }

    /// Whether all was read that should be there.
    pub(super) fn is_whole(&self) -> bool {
        self.malformed == 0 && !self.cut
    }

    /// Sentences for the profile's notes. `rootless`: stacks by frame pointers that do not reach the program's
    /// entry.
    pub(super) fn notes(&self, samples: u64, rootless: u64, truncated: i64) -> Vec<String> {
        let unknown: u64 = self.unknown.values().sum();
        let kinds: Vec<_> = self.unknown.keys().map(u32::to_string).collect();
        let notes = [
            (self.malformed, format!("{} records that do not fit were left out", self.malformed)),
            (u64::from(self.cut), "the file ends within a record, which was left out".into()),
            (self.foreign, format!("{} samples are of events that the file does not describe", self.foreign)),
            (unknown, format!("{unknown} records of unknown types were passed over: {}", kinds.join(", "))),
            (self.traced, format!("{} records of what the CPU traced (AUX) were passed over", self.traced)),
            (self.idle, format!("{} samples of no process (the idle task) were left out", self.idle)),
            (
                self.deferred,
                format!("{} stacks that were recorded after their samples were passed over", self.deferred),
            ),
            (
                self.branched,
                format!("{} branch records of {} samples were passed over", self.branches, self.branched),
            ),
            (
                self.other_cpu,
                format!(
                    "stack copies of {} samples were not unwound, for the CPU is not x86-64: {truncated} stacks \
                     are truncated",
                    self.other_cpu
                ),
            ),
            (
                rootless,
                format!(
                    "{rootless} of {samples} stacks were walked by frame pointers and do not reach the program's \
                     entry: callers may be missing where code has none; perf record --call-graph dwarf finds them"
                ),
            ),
        ];
        notes.into_iter().filter(|(count, _)| *count > 0).map(|(_, note)| note).collect()
    }
}
