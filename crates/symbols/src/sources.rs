//! Paths of the Rust library as the compiler's builders saw them, turned into installed ones.
//!
//! Debug info of `std` says `/rustc/<commit>/library/core/src/…`. The component `rust-src` puts the
//! same files under `<sysroot>/lib/rustlib/src/rust/library`, those of the compiler under
//! `<sysroot>/lib/rustlib/rustc-src/rust/compiler`.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

/// Where a toolchain keeps the sources, below its sysroot.
const ROOTS: [&str; 2] = ["lib/rustlib/src/rust", "lib/rustlib/rustc-src/rust"];

/// The installed file that `path` means, in the first of `sysroots` that has it; none if `path` is
/// no path of the Rust library or no toolchain has its source.
pub fn installed_source(path: &str, sysroots: &[PathBuf]) -> Option<PathBuf> {
    let inside = library_path(path)?;
    let candidates = sysroots.iter().flat_map(|sysroot| ROOTS.map(|root| sysroot.join(root).join(inside)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// `/rustc/<commit>/library/…` to `library/…`.
fn library_path(path: &str) -> Option<&str> {
    let (commit, inside) = path.strip_prefix("/rustc/")?.split_once('/')?;
    let is_commit = !commit.is_empty()
        && commit.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let climbs = Path::new(inside).components().any(|part| part == std::path::Component::ParentDir);
    let known = inside.starts_with("library/") || inside.starts_with("compiler/");
    (is_commit && known && !climbs).then_some(inside)
}

/// [`installed_source`] for many frames: each path is looked for once.
pub(crate) struct SourceMap<'s> {
    sysroots: &'s [PathBuf],
    known: FxHashMap<String, String>,
}

impl<'s> SourceMap<'s> {
    pub(crate) fn new(sysroots: &'s [PathBuf]) -> Self {
        SourceMap { sysroots, known: FxHashMap::default() }
    }

    /// The installed path, or `path` itself.
    pub(crate) fn map(&mut self, path: &str) -> String {
        if library_path(path).is_none() {
            return path.to_owned();
        }
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let found = installed_source(path, self.sysroots);
        let mapped =
            found.and_then(|found| Some(found.to_str()?.to_owned())).unwrap_or_else(|| path.to_owned());
        self.known.insert(path.to_owned(), mapped.clone());
        mapped
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn library_paths_lead_to_the_toolchain_that_has_them() {
        let sysroot = tempfile::tempdir().expect("a temporary folder");
        let source = sysroot.path().join("lib/rustlib/src/rust/library/core/src/option.rs");
        fs::create_dir_all(source.parent().expect("it has one")).expect("folders");
        fs::write(&source, "pub enum Option<T> {}").expect("a file");
        let sysroots = [PathBuf::from("/nowhere"), sysroot.path().to_owned()];
        let commit = "59807616e1fa2540724bfbac14d7976d7e4a3860";
        let path = format!("/rustc/{commit}/library/core/src/option.rs");
        assert_eq!(installed_source(&path, &sysroots).as_deref(), Some(source.as_path()));
        let kept = [
            format!("/rustc/{commit}/library/core/src/gone.rs"),
            "/home/me/src/main.rs".into(),
            format!("/rustc/{commit}/library/../../secret"),
        ];
        let mut map = SourceMap::new(&sysroots);
        assert_eq!(kept.each_ref().map(|path| map.map(path)), kept);
        assert_eq!(map.map(&path), source.to_str().expect("UTF-8"));
    }
}
