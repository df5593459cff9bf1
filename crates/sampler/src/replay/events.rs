//! The events of a recording: their ids, and the metrics that they become.

use pyrometer_tables::schema::Metric;
use rustc_hash::FxHashMap;

use super::attr::Attr;

const HARDWARE: u32 = 0;
const SOFTWARE: u32 = 1;
const HARDWARE_CACHE: u32 = 3;
const RAW: u32 = 4;

/// Names by `config`, as `perf list` writes them.
const HARDWARE_NAMES: [&str; 10] = [
    "cycles",
    "instructions",
    "cache-references",
    "cache-misses",
    "branches",
    "branch-misses",
    "bus-cycles",
    "stalled-cycles-frontend",
    "stalled-cycles-backend",
    "ref-cycles",
];
const SOFTWARE_NAMES: [&str; 12] = [
    "cpu-clock",
    "task-clock",
    "page-faults",
    "context-switches",
    "cpu-migrations",
    "minor-faults",
    "major-faults",
    "alignment-faults",
    "emulation-faults",
    "dummy",
    "bpf-output",
    "cgroup-switches",
];
const CACHES: [&str; 7] = ["L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node"];
const CACHE_OPERATIONS: [[&str; 2]; 3] =
    [["loads", "load-misses"], ["stores", "store-misses"], ["prefetches", "prefetch-misses"]];
/// Clocks by `config` of software events: their periods are nanoseconds.
const CLOCKS: u64 = 1;

/// One event.
#[derive(Debug, Default)]
pub(super) struct Event {
    pub(super) attr: Attr,
    /// As perf calls it; empty if the file does not tell.
    pub(super) name: String,
}

/// All events, and which of them an id is of.
#[derive(Debug, Default)]
pub(super) struct Events {
    pub(super) list: Vec<Event>,
    by_id: FxHashMap<u64, u32>,
}

impl Events {
    /// An attribute with the ids that its samples have.
    pub(super) fn add(&mut self, attr: Attr, ids: impl Iterator<Item = u64>) {
        let index = self.list.len() as u32;
        self.by_id.extend(ids.map(|id| (id, index)));
        self.list.push(Event { attr, name: String::new() });
    }

    /// A name for the event of one of these ids; without ids, for that of the same attribute which has none yet.
    pub(super) fn name(&mut self, attr: Option<&Attr>, ids: &[u64], name: String) {
        let by_id = ids.iter().find_map(|id| self.by_id.get(id)).map(|index| *index as usize);
        let alike = |event: &Event| Some(&event.attr) == attr && event.name.is_empty();
        if let Some(event) = by_id.or_else(|| self.list.iter().position(alike)) {
            self.list[event].name = name;
        }
    }

    /// The event of an id. A file with a single event need not have any.
    pub(super) fn of(&self, id: Option<u64>) -> Option<usize> {
        let known = id.and_then(|id| self.by_id.get(&id)).map(|index| *index as usize);
        known.or_else(|| (self.list.len() == 1 || id.is_none_or(|id| id == 0)).then_some(0))
    }

    /// A metric for each event that samples; its row by event.
    pub(super) fn metrics(&self) -> (Vec<Metric>, Vec<Option<usize>>) {
        let mut metrics: Vec<Metric> = Vec::new();
        let mut rows = Vec::new();
        for (number, event) in self.list.iter().enumerate() {
            if event.attr.is_dummy() {
                rows.push(None);
                continue;
            }
            let mut metric = event.metric();
            let spec = event.spec();
            let taken = |name: &str| metrics.iter().any(|known| known.name == name);
            if taken(&metric.name) {
                metric.name = if taken(&spec) { format!("{spec}#{number}") } else { spec };
            }
            rows.push(Some(metrics.len()));
            metrics.push(metric);
        }
        (metrics, rows)
    }
}

impl Event {
    /// The name as it was asked for.
    fn spec(&self) -> String {
        if self.name.is_empty() { kernel_name(&self.attr) } else { self.name.clone() }
    }

    fn is_clock(&self) -> bool {
        self.attr.kind == SOFTWARE && self.attr.config <= CLOCKS
    }

    fn metric(&self) -> Metric {
        let spec = self.spec();
        let plain = without_modifiers(&spec);
        let plain = if plain == "cpu-clock" { "cpu-time" } else { plain };
        // The user's part of a metric, or the kernel's, is another metric.
        let name = match (self.attr.user_only(), self.attr.kernel_only()) {
            (true, _) => format!("{plain}:u"),
            (_, true) => format!("{plain}:k"),
            _ => plain.to_owned(),
        };
        let unit = if self.is_clock() { "ns" } else { "count" };
        let rate = self.attr.period;
        let period = match (self.attr.is_frequency(), unit) {
            (false, _) => rate,
            (true, "ns") => 1_000_000_000 / rate.max(1),
            (true, _) => 0,
        };
        let each = !self.attr.is_frequency() && rate == 1;
        let how = match (each, self.attr.is_frequency()) {
            (true, _) => "each of them".to_owned(),
            (_, true) => format!("sampled {rate} times a second"),
            (_, false) => format!("one sample of {rate}"),
        };
        let what = if unit == "ns" { format!("time on the CPU ({spec})") } else { spec };
        Metric {
            name,
            unit: unit.into(),
            kind: if each { "exact" } else { "sampled" }.into(),
            period: i64::try_from(period).unwrap_or(0),
            description: format!("{what}, {how}"),
            time_enabled: None,
            time_running: None,
        }
    }
}

/// The name without what follows a colon, unless that is a tracepoint's own.
fn without_modifiers(spec: &str) -> &str {
    match spec.rsplit_once(':') {
        Some((name, modifiers))
            if !name.is_empty() && modifiers.bytes().all(|byte| b"ukhpPGHSDWeIbR".contains(&byte)) =>
        {
            name
        }
        _ => spec,
    }
}

/// The name of an event that only numbers are known of.
fn kernel_name(attr: &Attr) -> String {
    let (kind, config) = (attr.kind, attr.config);
    let index = usize::try_from(config).unwrap_or(usize::MAX);
    let cache = || {
        let byte = |shift: u32| (config >> shift & 0xff) as usize;
        Some(format!("{}-{}", CACHES.get(byte(0))?, CACHE_OPERATIONS.get(byte(8))?.get(byte(16))?))
    };
    let known = match kind {
        HARDWARE => HARDWARE_NAMES.get(index).map(|name| (*name).to_owned()),
        SOFTWARE => SOFTWARE_NAMES.get(index).map(|name| (*name).to_owned()),
        HARDWARE_CACHE => cache(),
        RAW => Some(format!("r{config:x}")),
        _ => None,
    };
    known.unwrap_or_else(|| format!("event type={kind},config={config:#x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(kind: u32, config: u64, name: &str) -> Event {
        Event { attr: Attr { kind, config, period: 1000, ..Attr::default() }, name: name.to_owned() }
    }

    #[test]
    fn metrics_are_named_as_by_the_recorder() {
        let clock = named(SOFTWARE, 0, "cpu-clock:pppH").metric();
        assert_eq!((clock.name.as_str(), clock.unit.as_str()), ("cpu-time", "ns"));
        assert_eq!(named(HARDWARE, 0, "cycles:P").metric().name, "cycles");
        assert_eq!(named(2, 300, "sched:sched_switch").metric().name, "sched:sched_switch");
        assert_eq!(named(HARDWARE_CACHE, 0x1_0003, "").metric().name, "dTLB-load-misses");
        assert_eq!(named(HARDWARE, 999, "").metric().name, "event type=0,config=0x3e7");
    }

    #[test]
    fn events_of_the_same_name_are_told_apart() {
        let list = vec![
            named(0, 0, "cpu_core/cycles/"),
            named(0, 0, "cycles"),
            named(0, 0, "cycles:p"),
            named(0, 0, "cycles:p"),
        ];
        let events = Events { list, ..Events::default() };
        let names: Vec<_> = events.metrics().0.into_iter().map(|metric| metric.name).collect();
        assert_eq!(names, ["cpu_core/cycles/", "cycles", "cycles:p", "cycles:p#3"]);
    }
}
