//! Burns CPU at the bottom of a deep recursion, with small or with large frames.
//!
//! Usage: `deep_recursion DEPTH [small|large] [SECONDS] [REST]`: small frames take about 100 bytes of stack, large ones
//! about 4 KiB, so that `20 large` is already more than the 64 KiB that the kernel can copy into a sample. For REST
//! seconds after its thread has ended the program lives on and does nothing.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use pyrometer_examples::{report::Report, spin};

#[inline(never)]
fn burn_at_the_bottom(ns: u64) -> u64 {
    spin!(ns)
}

/// `WORDS` words of local variables that live across the call.
#[inline(never)]
fn descend<const WORDS: usize>(depth: usize, ns: u64) -> u64 {
    let mut locals = [depth as u64; WORDS];
    black_box(&mut locals);
    let spent = if depth > 1 { descend::<WORDS>(depth - 1, ns) } else { burn_at_the_bottom(ns) };
    black_box(&mut locals);
    spent
}

/// Runs on a thread whose stack is large enough for the depth; the root is then the thread's start.
fn run(depth: usize, large: bool, ns: u64) -> std::io::Result<u64> {
    let (descend, frame): (fn(usize, u64) -> u64, usize) =
        if large { (descend::<512>, 4_300) } else { (descend::<8>, 200) };
    let stack = depth * frame + (1 << 20);
    let bottom =
        thread::Builder::new().name("deep".into()).stack_size(stack).spawn(move || descend(depth, ns))?;
    Ok(bottom.join().expect("the recursion fits into its stack"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let depth: usize =
        arguments.first().ok_or("usage: deep_recursion DEPTH [small|large] [SECONDS]")?.parse()?;
    let large = arguments.get(1).is_some_and(|size| size == "large");
    let seconds: f64 = arguments.get(2).map_or(Ok(1.0), |text| text.parse())?;
    let rest: f64 = arguments.get(3).map_or(Ok(0.0), |text| text.parse())?;
    let spent = run(depth, large, (seconds * 1e9) as u64)?;
    thread::sleep(Duration::from_secs_f64(rest));
    let mut report = Report::default();
    report.leaf("burn_at_the_bottom", spent);
    report.total("descend", spent);
    report.thread("deep", spent);
    println!("{}", report.json("deep_recursion"));
    Ok(())
}
