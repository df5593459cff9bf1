//! Any text as an event name, with descriptions of PMUs that do not exist.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_sampler::event::{Event, Sources};

fuzz_target!(|spec: &str| {
    let nowhere = Sources { devices: "/nonexistent".into(), tracing: vec!["/nonexistent".into()] };
    if let Ok(event) = Event::parse(spec, &nowhere) {
        assert_eq!(event.spec, spec);
    }
});
