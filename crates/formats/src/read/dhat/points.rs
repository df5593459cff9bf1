//! Program points as stacks and samples.

use pyrometer_tables::schema::{Event, Metric};

use super::super::Builder;
use super::super::places::{Inlining, TextPlace, UNKNOWN};
use super::super::valgrind;
use super::accesses::Histogram;
use super::document::{Document, Point};
use super::{ABOUT, Malformed};
use crate::error::Result;

/// What a mode is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    instrument: &'static str,
    /// Metrics of [`Point::tb`] and [`Point::tbk`].
    totals: [&'static str; 2],
    /// Whether the crate `dhat` wrote it.
    is_rust: bool,
}

/// The kind of a mode; none if there is no such mode.
pub(super) fn kind(mode: &str) -> Option<Kind> {
    let (mode, is_rust) = mode.strip_prefix("rust-").map_or((mode, false), |mode| (mode, true));
    let (instrument, totals) = match mode {
        "heap" => ("heap", ["alloc-bytes", "alloc-blocks"]),
        "copy" => ("copies", ["copy-bytes", "copy-blocks"]),
        "ad-hoc" => ("ad-hoc", ["units", "events"]),
        _ => return None,
    };
    Some(Kind { instrument, totals, is_rust })
}

/// A metric, and its value and number of observations at a point; none where the file does not tell.
struct Column {
    name: &'static str,
    description: String,
    of: fn(&Point) -> Option<(i64, i64)>,
}

fn columns(document: &Document, kind: Kind) -> Vec<Column> {
    let column = |name, description: &str, of| Column { name, description: description.to_owned(), of };
    let [bytes, blocks] = kind.totals;
    let mut columns = vec![
        column(bytes, "In all, freed or not.", |at| Some((at.tb, at.tbk))),
        column(blocks, "In all, freed or not.", |at| Some((at.tbk, at.tbk))),
    ];
    if document.bklt {
        let lifetime = format!("Sum of the lifetimes of all blocks, in {}.", document.about.tu);
        columns.extend([
            column("peak-bytes", "Live when most bytes were live.", |at| Some((at.gb?, at.gbk?))),
            column("peak-blocks", "Live when most bytes were live.", |at| Some((at.gbk?, at.gbk?))),
            column("exit-bytes", "Live at the end.", |at| Some((at.eb?, at.ebk?))),
            column("exit-blocks", "Live at the end.", |at| Some((at.ebk?, at.ebk?))),
            column("max-bytes", "Live when the allocation point had most.", |at| Some((at.mb?, at.mbk?))),
            column("max-blocks", "Live when the allocation point had most.", |at| Some((at.mbk?, at.mbk?))),
            column("lifetime", &lifetime, |at| Some((at.tl?, at.tbk))),
        ]);
    }
    if document.bkacc {
        columns.extend([
            column("read-bytes", "Read from blocks.", |at| Some((at.rb?, at.tbk))),
            column("written-bytes", "Written into blocks.", |at| Some((at.wb?, at.tbk))),
            column("never-read-bytes", "Of points without any read.", |at| unused(at.rb, at.tb, at)),
            column("never-read-blocks", "Of points without any read.", |at| unused(at.rb, at.tbk, at)),
            column("never-written-bytes", "Of points without any write.", |at| unused(at.wb, at.tb, at)),
            column("never-written-blocks", "Of points without any write.", |at| unused(at.wb, at.tbk, at)),
        ]);
    }
    columns
}

/// What was allocated, if nothing of it was accessed.
fn unused(accessed: Option<i64>, allocated: i64, at: &Point) -> Option<(i64, i64)> {
    Some(if accessed? == 0 { (allocated, at.tbk) } else { (0, 0) })
}

/// Adds all points.
pub(super) fn add(
    document: &Document,
    kind: Kind,
    builder: &mut Builder,
    malformed: &Malformed<'_>,
) -> Result<()> {
    about(document, kind, builder);
    let columns = columns(document, kind);
    let metrics: Vec<_> = columns.iter().map(|column| builder.metric(metric(column))).collect();
    let thread = valgrind::thread(builder, document.pid, &document.cmd);
    let mut frames = Frames::new(document, kind);
    let mut histograms = [0, 0];
    for (number, point) in document.pps.iter().enumerate() {
        let place = format!("point {number} of `pps`");
        let Some(stack) = frames.stack(&point.fs, builder) else {
            builder.left_out(malformed(
                &format!("places in `ftbl` in {place}"),
                &format!("{:?}", first(&point.fs)),
            ))?;
            continue;
        };
        let values: Option<Vec<_>> = columns.iter().map(|column| (column.of)(point)).collect();
        let fits = |values: &Vec<(i64, i64)>| values.iter().all(|(value, count)| *value >= 0 && *count >= 0);
        let Some(values) = values.filter(fits) else {
            builder
                .left_out(malformed(&format!("each number in {place}, none of them negative"), "another"))?;
            continue;
        };
        for (metric, (value, count)) in metrics.iter().zip(values).filter(|(_, (value, _))| *value != 0) {
            builder.add(stack, thread, *metric, value, count);
        }
        match histogram(point, stack, thread, builder) {
            Some(wrapped) => histograms[usize::from(wrapped)] += u64::from(point.acc.is_some()),
            None => builder.left_out(malformed(&format!("runs of accesses in {place}"), "others"))?,
        }
    }
    say_defects(document, kind, histograms, builder);
    Ok(())
}

/// The first places of a stack, for a message.
fn first(places: &[u32]) -> &[u32] {
    &places[..places.len().min(8)]
}

fn about(document: &Document, kind: Kind, builder: &mut Builder) {
    let meta = &mut builder.meta;
    meta.instrument = kind.instrument.to_owned();
    valgrind::command(meta, &document.cmd);
    // Numbers and texts: there is nothing that could fail.
    if let Ok(about) = serde_json::to_value(&document.about) {
        meta.extra.insert(ABOUT.to_owned(), about);
    }
}

fn metric(column: &Column) -> Metric {
    let unit = if column.name.ends_with("bytes") { "bytes" } else { "count" };
    Metric {
        name: column.name.to_owned(),
        unit: unit.to_owned(),
        kind: "exact".into(),
        description: column.description.clone(),
        ..Metric::default()
    }
}

/// Adds the histogram of a point, if it has one; whether its counts are wrong. None if it is none.
fn histogram(point: &Point, stack: i32, thread: i32, builder: &mut Builder) -> Option<bool> {
    let Some(encoded) = &point.acc else {
        return Some(false);
    };
    let histogram = Histogram::decoded(encoded)?;
    let accessed = point.rb.unwrap_or(0).saturating_add(point.wb.unwrap_or(0));
    let wrapped = histogram.is_wrapped(accessed);
    builder.event(Event {
        name: "access-histogram".to_owned(),
        thread: Some(thread),
        stack: Some(stack),
        payload: histogram.payload(wrapped),
        ..Event::default()
    });
    Some(wrapped)
}

/// Says which numbers Valgrind gets wrong.
fn say_defects(document: &Document, kind: Kind, [right, wrapped]: [u64; 2], builder: &mut Builder) {
    if document.bklt && !kind.is_rust && document.creator.is_none() {
        builder.note(
            "max-bytes and max-blocks are too small where an allocation point had its own maximum at another time \
             than the program: Valgrind's DHAT looks at them only when the program's maximum grows."
                .to_owned(),
        );
    }
    if wrapped > 0 {
        builder.note(format!(
            "{wrapped} of {} access histograms have counts that are too small by multiples of 65,536, for Valgrind's \
             DHAT writes 16 bits of them; they are marked `wrapped`.",
            right + wrapped
        ));
    }
}

/// A place with its binary and the address that it has there, as far as the file tells.
fn loaded<'a>(document: &'a Document, place: TextPlace<'a>) -> TextPlace<'a> {
    let Some((bias, path)) = module(document, &place) else { return place };
    // Valgrind's own functions, which stand for malloc: nothing but its names for them is to be found there.
    if path.rsplit('/').next().is_some_and(|name| name.starts_with("vgpreload_")) {
        return TextPlace { address: None, binary: Some(path), ..place };
    }
    let address = place.address.map(|address| address.wrapping_sub(bias));
    TextPlace { address, binary: Some(path), is_own_address: true, ..place }
}

/// The binary that holds a place with a name or in a binary, and its distance.
fn module<'a>(document: &'a Document, place: &TextPlace<'_>) -> Option<(i64, &'a str)> {
    let is_told = place.binary.is_some() || place.function != UNKNOWN;
    let address = place.address.filter(|_| is_told)?.cast_unsigned();
    let before = document.modules.partition_point(|(begin, ..)| *begin <= address);
    // Nearest first: what a binary has before its functions (tables of linkage) follows another one.
    let mut near = document.modules[..before].iter().rev().chain(&document.modules[before..]);
    let found = match place.binary {
        Some(binary) => near.find(|(.., path)| path == binary),
        None => near.next().filter(|_| before > 0),
    };
    // One without a path is what is behind a binary that is the only one that is known.
    found.filter(|(.., path)| !path.is_empty()).map(|(_, bias, path)| (*bias, path.as_str()))
}

/// Addresses below are of a page that holds no code.
const FIRST_PAGE: i64 = 4096;
/// Where Valgrind puts the first stack of a 64-bit program, 16 MiB of it at most.
const FIRST_STACK: std::ops::Range<i64> = 0x1f_fe00_0000..0x1f_ff00_1000;

/// Whether a frame is what Valgrind found beyond the stack's end: below the function that a program starts in lie the
/// number of its arguments and where they are, which it takes for callers.
fn is_no_code(place: &TextPlace<'_>) -> bool {
    let is_unknown =
        place.is_code && place.function == UNKNOWN && place.file.is_none() && place.binary.is_none();
    let is_elsewhere = |address| (0..FIRST_PAGE).contains(&address) || FIRST_STACK.contains(&address);
    is_unknown && place.address.is_none_or(is_elsewhere)
}

/// The frames of the file as rows, made when they are needed.
struct Frames<'a> {
    places: Vec<TextPlace<'a>>,
    /// Of the process: those of two binaries may be equal.
    addresses: Vec<Option<i64>>,
    /// For each frame, its row as it is and as inlined.
    rows: Vec<[Option<i32>; 2]>,
    inlining: Inlining,
}

impl<'a> Frames<'a> {
    fn new(document: &'a Document, kind: Kind) -> Self {
        // Valgrind's callers are inside the call. The crate `dhat` writes return addresses, of all frames.
        let back = i64::from(kind.is_rust);
        let places = document.ftbl.iter().map(|text| {
            let place = TextPlace::parse(text);
            TextPlace { address: place.address.map(|address| address.wrapping_sub(back)), ..place }
        });
        let places: Vec<_> = places.collect();
        let addresses = places.iter().map(|place| place.address).collect();
        let places = places.into_iter().map(|place| loaded(document, place)).collect();
        let rows = vec![[None; 2]; document.ftbl.len()];
        Self { places, addresses, rows, inlining: Inlining::default() }
    }

    /// The row of a stack whose innermost frame is given first; none if there is no such frame.
    fn stack(&mut self, frames: &[u32], builder: &mut Builder) -> Option<i32> {
        if frames.iter().any(|frame| *frame as usize >= self.places.len()) {
            return None;
        }
        // The first is the root of DHAT's viewer, that no stack needs.
        let mut frames: Vec<_> = frames.iter().copied().filter(|frame| *frame != 0).collect();
        while frames.last().is_some_and(|frame| is_no_code(&self.places[*frame as usize])) {
            frames.pop();
        }
        let addresses = frames.iter().map(|frame| (self.addresses[*frame as usize], *frame));
        let inlined = self.inlining.mark(addresses);
        let mut node = None;
        for (frame, inlined) in frames.iter().zip(inlined).rev() {
            let row = self.row(*frame as usize, inlined, builder);
            node = Some(builder.stack(node, row));
        }
        Some(node.unwrap_or_else(|| {
            let frame = builder.name("[unknown]", "unknown");
            builder.stack(None, frame)
        }))
    }

    fn row(&mut self, frame: usize, inlined: bool, builder: &mut Builder) -> i32 {
        let place = self.places[frame];
        *self.rows[frame][usize::from(inlined)].get_or_insert_with(|| place.frame(builder, inlined))
    }
}
