//! Where functions are declared that have no linkage name: namespaces, classes, other functions.
//!
//! GCC gives none to what has internal linkage (anonymous namespaces, `static`, lambdas, templates of local types). Where
//! such a function was inlined nothing names it but the last part of its name, `operator()` for every lambda.
//!
//! Constraints:
//! - an entry does not say what it stands in, so a unit is gone over once more, up to the last entry asked for; only
//!   units of C++, and only if such a function was hit;
//! - nothing of it is kept but the names.

use std::borrow::Cow;

use gimli::{DwLang, DwTag, UnitOffset, UnitRef};
use rustc_hash::FxHashMap;

use super::lookup::FunctionKey;
use super::origin::{MOST_HOPS, Origin};
use super::plan::Entry;
use super::value::EntryRef;
use super::walk::Walk;
use super::{DwarfIndex, Slice, UnitId};
use crate::demangle::demangle;

/// What a declaration stands in further out than this is left out.
const DEEPEST: usize = 16;

/// What a declaration stands in.
#[derive(Clone, Copy)]
struct Scope {
    tag: DwTag,
    entry: UnitOffset,
    depth: isize,
    /// Which of the types without names in the scope around it, from 1; 0 if it is none. Lambdas are such types.
    number: u32,
    /// How many types without names stand in it until now.
    unnamed: u32,
}

/// The scopes around a declaration, the outermost first.
type Scopes = Vec<Scope>;

impl DwarfIndex<'_> {
    /// For each function, the qualified name of what its declaration stands in; empty if that is a file, or unknown.
    pub(crate) fn scopes(&self, functions: &[FunctionKey]) -> Vec<String> {
        let mut units: FxHashMap<UnitId, Vec<(UnitOffset, usize)>> = FxHashMap::default();
        for (row, &function) in functions.iter().enumerate() {
            let (unit, entry) = self.declaration(function);
            units.entry(unit).or_default().push((entry, row));
        }
        let mut found = vec![String::new(); functions.len()];
        for (unit, mut wanted) in units {
            wanted.sort_unstable();
            let entries: Vec<UnitOffset> = wanted.iter().map(|&(entry, _)| entry).collect();
            for ((_, row), scopes) in wanted.iter().zip(self.scopes_in(unit, &entries)) {
                found[*row] = self.qualified(unit, &scopes);
            }
        }
        found
    }

    /// The scopes around entries of a unit, which ascend. What comes after corrupt ones has none.
    fn scopes_in(&self, unit: UnitId, entries: &[UnitOffset]) -> Vec<Scopes> {
        let mut found = Vec::with_capacity(entries.len());
        if let Some(unit) = self.unit_ref(unit).filter(|unit| may_be_cpp(*unit)) {
            let _ = self.walk_scopes(unit, entries, &mut found);
        }
        found.resize(entries.len(), Scopes::new());
        found
    }

    fn walk_scopes(
        &self,
        unit: UnitRef<'_, Slice<'_>>,
        entries: &[UnitOffset],
        found: &mut Vec<Scopes>,
    ) -> gimli::Result<()> {
        let (mut walk, mut meter) = (Walk::new(unit)?, self.budget.meter());
        let mut open = Scopes::new();
        while found.len() < entries.len() && !walk.is_done() {
            let (offset, depth) = (walk.offset(), walk.depth());
            let Some(entry) = walk.next_entry()? else {
                meter.step()?;
                continue;
            };
            meter.steps(entry.attributes as usize + 1)?;
            while open.last().is_some_and(|outer| outer.depth >= depth) {
                open.pop();
            }
            // Several functions may be copies of one, and what is asked for may be no entry.
            while let Some(&wanted) = entries.get(found.len()).filter(|&&wanted| wanted <= offset) {
                let around =
                    open.iter().skip(open.len().saturating_sub(DEEPEST)).filter(|_| wanted == offset);
                found.push(around.copied().collect());
                self.budget.keep(found.last().map_or(0, Vec::len))?;
            }
            if is_scope(entry.tag) {
                let number = number(unit, entry, &mut open);
                if entry.has_children {
                    open.push(Scope { tag: entry.tag, entry: offset, depth, number, unnamed: 0 });
                }
            }
            walk.skip(entry)?;
        }
        Ok(())
    }

    /// `app::(anonymous namespace)::Parser`; of a lambda that is called `run(long)::{unnamed type#1}`.
    fn qualified(&self, unit: UnitId, scopes: &[Scope]) -> String {
        let mut path = String::new();
        for scope in scopes {
            let origin = self.origin(FunctionKey { unit, entry: scope.entry.0 });
            let is_function = scope.tag == gimli::DW_TAG_subprogram;
            path = match origin.linkage_name.filter(|_| is_function) {
                // That has all around it in it.
                Some(whole) => demangle(&String::from_utf8_lossy(whole)).name,
                None => within(path, &plain(scope, &origin)),
            };
        }
        path
    }

    /// The entry that declares a function: the last that it refers to.
    fn declaration(&self, function: FunctionKey) -> (UnitId, UnitOffset) {
        let mut at = (function.unit, UnitOffset(function.entry));
        for _ in 0..MOST_HOPS {
            let reference: Option<EntryRef> =
                self.note_origin(at.0, at.1, &mut Origin::default()).unwrap_or_default();
            match reference.and_then(|reference| self.locate(at.0, reference)) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }
}

/// The name of what stands in `scope`. What has no name and is called is a lambda.
pub(crate) fn within(scope: String, name: &str) -> String {
    match scope.rsplit_once(UNNAMED) {
        _ if scope.is_empty() => name.to_owned(),
        Some((around, number)) if name == "operator()" && !number.contains("::") => {
            format!("{around}{{lambda{number}::{name}")
        }
        _ => format!("{scope}::{name}"),
    }
}

/// How a type without a name begins to be written.
const UNNAMED: &str = "{unnamed type";

/// The name of one scope, as `c++filt` would have it.
fn plain<'t>(scope: &Scope, origin: &Origin<'t>) -> Cow<'t, str> {
    match origin.name.map(String::from_utf8_lossy) {
        Some(name) => name,
        None if scope.tag == gimli::DW_TAG_namespace => "(anonymous namespace)".into(),
        None => format!("{UNNAMED}#{}}}", scope.number).into(),
    }
}

/// Numbers a type without a name in the innermost of the `open` scopes.
fn number(unit: UnitRef<'_, Slice<'_>>, entry: Entry, open: &mut Scopes) -> u32 {
    let abbreviation = unit.abbreviations.get(entry.code);
    let is_named = abbreviation
        .is_none_or(|known| known.attributes().iter().any(|attribute| attribute.name() == gimli::DW_AT_name));
    let is_type = !matches!(entry.tag, gimli::DW_TAG_namespace | gimli::DW_TAG_subprogram);
    match open.last_mut().filter(|_| is_type && !is_named) {
        Some(around) => {
            around.unnamed += 1;
            around.unnamed
        }
        None => 0,
    }
}

fn is_scope(tag: DwTag) -> bool {
    matches!(
        tag,
        gimli::DW_TAG_namespace
            | gimli::DW_TAG_structure_type
            | gimli::DW_TAG_class_type
            | gimli::DW_TAG_union_type
            | gimli::DW_TAG_subprogram
    )
}

/// False if the unit says that it is of another language; what `dwz` took out of units says none.
fn may_be_cpp(unit: UnitRef<'_, Slice<'_>>) -> bool {
    let root = unit.entry(unit.header.root_offset()).ok();
    let language = root.and_then(|root| root.attr_value(gimli::DW_AT_language));
    match language {
        Some(gimli::AttributeValue::Language(language)) => is_cpp(language),
        _ => true,
    }
}

fn is_cpp(language: DwLang) -> bool {
    matches!(
        language,
        gimli::DW_LANG_C_plus_plus
            | gimli::DW_LANG_C_plus_plus_03
            | gimli::DW_LANG_C_plus_plus_11
            | gimli::DW_LANG_C_plus_plus_14
            | gimli::DW_LANG_C_plus_plus_17
            | gimli::DW_LANG_C_plus_plus_20
    )
}
