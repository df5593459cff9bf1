//! Any text as an event name; the second and third line are what sysfs says of a PMU: the format of its
//! term `event`, and its named event `alias`.
#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use pyrometer_sampler::event::{Event, Sources};

static SOURCES: LazyLock<Sources> = LazyLock::new(sources);

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let spec = lines.next().unwrap_or_default();
    let pmu = SOURCES.devices.join("cpu");
    for (file, line) in ["format/event", "events/alias"].into_iter().zip(lines) {
        fs::write(pmu.join(file), line).expect("space for a line");
    }
    if let Ok(event) = Event::parse(spec, &SOURCES) {
        assert_eq!(event.spec, spec);
    }
});

/// A folder of this process's own.
fn sources() -> Sources {
    let folder = std::env::temp_dir().join(format!("pyrometer-fuzz-event-{}", std::process::id()));
    for part in ["format", "events"] {
        fs::create_dir_all(folder.join("cpu").join(part)).expect("a folder");
    }
    fs::write(folder.join("cpu/type"), "4").expect("space for a digit");
    Sources { devices: folder, tracing: vec!["/nonexistent".into()] }
}
