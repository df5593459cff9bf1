//! Any bytes as an object and a stack: the walk ends.
#![no_main]

mod cut;
mod walk;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [registers, stack, object] = cut::cut(bytes);
    walk::walk(registers, stack, object);
});
