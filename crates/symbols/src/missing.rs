//! What names lack, why, and how to get them: the sentences of `binaries.missing`.

use serde::{Deserialize, Serialize};

use std::path::Path;

use crate::dwarf::SplitUnits;
use crate::elf::ElfImage;
use crate::resolver::Resolver;
use crate::symtab::SymbolSource;

/// What a binary does not say about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gap {
    /// Nothing is missing.
    #[default]
    Nothing,
    /// Function names only.
    Lines,
    /// Exported names only: it was stripped.
    Stripped,
    /// No names at all.
    Names,
    /// Debug info of some units lies in other files.
    Split {
        /// How many units.
        units: usize,
        /// One of the files.
        example: String,
    },
    /// Debug info that it shares with other binaries (`dwz`) was not found.
    Shared {
        /// The file, as the binary names it.
        file: String,
    },
    /// It has debug info that cannot be read.
    Corrupt,
}

impl Gap {
    /// True if the files that are missing may come later, while the others stay the same.
    pub(crate) fn may_close(&self) -> bool {
        matches!(self, Gap::Split { .. } | Gap::Shared { .. })
    }
}

/// What `resolver`, made of `image`, cannot tell.
pub(crate) fn gap(image: &ElfImage<'_>, resolver: &Resolver<'_>) -> Gap {
    match resolver.dwarf() {
        Some(dwarf) => match dwarf.missing_split_units() {
            SplitUnits { count: 0, .. } => Gap::Nothing,
            SplitUnits { count, example } => Gap::Split { units: count, example },
        },
        None if image.has_section(".debug_info") => Gap::Corrupt,
        None => match resolver.symbols().source() {
            SymbolSource::Symtab | SymbolSource::Mini => Gap::Lines,
            SymbolSource::Dynsym => Gap::Stripped,
            SymbolSource::None => Gap::Names,
        },
    }
}

/// The sentence for a binary at `path`; none if nothing is missing.
pub(crate) fn sentence(gap: &Gap, path: &str) -> Option<String> {
    let how = if is_system(path) {
        "install its debug symbols (Debian and Ubuntu: `apt install PACKAGE-dbgsym` or `-dbg`, Fedora: `dnf debuginfo-install PACKAGE`), or let a server give them: `DEBUGINFOD_URLS=https://debuginfod.elfutils.org pyrometer symbolize FILE`"
    } else {
        "build it with `debug = 1` in its Cargo profile (`cargo pyrometer record` does), or with `-g` in C and C++"
    };
    Some(match gap {
        Gap::Nothing => return None,
        // The kernel's own page of code never has more.
        _ if path == "[vdso]" => return None,
        Gap::Lines => {
            format!("{path} has no debug info, so its source lines and inlined calls are missing: {how}")
        }
        Gap::Stripped => format!(
            "{path} is stripped down to its exported names, so most of its functions, lines and inlined calls are missing: {}",
            unstripped(path, how)
        ),
        Gap::Names => format!(
            "{path} is stripped of all names, so its functions are shown as addresses: {}",
            unstripped(path, how)
        ),
        Gap::Split { units, example } => format!(
            "{path} keeps the debug info of {units} units in other files that were not found (one is {example}), so their inlined calls are missing: give the folder that has them with `--debug-path`, or build it with `split-debuginfo = \"off\"` in its Cargo profile, or without `-gsplit-dwarf`"
        ),
        Gap::Shared { file } => format!(
            "{path} shares debug info with other binaries in a file that was not found ({file}), so most of its inlined calls are missing: put the file there, give the folder that has it with `--debug-path`, or let a server give it (`DEBUGINFOD_URLS`)"
        ),
        Gap::Corrupt => format!(
            "{path} has debug info that cannot be read, so its source lines and inlined calls are missing: build it again, {how}"
        ),
    })
}

fn unstripped(path: &str, how: &str) -> String {
    if is_system(path) {
        how.to_owned()
    } else {
        format!("{how}, and do not strip it (`strip = \"none\"`, no `-s`)")
    }
}

/// The sentence for a file that is not the one that was recorded.
pub(crate) fn mismatch(path: &str, recorded: &str, found: &str) -> String {
    format!(
        "{path} was rebuilt or replaced since the recording (its build id was {recorded}, is {found}), so its names would be wrong and are left out: record again, or put the old file back"
    )
}

/// The sentence for a file that was found for the binary at `of` and does not fit.
pub(crate) fn refused(path: &Path, of: &str, reason: &str) -> String {
    format!("{} was not used for {of}: {reason}", path.display())
}

/// The sentence for bytes that are no binary.
pub(crate) fn unreadable(path: &str, error: &crate::Error) -> String {
    format!("{path} cannot be read: {error}; build or install it again")
}

fn is_system(path: &str) -> bool {
    [
        "/lib/",
        "/lib64/",
        "/usr/lib/",
        "/usr/lib64/",
        "/usr/bin/",
        "/bin/",
        "/usr/sbin/",
        "/sbin/",
        "/usr/libexec/",
    ]
    .iter()
    .any(|folder| path.starts_with(folder))
}
