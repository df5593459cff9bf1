//! How the entries of an abbreviation are read: worked out once, so that passing over an entry is hardly more than an
//! addition. Nearly all entries are passed over.

use gimli::{Abbreviation, AttributeSpecification, DwAt, DwForm, DwTag, Encoding};

use super::value::{Class, Value};

/// Abbreviations of higher numbers are read without a plan: a table of plans costs its highest number.
const MOST_PLANS: usize = 1024;

/// An entry, by its abbreviation.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) code: u64,
    pub(super) attributes: u32,
    pub(super) tag: DwTag,
    pub(super) has_children: bool,
}

/// How to read one abbreviation's entries.
#[derive(Clone, Copy)]
struct Plan {
    entry: Entry,
    layout: Layout,
}

/// How the bytes of an entry's attributes are laid out.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// As many bytes as this, no attribute wanted.
    Fixed(u32),
    /// As the [`Field`]s in this range say, and so many bytes behind the last of them.
    Fields { first: u32, end: u32, rest: u32 },
    /// With a form that has no plan.
    Other,
}

/// An attribute that is wanted, or whose length the entry itself tells.
#[derive(Clone, Copy)]
pub(super) struct Field {
    /// Bytes between the field before it and this one.
    pub(super) before: u32,
    pub(super) shape: Shape,
    /// What it means, if it is wanted.
    class: Option<Class>,
    pub(super) name: DwAt,
    /// Of an attribute whose value the abbreviation holds.
    constant: Option<i64>,
}

/// How many bytes an attribute takes.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// So many.
    Fixed(u8),
    /// Those of a LEB128 number.
    Leb,
    /// A length of so many bytes (0: a LEB128 number), and the bytes that it counts.
    Block(u8),
    /// Up to a zero.
    Text,
}

/// Plans of a unit's abbreviations, made when they are first met.
#[derive(Default)]
pub(super) struct Plans {
    plans: Vec<Option<Plan>>,
    fields: Vec<Field>,
}

impl Plans {
    /// The entry of an abbreviation that was met before.
    #[inline]
    pub(super) fn known(&self, code: u64) -> Option<Entry> {
        Some(self.plan(code)?.entry)
    }

    /// How the attributes of an entry are laid out.
    #[inline]
    pub(super) fn layout(&self, entry: Entry) -> Layout {
        self.plan(entry.code).map_or(Layout::Other, |plan| plan.layout)
    }

    #[inline]
    fn plan(&self, code: u64) -> Option<&Plan> {
        self.plans.get(usize::try_from(code).ok()?)?.as_ref()
    }

    #[inline]
    pub(super) fn field(&self, at: u32) -> Field {
        self.fields[at as usize]
    }

    /// Makes the plan of an abbreviation.
    pub(super) fn make(&mut self, abbreviation: &Abbreviation, encoding: Encoding) -> Entry {
        let entry = Entry {
            code: abbreviation.code(),
            attributes: u32::try_from(abbreviation.attributes().len()).unwrap_or(u32::MAX),
            tag: abbreviation.tag(),
            has_children: abbreviation.has_children(),
        };
        let code = usize::try_from(entry.code).unwrap_or(usize::MAX);
        if code < MOST_PLANS {
            let layout = self.lay_out(abbreviation, encoding);
            if self.plans.len() <= code {
                self.plans.resize(code + 1, None);
            }
            self.plans[code] = Some(Plan { entry, layout });
        }
        entry
    }

    fn lay_out(&mut self, abbreviation: &Abbreviation, encoding: Encoding) -> Layout {
        let first = self.fields.len();
        let mut before: u32 = 0;
        for spec in abbreviation.attributes() {
            let wanted = is_wanted(abbreviation.tag(), spec.name());
            let class = Class::of_form(spec.name(), spec.form(), encoding).filter(|_| wanted);
            let shape = Shape::of(spec.form(), encoding);
            let Some(shape) = shape.filter(|_| !wanted || class.is_some()) else {
                self.fields.truncate(first);
                return Layout::Other;
            };
            match shape {
                Shape::Fixed(bytes) if !wanted => before = before.saturating_add(bytes.into()),
                _ => self.fields.push(Field::new(spec, std::mem::take(&mut before), shape, class)),
            }
        }
        match self.fields.len() {
            end if end == first => Layout::Fixed(before),
            end => Layout::Fields { first: first as u32, end: end as u32, rest: before },
        }
    }
}

/// Whether a reader of functions asks for an attribute.
pub(super) fn is_wanted(tag: DwTag, name: DwAt) -> bool {
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

impl Shape {
    /// None for a form that is unknown, or tells itself which form it is.
    fn of(form: DwForm, encoding: Encoding) -> Option<Self> {
        let offset = encoding.format.word_size();
        let address = encoding.address_size;
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
    fn new(spec: &AttributeSpecification, before: u32, shape: Shape, class: Option<Class>) -> Self {
        Field { before, shape, class, name: spec.name(), constant: spec.implicit_const_value() }
    }

    /// Whether [`Field::value`] is asked for.
    #[inline]
    pub(super) fn is_wanted(&self) -> bool {
        self.class.is_some()
    }

    /// The value that `number`, read from the entry, stands for.
    #[inline]
    pub(super) fn value(&self, number: u64) -> Value {
        match self.constant {
            None => Value { class: self.class.unwrap_or(Class::Other), number },
            Some(constant) => Value::of_signed(constant),
        }
    }
}
