//! Two profiles as one, so that a page can compare them: what is called the same in both is the same.

use std::path::Path;

use crate::schema::{Binary, Frame, Function, Stack, Tables};
use crate::select::{Weight, Weights};

/// The functions, frames and stacks of `tables`, then those of `base`; nothing else of either.
///
/// Binaries of the same file name are one: a program that was built again is in another folder.
pub fn joined(tables: &Tables, base: &Tables) -> Tables {
    let mut joined = Tables {
        binaries: tables.binaries.clone(),
        functions: tables.functions.clone(),
        frames: tables.frames.clone(),
        stacks: tables.stacks.clone(),
        ..Tables::default()
    };
    let [binaries, functions, frames, stacks] =
        [joined.binaries.len(), joined.functions.len(), joined.frames.len(), joined.stacks.len()]
            .map(|rows| rows as i32);
    joined.binaries.extend(base.binaries.iter().map(|binary| renamed(&tables.binaries, binary)));
    joined.functions.extend(
        base.functions.iter().map(|function| Function {
            binary: function.binary.map(|row| row + binaries),
            ..function.clone()
        }),
    );
    joined.frames.extend(base.frames.iter().map(|frame| Frame {
        function: frame.function.map(|row| row + functions),
        binary: frame.binary.map(|row| row + binaries),
        ..frame.clone()
    }));
    joined.stacks.extend(
        base.stacks
            .iter()
            .map(|stack| Stack { parent: stack.parent.map(|row| row + stacks), frame: stack.frame + frames }),
    );
    joined
}

/// The binary under the path of the one of the same file name, if there is one and no more.
fn renamed(known: &[Binary], binary: &Binary) -> Binary {
    let name = |binary: &Binary| Path::new(&binary.path).file_name().map(ToOwned::to_owned);
    let mut same = known.iter().filter(|other| name(other) == name(binary));
    match (same.next(), same.next()) {
        (Some(one), None) => Binary { path: one.path.clone(), ..binary.clone() },
        _ => binary.clone(),
    }
}

/// Weights of one of both as weights of the joined stacks: `before` of them are not its own, nor are `after`.
pub fn placed(weights: Weights, before: usize, after: usize) -> Weights {
    let mut stacks = vec![Weight::default(); before];
    stacks.extend(weights.stacks);
    stacks.extend(std::iter::repeat_n(Weight::default(), after));
    Weights { stacks, ..weights }
}
