//! Runs a scenario in a process of its own, and reads what it counted.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use pyrometer_counts::VARIABLE;
use pyrometer_formats::read;
use pyrometer_tables::Profile;
use tempfile::TempDir;

/// The environment variable that says which scenario.
pub const SCENARIO: &str = "PYROMETER_SCENARIO";

/// A process that has ended, and the folder of its counts.
pub struct Run {
    pub status: ExitStatus,
    pub stderr: String,
    folder: TempDir,
}

pub fn run(scenario: &str) -> Run {
    run_with(scenario, |command| command)
}

pub fn run_on(scenario: &str, input: &str) -> Run {
    start(scenario, input, |command| command)
}

pub fn run_with(scenario: &str, change: impl Fn(&mut Command) -> &mut Command) -> Run {
    start(scenario, "", change)
}

fn start(scenario: &str, input: &str, change: impl Fn(&mut Command) -> &mut Command) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["scenario", "--exact", "--ignored", "--nocapture"]);
    command.env(SCENARIO, scenario).env(VARIABLE, folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = change(&mut command).spawn().unwrap();
    // A scenario that reads nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    Run { status: output.status, stderr, folder }
}

impl Run {
    pub fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    pub fn profile(&self) -> Profile {
        read::read(&self.files(), &read::Options::default(), &mut |_, _| true).unwrap()
    }
}

/// Sums of a metric by key.
pub fn sums(profile: &Profile, metric: &str) -> BTreeMap<String, i64> {
    by_stack(profile, metric, |stack| name_of(profile, stack))
}

/// Counts by the name of the leaf and its place.
pub fn places(profile: &Profile) -> BTreeMap<String, i64> {
    let tables = profile.tables();
    by_stack(profile, "count", |stack| {
        let frame = &tables.frames[tables.stacks[stack].frame as usize];
        let (file, line) = (frame.file.as_deref().unwrap_or("?"), frame.line.unwrap_or(0));
        format!("{} at {file}:{line}", name_of(profile, stack))
    })
}

fn by_stack(profile: &Profile, metric: &str, name: impl Fn(usize) -> String) -> BTreeMap<String, i64> {
    let metrics = &profile.tables().metrics;
    let metric = metrics.iter().position(|row| row.name == metric).expect("a metric of this name") as i32;
    let mut sums = BTreeMap::new();
    let all = profile.for_each_batch(|batch| {
        for sample in batch.iter().filter(|sample| sample.metric == metric) {
            *sums.entry(name(sample.stack as usize)).or_insert(0) += sample.value;
        }
        Ok(())
    });
    all.unwrap();
    sums
}

fn name_of(profile: &Profile, stack: usize) -> String {
    let tables = profile.tables();
    let row = &tables.stacks[stack];
    let function = tables.frames[row.frame as usize].function.unwrap() as usize;
    let name = &tables.functions[function].name;
    match row.parent {
        Some(parent) => format!("{};{name}", name_of(profile, parent as usize)),
        None => name.clone(),
    }
}
