//! The flame graph as one interactive SVG file, drawn by inferno.

use std::io::Write;

use inferno::flamegraph::color::{MultiPalette, Palette};
use inferno::flamegraph::{Direction, Options, from_lines};
use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::call_tree::{CallTree, Grouping, Label, Node, call_tree_above};
use pyrometer_tables::schema::Metric;
use pyrometer_tables::select::{Selection, Weights, weigh};

use crate::error::{Error, Result};
use crate::folded::{each_line, negative};
use crate::stacked::Stacked;
use crate::summary;

/// Frames narrower than this share of the picture are not drawn: at 1,200 pixels, a tenth of one.
const MIN_SHARE: f64 = 0.0001;
/// Frames drawn above one another.
const MAX_DEPTH: usize = 1024;

/// How to draw.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// The headline; without one the command.
    pub title: Option<String>,
    /// The root at the top instead of at the bottom.
    pub icicle: bool,
    /// How frames are put together; inverted: from the leaves.
    pub grouping: Grouping,
}

/// Draws the selected metric.
///
/// # Errors
/// [`Error::Empty`] if nothing is selected; those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, picture: &Picture, mut out: impl Write) -> Result<()> {
    let profile = &*Stacked::of(profile, selection, Metrics::Selected)?;
    let weights = weigh(profile, selection)?;
    let metric = &profile.tables().metrics[selection.metric as usize];
    if weights.total.value <= 0 {
        return Err(Error::Empty { metric: metric.name.clone(), excluded: weights.excluded.count });
    }
    let tree = call_tree_above(profile, &weights, &picture.grouping, MIN_SHARE, MAX_DEPTH);
    let lines = lines(&tree, weights.total.value);
    let mut options = options(profile, metric, &weights, picture);
    if let (Some(subtitle), Some(negative)) = (&mut options.subtitle, negative(&tree)) {
        *subtitle += &format!(" ({negative} not shown)");
    }
    // The drawing reverses the lines of a chart, and keeps their order: ours is depth first.
    from_lines(&mut options, lines.iter().rev().map(String::as_str), &mut out)?;
    Ok(out.flush()?)
}

/// The lines to draw. Roots that are too small are one line, so that shares are of everything.
fn lines(tree: &CallTree, total: i64) -> Vec<String> {
    let mut lines = Vec::new();
    each_line(tree, None, mark, |line| lines.push(line.to_owned()));
    let roots = tree.nodes.iter().filter(|node| node.parent.is_none());
    let drawn: i64 = roots.map(|root| root.total.value).sum();
    if drawn < total {
        lines.push(format!("[small] {}", total - drawn));
    }
    lines
}

/// The field's marks, which the drawing turns into colours and does not print.
fn mark(node: &Node, label: &Label) -> &'static str {
    match label.kind.as_str() {
        "kernel" => "_[k]",
        "jit" => "_[j]",
        _ if node.inlined => "_[i]",
        _ => "",
    }
}

fn options(profile: &Profile, metric: &Metric, weights: &Weights, picture: &Picture) -> Options<'static> {
    let mut options = Options::default();
    options.title = picture.title.clone().unwrap_or_else(|| shortened(&summary::title(&profile.meta)));
    options.subtitle = Some(subtitle(profile, metric, weights, picture));
    (options.count_name, options.factor) = match metric.unit.as_str() {
        "ns" => ("µs".to_owned(), 1e-3),
        unit => (unit.to_owned(), 1.0),
    };
    options.colors = Palette::Multi(MultiPalette::Java);
    options.deterministic = true;
    options.flame_chart = true;
    options.min_width = MIN_SHARE * 100.0;
    options.direction = match picture.icicle {
        true => Direction::Inverted,
        false => Direction::Straight,
    };
    options
}

fn subtitle(profile: &Profile, metric: &Metric, weights: &Weights, picture: &Picture) -> String {
    let inverted = if picture.grouping.inverted { ", inverted" } else { "" };
    let quality = match metric.kind.as_str() {
        "exact" => summary::quality_of_counts(&profile.meta),
        _ => summary::quality(&profile.meta),
    };
    let separator = if quality.is_empty() { "" } else { " — " };
    let shown = match weights.excluded.count {
        0 => String::new(),
        excluded => format!(" ({excluded} not shown: outside the selection)"),
    };
    format!("{}{inverted}{separator}{quality}{shown}", metric.name)
}

/// As much of a command as fits a line.
fn shortened(command: &str) -> String {
    const MOST: usize = 80;
    match command.chars().count() {
        0..=MOST => command.to_owned(),
        _ => command.chars().take(MOST).chain(['…']).collect(),
    }
}
