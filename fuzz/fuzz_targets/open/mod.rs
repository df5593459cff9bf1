//! Opens a file's bytes as a profile and looks at all of it.

use std::fs;

use pyrometer_tables::Profile;

use crate::views::look_at;

/// In a file of this process's own.
pub fn open_and_use(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("pyrometer-fuzz-{}", std::process::id()));
    fs::write(&path, bytes).expect("space for the input");
    if let Ok(profile) = Profile::open(&path) {
        look_at(&profile);
    }
}
