//! Costs and calls without stacks, as instrumenting tools count them: millions of lines, k metrics each.
//!
//! They are added up here, and become rows of the tables once, at the end: a frame, a stack of one frame and a sample
//! for each metric that is not 0; a row of `calls` for each metric.

use std::sync::Arc;

use pyrometer_tables::schema::{Call, Frame, FrameKind, Stack, Tables};
use rustc_hash::FxHashMap;

use super::wide_samples::{NOWHERE, Set, WideSamples};
use crate::sums::Sums;

/// Bytes that names of files may take in all frames together, beyond [`NAME`] for each of them: a file can refer to
/// one long name a million times.
const NAMES: usize = 256 << 20;
/// Bytes of the name of a file, on average of all frames.
const NAME: usize = 256;

/// Where a cost was counted. Line 0: unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Row in `functions`.
    pub function: i32,
    /// As [`Costs::file`] numbers them.
    pub file: u32,
    /// From 1; 0 if unknown.
    pub line: u32,
    /// In the binary of the function.
    pub address: Option<i64>,
}

/// A call in a function. Line 0: unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// Row in `functions`.
    pub caller: i32,
    /// Row in `functions`.
    pub callee: i32,
    /// Line of the call.
    pub line: u32,
}

/// A function in a set, as [`Owners`] numbers them.
type Owner = u32;

/// The functions that something was counted in, of each set by itself.
#[derive(Debug, Default)]
struct Owners {
    /// Number of the set, and row in `functions`.
    owners: Vec<(u32, i32)>,
    numbers: FxHashMap<(u32, i32), Owner>,
    last: usize,
}

impl Owners {
    #[inline]
    fn number(&mut self, set: u32, function: i32) -> Owner {
        if self.owners.get(self.last) != Some(&(set, function)) {
            self.look_up(set, function);
        }
        self.last as Owner
    }

    fn look_up(&mut self, set: u32, function: i32) {
        let owners = &mut self.owners;
        self.last = *self.numbers.entry((set, function)).or_insert_with(|| {
            owners.push((set, function));
            (owners.len() - 1) as Owner
        }) as usize;
    }

    /// Number of the set, and row in `functions`.
    fn get(&self, owner: Owner) -> (u32, i32) {
        self.owners[owner as usize]
    }
}

/// A place in a function. As small as can be: there are millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct PlaceKey {
    owner: Owner,
    file: u32,
    line: u32,
    /// Halves of the address, 0 if there is none: no code is at 0.
    address: [u32; 2],
}

/// A call in a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct EdgeKey {
    owner: Owner,
    callee: i32,
    line: u32,
}

/// The sums of a profile in the making.
#[derive(Debug, Default)]
pub struct Costs {
    files: FxHashMap<String, u32>,
    names: Vec<Option<Arc<str>>>,
    sets: Vec<Set>,
    owners: Owners,
    places: Sums<PlaceKey>,
    edges: Sums<EdgeKey>,
}

impl Costs {
    /// The number of a file; of no file if the name is empty.
    pub fn file(&mut self, name: &str) -> u32 {
        if let Some(number) = self.files.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(Some(name).filter(|name| !name.is_empty()).map(Arc::from));
        self.files.insert(name.to_owned(), number);
        number
    }

    /// The number of a thread's columns: rows in `metrics`, in the order in which values will be given.
    pub fn set(&mut self, thread: i32, metrics: &[i32]) -> u32 {
        let set = Set { thread, metrics: metrics.to_vec() };
        let known = self.sets.iter().position(|known| *known == set);
        known.unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        }) as u32
    }

    /// Adds values at a place; those that are missing at the end are 0.
    #[inline]
    pub fn add(&mut self, set: u32, place: Place, values: &[i64]) {
        let width = self.sets[set as usize].metrics.len();
        let owner = self.owners.number(set, place.function);
        let address = place.address.unwrap_or(0).cast_unsigned();
        let address = [(address >> 32) as u32, address as u32];
        let key = PlaceKey { owner, file: place.file, line: place.line, address };
        self.places.add(owner, key, width, values);
    }

    /// Adds calls: how many, then the inclusive values.
    pub fn call(&mut self, set: u32, edge: Edge, values: &[i64]) {
        let width = self.sets[set as usize].metrics.len() + 1;
        let owner = self.owners.number(set, edge.caller);
        let key = EdgeKey { owner, callee: edge.callee, line: edge.line };
        self.edges.add(owner, key, width, values);
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.places.len() + self.edges.len() == 0
    }

    /// Whether there are more rows than fit, or the frames would hold more bytes of names than those of any program.
    pub(super) fn is_too_large(&self) -> bool {
        let lengths: Vec<_> =
            self.names.iter().map(|name| name.as_ref().map_or(0, |name| name.len())).collect();
        let bytes = self.places.keys().iter().fold(0, |sum: usize, key| sum + lengths[key.file as usize]);
        self.places.overflowed || self.edges.overflowed || bytes > NAMES + NAME * self.places.len()
    }

    /// The samples, of stacks of one frame that `stack` makes the row of.
    pub(super) fn into_samples(self, mut stack: impl FnMut(Frame) -> i32) -> WideSamples {
        let mut rows: FxHashMap<(i32, PlaceKey), i32> = FxHashMap::default();
        let mut places = Vec::with_capacity(self.places.len());
        let mut count = 0;
        for (key, values) in self.places.iter() {
            let (set, function) = self.owners.get(key.owner);
            let used = values.iter().filter(|value| **value != 0).count();
            count += used as u64;
            let mut made = || stack(self.frame(function, key));
            let stack = match used {
                0 => NOWHERE,
                // Only places of different sets can be the same.
                _ if self.sets.len() > 1 => {
                    *rows.entry((function, PlaceKey { owner: 0, ..*key })).or_insert_with(made)
                }
                _ => made(),
            };
            places.push((stack, set));
        }
        let (width, values) = self.places.into_columns();
        WideSamples { sets: self.sets, rows: places, width, values, counts: Vec::new(), samples: count }
    }

    /// How many frames there will be at most.
    pub(super) fn frames(&self) -> usize {
        self.places.len()
    }

    fn frame(&self, function: i32, key: &PlaceKey) -> Frame {
        let address = u64::from(key.address[0]) << 32 | u64::from(key.address[1]);
        Frame {
            function: Some(function),
            file: self.names[key.file as usize].clone(),
            line: line(key.line),
            address: Some(address.cast_signed()).filter(|address| *address != 0),
            kind: FrameKind::Native,
            ..Frame::default()
        }
    }

    /// Every call, once for each metric.
    pub(super) fn calls(&self, mut call: impl FnMut(Call)) {
        for (key, values) in self.edges.iter() {
            let (set, caller) = self.owners.get(key.owner);
            let metrics = &self.sets[set as usize].metrics;
            for (metric, inclusive) in metrics.iter().zip(&values[1..]) {
                call(Call {
                    caller,
                    callee: key.callee,
                    line: line(key.line),
                    count: values[0],
                    metric: *metric,
                    inclusive: *inclusive,
                });
            }
        }
    }

    /// Whether calls may be the same but for their set, which their rows do not tell.
    pub(super) fn has_several_sets(&self) -> bool {
        self.sets.len() > 1
    }
}

fn line(line: u32) -> Option<i32> {
    i32::try_from(line).ok().filter(|line| *line > 0)
}

/// Adds a frame and its stack to tables in which there is no such frame; the row of the stack.
pub(super) fn push_stack(tables: &mut Tables, mut frame: Frame) -> i32 {
    frame.binary = frame.function.and_then(|function| tables.functions[function as usize].binary);
    let row = tables.frames.len() as i32;
    tables.frames.push(frame);
    tables.stacks.push(Stack { parent: None, frame: row });
    (tables.stacks.len() - 1) as i32
}
