//! Kernel functions from the text of `/proc/kallsyms`.
//!
//! Constraints:
//! - the addresses mean anything only within the boot that they were read in;
//! - an unprivileged reader is shown zeros (`kernel.kptr_restrict`): then there are no names, and
//!   never wrong ones.
//!
//! ```
//! use pyrometer_symbols::kallsyms::Kallsyms;
//! let text = b"ffffffff81000000 T do_one\nffffffff81000100 t do_two\t[snd]\n";
//! let names = Kallsyms::parse(text).expect("addresses are shown");
//! let found = names.find(0xffffffff81000180).expect("it lies in do_two");
//! assert_eq!((found.name, found.module, found.start), ("do_two", Some("snd"), 0xffffffff81000100));
//! ```

/// Code of one function does not reach further than this.
const LONGEST_FUNCTION: u64 = 1 << 20;

/// Why there are no names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNames {
    /// All addresses are zero.
    #[error("the kernel hides its addresses (kernel.kptr_restrict)")]
    Hidden,
    /// No line of the text names a function.
    #[error("the list of kernel symbols is empty")]
    Empty,
}

/// Kernel functions by address.
pub struct Kallsyms {
    /// Sorted by address.
    entries: Vec<Entry>,
    text: String,
}

struct Entry {
    address: u64,
    /// Range in `text`; empty for data, which only ends the function before it.
    name: (u32, u32),
    module: (u32, u32),
}

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelFunction<'k> {
    /// Its name, which is its linkage name too.
    pub name: &'k str,
    /// The module that it belongs to; none for the kernel itself.
    pub module: Option<&'k str>,
    /// Its first address.
    pub start: u64,
}

impl Kallsyms {
    /// Reads lines `ADDRESS TYPE NAME [MODULE]`; others are skipped.
    pub fn parse(text: &[u8]) -> Result<Self, NoNames> {
        // Names are kept as ranges of 32 bits.
        let text = &text[..text.len().min(u32::MAX as usize / 4)];
        let text = String::from_utf8_lossy(text).into_owned();
        let mut entries: Vec<Entry> = text.lines().filter_map(|line| entry(&text, line)).collect();
        if !entries.is_empty() && entries.iter().all(|entry| entry.address == 0) {
            return Err(NoNames::Hidden);
        }
        entries.sort_by_key(|entry| entry.address);
        // Functions before data: of two names at one address the first stays.
        entries.dedup_by(|later, first| {
            let same = later.address == first.address;
            if same && first.name.0 == first.name.1 {
                std::mem::swap(later, first);
            }
            same
        });
        let has_names = entries.iter().any(|entry| entry.name.0 < entry.name.1);
        if has_names { Ok(Kallsyms { entries, text }) } else { Err(NoNames::Empty) }
    }

    /// The function that holds `address`.
    pub fn find(&self, address: u64) -> Option<KernelFunction<'_>> {
        let at = self.entries.partition_point(|entry| entry.address <= address).checked_sub(1)?;
        let entry = &self.entries[at];
        let name = self.slice(entry.name);
        let inside = address - entry.address < LONGEST_FUNCTION && !name.is_empty();
        let module = Some(self.slice(entry.module)).filter(|module| !module.is_empty());
        inside.then_some(KernelFunction { name, module, start: entry.address })
    }

    fn slice(&self, (start, end): (u32, u32)) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }
}

fn entry(text: &str, line: &str) -> Option<Entry> {
    let mut fields = line.split_whitespace();
    let address = u64::from_str_radix(fields.next()?, 16).ok()?;
    let code = matches!(fields.next()?, "t" | "T" | "w" | "W");
    let name = fields.next()?;
    let module = fields.next().and_then(|module| module.strip_prefix('[')?.strip_suffix(']'));
    let name = if code { range_in(text, name) } else { (0, 0) };
    Some(Entry { address, name, module: module.map_or((0, 0), |module| range_in(text, module)) })
}

/// Where `part`, a slice of `text`, lies in it.
fn range_in(text: &str, part: &str) -> (u32, u32) {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    (start as u32, (start + part.len()) as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn data_and_the_next_function_end_a_function() {
        let text = b"1000 T first\n1000 t alias_of_first\n1100 D table\n1200 t second\n";
        let names = Kallsyms::parse(text).expect("it names functions");
        let name = |address| names.find(address).map(|found| found.name);
        assert_eq!(
            [name(0xfff), name(0x1000), name(0x10ff), name(0x1100), name(0x1200)],
            [None, Some("first"), Some("first"), None, Some("second")]
        );
        assert_eq!(name(0x1200 + LONGEST_FUNCTION), None);
    }

    #[test]
    fn hidden_addresses_name_nothing() {
        let text = b"0000000000000000 T _text\n0000000000000000 t do_it\n";
        assert_eq!(Kallsyms::parse(text).err(), Some(NoNames::Hidden));
        assert_eq!(Kallsyms::parse(b"").err(), Some(NoNames::Empty));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_crash(text in "([0-9a-f]{1,17} [tTdw] [a-z_]{1,9}(\t\\[[a-z]{1,4}\\])?\n|[ -~]{0,20}\n){0,20}", address: u64) {
            let names = Kallsyms::parse(text.as_bytes());
            if let Some(found) = names.as_ref().ok().and_then(|names| names.find(address)) {
                prop_assert!(found.start <= address && !found.name.is_empty());
            }
        }
    }
}
