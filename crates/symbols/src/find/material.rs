//! The files of one binary: itself, its debug info, and what that shares with others.

use std::path::Path;
use std::sync::Arc;

use object::Object;

use super::accept::{FoundFile, Proof, check, open, parsed};
use super::bundle::Part;
use super::candidates::{Candidate, Sought};
use super::{Origin, Search, Subject};
use crate::elf::ElfImage;
use crate::identity::{build_id, hex, identify};
use crate::missing;
use crate::provider::Bytes;

/// Sentences about refused files that are kept of one binary.
pub(super) const MOST_REFUSED: usize = 16;

/// The files of one binary that hold code and debug info.
pub struct Material {
    pub(super) path: String,
    /// What it was recorded as.
    pub(super) id: Option<String>,
    /// The binary, or what stands for it.
    pub(crate) image: Arc<Bytes>,
    /// Where that was found, if not at its own path.
    pub(super) image_from: Option<(Origin, String)>,
    /// Its separate debug info, if it has none itself.
    pub(super) debug: Option<FoundFile>,
    pub(super) supplementary: Option<FoundFile>,
    /// Name of the supplementary file, if that was not found.
    pub(super) lacks_shared: Option<String>,
    /// Files that were found and do not fit, one sentence each.
    pub refused: Vec<String>,
    /// Files that a debuginfod server may have.
    pub wanted: Vec<Wanted>,
}

/// A file that is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The build id that it is known by.
    pub build_id: String,
    /// The binary whose debug info it is.
    pub path: String,
}

impl Wanted {
    /// The debug info of a binary; none if its id is no build id.
    pub fn of(id: Option<&str>, path: &str) -> Option<Self> {
        let id = id.filter(|id| !id.starts_with("fallback-"))?;
        Some(Wanted { build_id: id.to_owned(), path: path.to_owned() })
    }
}

impl Material {
    /// Looks for the files of `subject`; `image` are its own bytes, or why there are none. An error is
    /// one sentence for a person: nothing was found that has its names.
    pub fn gather(
        search: &Search,
        subject: &Subject<'_>,
        image: Result<Bytes, String>,
    ) -> Result<Self, String> {
        let mut refused = Vec::new();
        let mut gathering = Gathering { search, subject, refused: &mut refused };
        let (image, image_from) = match image.and_then(|bytes| gathering.checked(bytes)) {
            Ok(bytes) => (Arc::new(bytes), None),
            Err(reason) => match gathering.image_elsewhere() {
                Some(found) => (found.bytes, Some((found.origin, found.path))),
                None => return Err(with_refused(reason, refused)),
            },
        };
        // What was recorded without an id is taken for what lies at its path, and has the debug info of that.
        let own = subject.id.is_none().then(|| build_id(&image[..])).flatten();
        let found = Subject { path: subject.path, id: subject.id.or(own.as_deref()) };
        let mut gathering = Gathering { search, subject: &found, refused: &mut refused };
        let debug = gathering.debug_of(&image);
        let supplementary = gathering.supplementary_of(&image, debug.as_ref());
        let holder = debug.as_ref().map_or(&image, |file| &file.bytes);
        let lacks = supplementary_link(holder).filter(|_| supplementary.is_none());
        let wanted = gathering.wanted(holder, lacks.as_ref().map(|(_, id)| id.as_str()));
        refused.truncate(MOST_REFUSED);
        refused.extend(search.cut_listing().filter(|_| !wanted.is_empty()));
        let lacks_shared = lacks.map(|(name, _)| String::from_utf8_lossy(&name).into_owned());
        let (path, id) = (subject.path.to_owned(), subject.id.map(str::to_owned));
        Ok(Material { path, id, image, image_from, debug, supplementary, lacks_shared, refused, wanted })
    }

    /// The file with its separate debug info.
    pub fn debug_file(&self) -> Option<&str> {
        self.debug.as_ref().map(|file| file.path.as_str())
    }

    /// True if its debug info refers to a file that was not found.
    pub fn lacks_shared(&self) -> bool {
        self.lacks_shared.is_some()
    }

    /// Which files were found and what each tells, in a word: as long as it stays the same, so do the names.
    ///
    /// A binary that was stripped has the build id of what it was.
    pub fn fingerprint(&self) -> String {
        let of_file = |file: &FoundFile| {
            format!("{}:{}{}", file.origin.as_str(), file.path, sources_of_names(&file.bytes))
        };
        let from = self.image_from.iter().map(|(origin, path)| format!("{}:{path}", origin.as_str()));
        let image = format!("{}{}", from.collect::<String>(), sources_of_names(&self.image));
        let others = self.debug.iter().chain(&self.supplementary).map(of_file);
        std::iter::once(image).chain(others).collect::<Vec<_>>().join(" ")
    }

    /// The path that files beside the debug info are named after.
    pub(super) fn holder(&self) -> &Path {
        let found = self.debug.as_ref().map(|file| file.path.as_str());
        let elsewhere = self.image_from.as_ref().map(|(_, path)| path.as_str());
        Path::new(found.or(elsewhere).unwrap_or(&self.path))
    }
}

fn with_refused(reason: String, refused: Vec<String>) -> String {
    match refused.is_empty() {
        true => reason,
        false => format!("{reason}; {}", refused.join("; ")),
    }
}

/// The search for the files of one binary.
struct Gathering<'g> {
    search: &'g Search,
    subject: &'g Subject<'g>,
    refused: &'g mut Vec<String>,
}

impl Gathering<'_> {
    /// The build id, if it is one and no hash of ours.
    fn id(&self) -> Option<&str> {
        self.subject.id.filter(|id| !id.starts_with("fallback-"))
    }

    /// The bytes at the binary's own path, if they are what was recorded.
    fn checked(&mut self, bytes: Bytes) -> Result<Bytes, String> {
        let path = self.subject.path;
        let Some(recorded) = self.subject.id else { return Ok(bytes) };
        let found = identify(&bytes[..]).map_err(|error| format!("{path}: {error}"))?;
        match found == recorded {
            true => Ok(bytes),
            false => Err(missing::mismatch(path, recorded, &found)),
        }
    }

    /// The binary from elsewhere; else its debug info, which has its names too.
    fn image_elsewhere(&mut self) -> Option<FoundFile> {
        let bundled = self.bundled(Part::Image).or_else(|| self.bundled(Part::Debug));
        bundled.or_else(|| {
            let binary = Path::new(self.subject.path);
            let Some(id) = self.id().map(str::to_owned) else {
                let images = self.search.image_candidates(&Sought { binary, id: None, link: None });
                return self.first(images, Proof::Code(self.subject.id?), |_| true);
            };
            let sought = Sought { binary, id: Some(&id), link: None };
            let images = self.search.image_candidates(&sought);
            let debug = self.search.debug_candidates(&sought);
            self.first(images.into_iter().chain(debug), Proof::Id(&id), |_| true)
        })
    }

    /// Separate debug info; none if the binary has its own, or there is none.
    fn debug_of(&mut self, image: &Bytes) -> Option<FoundFile> {
        let image = ElfImage::parse(image).ok()?;
        if has_debug_info(&image) {
            return None;
        }
        for part in [Part::Debug, Part::Image] {
            let bundled = self.bundled(part);
            if let Some(found) =
                bundled.filter(|found| parsed(&found.bytes).is_ok_and(|image| has_debug_info(&image)))
            {
                return Some(found);
            }
        }
        let link = image.file.gnu_debuglink().ok().flatten();
        let id = self.id().map(str::to_owned);
        let proof = match (&id, link) {
            (Some(id), _) => Proof::Id(id),
            (None, Some((_, checksum))) => Proof::Checksum(checksum),
            (None, None) => return None,
        };
        let binary = Path::new(self.subject.path);
        let sought = Sought { binary, id: id.as_deref(), link: link.map(|(name, _)| name) };
        let candidates = self.search.debug_candidates(&sought);
        // One with names alone is better than nothing, but lines may still be found.
        let best = self.first(candidates.iter().cloned(), proof, has_debug_info);
        let stripped = !image.has_section(".symtab");
        best.or_else(|| {
            stripped.then(|| self.first(candidates, proof, |image| image.has_section(".symtab")))?
        })
    }

    /// What the file with the debug info shares with others.
    fn supplementary_of(&mut self, image: &Bytes, debug: Option<&FoundFile>) -> Option<FoundFile> {
        let (holder, bytes) = match debug {
            Some(file) => (file.path.as_str(), &*file.bytes),
            None => (self.subject.path, image),
        };
        let (link, id) = supplementary_link(bytes)?;
        let bundled = self.bundled(Part::Supplementary);
        bundled.filter(|found| check(&found.bytes, Proof::Id(&id)).is_ok()).or_else(|| {
            let candidates = self.search.supplementary_candidates(Path::new(holder), &link, &id);
            self.first(candidates, Proof::Id(&id), has_debug_info)
        })
    }

    /// What servers may have, for debug info in `holder` that lacks a supplementary file.
    fn wanted(&self, holder: &Bytes, lacks: Option<&str>) -> Vec<Wanted> {
        let has_lines = ElfImage::parse(holder).is_ok_and(|image| has_debug_info(&image));
        let ids = self.id().filter(|_| !has_lines).into_iter().chain(lacks);
        ids.filter_map(|id| Wanted::of(Some(id), self.subject.path)).collect()
    }

    /// The first file that fits and that `is_useful`; what does not fit is noted.
    fn first(
        &mut self,
        candidates: impl IntoIterator<Item = Candidate>,
        proof: Proof<'_>,
        is_useful: impl Fn(&ElfImage<'_>) -> bool,
    ) -> Option<FoundFile> {
        for (origin, path) in candidates {
            let Some(opened) = open(&path) else { continue };
            let checked = opened.and_then(|bytes| check(&bytes, proof).map(|()| bytes));
            match checked {
                Ok(bytes) if parsed(&bytes).is_ok_and(|image| is_useful(&image)) => {
                    let path = path.to_string_lossy().into_owned();
                    return Some(FoundFile { origin, path, bytes: Arc::new(bytes) });
                }
                Ok(_) => {}
                Err(reason) => self.refuse(&path, &reason),
            }
        }
        None
    }

    fn refuse(&mut self, path: &Path, reason: &str) {
        let sentence = missing::refused(path, self.subject.path, reason);
        if !self.refused.contains(&sentence) {
            self.refused.push(sentence);
        }
    }

    fn bundled(&self, part: Part) -> Option<FoundFile> {
        let bytes = self.search.bundle.as_ref()?.part(self.subject.id?, part)?;
        // What was recorded without a build id cannot be proved: its code is not carried.
        let is_its_own = match (part, self.id()) {
            (Part::Image | Part::Debug, Some(id)) => check(&bytes, Proof::Id(id)).is_ok(),
            _ => true,
        };
        is_its_own.then(|| FoundFile { origin: Origin::Bundle, path: self.subject.path.to_owned(), bytes })
    }
}

fn has_debug_info(image: &ElfImage<'_>) -> bool {
    image.has_section(".debug_info") || image.has_section(".zdebug_info")
}

/// The sections of a file that name code.
fn sources_of_names(bytes: &[u8]) -> String {
    let Ok(image) = ElfImage::parse(bytes) else { return String::new() };
    let of_names = [".debug_info", ".zdebug_info", ".symtab", ".gnu_debugdata"];
    of_names.into_iter().filter(|name| image.has_section(name)).collect()
}

/// Name and build id of the supplementary file.
fn supplementary_link(bytes: &[u8]) -> Option<(Vec<u8>, String)> {
    let image = ElfImage::parse(bytes).ok()?;
    let (name, id) = image.file.gnu_debugaltlink().ok()??;
    Some((name.to_vec(), hex(id)))
}
