//! How much a file may make its reader keep.
//!
//! A file says a thing once and refers to it: a few bytes can stand for a long name, or for all calls inlined into one
//! place, a million times. Tables of ours have them each time.

/// Bytes of rows that any file may need.
const BASE: u64 = 64 << 20;
/// Further ones for each byte that it has, packed: far above what files need that are not made for it.
const PER_BYTE: u64 = 256;

/// Room for rows, in bytes; without end until a file is known.
#[derive(Debug, Default)]
pub(super) struct Room {
    left: Option<u64>,
    used_up: bool,
}

impl Room {
    /// Room for what a further file of `size` bytes needs.
    pub(super) fn add(&mut self, size: u64) {
        let left = self.left.unwrap_or(BASE);
        self.left = Some(left.saturating_add(size.saturating_mul(PER_BYTE)));
    }

    /// Takes the room of a row with texts of so many bytes.
    #[inline]
    pub(super) fn take<R>(&mut self, texts: usize) {
        // The row, its key, and the tables that find it.
        let size = (texts as u64).saturating_add(4 * size_of::<R>() as u64);
        if let Some(left) = &mut self.left {
            self.used_up |= *left < size;
            *left = left.saturating_sub(size);
        }
    }

    /// Whether more was taken than there was.
    #[inline]
    pub(super) fn is_used_up(&self) -> bool {
        self.used_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_as_large_as_the_files() {
        let mut room = Room::default();
        room.take::<u64>(usize::MAX);
        assert!(!room.is_used_up());
        room.add(10);
        room.add(20);
        room.take::<u8>((BASE + 30 * PER_BYTE) as usize - 4);
        assert!(!room.is_used_up());
        room.take::<u8>(0);
        assert!(room.is_used_up());
    }
}
