//! Adds lines up by their places, and calls by their edges.

use std::sync::Arc;

use pyrometer_tables::schema::{Frame, FrameKind};
use rustc_hash::FxHashMap;

use super::batch::Batch;
use crate::sums::Sums;

/// A function in a set, as [`Owners`] numbers them.
pub(super) type Owner = u32;

/// What an [`Owner`] is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Owned {
    /// Number of the set.
    pub(super) set: u32,
    /// Row in `functions`.
    pub(super) function: i32,
    /// Row in `binaries` of the function.
    binary: Option<i32>,
}

/// The functions that something was counted in, of each set by itself.
#[derive(Debug, Default)]
pub(super) struct Owners {
    owners: Vec<Owned>,
    numbers: FxHashMap<(u32, i32), Owner>,
    last: usize,
}

impl Owners {
    #[inline]
    fn number(&mut self, owned: Owned) -> Owner {
        let is_last = |last: &Owned| (last.set, last.function) == (owned.set, owned.function);
        if !self.owners.get(self.last).is_some_and(is_last) {
            self.look_up(owned);
        }
        self.last as Owner
    }

    fn look_up(&mut self, owned: Owned) {
        let owners = &mut self.owners;
        self.last = *self.numbers.entry((owned.set, owned.function)).or_insert_with(|| {
            owners.push(owned);
            (owners.len() - 1) as Owner
        }) as usize;
    }

    /// What it is.
    pub(super) fn get(&self, owner: Owner) -> Owned {
        self.owners[owner as usize]
    }
}

/// A place in a function. As small as can be: there are millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PlaceKey {
    pub(super) owner: Owner,
    pub(super) file: u32,
    pub(super) line: u32,
    /// Halves of the address, 0 if there is none: no code is at 0.
    pub(super) address: [u32; 2],
}

/// A call in a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct EdgeKey {
    pub(super) owner: Owner,
    pub(super) callee: i32,
    pub(super) line: u32,
}

/// Sums of the batches that it was given.
#[derive(Debug, Default)]
pub(super) struct Adder {
    /// Of the files, by their number.
    pub(super) names: Vec<Option<Arc<str>>>,
    /// Of every place, in their order.
    pub(super) frames: Vec<Frame>,
    pub(super) owners: Owners,
    pub(super) places: Sums<PlaceKey>,
    pub(super) edges: Sums<EdgeKey>,
}

impl Adder {
    /// Adds a batch. `widths`: columns of each set.
    pub(super) fn add(&mut self, batch: &Batch, widths: &[usize]) {
        self.names.extend_from_slice(&batch.names);
        self.add_lines(batch, widths);
        self.add_calls(batch, widths);
        self.make_frames();
    }

    fn make_frames(&mut self) {
        let Self { names, frames, owners, places, .. } = self;
        frames.extend(places.keys()[frames.len()..].iter().map(|key| {
            let Owned { function, binary, .. } = owners.get(key.owner);
            let address = u64::from(key.address[0]) << 32 | u64::from(key.address[1]);
            Frame {
                function: Some(function),
                file: names[key.file as usize].clone(),
                line: line(key.line),
                address: Some(address.cast_signed()).filter(|address| *address != 0),
                binary,
                kind: FrameKind::Native,
                ..Frame::default()
            }
        }));
    }

    fn add_lines(&mut self, batch: &Batch, widths: &[usize]) {
        let (mut lines, mut values) = (batch.lines.as_slice(), batch.values.as_slice());
        for run in &batch.runs {
            let owner =
                self.owners.number(Owned { set: run.set, function: run.function, binary: run.binary });
            let own = lines.split_off(..run.lines as usize).unwrap_or_default();
            for line in own {
                let counts = values.split_off(..line.values as usize).unwrap_or_default();
                let key = PlaceKey { owner, file: line.file, line: line.line, address: line.address };
                self.places.add(owner, key, widths[run.set as usize], counts);
            }
        }
    }

    fn add_calls(&mut self, batch: &Batch, widths: &[usize]) {
        let mut values = batch.call_values.as_slice();
        for call in &batch.calls {
            let counts = values.split_off(..call.values as usize).unwrap_or_default();
            let caller = Owned { set: call.set, function: call.edge.caller, binary: call.edge.binary };
            let owner = self.owners.number(caller);
            let key = EdgeKey { owner, callee: call.edge.callee, line: call.edge.line };
            self.edges.add(owner, key, widths[call.set as usize] + 1, counts);
        }
    }
}

/// As the tables have it: none if it is 0.
pub(super) fn line(line: u32) -> Option<i32> {
    i32::try_from(line).ok().filter(|line| *line > 0)
}
