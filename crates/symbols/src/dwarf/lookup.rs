//! From an address to the chain of calls inlined there.

use super::lines::Row;
use super::{DwarfIndex, UnitId};

/// A function: an entry of a unit. Get its name with
/// [`DwarfIndex::origin`](super::DwarfIndex::origin).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionKey {
    /// The unit.
    pub unit: UnitId,
    /// Offset of the entry in the unit.
    pub entry: usize,
}

/// A file: a row of a unit's line table. Get its path with [`DwarfIndex::path`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey {
    /// The unit.
    pub unit: UnitId,
    /// Index in the unit's table.
    pub file: u32,
}

/// One function of the chain, and the position in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DwarfFrame {
    /// None where only the line is known.
    pub function: Option<FunctionKey>,
    /// File of the position.
    pub file: Option<FileKey>,
    /// Line, from 1; 0 where the compiler says none, also near it.
    pub line: u32,
    /// Column, from 1; 0 if unknown.
    pub column: u32,
}

impl DwarfIndex<'_> {
    /// Appends the frames at `address`, the outermost first; nothing if no unit knows the address.
    pub fn lookup(&self, address: u64, frames: &mut Vec<DwarfFrame>) {
        let mut position_only = None;
        for unit in self.units_at(address) {
            let row = self.lines(unit).find(address);
            if let Some(function) = self.functions(unit).find(address) {
                return self.push_chain(unit, function, address, row, frames);
            }
            position_only = position_only.or(row.map(|row| (unit, row)));
        }
        if let Some((unit, row)) = position_only {
            frames.push(at_row(unit, None, Some(row)));
        }
    }

    /// Each function's position is the call of the next one; the innermost has the line table's.
    fn push_chain(
        &self,
        unit: usize,
        function: usize,
        address: u64,
        row: Option<Row>,
        frames: &mut Vec<DwarfFrame>,
    ) {
        let entries = self.entries_of(unit);
        let entry = self.functions(unit).entry(function);
        let mut current = Some(FunctionKey { unit: entries, entry: entry.0 });
        for call in self.function(unit, function).calls_at(address) {
            let file = call.file.and_then(|file| u32::try_from(file).ok());
            let file = file.map(|file| FileKey { unit: UnitId::Main(unit as u32), file });
            frames.push(DwarfFrame { function: current, file, line: call.line, column: call.column });
            current =
                self.locate(entries, call.function).map(|(unit, entry)| FunctionKey { unit, entry: entry.0 });
        }
        let row = row.map(|row| self.with_line(unit, function, address, row));
        frames.push(at_row(unit, current, row));
    }

    /// Where the compiler says that code stems from no line (line 0: it merged two lines, or made it up),
    /// the nearest line of the same call of the same function; the row itself if there is none.
    fn with_line(&self, unit: usize, function: usize, address: u64, row: Row) -> Row {
        if row.line > 0 {
            return row;
        }
        let calls = self.function(unit, function);
        let call = calls.innermost_at(address);
        let mut near = self.lines(unit).with_line_near(address);
        let same =
            |at: u64| self.functions(unit).find(at) == Some(function) && calls.innermost_at(at) == call;
        near.find(|(at, _)| same(*at)).map_or(row, |(_, near)| near)
    }

    /// Path of a file, joined with the directory of the compilation.
    pub fn path(&self, file: FileKey) -> Option<String> {
        self.file_path(file)
    }
}

fn at_row(unit: usize, function: Option<FunctionKey>, row: Option<Row>) -> DwarfFrame {
    match row {
        Some(row) => {
            let file = Some(FileKey { unit: UnitId::Main(unit as u32), file: row.file });
            DwarfFrame { function, file, line: row.line, column: row.column }
        }
        None => DwarfFrame { function, file: None, line: 0, column: 0 },
    }
}
