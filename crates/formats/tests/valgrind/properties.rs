//! Files that nobody has written yet.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::common::*;

/// A line of counts as the format may write it: function, file, line, values.
type Line = (u8, u8, u32, Vec<i64>);

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let values = proptest::collection::vec(0..1_000_000_i64, 0..4);
    proptest::collection::vec((0..4_u8, 0..4_u8, 0..300_u32, values), 0..60)
}

/// The text, with names by number and lines by difference where a coin says so.
fn callgrind_text(lines: &[Line], coins: &[bool]) -> String {
    let mut text = "events: A B C\n".to_owned();
    let (mut named, mut last) = ([false; 8], 0);
    let mut name = |kind: usize, at: u8, compressed: bool| {
        let place = kind * 4 + usize::from(at);
        let known = named[place];
        named[place] |= compressed;
        match (compressed, known) {
            (false, _) => format!("n{place}"),
            (true, false) => format!("({at}) n{place}"),
            (true, true) => format!("({at})"),
        }
    };
    for ((function, file, line, values), coin) in lines.iter().zip(coins.iter().cycle()) {
        text += &format!("fl={}\nfn={}\n", name(0, function % 2, *coin), name(1, *function, !*coin));
        text += &format!("fi={}\n", name(0, *file, true));
        text += &match line.cmp(&last) {
            _ if !coin => line.to_string(),
            std::cmp::Ordering::Less => format!("-{}", last - line),
            std::cmp::Ordering::Equal => "*".to_owned(),
            std::cmp::Ordering::Greater => format!("+{}", line - last),
        };
        last = *line;
        values.iter().for_each(|value| text += &format!(" {value}"));
        text += "\n";
    }
    text
}

proptest! {
    #[test]
    fn lines_in_any_order_make_no_reader_panic(
        which in 0..FIXTURES.len(), order in proptest::collection::vec(any::<prop::sample::Index>(), 1..80)
    ) {
        let (name, format) = FIXTURES[which];
        let bytes = fixture(name);
        let lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let shuffled: Vec<u8> = order.iter().flat_map(|at| at.get(&lines).iter().copied()).collect();
        let mut headed = lines[..lines.len().min(20)].concat();
        headed.extend_from_slice(&shuffled);
        for bytes in [shuffled, headed] {
            let strict = read_as(format, &bytes, false).is_ok();
            let lenient = read_as(format, &bytes, true);
            prop_assert!(!strict || lenient.is_ok());
            if let Ok(profile) = lenient {
                for (format, _) in WRITERS.iter().filter(|_| !profile.tables().metrics.is_empty()) {
                    let again = read_as(format, &written(format, &profile).0, false);
                    prop_assert!(again.is_ok(), "{}", again.unwrap_err());
                }
            }
        }
    }

    #[test]
    fn whatever_is_written_in_callgrinds_format_is_added_up(
        lines in lines(), coins in proptest::collection::vec(any::<bool>(), 1..9)
    ) {
        let profile = callgrind_of(&callgrind_text(&lines, &coins));
        let mut expected = BTreeMap::new();
        for (function, file, line, values) in &lines {
            for (metric, value) in ["A", "B", "C"].iter().zip(values).filter(|(_, value)| **value != 0) {
                let line = Some(*line as i32).filter(|line| *line > 0);
                let frame = format!(
                    "? n{} {:?} {:?} {line:?} None None false",
                    4 + function, Some(format!("n{}", function % 2)), Some(format!("n{file}"))
                );
                *expected.entry(((*metric).to_owned(), vec![frame])).or_insert(0) += value;
            }
        }
        prop_assert_eq!(costs(&profile), expected.clone());
        let (text, _) = written("callgrind", &profile);
        prop_assert_eq!(costs(&read_as("callgrind", &text, false).unwrap()), expected);
    }

    #[test]
    fn stacks_keep_their_sums_in_every_format(
        paths in proptest::collection::vec((proptest::collection::vec(0..5_usize, 1..8), 1..1000_i64), 1..20)
    ) {
        let names = ["a", "b", "c", "d", "e"];
        let paths: Vec<(Vec<&str>, i64)> =
            paths.into_iter().map(|(path, value)| (path.into_iter().map(|at| names[at]).collect(), value)).collect();
        let stacks: Vec<_> = paths.iter().map(|(path, value)| (&path[..], *value)).collect();
        let profile = of_stacks(&stacks);
        let mut own: BTreeMap<String, i64> = BTreeMap::new();
        let mut edges: BTreeMap<String, i64> = BTreeMap::new();
        for (path, value) in &paths {
            *own.entry((*path.last().unwrap()).to_owned()).or_default() += value;
            let pairs: std::collections::BTreeSet<_> = path.windows(2).map(|pair| pair.join(" ")).collect();
            pairs.into_iter().for_each(|pair| *edges.entry(pair).or_default() += value);
        }
        for format in ["callgrind", "cachegrind"] {
            let read = read_as(format, &written(format, &profile).0, false).unwrap();
            prop_assert_eq!(by_function(&read, "cpu-time"), own.clone());
        }
        let read = read_as("callgrind", &written("callgrind", &profile).0, false).unwrap();
        let found: BTreeMap<_, _> = calls(&read).into_iter().map(|((_, caller, callee, _), sum)| {
            (format!("{} {}", caller.split(' ').nth(1).unwrap(), callee.split(' ').nth(1).unwrap()), sum.1)
        }).collect();
        prop_assert_eq!(found, edges);
        let read = read_as("dhat", &written("dhat", &profile).0, false).unwrap();
        prop_assert_eq!(by_function(&read, "units"), own);
    }
}
