//! Sums as rows of the tables.

use pyrometer_tables::schema::{Call, Frame};
use rustc_hash::FxHashMap;

use super::super::wide_samples::{NOWHERE, Rows, Set, WideSamples};
use super::adder::{Adder, PlaceKey, line};

/// Bytes that names of files may take in all frames together, beyond [`NAME`] for each of them: a file can refer to
/// one long name a million times.
const NAMES: usize = 256 << 20;
/// Bytes of the name of a file, on average of all frames.
const NAME: usize = 256;

/// What was added up.
#[derive(Debug)]
pub struct Summed {
    pub(super) sets: Vec<Set>,
    pub(super) sums: Adder,
    /// What a call costs at least.
    pub(super) least: i64,
}

impl Summed {
    /// Whether nothing was added.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.sums.places.len() + self.sums.edges.len() == 0
    }

    /// Whether there are more rows than fit, or the frames would hold more bytes of names than those of any program.
    pub(in super::super) fn is_too_large(&self) -> bool {
        let Adder { names, places, edges, .. } = &self.sums;
        let lengths: Vec<_> = names.iter().map(|name| name.as_ref().map_or(0, |name| name.len())).collect();
        let bytes = places.keys().iter().fold(0, |sum: usize, key| sum + lengths[key.file as usize]);
        places.overflowed || edges.overflowed || bytes > NAMES + NAME * places.len()
    }

    /// Whether calls may be the same but for their set, which their rows do not tell.
    pub(in super::super) fn has_several_sets(&self) -> bool {
        self.sets.len() > 1
    }

    /// A frame for each place where something was counted, no two of them alike, and samples whose stacks are those
    /// frames alone: `stack` is the frame.
    pub(in super::super) fn into_frames(mut self) -> (Vec<Frame>, WideSamples) {
        let mut frames = std::mem::take(&mut self.sums.frames);
        let (rows, samples) = match self.samples_if_all_are_used() {
            Some(samples) if self.sets.len() == 1 => (Rows::InOrder(frames.len()), samples),
            _ => {
                let (rows, first, samples) = self.rows();
                keep(&mut frames, &first);
                (Rows::Listed(rows), samples)
            }
        };
        let (width, values) = self.sums.places.into_columns();
        (frames, WideSamples { sets: self.sets, rows, width, values, counts: Vec::new(), samples })
    }

    /// How many values are not 0, if every place has one of them.
    fn samples_if_all_are_used(&self) -> Option<u64> {
        self.sums.places.iter().try_fold(0, |samples, (_, values)| {
            let used = values.filter(|value| *value != 0).count() as u64;
            (used > 0).then_some(samples + used)
        })
    }

    /// For each place its frame and its set; for each frame its first place; how many values are not 0.
    fn rows(&self) -> (Vec<(i32, u32)>, Vec<u32>, u64) {
        let Adder { places, owners, .. } = &self.sums;
        let mut known: FxHashMap<(i32, PlaceKey), i32> = FxHashMap::default();
        let (mut rows, mut first) = (Vec::with_capacity(places.len()), Vec::with_capacity(places.len()));
        let mut samples = 0;
        for (place, (key, values)) in places.iter().enumerate() {
            let owned = owners.get(key.owner);
            let used = values.filter(|value| *value != 0).count();
            samples += used as u64;
            let mut new = || {
                first.push(place as u32);
                (first.len() - 1) as i32
            };
            let frame = match used {
                0 => NOWHERE,
                // Only places of different sets can be the same.
                _ if self.sets.len() > 1 => {
                    *known.entry((owned.function, PlaceKey { owner: 0, ..*key })).or_insert_with(new)
                }
                _ => new(),
            };
            rows.push((frame, owned.set));
        }
        (rows, first, samples)
    }

    /// Every call, once for each metric.
    pub(in super::super) fn calls(&self) -> impl Iterator<Item = Call> {
        self.sums.edges.iter().flat_map(|(key, mut values)| {
            let caller = self.sums.owners.get(key.owner);
            let metrics = &self.sets[caller.set as usize].metrics;
            let count = values.next().unwrap_or_default();
            let least = self.least;
            metrics.iter().zip(values).map(move |(metric, inclusive)| Call {
                caller: caller.function,
                callee: key.callee,
                line: line(key.line),
                count,
                metric: *metric,
                inclusive: inclusive.max(least),
            })
        })
    }
}

/// Leaves those at these places, which ascend.
fn keep(frames: &mut Vec<Frame>, places: &[u32]) {
    if places.len() == frames.len() {
        return;
    }
    let mut kept = places.iter().peekable();
    let mut place = 0;
    frames.retain(|_| {
        place += 1;
        kept.next_if_eq(&&(place - 1)).is_some()
    });
}
