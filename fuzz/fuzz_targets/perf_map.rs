//! Any bytes as a map of generated code: the pieces in which it comes do not matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::perf_map::PerfMap;

fuzz_target!(|bytes: &[u8]| {
    let mut whole = PerfMap::default();
    whole.feed(bytes);
    let mut parts = PerfMap::default();
    let (first, second) = bytes.split_at(bytes.len() / 2);
    parts.feed(first);
    parts.feed(second);
    assert_eq!(whole.entries(), parts.entries());
    for entry in whole.entries() {
        let found = whole.find(entry.start).expect("its own entry or a later one holds it");
        assert!(found.start <= entry.start && entry.start < found.start + found.size);
    }
});
