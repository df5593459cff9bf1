//! Which Rust compiler built a binary.

use object::{Object, ObjectSection};
use serde::Serialize;

use super::debug::Debug;
use crate::elf::ElfImage;

/// Bytes of constants that are searched for a path of the library.
const MOST_CONSTANTS: usize = 32 << 20;
/// A commit or a release is no longer.
const LONGEST_ID: usize = 64;
/// Where the library's files lie, as its builders saw them.
const LIBRARY: &[u8] = b"/rustc/";

/// A Rust compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rustc {
    /// `1.95.0 (59807616e 2026-04-14)`, if the linker kept it.
    pub version: Option<String>,
    /// Its commit, or its release where it was built without a repository.
    pub id: Option<String>,
}

/// The compiler, from the debug info, the paths in panic messages, and the linker's list of compilers:
/// the last two survive stripping.
pub(super) fn compiler(image: &ElfImage<'_>, debug: Option<&Debug>) -> Option<Rustc> {
    let version = version(image);
    let id = debug.and_then(|debug| debug.library_id.clone()).or_else(|| id_in_constants(image));
    let rust = version.is_some() || id.is_some();
    rust.then(|| Rustc { id: id.or_else(|| commit(version.as_deref()?)), version })
}

fn version(image: &ElfImage<'_>) -> Option<String> {
    let comment = image.section(".comment")?;
    let mut compilers = comment.split(|&byte| byte == 0).take(4096);
    let rustc = compilers.find_map(|text| text.strip_prefix(b"rustc version "))?;
    Some(String::from_utf8_lossy(&rustc[..rustc.len().min(256)]).into_owned())
}

/// The commit in `1.95.0 (59807616e 2026-04-14)`.
fn commit(version: &str) -> Option<String> {
    let (_, rest) = version.split_once('(')?;
    let commit = rest.split([' ', ')']).next()?;
    commit.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| commit.to_owned())
}

fn id_in_constants(image: &ElfImage<'_>) -> Option<String> {
    // Not decompressed: sections that are loaded never are compressed.
    let constants = image.file.section_by_name(".rodata")?.data().ok()?;
    let searched = &constants[..constants.len().min(MOST_CONSTANTS)];
    let at = searched.windows(LIBRARY.len()).position(|window| window == LIBRARY)?;
    id_of_path(&searched[at..])
}

/// `59807616e…` of `/rustc/59807616e…/library/core/src/option.rs`.
pub(super) fn id_of_path(path: &[u8]) -> Option<String> {
    let rest = path.strip_prefix(LIBRARY)?;
    let end = rest.iter().take(LONGEST_ID + 1).position(|&byte| byte == b'/')?;
    let id = std::str::from_utf8(&rest[..end]).ok()?;
    let valid = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-');
    (!id.is_empty() && id.chars().all(valid)).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_in_a_path_or_in_the_version() {
        assert_eq!(id_of_path(b"/rustc/59807616e1/library/core").as_deref(), Some("59807616e1"));
        assert_eq!(id_of_path(b"/rustc/1.98.0-nightly/library").as_deref(), Some("1.98.0-nightly"));
        assert_eq!(id_of_path(b"/rustc//library"), None);
        assert_eq!(id_of_path(b"/rustc/no end"), None);
        assert_eq!(commit("1.95.0 (59807616e 2026-04-14)").as_deref(), Some("59807616e"));
        assert_eq!(commit("1.95.0 (Debian package)"), None);
        assert_eq!(commit("1.95.0"), None);
    }
}
