//! From an address to the chain of calls inlined there.

use rayon::prelude::*;

use super::functions::UnitFunctions;
use super::lines::{Row, UnitLines};
use super::{DwarfIndex, UnitId};

/// Addresses that one thread takes at a time.
const CHUNK: usize = 1024;

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

/// Addresses that fall into one unit.
pub struct UnitAddresses {
    pub(super) unit: Option<usize>,
    /// Which of all the addresses these are.
    pub rows: Vec<u32>,
    /// The addresses, ascending.
    pub addresses: Vec<u64>,
}

/// The frames of several addresses.
#[derive(Default)]
pub struct Chains {
    frames: Vec<DwarfFrame>,
    ends: Vec<usize>,
}

/// What a unit says about its code.
pub(super) struct UnitCode {
    functions: UnitFunctions,
    lines: UnitLines,
}

impl UnitAddresses {
    pub(super) fn of(unit: Option<usize>) -> Self {
        UnitAddresses { unit, rows: Vec::new(), addresses: Vec::new() }
    }

    /// Addresses of a binary without debug info, `size` at a time.
    pub fn without_units(addresses: &[u64], size: usize) -> Vec<Self> {
        let of = |(at, chunk): (usize, &[u64])| {
            let first = (at * size) as u32;
            let rows = (first..).take(chunk.len()).collect();
            UnitAddresses { unit: None, rows, addresses: chunk.to_vec() }
        };
        addresses.chunks(size).enumerate().map(of).collect()
    }
}

impl Chains {
    /// Of so many addresses that no debug info knows.
    pub fn without_frames(addresses: usize) -> Self {
        Chains { frames: Vec::new(), ends: vec![0; addresses] }
    }

    /// The frames of each address, the outermost first.
    pub fn iter(&self) -> impl Iterator<Item = &[DwarfFrame]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.frames[start..end])
    }

    fn append(mut self, other: &Chains) -> Self {
        let before = self.frames.len();
        self.frames.extend_from_slice(&other.frames);
        self.ends.extend(other.ends.iter().map(|end| before + end));
        self
    }
}

impl DwarfIndex<'_> {
    /// The frames at all addresses of a unit, which is read for them and forgotten: of a large file, what all units
    /// hold is several times its size.
    pub fn lookup_all(&self, group: &UnitAddresses) -> Chains {
        let read = |unit| (unit, UnitCode::read(self, unit, &group.addresses));
        let code = group.unit.map(read);
        let own = code.as_ref().map(|(unit, code)| (*unit, code));
        let chunk = |addresses: &[u64]| {
            let mut chains = Chains::default();
            for &address in addresses {
                self.lookup_with(address, own, &mut chains.frames);
                chains.ends.push(chains.frames.len());
            }
            chains
        };
        match group.addresses.len() {
            ..=CHUNK => chunk(&group.addresses),
            _ => {
                let chunks: Vec<Chains> = group.addresses.par_chunks(CHUNK).map(chunk).collect();
                chunks.iter().fold(Chains::default(), Chains::append)
            }
        }
    }

    /// Appends the frames at `address`, the outermost first; nothing if no unit knows the address. What is read for it
    /// is kept.
    pub fn lookup(&self, address: u64, frames: &mut Vec<DwarfFrame>) {
        self.lookup_with(address, None, frames);
    }

    /// The same, with one unit that was read already.
    fn lookup_with(&self, address: u64, own: Option<(usize, &UnitCode)>, frames: &mut Vec<DwarfFrame>) {
        let mut position_only = None;
        for unit in self.units_at(address) {
            let code = own.filter(|(own, _)| *own == unit).map_or_else(|| self.code(unit), |(_, code)| code);
            let row = code.lines.find(address);
            if let Some(function) = code.functions.find(address) {
                return self.push_chain(unit, code, function, address, row, frames);
            }
            position_only = position_only.or(row.map(|row| (unit, row)));
        }
        if let Some((unit, row)) = position_only {
            frames.push(at_row(unit, None, Some(row)));
        }
    }

    fn code(&self, unit: usize) -> &UnitCode {
        let read = || UnitCode {
            functions: UnitFunctions::read(self, unit, &[]),
            lines: UnitLines::read(self, unit),
        };
        self.units[unit].code.get_or_init(read)
    }

    /// Each function's position is the call of the next one; the innermost has the line table's.
    fn push_chain(
        &self,
        unit: usize,
        code: &UnitCode,
        function: usize,
        address: u64,
        row: Option<Row>,
        frames: &mut Vec<DwarfFrame>,
    ) {
        let entries = self.entries_of(unit);
        let entry = code.functions.entry(function);
        let mut current = Some(FunctionKey { unit: entries, entry: entry.0 });
        for call in code.functions.function(self, unit, function).calls_at(address) {
            let file = call.file.and_then(|file| u32::try_from(file).ok());
            let file = file.map(|file| FileKey { unit: UnitId::Main(unit as u32), file });
            frames.push(DwarfFrame { function: current, file, line: call.line, column: call.column });
            current =
                self.locate(entries, call.function).map(|(unit, entry)| FunctionKey { unit, entry: entry.0 });
        }
        let row = row.map(|row| self.with_line(unit, code, function, address, row));
        frames.push(at_row(unit, current, row));
    }

    /// Where the compiler says that code stems from no line (line 0: it merged two lines, or made it up),
    /// the nearest line of the same call of the same function; the row itself if there is none.
    fn with_line(&self, unit: usize, code: &UnitCode, function: usize, address: u64, row: Row) -> Row {
        if row.line > 0 {
            return row;
        }
        let calls = code.functions.function(self, unit, function);
        let call = calls.innermost_at(address);
        let mut near = code.lines.with_line_near(address);
        let same = |at: u64| code.functions.find(at) == Some(function) && calls.innermost_at(at) == call;
        near.find(|(at, _)| same(*at)).map_or(row, |(_, near)| near)
    }

    /// Path of a file, joined with the directory of the compilation.
    pub fn path(&self, file: FileKey) -> Option<String> {
        self.file_path(file)
    }
}

impl UnitCode {
    fn read(index: &DwarfIndex<'_>, unit: usize, wanted: &[u64]) -> Self {
        let functions = || UnitFunctions::read(index, unit, wanted);
        let (functions, lines) = rayon::join(functions, || UnitLines::read(index, unit));
        UnitCode { functions, lines }
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
