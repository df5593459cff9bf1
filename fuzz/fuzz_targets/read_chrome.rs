//! Traces of Chrome's format.
#![no_main]

mod foreign;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foreign::read("chrome", bytes));
