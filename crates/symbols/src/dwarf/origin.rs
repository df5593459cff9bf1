//! The name of a function and where it is declared.

use gimli::{AttributeValue, UnitOffset, UnitRef};

use super::lookup::{FileKey, FunctionKey};
use super::value::{EntryRef, Value};
use super::{DwarfIndex, Slice, UnitId};
use crate::demangle::LONGEST_NAME;

/// How many references (inlined copy to abstract function to declaration) are followed.
pub(super) const MOST_HOPS: usize = 16;

/// What the debug info says about a function. Names are text that other functions may share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin<'e> {
    /// The linker's name.
    pub linkage_name: Option<&'e [u8]>,
    /// The name in the source, without crate, namespace or class.
    pub name: Option<&'e [u8]>,
    /// File of the declaration.
    pub file: Option<FileKey>,
    /// Line of the declaration, from 1.
    pub line: Option<u32>,
}

impl Origin<'_> {
    fn is_complete(&self) -> bool {
        self.linkage_name.is_some() && self.name.is_some() && self.file.is_some() && self.line.is_some()
    }
}

impl<'e> DwarfIndex<'e> {
    /// Reads a function's entry and, for what that leaves out, the entries it refers to.
    pub fn origin(&self, function: FunctionKey) -> Origin<'e> {
        let mut origin = Origin::default();
        let mut next = Some((function.unit, UnitOffset(function.entry)));
        for _ in 0..MOST_HOPS {
            let Some((unit, entry)) = next.filter(|_| !origin.is_complete()) else { break };
            // Corrupt: what other entries say is still right.
            let reference = self.note_origin(unit, entry, &mut origin).unwrap_or_default();
            next = reference.and_then(|reference| self.locate(unit, reference));
        }
        origin
    }

    /// The unit and offset of an entry that `unit` refers to.
    pub(super) fn locate(&self, unit: UnitId, reference: EntryRef) -> Option<(UnitId, UnitOffset)> {
        match (reference, unit) {
            (EntryRef::Unit(offset), _) => Some((unit, offset)),
            (EntryRef::Info(offset), UnitId::Main(_)) => {
                let unit = self.unit_at_offset(offset)?;
                Some((UnitId::Main(unit as u32), UnitOffset(offset - self.units[unit].offset)))
            }
            (EntryRef::Info(offset), UnitId::Split(at)) => {
                let header = &self.split(at as usize)?.unit_ref().unit.header;
                let offset = offset.checked_sub(header.debug_info_offset()?.0)?;
                (offset < header.length_including_self()).then_some((unit, UnitOffset(offset)))
            }
            (EntryRef::Info(offset), UnitId::Shared(_)) | (EntryRef::Shared(offset), _) => {
                let (unit, start) = self.shared.as_ref()?.unit_at_offset(offset)?;
                Some((UnitId::Shared(unit as u32), UnitOffset(offset - start)))
            }
        }
    }

    pub(super) fn note_origin(
        &self,
        unit_id: UnitId,
        entry: UnitOffset,
        origin: &mut Origin<'e>,
    ) -> gimli::Result<Option<EntryRef>> {
        let Some(unit) = self.unit_ref(unit_id) else { return Ok(None) };
        let mut entries = unit.entries_raw(Some(entry))?;
        let Some(abbreviation) = entries.read_abbreviation()? else { return Ok(None) };
        self.budget.charge(abbreviation.attributes().len())?;
        let mut reference = None;
        for spec in abbreviation.attributes() {
            let attribute = entries.read_attribute(*spec)?;
            let value = attribute.value();
            match attribute.name() {
                gimli::DW_AT_linkage_name | gimli::DW_AT_MIPS_linkage_name => {
                    self.note_name(unit, value, &mut origin.linkage_name)?
                }
                gimli::DW_AT_name => self.note_name(unit, value, &mut origin.name)?,
                gimli::DW_AT_decl_file if origin.file.is_none() => {
                    let file = Value::of(&value).number().and_then(|file| u32::try_from(file).ok());
                    origin.file = file.map(|file| FileKey { unit: files_of(unit_id), file });
                }
                gimli::DW_AT_decl_line if origin.line.is_none() => {
                    origin.line = Some(Value::of(&value).small()).filter(|&line| line > 0)
                }
                gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => {
                    reference = Value::of(&value).entry()
                }
                _ => {}
            }
        }
        Ok(reference)
    }

    /// Keeps the first name met: the entry nearest to the code is the most exact.
    fn note_name(
        &self,
        unit: UnitRef<'_, Slice<'e>>,
        value: AttributeValue<Slice<'e>>,
        name: &mut Option<&'e [u8]>,
    ) -> gimli::Result<()> {
        if name.is_some() {
            return Ok(());
        }
        let text = unit.attr_string(value)?;
        self.budget.charge(text.slice().len())?;
        let text = text.slice();
        *name = Some(&text[..text.len().min(LONGEST_NAME)]).filter(|name| !name.is_empty());
        Ok(())
    }
}

/// The unit whose line table names the files of a unit: a split one has none of its own.
fn files_of(unit: UnitId) -> UnitId {
    match unit {
        UnitId::Split(at) => UnitId::Main(at),
        other => other,
    }
}
