//! Event names as `perf list` writes them, and what the kernel is told for each.
//!
//! Four kinds are understood: names (`cycles`, `cpu-clock`, `L1-dcache-load-misses`), raw codes
//! (`r1a8`), PMU events (`cpu/event=0x3c,umask=0x1/` or `cpu/cache-misses/`, terms from sysfs) and
//! tracepoints (`sched:sched_switch`, from tracefs). Modifiers follow a colon: `u` user only, `k`
//! kernel only, `p`, `pp`, `ppp` ask for more precise addresses.
//!
//! ```
//! # #[cfg(all(target_os = "linux", target_arch = "x86_64"))] {
//! use pyrometer_sampler::event::{Event, Sources};
//! let event = Event::parse("page-faults:u", &Sources::default()).unwrap();
//! assert_eq!((event.metric.as_str(), event.unit), ("page-faults:u", "count"));
//! # }
//! ```

use std::fs;
use std::path::PathBuf;

use perf_event_open_sys::bindings as perf;

use crate::live::error::{Error, Result};

/// Where the kernel describes its events.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Usually `/sys/bus/event_source/devices`.
    pub devices: PathBuf,
    /// Where tracefs may be mounted.
    pub tracing: Vec<PathBuf>,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            devices: "/sys/bus/event_source/devices".into(),
            tracing: vec!["/sys/kernel/tracing".into(), "/sys/kernel/debug/tracing".into()],
        }
    }
}

/// One event to sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// As the user wrote it.
    pub spec: String,
    /// Name of its metric: `cpu-time` for the clocks that measure it, else the event's.
    pub metric: String,
    /// `ns` or `count`.
    pub unit: &'static str,
    /// `perf_event_attr.type`.
    pub kind: u32,
    /// `perf_event_attr.config`.
    pub config: u64,
    /// `perf_event_attr.config1`.
    pub config1: u64,
    /// `perf_event_attr.config2`.
    pub config2: u64,
    /// How exact the address must be: 0 (may skid) to 3 (must not).
    pub precise: u8,
    /// Not while the user's code runs.
    pub exclude_user: bool,
    /// Not while the kernel runs.
    pub exclude_kernel: bool,
}

const SOFTWARE: &[(&str, u32)] = &[
    ("cpu-clock", perf::PERF_COUNT_SW_CPU_CLOCK),
    ("task-clock", perf::PERF_COUNT_SW_TASK_CLOCK),
    ("page-faults", perf::PERF_COUNT_SW_PAGE_FAULTS),
    ("faults", perf::PERF_COUNT_SW_PAGE_FAULTS),
    ("context-switches", perf::PERF_COUNT_SW_CONTEXT_SWITCHES),
    ("cs", perf::PERF_COUNT_SW_CONTEXT_SWITCHES),
    ("cpu-migrations", perf::PERF_COUNT_SW_CPU_MIGRATIONS),
    ("migrations", perf::PERF_COUNT_SW_CPU_MIGRATIONS),
    ("minor-faults", perf::PERF_COUNT_SW_PAGE_FAULTS_MIN),
    ("major-faults", perf::PERF_COUNT_SW_PAGE_FAULTS_MAJ),
    ("alignment-faults", perf::PERF_COUNT_SW_ALIGNMENT_FAULTS),
    ("emulation-faults", perf::PERF_COUNT_SW_EMULATION_FAULTS),
];

const HARDWARE: &[(&str, u32)] = &[
    ("cycles", perf::PERF_COUNT_HW_CPU_CYCLES),
    ("cpu-cycles", perf::PERF_COUNT_HW_CPU_CYCLES),
    ("instructions", perf::PERF_COUNT_HW_INSTRUCTIONS),
    ("cache-references", perf::PERF_COUNT_HW_CACHE_REFERENCES),
    ("cache-misses", perf::PERF_COUNT_HW_CACHE_MISSES),
    ("branches", perf::PERF_COUNT_HW_BRANCH_INSTRUCTIONS),
    ("branch-instructions", perf::PERF_COUNT_HW_BRANCH_INSTRUCTIONS),
    ("branch-misses", perf::PERF_COUNT_HW_BRANCH_MISSES),
    ("bus-cycles", perf::PERF_COUNT_HW_BUS_CYCLES),
    ("stalled-cycles-frontend", perf::PERF_COUNT_HW_STALLED_CYCLES_FRONTEND),
    ("stalled-cycles-backend", perf::PERF_COUNT_HW_STALLED_CYCLES_BACKEND),
    ("ref-cycles", perf::PERF_COUNT_HW_REF_CPU_CYCLES),
];

const CACHES: &[&str] = &["L1-dcache", "L1-icache", "LLC", "dTLB", "iTLB", "branch", "node"];
const CACHE_OPERATIONS: &[(&str, u64, u64)] = &[
    ("loads", 0, 0),
    ("load-misses", 0, 1),
    ("stores", 1, 0),
    ("store-misses", 1, 1),
    ("prefetches", 2, 0),
    ("prefetch-misses", 2, 1),
];

impl Event {
    /// Understands one event name.
    ///
    /// # Errors
    /// [`Error::UnknownEvent`] with the nearest known name; [`Error::UnsupportedEvent`] if its
    /// description lies where this user may not read.
    pub fn parse(spec: &str, sources: &Sources) -> Result<Self> {
        let (name, modifiers) = split_modifiers(spec);
        let mut event = Self::from_name(name)
            .or_else(|| Self::from_raw(name))
            .map_or_else(|| Self::from_kernel(spec, name, sources), Ok)?;
        event.spec = spec.to_owned();
        event.apply(modifiers);
        // The user's part of a metric, or the kernel's, is another metric.
        if event.exclude_user || event.exclude_kernel {
            event.metric = format!("{}:{}", event.metric, if event.exclude_kernel { "u" } else { "k" });
        }
        Ok(event)
    }

    /// Understands several; what is asked for twice is one, and each has a metric of its own name.
    ///
    /// # Errors
    /// Those of [`Self::parse`].
    pub fn parse_all(specs: &[String], sources: &Sources) -> Result<Vec<Self>> {
        let mut events: Vec<Self> = Vec::new();
        for spec in specs {
            let mut event = Self::parse(spec, sources)?;
            if events.iter().any(|known| known.spec == event.spec) {
                continue;
            }
            if events.iter().any(|known| known.metric == event.metric) {
                event.metric.clone_from(&event.spec);
            }
            events.push(event);
        }
        Ok(events)
    }

    fn new(metric: &str, kind: u32, config: u64) -> Self {
        Self {
            spec: metric.to_owned(),
            metric: metric.to_owned(),
            unit: "count",
            kind,
            config,
            config1: 0,
            config2: 0,
            precise: 0,
            exclude_user: false,
            exclude_kernel: false,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        if let Some((_, config)) = SOFTWARE.iter().find(|(known, _)| *known == name) {
            let clock = *config <= perf::PERF_COUNT_SW_TASK_CLOCK;
            let metric = if name == "cpu-clock" { "cpu-time" } else { name };
            let event = Self::new(metric, perf::PERF_TYPE_SOFTWARE, u64::from(*config));
            return Some(Self { unit: if clock { "ns" } else { "count" }, ..event });
        }
        if let Some((_, config)) = HARDWARE.iter().find(|(known, _)| *known == name) {
            return Some(Self::new(name, perf::PERF_TYPE_HARDWARE, u64::from(*config)));
        }
        CACHES.iter().zip(0u64..).find_map(|(cache, number)| {
            let operation = name.strip_prefix(cache)?.strip_prefix('-')?;
            let (_, operation, result) = CACHE_OPERATIONS.iter().find(|(known, ..)| *known == operation)?;
            Some(Self::new(name, perf::PERF_TYPE_HW_CACHE, number | (operation << 8) | (result << 16)))
        })
    }

    fn from_raw(name: &str) -> Option<Self> {
        let digits = name.strip_prefix('r').filter(|digits| (1..=16).contains(&digits.len()))?;
        let config = u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
        Some(Self::new(name, perf::PERF_TYPE_RAW, config))
    }

    fn from_kernel(spec: &str, name: &str, sources: &Sources) -> Result<Self> {
        if let Some((device, terms)) = name.strip_suffix('/').and_then(|rest| rest.split_once('/')) {
            return Self::from_device(spec, name, device, terms, sources);
        }
        match name.split_once(':') {
            Some((system, tracepoint)) => Self::from_tracepoint(spec, system, tracepoint, sources),
            None => Err(unknown(spec, nearest(name))),
        }
    }

    fn from_device(spec: &str, name: &str, device: &str, terms: &str, sources: &Sources) -> Result<Self> {
        let folder =
            plain(device).map(|device| sources.devices.join(device)).filter(|folder| folder.is_dir());
        let folder = folder.ok_or_else(|| unknown(spec, devices_hint(sources)))?;
        let kind = read(&folder.join("type")).and_then(|text| text.parse().ok());
        let kind =
            kind.ok_or_else(|| unknown(spec, format!("{} has no readable 'type'", folder.display())))?;
        let mut event = Self::new(name, kind, 0);
        for term in terms.split(',').filter(|term| !term.is_empty()) {
            event.apply_term(spec, &folder, term, 0)?;
        }
        Ok(event)
    }

    /// Sets one term: a number into the bits that `format/NAME` tells, or a named event of `events/NAME`.
    fn apply_term(&mut self, spec: &str, folder: &std::path::Path, term: &str, depth: u8) -> Result<()> {
        let (name, value) = term.split_once('=').map_or((term, None), |(name, value)| (name, Some(value)));
        let bad = || unknown(spec, format!("'{term}' is no term of {}", folder.display()));
        let value = match value {
            Some(value) => Some(number(value).ok_or_else(bad)?),
            None => None,
        };
        match (name, value) {
            ("config", Some(value)) => self.config = value,
            ("config1", Some(value)) => self.config1 = value,
            ("config2", Some(value)) => self.config2 = value,
            _ => {
                let name = plain(name).ok_or_else(bad)?;
                if let Some(format) = read(&folder.join("format").join(name)) {
                    return self.deposit(&format, value.unwrap_or(1)).ok_or_else(bad);
                }
                let alias = read(&folder.join("events").join(name)).filter(|_| value.is_none() && depth == 0);
                for term in alias.ok_or_else(bad)?.split(',') {
                    self.apply_term(spec, folder, term, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    /// Puts the bits of `value` where a format such as `config:0-7,32-35` says.
    fn deposit(&mut self, format: &str, mut value: u64) -> Option<()> {
        let (field, ranges) = format.split_once(':')?;
        let field = match field {
            "config" => &mut self.config,
            "config1" => &mut self.config1,
            "config2" => &mut self.config2,
            _ => return None,
        };
        for range in ranges.split(',') {
            let (low, high) = range.split_once('-').unwrap_or((range, range));
            let (low, high): (u32, u32) = (low.parse().ok()?, high.parse().ok()?);
            let width = high.checked_sub(low).filter(|_| high < 64)? + 1;
            let mask = if width == 64 { u64::MAX } else { (1 << width) - 1 };
            *field |= (value & mask) << low;
            value = value.checked_shr(width).unwrap_or(0);
        }
        (value == 0).then_some(())
    }

    fn from_tracepoint(spec: &str, system: &str, name: &str, sources: &Sources) -> Result<Self> {
        let (Some(system), Some(name)) = (plain(system), plain(name)) else {
            return Err(unknown(
                spec,
                "write tracepoints as system:name, for instance sched:sched_switch".into(),
            ));
        };
        for tracing in &sources.tracing {
            match fs::read_to_string(tracing.join("events").join(system).join(name).join("id")) {
                Ok(id) => {
                    let id = id.trim().parse().map_err(|_| unknown(spec, "its id is no number".into()))?;
                    return Ok(Self::new(&format!("{system}:{name}"), perf::PERF_TYPE_TRACEPOINT, id));
                }
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    let reason = format!("{} may be read by root only", tracing.display());
                    return Err(Error::UnsupportedEvent { event: spec.into(), reason });
                }
                Err(_) => {}
            }
        }
        Err(unknown(spec, tracepoint_hint(sources)))
    }

    fn apply(&mut self, modifiers: &str) {
        self.precise = u8::try_from(modifiers.matches('p').count().min(3)).unwrap_or(3);
        let user = modifiers.contains('u');
        let kernel = modifiers.contains('k');
        self.exclude_user = kernel && !user;
        self.exclude_kernel = user && !kernel;
    }
}

/// Splits trailing modifiers off: `cycles:u` is `("cycles", "u")`; a tracepoint's colon is none.
fn split_modifiers(spec: &str) -> (&str, &str) {
    match spec.rsplit_once(':') {
        Some((name, modifiers))
            if !name.is_empty()
                && !modifiers.is_empty()
                && modifiers.bytes().all(|byte| b"ukp".contains(&byte)) =>
        {
            (name, modifiers)
        }
        _ => (spec, ""),
    }
}

/// Only names that stay inside their folder.
fn plain(name: &str) -> Option<&str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (!name.is_empty() && name.bytes().all(allowed) && !name.starts_with('.')).then_some(name)
}

fn read(path: &std::path::Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn unknown(spec: &str, hint: String) -> Error {
    Error::UnknownEvent { event: spec.into(), hint }
}

fn tracepoint_hint(sources: &Sources) -> String {
    match sources.tracing.iter().map(|tracing| tracing.join("events")).find(|events| events.is_dir()) {
        Some(events) => format!("list the tracepoints: sudo ls {}", events.display()),
        None => "the kernel's list of tracepoints is not mounted: \
                 sudo mount -t tracefs tracefs /sys/kernel/tracing"
            .into(),
    }
}

fn devices_hint(sources: &Sources) -> String {
    let mut names: Vec<String> = fs::read_dir(&sources.devices)
        .map(|entries| {
            entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
        })
        .unwrap_or_default();
    names.sort();
    format!("this machine's PMUs are: {}", names.join(", "))
}

fn nearest(name: &str) -> String {
    let known = SOFTWARE.iter().chain(HARDWARE).map(|(known, _)| *known);
    match known.min_by_key(|known| distance(known, name)).filter(|known| distance(known, name) <= 3) {
        Some(known) => format!("did you mean '{known}'? 'perf list' shows more names"),
        None => "known are cpu-clock, cycles, instructions, cache-misses, page-faults, context-switches and more; \
                 raw codes (r1a8), PMU events (cpu/event=0x3c/) and tracepoints (sched:sched_switch) work too"
            .into(),
    }
}

/// Levenshtein's distance, on names that are short.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().take(64).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sources(folder: &std::path::Path) -> Sources {
        Sources { devices: folder.join("devices"), tracing: vec![folder.join("tracing")] }
    }

    fn write(path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn names_are_those_of_perf_list() {
        let parse = |spec| Event::parse(spec, &Sources::default()).unwrap();
        assert_eq!((parse("cycles").kind, parse("cycles").config), (perf::PERF_TYPE_HARDWARE, 0));
        assert_eq!(parse("cpu-clock").metric, "cpu-time");
        assert_eq!(parse("LLC-load-misses").config, 2 | (1 << 16));
        assert_eq!(parse("L1-dcache-stores").config, 1 << 8);
        assert_eq!((parse("r1a8").kind, parse("r1a8").config), (perf::PERF_TYPE_RAW, 0x1a8));
    }

    #[test]
    fn modifiers_restrict_the_mode_and_ask_for_precision() {
        let event = Event::parse("cycles:upp", &Sources::default()).unwrap();
        assert_eq!((event.exclude_kernel, event.exclude_user, event.precise), (true, false, 2));
        let event = Event::parse("cycles:k", &Sources::default()).unwrap();
        assert_eq!((event.exclude_kernel, event.exclude_user), (false, true));
    }

    #[test]
    fn every_event_of_several_has_a_metric_of_its_own() {
        let specs = ["cpu-clock:u", "cpu-clock:k", "cpu-clock", "cpu-clock:uk", "cpu-clock"];
        let events = Event::parse_all(&specs.map(String::from), &Sources::default()).unwrap();
        let metrics: Vec<_> = events.iter().map(|event| event.metric.as_str()).collect();
        assert_eq!(metrics, ["cpu-time:u", "cpu-time:k", "cpu-time", "cpu-clock:uk"]);
    }

    #[test]
    fn pmu_terms_go_where_sysfs_says() {
        let folder = tempfile::tempdir().unwrap();
        let cpu = folder.path().join("devices/cpu");
        write(cpu.join("type"), "4\n");
        write(cpu.join("format/event"), "config:0-7,32-35\n");
        write(cpu.join("format/umask"), "config:8-15\n");
        write(cpu.join("format/ldlat"), "config1:0-15\n");
        write(cpu.join("events/mem-loads"), "event=0xcd,umask=0x1,ldlat=3\n");
        let event = Event::parse("cpu/event=0x1ff,umask=2/u", &sources(folder.path()));
        assert!(event.is_err(), "the modifier of a PMU event follows a colon");
        let event = Event::parse("cpu/event=0x1ff,umask=2/:u", &sources(folder.path())).unwrap();
        assert_eq!((event.kind, event.config), (4, 0xff | (2 << 8) | (1 << 32)));
        let event = Event::parse("cpu/mem-loads/", &sources(folder.path())).unwrap();
        assert_eq!((event.config, event.config1), (0x1cd, 3));
        assert!(Event::parse("cpu/umask=0x1ff/", &sources(folder.path())).is_err(), "nine bits into eight");
        assert!(Event::parse("cpu/nothing/", &sources(folder.path())).is_err());
    }

    #[test]
    fn tracepoints_are_looked_up_in_tracefs() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("tracing/events/sched/sched_switch/id"), "317\n");
        let event = Event::parse("sched:sched_switch", &sources(folder.path())).unwrap();
        assert_eq!((event.kind, event.config), (perf::PERF_TYPE_TRACEPOINT, 317));
        assert!(Event::parse("../sched:sched_switch", &sources(folder.path())).is_err());
        let error = Event::parse("sched:nothing", &sources(folder.path())).unwrap_err();
        assert!(error.cure().contains(folder.path().to_str().unwrap()), "{}", error.cure());
        let error = Event::parse("sched:nothing", &sources(&folder.path().join("none"))).unwrap_err();
        assert!(error.cure().contains("mount -t tracefs"), "{}", error.cure());
    }

    #[test]
    fn a_misspelt_name_gets_the_nearest_known_one() {
        let error = Event::parse("cylces", &Sources::default()).unwrap_err();
        assert!(error.cure().contains("'cycles'"), "{}", error.cure());
    }

    proptest! {
        #[test]
        fn any_text_is_an_event_or_an_error(spec in "\\PC{0,40}") {
            let folder = PathBuf::from("/nonexistent");
            if let Ok(event) = Event::parse(&spec, &sources(&folder)) {
                prop_assert_eq!(event.spec, spec);
            }
        }

        #[test]
        fn any_format_takes_a_value_into_its_bits_or_refuses_it(
            format in "(config[12]?:)?([0-9]{1,2}(-[0-9]{1,2})?,?){0,4}|\\PC{0,20}", value: u64,
        ) {
            let mut event = Event::new("cpu", 4, 0);
            if event.deposit(&format, value).is_some() {
                let bits = event.config | event.config1 | event.config2;
                // Ranges may overlap, so that bits fall together, but none is invented.
                prop_assert!(bits.count_ones() <= value.count_ones());
            }
        }
    }
}
