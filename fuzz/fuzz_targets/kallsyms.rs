//! Any bytes as a list of kernel symbols, never a crash.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::kallsyms::Kallsyms;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(names) = Kallsyms::parse(bytes) {
        for address in [0, 0x1000, 0xffff_ffff_8100_0000, u64::MAX] {
            if let Some(found) = names.find(address) {
                assert!(found.start <= address);
            }
        }
    }
});
