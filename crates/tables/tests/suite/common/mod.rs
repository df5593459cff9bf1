//! Profiles made by rule, whose contents are known.
#![allow(dead_code, reason = "each test uses a part")]

pub mod forge;

use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Function, Metric, Process, Sample, Stack, Tables, Thread};

/// A reproducible sequence of numbers (xorshift64*, Vigna 2016).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Small numbers often, large ones seldom: as stacks are met.
    pub fn skewed(&mut self, end: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        ((unit.powi(4) * end as f64) as u64).min(end - 1)
    }
}

/// A program of two threads with `frames` places in code and `stacks` nodes.
pub fn program(frames: i32, stacks: i32) -> Tables {
    let mut numbers = Numbers::new(7);
    let functions = (frames / 5).max(1);
    Tables {
        metrics: vec![Metric {
            name: "cpu-time".to_owned(),
            unit: "ns".to_owned(),
            kind: "sampled".into(),
            period: 1_001_001,
            description: "CPU time of the program".to_owned(),
            ..Metric::default()
        }],
        processes: vec![Process {
            pid: 4711,
            name: "program".to_owned(),
            command_line: "program --fast".to_owned(),
            ..Process::default()
        }],
        threads: (0..2).map(thread).collect(),
        binaries: vec![Binary {
            path: "/usr/bin/program".to_owned(),
            build_id: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
            symbols_from: "dwarf".to_owned(),
            missing: None,
        }],
        functions: (0..functions).map(function).collect(),
        frames: (0..frames).map(|row| frame(row, functions)).collect(),
        stacks: (0..stacks).map(|row| stack(row, frames, &mut numbers)).collect(),
        ..Tables::default()
    }
}

fn thread(row: i32) -> Thread {
    Thread { process: 0, tid: 4711 + row, name: format!("worker-{row}"), ..Thread::default() }
}

fn function(row: i32) -> Function {
    Function {
        name: format!("program::module{}::Type<u{row}>::function_{row}", row % 97),
        linkage_name: format!("_ZN7program8module{}8function{row}E", row % 97),
        binary: Some(0),
        file: Some(format!("src/module{}.rs", row % 97).into()),
        line: Some(row % 1000 + 1),
        namespace: Some("program".to_owned()),
        aliases: Vec::new(),
    }
}

fn frame(row: i32, functions: i32) -> Frame {
    Frame {
        function: Some(row % functions),
        file: Some(format!("src/module{}.rs", row % 97).into()),
        line: Some(row % 1000 + 2),
        column: Some(row % 80 + 1),
        address: Some(0x1000 + i64::from(row) * 13),
        binary: Some(0),
        inlined: row % 3 == 1,
        kind: "native".into(),
    }
}

/// Parents near the front make a bushy tree, some thirty deep.
fn stack(row: i32, frames: i32, numbers: &mut Numbers) -> Stack {
    let near = i64::from(row) - 1 - numbers.below(i64::from(row).max(1) as u64) as i64 / 3;
    Stack { parent: (row > 0).then_some(near.max(0) as i32), frame: numbers.skewed(frames as u64) as i32 }
}

/// The samples that a timer at 999 Hz takes on two CPUs, one batch after the other.
pub fn samples(count: usize, stacks: i32, mut batch: impl FnMut(&[Sample])) {
    let mut numbers = Numbers::new(11);
    let mut times = [1_000_000_000_i64, 1_000_400_000];
    let mut rows = Vec::with_capacity(1000);
    for row in 0..count {
        let cpu = row % 2;
        times[cpu] += 1_001_001 + numbers.below(4000) as i64 - 2000;
        rows.push(Sample {
            stack: numbers.skewed(stacks as u64) as i32,
            thread: (numbers.below(20) == 0) as i32 ^ cpu as i32,
            time: Some(times[cpu]),
            cpu: Some(cpu as i32),
            metric: 0,
            value: 1_001_001,
            count: 1,
        });
        if rows.len() == 1000 || row + 1 == count {
            batch(&rows);
            rows.clear();
        }
    }
}

pub fn meta() -> Meta {
    Meta {
        schema_version: 1,
        creator: "pyrometer 0.1.0".to_owned(),
        instrument: "record".to_owned(),
        command: vec!["program".to_owned(), "--fast".to_owned()],
        start: 1_000_000_000,
        rate: 999,
        complete: true,
        ..Meta::default()
    }
}
