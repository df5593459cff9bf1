//! From a journal to a symbolized `.pyro` file.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use pyo3::prelude::*;
use pyrometer_sampler::Source;
use pyrometer_symbols::find::{Search, Wanted};
use pyrometer_symbols::generated::{Named, apply_names};
use pyrometer_symbols::{BinaryProvider, Files, Symbolized, symbolize};
use pyrometer_tables::Profile;
use pyrometer_tables::journal::Journal;
use pyrometer_tables::meta::Meta;
use pyrometer_tables::samples::{Renumbered, SampleSource};
use pyrometer_tables::schema::Tables;

use crate::carried::{Carried, attachments};
use crate::error::Result;
use crate::forked::in_parallel;
use crate::profile::Profile as OpenProfile;

/// Where symbols are kept and looked for, and where the sources of Rust's library are.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    pub(crate) cache: Option<PathBuf>,
    pub(crate) sysroots: Vec<PathBuf>,
    pub(crate) debug_paths: Vec<PathBuf>,
    pub(crate) sysroot: Option<PathBuf>,
    pub(crate) downloads: Option<PathBuf>,
    /// Whether the profile shall carry the debug info.
    pub(crate) bundle: bool,
    /// Sentences for the profile's notes.
    pub(crate) notes: Vec<String>,
}

impl Options {
    pub(crate) fn of(&self, tables: &Tables) -> symbolize::Options {
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
            search: self.search(),
            keep_files: self.bundle,
            ..symbolize::Options::default()
        }
    }

    /// Where files may lie.
    pub(crate) fn search(&self) -> Search {
        Search {
            debug_paths: self.debug_paths.clone(),
            sysroot: self.sysroot.clone(),
            downloads: self.downloads.clone(),
            ..Search::default()
        }
    }

    /// The same, with what a profile carries.
    fn with(&self, profile: &Profile) -> symbolize::Options {
        let mut options = self.of(profile.tables());
        options.search.bundle = Some(Arc::new(Carried(profile.attachments().clone())));
        options
    }
}

/// Symbolizes a journal and writes the profile. `ended`: when the program ended.
pub fn finish_journal(
    journal: &Path,
    output: &Path,
    binaries: &dyn BinaryProvider,
    named: &[Named],
    ended: Option<Instant>,
    options: &Options,
) -> Result<Profile> {
    let Finished { journal, mut meta, symbolized } = symbolized(journal, binaries, named, options)?;
    let Symbolized { tables, stacks, files, .. } = symbolized;
    let samples = Renumbered { samples: &journal, stacks: &stacks };
    meta.recorder.finish_time = ended.map_or(0, nanoseconds_since);
    Ok(Profile::write(output, meta, tables, &samples, &attachments(&files))?)
}

/// What was held open, by row of `binaries`.
pub fn files(sources: Vec<Source>) -> Files {
    let mut files = Files::default();
    for (row, source) in sources.into_iter().enumerate() {
        match source {
            Source::File(file) => files.insert(row, file),
            Source::Bytes(bytes) => files.insert_image(row, bytes.to_vec()),
            Source::None => {}
        }
    }
    files
}

/// The same, in memory: of a journal that was made of another tool's file.
pub fn finish_in_memory(
    journal: &Path,
    binaries: &dyn BinaryProvider,
    named: &[Named],
    options: &Options,
) -> Result<Profile> {
    let Finished { journal, meta, symbolized } = symbolized(journal, binaries, named, options)?;
    let Symbolized { tables, stacks, .. } = symbolized;
    let mut samples = Vec::with_capacity(usize::try_from(journal.sample_count()).unwrap_or(0));
    Renumbered { samples: &journal, stacks: &stacks }.for_each_batch(&mut |batch| {
        samples.extend_from_slice(batch);
        Ok(())
    })?;
    drop((stacks, journal));
    Ok(Profile::from_parts(meta, tables, samples)?)
}

/// A journal, whose samples are still those of the stacks before, with its names.
struct Finished {
    journal: Journal,
    meta: Meta,
    symbolized: Symbolized,
}

fn symbolized(
    journal: &Path,
    binaries: &dyn BinaryProvider,
    named: &[Named],
    options: &Options,
) -> Result<Finished> {
    let mut journal = Journal::open(journal)?;
    let mut meta = std::mem::take(&mut journal.meta);
    let mut tables = std::mem::take(&mut journal.tables);
    apply_names(&mut tables, named);
    let said = options.notes.clone();
    let options = options.of(&tables);
    let symbolized = in_parallel(|| symbolize::symbolize(&meta, tables, binaries, &options));
    let Symbolized { tables, stacks, notes, .. } = &symbolized;
    let leaves = leaves(tables, &Renumbered { samples: &journal, stacks })?;
    meta.quality.unsymbolized = leaves.unsymbolized_of(meta.quality.samples);
    note_missing(&mut meta, tables, &leaves, said.into_iter().chain(notes.iter().cloned()));
    Ok(Finished { journal, meta, symbolized })
}

/// Looks the names of a finished profile up again, and writes it to `output`.
fn finish_again(profile: &Profile, output: &Path, options: &Options) -> Result<Profile> {
    let (mut meta, tables) = (profile.meta.clone(), profile.tables().clone());
    // What was missing then may be there now.
    let stale = std::mem::take(&mut meta.symbol_notes);
    meta.notes.retain(|note| !stale.contains(note));
    let Symbolized { tables, stacks, notes, files } =
        in_parallel(|| symbolize::resymbolize(&meta, tables, &Files::default(), &options.with(profile)));
    let samples = Renumbered { samples: profile, stacks: &stacks };
    let leaves = leaves(&tables, &samples)?;
    meta.quality.unsymbolized = leaves.unsymbolized_of(meta.quality.samples);
    let said = options.notes.iter().cloned().chain(notes);
    note_missing(&mut meta, &tables, &leaves, said);
    let mut carried = attachments(&files);
    carried.extend(profile.attachments().others(&carried));
    Ok(Profile::write(output, meta, tables, &samples, &carried)?)
}

/// Looks names up again with files that may not have been there before.
#[pyfunction]
pub fn resymbolize(
    py: Python<'_>,
    profile: &Bound<'_, OpenProfile>,
    output: PathBuf,
    options: Options,
) -> PyResult<OpenProfile> {
    let profile = Arc::clone(&profile.get().0);
    Ok(OpenProfile::new(py.detach(|| finish_again(&profile, &output, &options))?))
}

/// Build id and path of the binaries whose debug info is not here: what a server may have.
#[pyfunction]
pub fn wanted(
    py: Python<'_>,
    profile: &Bound<'_, OpenProfile>,
    options: Options,
) -> PyResult<Vec<(String, String)>> {
    let profile = Arc::clone(&profile.get().0);
    let found = || symbolize::wanted(profile.tables(), &Files::default(), &options.with(&profile));
    Ok(py.detach(|| pairs(in_parallel(found))))
}

/// Each build id once.
pub(crate) fn pairs(mut wanted: Vec<Wanted>) -> Vec<(String, String)> {
    wanted.sort_by(|a, b| (&a.build_id, &a.path).cmp(&(&b.build_id, &b.path)));
    wanted.dedup_by(|a, b| a.build_id == b.build_id);
    wanted.into_iter().map(|wanted| (wanted.build_id, wanted.path)).collect()
}

/// Symbolizes an interrupted recording into `output`; the recording stays as it is.
#[pyfunction]
pub fn recover(py: Python<'_>, journal: PathBuf, output: PathBuf, options: Options) -> PyResult<OpenProfile> {
    let finish = || finish_journal(&journal, &output, &Files::default(), &[], None, &options);
    Ok(OpenProfile::new(py.detach(finish)?))
}

fn nanoseconds_since(ended: Instant) -> i64 {
    i64::try_from(ended.elapsed().as_nanos()).unwrap_or(i64::MAX)
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

impl Leaves {
    /// As many of the samples of a profile as of the values here: a sample may have one of several metrics each.
    fn unsymbolized_of(&self, samples: i64) -> i64 {
        if samples >= self.count {
            return self.unsymbolized;
        }
        let share = i128::from(self.unsymbolized) * i128::from(samples) / i128::from(self.count.max(1));
        i64::try_from(share).unwrap_or(i64::MAX)
    }
}

/// What is missing of the binaries that matter becomes a note, that of the hottest first. The
/// table `binaries` says it of all.
fn note_missing(meta: &mut Meta, tables: &Tables, leaves: &Leaves, said: impl Iterator<Item = String>) {
    let mut hot: Vec<_> = tables.binaries.iter().zip(&leaves.of_binary).collect();
    hot.retain(|(_, samples)| **samples * NOTED_SHARE >= leaves.count);
    hot.sort_by_key(|(_, samples)| -**samples);
    let missing = hot.iter().filter_map(|(binary, _)| binary.missing.clone());
    for sentence in missing.chain(said) {
        if !meta.notes.contains(&sentence) {
            meta.notes.push(sentence.clone());
            meta.symbol_notes.push(sentence);
        }
    }
}

/// A binary is noted if one sample in this many falls into it.
const NOTED_SHARE: i64 = 100;
