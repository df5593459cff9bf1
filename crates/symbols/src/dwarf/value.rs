//! Values of the attributes that functions are made of.
//!
//! gimli's own type has room for what any attribute can be, and is not moved about in registers.

use gimli::{
    AttributeValue, DebugAddrIndex, DebugRngListsIndex, DwAt, DwForm, Encoding, RangeListsOffset,
    RawRangeListsOffset, UnitOffset, UnitRef,
};

use super::Slice;

/// What the number of a value means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Address,
    /// Index of an address.
    AddressIndex,
    Number,
    /// Offset of an entry in the unit.
    UnitRef,
    /// Offset of an entry in `.debug_info`.
    InfoRef,
    /// The same, in the supplementary file.
    SharedRef,
    /// Offset of a list of ranges.
    Ranges,
    /// Index of a list of ranges.
    RangesIndex,
    /// Something else.
    Other,
}

/// The value of an attribute.
#[derive(Clone, Copy)]
pub(super) struct Value {
    pub(super) class: Class,
    pub(super) number: u64,
}

/// A reference to an entry of the debug info.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum EntryRef {
    /// In the same unit.
    Unit(UnitOffset),
    /// Anywhere in `.debug_info`.
    Info(usize),
    /// In the `.debug_info` of the supplementary file.
    Shared(usize),
}

impl Class {
    /// What a number of this form means; none for forms whose numbers need more than to be read.
    pub(super) fn of_form(name: DwAt, form: DwForm, encoding: Encoding) -> Option<Self> {
        let is_ranges = name == gimli::DW_AT_ranges;
        Some(match form {
            gimli::DW_FORM_addr => Class::Address,
            gimli::DW_FORM_addrx
            | gimli::DW_FORM_addrx1
            | gimli::DW_FORM_addrx2
            | gimli::DW_FORM_addrx3
            | gimli::DW_FORM_addrx4
            | gimli::DW_FORM_GNU_addr_index => Class::AddressIndex,
            // Offsets too, before there was a form for them.
            gimli::DW_FORM_data4 | gimli::DW_FORM_data8 if is_ranges && encoding.version < 4 => return None,
            gimli::DW_FORM_data1
            | gimli::DW_FORM_data2
            | gimli::DW_FORM_data4
            | gimli::DW_FORM_data8
            | gimli::DW_FORM_udata
            | gimli::DW_FORM_implicit_const => Class::Number,
            gimli::DW_FORM_ref1
            | gimli::DW_FORM_ref2
            | gimli::DW_FORM_ref4
            | gimli::DW_FORM_ref8
            | gimli::DW_FORM_ref_udata => Class::UnitRef,
            gimli::DW_FORM_ref_addr => Class::InfoRef,
            gimli::DW_FORM_GNU_ref_alt | gimli::DW_FORM_ref_sup4 | gimli::DW_FORM_ref_sup8 => {
                Class::SharedRef
            }
            gimli::DW_FORM_sec_offset if is_ranges => Class::Ranges,
            gimli::DW_FORM_rnglistx if is_ranges => Class::RangesIndex,
            _ => return None,
        })
    }
}

impl Value {
    /// A number that may be negative, which none here is.
    pub(super) fn of_signed(number: i64) -> Self {
        match u64::try_from(number) {
            Ok(number) => Value { class: Class::Number, number },
            Err(_) => Value { class: Class::Other, number: 0 },
        }
    }

    /// The value that gimli read.
    pub(super) fn of(value: &AttributeValue<Slice<'_>>) -> Self {
        let (class, number) = match *value {
            AttributeValue::Addr(address) => (Class::Address, address),
            AttributeValue::DebugAddrIndex(index) => (Class::AddressIndex, index.0 as u64),
            AttributeValue::UnitRef(offset) => (Class::UnitRef, offset.0 as u64),
            AttributeValue::DebugInfoRef(offset) => (Class::InfoRef, offset.0 as u64),
            AttributeValue::DebugInfoRefSup(offset) => (Class::SharedRef, offset.0 as u64),
            AttributeValue::RangeListsRef(offset) => (Class::Ranges, offset.0 as u64),
            AttributeValue::DebugRngListsIndex(index) => (Class::RangesIndex, index.0 as u64),
            AttributeValue::FileIndex(file) => (Class::Number, file),
            ref other => match other.udata_value() {
                Some(number) => (Class::Number, number),
                None => (Class::Other, 0),
            },
        };
        Value { class, number }
    }

    /// A plain number.
    pub(super) fn number(self) -> Option<u64> {
        (self.class == Class::Number).then_some(self.number)
    }

    /// A line or column; 0 if it is none.
    pub(super) fn small(self) -> u32 {
        self.number().and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
    }

    /// An address.
    pub(super) fn address(self, unit: UnitRef<'_, Slice<'_>>) -> gimli::Result<Option<u64>> {
        match self.class {
            Class::Address => Ok(Some(self.number)),
            Class::AddressIndex => unit.address(DebugAddrIndex(self.number as usize)).map(Some),
            _ => Ok(None),
        }
    }

    /// Where a list of ranges is.
    pub(super) fn ranges(self, unit: UnitRef<'_, Slice<'_>>) -> gimli::Result<Option<RangeListsOffset>> {
        let at = self.number as usize;
        match self.class {
            Class::Ranges => Ok(Some(unit.ranges_offset_from_raw(RawRangeListsOffset(at)))),
            Class::RangesIndex => unit.ranges_offset(DebugRngListsIndex(at)).map(Some),
            _ => Ok(None),
        }
    }

    /// A reference to an entry.
    pub(super) fn entry(self) -> Option<EntryRef> {
        let at = self.number as usize;
        match self.class {
            Class::UnitRef => Some(EntryRef::Unit(UnitOffset(at))),
            Class::InfoRef => Some(EntryRef::Info(at)),
            Class::SharedRef => Some(EntryRef::Shared(at)),
            _ => None,
        }
    }
}
