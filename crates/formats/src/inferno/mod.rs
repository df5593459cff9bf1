//! Folded stacks as `inferno-collapse-perf` and `stackcollapse-perf.pl` write them, for scripts that expect these lines.
//!
//! What they do otherwise than our own folded stacks:
//! - the root is the command of the thread, its blanks as `_`;
//! - parameters are cut off, `;` in a name is `:`, and code without a name is `[BINARY]`;
//! - `a->b`, as Java's inlined calls are written, are two frames, the second marked `_[i]`;
//! - frames whose name begins with `(` are left out;
//! - lines are sorted, samples without a stack are left out, and nothing else stands in the file.
//!
//! Names in a text of `perf script` stay as perf wrote them, also if it could not demangle them. The one line that is
//! another is that of a command which ends in a number (`worker 3`): inferno takes that for an id.

mod names;
mod ranks;
mod tree;
mod walk;

use std::io::Write;

use pyrometer_tables::Profile;
use pyrometer_tables::call_graph::Metrics;
use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::Tables;
use pyrometer_tables::select::{Selection, for_each_selected};
use rustc_hash::FxHashMap;

use crate::LeftOut;
use crate::carried::left_out;
use crate::error::Result;
use crate::stacked::Stacked;
use names::is_left_out;
use tree::Tree;

/// What stands for a stack that a sample has not.
const NO_STACK: &str = "[no stack]";

/// Writes the stacks of the selected metric; what had no place.
///
/// # Errors
/// Those of the profile and of `out`.
pub fn write(profile: &Profile, selection: &Selection, mut out: impl Write) -> Result<LeftOut> {
    let mut left_out = left_out(profile, selection, &[])?;
    let profile = &*Stacked::of(profile, selection, Metrics::Selected)?;
    let commands = Commands::of(profile.tables());
    let (sums, stackless) = sums(profile, selection, &commands)?;
    tree(profile, &commands, sums).write(&mut out)?;
    out.flush()?;
    let tables = profile.tables();
    if tables.frames.iter().any(|frame| is_left_out(&frame_name(tables, frame))) {
        left_out.push("frames whose name begins with `(`".to_owned());
    }
    if stackless > 0 {
        left_out.push(format!("{stackless} samples without a stack"));
    }
    Ok(left_out)
}

/// The commands of all threads, each once: the roots of the lines.
struct Commands {
    names: Vec<String>,
    /// For each row of `threads`.
    of_thread: Vec<u32>,
}

impl Commands {
    fn of(tables: &Tables) -> Self {
        let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
        let mut names = Vec::new();
        let of_thread = tables.threads.iter().map(|thread| {
            let name = thread.name.trim().replace(' ', "_");
            *numbers.entry(name).or_insert_with_key(|name| {
                names.push(name.clone());
                (names.len() - 1) as u32
            })
        });
        let of_thread = of_thread.collect();
        Self { names, of_thread }
    }
}

/// Values by command and stack.
type Sums = FxHashMap<(u32, i32), i64>;

/// The values, and the number of samples that have no stack.
fn sums(profile: &Profile, selection: &Selection, commands: &Commands) -> Result<(Sums, i64)> {
    let tables = profile.tables();
    let empty: Vec<bool> = tables.frames.iter().map(|frame| frame_name(tables, frame) == NO_STACK).collect();
    let mut sums = Sums::default();
    let mut stackless = 0;
    for_each_selected(profile, selection, |sample| {
        if empty[tables.stacks[sample.stack as usize].frame as usize] {
            stackless += sample.count;
        } else if sample.metric == selection.metric {
            let command = commands.of_thread[sample.thread as usize];
            let sum = sums.entry((command, sample.stack)).or_default();
            *sum = sum.saturating_add(sample.value);
        }
        Ok(())
    })?;
    Ok((sums, stackless))
}

/// The values below the commands.
fn tree<'a>(profile: &'a Profile, commands: &Commands, sums: Sums) -> Tree<'a> {
    // Names in a text of perf are as perf wrote them.
    let mut tree = Tree::new(profile.tables(), profile.meta.source == "perf-script");
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(key, _)| *key);
    for group in sums.chunk_by(|((one, _), _), ((other, _), _)| one == other) {
        let ((command, _), _) = group[0];
        tree.enter(&commands.names[command as usize]);
        for ((_, stack), value) in group {
            tree.add(*stack, *value);
        }
    }
    tree
}
