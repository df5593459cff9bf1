//! What perf records: any bytes are an error or a journal that can be opened, read strictly or leniently.
#![no_main]

use pyrometer_sampler::replay::{Options, Replayed, replay};
use pyrometer_tables::Profile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let journal = folder.path().join("journal");
    let read = |lenient| {
        let options = Options { lenient, ..Options::default() };
        let replayed = replay("fuzzed".as_ref(), bytes, &journal, &options, &mut |_, _| true);
        replayed.map(|Replayed { binaries, .. }| {
            let profile = Profile::open(&journal).expect("a journal of ours");
            assert!(profile.tables().binaries.len() <= binaries.len());
        })
    };
    if read(false).is_ok() {
        assert!(read(true).is_ok());
    }
});
