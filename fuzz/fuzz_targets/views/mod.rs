//! Looks at all of a profile, as views do.

use pyrometer_tables::Profile;
use pyrometer_tables::arrow::TABLES;
use pyrometer_tables::call_tree::{Grouping, call_tree};
use pyrometer_tables::select::{Selection, weigh};
use pyrometer_tables::sums;

/// Weighs and sums it, and passes over every table.
pub fn look_at(profile: &Profile) {
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
