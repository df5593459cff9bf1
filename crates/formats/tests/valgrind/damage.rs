//! Files that are damaged, or mean harm.

use pyrometer_formats::Error;

use super::common::*;

#[test]
fn damaged_files_are_refused_or_read_never_half() {
    for (name, format) in FIXTURES {
        let bytes = fixture(name);
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            if let Ok(profile) = read_as(format, cut, false) {
                // What ends between two parts or snapshots could have been all.
                assert!(!costs(&profile).is_empty() || format == "massif", "{name} cut at {end}");
            }
            drop(read_as(format, cut, true));
        }
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let strict = read_as(format, &flipped, false).is_ok();
            assert!(!strict || read_as(format, &flipped, true).is_ok(), "{name} flipped at {at}");
        }
    }
}

#[test]
fn hostile_files_end_in_an_error() {
    let long = "x".repeat(1 << 20);
    let many_files = format!("events: Ir\nfl={long}\nfn=f\n")
        + &(0..2000).map(|line| format!("{line} 1\n")).collect::<String>();
    let many_events = format!("events: {}\n", "e ".repeat(100_000));
    for text in [
        &many_files,
        &many_events,
        "events: Ir\nfn=(18446744073709551616) f\n1 1\n",
        "events: Ir\nfl=(9)\nfn=f\n",
    ] {
        let error = read_as("callgrind", text.as_bytes(), false).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. } | Error::TooLarge { .. }), "{error}");
    }
}
