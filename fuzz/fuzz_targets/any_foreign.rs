//! Any bytes as a file whose format nobody names: recognised and read, and then asked for what views ask.
#![no_main]

mod views;

use pyrometer_formats::read::{Options, read_bytes};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let options = Options { format: None, lenient: true };
    if let Ok(profile) = read_bytes("fuzzed".as_ref(), bytes, &options) {
        views::look_at(&profile);
    }
});
