//! Processed profiles of the Firefox Profiler.
#![no_main]

mod foreign;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foreign::read("firefox", bytes));
