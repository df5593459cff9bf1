//! How much text the symbols of a file may name.

use object::ObjectSymbol;

use crate::elf::ElfImage;

/// Bytes of names for each byte of the file. Linkers share tails at most, which real files gain a fifth by.
const BYTES_PER_BYTE: usize = 8;
/// Bytes of names granted to any file.
const BYTES_FOR_ALL: usize = 1 << 20;

/// Bytes of names that may still be read. Every symbol of a file can name the same megabyte of text,
/// or all its tails; this ends it.
pub(crate) struct NameBudget {
    left: usize,
    /// What a name without an end is taken to cost: looking for the end of each could read the whole
    /// file a million times.
    endless: usize,
}

impl NameBudget {
    pub(crate) fn for_image(image: &ElfImage<'_>) -> Self {
        let size = image.bytes().len();
        let left = size.saturating_mul(BYTES_PER_BYTE).saturating_add(BYTES_FOR_ALL);
        NameBudget { left, endless: size / 64 }
    }

    /// The name of a symbol; none once the budget is spent.
    pub(crate) fn name<'a>(&mut self, symbol: &impl ObjectSymbol<'a>) -> Option<&'a str> {
        if self.left == 0 {
            return None;
        }
        let name = symbol.name_bytes().ok();
        self.left = self.left.saturating_sub(name.map_or(self.endless, <[u8]>::len));
        std::str::from_utf8(name?).ok()
    }
}
