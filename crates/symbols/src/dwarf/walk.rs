//! A walk over the entries of a unit, in their order.
//!
//! It does what gimli's `EntriesRaw` does, but by [plans](super::plan), and asks that one where there is none.

use gimli::{Abbreviation, DwAt, EntriesRaw, Reader, Section, UnitOffset, UnitRef};

use super::Slice;
use super::plan::{Entry, Field, Layout, Plans, Shape};
use super::value::Value;

/// Goes over the entries of a unit.
pub(super) struct Walk<'u, 'e> {
    unit: UnitRef<'u, Slice<'e>>,
    /// The unit, its header included: offsets in a unit are offsets here.
    bytes: Slice<'e>,
    place: Place,
    plans: Plans,
}

/// Where a walk is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    at: usize,
    depth: isize,
}

impl<'u, 'e> Walk<'u, 'e> {
    /// A walk that begins with the unit's own entry.
    pub(super) fn new(unit: UnitRef<'u, Slice<'e>>) -> gimli::Result<Self> {
        let start = unit.header.debug_info_offset().map_or(usize::MAX, |offset| offset.0);
        let mut bytes = *unit.dwarf.debug_info.reader();
        bytes.skip(start)?;
        bytes.truncate(unit.header.length_including_self())?;
        let place = Place { at: unit.header.header_size(), depth: 0 };
        Ok(Walk { unit, bytes, place, plans: Plans::default() })
    }

    /// The unit.
    pub(super) fn unit(&self) -> UnitRef<'u, Slice<'e>> {
        self.unit
    }

    /// True after the last entry.
    pub(super) fn is_done(&self) -> bool {
        self.place.at >= self.bytes.len()
    }

    /// Offset of what comes next.
    pub(super) fn offset(&self) -> UnitOffset {
        UnitOffset(self.place.at)
    }

    /// Depth of what comes next, counted from where the walk began.
    pub(super) fn depth(&self) -> isize {
        self.place.depth
    }

    /// Where the walk is, to come back to.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Goes back, or on, to `place`.
    pub(super) fn go_to(&mut self, place: Place) {
        self.place = place;
    }

    /// Goes to an entry, whose depth becomes 0.
    pub(super) fn seek(&mut self, entry: UnitOffset) {
        self.place = Place { at: entry.0, depth: 0 };
    }

    /// The abbreviation of the next entry; none at the end of an entry's children.
    #[inline]
    pub(super) fn next_entry(&mut self) -> gimli::Result<Option<Entry>> {
        let code = self.leb()?;
        if code == 0 {
            self.place.depth -= 1;
            return Ok(None);
        }
        let entry = match self.plans.known(code) {
            Some(entry) => entry,
            None => self.plan(code)?,
        };
        self.place.depth += isize::from(entry.has_children);
        Ok(Some(entry))
    }

    #[cold]
    fn plan(&mut self, code: u64) -> gimli::Result<Entry> {
        Ok(self.plans.make(self.abbreviation(code)?, self.unit.encoding()))
    }

    fn abbreviation(&self, code: u64) -> gimli::Result<&'u Abbreviation> {
        self.unit.unit.abbreviations.get(code).ok_or(gimli::Error::InvalidAbbreviationCode(code))
    }

    /// Passes over the attributes of an entry.
    #[inline]
    pub(super) fn skip(&mut self, entry: Entry) -> gimli::Result<()> {
        match self.plans.layout(entry) {
            Layout::Fixed(bytes) => self.advance(bytes as usize),
            Layout::Fields { first, end, rest } => {
                for at in first..end {
                    let field = self.plans.field(at);
                    self.advance(field.before as usize)?;
                    self.skip_field(field)?;
                }
                self.advance(rest as usize)
            }
            Layout::Other => {
                let abbreviation = self.abbreviation(entry.code)?;
                self.by_gimli(|entries| entries.skip_attributes(abbreviation.attributes()))
            }
        }
    }

    /// Reads the attributes of an entry that functions are made of; with others, if that is no trouble.
    #[inline]
    pub(super) fn read(
        &mut self,
        entry: Entry,
        mut each: impl FnMut(DwAt, Value) -> gimli::Result<()>,
    ) -> gimli::Result<()> {
        match self.plans.layout(entry) {
            Layout::Fixed(bytes) => self.advance(bytes as usize),
            Layout::Fields { first, end, rest } => {
                for at in first..end {
                    let field = self.plans.field(at);
                    self.advance(field.before as usize)?;
                    match field.is_wanted() {
                        true => each(field.name, self.value(field)?)?,
                        false => self.skip_field(field)?,
                    }
                }
                self.advance(rest as usize)
            }
            Layout::Other => {
                let abbreviation = self.abbreviation(entry.code)?;
                self.by_gimli(|entries| {
                    for spec in abbreviation.attributes() {
                        let attribute = entries.read_attribute(*spec)?;
                        each(attribute.name(), Value::of(&attribute.value()))?;
                    }
                    Ok(())
                })
            }
        }
    }

    fn by_gimli(
        &mut self,
        read: impl FnOnce(&mut EntriesRaw<'u, Slice<'e>>) -> gimli::Result<()>,
    ) -> gimli::Result<()> {
        let mut rest = self.bytes;
        rest.skip(self.place.at)?;
        let abbreviations = &self.unit.unit.abbreviations;
        let mut entries = EntriesRaw::new(rest, self.unit.encoding(), abbreviations, self.offset());
        read(&mut entries)?;
        self.place.at = entries.next_offset().0;
        Ok(())
    }

    #[inline]
    fn value(&mut self, field: Field) -> gimli::Result<Value> {
        let number = match field.shape {
            Shape::Fixed(bytes) => self.number(bytes.into())?,
            _ => self.leb()?,
        };
        Ok(field.value(number))
    }

    #[inline]
    fn skip_field(&mut self, field: Field) -> gimli::Result<()> {
        match field.shape {
            Shape::Fixed(bytes) => self.advance(bytes.into()),
            Shape::Block(0) => {
                let length = self.leb()?;
                self.advance(usize::try_from(length).unwrap_or(usize::MAX))
            }
            Shape::Block(bytes) => {
                let length = self.number(bytes.into())?;
                self.advance(length as usize)
            }
            Shape::Leb => {
                while self.byte()? & 0x80 != 0 {}
                Ok(())
            }
            Shape::Text => {
                let rest = self.bytes.slice().get(self.place.at..).unwrap_or_default();
                let length = memchr::memchr(0, rest).ok_or_else(end)?;
                self.advance(length + 1)
            }
        }
    }

    #[inline]
    fn advance(&mut self, bytes: usize) -> gimli::Result<()> {
        let at = self.place.at.saturating_add(bytes);
        if at > self.bytes.len() {
            return Err(end());
        }
        self.place.at = at;
        Ok(())
    }

    #[inline]
    fn byte(&mut self) -> gimli::Result<u8> {
        let byte = *self.bytes.slice().get(self.place.at).ok_or_else(end)?;
        self.place.at += 1;
        Ok(byte)
    }

    /// An unsigned number of `size` bytes, at most 8.
    #[inline]
    fn number(&mut self, size: usize) -> gimli::Result<u64> {
        let start = self.place.at;
        self.advance(size)?;
        let bytes = &self.bytes.slice()[start..start + size];
        let put = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Ok(match self.bytes.endian() {
            gimli::RunTimeEndian::Little => match *bytes {
                [a] => a.into(),
                [a, b] => u16::from_le_bytes([a, b]).into(),
                [a, b, c, d] => u32::from_le_bytes([a, b, c, d]).into(),
                [a, b, c, d, e, f, g, h] => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
                _ => bytes.iter().rev().fold(0, put),
            },
            gimli::RunTimeEndian::Big => bytes.iter().fold(0, put),
        })
    }

    /// An unsigned LEB128 number.
    #[inline]
    fn leb(&mut self) -> gimli::Result<u64> {
        let first = self.byte()?;
        if first & 0x80 == 0 {
            return Ok(first.into());
        }
        let mut number = u64::from(first & 0x7f);
        let mut shift = 7;
        loop {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err(gimli::Error::BadUnsignedLeb128);
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
            shift += 7;
        }
    }
}

#[cold]
fn end() -> gimli::Error {
    gimli::Error::UnexpectedEof(gimli::ReaderOffsetId(0))
}

#[cfg(test)]
mod tests {
    use gimli::{DebugInfo, DwTag, EndianSlice, Unit};
    use proptest::prelude::*;

    use super::*;
    use crate::dwarf::DebugSections;
    use crate::dwarf::plan::is_wanted;
    use crate::dwarf::value::Class;
    use crate::elf::ElfImage;

    /// Offset, depth, tag and the wanted attributes of an entry; only the depth of an end.
    type Event = (usize, isize, Option<DwTag>, Vec<(DwAt, Class, u64)>);

    /// What a walk meets until it ends or fails, and whether it failed.
    fn walked(unit: UnitRef<'_, Slice<'_>>) -> (Vec<Event>, bool) {
        let mut events = Vec::new();
        let result = (|| {
            let mut walk = Walk::new(unit)?;
            while !walk.is_done() {
                let (at, depth, mut values) = (walk.offset().0, walk.depth(), Vec::new());
                let entry = walk.next_entry()?;
                if let Some(entry) = entry {
                    let wanted = |name| is_wanted(entry.tag, name);
                    let place = walk.place();
                    walk.read(entry, |name, value| {
                        values.extend(wanted(name).then_some((name, value.class, value.number)));
                        Ok(())
                    })?;
                    let after = walk.place().at;
                    walk.go_to(place);
                    walk.skip(entry)?;
                    assert_eq!(walk.place().at, after, "reading and passing over end at the same place");
                }
                events.push((at, depth, entry.map(|entry| entry.tag), values));
            }
            gimli::Result::Ok(())
        })();
        (events, result.is_err())
    }

    /// The same by gimli.
    fn expected(unit: UnitRef<'_, Slice<'_>>) -> (Vec<Event>, bool) {
        let mut events = Vec::new();
        let result = (|| {
            let mut entries = unit.entries_raw(None)?;
            while !entries.is_empty() {
                let (at, depth, mut values) = (entries.next_offset().0, entries.next_depth(), Vec::new());
                let abbreviation = entries.read_abbreviation()?;
                for spec in abbreviation.map(Abbreviation::attributes).unwrap_or_default() {
                    let attribute = entries.read_attribute(*spec)?;
                    let value = Value::of(&attribute.value());
                    let wanted = abbreviation.is_some_and(|entry| is_wanted(entry.tag(), spec.name()));
                    values.extend(wanted.then_some((spec.name(), value.class, value.number)));
                }
                events.push((at, depth, abbreviation.map(Abbreviation::tag), values));
            }
            gimli::Result::Ok(())
        })();
        (events, result.is_err())
    }

    /// Calls `check` with this test's own debug info and its units, some bytes of it changed.
    fn with_units(changes: &[(usize, u8)], most: usize, check: impl Fn(UnitRef<'_, Slice<'_>>)) {
        let bytes = std::fs::read(std::env::current_exe().expect("a path")).expect("it can be read");
        let image = ElfImage::parse(&bytes).expect("an ELF file");
        let sections = DebugSections::load(&image).expect("tests are built with debug info");
        let dwarf = sections.dwarf();
        let original = *dwarf.debug_info.reader();
        let headers: Vec<_> = dwarf.debug_info.units().filter_map(Result::ok).take(most).collect();
        for header in headers {
            let start = header.debug_info_offset().expect("of .debug_info").0;
            let mut info = original.slice()[..start + header.length_including_self()].to_vec();
            let inside = start + header.header_size()..info.len();
            for &(at, byte) in changes {
                info[inside.start + at % inside.len()] ^= byte;
            }
            let Ok(unit) = Unit::new(&dwarf, header) else { continue };
            let mut changed = sections.dwarf();
            changed.debug_info = DebugInfo::from(EndianSlice::new(&info, original.endian()));
            let again = changed.debug_info.header_from_offset(gimli::DebugInfoOffset(start));
            let Ok(header) = again else { continue };
            let abbreviations = unit.abbreviations.clone();
            if let Ok(unit) = Unit::new_with_abbreviations(&changed, header, abbreviations) {
                check(UnitRef::new(&changed, &unit));
            }
        }
    }

    #[test]
    fn a_walk_meets_what_gimli_meets() {
        with_units(&[], 200, |unit| {
            let (events, failed) = expected(unit);
            assert!(!failed && !events.is_empty());
            assert_eq!(walked(unit), (events, failed));
        });
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn also_in_a_corrupt_unit(changes in prop::collection::vec((any::<usize>(), 1u8..), 1..8)) {
            with_units(&changes, 8, |unit| assert_eq!(walked(unit), expected(unit)));
        }
    }
}
