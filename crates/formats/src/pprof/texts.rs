//! The table of all text, each once; the first is empty.

use rustc_hash::FxHashMap;

pub(super) struct Texts {
    indices: FxHashMap<String, i64>,
    table: Vec<String>,
}

impl Default for Texts {
    fn default() -> Self {
        let mut texts = Self { indices: FxHashMap::default(), table: Vec::new() };
        texts.index("");
        texts
    }
}

impl Texts {
    pub(super) fn index(&mut self, text: &str) -> i64 {
        if let Some(index) = self.indices.get(text) {
            return *index;
        }
        let index = self.table.len() as i64;
        self.indices.insert(text.to_owned(), index);
        self.table.push(text.to_owned());
        index
    }

    pub(super) fn optional(&mut self, text: Option<&str>) -> i64 {
        text.map_or(0, |text| self.index(text))
    }

    pub(super) fn into_table(self) -> Vec<String> {
        self.table
    }
}
