//! Whether a recording was made on this machine since it was booted last: only then are the kernel's addresses those of
//! the running one.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};

use super::about::About;
use super::machine::KERNEL;
use crate::kernel_text;

/// The id of this boot, if it is the recorded one: the kernel is the same, and the symbol that perf tells the kernel's
/// place by is where it is now (kernels choose another place at each boot).
///
/// `name` is that of the mapping that stands for the kernel, with the symbol behind it; `address` the symbol's.
pub(super) fn same(name: &[u8], address: u64, build_id: Option<&String>, about: &About) -> Option<String> {
    let symbol = std::str::from_utf8(name.strip_prefix(KERNEL.as_bytes())?).ok()?;
    let is_same = address != 0 && is_running(build_id, about) && running_address(symbol) == Some(address);
    is_same.then(|| read("/proc/sys/kernel/random/boot_id"))
}

/// Whether the kernel that was recorded is the one that runs: by its build id, or where perf has not recorded that,
/// by the names of machine and release.
fn is_running(build_id: Option<&String>, about: &About) -> bool {
    match build_id {
        Some(build_id) => {
            let notes = fs::read("/sys/kernel/notes").unwrap_or_default();
            kernel_text::build_id(&notes).as_ref() == Some(build_id)
        }
        None => {
            let told = !about.release.is_empty() && !about.host.is_empty();
            told && about.release == read("/proc/sys/kernel/osrelease")
                && about.host == read("/proc/sys/kernel/hostname")
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
}

/// The address of a symbol of the running kernel, if we may know it.
fn running_address(symbol: &str) -> Option<u64> {
    let lines = BufReader::new(File::open("/proc/kallsyms").ok()?).lines();
    lines.map_while(Result::ok).find_map(|line| {
        let mut fields = line.split(' ');
        let address = fields.next()?;
        (fields.nth(1)? == symbol).then(|| u64::from_str_radix(address, 16).ok()).flatten()
    })
}
