//! A folder of Parquet files: the tables of the profile as they are, one file each, with its `meta.json`.
//!
//! Any engine that reads Parquet joins them: ids are row numbers, the columns those of
//! [`pyrometer_tables::schema`]. `samples` has the selected rows only, all other tables stay whole, so that ids hold.

use std::path::Path;

use pyrometer_tables::Profile;
use pyrometer_tables::file::write_folder;
use pyrometer_tables::samples::{BATCH_ROWS, SampleSource};
use pyrometer_tables::schema::Sample;
use pyrometer_tables::select::{Selection, for_each_selected};

use crate::LeftOut;
use crate::error::{Error, Result};

/// Writes the selected samples and all other tables to the folder `path`. Nothing is left out.
///
/// # Errors
/// Those of the profile; [`Error::Write`] if the folder cannot be written, or has other things in it.
pub fn write(profile: &Profile, selection: &Selection, path: &Path) -> Result<LeftOut> {
    let selected = Selected { profile, selection };
    let attachments = profile.attachments().others(&[]);
    write_folder(path, &profile.meta, profile.tables(), &selected, &attachments).map_err(
        |error| match error {
            pyrometer_tables::Error::Io { path: at, source } if at == path => Error::Write(source),
            other => other.into(),
        },
    )?;
    Ok(LeftOut::new())
}

/// The samples that pass the filters.
struct Selected<'a> {
    profile: &'a Profile,
    selection: &'a Selection,
}

impl SampleSource for Selected<'_> {
    /// At most.
    fn sample_count(&self) -> u64 {
        self.profile.sample_count()
    }

    fn for_each_batch(
        &self,
        batch: &mut dyn FnMut(&[Sample]) -> pyrometer_tables::Result<()>,
    ) -> pyrometer_tables::Result<()> {
        let mut rows = Vec::with_capacity(BATCH_ROWS);
        for_each_selected(self.profile, self.selection, |sample| {
            rows.push(*sample);
            if rows.len() < BATCH_ROWS {
                return Ok(());
            }
            batch(&rows)?;
            rows.clear();
            Ok(())
        })?;
        batch(&rows)
    }
}
