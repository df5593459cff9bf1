//! CPU profiles of gperftools.
#![no_main]

mod foreign;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foreign::read("gperftools", bytes));
