//! The `.pyro` file: an uncompressed ZIP of `meta.json` and one Parquet file a table.
//!
//! Constraints:
//! - a file is there whole or not at all: it is written under another name and renamed;
//! - any engine reads it unpacked, without us: every table is present, if only with 0 rows;
//! - a reader believes nothing: checksums, schema, every reference are checked before use;
//! - what else lies in folders of the archive is carried along;
//! - samples pass through in row groups, in both directions.

mod archive;
mod attachment;
mod folder;
mod guard;
mod output;
mod read;
mod samples;
mod write;

pub use archive::is_archive;
pub use attachment::{Attachment, Attachments};
pub use folder::write_folder;
pub(crate) use read::{Contents, read, reopen};
pub(crate) use samples::StoredSamples;
pub use write::{write, write_with};

const META: &str = "meta.json";

fn entry_name(table: &str) -> String {
    format!("{table}.parquet")
}
