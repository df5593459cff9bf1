//! Measures what samples cost (five million unless told otherwise): in the file, in memory, in time.
//!
//! `cargo run --release -p pyrometer-tables --example scale [SAMPLES]`

#[path = "../tests/suite/common/mod.rs"]
mod common;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use pyrometer_tables::call_tree::{Grouping, call_tree, call_tree_above};
use pyrometer_tables::journal::{Journal, Writer};
use pyrometer_tables::select::{Selection, weigh};
use pyrometer_tables::{Profile, file, sums};

const STACKS: i32 = 200_000;
const FRAMES: i32 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let samples = std::env::args().nth(1).map_or(Ok(5_000_000), |count| count.parse())?;
    println!("{samples} samples, {STACKS} stacks");
    measure(samples, folder.path())
}

fn measure(samples: usize, folder: &Path) -> Result<(), Box<dyn Error>> {
    let (journal, profile) = (folder.join("j"), folder.join("p.pyro"));
    timed("  journal written", || journal_of(samples, &journal))?;
    println!("    {:.2} bytes a sample", size(&journal)? / samples as f64);
    let before = memory("VmHWM")?;
    timed("  journal to .pyro", || {
        let journal = Journal::open(&journal)?;
        file::write(&profile, &journal.meta, &journal.tables, &journal)
    })?;
    let peak = memory("VmHWM")?;
    println!("    {} MB at the peak, {} MB before", peak >> 10, before >> 10);
    println!("    {:.2} bytes a sample", size(&profile)? / samples as f64);
    analyze(&profile)
}

fn journal_of(samples: usize, path: &Path) -> Result<(), Box<dyn Error>> {
    let tables = common::program(FRAMES, STACKS);
    let mut writer = Writer::create(path, &common::meta())?;
    writer.put_metric(0, &tables.metrics[0])?;
    writer.put_process(0, &tables.processes[0])?;
    for (row, thread) in (0..).zip(&tables.threads) {
        writer.put_thread(row, thread)?;
    }
    writer.put_binary(0, &tables.binaries[0])?;
    for (row, function) in (0..).zip(&tables.functions) {
        writer.put_function(row, function)?;
    }
    writer.append_frames(&tables.frames)?;
    writer.append_stacks(&tables.stacks)?;
    let mut failed = None;
    common::samples(samples, STACKS, |batch| {
        failed = failed.take().or(writer.append_samples(batch).err());
    });
    failed.map_or_else(|| Ok(writer.commit()?), |error| Err(error.into()))
}

fn analyze(path: &Path) -> Result<(), Box<dyn Error>> {
    let profile = timed("  open", || Profile::open(path))?;
    let weights = timed("  weigh", || weigh(&profile, &Selection::default()))?;
    let everything = Selection { threads: vec![0], time: Some(0..i64::MAX), ..Selection::default() };
    timed("  weigh one thread in a time range", || weigh(&profile, &everything))?;
    let grouping = Grouping::default();
    let tree = timed("  call tree", || Ok::<_, Box<dyn Error>>(call_tree(&profile, &weights, &grouping)))?;
    println!("    {} nodes", tree.nodes.len());
    let inverted = Grouping { inverted: true, ..grouping };
    let tree = timed("  inverted above 0.1 %", || {
        Ok::<_, Box<dyn Error>>(call_tree_above(&profile, &weights, &inverted, 0.001, 1000))
    })?;
    println!("    {} nodes", tree.nodes.len());
    let rows =
        timed("  functions", || Ok::<_, Box<dyn Error>>(sums::functions(&profile, &weights, &grouping)))?;
    println!("    {} functions", rows.len());
    Ok(())
}

fn timed<T, E>(what: &str, act: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let start = Instant::now();
    let result = act();
    println!("{what}: {:.0} ms", start.elapsed().as_secs_f64() * 1e3);
    result
}

fn size(path: &Path) -> Result<f64, std::io::Error> {
    Ok(std::fs::metadata(path)?.len() as f64)
}

/// A line of `/proc/self/status`, in KiB.
fn memory(field: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(number.ok_or("no such line in /proc/self/status")?.parse()?)
}
