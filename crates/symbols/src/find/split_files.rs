//! The files of split units, opened when an address falls into one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use elsa::sync::FrozenVec;

use super::accept::{open, parsed};
use super::bundle::Part;
use super::{Search, Subject};
use crate::dwarf::{DebugSections, SplitFiles, SplitUnit};
use crate::missing;
use crate::provider::Bytes;

/// The bytes of the files; they outlive the sections.
#[derive(Default)]
pub(super) struct SplitBytes(FrozenVec<Arc<Bytes>>);

/// The files of a binary's split units.
pub(super) struct SplitArena<'b> {
    search: &'b Search,
    subject: Subject<'b>,
    holder: &'b Path,
    bytes: &'b SplitBytes,
    sections: FrozenVec<Box<DebugSections<'b>>>,
    state: Mutex<State>,
}

/// A file with split units: its row in `sections`, and its bytes.
type SplitFile = (usize, Arc<Bytes>);

#[derive(Default)]
struct State {
    /// Whether the file has split units.
    opened: HashMap<PathBuf, bool>,
    /// The files, by the units that they hold.
    units: HashMap<u64, SplitFile>,
    refused: Vec<String>,
    used: Vec<(Part, Arc<Bytes>)>,
}

impl<'b> SplitArena<'b> {
    pub(super) fn new(
        search: &'b Search,
        subject: Subject<'b>,
        holder: &'b Path,
        bytes: &'b SplitBytes,
    ) -> Self {
        SplitArena { search, subject, holder, bytes, sections: FrozenVec::new(), state: Mutex::default() }
    }

    /// What was used, and what does not fit.
    pub(super) fn finish(self) -> (Vec<(Part, Arc<Bytes>)>, Vec<String>) {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        (state.used, state.refused)
    }

    /// The file with a unit; each is read once, whatever it holds. Projects have many files of one name: only where
    /// none of them holds the unit is one of them worth a word.
    fn find(&self, wanted: &SplitUnit, state: &mut State) -> Option<SplitFile> {
        let mut stranger = None;
        for path in self.search.split_candidates(self.holder, &wanted.directory, &wanted.name) {
            let has_units = self.is_read(&path, state);
            if let Some(found) = state.units.get(&wanted.id.0) {
                return Some(found.clone());
            }
            stranger = stranger.or(has_units.then_some(path));
        }
        let reason = "it does not hold the unit that the binary names";
        let sentence = missing::refused(&stranger?, self.subject.path, reason);
        if !state.refused.contains(&sentence) {
            state.refused.push(sentence);
        }
        None
    }

    /// Reads a file if that was not done before; true if it has split units.
    fn is_read(&self, path: &Path, state: &mut State) -> bool {
        if let Some(&known) = state.opened.get(path) {
            return known;
        }
        let Some(opened) = open(path) else { return false };
        let loaded = opened.and_then(|bytes| {
            let bytes = Arc::new(bytes);
            Ok((self.load(Arc::clone(&bytes))?, bytes))
        });
        state.opened.insert(path.to_owned(), loaded.is_ok());
        match loaded {
            Ok(file) => {
                let units = self.sections.get(file.0).map(DebugSections::split_ids).unwrap_or_default();
                for id in units {
                    state.units.entry(id.0).or_insert_with(|| file.clone());
                }
                true
            }
            Err(reason) => {
                state.refused.push(missing::refused(path, self.subject.path, &reason));
                false
            }
        }
    }

    fn load(&self, bytes: Arc<Bytes>) -> Result<usize, String> {
        let row = self.bytes.0.push_get_index(bytes);
        let bytes: &'b [u8] = &self.bytes.0.get(row).ok_or("it cannot be kept")?[..];
        let sections = DebugSections::load_split(&parsed(bytes)?).ok_or("it has no split debug info")?;
        Ok(self.sections.push_get_index(Box::new(sections)))
    }

    fn holding(&self, row: usize, wanted: &SplitUnit) -> Option<&DebugSections<'b>> {
        self.sections.get(row).filter(|sections| sections.holds(wanted.id))
    }

    fn bundled(&self, wanted: &SplitUnit) -> Option<&DebugSections<'b>> {
        let bytes = self.search.bundle.as_ref()?.part(self.subject.id?, Part::Split(wanted.id.0))?;
        self.holding(self.load(bytes).ok()?, wanted)
    }
}

impl SplitFiles for SplitArena<'_> {
    fn sections(&self, wanted: &SplitUnit) -> Option<&DebugSections<'_>> {
        if let Some(found) = self.bundled(wanted) {
            return Some(found);
        }
        // Nothing below here may wait for other threads: they may wait for this lock.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (row, bytes) = self.find(wanted, &mut state)?;
        state.used.push((Part::Split(wanted.id.0), bytes));
        self.sections.get(row)
    }
}
