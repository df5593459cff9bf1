//! Samples as columns, in the order of time.

use super::container::Container;
use super::places::Places;
use super::tree::Tree;
use crate::error::Result;
use crate::profile::Profile;
use crate::schema::Sample;

/// Nanoseconds: what times are rounded to, unless the recording is longer than an hour.
const TICK: i64 = 1_000;

/// Those with a time, in its order.
pub struct Samples {
    samples: Vec<Sample>,
    /// Nanoseconds since the epoch of their times.
    start: i64,
}

impl Samples {
    /// Those of stacks that are weighed.
    pub fn of(profile: &Profile, tree: &Tree) -> Result<Self> {
        let mut samples = timed(profile, tree)?;
        samples.sort_by_key(|sample| sample.time);
        Ok(Self { samples, start: profile.meta.start })
    }

    /// Adds the columns `samples` without the stacks that they are of.
    pub fn write_times(&self, container: &mut Container) {
        let since = |sample: &Sample| sample.time.unwrap_or(self.start).saturating_sub(self.start).max(0);
        let last = self.samples.last().map_or(0, since);
        let tick = TICK.max(last / i64::from(u32::MAX) + 1);
        let mut before = 0;
        let delta = |sample: &Sample| {
            let ticks = since(sample) / tick;
            let delta = ticks - before;
            before = ticks;
            delta as u32
        };
        let deltas: Vec<_> = self.samples.iter().map(delta).collect();
        container.f64("samples.tick", [tick as f64]);
        container.numbers("samples.delta", &deltas);
        let column = |of: fn(&Sample) -> u32| self.samples.iter().map(of).collect::<Vec<_>>();
        container.numbers("samples.thread", &column(|sample| sample.thread as u32));
        container.numbers("samples.count", &column(|sample| sample.count.clamp(0, u32::MAX.into()) as u32));
        container.u8("samples.metric", self.samples.iter().map(|sample| sample.metric as u8));
        container
            .values("samples.value", &self.samples.iter().map(|sample| sample.value).collect::<Vec<_>>());
    }

    /// Adds the columns of where they end.
    pub fn write_stacks(&self, tree: &Tree, places: Option<&Places<'_>>, container: &mut Container) {
        let samples = || self.samples.iter();
        container.u32("samples.node", samples().filter_map(|sample| tree.place(sample.stack)));
        if let Some(places) = places {
            container.u32("samples.stack", samples().filter_map(|sample| places.stack(sample.stack)));
        }
    }
}

/// Those with a time, of a stack that is weighed, and of a metric that a byte can number.
fn timed(profile: &Profile, tree: &Tree) -> Result<Vec<Sample>> {
    let mut timed = Vec::new();
    profile.for_each_batch(|samples| {
        let kept = |sample: &&Sample| {
            sample.time.is_some() && tree.place(sample.stack).is_some() && sample.metric < 256
        };
        timed.extend(samples.iter().filter(kept));
        Ok(())
    })?;
    Ok(timed)
}
