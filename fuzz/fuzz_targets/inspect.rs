//! Any bytes as a binary: facts about it, or an error, never a crash.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::Inspection;
use pyrometer_symbols::inspect::Depth;

fuzz_target!(|bytes: &[u8]| {
    for depth in [Depth::Headers, Depth::All] {
        if let Ok(found) = Inspection::of_bytes(bytes, depth) {
            assert!(found.unwind.covered <= found.unwind.code);
            assert!(found.frame_pointers.with <= found.frame_pointers.functions);
            assert!(found.debug.is_none_or(|debug| debug.read <= debug.units));
        }
    }
});
