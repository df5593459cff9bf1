//! Bytes one after the other, found again by their place, which never move to another place.
//!
//! Regions of 2 MiB are taken as they are needed; the first one grows to that size. What is longer has a region of its
//! own, of several such sizes. So places are plain sums, memory is not copied when there is more, and few lines take
//! little.

use std::io;

use memmap2::MmapMut;

use crate::memory::{prefetch, zeroes};

/// Bits of a place within its region.
const BITS: u32 = 21;
const REGION: usize = 1 << BITS;
/// What the first region begins with.
const FIRST: usize = 32 << 10;

/// Where bytes are; below 4 GiB.
pub(crate) type Place = u32;

#[derive(Default)]
pub(crate) struct Arena {
    /// Region `n` holds the places from `n << BITS` on; one of several sizes is followed by nothing in theirs.
    regions: Vec<Option<MmapMut>>,
    /// Where in each region, but in the last one, what was taken ends.
    filled: Vec<usize>,
    /// The place of what comes next.
    next: usize,
    /// Where the last region ends.
    end: usize,
}

impl Arena {
    /// Room for `size` bytes, zeroes or not, whose place is returned.
    pub(crate) fn take(&mut self, size: usize) -> io::Result<Place> {
        if self.next + size > self.end {
            self.make_room(size)?;
        }
        let place = Place::try_from(self.next).map_err(|_| io::ErrorKind::OutOfMemory)?;
        self.next += size;
        Ok(place)
    }

    /// What is at a place and after it, up to the end of its region.
    #[inline]
    pub(crate) fn at(&self, place: Place) -> &[u8] {
        let region = self.regions[(place >> BITS) as usize].as_deref().unwrap_or_default();
        &region[place as usize & (REGION - 1)..]
    }

    /// The same, to be changed.
    #[inline]
    pub(crate) fn at_mut(&mut self, place: Place) -> &mut [u8] {
        let region = self.regions[(place >> BITS) as usize].as_deref_mut().unwrap_or_default();
        &mut region[place as usize & (REGION - 1)..]
    }

    /// Begins to bring what is at a place near, and what is so many bytes behind it.
    #[inline]
    pub(crate) fn prefetch(&self, place: Place, size: usize) {
        if let Some(Some(region)) = self.regions.get((place >> BITS) as usize) {
            let at = place as usize & (REGION - 1);
            prefetch(region, at);
            prefetch(region, at + size);
        }
    }

    /// The places from which on something was taken, and how much without a gap: in order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (Place, usize)> + '_ {
        let last = self.next.saturating_sub(self.filled.len() << BITS);
        let filled = self.filled.iter().copied().chain([last]).enumerate();
        filled.filter(|(_, filled)| *filled > 0).map(|(region, filled)| ((region << BITS) as Place, filled))
    }

    fn make_room(&mut self, size: usize) -> io::Result<()> {
        if self.regions.len() <= 1 && self.next + size <= REGION {
            return self.grow_first(self.next + size);
        }
        let regions = size.div_ceil(REGION);
        if !self.regions.is_empty() {
            self.filled.push(self.next - (self.filled.len() << BITS));
        }
        // What is left of several sizes is filled by none.
        self.filled.resize(self.regions.len(), 0);
        self.next = self.regions.len() << BITS;
        self.regions.push(Some(zeroes(regions << BITS)?));
        self.regions.resize_with(self.regions.len() + regions - 1, || None);
        // Behind the first size of several no place leads to the region.
        self.end = self.next + if regions > 1 { size } else { REGION };
        Ok(())
    }

    fn grow_first(&mut self, size: usize) -> io::Result<()> {
        let mut larger = zeroes(size.next_power_of_two().max(FIRST))?;
        if let Some(Some(first)) = self.regions.first() {
            larger[..self.next].copy_from_slice(&first[..self.next]);
        }
        self.end = larger.len();
        self.regions.clear();
        self.regions.push(Some(larger));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_was_put_is_found_again(sizes in prop::collection::vec(
            prop_oneof![8 => 1usize..200, 2 => 1usize..300_000, 1 => 1usize..5_000_000], 0..30
        )) {
            let mut arena = Arena::default();
            let mut places = Vec::new();
            for (index, size) in sizes.iter().enumerate() {
                let place = arena.take(*size).expect("memory");
                arena.at_mut(place)[..*size].fill(index as u8);
                places.push(place);
            }
            let parts: usize = arena.parts().map(|(_, filled)| filled).sum();
            prop_assert_eq!(parts, sizes.iter().sum::<usize>());
            for (index, (place, size)) in places.iter().zip(&sizes).enumerate() {
                prop_assert!(arena.at(*place)[..*size].iter().all(|byte| *byte == index as u8));
            }
        }
    }
}
