//! Whether somebody listens, and in which folder.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

use super::system;

const UNKNOWN: u8 = 0;
const OFF: u8 = 1;
const ON: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(UNKNOWN);
static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();

/// Whether events may be counted: always, until the first has looked at the environment.
#[inline]
#[must_use]
pub fn is_on() -> bool {
    STATE.load(Relaxed) != OFF
}

/// The folder that the environment names. Asked for the first time, it looks there, and sees to it that children of
/// forks count for themselves.
pub fn folder() -> Option<&'static Path> {
    let found = FOLDER.get_or_init(|| {
        let folder =
            std::env::var_os(crate::VARIABLE).filter(|name| !name.is_empty() && !system::is_privileged());
        if folder.is_some() {
            system::on_fork(super::thread::forget);
        }
        // The program may change its folder before the next thread begins.
        folder.map(|name| std::path::absolute(&name).unwrap_or_else(|_| name.into()))
    });
    STATE.store(if found.is_some() { ON } else { OFF }, Relaxed);
    found.as_deref()
}
