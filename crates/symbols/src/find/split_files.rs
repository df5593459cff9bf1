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

#[derive(Default)]
struct State {
    /// Row in `sections` and the bytes; none if the file cannot be used.
    opened: HashMap<PathBuf, Option<(usize, Arc<Bytes>)>>,
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

    /// The sections of a file, read once.
    fn at_path(&self, path: &Path, state: &mut State) -> Option<(usize, Arc<Bytes>)> {
        if let Some(known) = state.opened.get(path) {
            return known.clone();
        }
        let opened = open(path)?.and_then(|bytes| {
            let bytes = Arc::new(bytes);
            Ok((self.load(Arc::clone(&bytes))?, bytes))
        });
        if let Err(reason) = &opened {
            state.refused.push(missing::refused(path, self.subject.path, reason));
        }
        let opened = opened.ok();
        state.opened.insert(path.to_owned(), opened.clone());
        opened
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
        for path in self.search.split_candidates(self.holder, &wanted.directory, &wanted.name) {
            let Some((row, bytes)) = self.at_path(&path, &mut state) else { continue };
            if let Some(found) = self.holding(row, wanted) {
                state.used.push((Part::Split(wanted.id.0), bytes));
                return Some(found);
            }
            let reason = "it does not hold the unit that the binary names";
            let sentence = missing::refused(&path, self.subject.path, reason);
            if !state.refused.contains(&sentence) {
                state.refused.push(sentence);
            }
        }
        None
    }
}
