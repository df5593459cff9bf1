//! Units whose entries lie in other files (`-gsplit-dwarf`, Cargo's `split-debuginfo`).
//!
//! The binary keeps a skeleton: addresses, the line table, and the name of the file with the rest.

use std::sync::PoisonError;

use gimli::{DwoId, Reader, Section, UnitRef};

use super::{DebugSections, DwarfIndex, Slice};

/// Longer names of files are cut: no file system takes them.
const LONGEST_NAME: usize = 4096;

/// How often the bytes of a file may be read while its units are looked through.
const MOST_READING: usize = 64;
/// Units that are looked through in any file.
const FEW_UNITS: usize = 64;

/// A unit that is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitUnit {
    /// Folder of the compilation, as the compiler named it.
    pub directory: String,
    /// Name of the file, as the compiler named it; relative to the folder.
    pub name: String,
    /// What its file must carry too.
    pub id: DwoId,
}

/// Gives the files of split units.
pub trait SplitFiles: Sync {
    /// The debug sections of the file with this unit; none if there is no such file.
    fn sections(&self, wanted: &SplitUnit) -> Option<&DebugSections<'_>>;
}

/// Split units in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SplitUnits {
    /// How many.
    pub count: usize,
    /// The file of the first of them, as the compiler named it.
    pub example: String,
}

/// The part of a unit that is elsewhere.
pub(super) struct Split<'e> {
    dwarf: gimli::Dwarf<Slice<'e>>,
    unit: gimli::Unit<Slice<'e>>,
}

impl<'e> Split<'e> {
    pub(super) fn unit_ref(&self) -> UnitRef<'_, Slice<'e>> {
        UnitRef::new(&self.dwarf, &self.unit)
    }

    /// The unit of `skeleton` in a file that may hold others too.
    fn find(dwarf: gimli::Dwarf<Slice<'e>>, skeleton: &gimli::Unit<Slice<'e>>) -> Option<Self> {
        let mut unit = unit_with(&dwarf, skeleton.dwo_id?)?;
        unit.copy_relocated_attributes(skeleton);
        Some(Split { dwarf, unit })
    }
}

impl DebugSections<'_> {
    /// The ids of the units in a `.dwo` file.
    pub fn split_ids(&self) -> Vec<DwoId> {
        let dwarf = self.dwarf();
        units_of(&dwarf).filter_map(|unit| unit.dwo_id).collect()
    }

    /// True if the sections of a `.dwo` file hold the unit of this id.
    pub fn holds(&self, id: DwoId) -> bool {
        unit_with(&self.dwarf(), id).is_some()
    }
}

/// The units of a file. Each reads a table of abbreviations, which all may share: their number is bounded by what
/// that comes to.
fn units_of<'d, 'e>(dwarf: &'d gimli::Dwarf<Slice<'e>>) -> impl Iterator<Item = gimli::Unit<Slice<'e>>> + 'd {
    let (info, table) = (dwarf.debug_info.reader().len(), dwarf.debug_abbrev.reader().len());
    let most = MOST_READING.saturating_mul(info.saturating_add(table)) / table.max(1);
    let mut units = dwarf.units();
    let headers = std::iter::from_fn(move || units.next().ok().flatten());
    headers.take(most.max(FEW_UNITS)).filter_map(|header| gimli::Unit::new(dwarf, header).ok())
}

fn unit_with<'e>(dwarf: &gimli::Dwarf<Slice<'e>>, id: DwoId) -> Option<gimli::Unit<Slice<'e>>> {
    units_of(dwarf).find(|unit| unit.dwo_id == Some(id))
}

impl<'e> DwarfIndex<'e> {
    /// The part of a unit that is elsewhere; none if there is none, or it was not found.
    pub(super) fn split(&self, unit: usize) -> Option<&Split<'e>> {
        let skeleton = &self.units[unit];
        skeleton.unit.dwo_id?;
        skeleton.split.get_or_init(|| self.load_split(&skeleton.unit)).as_ref()
    }

    fn load_split(&self, skeleton: &gimli::Unit<Slice<'e>>) -> Option<Split<'e>> {
        let packed = self.package.as_ref().and_then(|package| {
            let dwarf = package.find_cu(skeleton.dwo_id?, &self.dwarf).ok()??;
            Split::find(dwarf, skeleton)
        });
        packed.or_else(|| {
            let sections = self.split_files?.sections(&self.split_unit(skeleton)?)?;
            let mut dwarf = sections.dwarf();
            dwarf.make_dwo(&self.dwarf);
            let split = Split::find(dwarf, skeleton)?;
            self.grant_once(skeleton.dwo_id?, split.unit.header.length_including_self());
            Some(split)
        })
    }

    /// Any number of skeletons can name the same unit, which is paid for once.
    fn grant_once(&self, id: DwoId, bytes: usize) {
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if granted.insert(id.0) {
            self.budget.grant(bytes);
        }
    }

    fn split_unit(&self, skeleton: &gimli::Unit<Slice<'e>>) -> Option<SplitUnit> {
        let name = skeleton.dwo_name().ok()??;
        let name = self.dwarf.attr_string(skeleton, name).ok()?;
        let directory = skeleton.comp_dir.map(|directory| text(directory)).unwrap_or_default();
        Some(SplitUnit { directory, name: text(name), id: skeleton.dwo_id? })
    }

    /// The id of the first unit that is elsewhere, before there is an index.
    pub fn first_split_unit(sections: &DebugSections<'_>) -> Option<DwoId> {
        let dwarf = sections.dwarf();
        units_of(&dwarf).find_map(|unit| unit.dwo_id)
    }

    /// All units that are elsewhere.
    pub fn split_units(&self) -> impl Iterator<Item = SplitUnit> {
        self.units.iter().filter_map(|unit| self.split_unit(&unit.unit))
    }

    /// The units that were looked for when addresses were resolved, and not found.
    pub fn missing_split_units(&self) -> SplitUnits {
        let is_missing = |split: Option<&Option<Split<'_>>>| matches!(split, Some(None));
        let missing = self.units.iter().filter(|unit| is_missing(unit.split.get()));
        let mut names = missing.filter_map(|unit| self.split_unit(&unit.unit)).map(|unit| unit.name);
        let example = names.next();
        let count = names.count() + usize::from(example.is_some());
        SplitUnits { count, example: example.unwrap_or_default() }
    }
}

fn text(name: Slice<'_>) -> String {
    let bytes = name.slice();
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_NAME)]).into_owned()
}
