//! How much a journal may make its reader keep.
//!
//! Blocks are packed, and what repeats packs to nothing: a few kilobytes can hold gigabytes of rows.

use super::record::Tag;

/// Unpacked bytes of kept rows that any journal may hold.
const BASE: u64 = 16 << 20;
/// Further ones for each byte that it has: far above what rows pack to that are not made for it.
const PER_BYTE: u64 = 64;

/// Room for rows, in bytes of their records. A row that replaces one gives that one's room back.
pub(super) struct Room {
    left: u64,
    /// Sizes of the rows that can be replaced, by tag and row.
    sizes: [Vec<u32>; Tag::ALL.len() + 1],
}

impl Room {
    pub(super) fn for_length(length: u64) -> Self {
        let left = BASE.saturating_add(length.saturating_mul(PER_BYTE));
        Self { left, sizes: Default::default() }
    }

    /// Takes the room of a record; false if there is not enough.
    pub(super) fn take(&mut self, tag: Tag, body: &[u8]) -> bool {
        let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
        if let Some(row) = replaceable(tag, body) {
            let sizes = &mut self.sizes[tag as usize];
            match sizes.get_mut(row) {
                Some(old) => self.left += u64::from(std::mem::replace(old, size)),
                None => sizes.push(size),
            }
        }
        let left = self.left.checked_sub(size.into());
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

/// The row that a record sets, if another can set it again.
fn replaceable(tag: Tag, body: &[u8]) -> Option<usize> {
    match tag {
        Tag::Meta => Some(0),
        Tag::Metric | Tag::Process | Tag::Thread | Tag::Binary | Tag::Function => {
            let (row, _) = postcard::take_from_bytes::<i32>(body).ok()?;
            usize::try_from(row).ok()
        }
        Tag::Frames | Tag::Stacks | Tag::Event | Tag::Samples | Tag::Counter => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_replace_each_other_need_the_room_of_one() {
        let mut room = Room::for_length(0);
        let thread = [vec![0], vec![7; 1 << 20]].concat();
        for _ in 0..1000 {
            assert!(room.take(Tag::Thread, &thread) && room.take(Tag::Meta, &thread));
        }
        let added = (0..1000).take_while(|_| room.take(Tag::Stacks, &thread)).count();
        assert_eq!(added, 13);
    }

    #[test]
    fn a_longer_journal_has_more_room() {
        assert!(!Room::for_length(100).take(Tag::Event, &vec![0; (16 << 20) + 6401]));
        assert!(Room::for_length(100).take(Tag::Event, &vec![0; (16 << 20) + 6400]));
    }
}
