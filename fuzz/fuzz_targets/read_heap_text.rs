//! Heap profiles as text.
#![no_main]

mod foreign;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foreign::read("heap-text", bytes));
