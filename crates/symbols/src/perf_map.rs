//! `/tmp/perf-PID.map`: names that a just-in-time compiler gives its code.
//!
//! Format: lines `START SIZE NAME`, hexadecimal without `0x`, the name may hold spaces (Linux,
//! `tools/perf/Documentation/jit-interface.txt`).
//!
//! Constraints: the file grows while it is read, so it is fed in pieces; a later line wins over an
//! earlier one for the same address; lines that do not parse are skipped and counted.
//!
//! ```
//! use pyrometer_symbols::perf_map::PerfMap;
//! let mut map = PerfMap::default();
//! map.feed(b"7f0000001000 40 LazyCompile:*run /app/");
//! map.feed(b"main.js:3\n");
//! assert_eq!(map.find(0x7f000000103f).map(|entry| entry.name.as_str()), Some("LazyCompile:*run /app/main.js:3"));
//! ```

use crate::code_index::CodeIndex;

/// A line longer than this is cut.
const LONGEST_LINE: usize = 1 << 14;

/// One line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerfMapEntry {
    /// First address, as the process sees it.
    pub start: u64,
    /// Bytes of code.
    pub size: u64,
    /// The rest of the line.
    pub name: String,
}

/// What was read of a file so far.
#[derive(Default)]
pub struct PerfMap {
    entries: Vec<PerfMapEntry>,
    index: CodeIndex,
    /// The beginning of a line whose end has not been fed.
    pending: Vec<u8>,
    skipped: u64,
}

impl PerfMap {
    /// Takes the next bytes of the file.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|&byte| byte == b'\n') {
            let mut line = std::mem::take(&mut self.pending);
            extend_bounded(&mut line, &bytes[..end]);
            self.add(&line);
            bytes = &bytes[end + 1..];
        }
        extend_bounded(&mut self.pending, bytes);
    }

    /// The newest entry that holds `address`.
    pub fn find(&self, address: u64) -> Option<&PerfMapEntry> {
        self.index.find(address, u64::MAX).map(|at| &self.entries[at as usize])
    }

    /// All entries in the order of the file.
    pub fn entries(&self) -> &[PerfMapEntry] {
        &self.entries
    }

    /// Lines that were no entries.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    fn add(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let Some(entry) = parse(&text) else {
            self.skipped += u64::from(!text.trim().is_empty());
            return;
        };
        let at = self.entries.len() as u32;
        self.index.insert(entry.start, entry.size, at.into(), at);
        self.entries.push(entry);
    }
}

fn extend_bounded(line: &mut Vec<u8>, bytes: &[u8]) {
    let room = LONGEST_LINE.saturating_sub(line.len());
    line.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

fn parse(line: &str) -> Option<PerfMapEntry> {
    let (start, rest) = line.trim_start().split_once(' ')?;
    let (size, name) = rest.trim_start().split_once(' ')?;
    let name = name.trim();
    let (start, size) = (hexadecimal(start)?, hexadecimal(size)?);
    let valid = size > 0 && start.checked_add(size).is_some() && !name.is_empty();
    valid.then(|| PerfMapEntry { start, size, name: name.to_owned() })
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_later_line_wins_and_broken_lines_are_counted() {
        let mut map = PerfMap::default();
        map.feed(b"1000 100 old\n1040 20 new name\nnonsense\n0x2000 0x10 other\n3000 0 empty\n");
        let name = |address| map.find(address).map(|entry| entry.name.as_str());
        assert_eq!(
            [name(0x1000), name(0x1040), name(0x105f), name(0x1060), name(0x2001)],
            [Some("old"), Some("new name"), Some("new name"), Some("old"), Some("other")]
        );
        assert_eq!((map.entries().len(), map.skipped()), (3, 2));
    }

    proptest! {
        #[test]
        fn the_pieces_in_which_a_file_is_fed_do_not_matter(lines in prop::collection::vec("[0-9a-f]{1,8} [0-9a-f]{1,4} [a-z ]{1,8}|[ -~]{0,9}", 0..20), cut: usize) {
            let text = lines.join("\n") + "\n";
            let cut = cut % text.len();
            let (mut whole, mut parts) = (PerfMap::default(), PerfMap::default());
            whole.feed(text.as_bytes());
            parts.feed(&text.as_bytes()[..cut]);
            parts.feed(&text.as_bytes()[cut..]);
            prop_assert_eq!(whole.entries(), parts.entries());
            prop_assert_eq!(whole.skipped(), parts.skipped());
        }
    }
}
