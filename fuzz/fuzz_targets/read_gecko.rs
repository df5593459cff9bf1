//! Profiles as Firefox records them.
#![no_main]

mod foreign;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| foreign::read("gecko", bytes));
