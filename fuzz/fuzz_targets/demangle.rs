//! Any name: shown in bounded size, never a crash.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::demangle::{LONGEST_NAME, demangle};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for prefix in ["", "_Z", "_ZN", "_R"] {
        let shown = demangle(&format!("{prefix}{text}"));
        assert!(shown.name.len() <= LONGEST_NAME.max(text.len() + prefix.len()));
    }
});
