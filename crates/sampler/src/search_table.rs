//! The table of `.eh_frame_hdr`, sorted by the beginnings of functions.
//!
//! Only in the form that all linkers write (Linux Standard Base 5.0, 10.6.2): any other is passed over,
//! for then the index of `.eh_frame` itself does as well.

use crate::elf_image::Section;

/// The table, checked to lie inside its section.
pub(crate) struct SearchTable {
    header: Section,
    rows: usize,
}

impl SearchTable {
    /// Version 1; a pointer of 4 bytes, a number of 4 bytes, rows of two distances from the header.
    pub(crate) const FORM: [u8; 4] = [1, 0x1b, 0x03, 0x3b];
    const START: usize = 12;
    const ROW: usize = 8;

    /// None if it is empty, cut short or of another form.
    pub(crate) fn new(header: &Section) -> Option<Self> {
        let count = header.data.get(8..Self::START)?.first_chunk::<4>()?;
        let rows = u32::from_le_bytes(*count) as usize;
        let fits = (header.data.len() - Self::START) / Self::ROW >= rows;
        let usable = header.data.starts_with(&Self::FORM) && fits && rows > 0;
        usable.then(|| Self { header: header.clone(), rows })
    }

    /// Where the description of the nearest function at or below an address is.
    pub(crate) fn find(&self, address: u64) -> Option<u64> {
        let (mut low, mut high) = (0, self.rows);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.row(middle)?.0 <= address {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Some(self.row(low.checked_sub(1)?)?.1)
    }

    /// The beginning of a function, and the address of its description.
    fn row(&self, row: usize) -> Option<(u64, u64)> {
        let at = Self::START + Self::ROW * row;
        let bytes = self.header.data.get(at..at + Self::ROW)?;
        let address = |bytes: &[u8]| {
            let distance = i32::from_le_bytes(*bytes.first_chunk()?);
            Some(self.header.address.wrapping_add_signed(distance.into()))
        };
        Some((address(bytes)?, address(&bytes[4..])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(count: u32, rows: &[(i32, i32)]) -> Option<SearchTable> {
        let mut data = SearchTable::FORM.to_vec();
        data.extend(0i32.to_le_bytes());
        data.extend(count.to_le_bytes());
        data.extend(
            rows.iter()
                .flat_map(|(start, description)| [start.to_le_bytes(), description.to_le_bytes()].concat()),
        );
        SearchTable::new(&Section { address: 0x5000, data: data.into() })
    }

    proptest! {
        #[test]
        fn the_nearest_row_at_or_below_is_found(starts in proptest::collection::btree_set(-0x4000i32..0x4000, 1..50), address in 0u64..0x10000) {
            let rows: Vec<(i32, i32)> = starts.iter().zip(0..).map(|(start, row)| (*start, row)).collect();
            let nearest = rows.iter().rev().find(|(start, _)| 0x5000 + i64::from(*start) <= address as i64);
            let expected = nearest.map(|(_, row)| 0x5000 + *row as u64);
            prop_assert_eq!(table(rows.len() as u32, &rows).unwrap().find(address), expected);
        }

        #[test]
        fn any_table_is_searched_or_passed_over(count in 0u32..12, rows in proptest::collection::vec(any::<(i32, i32)>(), 0..10), address: u64) {
            let table = table(count, &rows);
            prop_assert_eq!(table.is_some(), count > 0 && count as usize <= rows.len());
            table.map(|table| table.find(address));
        }
    }
}
