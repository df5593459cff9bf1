//! Heap profiles as text: parts of what gperftools, Go and jemalloc write.

use proptest::prelude::*;
use pyrometer_tables::Profile;

use super::common::{damage, read, read_lenient, rows};

const GPERFTOOLS: &str = "\
heap profile:  10010: 11000000 [ 20010: 12000000] @ heapprofile
    10: 10000000 [    10: 10000000] @ 0x561cd5da2192 0x561cd5da21ed
 10000:  1000000 [ 20000:  2000000] @ 0x561cd5da2156 0x561cd5da21cf 0x7f0000000005

MAPPED_LIBRARIES:
561cd5da1000-561cd5da2000 r--p 00000000 00:00 10021140    /tmp/a program
561cd5da2000-561cd5da3000 r-xp 00001000 00:00 10021140    /tmp/a program
7ffc00000000-7ffc00001000 rw-p 00000000 00:00 0
";
const GO: &str = "\
heap profile: 1000: 1000000 [1000: 1000000] @ heap/2000
1000: 1000000 [1000: 1000000] @ 0x47c093 0x4d94ae
#\t0x47c092\tmain.small+0x32\t\t/go/main.go:12
#\t0x4d94ad\tmain.main+0x8d\t\t/go/main.go:17


# runtime.MemStats
# Alloc = 1
";
const JEMALLOC: &str = "\
heap_v2/1000
  t*: 3: 2000 [0: 0]
  t0: 3: 2000 [0: 0] main
@ 0x10 0x20
  t*: 2: 2000000 [0: 0]
  t0: 1: 1000000 [0: 0]
  t7: 1: 1000000 [0: 0]
@ 0x30
  t*: 1000: 1000000 [0: 0]

MAPPED_LIBRARIES:
";

/// Metric, names or addresses from the root, value and observations.
fn samples(profile: &Profile) -> Vec<(String, String, i64, i64)> {
    rows(profile).into_iter().map(|row| (row.metric, row.stack, row.value, row.count)).collect()
}

fn row(metric: &str, path: &str, value: i64, count: i64) -> (String, String, i64, i64) {
    (metric.to_owned(), path.to_owned(), value, count)
}

#[test]
fn blocks_that_were_all_counted_stay_as_they_are() {
    let profile = read(GPERFTOOLS, "heap-text").unwrap();
    let (large, small) = (
        "/tmp/a program+0x11ec;/tmp/a program+0x1191",
        "?+0x7f0000000004;/tmp/a program+0x11ce;/tmp/a program+0x1155",
    );
    assert_eq!(
        samples(&profile),
        [
            row("alloc-blocks", large, 10, 10),
            row("alloc-blocks", small, 20_000, 20_000),
            row("alloc-bytes", large, 10_000_000, 10),
            row("alloc-bytes", small, 2_000_000, 20_000),
            row("inuse-blocks", large, 10, 10),
            row("inuse-blocks", small, 10_000, 10_000),
            row("inuse-bytes", large, 10_000_000, 10),
            row("inuse-bytes", small, 1_000_000, 10_000),
        ]
    );
    let metrics = &profile.tables().metrics;
    assert_eq!((metrics[0].name.as_str(), metrics[0].kind.as_str()), ("inuse-bytes", "exact"));
}

#[test]
fn sampled_stacks_are_unbiased_by_their_rate() {
    let profile = read(GO, "heap-text").unwrap();
    // Half of what is written, so that blocks of 1000 bytes are seen with 1 - 1/e.
    let path = "main.main:17;main.small:12";
    let found = samples(&profile);
    assert_eq!(
        found[2..],
        [row("inuse-blocks", path, 1582, 1000), row("inuse-bytes", path, 1_581_977, 1000)]
    );
    let metric = &profile.tables().metrics[0];
    assert_eq!((metric.kind.as_str(), metric.period), ("sampled", 1000));
}

#[test]
fn jemalloc_counts_all_threads_together() {
    let profile = read(JEMALLOC, "heap-text").unwrap();
    assert_eq!(
        samples(&profile),
        [
            row("inuse-blocks", "?+0x1f;?+0xf", 2, 2),
            row("inuse-blocks", "?+0x2f", 1582, 1000),
            row("inuse-bytes", "?+0x1f;?+0xf", 2_000_000, 2),
            row("inuse-bytes", "?+0x2f", 1_581_977, 1000),
        ]
    );
    assert!(profile.meta.notes[0].starts_with("2 numbers of single threads"), "{:?}", profile.meta.notes);
}

#[test]
fn what_does_not_fit_is_named_with_its_line() {
    for (text, line) in [
        (GPERFTOOLS.replace("    10: 10000000", "    10 10000000"), "line 2"),
        (GPERFTOOLS.replace("0x561cd5da21ed", "0xhere"), "line 2"),
        (JEMALLOC.replace("  t0: 1:", "  t0: x:"), "line 6"),
        (JEMALLOC.replace("  t*: 1000: 1000000 [0: 0]\n", ""), "numbers of a stack"),
    ] {
        let error = read(&text, "heap-text").unwrap_err().to_string();
        assert!(error.contains(line), "{error}");
        assert!(!read_lenient(&text, "heap-text").unwrap().meta.complete);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_is_an_error_or_a_profile(file in 0..3_usize, damage in damage(), lenient: bool) {
        damage.read([GPERFTOOLS, GO, JEMALLOC][file].as_bytes(), "heap-text", lenient)?;
    }
}
