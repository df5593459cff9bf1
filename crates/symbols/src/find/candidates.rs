//! Where a file may lie: paths only, nothing is opened.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::{Origin, Search};

/// A path to try.
pub(super) type Candidate = (Origin, PathBuf);

/// What is known about the file that is looked for.
pub(super) struct Sought<'a> {
    /// Path of the binary it belongs to.
    pub(super) binary: &'a Path,
    /// Its build id, which the binary has too.
    pub(super) id: Option<&'a str>,
    /// The name that the binary gives it (`.gnu_debuglink`).
    pub(super) link: Option<&'a [u8]>,
}

impl Search {
    /// Paths of a binary's separate debug info, best first.
    pub(super) fn debug_candidates(&self, sought: &Sought<'_>) -> Vec<Candidate> {
        let mut found = Vec::new();
        if let Some(link) = sought.link {
            let near = self.linked(sought.binary, link);
            found.extend(near.into_iter().map(|path| (Origin::DebugLink, path)));
        }
        if let Some(id) = sought.id {
            let roots = self.system.iter();
            found.extend(roots.filter_map(|root| Some((Origin::BuildId, by_id(root, id)?))));
        }
        found.extend(self.of_user(sought).into_iter().map(|path| (Origin::DebugPath, path)));
        found.extend(self.below_sysroot(sought).into_iter().map(|path| (Origin::Sysroot, path)));
        found.extend(sought.id.and_then(|id| self.downloaded(id)).map(|path| (Origin::Debuginfod, path)));
        // Following its own link, a binary can find itself.
        found.retain(|(_, path)| path != sought.binary);
        found
    }

    /// Paths of the binary itself, where it is not at its own path.
    pub(super) fn image_candidates(&self, sought: &Sought<'_>) -> Vec<Candidate> {
        let mut found: Vec<Candidate> =
            self.of_user(sought).into_iter().map(|path| (Origin::DebugPath, path)).collect();
        if let Some(root) = &self.sysroot {
            found.push((Origin::Sysroot, below(root, sought.binary)));
        }
        // Its own link, or a path that leads back to it.
        found.retain(|(_, path)| path != sought.binary);
        if let (Some(folder), Some(id)) = (&self.downloads, sought.id.filter(|id| is_id(id))) {
            found.push((Origin::Debuginfod, folder.join(id).join("executable")));
        }
        found
    }

    /// Paths of the supplementary file that a file with debug info at `holder` names.
    pub(super) fn supplementary_candidates(&self, holder: &Path, link: &[u8], id: &str) -> Vec<Candidate> {
        let link = path_of(link);
        let folder = holder.parent().unwrap_or(Path::new("/"));
        // Its path is relative to the file where that really lies.
        let real = std::fs::canonicalize(holder).ok();
        let real_folder = real.as_deref().and_then(Path::parent).unwrap_or(folder);
        let mut found =
            vec![(Origin::DebugLink, folder.join(&link)), (Origin::DebugLink, real_folder.join(&link))];
        found.dedup();
        found.extend(self.system.iter().filter_map(|root| Some((Origin::BuildId, by_id(root, id)?))));
        let name = link.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let listing = self.listing();
        let users = listing.with_id(id).iter().chain(listing.named(name));
        found.extend(users.map(|path| (Origin::DebugPath, path.clone())));
        if let Some(root) = &self.sysroot {
            found.push((Origin::Sysroot, below(root, &folder.join(&link))));
            found.extend(
                by_id(&below(root, Path::new(super::SYSTEM)), id).map(|path| (Origin::Sysroot, path)),
            );
        }
        found.extend(self.downloaded(id).map(|path| (Origin::Debuginfod, path)));
        found
    }

    /// Paths of the package of split units that belongs to the binary, whose debug info is at `holder`.
    pub(super) fn package_candidates(&self, holder: &Path, binary: &Path) -> Vec<Candidate> {
        // Separate debug info may lie far from the binary, and the package beside either.
        let holders = [holder, binary].into_iter();
        let mut names: Vec<PathBuf> =
            holders.flat_map(|holder| [with_suffix(holder, ".dwp"), holder.with_extension("dwp")]).collect();
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let mut found: Vec<Candidate> = names.iter().map(|path| (Origin::DebugLink, path.clone())).collect();
        for name in names.iter().filter_map(|path| path.file_name()?.to_str()) {
            let users = self.listing().named(name);
            found.extend(users.iter().map(|path| (Origin::DebugPath, path.clone())));
        }
        if let Some(root) = &self.sysroot {
            found.extend(names.iter().map(|path| (Origin::Sysroot, below(root, path))));
        }
        found
    }

    /// Paths of the file of one split unit, which the compiler calls `name` in `directory`.
    pub(super) fn split_candidates(&self, holder: &Path, directory: &str, name: &str) -> Vec<PathBuf> {
        let named = Path::new(directory).join(name);
        let last = named.file_name().map(PathBuf::from).unwrap_or_default();
        let folder = holder.parent().unwrap_or(Path::new("/"));
        let mut found =
            vec![named.clone(), folder.join(name), folder.join(&last), folder.join("deps").join(&last)];
        let mut users: Vec<_> =
            last.to_str().into_iter().flat_map(|last| self.listing().named(last)).cloned().collect();
        // A project that was moved has its folders still.
        users.sort_by_key(|path| Reverse(common_end(path, &named)));
        found.extend(users);
        found.extend(self.sysroot.as_ref().map(|root| below(root, &named)));
        found.dedup();
        found
    }

    /// Debuggers look beside the binary, in a folder there, and below the system's.
    fn linked(&self, binary: &Path, link: &[u8]) -> Vec<PathBuf> {
        let link = path_of(link);
        let Some(name) = link.file_name() else { return Vec::new() };
        let folder = binary.parent().unwrap_or(Path::new("/"));
        let mut found = vec![folder.join(name), folder.join(".debug").join(name)];
        found.extend(self.system.iter().map(|root| below(root, &folder.join(name))));
        found
    }

    fn of_user(&self, sought: &Sought<'_>) -> Vec<PathBuf> {
        let listing = self.listing();
        let known = sought.id.map_or(&[][..], |id| listing.with_id(id));
        if !known.is_empty() {
            return known.to_vec();
        }
        // Of the right name: what does not fit is worth a word then.
        let link = sought.link.map(path_of);
        let link = link.as_deref().and_then(Path::file_name).and_then(OsStr::to_str);
        let own = sought.binary.file_name().and_then(OsStr::to_str);
        let with_debug = own.map(|own| format!("{own}.debug"));
        let names = link.into_iter().chain(own).chain(with_debug.as_deref());
        names.flat_map(|name| listing.named(name)).cloned().collect()
    }

    fn below_sysroot(&self, sought: &Sought<'_>) -> Vec<PathBuf> {
        let Some(root) = &self.sysroot else { return Vec::new() };
        let there = Search { system: vec![below(root, Path::new(super::SYSTEM))], ..Search::default() };
        let binary = below(root, sought.binary);
        let mut found: Vec<_> = sought.link.map_or(Vec::new(), |link| {
            let mut near = there.linked(&binary, link);
            let folder = sought.binary.parent().unwrap_or(Path::new("/"));
            near.extend(path_of(link).file_name().map(|name| below(&there.system[0], &folder.join(name))));
            near
        });
        found.extend(sought.id.and_then(|id| by_id(&there.system[0], id)));
        found.push(binary);
        found
    }

    fn downloaded(&self, id: &str) -> Option<PathBuf> {
        let folder = self.downloads.as_ref().filter(|_| is_id(id))?;
        Some(folder.join(id).join("debuginfo"))
    }
}

/// `ROOT/.build-id/ab/cdef.debug`.
fn by_id(root: &Path, id: &str) -> Option<PathBuf> {
    let (folder, name) = id.split_at_checked(2).filter(|_| is_id(id))?;
    Some(root.join(".build-id").join(folder).join(format!("{name}.debug")))
}

/// An id becomes a part of a path.
fn is_id(id: &str) -> bool {
    id.len() > 2 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `path` as if `root` were the root.
fn below(root: &Path, path: &Path) -> PathBuf {
    let inside = path.components().filter(|part| matches!(part, Component::Normal(_)));
    inside.fold(root.to_owned(), |folder, part| folder.join(part))
}

/// How many of the last names of two paths are the same.
fn common_end(one: &Path, other: &Path) -> usize {
    one.components().rev().zip(other.components().rev()).take_while(|(one, other)| one == other).count()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}
