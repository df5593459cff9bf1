//! The line table of a unit, and the paths of its files.

use gimli::{ColumnType, LineRow};

use super::{DwarfIndex, FileKey, Slice};

/// A path longer than this is cut: no file system takes longer ones.
const LONGEST_PATH: usize = 4096;

/// Rows on each side that are looked at for a line where the compiler says none.
const NEAR: usize = 32;

/// Source positions of a unit, by address.
#[derive(Default)]
pub(super) struct UnitLines {
    /// Sorted by beginning; each a run of rows without a gap.
    sequences: Vec<Sequence>,
    rows: Vec<Row>,
}

struct Sequence {
    begin: u64,
    end: u64,
    first: usize,
    last: usize,
}

/// From `address` on, code was written at this position.
#[derive(Clone, Copy)]
pub(super) struct Row {
    address: u64,
    pub(super) file: u32,
    /// 0 where the compiler says that the code stems from no line.
    pub(super) line: u32,
    /// 0 where unknown.
    pub(super) column: u32,
}

impl UnitLines {
    /// Runs the line program; the sequences before a corrupt instruction are kept.
    pub(super) fn read(index: &DwarfIndex<'_>, unit: usize) -> Self {
        let mut lines = UnitLines::default();
        // Corrupt: what was read until there is right.
        let _ = lines.run(index, unit);
        lines.sequences.sort_by_key(|sequence| sequence.begin);
        lines
    }

    fn run(&mut self, index: &DwarfIndex<'_>, unit: usize) -> gimli::Result<()> {
        let Some(program) = index.units[unit].unit.line_program.clone() else {
            return Ok(());
        };
        let mut meter = index.budget.meter();
        let mut first = 0;
        let mut rows = program.rows();
        while let Some((_, row)) = rows.next_row()? {
            meter.keep()?;
            if row.end_sequence() {
                self.close(first, row.address(), index.first_code);
                first = self.rows.len();
            } else {
                self.push(first, row);
            }
        }
        // Rows after the last end of a sequence have no end.
        self.rows.truncate(first);
        Ok(())
    }

    /// Adds a row; of several at one address the last counts.
    fn push(&mut self, first: usize, row: &LineRow) {
        let new = position(row);
        match self.rows[first..].last_mut() {
            Some(last) if last.address == new.address => *last = new,
            _ => self.rows.push(new),
        }
    }

    fn close(&mut self, first: usize, end: u64, first_code: u64) {
        match self.rows.get(first) {
            Some(row) if row.address >= first_code && row.address < end => {
                self.sequences.push(Sequence { begin: row.address, end, first, last: self.rows.len() });
            }
            _ => self.rows.truncate(first),
        }
    }

    /// The position of the code at `address`.
    pub(super) fn find(&self, address: u64) -> Option<Row> {
        let (rows, at) = self.place(address)?;
        rows.get(at).copied()
    }

    /// Rows with a line around the one at `address`, the nearest first: those before it, then those
    /// after it, each with an address that it covers.
    pub(super) fn with_line_near(&self, address: u64) -> impl Iterator<Item = (u64, Row)> {
        let (rows, at) = self.place(address).unwrap_or_default();
        let before = rows[..at].iter().rev().take(NEAR);
        let after = rows.get(at + 1..).unwrap_or_default().iter().take(NEAR);
        before.chain(after).filter(|row| row.line > 0).map(|row| (row.address, *row))
    }

    /// The rows of the run of code that holds `address`, and the one that covers it.
    fn place(&self, address: u64) -> Option<(&[Row], usize)> {
        let at = self.sequences.partition_point(|sequence| sequence.begin <= address).checked_sub(1)?;
        let sequence = &self.sequences[at];
        if address >= sequence.end {
            return None;
        }
        let rows = &self.rows[sequence.first..sequence.last];
        Some((rows, rows.partition_point(|row| row.address <= address).checked_sub(1)?))
    }
}

fn position(row: &LineRow) -> Row {
    let column = match row.column() {
        ColumnType::LeftEdge => 0,
        ColumnType::Column(column) => u32::try_from(column.get()).unwrap_or(0),
    };
    Row {
        address: row.address(),
        file: u32::try_from(row.file_index()).unwrap_or(u32::MAX),
        line: row.line().and_then(|line| u32::try_from(line.get()).ok()).unwrap_or(0),
        column,
    }
}

impl DwarfIndex<'_> {
    /// Path of a file of a unit's line table: compilation directory, include directory and name
    /// joined as far as each is relative. None if the table has no such file.
    pub(super) fn file_path(&self, key: FileKey) -> Option<String> {
        let unit = self.unit_ref(key.unit)?;
        let header = unit.line_program.as_ref()?.header();
        let entry = header.file(key.file.into())?;
        let mut path = String::new();
        // Paths may share one long text.
        let mut push = |part: Slice<'_>| {
            self.budget.charge(part.slice().len()).ok()?;
            push_path(&mut path, part);
            Some(())
        };
        if let Some(directory) = unit.comp_dir {
            push(directory)?;
        }
        // Directory 0 is the compilation directory.
        if entry.directory_index() != 0
            && let Some(directory) = entry.directory(header)
        {
            push(unit.attr_string(directory).ok()?)?;
        }
        push(unit.attr_string(entry.path_name()).ok()?)?;
        Some(path).filter(|path| !path.is_empty())
    }
}

fn push_path(path: &mut String, part: Slice<'_>) {
    let bytes = part.slice();
    let part = String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_PATH)]);
    if part.starts_with('/') {
        path.clear();
    } else if !path.is_empty() && !path.ends_with('/') {
        path.push('/');
    }
    path.push_str(&part);
}
