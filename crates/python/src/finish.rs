//! From a journal to a symbolized `.pyro` file.

use std::fs;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyrometer_sampler::{Named, apply_names};
use pyrometer_symbols::{BinaryProvider, symbolize};
use pyrometer_tables::journal::Journal;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::samples::{Renumbered, SampleSource};
use pyrometer_tables::schema::Tables;
use pyrometer_tables::{Profile, file};

use crate::error::Result;

/// Where symbols are kept, and where the sources of Rust's library are.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    pub(crate) cache: Option<PathBuf>,
    pub(crate) sysroots: Vec<PathBuf>,
}

impl Options {
    fn of(&self, tables: &Tables) -> symbolize::Options {
        let kernel = tables.frames.iter().any(|frame| frame.kind == "kernel");
        // Hundreds of thousands of lines: read only where it is needed.
        let kallsyms = kernel.then(|| fs::read("/proc/kallsyms").ok()).flatten();
        symbolize::Options {
            cache: self.cache.clone(),
            kallsyms,
            boot_id: fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            sysroots: self.sysroots.clone(),
            ..symbolize::Options::default()
        }
    }
}

/// Symbolizes a journal and writes the profile. `ended` is the monotonic time of the program's end.
pub fn finish_journal(
    journal: &Path,
    output: &Path,
    binaries: &dyn BinaryProvider,
    named: &[Named],
    ended: Option<i64>,
    options: &Options,
) -> Result<Profile> {
    let mut journal = Journal::open(journal)?;
    let mut meta = std::mem::take(&mut journal.meta);
    let mut tables = std::mem::take(&mut journal.tables);
    apply_names(&mut tables, named);
    let options = options.of(&tables);
    let (tables, stacks) = symbolize::symbolize(&meta, tables, binaries, &options);
    let samples = Renumbered { samples: &journal, stacks: &stacks };
    let leaves = leaves(&tables, &samples)?;
    meta.quality.unsymbolized = leaves.unsymbolized;
    meta.recorder.finish_time = ended.map_or(0, |ended| monotonic() - ended);
    note_missing(&mut meta, &tables, &leaves);
    file::write(output, &meta, &tables, &samples)?;
    // Before the file is read again: both together would be the largest moment of all.
    drop((tables, stacks, journal));
    Ok(Profile::open(output)?)
}

/// What one pass over the samples tells about names.
struct Leaves {
    /// Samples whose leaf is code without a name.
    unsymbolized: i64,
    /// Samples by the binary of their leaf.
    of_binary: Vec<i64>,
    /// All samples.
    count: i64,
}

fn leaves(tables: &Tables, samples: &dyn SampleSource) -> Result<Leaves> {
    let nameless = symbolize::unsymbolized_leaf(tables);
    let mut leaves = Leaves { unsymbolized: 0, of_binary: vec![0; tables.binaries.len()], count: 0 };
    samples.for_each_batch(&mut |batch| {
        for sample in batch {
            let stack = sample.stack as usize;
            leaves.count += sample.count;
            leaves.unsymbolized += if nameless[stack] { sample.count } else { 0 };
            if let Some(binary) = tables.frames[tables.stacks[stack].frame as usize].binary {
                leaves.of_binary[binary as usize] += sample.count;
            }
        }
        Ok(())
    })?;
    Ok(leaves)
}

/// What is missing of the binaries that matter becomes a note, that of the hottest first. The
/// table `binaries` says it of all.
fn note_missing(meta: &mut Meta, tables: &Tables, leaves: &Leaves) {
    let mut hot: Vec<_> = tables.binaries.iter().zip(&leaves.of_binary).collect();
    hot.retain(|(_, samples)| **samples * NOTED_SHARE >= leaves.count);
    hot.sort_by_key(|(_, samples)| -**samples);
    for sentence in hot.iter().filter_map(|(binary, _)| binary.missing.as_ref()) {
        if !meta.notes.contains(sentence) {
            meta.notes.push(sentence.clone());
        }
    }
}

/// A binary is noted if one sample in this many falls into it.
const NOTED_SHARE: i64 = 20;

/// `CLOCK_MONOTONIC`, nanoseconds.
fn monotonic() -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the out-parameter is valid for writes.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}
