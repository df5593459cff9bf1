//! Names of objects, files and functions: written once, `(7) main`, and meant by their number from then on.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use pyrometer_tables::schema::Function;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::super::Builder;
use super::super::numbers::unsigned;
use crate::nameless::in_object;

/// How something is named that is not known.
pub(super) const UNKNOWN: &str = "???";
/// Numbers below are looked up in a table. Callgrind counts from 1.
const LOW: u64 = 1 << 20;
/// The longest name. Names are made of others: without an end a short file could make one of any length.
const LONGEST: usize = 1 << 20;
/// Bytes of names in all functions together, beyond [`NAME`] for each of them.
const NAMES: usize = 256 << 20;
/// Bytes of the names of a function and of its file, on average.
const NAME: usize = 1024;

/// The names of one kind.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: Vec<Arc<str>>,
    /// Places by the hash of the text that stands there.
    places: HashTable<u32>,
    low: Vec<Option<u32>>,
    high: FxHashMap<u64, u32>,
}

impl Names {
    /// What stands behind `=`: the place of its name in [`Self::text`]. None if it was not defined.
    pub(super) fn resolve(&mut self, spec: &[u8]) -> Option<u32> {
        let spec = spec.trim_ascii();
        let Some((id, name)) = numbered(spec) else {
            let is_number = matches!(spec, [b'(', b'0'..=b'9', ..]) && unsigned(&spec[1..]).is_none();
            return if is_number { None } else { self.intern(spec) };
        };
        let name = name.trim_ascii_start();
        if name.is_empty() {
            return self.defined(id);
        }
        let place = self.intern(name)?;
        if id < LOW {
            let at = id as usize;
            self.low.resize(self.low.len().max(at + 1), None);
            self.low[at] = Some(place);
        } else {
            self.high.insert(id, place);
        }
        Some(place)
    }

    fn defined(&self, id: u64) -> Option<u32> {
        if id < LOW { self.low.get(id as usize).copied().flatten() } else { self.high.get(&id).copied() }
    }

    /// The name.
    pub(super) fn text(&self, place: u32) -> &Arc<str> {
        &self.texts[place as usize]
    }

    fn intern(&mut self, name: &[u8]) -> Option<u32> {
        let text = String::from_utf8_lossy(name);
        if name.contains(&b'\'') && name.contains(&b'(') {
            let whole = self.expanded(&text)?;
            return Some(self.place(&whole));
        }
        (text.len() <= LONGEST).then(|| self.place(&text))
    }

    /// The place of a name.
    pub(super) fn place(&mut self, name: &str) -> u32 {
        let texts = &mut self.texts;
        let known = |place: &u32| *texts[*place as usize] == *name;
        let hash_of = |place: &u32| FxBuildHasher.hash_one(&*texts[*place as usize]);
        match self.places.entry(FxBuildHasher.hash_one(name), known, hash_of) {
            Entry::Occupied(place) => *place.get(),
            Entry::Vacant(vacant) => {
                let place = texts.len() as u32;
                vacant.insert(place);
                texts.push(name.into());
                place
            }
        }
    }

    /// The name of a context, `(3)'2'(5)`, is made of names: function 3, second level of recursion, called by 5.
    fn expanded(&self, text: &str) -> Option<String> {
        let mut whole = String::new();
        for (at, part) in text.split('\'').enumerate() {
            if at > 0 {
                whole.push('\'');
            }
            let number = numbered(part.as_bytes()).filter(|(_, rest)| rest.is_empty());
            whole.push_str(match number {
                Some((id, _)) => self.text(self.defined(id)?),
                None => part,
            });
            if whole.len() > LONGEST {
                return None;
            }
        }
        Some(whole)
    }
}

/// `(7) main` as its number and its name.
fn numbered(spec: &[u8]) -> Option<(u64, &[u8])> {
    let (id, rest) = unsigned(spec.strip_prefix(b"(")?)?;
    Some((id, rest.strip_prefix(b")")?))
}

/// The three kinds, and the functions that they make.
#[derive(Debug, Default)]
pub(super) struct Spaces {
    pub(super) objects: Names,
    pub(super) files: Names,
    pub(super) functions: Names,
    /// Rows by the places of the names of function, file and object.
    rows: FxHashMap<(u32, u32, u32), i32>,
    /// For each function's name the last row that it was looked up for, with the places of file and object: most
    /// names are those of one function.
    last: Vec<(u32, u32, i32)>,
    /// Numbers of files in the profile by the place of their name.
    numbers: Vec<Option<u32>>,
    /// Bytes of names in the rows.
    spent: usize,
}

impl Spaces {
    /// The row of a function, by the places of its names; none if the names are longer than those of any program.
    #[inline]
    pub(super) fn function(
        &mut self,
        builder: &mut Builder,
        function: u32,
        file: u32,
        object: u32,
    ) -> Option<i32> {
        match self.last.get(function as usize) {
            Some((known_file, known_object, row)) if (*known_file, *known_object) == (file, object) => {
                Some(*row)
            }
            _ => {
                let row = self.row(builder, function, file, object)?;
                let at = function as usize;
                self.last.resize(self.last.len().max(at + 1), (u32::MAX, u32::MAX, 0));
                self.last[at] = (file, object, row);
                Some(row)
            }
        }
    }

    fn row(&mut self, builder: &mut Builder, function: u32, file: u32, object: u32) -> Option<i32> {
        if let Some(row) = self.rows.get(&(function, file, object)) {
            return Some(*row);
        }
        let (name, path) = (self.functions.text(function), known(self.files.text(file)));
        self.spent += name.len() + path.map_or(0, |path| path.len());
        if self.spent > NAMES + NAME * self.rows.len() {
            return None;
        }
        let from = known(self.objects.text(object));
        let name = from.and_then(|from| in_object(name, from)).unwrap_or_else(|| name.as_ref().to_owned());
        let (path, binary) = (path.cloned(), from.map(|from| builder.binary(from, None)));
        let row = builder.function(Function { name, file: path, binary, ..Function::default() });
        self.rows.insert((function, file, object), row);
        Some(row)
    }

    /// The number of a file in the profile.
    pub(super) fn file(&mut self, builder: &mut Builder, file: u32) -> u32 {
        let at = file as usize;
        if let Some(Some(number)) = self.numbers.get(at) {
            return *number;
        }
        let number = builder.costs.file(known(self.files.text(file)).map_or("", |name| name));
        self.numbers.resize(self.numbers.len().max(at + 1), None);
        self.numbers[at] = Some(number);
        number
    }
}

/// The name, if it is one.
fn known(name: &Arc<str>) -> Option<&Arc<str>> {
    Some(name).filter(|name| !name.is_empty() && ***name != *UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &mut Names, spec: &str) -> Option<String> {
        let place = names.resolve(spec.as_bytes())?;
        Some(names.text(place).as_ref().to_owned())
    }

    #[test]
    fn a_number_means_the_name_it_was_given_with() {
        let mut names = Names::default();
        assert_eq!(named(&mut names, "(3) f(int)"), Some("f(int)".to_owned()));
        assert_eq!(named(&mut names, "(below main)"), Some("(below main)".to_owned()));
        assert_eq!(named(&mut names, "(3)"), Some("f(int)".to_owned()));
        assert_eq!(named(&mut names, "(4)"), None);
        assert_eq!(named(&mut names, "(99999999999) far"), Some("far".to_owned()));
        assert_eq!(named(&mut names, "(99999999999)"), Some("far".to_owned()));
    }

    #[test]
    fn contexts_are_made_of_names() {
        let mut names = Names::default();
        for name in ["(3) even", "(5) main"] {
            names.resolve(name.as_bytes());
        }
        assert_eq!(named(&mut names, "(7) (3)'2'(5)"), Some("even'2'main".to_owned()));
        assert_eq!(named(&mut names, "(8) (9)'2"), None);
        assert_eq!(named(&mut names, "(9) f()::'lambda'(int)"), Some("f()::'lambda'(int)".to_owned()));
    }

    #[test]
    fn names_that_double_come_to_an_end() {
        let mut names = Names::default();
        names.resolve(b"(1) abcdefghijklmnop");
        let defined = (2..40).take_while(|id| {
            let spec = format!("({id}) ({})'({})", id - 1, id - 1);
            names.resolve(spec.as_bytes()).is_some()
        });
        assert!(defined.count() < 20);
    }
}
