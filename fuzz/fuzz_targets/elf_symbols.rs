//! Any bytes as a binary: what names its code, or nothing, never a crash.
#![no_main]

mod name;

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::identity::{fallback_id, identify};

fuzz_target!(|bytes: &[u8]| {
    let id = identify(bytes).expect("bytes can be read");
    assert!(id.len() <= 128);
    fallback_id(bytes).expect("bytes can be read");
    name::name_all(bytes);
});
