//! What perf records: any bytes are an error or a journal that can be opened, read strictly or leniently.
#![no_main]

use pyrometer_sampler::replay::{Options, Part, Replayed, replay};
use pyrometer_tables::Profile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let main = Part { path: "fuzzed".as_ref(), bytes };
    // As a file of another thread the same records: what is behind the shortest header.
    let other = Part { path: "other".as_ref(), bytes: bytes.get(16..).unwrap_or_default() };
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let journal = folder.path().join("journal");
    let read = |more: &[Part<'_>], lenient| {
        let options = Options { lenient, ..Options::default() };
        let replayed = replay(main, more, &journal, &options, &mut |_, _| true);
        replayed.map(|Replayed { binaries, .. }| {
            let profile = Profile::open(&journal).expect("a journal of ours");
            assert!(profile.tables().binaries.len() <= binaries.len());
        })
    };
    if read(&[], false).is_ok() {
        assert!(read(&[], true).is_ok());
        assert!(read(&[other], true).is_ok());
    }
});
