//! Which version a Rust toolchain is, learned from its files: the compiler is started only where
//! these do not say, and once.

use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::process::{Command, Stdio};

use xxhash_rust::xxh3::Xxh3;

/// Where rustup keeps the manifest that a toolchain was installed from, below its sysroot.
const MANIFEST: &str = "lib/rustlib/multirust-channel-manifest.toml";
/// Git abbreviates a commit to no fewer digits.
const SHORTEST_COMMIT: usize = 7;

/// What a compiler was built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// `1.95.0` or `1.98.0-nightly`.
    release: String,
    /// Its commit, whole or abbreviated; none if it was built outside a repository.
    commit: Option<String>,
}

impl Version {
    /// Whether its sources are those of `/rustc/<id>/…`: `id` is the commit, or the release where a
    /// compiler was built without a repository. An abbreviated commit is enough, for it was chosen
    /// to mean one commit only.
    pub(crate) fn is(&self, id: &str) -> bool {
        let of_commit = |commit: &String| commit.len() >= SHORTEST_COMMIT && id.starts_with(commit.as_str());
        self.commit.as_ref().is_some_and(of_commit) || (is_release(id) && self.release == id)
    }

    /// From `1.95.0 (59807616e 2026-04-14)`.
    fn parse(text: &str) -> Option<Self> {
        let (release, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let commit = rest.strip_prefix('(').and_then(|rest| rest.split([' ', ')']).next());
        let commit = commit.filter(|commit| commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
        (!release.is_empty()).then(|| Version { release: release.into(), commit: commit.map(str::to_owned) })
    }
}

/// Whether `id` is one release: `1.98.0-nightly` is another one every night.
pub(crate) fn is_release(id: &str) -> bool {
    id.contains('.') && !id.contains('-')
}

/// The version that rustup installed at a sysroot; none if rustup did not.
pub(crate) fn of_rustup(sysroot: &Path) -> Option<Version> {
    let manifest = fs::read_to_string(sysroot.join(MANIFEST)).ok()?;
    let (_, package) = manifest.split_once("\n[pkg.rustc]\n")?;
    let line = package.lines().find_map(|line| line.strip_prefix("version = \""))?;
    Version::parse(line.strip_suffix('"')?)
}

/// The version that the compiler of a sysroot says it is. The answer is kept below `cache` until
/// the compiler changes.
pub(crate) fn of_compiler(sysroot: &Path, cache: Option<&Path>) -> Option<Version> {
    let compiler = sysroot.join("bin/rustc");
    let kept = cache.and_then(|cache| Some(cache.join("toolchains").join(key(&compiler)?)));
    if let Some(answer) = kept.as_ref().and_then(|kept| fs::read_to_string(kept).ok()) {
        return Version::parse(&answer);
    }
    let answer = ask(&compiler)?;
    if let Some(kept) = kept {
        keep(&kept, &answer);
    }
    Version::parse(&answer)
}

/// A file name for the compiler as it is now; none if there is no such file.
fn key(compiler: &Path) -> Option<String> {
    let about = fs::metadata(compiler).ok()?;
    let mut hasher = Xxh3::new();
    (compiler, about.modified().ok()?, about.len()).hash(&mut hasher);
    Some(format!("{:016x}", hasher.finish()))
}

/// What `rustc --version` says behind its name.
fn ask(compiler: &Path) -> Option<String> {
    // The proxy that rustup installs is not this sysroot's compiler, and could download one.
    let program = fs::canonicalize(compiler).ok()?;
    if program.file_name()?.to_string_lossy().starts_with("rustup") {
        return None;
    }
    let output = Command::new(compiler).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output();
    let answer = String::from_utf8(output.ok()?.stdout).ok()?;
    Some(answer.strip_prefix("rustc ")?.trim().to_owned())
}

/// An answer that cannot be kept costs nothing but the same question later.
fn keep(path: &Path, answer: &str) {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = written.and_then(|()| fs::write(&temporary, answer));
    if written.and_then(|()| fs::rename(&temporary, path)).is_err() {
        let _ = fs::remove_file(&temporary);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    const COMMIT: &str = "59807616e1fa2540724bfbac14d7976d7e4a3860";

    /// A compiler that says `answer`, and writes a line to `<sysroot>/asked` each time.
    ///
    /// Another process writes it: a child that another test forks while this one has the file open
    /// would keep it from being run.
    pub(crate) fn compiler(sysroot: &Path, answer: &str) {
        let text = format!("#!/bin/sh\necho asked >> '{}/asked'\necho '{answer}'\n", sysroot.display());
        let script = sysroot.join("script");
        fs::write(&script, text).expect("a file");
        let mut install = Command::new("install");
        install.args(["-D", "-m", "755"]).arg(script).arg(sysroot.join("bin/rustc"));
        assert!(install.status().expect("coreutils are installed").success());
    }

    /// How often the compiler was started.
    pub(crate) fn times_asked(sysroot: &Path) -> usize {
        fs::read_to_string(sysroot.join("asked")).unwrap_or_default().lines().count()
    }

    #[test]
    fn a_version_is_its_commit_or_its_release() {
        let of_commit =
            Version::parse("1.95.0 (59807616e 2026-04-14) (Distribution 1.95.0-1)").expect("valid");
        assert!(of_commit.is(COMMIT));
        assert!(!of_commit.is("59807616f1fa2540724bfbac14d7976d7e4a3860"));
        assert!(of_commit.is("1.95.0") && !of_commit.is("1.95.1"));
        let of_release = Version::parse("1.95.0").expect("valid");
        assert!(of_release.is("1.95.0") && !of_release.is(COMMIT));
        let nightly = "1.98.0-nightly";
        assert!(!Version::parse(nightly).expect("valid").is(nightly), "of which night is unknown");
        assert!(!Version::parse("1.95.0 (5 2026-04-14)").expect("valid").is(COMMIT), "too short to tell");
        assert_eq!(Version::parse(" "), None);
    }

    #[test]
    fn rustup_says_the_version_in_its_manifest() {
        let sysroot = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(of_rustup(sysroot.path()), None);
        let manifest = sysroot.path().join(MANIFEST);
        fs::create_dir_all(manifest.parent().expect("it has one")).expect("folders");
        let others = "[pkg.cargo]\nversion = \"0.96.0 (f2d3ce0bd 2026-03-21)\"\n\n";
        let text = format!("{others}[pkg.rustc]\nversion = \"1.95.0 (59807616e 2026-04-14)\"\n");
        fs::write(&manifest, text).expect("a file");
        assert_eq!(of_rustup(sysroot.path()), Version::parse("1.95.0 (59807616e 2026-04-14)"));
    }

    #[test]
    fn a_compiler_is_asked_once_until_it_changes_and_a_proxy_never() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (sysroot, cache) = (folder.path(), folder.path().join("cache"));
        assert_eq!(of_compiler(sysroot, Some(&cache)), None, "there is no compiler");
        compiler(sysroot, "rustc 1.95.0 (59807616e 2026-04-14)");
        for _ in 0..2 {
            assert!(of_compiler(sysroot, Some(&cache)).expect("it answers").is(COMMIT));
        }
        assert_eq!(times_asked(sysroot), 1);
        compiler(sysroot, "rustc 1.96.0-nightly (0123456789 2026-05-14)");
        assert!(!of_compiler(sysroot, Some(&cache)).expect("it answers").is(COMMIT));
        assert!(of_compiler(sysroot, None).expect("it answers").is("0123456789ab"));
        assert_eq!(times_asked(sysroot), 3);
        compiler(sysroot, "not what a compiler says");
        assert_eq!(of_compiler(sysroot, Some(&cache)), None);

        fs::rename(sysroot.join("bin/rustc"), sysroot.join("bin/rustup")).expect("our file");
        symlink("rustup", sysroot.join("bin/rustc")).expect("our folder");
        assert_eq!(of_compiler(sysroot, Some(&cache)), None);
        assert_eq!(times_asked(sysroot), 4);
    }
}
