//! Finding the files that go with a binary: separate debug info, and what that refers to.
//!
//! In this order, the first that fits: the binary's own debug info; a file by its `.gnu_debuglink`;
//! one by its build id in the system's folders; one in the folders that the user names; one below the
//! user's system root; one that was downloaded. To the file with the debug info belong a
//! supplementary file (`.gnu_debugaltlink`), a package (`.dwp`) and files of split units (`.dwo`).
//!
//! Constraints:
//! - a file that does not fit is never used: it is named, and the next is tried;
//! - names of files come from binaries and may be hostile: nothing but a regular file is opened;
//! - nothing is downloaded here. What a server could give is in [`Material::wanted`], and the folder
//!   that a downloader fills is one more folder to look in.

mod accept;
mod bundle;
mod candidates;
mod listing;
mod material;
mod mini;
mod split_files;
mod symbols;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

pub use bundle::{Bundle, Part, entry_name, pack, unpack};
pub use material::{Material, Wanted};
pub use symbols::{Report, Subject};

use listing::Listing;

/// Where the system keeps separate debug info.
const SYSTEM: &str = "/usr/lib/debug";

/// Where to look.
#[derive(Clone)]
pub struct Search {
    /// Folders and files that the user names: folders are searched with all below them.
    pub debug_paths: Vec<PathBuf>,
    /// A copy of the recorded machine's file system.
    pub sysroot: Option<PathBuf>,
    /// Roots of the system's debug info.
    pub system: Vec<PathBuf>,
    /// A cache of downloads, laid out as debuginfod's client does: `BUILDID/debuginfo`.
    pub downloads: Option<PathBuf>,
    /// What the profile itself carries.
    pub bundle: Option<Arc<dyn Bundle>>,
    /// Nothing yet; what is in `debug_paths`, once that was asked for.
    pub listed: Listed,
}

/// The files below some folders, listed once.
#[derive(Clone, Default)]
pub struct Listed(OnceLock<Arc<Listing>>);

impl Default for Search {
    fn default() -> Self {
        Search {
            debug_paths: Vec::new(),
            sysroot: None,
            system: vec![SYSTEM.into()],
            downloads: None,
            bundle: None,
            listed: Listed::default(),
        }
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Search { debug_paths, sysroot, system, downloads, bundle, .. } = self;
        f.debug_struct("Search")
            .field("debug_paths", debug_paths)
            .field("sysroot", sysroot)
            .field("system", system)
            .field("downloads", downloads)
            .field("bundle", &bundle.is_some())
            .finish()
    }
}

impl Search {
    /// What lies in the folders that the user names.
    fn listing(&self) -> &Listing {
        self.listed.0.get_or_init(|| Arc::new(Listing::of(&self.debug_paths)))
    }

    /// A sentence for people if those folders hold more than was looked at.
    fn cut_listing(&self) -> Option<String> {
        let cut = self.listed.0.get().is_some_and(|listing| listing.is_cut);
        cut.then(|| {
            format!(
                "only the first {} files and folders of `--debug-path` were looked at: name a smaller folder",
                listing::MOST_FILES
            )
        })
    }
}

/// Where a file was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the profile.
    Bundle,
    /// By the name that the binary gives.
    DebugLink,
    /// By its build id, in the system's folders.
    BuildId,
    /// In a folder of the user.
    DebugPath,
    /// Below the user's system root.
    Sysroot,
    /// In the cache of downloads.
    Debuginfod,
}

impl Origin {
    /// As `binaries.symbols_from` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Origin::Bundle => "bundle",
            Origin::DebugLink => "debuglink",
            Origin::BuildId => "build-id",
            Origin::DebugPath => "debug-path",
            Origin::Sysroot => "sysroot",
            Origin::Debuginfod => "debuginfod",
        }
    }
}
