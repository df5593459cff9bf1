//! Any bytes as what the kernel tells in `/proc` and `/sys`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_sampler::kernel_text;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for line in text.lines() {
        if let Some(map) = kernel_text::map_line(line) {
            assert!(map.start <= map.end && line.ends_with(&map.name));
        }
    }
    let cpus = kernel_text::cpu_list(&text);
    assert!(cpus.windows(2).all(|pair| 0 <= pair[0] && pair[0] < pair[1]));
    kernel_text::leader(&text);
    kernel_text::innermost_pid(&text);
    assert!(kernel_text::cpu_model(&text).len() <= text.len());
    assert!(kernel_text::build_id(bytes).is_none_or(|id| id.len() <= 2 * bytes.len()));
});
