//! The debug info that a profile carries.

use std::io::Write;
use std::sync::Arc;

use pyrometer_symbols::find::{Bundle, Part, entry_name, pack, unpack};
use pyrometer_symbols::{Bytes, UsedFile};
use pyrometer_tables::file::{Attachment, Attachments};

/// What is carried, for looking names up.
pub struct Carried(pub Attachments);

impl Bundle for Carried {
    fn part(&self, id: &str, part: Part) -> Option<Arc<Bytes>> {
        let packed = self.0.read(&entry_name(id, part)?).ok()??;
        Some(Arc::new(Bytes::Owned(unpack(&packed).ok()?.into())))
    }
}

/// The files to carry, packed as they are written.
pub fn attachments(files: &[UsedFile]) -> Vec<Attachment<'_>> {
    let mut attachments: Vec<Attachment<'_>> = Vec::new();
    for file in files {
        let Some(name) = entry_name(&file.id, file.part) else { continue };
        // Two rows of a profile can be one binary.
        if attachments.iter().all(|known| known.name != name) {
            let write = Box::new(|output: &mut dyn Write| pack(&file.bytes, output));
            attachments.push(Attachment { name, write });
        }
    }
    attachments
}
