//! Named columns in one run of bytes.
//!
//! Eight bytes of magic, the length of the directory (u32, little-endian, as is everything), the directory as JSON, then
//! the columns, each at a multiple of eight from the start, so that a typed array can be laid over it.

use serde::Serialize;

/// The first bytes.
pub const MAGIC: &[u8; 8] = b"PYROPAGE";
const ALIGNMENT: usize = 8;

#[derive(Clone, Serialize)]
struct Entry {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    /// From the first column.
    offset: usize,
    /// Bytes.
    length: usize,
}

/// Columns as they are added.
#[derive(Clone, Default)]
pub struct Container {
    entries: Vec<Entry>,
    columns: Vec<u8>,
}

impl Container {
    /// Adds small numbers.
    pub fn u8(&mut self, name: &str, values: impl IntoIterator<Item = u8>) {
        self.add(name, "u8", values.into_iter().map(|value| [value]));
    }

    /// Adds numbers of rows.
    pub fn u32(&mut self, name: &str, values: impl IntoIterator<Item = u32>) {
        self.add(name, "u32", values.into_iter().map(u32::to_le_bytes));
    }

    /// Adds numbers in the smallest type that holds all of them.
    pub fn numbers(&mut self, name: &str, values: &[u32]) {
        match values.iter().max() {
            Some(..=0xff) => self.u8(name, values.iter().map(|value| *value as u8)),
            Some(..=0xffff) => {
                self.add(name, "u16", values.iter().map(|value| (*value as u16).to_le_bytes()))
            }
            _ => self.u32(name, values.iter().copied()),
        }
    }

    /// Adds values; those above 2^53 lose their last digits. If all are small and not negative, as numbers.
    pub fn values(&mut self, name: &str, values: &[i64]) {
        match values.iter().map(|value| u32::try_from(*value)).collect::<Result<Vec<_>, _>>() {
            Ok(numbers) => self.numbers(name, &numbers),
            Err(_) => self.f64(name, values.iter().map(|value| *value as f64)),
        }
    }

    /// Adds values; those above 2^53 lose their last digits.
    pub fn f64(&mut self, name: &str, values: impl IntoIterator<Item = f64>) {
        self.add(name, "f64", values.into_iter().map(f64::to_le_bytes));
    }

    /// Adds one text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.add(name, "text", text.bytes().map(|byte| [byte]));
    }

    fn add<const N: usize>(&mut self, name: &str, kind: &'static str, values: impl Iterator<Item = [u8; N]>) {
        pad(&mut self.columns, 0);
        let offset = self.columns.len();
        self.columns.extend(values.flatten());
        let length = self.columns.len() - offset;
        self.entries.push(Entry { name: name.to_owned(), kind, offset, length });
    }

    /// All of it.
    pub fn finish(self) -> Vec<u8> {
        let directory = serde_json::to_vec(&self.entries).unwrap_or_default();
        let mut bytes = MAGIC.to_vec();
        bytes.extend((directory.len() as u32).to_le_bytes());
        bytes.extend(directory);
        pad(&mut bytes, b' ');
        bytes.extend(self.columns);
        bytes
    }
}

fn pad(bytes: &mut Vec<u8>, with: u8) {
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), with);
}
