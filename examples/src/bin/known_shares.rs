//! Burns CPU in named functions, in chosen shares, and prints what each has really spent.
//!
//! In it: plain functions, an always inlined function in two callers, recursion, two threads that run different
//! functions at the same time, and a child process.
//!
//! Usage: `known_shares [SECONDS]`: seconds of CPU time in all (default 4).

use std::process::Command;
use std::thread;

use pyrometer_examples::{report::Report, spin};

/// Levels of [`recurse`]; each burns an equal part.
const LEVELS: u64 = 20;
/// The main thread's part is burnt in this many rounds.
const ROUNDS: u64 = 4;

#[inline(never)]
fn alpha(report: &mut Report, ns: u64) {
    report.leaf("alpha", spin!(ns));
}

#[inline(never)]
fn beta(report: &mut Report, ns: u64) {
    report.leaf("beta", spin!(ns));
}

#[inline(always)]
fn inlined_kernel(ns: u64) -> u64 {
    spin!(ns)
}

#[inline(never)]
fn caller_one(report: &mut Report, ns: u64) {
    let spent = inlined_kernel(ns);
    report.leaf("inlined_kernel", spent);
    report.total("caller_one", spent);
}

#[inline(never)]
fn caller_two(report: &mut Report, ns: u64) {
    let spent = inlined_kernel(ns);
    report.leaf("inlined_kernel", spent);
    report.total("caller_two", spent);
}

/// Burns before and after the deeper call, so that it is no tail call.
#[inline(never)]
fn recurse(level: u64, ns: u64) -> u64 {
    let before = spin!(ns / 2);
    let deeper = if level > 1 { recurse(level - 1, ns) } else { 0 };
    before + deeper + spin!(ns / 2)
}

#[inline(never)]
fn left_work(ns: u64) -> u64 {
    spin!(ns)
}

#[inline(never)]
fn right_work(ns: u64) -> u64 {
    spin!(ns)
}

#[inline(never)]
fn child_work(ns: u64) -> u64 {
    spin!(ns)
}

/// The main thread's part: 45 % of the whole.
fn main_part(report: &mut Report, whole: u64) {
    for _ in 0..ROUNDS {
        let percent = whole / 100 / ROUNDS;
        alpha(report, 15 * percent);
        beta(report, 8 * percent);
        caller_one(report, 5 * percent);
        caller_two(report, 9 * percent);
        report.leaf("recurse", recurse(LEVELS, 8 * percent / LEVELS));
    }
    let spent =
        ["alpha", "beta", "inlined_kernel", "recurse"].into_iter().map(|name| report.self_ns[name]).sum();
    report.thread("main", spent);
}

fn worker(thread: &'static str, function: &'static str, work: fn(u64) -> u64, ns: u64) -> Report {
    let mut report = Report::default();
    let spent = work(ns);
    report.leaf(function, spent);
    report.thread(thread, spent);
    report
}

/// The threads' part: 20 % and 15 % of the whole, at the same time.
fn threads_part(report: &mut Report, whole: u64) -> std::io::Result<()> {
    let left = thread::Builder::new()
        .name("left".into())
        .spawn(move || worker("left", "left_work", left_work, 20 * whole / 100))?;
    let right = thread::Builder::new()
        .name("right".into())
        .spawn(move || worker("right", "right_work", right_work, 15 * whole / 100))?;
    for thread in [left, right] {
        report.merge(thread.join().expect("a worker does not panic"));
    }
    Ok(())
}

/// The child's part: 20 % of the whole, in this program started anew.
fn child_part(report: &mut Report, whole: u64) -> std::io::Result<()> {
    let ns = (20 * whole / 100).to_string();
    let output = Command::new(std::env::current_exe()?).args(["--child", &ns]).output()?;
    assert!(output.status.success(), "the child ends with status 0, not {}", output.status);
    report.child = Some(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    Ok(())
}

fn child(ns: u64) -> Report {
    let mut report = Report::default();
    let spent = child_work(ns);
    report.leaf("child_work", spent);
    report.thread("main", spent);
    report
}

fn parent(seconds: f64) -> std::io::Result<Report> {
    let mut report = Report::default();
    let whole = (seconds * 1e9) as u64;
    main_part(&mut report, whole);
    threads_part(&mut report, whole)?;
    child_part(&mut report, whole)?;
    Ok(report)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let report = match arguments.as_slice() {
        [flag, ns] if flag == "--child" => child(ns.parse()?),
        [seconds] => parent(seconds.parse()?)?,
        [] => parent(4.0)?,
        _ => return Err("usage: known_shares [SECONDS]".into()),
    };
    println!("{}", report.json("known_shares"));
    Ok(())
}
