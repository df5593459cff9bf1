//! What a page is told of a large profile bit by bit is what it would work out from all of it.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;
use pyrometer_tables::page::{Parts, Sight, page};
use pyrometer_tables::schema::{Call, Metric, Sample, Tables};
use pyrometer_tables::{Profile, Result};

use crate::common::{self, Numbers};
use crate::page::Columns;

/// Two metrics, of each a sample that weighs more than all others, so that most paths cannot be seen beside it.
fn made(stacks: i32, count: usize, value: i64) -> Result<Profile> {
    let mut tables = common::program(30, stacks);
    tables.metrics.push(Metric {
        name: "instructions".to_owned(),
        unit: "count".to_owned(),
        ..Metric::default()
    });
    let mut numbers = Numbers::new(stacks as u64);
    let sample = |row: usize| Sample {
        stack: numbers.below(stacks as u64) as i32,
        metric: (row % 2) as i32,
        value: if row < 2 { 1_000_000_000 } else { value * (1 + numbers.below(9) as i64) },
        count: 1,
        ..Sample::default()
    };
    Profile::from_parts(common::meta(), tables, (0..count).map(sample).collect::<Vec<_>>())
}

/// Values by path of the whole, of samples that end there and of those below it.
struct Whole {
    columns: Columns,
    paths: Vec<Vec<String>>,
    own: Vec<f64>,
    total: HashMap<Vec<String>, f64>,
}

impl Whole {
    fn of(profile: &Profile, metric: usize) -> Self {
        let columns = Columns::read(&page(profile, None, &[]).expect("a page"));
        let paths = columns.paths();
        let mut own = vec![0.0; paths.len()];
        let ends = columns.u32(&format!("self.{metric}.node"));
        for (node, value) in ends.iter().zip(columns.any(&format!("self.{metric}.value"))) {
            own[*node as usize] = value;
        }
        let mut total: HashMap<Vec<String>, f64> = HashMap::new();
        for (path, value) in paths.iter().zip(&own) {
            for length in 1..=path.len() {
                *total.entry(path[..length].to_vec()).or_default() += value;
            }
        }
        Self { columns, paths, own, total }
    }

    /// Totals of the children of a path that weigh anything, each with its place in the tree.
    fn children(&self, path: &[String]) -> Vec<(f64, &Vec<String>)> {
        let is_child = |other: &&Vec<String>| other.len() == path.len() + 1 && other.starts_with(path);
        let children = self.paths.iter().filter(is_child).map(|child| (self.total[child], child));
        children.filter(|(total, _)| *total != 0.0).collect()
    }

    /// What is summed for each name over the samples of which `names` says it.
    fn summed(&self, names: impl Fn(&[String]) -> Vec<String>) -> HashMap<String, f64> {
        let mut sums = HashMap::new();
        for (path, value) in self.paths.iter().zip(&self.own).filter(|(_, value)| **value != 0.0) {
            for name in names(path) {
                *sums.entry(name).or_default() += value;
            }
        }
        sums
    }
}

/// A tree, which has no names of its own: they are those of the whole.
struct Seen {
    paths: Vec<Vec<String>>,
    place: Vec<u32>,
    more: Vec<f64>,
    own: Vec<f64>,
    total: Vec<f64>,
}

impl Seen {
    fn of(parts: &Parts, metric: usize, sight: &Sight, whole: &Whole) -> Self {
        let columns = Columns::read(&parts.tree(metric, sight).expect("a tree"));
        let place = columns.u32("tree.place");
        let path = |place: &u32| whole.paths[*place as usize].clone();
        let paths: Vec<_> = place.iter().map(path).collect();
        let depths: Vec<_> = paths.iter().map(|path| path.len() as u32 - 1).collect();
        assert_eq!(columns.u32("nodes.depth"), depths);
        let names = whole.columns.u32("functions.name");
        let named: Vec<_> = columns
            .u32("nodes.function")
            .iter()
            .map(|row| whole.columns.text(names[*row as usize]).to_owned())
            .collect();
        assert_eq!(named, paths.iter().filter_map(|path| path.last().cloned()).collect::<Vec<_>>());
        let [more, own, total] = ["tree.more", "tree.self", "tree.total"].map(|name| columns.any(name));
        Self { paths, place, more, own, total }
    }

    /// The children of a path, in order.
    fn children(&self, path: &[String]) -> Vec<&Vec<String>> {
        self.paths.iter().filter(|other| other.len() == path.len() + 1 && other.starts_with(path)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn what_is_seen_is_exact_and_the_lightest_are_cut(
        stacks in 2..80_i32, count in 2..200_usize, metric in 0..2_usize, value in 1..100_000_i64,
        window in proptest::option::of((0.0..1e9, 1.0..1e9)),
    ) {
        let profile = made(stacks, count, value).expect("a profile");
        let parts = Parts::of(&profile, 0).expect("no error").expect("parts");
        let whole = Whole::of(&profile, metric);
        let window = window.map(|(left, wide)| (left, left + wide));
        let seen = Seen::of(&parts, metric, &Sight { open: vec![0], window }, &whole);
        for (node, path) in seen.paths.iter().enumerate() {
            prop_assert_eq!(seen.total[node], whole.total[path]);
            prop_assert_eq!(seen.own[node], whole.own[seen.place[node] as usize]);
            let mut all = whole.children(path);
            all.sort_by(|one, other| other.0.total_cmp(&one.0));
            let kept = seen.children(path);
            prop_assert_eq!(&kept, &all.iter().take(kept.len()).map(|(_, child)| *child).collect::<Vec<_>>());
            prop_assert_eq!(seen.more[node] != 0.0, kept.len() < all.len());
            prop_assert!(seen.place[node] != 0 || seen.more[node] == 0.0);
        }
        let least = whole.own.iter().sum::<f64>() / 50_000.0;
        let seen: HashSet<_> = seen.paths.iter().collect();
        prop_assert!(whole.paths.iter().all(|path| seen.contains(path) || whole.total[path] < least));
    }

    #[test]
    fn in_a_window_all_is_there_that_is_wide_enough(
        stacks in 2..80_i32, count in 2..200_usize, start in 0.0..1.0, width in 1..2_000_i32,
    ) {
        let profile = made(stacks, count, 10).expect("a profile");
        let parts = Parts::of(&profile, 0).expect("no error").expect("parts");
        let whole = Whole::of(&profile, 0);
        let all: f64 = whole.own.iter().sum();
        let (left, right) = (start * all, start * all + f64::from(width));
        let seen = Seen::of(&parts, 0, &Sight { open: Vec::new(), window: Some((left, right)) }, &whole);
        let seen: HashSet<_> = seen.paths.iter().collect();
        let mut edges: Vec<f64> = vec![0.0];
        for path in &whole.paths {
            edges.truncate(path.len());
            let edge = edges[path.len() - 1];
            let total = whole.total[path];
            edges[path.len() - 1] += total;
            edges.push(edge);
            let is_wide = total > 0.0 && total >= (right - left) / 50_000.0;
            prop_assert!(!is_wide || edge >= right || edge + total <= left || seen.contains(path));
        }
    }

    #[test]
    fn opened_again_and_again_it_is_the_whole(stacks in 2..80_i32, count in 2..200_usize, metric in 0..2_usize) {
        let profile = made(stacks, count, 10).expect("a profile");
        let parts = Parts::of(&profile, 0).expect("no error").expect("parts");
        let whole = Whole::of(&profile, metric);
        let mut sight = Sight::default();
        loop {
            let seen = Seen::of(&parts, metric, &sight, &whole);
            let more = seen.place.iter().zip(&seen.more).filter(|(_, more)| **more != 0.0).map(|(place, _)| *place);
            let before = sight.open.len();
            sight.open.extend(more);
            if sight.open.len() == before {
                let found: HashMap<_, _> = seen.paths.into_iter().zip(seen.total).collect();
                let expected: HashMap<_, _> = whole.total.into_iter().filter(|(_, total)| *total != 0.0).collect();
                prop_assert_eq!(found, expected);
                break;
            }
        }
    }

    #[test]
    fn sums_and_neighbours_are_those_of_the_whole(stacks in 2..80_i32, count in 2..200_usize, metric in 0..2_usize) {
        let profile = made(stacks, count, 10).expect("a profile");
        let parts = Parts::of(&profile, 0).expect("no error").expect("parts");
        let whole = Whole::of(&profile, metric);
        let once = |names: Vec<String>| names.into_iter().collect::<HashSet<_>>().into_iter().collect::<Vec<_>>();
        let [own, total, area] = [
            whole.summed(|path| path[path.len() - 1..].to_vec()),
            whole.summed(|path| once(path.to_vec())),
            whole.summed(|path| path.to_vec()),
        ];
        let columns = Columns::read(&parts.sums(metric).expect("sums"));
        let rows = whole.columns.u32("functions.name");
        let name = |row: u32| whole.columns.text(rows[row as usize]).to_owned();
        for (column, expected) in [("self", own), ("total", total), ("area", area)] {
            for (row, sum) in (0..).zip(columns.any(&format!("sums.{column}"))) {
                prop_assert_eq!(sum, expected.get(&name(row)).copied().unwrap_or(0.0));
            }
        }
        for row in 0..rows.len() as u32 {
            let pairs = |path: &[String], take: fn(&[String], &str) -> Option<String>| {
                once(path.windows(2).filter_map(|pair| take(pair, &name(row))).collect())
            };
            let callers = whole.summed(|path| pairs(path, |pair, name| (pair[1] == name).then(|| pair[0].clone())));
            let callees = whole.summed(|path| pairs(path, |pair, name| (pair[0] == name).then(|| pair[1].clone())));
            for (found, expected) in parts.neighbours(metric, row).expect("neighbours").into_iter().zip([callers, callees]) {
                prop_assert!(found.is_sorted_by_key(|(row, sum)| (-sum, *row)));
                let found: HashMap<_, _> = found.into_iter().map(|(row, sum)| (name(row), sum as f64)).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}

#[test]
fn the_head_is_the_whole_without_its_tree() -> Result<()> {
    let texts = [("about".to_owned(), "{}".to_owned())];
    let mut rows: Vec<Sample> = Vec::new();
    common::samples(100, 50, |batch| rows.extend_from_slice(batch));
    let profile = Profile::from_parts(common::meta(), common::program(30, 50), rows)?;
    let whole = Columns::read(&page(&profile, None, &texts)?);
    let parts = Parts::of(&profile, 0)?.expect("parts");
    assert_eq!(parts.whole(&profile, &texts)?, page(&profile, None, &texts)?);
    let head = Columns::read(&parts.head(&texts));
    assert!(head.0.len() > 15 && head.0.contains_key("samples.value"));
    // The texts of functions are the first; those of places follow.
    let is_same = |name: &str, bytes: &[u8]| match name.starts_with("strings.") {
        true => whole.0[name].starts_with(bytes),
        false => whole.0[name] == bytes,
    };
    assert!(head.0.iter().all(|(name, bytes)| is_same(name, bytes)));
    let left_out: HashSet<_> = whole.0.keys().filter(|name| !head.0.contains_key(*name)).collect();
    assert!(left_out.iter().all(|name| {
        ["nodes.", "self.", "stacks.", "frames."].iter().any(|start| name.starts_with(start))
            || ["samples.node", "samples.stack"].contains(&name.as_str())
    }));
    Ok(())
}

#[test]
fn what_has_no_parts_is_sent_whole() -> Result<()> {
    let with = |change: fn(&mut Tables), value: i64| {
        let mut tables = common::program(30, 50);
        change(&mut tables);
        let samples = vec![Sample { value, count: 1, stack: 49, ..Sample::default() }];
        Profile::from_parts(common::meta(), tables, samples)
    };
    assert!(Parts::of(&with(|_| (), 1)?, 0)?.is_some());
    assert!(Parts::of(&with(|_| (), 1)?, 50)?.is_none());
    assert!(Parts::of(&with(|_| (), -1)?, 0)?.is_none());
    assert!(Parts::of(&with(|tables| tables.calls.push(Call::default()), 1)?, 0)?.is_none());
    let parts = Parts::of(&with(|_| (), 1)?, 0)?.expect("parts");
    assert!(
        parts.tree(1, &Sight::default()).is_none()
            && parts.sums(1).is_none()
            && parts.neighbours(1, 0).is_none()
    );
    Ok(())
}
