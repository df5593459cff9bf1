//! Stacks as program points, and frames as texts.

use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::{Frame, Tables};
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::histogram;
use crate::code::{exact_name, one_line};
use crate::stack_sums::StackSums;

/// A mode of DHAT.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    pub(super) name: &'static str,
    pub(super) verb: &'static str,
    /// Metrics of the totals.
    totals: [&'static str; 2],
}

const MODES: [Mode; 3] = [
    Mode { name: "heap", verb: "Allocated", totals: ["alloc-bytes", "alloc-blocks"] },
    Mode { name: "copy", verb: "Copied", totals: ["copy-bytes", "copy-blocks"] },
    AD_HOC,
];
const AD_HOC: Mode = Mode { name: "ad-hoc", verb: "Occurred", totals: ["units", "events"] };

/// A program point.
#[derive(Debug, Default, Serialize)]
pub(super) struct Point {
    tb: i64,
    tbk: i64,
    #[serde(flatten)]
    lifetimes: Option<Lifetimes>,
    #[serde(flatten)]
    accesses: Option<Accesses>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acc: Option<Vec<i64>>,
    fs: Vec<u32>,
}

#[derive(Debug, Serialize)]
struct Lifetimes {
    tl: i64,
    mb: i64,
    mbk: i64,
    gb: i64,
    gbk: i64,
    eb: i64,
    ebk: i64,
}

#[derive(Debug, Serialize)]
struct Accesses {
    rb: i64,
    wb: i64,
}

/// Which metric is in which field.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) mode: Mode,
    pub(super) has_lifetimes: bool,
    pub(super) has_accesses: bool,
    /// Row of the metric whose values are the units, where the profile is of another kind than DHAT's.
    other: Option<i32>,
    /// Column of the sums and row of the metric, by its name.
    columns: FxHashMap<String, (usize, i32)>,
}

impl Fields {
    pub(super) fn of(tables: &Tables, metrics: &[i32], selected: i32) -> Self {
        let has = |name: &str| tables.metrics.iter().any(|metric| metric.name == name);
        let mode = MODES.iter().find(|mode| mode.totals.iter().any(|name| has(name)));
        let is_heap = mode.is_some_and(|mode| mode.name == "heap");
        let name = |metric: i32| tables.metrics[metric as usize].name.clone();
        Self {
            mode: *mode.unwrap_or(&AD_HOC),
            has_lifetimes: is_heap && ["lifetime", "peak-bytes", "exit-bytes"].iter().any(|name| has(name)),
            has_accesses: is_heap && ["read-bytes", "written-bytes"].iter().any(|name| has(name)),
            other: mode.is_none().then_some(selected),
            columns: metrics.iter().enumerate().map(|(at, metric)| (name(*metric), (at, *metric))).collect(),
        }
    }

    /// Whether a metric is in one of the fields.
    pub(super) fn has(&self, metric: i32) -> bool {
        if let Some(other) = self.other {
            return metric == other;
        }
        let mut names = self.mode.totals.to_vec();
        if self.has_lifetimes {
            names.extend(LIFETIMES);
        }
        if self.has_accesses {
            names.extend(ACCESSES);
        }
        names.iter().any(|name| self.columns.get(*name).is_some_and(|(_, row)| *row == metric))
    }

    /// What the values are, where they are no bytes of blocks: one of them, many, and how often.
    pub(super) fn units(&self, tables: &Tables) -> Option<[String; 3]> {
        let unit = match self.other {
            Some(other) => tables.metrics[other as usize].name.clone(),
            None if self.mode.name == "ad-hoc" => "unit".to_owned(),
            None => return None,
        };
        let many = if self.other.is_some() { unit.clone() } else { format!("{unit}s") };
        let often = if self.other.is_some() { "samples" } else { "events" };
        Some([unit, many, often.to_owned()])
    }

    /// The point of a stack; none if nothing was counted in it.
    pub(super) fn point(&self, stack: usize, sums: &StackSums, frames: &mut Frames<'_>) -> Option<Point> {
        let values = sums.of(stack);
        if values.iter().all(|value| *value == 0) && !frames.histograms.contains_key(&(stack as i32)) {
            return None;
        }
        let column = |(at, _): &(usize, i32)| values[*at];
        let of = |name: &str| self.columns.get(name).map_or(0, column);
        let [tb, tbk] = match self.other {
            Some(other) => {
                let found = self.columns.values().find(|(_, row)| *row == other);
                [found.map_or(0, column), sums.count(stack)]
            }
            None => self.mode.totals.map(of),
        };
        if self.other.is_some() && tb == 0 {
            return None;
        }
        if self
            .columns
            .keys()
            .filter(|_| self.other.is_none())
            .map(|name| of(name))
            .chain([tb, tbk])
            .any(|value| value < 0)
        {
            frames.negative += 1;
            return None;
        }
        let acc = frames.histograms.get(&(stack as i32)).filter(|_| self.has_accesses).cloned();
        let accesses = self.has_accesses.then(|| Accesses { rb: of("read-bytes"), wb: of("written-bytes") });
        let lifetimes = self.has_lifetimes.then(|| lifetimes(of, self.columns.contains_key("max-bytes")));
        Some(Point { tb, tbk, lifetimes, accesses, acc, fs: frames.places(stack) })
    }
}

const LIFETIMES: [&str; 7] =
    ["lifetime", "max-bytes", "max-blocks", "peak-bytes", "peak-blocks", "exit-bytes", "exit-blocks"];
const ACCESSES: [&str; 2] = ["read-bytes", "written-bytes"];

/// Where a point's own maximum is not known, what it had at the others is the most that is.
fn lifetimes(of: impl Fn(&str) -> i64, has_maximum: bool) -> Lifetimes {
    let [tl, mb, mbk, gb, gbk, eb, ebk] = LIFETIMES.map(of);
    let (mb, mbk) = if has_maximum { (mb, mbk) } else { (gb.max(eb), gbk.max(ebk)) };
    Lifetimes { tl, mb, mbk, gb, gbk, eb, ebk }
}

/// Frames as the file has them, made when they are needed.
pub(super) struct Frames<'a> {
    tables: &'a Tables,
    /// The first is the root of all.
    pub(super) texts: Vec<String>,
    known: FxHashMap<String, u32>,
    /// For each row of `frames`, its place in `texts`.
    rows: Vec<Option<u32>>,
    /// Points that were left out: DHAT counts, and no count is negative.
    pub(super) negative: usize,
    /// Accesses by row of `stacks`.
    histograms: FxHashMap<i32, Vec<i64>>,
}

impl<'a> Frames<'a> {
    pub(super) fn new(tables: &'a Tables) -> Self {
        let histograms = tables.events.iter().filter(|event| event.name == "access-histogram");
        let histograms = histograms.filter_map(|event| Some((event.stack?, histogram(&event.payload)?)));
        let (texts, known) = (vec!["[root]".to_owned()], FxHashMap::default());
        Self {
            tables,
            texts,
            known,
            rows: vec![None; tables.frames.len()],
            negative: 0,
            histograms: histograms.collect(),
        }
    }

    /// The places of a stack's frames, innermost first.
    fn places(&mut self, stack: usize) -> Vec<u32> {
        let mut places = Vec::new();
        let mut node = Some(stack as i32);
        while let Some(row) = node {
            let stack = self.tables.stacks[row as usize];
            places.push(self.place(stack.frame as usize));
            node = stack.parent;
        }
        places
    }

    fn place(&mut self, frame: usize) -> u32 {
        if let Some(place) = self.rows[frame] {
            return place;
        }
        let text = text(self.tables, &self.tables.frames[frame]);
        let next = self.texts.len() as u32;
        let place = *self.known.entry(text).or_insert_with_key(|text| {
            self.texts.push(text.clone());
            next
        });
        self.rows[frame] = Some(place);
        place
    }
}

/// `0xADDRESS: function (file:line)`, or `(in binary)`.
fn text(tables: &Tables, frame: &Frame) -> String {
    let function = frame.function.map(|row| &tables.functions[row as usize]);
    let name = function.map_or_else(|| one_line(&frame_name(tables, frame)), |f| one_line(exact_name(f)));
    if frame.address.is_none() && frame.kind == "unknown" {
        return name;
    }
    let binary = frame.binary.or(function.and_then(|function| function.binary));
    let place = match (&frame.file, binary) {
        (Some(file), _) => {
            let column = frame.column.filter(|_| frame.line.is_some());
            let column = column.map_or_else(String::new, |column| format!(":{column}"));
            format!(" ({}:{}{column})", one_line(file), frame.line.unwrap_or(0))
        }
        (None, Some(binary)) => format!(" (in {})", one_line(&tables.binaries[binary as usize].path)),
        (None, None) => String::new(),
    };
    format!("{:#X}: {name}{place}", frame.address.unwrap_or(0)).replacen("0X", "0x", 1)
}
