//! Opens a file's bytes as a profile and looks at all of it.

use std::fs;

use pyrometer_tables::Profile;
use pyrometer_tables::arrow::TABLES;
use pyrometer_tables::call_tree::{Grouping, call_tree};
use pyrometer_tables::select::{Selection, weigh};
use pyrometer_tables::sums;

/// In a file of this process's own.
pub fn open_and_use(bytes: &[u8]) {
    let path = std::env::temp_dir().join(format!("pyrometer-fuzz-{}", std::process::id()));
    fs::write(&path, bytes).expect("space for the input");
    if let Ok(profile) = Profile::open(&path) {
        look_at(&profile);
    }
}

fn look_at(profile: &Profile) {
    let grouping = Grouping { fold_generics: true, collapse_runtime: true, ..Grouping::default() };
    if let Ok(weights) = weigh(profile, &Selection::default()) {
        drop(call_tree(profile, &weights, &grouping));
        drop(sums::functions(profile, &weights, &grouping));
        drop(sums::lines(profile, &weights, &grouping));
    }
    for table in TABLES {
        let (_, batches) = profile.arrow(table).expect("a table that every profile has");
        batches.for_each(drop);
    }
}
