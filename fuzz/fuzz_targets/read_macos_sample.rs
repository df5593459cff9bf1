//! Text of macOS's sample.
#![no_main]

mod foreign;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foreign::read("macos-sample", bytes));
