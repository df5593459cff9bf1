//! Paths of the Rust library as the compiler's builders saw them, turned into installed ones.
//!
//! Debug info of `std` says `/rustc/<commit>/library/core/src/…`. The component `rust-src` puts the
//! same files under `<sysroot>/lib/rustlib/src/rust/library`, `rustc-dev` those of the compiler under
//! `<sysroot>/lib/rustlib/rustc-src/rust/compiler`.
//!
//! Constraints:
//! - only the toolchain of that commit stands in: lines of another version would be wrong unnoticed;
//! - without such a path nothing is looked for; a compiler is started only if it has the file and
//!   its version cannot be read.

use std::cell::OnceCell;
use std::path::{Component, Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::toolchain::{self, Version};

/// What can be said of a path of the Rust library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibrarySource {
    /// The same file, of the same version, on this machine.
    Installed(PathBuf),
    /// It is not on this machine: why, and what to install.
    Missing(String),
}

/// The sources of the Rust library on this machine.
pub struct Library<'s> {
    sysroots: &'s [PathBuf],
    cache: Option<&'s Path>,
    versions: Vec<OnceCell<Option<Version>>>,
}

impl<'s> Library<'s> {
    /// Those of the toolchains at `sysroots`; `cache` is the user's cache folder.
    pub fn new(sysroots: &'s [PathBuf], cache: Option<&'s Path>) -> Self {
        Library { sysroots, cache, versions: vec![OnceCell::new(); sysroots.len()] }
    }

    /// The file that `path` means; none if `path` is no path of the Rust library.
    pub fn source(&self, path: &str) -> Option<LibrarySource> {
        let place = Place::parse(path)?;
        Some(match self.installed(place) {
            Some(found) => LibrarySource::Installed(found),
            None => LibrarySource::Missing(format!("{path} {}", self.cure(place))),
        })
    }

    fn installed(&self, place: Place<'_>) -> Option<PathBuf> {
        let fits = |at: &usize| self.version(*at).is_some_and(|version| version.is(place.id));
        let mut found = self.files(place).filter(|(at, _)| fits(at));
        found.next().map(|(_, file)| file)
    }

    /// The files of that name, of whatever version, each with the index of its sysroot.
    fn files(&self, place: Place<'_>) -> impl Iterator<Item = (usize, PathBuf)> {
        let of_sysroot =
            move |(at, sysroot): (usize, &PathBuf)| (at, sysroot.join(place.root).join(place.inside));
        self.sysroots.iter().enumerate().map(of_sysroot).filter(|(_, file)| file.is_file())
    }

    fn version(&self, at: usize) -> Option<&Version> {
        let sysroot = &self.sysroots[at];
        let learn = || toolchain::of_rustup(sysroot).or_else(|| toolchain::of_compiler(sysroot, self.cache));
        self.versions[at].get_or_init(learn).as_ref()
    }

    /// Why there is no file for `place`, and what to install.
    fn cure(&self, place: Place<'_>) -> String {
        let Place { id, component, .. } = place;
        if let Some(name) = self.toolchain(id) {
            return format!("is not installed: run `rustup component add {component} --toolchain {name}`");
        }
        let others =
            if self.files(place).next().is_some() { ", only the same file of other toolchains" } else { "" };
        let toolchain = match toolchain::is_release(id) {
            true => format!("`rustup toolchain install {id} --component {component}`"),
            false => format!(
                "`rustup component add {component}` for the toolchain that built the program (of which `rustc -vV` says {id})"
            ),
        };
        format!("is not on this machine{others}: run {toolchain}")
    }

    /// The name of rustup's toolchain that is `id`.
    fn toolchain(&self, id: &str) -> Option<String> {
        let mut fitting = self
            .sysroots
            .iter()
            .filter(|sysroot| toolchain::of_rustup(sysroot).is_some_and(|version| version.is(id)));
        Some(fitting.next()?.file_name()?.to_string_lossy().into_owned())
    }
}

/// A path of the Rust library in its parts.
#[derive(Clone, Copy, Debug)]
struct Place<'p> {
    /// What the compiler was built from: a commit, or a release if there was no repository.
    id: &'p str,
    /// The path behind it.
    inside: &'p str,
    /// Where a toolchain keeps such files, below its sysroot.
    root: &'static str,
    /// The component that they come with.
    component: &'static str,
}

impl<'p> Place<'p> {
    fn parse(path: &'p str) -> Option<Self> {
        let (id, inside) = path.strip_prefix("/rustc/")?.split_once('/')?;
        let is_id = id.starts_with(|first: char| first.is_ascii_alphanumeric())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let (root, component) = match inside.split_once('/')?.0 {
            // Before Rust 1.47 the library lay in `src`.
            "library" | "src" => ("lib/rustlib/src/rust", "rust-src"),
            "compiler" => ("lib/rustlib/rustc-src/rust", "rustc-dev"),
            _ => return None,
        };
        (is_id && stays_inside(inside)).then_some(Place { id, inside, root, component })
    }
}

/// Whether no `..` leads out of the first folder: `library/std/src/../../backtrace` does not.
fn stays_inside(path: &str) -> bool {
    let depth = Path::new(path).components().try_fold(0_u32, |depth, part| match part {
        Component::ParentDir => depth.checked_sub(1).filter(|&depth| depth > 0),
        Component::CurDir => Some(depth),
        _ => Some(depth + 1),
    });
    depth.is_some()
}

/// [`Library::source`] for many frames: each path is looked for once.
pub(crate) struct SourceMap<'s> {
    library: Library<'s>,
    known: FxHashMap<String, String>,
}

impl<'s> SourceMap<'s> {
    pub(crate) fn new(library: Library<'s>) -> Self {
        SourceMap { library, known: FxHashMap::default() }
    }

    /// The installed path, or `path` itself.
    pub(crate) fn map(&mut self, path: &str) -> String {
        let Some(place) = Place::parse(path) else { return path.to_owned() };
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let found = self.library.installed(place).and_then(|found| Some(found.to_str()?.to_owned()));
        let mapped = found.unwrap_or_else(|| path.to_owned());
        self.known.insert(path.to_owned(), mapped.clone());
        mapped
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::toolchain::tests::{compiler, times_asked};

    const COMMIT: &str = "59807616e1fa2540724bfbac14d7976d7e4a3860";
    const OPTION: &str = "library/core/src/option.rs";

    /// Toolchains below a temporary folder.
    struct Machine {
        folder: tempfile::TempDir,
        sysroots: Vec<PathBuf>,
    }

    impl Machine {
        fn new() -> Self {
            Machine { folder: tempfile::tempdir().expect("a temporary folder"), sysroots: Vec::new() }
        }

        /// A toolchain of rustup's with these sources of the library.
        fn rustup(&mut self, name: &str, version: &str, sources: &[&str]) -> PathBuf {
            let sysroot = self.folder.path().join(name);
            let manifest = format!("[pkg.cargo]\n\n[pkg.rustc]\nversion = \"{version}\"\n");
            write(&sysroot.join("lib/rustlib/multirust-channel-manifest.toml"), &manifest);
            for source in sources {
                write(&sysroot.join("lib/rustlib/src/rust").join(source), "");
            }
            self.sysroots.push(sysroot.clone());
            sysroot
        }

        fn source(&self, path: &str) -> Option<LibrarySource> {
            Library::new(&self.sysroots, None).source(path)
        }

        fn missing(&self, path: &str) -> String {
            match self.source(path) {
                Some(LibrarySource::Missing(sentence)) => sentence,
                other => panic!("{other:?}"),
            }
        }
    }

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().expect("it has one")).expect("folders");
        fs::write(path, text).expect("a file");
    }

    fn of_commit(inside: &str) -> String {
        format!("/rustc/{COMMIT}/{inside}")
    }

    #[test]
    fn a_library_path_leads_to_the_toolchain_of_its_commit() {
        let mut machine = Machine::new();
        machine.rustup("nightly", "1.98.0-nightly (4d1f98451 2026-05-15)", &[OPTION]);
        let right = machine.rustup("stable", "1.95.0 (59807616e 2026-04-14)", &[OPTION]);
        let file = right.join("lib/rustlib/src/rust").join(OPTION);
        assert_eq!(machine.source(&of_commit(OPTION)), Some(LibrarySource::Installed(file.clone())));
        let mut map = SourceMap::new(Library::new(&machine.sysroots, None));
        assert_eq!(map.map(&of_commit(OPTION)), file.to_str().expect("UTF-8"));
        let kept = [of_commit("library/core/src/gone.rs"), format!("/rustc/1.95.1/{OPTION}")];
        assert_eq!(kept.each_ref().map(|path| map.map(path)), kept);
    }

    #[test]
    fn the_source_of_another_version_does_not_stand_in() {
        let mut machine = Machine::new();
        machine.rustup("nightly", "1.98.0-nightly (4d1f98451 2026-05-15)", &[OPTION]);
        let path = of_commit(OPTION);
        let cure = format!(
            "{path} is not on this machine, only the same file of other toolchains: run `rustup component add rust-src` for the toolchain that built the program (of which `rustc -vV` says {COMMIT})"
        );
        assert_eq!(machine.missing(&path), cure);
        assert_eq!(SourceMap::new(Library::new(&machine.sysroots, None)).map(&path), path);

        machine.rustup("stable-x86_64", "1.95.0 (59807616e 2026-04-14)", &[]);
        let cure =
            format!("{path} is not installed: run `rustup component add rust-src --toolchain stable-x86_64`");
        assert_eq!(machine.missing(&path), cure);
    }

    #[test]
    fn what_is_to_be_installed_fits_the_path() {
        let mut machine = Machine::new();
        let release = format!("/rustc/1.94.1/{OPTION}");
        let cure = "is not on this machine: run `rustup toolchain install 1.94.1 --component rust-src`";
        assert_eq!(machine.missing(&release), format!("{release} {cure}"));
        let stable = machine.rustup("stable", "1.95.0 (59807616e 2026-04-14)", &[]);
        let driver = of_commit("compiler/rustc_driver/src/lib.rs");
        let cure = "is not installed: run `rustup component add rustc-dev --toolchain stable`";
        assert_eq!(machine.missing(&driver), format!("{driver} {cure}"));
        let file = stable.join("lib/rustlib/rustc-src/rust/compiler/rustc_driver/src/lib.rs");
        write(&file, "");
        assert_eq!(machine.source(&driver), Some(LibrarySource::Installed(file)));
    }

    #[test]
    fn only_paths_of_the_library_are_looked_for_and_none_leads_out_of_it() {
        let mut machine = Machine::new();
        let inside = "library/std/src/../../backtrace/src/lib.rs";
        let sources = ["library/std/src/lib.rs", "library/backtrace/src/lib.rs", "secret"];
        machine.rustup("stable", "1.95.0 (59807616e 2026-04-14)", &sources);
        assert!(matches!(machine.source(&of_commit(inside)), Some(LibrarySource::Installed(_))));
        let others =
            ["/home/me/src/main.rs", "/rustc/", "/rustc//library/core/src/lib.rs", "/rustc/../library/a.rs"];
        let climbing = ["library/../secret", "library/std/../../../secret"].map(of_commit);
        for path in others.into_iter().chain(climbing.iter().map(String::as_str)) {
            assert_eq!(machine.source(path), None, "{path}");
        }
    }

    #[test]
    fn a_compiler_is_started_only_where_it_has_the_file_and_nothing_else_tells_its_version() {
        let mut machine = Machine::new();
        let rustup = machine.rustup("stable", "1.95.0 (59807616e 2026-04-14)", &[OPTION]);
        let linked = machine.folder.path().join("linked");
        machine.sysroots.push(linked.clone());
        write(&linked.join("lib/rustlib/src/rust").join(OPTION), "");
        for sysroot in [&rustup, &linked] {
            compiler(sysroot, "rustc 1.99.0-dev (0123456789 2026-06-01)");
        }
        let asked = || [&rustup, &linked].map(|sysroot| times_asked(sysroot));
        let mut map = SourceMap::new(Library::new(&machine.sysroots, None));
        for path in ["/src/main.rs".to_owned(), of_commit("library/gone.rs"), of_commit(OPTION)] {
            map.map(&path);
            machine.source(&path);
            assert_eq!(asked(), [0; 2], "{path}");
        }
        let file = linked.join("lib/rustlib/src/rust").join(OPTION);
        assert_eq!(map.map(&format!("/rustc/0123456789abcdef/{OPTION}")), file.to_str().expect("UTF-8"));
        assert_eq!(asked(), [0, 1]);
    }
}
