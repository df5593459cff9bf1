//! Any bytes as a record of a perf ring buffer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_sampler::record::{self, Record};

fuzz_target!(|bytes: &[u8]| {
    record::size(bytes);
    record::time(bytes);
    if let Record::Sample(sample) = record::parse(bytes) {
        assert!(sample.stack.len() + 8 * sample.chain.iter().count() <= bytes.len());
    }
});
