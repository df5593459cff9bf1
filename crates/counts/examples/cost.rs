//! What an event costs, in nanoseconds: of a literal key, a formatted one, ten thousand keys, with place, with weight,
//! and of a key when nobody listens. `user` CPU time of one thread; `--json` for programs.

use std::hint::black_box;
use std::process::Command;

use pyrometer_counts::{VARIABLE, count, count_here};

const EVENTS: u64 = 20_000_000;
/// Repetitions, of which the fastest counts.
const REPETITIONS: usize = 5;

fn main() {
    let json = std::env::args().any(|argument| argument == "--json");
    let rows = if std::env::var_os(VARIABLE).is_some() {
        live()
    } else {
        let off = ("off", cost(|_| count!("key")));
        let folder = std::env::temp_dir().join(format!("pyrometer-cost-{}", std::process::id()));
        println!("{}", row(json, off));
        listen(&folder);
        return;
    };
    for each in rows {
        println!("{}", row(json, each));
    }
}

/// Runs this program again, listened to.
fn listen(folder: &std::path::Path) {
    let run = || {
        std::fs::create_dir(folder)?;
        let program = std::env::current_exe()?;
        Command::new(program).args(std::env::args().skip(1)).env(VARIABLE, folder).status()
    };
    if let Err(error) = run() {
        eprintln!("cannot measure with a listener in {}: {error}", folder.display());
    }
    let _ = std::fs::remove_dir_all(folder);
}

fn live() -> Vec<(&'static str, f64)> {
    let keys: Vec<String> = (0..10_000).map(|key| format!("key {key}")).collect();
    vec![
        ("literal key", cost(|_| count!("key"))),
        ("literal key, whole weight", cost(|event| count!(event & 7, "weighted"))),
        ("literal key, fractional weight", cost(|event| count!(event as f64, "fractions"))),
        ("literal key with place", cost(|_| count_here!("here"))),
        ("text as key", cost(|_| count!("{}", black_box("key")))),
        ("formatted key, 8 values", cost(|event| count!("key {}", event & 7))),
        ("10,000 texts as keys", cost(|event| count!("{}", keys[scattered(event)]))),
        ("10,000 formatted keys", cost(|event| count!("key {}", scattered(event)))),
    ]
}

/// One of ten thousand, not in order.
fn scattered(event: u64) -> usize {
    ((event.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 10_000) as usize
}

/// Nanoseconds of CPU an event, less those of the loop.
fn cost(event: impl Fn(u64)) -> f64 {
    let fastest = |event: &dyn Fn()| (0..REPETITIONS).map(|_| timed(event)).fold(f64::MAX, f64::min);
    let with = fastest(&|| (0..EVENTS).for_each(|number| event(black_box(number))));
    let without = fastest(&|| (0..EVENTS).for_each(|number| _ = black_box(number)));
    (with - without) / EVENTS as f64
}

fn timed(event: &dyn Fn()) -> f64 {
    let start = cpu_time();
    event();
    cpu_time() - start
}

/// Nanoseconds of CPU that this thread has used.
#[cfg(unix)]
fn cpu_time() -> f64 {
    // SAFETY: all zeros is a time.
    let mut time: libc::timespec = unsafe { std::mem::zeroed() };
    // SAFETY: the time is written to a place of ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

#[cfg(not(unix))]
fn cpu_time() -> f64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0.0, |time| time.as_nanos() as f64)
}

fn row(json: bool, (what, cost): (&str, f64)) -> String {
    if json {
        format!("{{\"what\": \"{what}\", \"nanoseconds\": {cost:.2}}}")
    } else {
        format!("{cost:8.2} ns  {what}")
    }
}
