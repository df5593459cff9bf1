//! What a format has no place for is said, and nothing else is.

use pyrometer_formats::read::{Keyed, Weight, profile_of_keys};
use pyrometer_formats::{
    LeftOut, cachegrind, callgrind, chrome, csv, dhat, firefox, folded, otlp, parquet, pprof, speedscope, svg,
};
use pyrometer_tables::Profile;
use pyrometer_tables::call_tree::Grouping;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Event, Experiment, Sample, Tables};
use pyrometer_tables::select::Selection;

use super::profiles::{counters, known, with_tables};

/// What each format leaves out of a profile.
fn left_out(profile: &Profile) -> Vec<(&'static str, LeftOut)> {
    let (selection, grouping) = (Selection::default(), Grouping::default());
    let folder = tempfile::tempdir().unwrap();
    let sink = std::io::sink;
    let written = [
        ("folded", folded::write(profile, &selection, &grouping, sink())),
        ("speedscope", speedscope::write(profile, &selection, sink())),
        ("pprof", pprof::write(profile, &selection, sink())),
        ("firefox", firefox::write(profile, &selection, sink())),
        ("chrome", chrome::write(profile, &selection, sink())),
        ("otlp", otlp::write(profile, &selection, sink())),
        ("callgrind", callgrind::write(profile, &selection, sink())),
        ("cachegrind", cachegrind::write(profile, &selection, sink())),
        ("dhat", dhat::write(profile, &selection, sink())),
        ("csv", csv::write(profile, &selection, sink())),
        ("parquet", parquet::write(profile, &selection, &folder.path().join("tables"))),
    ];
    written.into_iter().map(|(format, written)| (format, written.unwrap())).collect()
}

/// A profile of one function that folded stacks hold as a whole.
fn plain() -> Profile {
    let options = pyrometer_formats::read::Options::default();
    pyrometer_formats::read::read_bytes("file".as_ref(), b"main 5\n", &options).unwrap()
}

#[test]
fn nothing_is_said_of_a_profile_that_fits() {
    for (format, left_out) in left_out(&plain()) {
        // The lack of something cannot be said in a table that has a time for each sample.
        let expected: &[&str] = match format {
            "firefox" => &["the lack of times (samples without one stand at 0)"],
            _ => &[],
        };
        assert_eq!(left_out, expected, "{format}");
    }
}

/// A profile that has everything.
fn full() -> Profile {
    let profile = known(true);
    let tables = Tables {
        counters: counters(),
        events: vec![Event { payload: "{}".to_owned(), ..Event::default() }],
        experiments: vec![Experiment::default()],
        ..profile.tables().clone()
    };
    let mut samples: Vec<Sample> = Vec::new();
    profile
        .for_each_batch(|batch| {
            samples.extend_from_slice(batch);
            Ok(())
        })
        .unwrap();
    let meta = Meta {
        command: vec!["program".to_owned()],
        notes: vec!["a note".to_owned()],
        host: pyrometer_tables::meta::Host { cpus: 2, ..Default::default() },
        ..profile.meta.clone()
    };
    Profile::from_parts(meta, tables, samples).unwrap()
}

#[test]
fn everything_that_does_not_fit_is_said() {
    let all = [
        "metrics (",
        "the unit (ns)",
        "threads (added up)",
        "times of samples",
        "CPUs of samples",
        "numbers of samples",
        "lines of code",
        "columns of code",
        "addresses",
        "binaries",
        "which calls are inlined",
        "time series",
        "events",
        "experiments",
        "the command",
        "the machine",
        "notes",
    ];
    let lost = |format: &str| -> Vec<usize> {
        match format {
            "folded" => (0..all.len()).collect(),
            "speedscope" => vec![3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16],
            "pprof" => vec![3, 4, 11, 12, 13],
            "firefox" => vec![0, 4, 12, 13],
            "chrome" => vec![0, 4, 13],
            "otlp" => vec![11, 12, 13],
            "callgrind" => vec![2, 3, 4, 5, 7, 10, 11, 12, 13, 15, 16],
            "cachegrind" => vec![1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 15, 16],
            "dhat" => vec![0, 2, 3, 4, 7, 11, 12, 13, 15, 16],
            "csv" => vec![11, 12, 13, 14, 15, 16],
            _ => vec![],
        }
    };
    for (format, said) in left_out(&full()) {
        let expected = lost(format);
        for (at, part) in all.iter().enumerate() {
            let is_said = said.iter().any(|phrase| phrase.starts_with(part));
            // Of lines, binaries and addresses a part may be lost, in words that begin otherwise or alike.
            let in_part = said.iter().any(|phrase| phrase.starts_with(part) && phrase.contains(" of "));
            assert!(is_said == expected.contains(&at) || in_part, "{format}, `{part}`: {said:?}");
        }
    }
}

#[test]
fn formats_that_cannot_tell_exact_values_from_samples_say_so() {
    let mut tables = known(false).tables().clone();
    tables.metrics.iter_mut().for_each(|metric| metric.kind = "exact".to_owned());
    for (format, said) in left_out(&with_tables(known(false), tables)) {
        let is_said = said.contains(&"that values are exact, not sampled".to_owned());
        let is_lost = ["folded", "speedscope", "firefox", "csv"].contains(&format);
        assert_eq!(is_said, is_lost, "{format}: {said:?}");
    }
}

/// A recursion in which every call has a value, as it is read from a trace.
fn recursion(depth: usize) -> Profile {
    let event = |at: usize| {
        let length = 2 * (depth - at);
        format!(r#"{{"name":"f{}","ph":"X","ts":{at},"dur":{length},"pid":1,"tid":1}}"#, at % 2)
    };
    let events: Vec<_> = (0..depth).map(event).collect();
    let text = format!("[{}]", events.join(","));
    let options = pyrometer_formats::read::Options::default();
    pyrometer_formats::read::read_bytes("file".as_ref(), text.as_bytes(), &options).unwrap()
}

/// Bytes, lines, and the longest of them.
#[derive(Default)]
struct Sizes {
    bytes: usize,
    lines: usize,
    longest: usize,
    line: usize,
}

impl std::io::Write for Sizes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes += bytes.len();
        for byte in bytes {
            self.line = if *byte == b'\n' { 0 } else { self.line + 1 };
            self.lines += usize::from(*byte == b'\n');
            self.longest = self.longest.max(self.line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn stacks_below_zero_are_no_lines_and_no_boxes() {
    let keyed = |key, sum| Keyed { key, count: None, weight: Some(Weight::Whole(sum)) };
    let profile = profile_of_keys([keyed("a", 7), keyed("b", -5), keyed("c", -1)].into_iter()).unwrap();
    let (selection, grouping) = (Selection::default(), Grouping::default());
    let (mut drawn, mut refused) = (Vec::new(), Vec::new());
    let said = folded::write(&profile, &selection, &grouping, std::io::sink()).unwrap();
    assert!(said.contains(&"2 stacks with negative values".to_owned()), "{said:?}");
    let said = speedscope::write(&profile, &selection, &mut refused).unwrap();
    assert!(said.contains(&"2 stacks with negative values".to_owned()), "{said:?}");
    assert!(String::from_utf8(refused).unwrap().contains(r#""weights":[7]"#));
    svg::write(&profile, &selection, &svg::Picture::default(), &mut drawn).unwrap();
    assert!(String::from_utf8(drawn).unwrap().contains("(2 stacks with negative values not shown)"));
}

#[test]
fn stacks_are_cut_only_where_all_of_them_would_be_a_huge_file() {
    let write = |depth| {
        let mut sizes = Sizes::default();
        let profile = recursion(depth);
        let said = folded::write(&profile, &Selection::default(), &Grouping::default(), &mut sizes);
        (said.unwrap(), sizes)
    };
    let cut = |said: &LeftOut| said.iter().any(|phrase| phrase.starts_with("the middle of "));
    let (said, small) = write(2_000);
    assert!(!cut(&said) && small.longest > 3 * 2_000, "{said:?}");
    let (said, large) = write(12_000);
    assert!(said.contains(&"the middle of 11488 stacks with more than 512 frames".to_owned()), "{said:?}");
    assert_eq!(large.lines, 12_001);
    assert!(large.longest < 3 * 600 && large.bytes < 12_000 * 3 * 600, "{} bytes", large.bytes);
}
