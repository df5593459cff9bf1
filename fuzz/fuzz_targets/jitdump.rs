//! Any bytes as a jitdump file, in two pieces: the same as in one, never a crash.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::jitdump::JitDump;

fuzz_target!(|bytes: &[u8]| {
    let header =
        [&0x4a69_5444_u32.to_le_bytes()[..], &1_u32.to_le_bytes(), &40_u32.to_le_bytes(), &[0; 28]].concat();
    for bytes in [bytes.to_vec(), [&header[..], bytes].concat()] {
        let mut whole = JitDump::default();
        let result = whole.feed(&bytes);
        let mut parts = JitDump::default();
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let in_parts = parts.feed(first).and_then(|()| parts.feed(second));
        assert_eq!(result.is_ok(), in_parts.is_ok());
        assert_eq!(whole.functions(), parts.functions());
        for function in whole.functions() {
            whole.find(function.start, function.time);
            whole.find(function.start.wrapping_add(function.size / 2), u64::MAX);
        }
    }
});
