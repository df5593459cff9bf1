//! Threads that are born one after the other while the program runs: what an attached profiler must not miss.
//!
//! Usage: `spawn_threads [THREADS] [SECONDS]`: each thread burns SECONDS (default 8 threads, 0.25 s). The program prints
//! `ready` and waits for a line on standard input before it starts the first, so that a profiler can attach.

use std::thread;

use pyrometer_examples::{report::Report, spin};

#[inline(never)]
fn late_work(ns: u64) -> u64 {
    spin!(ns)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let threads: usize = arguments.first().map_or(Ok(8), |text| text.parse())?;
    let seconds: f64 = arguments.get(1).map_or(Ok(0.25), |text| text.parse())?;
    let ns = (seconds * 1e9) as u64;
    println!("ready");
    std::io::stdin().read_line(&mut String::new())?;
    let mut report = Report::default();
    for number in 0..threads {
        let name = format!("late-{number}");
        let late = thread::Builder::new().name(name.clone()).spawn(move || late_work(ns))?;
        let spent = late.join().expect("the thread does not panic");
        report.leaf("late_work", spent);
        report.thread(&name, spent);
    }
    println!("{}", report.json("spawn_threads"));
    Ok(())
}
