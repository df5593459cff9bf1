//! A large profile for a page that asks for what it shows.

use std::sync::OnceLock;

use super::calls::{Neighbour, Values};
use super::container::Container;
use super::functions::{Functions, Texts};
use super::prune::{Pruned, Sight};
use super::samples::Samples;
use super::tree::Tree;
use super::{MOST_SAMPLES, counters, weigh_all, write_known};
use crate::error::Result;
use crate::profile::Profile;

/// The call tree of a profile with all its metrics, and what a page needs before it has any of it.
pub struct Parts {
    head: Container,
    functions: Functions,
    tree: Tree,
    /// By metric; worked out when it is first asked for.
    values: Vec<OnceLock<Values>>,
}

impl Parts {
    /// The parts of a profile with more than `inside` nodes; none of a smaller one, of one that has calls in place of
    /// stacks, and of one with values below zero: where they cancel each other out, nothing can be left out.
    ///
    /// # Errors
    /// Those of reading.
    pub fn of(profile: &Profile, inside: usize) -> Result<Option<Self>> {
        let tables = profile.tables();
        // Stacks are merged into nodes: there are at least as many.
        if tables.stacks.len() <= inside || !tables.calls.is_empty() {
            return Ok(None);
        }
        let weights = weigh_all(profile)?;
        if weights.iter().any(|weights| weights.stacks.iter().any(|weight| weight.value < 0)) {
            return Ok(None);
        }
        let functions = Functions::new(tables);
        let tree = Tree::new(tables, &weights, &functions);
        if tree.calls.count() <= inside {
            return Ok(None);
        }
        let values = weights.iter().map(|_| OnceLock::new()).collect();
        Ok(Some(Self { head: head(profile, &tree, &functions)?, functions, tree, values }))
    }

    /// All of `profile`, which is the one that these are parts of: as [`page`](super::page) has it.
    ///
    /// # Errors
    /// Those of reading.
    pub fn whole(&self, profile: &Profile, texts: &[(String, String)]) -> Result<Vec<u8>> {
        let mut container = Container::default();
        write_known(profile, &self.tree, &self.functions, &mut container)?;
        Ok(with_texts(container, texts))
    }

    /// Functions, samples without the nodes in which they end, series, and `texts` as of [`page`](super::page).
    #[must_use]
    pub fn head(&self, texts: &[(String, String)]) -> Vec<u8> {
        with_texts(self.head.clone(), texts)
    }

    /// The tree of a metric, as far as it is in sight; none if there is no such metric.
    #[must_use]
    pub fn tree(&self, metric: usize, sight: &Sight) -> Option<Vec<u8>> {
        let mut container = Container::default();
        Pruned::new(&self.tree.calls, self.values(metric)?, sight).write(&mut container);
        Some(container.finish())
    }

    /// The sums of all functions; none if there is no such metric.
    #[must_use]
    pub fn sums(&self, metric: usize) -> Option<Vec<u8>> {
        let sums = self.tree.calls.sums(self.values(metric)?, self.functions.count());
        let mut container = Container::default();
        container.values("sums.self", &sums.own);
        container.values("sums.total", &sums.total);
        container.values("sums.area", &sums.area);
        Some(container.finish())
    }

    /// The direct callers and callees of a row of `functions`, the heaviest first; none if there is no such metric.
    #[must_use]
    pub fn neighbours(&self, metric: usize, function: u32) -> Option<[Vec<Neighbour>; 2]> {
        Some(self.tree.calls.neighbours(self.values(metric)?, function))
    }

    fn values(&self, metric: usize) -> Option<&Values> {
        let ends = self.tree.ends(metric)?;
        Some(self.values[metric].get_or_init(|| {
            let mut own = vec![0; self.tree.calls.count()];
            for (node, value) in ends {
                own[*node as usize] = *value;
            }
            self.tree.calls.values(own)
        }))
    }
}

fn with_texts(mut container: Container, texts: &[(String, String)]) -> Vec<u8> {
    for (name, text) in texts {
        container.text(name, text);
    }
    container.finish()
}

fn head(profile: &Profile, tree: &Tree, functions: &Functions) -> Result<Container> {
    let mut container = Container::default();
    let mut texts = Texts::default();
    functions.write(&mut texts, &mut container);
    texts.write(&mut container);
    if profile.sample_count() <= MOST_SAMPLES {
        Samples::of(profile, tree)?.write_times(&mut container);
    }
    counters::write(profile, &mut container);
    Ok(container)
}
