//! Numbers in bytes, in the order of the machine that wrote them.

/// Bytes of a file and their order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether the most significant byte is first.
    pub(super) big: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8], big: bool) -> Self {
        Self { bytes, big }
    }

    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.bytes.get(at..)?.first_chunk().copied()
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(if self.big { u16::from_be_bytes } else { u16::from_le_bytes })
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(if self.big { u32::from_be_bytes } else { u32::from_le_bytes })
    }

    pub(super) fn u64(self, at: usize) -> Option<u64> {
        self.array(at).map(if self.big { u64::from_be_bytes } else { u64::from_le_bytes })
    }

    /// A process or thread id.
    pub(super) fn id(self, at: usize) -> Option<i32> {
        self.u32(at).map(u32::cast_signed)
    }

    /// A number of things that follow, as far as it can be one.
    pub(super) fn length(self, at: usize) -> Option<usize> {
        usize::try_from(self.u64(at)?).ok()
    }

    /// What lies from one place up to another.
    pub(super) fn part(self, at: usize, length: usize) -> Option<Self> {
        Some(Self { bytes: self.bytes.get(at..at.checked_add(length)?)?, ..self })
    }

    /// What lies behind a place.
    pub(super) fn rest(self, at: usize) -> Option<Self> {
        Some(Self { bytes: self.bytes.get(at..)?, ..self })
    }

    /// A string that its length, 4 bytes, precedes; and where it ends.
    pub(super) fn string(self, at: usize) -> Option<(String, usize)> {
        let length = self.u32(at)? as usize;
        let text = self.part(at.checked_add(4)?, length)?.bytes;
        Some((String::from_utf8_lossy(crate::record::text(text)).into_owned(), at + 4 + length))
    }

    /// The words that it is made of.
    pub(super) fn words(self) -> impl Iterator<Item = u64> + 'a {
        (0..self.bytes.len() / 8).filter_map(move |index| self.u64(8 * index))
    }
}
