//! Splits frames into the calls inlined at them, and builds the stacks anew.
//!
//! Constraints: a node's parent stands before it; equal frames and equal nodes are one row; what
//! had a function before keeps its row in `functions`.

use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashTable;
use pyrometer_tables::schema::{Binary, Frame, FrameKind, Function, Stack, Tables};
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::resolution::{Interner, SymFrame, SymFunction};
use crate::sources::{Library, SourceMap};
use crate::symbolize::{Symbols, place};

/// Parts of an address that are compared one by one.
const FEW_PARTS: usize = 64;

/// Name of code in no known binary.
const UNKNOWN: &str = "[unknown]";

/// The new tables and, for each old row of `stacks`, its new row.
pub(crate) fn expand(mut tables: Tables, symbols: &[Symbols], library: Library<'_>) -> (Tables, Vec<i32>) {
    let mut expansion = Expansion::new(&mut tables, symbols, SourceMap::new(library));
    let old_frames = std::mem::take(&mut tables.frames);
    let mut ends = Vec::with_capacity(old_frames.len());
    let mut rows = Vec::with_capacity(old_frames.len());
    for frame in &old_frames {
        expansion.push(frame, &tables, &mut rows);
        ends.push(rows.len());
    }
    drop(old_frames);
    tables.frames = expansion.frames();
    tables.functions = expansion.functions.rows;
    let (stacks, moved) = restack(&tables.stacks, &rows, &ends);
    tables.stacks = stacks;
    for event in &mut tables.events {
        event.stack = event.stack.and_then(|row| moved.get(usize::try_from(row).ok()?).copied());
    }
    (tables, moved)
}

/// A frame in numbers, for comparing.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    function: Option<i32>,
    file: Option<u32>,
    line: Option<i32>,
    column: Option<i32>,
    address: Option<i64>,
    binary: Option<i32>,
    inlined: bool,
    kind: FrameKind,
}

struct Expansion<'s> {
    symbols: &'s [Symbols],
    sources: SourceMap<'s>,
    functions: Functions,
    /// For each binary, rows in `functions` of its resolution's functions.
    known: Vec<Vec<Option<i32>>>,
    /// For each binary, rows in `texts` of its resolution's files.
    files: Vec<Vec<Option<u32>>>,
    keys: Vec<Key>,
    /// Rows in `keys` of frames that had a function before, or have none now.
    known_keys: FxHashMap<Key, i32>,
    /// For each place (binary, address, kind) with names, where its rows stand in those of all
    /// frames. Rows of different places differ by the place.
    places: FxHashMap<(usize, i64, FrameKind), Range<usize>>,
    texts: Interner<Arc<str>>,
}

impl<'s> Expansion<'s> {
    fn new(tables: &mut Tables, symbols: &'s [Symbols], sources: SourceMap<'s>) -> Self {
        Expansion {
            symbols,
            sources,
            functions: Functions::after(std::mem::take(&mut tables.functions)),
            known: symbols.iter().map(|symbols| vec![None; symbols.resolution.functions.len()]).collect(),
            files: symbols.iter().map(|symbols| vec![None; symbols.resolution.files.len()]).collect(),
            keys: Vec::new(),
            known_keys: FxHashMap::default(),
            places: FxHashMap::default(),
            texts: Interner::default(),
        }
    }

    /// Appends the new rows of an old frame, outermost first.
    fn push(&mut self, frame: &Frame, tables: &Tables, rows: &mut Vec<i32>) {
        if frame.function.is_some() {
            rows.push(self.keep(frame, frame.function));
            return;
        }
        let symbols = self.symbols;
        let found = place(frame)
            .and_then(|(binary, address)| Some((binary, symbols.get(binary)?.resolution.frames(address)?)));
        match found {
            Some((binary, chain)) if !chain.is_empty() => {
                let place = (binary, frame.address.unwrap_or_default(), frame.kind);
                if let Some(known) = self.places.get(&place) {
                    return rows.extend_from_within(known.clone());
                }
                let (start, first) = (rows.len(), self.keys.len());
                for part in chain {
                    rows.push(self.part(frame, binary, part, tables, first));
                }
                self.places.insert(place, start..rows.len());
            }
            _ => {
                let function = self.nameless(frame, tables);
                rows.push(self.keep(frame, Some(function)));
            }
        }
    }

    /// An old frame with a function, otherwise as it is.
    fn keep(&mut self, frame: &Frame, function: Option<i32>) -> i32 {
        let file = frame.file.as_ref().map(|file| self.texts.row(self.sources.map(file).into()));
        let Frame { line, column, address, binary, inlined, kind, .. } = *frame;
        self.row(Key { function, file, line, column, address, binary, inlined, kind })
    }

    /// The row of a frame that may have been met anywhere.
    fn row(&mut self, key: Key) -> i32 {
        let next = self.keys.len() as i32;
        let row = *self.known_keys.entry(key.clone()).or_insert(next);
        if row == next {
            self.keys.push(key);
        }
        row
    }

    /// The row of a frame that can have been met only since row `first`: a function that is inlined into itself.
    fn row_since(&mut self, first: usize, key: Key) -> i32 {
        if self.keys.len() - first > FEW_PARTS {
            return self.row(key);
        }
        let same = self.keys[first..].iter().position(|known| *known == key);
        let row = same.map_or(self.keys.len(), |at| first + at);
        if same.is_none() {
            self.keys.push(key);
        }
        row as i32
    }

    /// One function of the chain at an old frame; `first` is the row of the first of them.
    fn part(&mut self, frame: &Frame, binary: usize, part: &SymFrame, tables: &Tables, first: usize) -> i32 {
        let function = match part.function {
            Some(row) => self.function(binary, row as usize, tables),
            None => self.nameless(frame, tables),
        };
        let key = Key {
            function: Some(function),
            file: part.file.map(|file| self.file(binary, file as usize)),
            line: part.line.and_then(|line| i32::try_from(line).ok()),
            column: part.column.and_then(|column| i32::try_from(column).ok()),
            address: frame.address,
            binary: frame.binary,
            inlined: part.inlined,
            kind: frame.kind,
        };
        self.row_since(first, key)
    }

    fn function(&mut self, binary: usize, at: usize, tables: &Tables) -> i32 {
        if let Some(row) = self.known[binary][at] {
            return row;
        }
        let function = &self.symbols[binary].resolution.functions[at];
        let file = function.file.as_ref().map(|file| self.sources.map(file));
        let mut row = table_row(function, binary, file);
        if let Some(start) = function.start {
            row.name = address_name(tables.binaries.get(binary), start.cast_signed());
        }
        let row = self.functions.row(row);
        self.known[binary][at] = Some(row);
        row
    }

    fn file(&mut self, binary: usize, at: usize) -> u32 {
        if let Some(row) = self.files[binary][at] {
            return row;
        }
        let path = self.sources.map(&self.symbols[binary].resolution.files[at]);
        let row = self.texts.row(path.into());
        self.files[binary][at] = Some(row);
        row
    }

    /// What stands for a function where not even its beginning is known.
    fn nameless(&mut self, frame: &Frame, tables: &Tables) -> i32 {
        let row = frame.binary.and_then(|row| usize::try_from(row).ok());
        let binary = row.and_then(|row| tables.binaries.get(row));
        let name = frame.address.map_or(UNKNOWN.to_owned(), |address| address_name(binary, address));
        self.functions.row(Function { name, binary: frame.binary, ..Function::default() })
    }

    fn frames(&self) -> Vec<Frame> {
        let text = |row: u32| Arc::clone(&self.texts.rows[row as usize]);
        let frame = |key: &Key| Frame {
            function: key.function,
            file: key.file.map(text),
            line: key.line,
            column: key.column,
            address: key.address,
            binary: key.binary,
            inlined: key.inlined,
            kind: key.kind,
        };
        // Not in parallel: threads would wait for each other at the counts of shared paths.
        self.keys.iter().map(frame).collect()
    }
}

/// `basename+0xaddress`, or `[unknown]` outside all binaries.
fn address_name(binary: Option<&Binary>, address: i64) -> String {
    match binary.and_then(|binary| binary.path.rsplit('/').next()) {
        Some(base) => format!("{base}+{address:#x}"),
        None => UNKNOWN.to_owned(),
    }
}

fn table_row(function: &SymFunction, binary: usize, file: Option<String>) -> Function {
    Function {
        name: function.name.clone(),
        linkage_name: function.linkage_name.clone(),
        binary: i32::try_from(binary).ok(),
        file: file.map(Into::into),
        line: function.line.and_then(|line| i32::try_from(line).ok()),
        namespace: function.namespace.clone(),
        aliases: function.aliases.clone(),
    }
}

/// The table `functions`, each new function once.
struct Functions {
    rows: Vec<Function>,
    known: HashTable<u32>,
}

impl Functions {
    /// Goes on behind `rows`.
    fn after(rows: Vec<Function>) -> Self {
        Functions { rows, known: HashTable::new() }
    }

    fn row(&mut self, function: Function) -> i32 {
        let rows = &mut self.rows;
        let hash = hash_of(&function);
        let known = self.known.find(hash, |&row| identity(&rows[row as usize]) == identity(&function));
        if let Some(&row) = known {
            let known = &mut rows[row as usize];
            if known.aliases.is_empty() {
                known.aliases = function.aliases;
            }
            return row as i32;
        }
        let row = rows.len() as u32;
        rows.push(function);
        self.known.insert_unique(hash, row, |&row| hash_of(&rows[row as usize]));
        row as i32
    }
}

/// What makes a function: binary, linkage name (or name), and where it is declared.
fn identity(function: &Function) -> (Option<i32>, &str, Option<&str>, Option<i32>) {
    let name = if function.linkage_name.is_empty() { &function.name } else { &function.linkage_name };
    (function.binary, name, function.file.as_deref(), function.line)
}

fn hash_of(function: &Function) -> u64 {
    FxBuildHasher.hash_one(identity(function))
}

/// Replaces each node by the chain of its frame's parts; the children hang on the last of them.
fn restack(old: &[Stack], rows: &[i32], ends: &[usize]) -> (Vec<Stack>, Vec<i32>) {
    let mut stacks = Nodes::new(old.len(), are_distinct(rows));
    let mut moved: Vec<i32> = Vec::with_capacity(old.len());
    for node in old {
        let mut parent = node.parent.and_then(|parent| moved.get(usize::try_from(parent).ok()?).copied());
        let at = usize::try_from(node.frame).unwrap_or(usize::MAX);
        let start = at.checked_sub(1).and_then(|before| ends.get(before).copied()).unwrap_or(0);
        for &frame in rows.get(start..ends.get(at).copied().unwrap_or(start)).unwrap_or_default() {
            parent = Some(stacks.row(Stack { parent, frame }));
        }
        moved.push(parent.unwrap_or(0));
    }
    (stacks.rows, moved)
}

/// Whether no two old frames became the same new one.
fn are_distinct(rows: &[i32]) -> bool {
    let mut seen = vec![false; rows.iter().max().map_or(0, |most| *most as usize + 1)];
    rows.iter().all(|row| !std::mem::replace(&mut seen[*row as usize], true))
}

/// The nodes of the new tree. Old nodes differ from each other, and so do the new ones as long as
/// their frames do: only otherwise equal nodes have to be looked for, which takes much memory.
struct Nodes {
    rows: Vec<Stack>,
    known: Option<FxHashMap<Stack, i32>>,
}

impl Nodes {
    fn new(expected: usize, distinct: bool) -> Self {
        Self { rows: Vec::with_capacity(expected), known: (!distinct).then(FxHashMap::default) }
    }

    fn row(&mut self, stack: Stack) -> i32 {
        let next = self.rows.len() as i32;
        let row = self.known.as_mut().map_or(next, |known| *known.entry(stack).or_insert(next));
        if row == next {
            self.rows.push(stack);
        }
        row
    }
}
