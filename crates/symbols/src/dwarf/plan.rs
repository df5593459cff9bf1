//! How the entries of an abbreviation are read: worked out once, so that passing over an entry is hardly more than an
//! addition. Nearly all entries are passed over.

use gimli::{
    Abbreviation, AttributeSpecification, AttributeValue, DebugAddrIndex, DebugInfoOffset,
    DebugRngListsIndex, DwAt, DwForm, DwTag, Encoding, RawRangeListsOffset, UnitOffset,
};

use super::Slice;

/// Abbreviations of higher numbers are read without a plan: a table of plans costs its highest number.
const MOST_PLANS: usize = 1024;

/// How to read one abbreviation's entries.
#[derive(Clone, Copy)]
pub(super) struct Plan<'u> {
    pub(super) abbreviation: &'u Abbreviation,
    pub(super) tag: DwTag,
    pub(super) attributes: usize,
    pub(super) has_children: bool,
    pub(super) kind: Kind,
}

/// How the bytes of an entry's attributes are laid out.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// As many bytes as this, no attribute wanted.
    Fixed(usize),
    /// As the [`Field`]s in this range say, and so many bytes behind the last of them.
    Fields { first: usize, end: usize, rest: usize },
    /// With a form that has no plan.
    Other,
}

/// An attribute that is wanted, or whose length the entry itself tells.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Bytes between the field before it and this one.
    pub(super) before: usize,
    pub(super) shape: Shape,
    /// Whether [`Field::value`] is asked for.
    pub(super) wanted: bool,
    pub(super) name: DwAt,
    form: DwForm,
    constant: i64,
}

/// How many bytes an attribute takes.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// So many.
    Fixed(usize),
    /// Those of a LEB128 number.
    Leb,
    /// A length of so many bytes (0: a LEB128 number), and the bytes that it counts.
    Block(usize),
    /// Up to a zero.
    Text,
}

/// Plans of a unit's abbreviations, made when they are first met.
#[derive(Default)]
pub(super) struct Plans<'u> {
    plans: Vec<Option<Plan<'u>>>,
    fields: Vec<Field>,
}

impl<'u> Plans<'u> {
    /// The plan of an abbreviation that was met before.
    pub(super) fn known(&self, code: u64) -> Option<Plan<'u>> {
        *self.plans.get(usize::try_from(code).ok()?)?
    }

    /// Makes the plan of an abbreviation.
    pub(super) fn make(&mut self, abbreviation: &'u Abbreviation, encoding: Encoding) -> Plan<'u> {
        let mut plan = Plan {
            abbreviation,
            tag: abbreviation.tag(),
            attributes: abbreviation.attributes().len(),
            has_children: abbreviation.has_children(),
            kind: Kind::Other,
        };
        let code = usize::try_from(abbreviation.code()).unwrap_or(usize::MAX);
        if code >= MOST_PLANS {
            return plan;
        }
        plan.kind = self.kind(abbreviation, encoding);
        if self.plans.len() <= code {
            self.plans.resize(code + 1, None);
        }
        self.plans[code] = Some(plan);
        plan
    }

    fn kind(&mut self, abbreviation: &Abbreviation, encoding: Encoding) -> Kind {
        let first = self.fields.len();
        let mut before = 0;
        for spec in abbreviation.attributes() {
            let wanted = is_wanted(abbreviation.tag(), spec.name());
            let shape = Shape::of(spec.form(), encoding);
            let Some(shape) = shape.filter(|_| !wanted || is_plain(spec, encoding)) else {
                self.fields.truncate(first);
                return Kind::Other;
            };
            match shape {
                Shape::Fixed(bytes) if !wanted => before += bytes,
                _ => self.fields.push(Field::new(spec, std::mem::take(&mut before), shape, wanted)),
            }
        }
        match self.fields.len() {
            end if end == first => Kind::Fixed(before),
            end => Kind::Fields { first, end, rest: before },
        }
    }

    pub(super) fn field(&self, at: usize) -> Field {
        self.fields[at]
    }
}

/// Whether a reader of functions asks for an attribute.
fn is_wanted(tag: DwTag, name: DwAt) -> bool {
    match name {
        gimli::DW_AT_low_pc | gimli::DW_AT_high_pc | gimli::DW_AT_ranges => {
            matches!(tag, gimli::DW_TAG_subprogram | gimli::DW_TAG_inlined_subroutine)
        }
        gimli::DW_AT_abstract_origin
        | gimli::DW_AT_call_file
        | gimli::DW_AT_call_line
        | gimli::DW_AT_call_column => tag == gimli::DW_TAG_inlined_subroutine,
        _ => false,
    }
}

/// Whether [`Field::value`] can tell the value.
fn is_plain(spec: &AttributeSpecification, encoding: Encoding) -> bool {
    match spec.form() {
        // Offsets too, before there was a form for them.
        gimli::DW_FORM_data4 | gimli::DW_FORM_data8 => {
            spec.name() != gimli::DW_AT_ranges || encoding.version > 3
        }
        gimli::DW_FORM_sec_offset => spec.name() == gimli::DW_AT_ranges,
        gimli::DW_FORM_rnglistx => spec.name() == gimli::DW_AT_ranges,
        gimli::DW_FORM_addr
        | gimli::DW_FORM_addrx
        | gimli::DW_FORM_addrx1
        | gimli::DW_FORM_addrx2
        | gimli::DW_FORM_addrx3
        | gimli::DW_FORM_addrx4
        | gimli::DW_FORM_GNU_addr_index
        | gimli::DW_FORM_data1
        | gimli::DW_FORM_data2
        | gimli::DW_FORM_udata
        | gimli::DW_FORM_implicit_const
        | gimli::DW_FORM_ref1
        | gimli::DW_FORM_ref2
        | gimli::DW_FORM_ref4
        | gimli::DW_FORM_ref8
        | gimli::DW_FORM_ref_udata
        | gimli::DW_FORM_ref_addr
        | gimli::DW_FORM_GNU_ref_alt
        | gimli::DW_FORM_ref_sup4
        | gimli::DW_FORM_ref_sup8 => true,
        _ => false,
    }
}

impl Shape {
    /// None for a form that is unknown, or tells itself which form it is.
    fn of(form: DwForm, encoding: Encoding) -> Option<Self> {
        let offset = usize::from(encoding.format.word_size());
        let address = usize::from(encoding.address_size);
        Some(match form {
            gimli::DW_FORM_implicit_const | gimli::DW_FORM_flag_present => Shape::Fixed(0),
            gimli::DW_FORM_data1
            | gimli::DW_FORM_flag
            | gimli::DW_FORM_strx1
            | gimli::DW_FORM_ref1
            | gimli::DW_FORM_addrx1 => Shape::Fixed(1),
            gimli::DW_FORM_data2 | gimli::DW_FORM_ref2 | gimli::DW_FORM_addrx2 | gimli::DW_FORM_strx2 => {
                Shape::Fixed(2)
            }
            gimli::DW_FORM_addrx3 | gimli::DW_FORM_strx3 => Shape::Fixed(3),
            gimli::DW_FORM_data4
            | gimli::DW_FORM_ref_sup4
            | gimli::DW_FORM_ref4
            | gimli::DW_FORM_strx4
            | gimli::DW_FORM_addrx4 => Shape::Fixed(4),
            gimli::DW_FORM_data8
            | gimli::DW_FORM_ref8
            | gimli::DW_FORM_ref_sig8
            | gimli::DW_FORM_ref_sup8 => Shape::Fixed(8),
            gimli::DW_FORM_data16 => Shape::Fixed(16),
            gimli::DW_FORM_addr => Shape::Fixed(address),
            // An offset only since version 3.
            gimli::DW_FORM_ref_addr if encoding.version == 2 => Shape::Fixed(address),
            gimli::DW_FORM_ref_addr
            | gimli::DW_FORM_sec_offset
            | gimli::DW_FORM_GNU_ref_alt
            | gimli::DW_FORM_strp
            | gimli::DW_FORM_strp_sup
            | gimli::DW_FORM_GNU_strp_alt
            | gimli::DW_FORM_line_strp => Shape::Fixed(offset),
            gimli::DW_FORM_block1 => Shape::Block(1),
            gimli::DW_FORM_block2 => Shape::Block(2),
            gimli::DW_FORM_block4 => Shape::Block(4),
            gimli::DW_FORM_block | gimli::DW_FORM_exprloc => Shape::Block(0),
            gimli::DW_FORM_string => Shape::Text,
            gimli::DW_FORM_udata
            | gimli::DW_FORM_sdata
            | gimli::DW_FORM_ref_udata
            | gimli::DW_FORM_strx
            | gimli::DW_FORM_GNU_str_index
            | gimli::DW_FORM_addrx
            | gimli::DW_FORM_GNU_addr_index
            | gimli::DW_FORM_loclistx
            | gimli::DW_FORM_rnglistx => Shape::Leb,
            _ => return None,
        })
    }
}

impl Field {
    fn new(spec: &AttributeSpecification, before: usize, shape: Shape, wanted: bool) -> Self {
        let constant = spec.implicit_const_value().unwrap_or(0);
        Field { before, shape, wanted, name: spec.name(), form: spec.form(), constant }
    }

    /// The value that `number`, read from the entry, stands for.
    pub(super) fn value<'e>(&self, number: u64) -> AttributeValue<Slice<'e>> {
        let offset = usize::try_from(number).unwrap_or(usize::MAX);
        match self.form {
            gimli::DW_FORM_addr => AttributeValue::Addr(number),
            gimli::DW_FORM_addrx
            | gimli::DW_FORM_addrx1
            | gimli::DW_FORM_addrx2
            | gimli::DW_FORM_addrx3
            | gimli::DW_FORM_addrx4
            | gimli::DW_FORM_GNU_addr_index => AttributeValue::DebugAddrIndex(DebugAddrIndex(offset)),
            gimli::DW_FORM_implicit_const => AttributeValue::Sdata(self.constant),
            gimli::DW_FORM_ref1
            | gimli::DW_FORM_ref2
            | gimli::DW_FORM_ref4
            | gimli::DW_FORM_ref8
            | gimli::DW_FORM_ref_udata => AttributeValue::UnitRef(UnitOffset(offset)),
            gimli::DW_FORM_ref_addr => AttributeValue::DebugInfoRef(DebugInfoOffset(offset)),
            gimli::DW_FORM_GNU_ref_alt | gimli::DW_FORM_ref_sup4 | gimli::DW_FORM_ref_sup8 => {
                AttributeValue::DebugInfoRefSup(DebugInfoOffset(offset))
            }
            gimli::DW_FORM_sec_offset => AttributeValue::RangeListsRef(RawRangeListsOffset(offset)),
            gimli::DW_FORM_rnglistx => AttributeValue::DebugRngListsIndex(DebugRngListsIndex(offset)),
            _ => AttributeValue::Udata(number),
        }
    }
}
