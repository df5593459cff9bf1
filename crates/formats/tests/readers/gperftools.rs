//! CPU profiles of gperftools, made word by word as its documentation lays them out.

use proptest::prelude::*;
use pyrometer_formats::Error;

use super::common::{Row, damage, read, read_lenient, rows};

/// A program at 0x400000 and a library, and what says nothing of addresses.
const MAPS: &str = "\
build=/path/to/binary
00400000-00405000 r-xp 00001000 08:01 12 /usr/bin/a program
7f001000-7f003000 r-xp 00000000 08:01 13 /lib/libc.so
7f003000-7f004000 rw-p 00000000 00:00 0
";
/// Two stacks, the first one twice: once with its leaf doubled by the unwinder.
const WORDS: [u64; 22] = [
    0, 3, 0, 10_000, 0, //
    5, 3, 0x401010, 0x7f001021, 0x402031, //
    2, 1, 0x500000, //
    1, 4, 0x401010, 0x401010, 0x7f001021, 0x402031, //
    0, 1, 0,
];

/// The words, then the mappings.
fn file(size: usize, is_big_endian: bool) -> Vec<u8> {
    let word = |word: &u64| match is_big_endian {
        true => word.to_be_bytes()[8 - size..].to_vec(),
        false => word.to_le_bytes()[..size].to_vec(),
    };
    let mut bytes: Vec<u8> = WORDS.iter().flat_map(word).collect();
    bytes.extend_from_slice(MAPS.as_bytes());
    bytes
}

fn files() -> [Vec<u8>; 4] {
    [file(8, false), file(4, false), file(8, true), file(4, true)]
}

fn row(stack: &str, value: i64, count: i64) -> Row {
    Row { metric: "cpu-time".to_owned(), time: None, tid: 0, stack: stack.to_owned(), value, count }
}

#[test]
fn samples_of_all_sizes_and_orders_of_words_are_the_same() {
    for bytes in files() {
        let profile = read(bytes, "gperftools").unwrap();
        let deep = "/usr/bin/a program+0x402030;/lib/libc.so+0x20;/usr/bin/a program+0x401010";
        assert_eq!(rows(&profile), [row(deep, 60_000_000, 6), row("?+0x500000", 20_000_000, 2)]);
        let metric = &profile.tables().metrics[0];
        assert_eq!(
            (metric.unit.as_str(), metric.kind.as_str(), metric.period),
            ("ns", "sampled", 10_000_000)
        );
        assert_eq!((profile.meta.rate, profile.meta.quality.samples), (100, 8));
    }
}

#[test]
fn addresses_are_those_of_the_binary_where_its_linker_left_gaps() {
    // As lld lays out a small program: the code at 0x16a0 is at the offset 0x6a0 of the file.
    let maps = "\
        7f000000-7f001000 r--p 00000000 08:01 12 /usr/bin/a program\n\
        7f001000-7f005000 r-xp 00000000 08:01 12 /usr/bin/a program\n\
        7f010000-7f011000 r--p 00000000 08:01 13 /lib/libc.so\n\
        7f011000-7f015000 r-xp 00001000 08:01 13 /lib/libc.so\n";
    let words: [u64; 13] = [0, 3, 0, 10_000, 0, 1, 3, 0x7f0016b0, 0x7f011021, 0x7f0017c1, 0, 1, 0];
    let words = words.iter().flat_map(|word| word.to_le_bytes());
    let bytes: Vec<u8> = words.chain(maps.bytes()).collect();
    let stack = "/usr/bin/a program+0x17c0;/lib/libc.so+0x1020;/usr/bin/a program+0x16b0";
    assert_eq!(rows(&read(bytes, "gperftools").unwrap()), [row(stack, 10_000_000, 1)]);
}

#[test]
fn a_profile_without_its_end_is_refused_or_cut() {
    let whole = file(8, false);
    let at = |words: usize| whole[..8 * words].to_vec();
    // In the second record, before the third, before the end.
    for (bytes, kept) in [(at(12), 5), (at(13), 7), (at(19), 8)] {
        let error = read(&bytes, "gperftools").unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
        let profile = read_lenient(&bytes, "gperftools").unwrap();
        assert_eq!((profile.meta.quality.samples, profile.meta.complete), (kept, false));
    }
}

#[test]
fn a_depth_beyond_the_file_takes_no_memory() {
    for depth in [1 << 60, u64::MAX, u64::MAX / 8] {
        let mut bytes = file(8, false);
        bytes[8 * 6..8 * 7].copy_from_slice(&depth.to_le_bytes());
        let error = read(bytes, "gperftools").unwrap_err().to_string();
        assert!(error.contains("byte 40"), "{error}");
    }
}

#[test]
fn numbers_beyond_all_bounds_are_refused() {
    let mut bytes = file(8, false);
    bytes[8 * 5..8 * 6].copy_from_slice(&u64::MAX.to_le_bytes());
    let error = read(bytes, "gperftools").unwrap_err().to_string();
    assert!(error.ends_with("do not add up within 63 bits"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn damage_is_an_error_or_a_profile(file in 0..4_usize, damage in damage(), lenient: bool) {
        damage.read(&files()[file], "gperftools", lenient)?;
    }
}
