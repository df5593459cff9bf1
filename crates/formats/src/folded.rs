//! Folded stacks: a line a stack, frames from the root parted by `;`, a space, the value.
//!
//! The format of Brendan Gregg's FlameGraph (`stackcollapse-*.pl`). The value is in the metric's
//! unit. It has no escapes: a `;` in a name becomes `:`, a line break a space. What was lost
//! stands in a first line that begins with `# `, which readers of the format skip.

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
    let left_out = left_out(profile, selection, &[])?;
    let profile = &*Stacked::of(profile, selection, Metrics::Selected)?;
    let weights = weigh(profile, selection)?;
    let tree = call_tree(profile, &weights, grouping);
    // Not to be taken for a stack: these end with a number.
    writeln!(out, "# pyrometer ({})", summary::quality(&profile.meta))?;
    let mut written = Ok(());
    each_line(
        &tree,
        |_, _| "",
        |line| {
            if written.is_ok() {
                written = writeln!(out, "{line}");
            }
        },
    );
    written?;
    out.flush()?;
    Ok(left_out)
}

/// Calls `each` with the line of every path. `mark` gives what follows a frame's name.
pub(crate) fn each_line(
    tree: &CallTree,
    mark: impl Fn(&Node, &Label) -> &'static str,
    mut each: impl FnMut(&str),
) {
    let names: Vec<_> = tree.labels.iter().map(|label| clean(&label.name)).collect();
    let mut line = String::new();
    tree.for_each_path(|path, value| {
        line.clear();
        for (depth, node) in path.iter().enumerate() {
            if depth > 0 {
                line.push(';');
            }
            line.push_str(&names[node.label as usize]);
            line.push_str(mark(node, tree.label(node)));
        }
        line.push(' ');
        line.push_str(&value.to_string());
        each(&line);
    });
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
