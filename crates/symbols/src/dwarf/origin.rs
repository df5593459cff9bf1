//! The name of a function and where it is declared.

use std::borrow::Cow;

use gimli::{AttributeValue, UnitOffset};

use super::functions::{EntryRef, file_index, small};
use super::lookup::{FileKey, FunctionKey};
use super::{DwarfIndex, Slice};
use crate::demangle::LONGEST_NAME;

/// How many references (inlined copy to abstract function to declaration) are followed.
const MOST_HOPS: usize = 16;

/// What the debug info says about a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The linker's name.
    pub linkage_name: Option<String>,
    /// The name in the source, without crate, namespace or class.
    pub name: Option<String>,
    /// File of the declaration.
    pub file: Option<FileKey>,
    /// Line of the declaration, from 1.
    pub line: Option<u32>,
}

impl Origin {
    fn is_complete(&self) -> bool {
        self.linkage_name.is_some() && self.name.is_some() && self.file.is_some() && self.line.is_some()
    }
}

impl<'e> DwarfIndex<'e> {
    /// Reads a function's entry and, for what that leaves out, the entries it refers to.
    pub fn origin(&self, function: FunctionKey) -> Origin {
        let mut origin = Origin::default();
        let mut next = self.locate(0, EntryRef::Info(function.0));
        for _ in 0..MOST_HOPS {
            let Some((unit, entry)) = next.filter(|_| !origin.is_complete()) else { break };
            // Corrupt: what other entries say is still right.
            let reference = self.note_origin(unit, entry, &mut origin).unwrap_or_default();
            next = reference.and_then(|reference| self.locate(unit, reference));
        }
        origin
    }

    /// The unit and offset of an entry that `unit` refers to.
    fn locate(&self, unit: usize, reference: EntryRef) -> Option<(usize, UnitOffset)> {
        match reference {
            EntryRef::Unit(offset) => Some((unit, offset)),
            EntryRef::Info(offset) => {
                let unit = self.unit_at_offset(offset)?;
                Some((unit, UnitOffset(offset - self.units[unit].offset)))
            }
        }
    }

    /// A reference as an offset in `.debug_info`.
    pub(super) fn function_key(&self, unit: usize, reference: EntryRef) -> FunctionKey {
        match reference {
            EntryRef::Unit(offset) => FunctionKey(self.units[unit].offset.saturating_add(offset.0)),
            EntryRef::Info(offset) => FunctionKey(offset),
        }
    }

    fn note_origin(
        &self,
        unit_at: usize,
        entry: UnitOffset,
        origin: &mut Origin,
    ) -> gimli::Result<Option<EntryRef>> {
        let unit = self.unit_ref(unit_at);
        let mut entries = unit.entries_raw(Some(entry))?;
        let Some(abbreviation) = entries.read_abbreviation()? else { return Ok(None) };
        self.budget.charge(abbreviation.attributes().len())?;
        let mut reference = None;
        for spec in abbreviation.attributes() {
            let attribute = entries.read_attribute(*spec)?;
            let value = attribute.value();
            match attribute.name() {
                gimli::DW_AT_linkage_name | gimli::DW_AT_MIPS_linkage_name => {
                    self.note_name(unit_at, value, &mut origin.linkage_name)?
                }
                gimli::DW_AT_name => self.note_name(unit_at, value, &mut origin.name)?,
                gimli::DW_AT_decl_file if origin.file.is_none() => {
                    let file = file_index(value).and_then(|file| u32::try_from(file).ok());
                    origin.file = file.map(|file| FileKey { unit: unit_at as u32, file });
                }
                gimli::DW_AT_decl_line if origin.line.is_none() => {
                    origin.line = Some(small(value)).filter(|&line| line > 0)
                }
                gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => {
                    reference = EntryRef::from_value(value)
                }
                _ => {}
            }
        }
        Ok(reference)
    }

    /// Keeps the first name met: the entry nearest to the code is the most exact.
    fn note_name(
        &self,
        unit: usize,
        value: AttributeValue<Slice<'e>>,
        name: &mut Option<String>,
    ) -> gimli::Result<()> {
        if name.is_some() {
            return Ok(());
        }
        let text = self.dwarf.attr_string(&self.units[unit].unit, value)?;
        self.budget.charge(text.slice().len())?;
        *name = Some(bounded(text.slice())).filter(|name| !name.is_empty());
        Ok(())
    }
}

fn bounded(bytes: &[u8]) -> String {
    let text: Cow<'_, str> = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_NAME)]);
    text.into_owned()
}
