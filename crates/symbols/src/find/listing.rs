//! The files below the folders that a user names, by build id and by name.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::identity::build_id;

/// Files and folders that are looked at: a folder with more was not meant.
pub(super) const MOST_FILES: usize = 100_000;
/// Folders inside folders that are entered; links to folders are not followed, so there are no cycles.
const DEEPEST: usize = 24;
/// Files of one name that are kept.
const MOST_OF_A_NAME: usize = 4096;

/// Files by what they may be asked for.
#[derive(Default)]
pub(super) struct Listing {
    by_id: HashMap<String, Vec<PathBuf>>,
    by_name: HashMap<String, Vec<PathBuf>>,
    left: usize,
    /// Whether there were more files than are looked at.
    pub(super) is_cut: bool,
}

impl Listing {
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        Self::of_at_most(MOST_FILES, paths)
    }

    fn of_at_most(most: usize, paths: &[PathBuf]) -> Self {
        let mut listing = Listing { left: most, ..Listing::default() };
        for path in paths {
            listing.add(path, 0);
        }
        listing
    }

    pub(super) fn with_id(&self, id: &str) -> &[PathBuf] {
        self.by_id.get(id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn named(&self, name: &str) -> &[PathBuf] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, path: &Path, depth: usize) {
        let Ok(about) = fs::metadata(path) else { return };
        self.left = self.left.saturating_sub(1);
        // Files of no length are no debug info; reading those of `/proc` may wait for ever.
        if about.is_file() && about.len() > 0 {
            self.add_file(path);
        } else if about.is_dir() && depth < DEEPEST {
            self.add_folder(path, depth);
        }
    }

    fn add_folder(&mut self, path: &Path, depth: usize) {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        // By name, so that the same folders give the same choice.
        let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
        entries.sort_unstable();
        for entry in entries {
            let linked_folder = entry.is_symlink() && entry.is_dir();
            self.is_cut |= self.left == 0;
            if self.left > 0 && !linked_folder {
                self.add(&entry, depth + 1);
            }
        }
    }

    fn add_file(&mut self, path: &Path) {
        if let Some(id) = File::open(path).ok().and_then(|file| build_id(&file)) {
            keep(&mut self.by_id, id, path);
        }
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            keep(&mut self.by_name, name.to_owned(), path);
        }
    }
}

fn keep(map: &mut HashMap<String, Vec<PathBuf>>, key: String, path: &Path) {
    let paths = map.entry(key).or_default();
    if paths.len() < MOST_OF_A_NAME {
        paths.push(path.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_too_much_in_it_is_cut_and_says_so() {
        let folder = tempfile::tempdir().expect("the folder is writable");
        for name in ["a", "b", "c"] {
            fs::write(folder.path().join(name), b"some bytes").expect("the folder is writable");
        }
        let of = |most| Listing::of_at_most(most, &[folder.path().to_owned()]);
        // The folder itself counts too.
        assert!(!of(4).is_cut && of(4).named("c").len() == 1);
        assert!(of(3).is_cut && of(3).named("c").is_empty() && of(3).named("b").len() == 1);
    }

    #[test]
    fn a_file_of_no_length_is_left_out() {
        // One that would say `is not permitted` or wait when it is read: the kernel's are all of this length.
        let folder = tempfile::tempdir().expect("the folder is writable");
        fs::write(folder.path().join("empty"), b"").expect("the folder is writable");
        assert!(Listing::of(&[folder.path().to_owned()]).named("empty").is_empty());
    }
}
