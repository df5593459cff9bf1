//! A profile as the viewer's page reads it: columns that become typed arrays without being looked at.
//!
//! Constraints:
//! - the tree is merged by function and stands in depth-first order, so that a subtree is a range, and every view of
//!   the page is a pass over arrays;
//! - self values alone are stored, where they are not zero: totals, inverted trees and tables follow from them;
//! - samples are there, in the order of time, unless there are more than a page can hold ([`MOST_SAMPLES`]).
//!
//! A column of any type is of u8, u16, u32 or f64, the smallest that holds all its values.
//!
//! The columns, `k` a row of `metrics` (of two profiles: those of the second follow):
//!
//! | column | type | of |
//! |---|---|---|
//! | `strings.bytes`, `strings.ends` | u8, u32 | every text once, UTF-8, one after the other; the first is empty |
//! | `functions.name`, `.folded`, `.binary`, `.file`, `.namespace` | u32 | texts; `folded` is without generic arguments |
//! | `functions.line` | u32 | 0 if unknown |
//! | `functions.kind`, `.runtime` | u8 | 0 native, 1 kernel, 2 jit, 3 unknown; 1 if it starts programs or unwinds panics |
//! | `functions.role` | u8 | 0 may ask for memory, 1 of a standard library, 2 an allocator |
//! | `nodes.function`, `nodes.depth` | u32 | depth 0 is a root |
//! | `nodes.inlined` | u8 | 1 if the compiler inlined every frame of it |
//! | `self.k.node`, `self.k.value` | u32, any | nodes in which samples end |
//! | `samples.node` | u32 | |
//! | `samples.thread`, `.count` | any | |
//! | `samples.delta` | any | ticks since the sample before, the first since the start; the tick is in `samples.tick` |
//! | `samples.metric`, `samples.value` | u8, any | |
//! | `samples.tick` | f64 | one value: nanoseconds |
//! | `samples.stack` | u32 | as all `stacks` and `frames`: if there are lines or addresses |
//! | `stacks.up`, `stacks.frame` | u32 | how many rows before it its caller stands, 0 at a root |
//! | `frames.function`, `frames.line` | u32 | 0 for no line |
//! | `frames.file`, `frames.binary` | u32 | texts |
//! | `frames.low`, `frames.high` | u32 | halves of the address, 0 for none |
//! | `frames.inlined` | u8 | |
//! | `counters` | text | a JSON list of the time series: `name`, `unit`, `thread`, the `end` of its process and how many `points` there are |
//! | `counters.k.time`, `counters.k.value` | f64 | of the series `k`; nanoseconds since the start, unless `meta.json` has another `time_unit` |
//!
//! A large profile that a server shows comes in [`Parts`]: first the columns `functions`, `strings`, `counters` and
//! `samples` without nodes and stacks. Then, of a metric and as far as it is in sight, `nodes` with these:
//!
//! | column | type | of |
//! |---|---|---|
//! | `tree.place` | u32 | by node, its row in the whole tree, by which more is asked for |
//! | `tree.more` | u8 | 1 if it has children that are not there: the lightest of them |
//! | `tree.parts` | u32 | one number: what has at least one of so many parts of what is in sight is there |
//! | `tree.self`, `tree.total` | any | values of the metric |
//! | `sums.self`, `sums.total`, `sums.area` | any | by function, of the whole tree; `area` is of all its nodes |

mod calls;
mod container;
mod counters;
mod functions;
mod pair;
mod parts;
mod places;
mod prune;
mod samples;
mod tree;

use crate::call_graph::{Metrics, estimate};
use crate::error::Result;
use crate::profile::Profile;
use crate::select::{Selection, Weights, weigh};
use container::Container;
use functions::{Functions, Texts};
pub use parts::Parts;
use places::Places;
pub use prune::Sight;
use samples::Samples;
use tree::Tree;

/// A page holds no more samples than this; without them it has no times.
pub const MOST_SAMPLES: u64 = 2_000_000;

/// The container of a profile, with `texts` as further columns. If there are calls in place of stacks, the stacks are
/// estimated. With a `base` to compare with, the metrics of that one follow, and there are no samples.
///
/// # Errors
/// Those of reading.
pub fn page(profile: &Profile, base: Option<&Profile>, texts: &[(String, String)]) -> Result<Vec<u8>> {
    let estimated = stacked(profile)?;
    let profile = estimated.as_ref().unwrap_or(profile);
    let mut container = Container::default();
    match base {
        Some(base) => write_pair(profile, stacked(base)?.as_ref().unwrap_or(base), &mut container)?,
        None => write(profile, &mut container)?,
    }
    for (name, text) in texts {
        container.text(name, text);
    }
    Ok(container.finish())
}

/// The profile with estimated stacks, if it has none.
fn stacked(profile: &Profile) -> Result<Option<Profile>> {
    if profile.tables().metrics.is_empty() {
        return Ok(None);
    }
    estimate(profile, &Selection::default(), Metrics::All)
}

fn write(profile: &Profile, container: &mut Container) -> Result<()> {
    let functions = Functions::new(profile.tables());
    let tree = Tree::new(profile.tables(), &weigh_all(profile)?, &functions);
    write_known(profile, &tree, &functions, container)
}

/// Adds all columns of a profile, of which the tree is known.
fn write_known(
    profile: &Profile,
    tree: &Tree,
    functions: &Functions,
    container: &mut Container,
) -> Result<()> {
    let mut texts = Texts::default();
    functions.write(&mut texts, container);
    tree.write(container);
    if profile.sample_count() <= MOST_SAMPLES {
        let places = Places::new(profile.tables(), tree);
        let samples = Samples::of(profile, tree)?;
        samples.write_times(container);
        samples.write_stacks(tree, places.as_ref(), container);
        if let Some(places) = places {
            places.write(functions, &mut texts, container);
        }
    }
    texts.write(container);
    counters::write(profile, container);
    Ok(())
}

fn write_pair(profile: &Profile, base: &Profile, container: &mut Container) -> Result<()> {
    let [own, others] = [profile, base].map(|each| each.tables().stacks.len());
    let weights = weigh_all(profile)?.into_iter().map(|weights| pair::placed(weights, 0, others));
    let base_weights = weigh_all(base)?.into_iter().map(|weights| pair::placed(weights, own, 0));
    let tables = pair::joined(profile.tables(), base.tables());
    let functions = Functions::new(&tables);
    let mut texts = Texts::default();
    functions.write(&mut texts, container);
    Tree::new(&tables, &weights.chain(base_weights).collect::<Vec<_>>(), &functions).write(container);
    texts.write(container);
    Ok(())
}

fn weigh_all(profile: &Profile) -> Result<Vec<Weights>> {
    let metrics = 0..profile.tables().metrics.len() as i32;
    metrics.map(|metric| weigh(profile, &Selection { metric, ..Selection::default() })).collect()
}
