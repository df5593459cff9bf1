//! Any name taken apart: every part is of its text, in bounded size.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::demangle::{LONGEST_NAME, structure_of};

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for prefix in ["", "_Z", "_ZN", "_R"] {
        let symbol = format!("{prefix}{text}");
        for hashes in [false, true] {
            let structure = structure_of(&symbol, hashes);
            assert!(structure.demangled.len() <= LONGEST_NAME.max(symbol.len()) + symbol.len());
            let parts: usize = structure.path.iter().map(|segment| segment.name.len()).sum();
            assert!(parts <= LONGEST_NAME + symbol.len());
        }
    }
});
