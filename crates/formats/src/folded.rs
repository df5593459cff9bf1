//! Folded stacks: a line a stack, frames from the root parted by `;`, a space, the value.
//!
//! The format of Brendan Gregg's FlameGraph (`stackcollapse-*.pl`). The value is in the metric's
//! unit. It has no escapes: a `;` in a name becomes `:`, a line break a space. What was lost
//! stands in a first line that begins with `# `, which readers of the format skip.
//!
//! A line has all of its stack, so that what is read from a small file can be a huge one: of a recursion a million deep in
//! which every call has a value, a million lines. Where frames would be too many, deep stacks lose their middle.

use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::call_tree::{CallTree, Grouping, Label, Node, call_tree};
use pyrometer_tables::select::{Selection, weigh};

use crate::LeftOut;
use crate::carried::left_out;
use crate::error::Result;
use crate::stacked::Stacked;
use crate::summary;

/// Frames that are written whatever their stacks are.
const MOST: usize = 1 << 26;
/// Of deeper stacks, as many frames from the root and from the leaf are kept where there would be more.
const ENDS: usize = 256;
/// What stands for the others, as in a recording.
const LEFT_OUT: &str = "[frames left out]";

/// Writes the stacks of the selected metric; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(
    profile: &Profile,
    selection: &Selection,
    grouping: &Grouping,
    mut out: impl Write,
) -> Result<LeftOut> {
    let mut left_out = left_out(profile, selection, &[])?;
    let profile = &*Stacked::of(profile, selection, Metrics::Selected)?;
    let weights = weigh(profile, selection)?;
    let tree = call_tree(profile, &weights, grouping);
    // Not to be taken for a stack: these end with a number.
    writeln!(out, "# pyrometer ({})", summary::quality(&profile.meta))?;
    let mut written = Ok(());
    let ends = (frames(&tree) > MOST).then_some(ENDS);
    let cut = each_line(
        &tree,
        ends,
        |_, _| "",
        |line| {
            if written.is_ok() {
                written = writeln!(out, "{line}");
            }
        },
    );
    written?;
    out.flush()?;
    if cut > 0 {
        left_out.push(format!("the middle of {cut} stacks with more than {} frames", 2 * ENDS));
    }
    left_out.extend(negative(&tree));
    Ok(left_out)
}

/// What is said of stacks that no line or box can have.
pub(crate) fn negative(tree: &CallTree) -> Option<String> {
    let negative = tree.negative();
    (negative > 0).then(|| format!("{negative} stacks with negative values"))
}

/// How many frames all lines have.
fn frames(tree: &CallTree) -> usize {
    let mut depths: Vec<usize> = Vec::with_capacity(tree.nodes.len());
    for node in &tree.nodes {
        depths.push(node.parent.map_or(0, |parent| depths[parent as usize]) + 1);
    }
    let lines = depths.iter().zip(tree.ending()).filter(|(_, value)| *value > 0);
    lines.fold(0, |sum, (depth, _)| sum.saturating_add(*depth))
}

/// Calls `each` with the line of every path. `mark` gives what follows a frame's name. How many paths were cut: all with
/// more than twice `ends` frames.
pub(crate) fn each_line(
    tree: &CallTree,
    ends: Option<usize>,
    mark: impl Fn(&Node, &Label) -> &'static str,
    mut each: impl FnMut(&str),
) -> usize {
    let mut cut = 0;
    let names: Vec<_> = tree.labels.iter().map(|label| clean(&label.name)).collect();
    let add = |line: &mut String, nodes: &[&Node]| {
        for node in nodes {
            line.push_str(&names[node.label as usize]);
            line.push_str(mark(node, tree.label(node)));
            line.push(';');
        }
    };
    let mut line = String::new();
    tree.for_each_path(|path, value| {
        line.clear();
        match ends.filter(|ends| path.len() > 2 * ends) {
            None => add(&mut line, path),
            Some(ends) => {
                cut += 1;
                add(&mut line, &path[..ends]);
                line.push_str(LEFT_OUT);
                line.push(';');
                add(&mut line, &path[path.len() - ends..]);
            }
        }
        line.pop();
        line.push(' ');
        line.push_str(&value.to_string());
        each(&line);
    });
    cut
}

fn clean(name: &str) -> String {
    let clean = |character| match character {
        ';' => ':',
        '\n' | '\r' => ' ',
        other => other,
    };
    match name.trim() {
        // An empty name would make the frame vanish.
        "" => "[unnamed]".to_owned(),
        name => name.chars().map(clean).collect(),
    }
}
