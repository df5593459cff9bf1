//! Stacks as locations: an address each, with every function that is inlined there.

use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::{Frame, Tables};
use rustc_hash::FxHashMap;

use super::message::{Function, Line, Location, Mapping};
use super::texts::Texts;

pub(super) struct Places<'a> {
    tables: &'a Tables,
    pub(super) mappings: Vec<Mapping>,
    pub(super) functions: Vec<Function>,
    pub(super) locations: Vec<Location>,
    /// The id of the function of each row of `frames`.
    function_of: Vec<u64>,
    /// By the frames at one address, the innermost first.
    known: FxHashMap<Vec<i32>, u64>,
}

impl<'a> Places<'a> {
    pub(super) fn new(tables: &'a Tables, texts: &mut Texts) -> Self {
        let (functions, function_of) = functions(tables, texts);
        Self {
            tables,
            mappings: mappings(tables, texts),
            functions,
            locations: Vec::new(),
            function_of,
            known: FxHashMap::default(),
        }
    }

    /// The locations of a stack, leaf first.
    pub(super) fn of_stack(&mut self, leaf: i32) -> Vec<u64> {
        let mut locations = Vec::new();
        let mut here = Vec::new();
        let mut node = Some(leaf);
        while let Some(row) = node {
            let stack = &self.tables.stacks[row as usize];
            here.push(stack.frame);
            let inlined = self.tables.frames[stack.frame as usize].inlined;
            if !inlined || stack.parent.is_none() {
                locations.push(self.location(std::mem::take(&mut here)));
            }
            node = stack.parent;
        }
        locations
    }

    fn location(&mut self, frames: Vec<i32>) -> u64 {
        if let Some(id) = self.known.get(&frames) {
            return *id;
        }
        let id = self.locations.len() as u64 + 1;
        let line = frames.iter().map(|frame| self.line(*frame)).collect();
        let physical = frames.last().map(|frame| &self.tables.frames[*frame as usize]);
        let binary = physical.and_then(|frame| frame.binary);
        let address = physical.and_then(|frame| frame.address);
        self.locations.push(Location {
            id,
            mapping_id: binary.map_or(0, |binary| binary as u64 + 1),
            address: address.map_or(0, i64::cast_unsigned),
            line,
        });
        self.known.insert(frames, id);
        id
    }

    fn line(&self, row: i32) -> Line {
        let frame = &self.tables.frames[row as usize];
        Line {
            function_id: self.function_of[row as usize],
            line: frame.line.unwrap_or(0).into(),
            column: frame.column.unwrap_or(0).into(),
        }
    }
}

/// Every function, and for frames without one, one that is named by the address.
fn functions(tables: &Tables, texts: &mut Texts) -> (Vec<Function>, Vec<u64>) {
    let mut functions: Vec<_> = (1..)
        .zip(&tables.functions)
        .map(|(id, function)| Function {
            id,
            name: texts.index(&function.name),
            system_name: texts.index(&function.linkage_name),
            filename: texts.optional(function.file.as_deref()),
            start_line: function.line.unwrap_or(0).into(),
        })
        .collect();
    let (mut nameless, mut elsewhere) = (FxHashMap::default(), FxHashMap::default());
    let mut function_of = |frame: &Frame| match frame.function {
        Some(row) => {
            let (id, own) = (row as u64 + 1, tables.functions[row as usize].file.as_deref());
            match frame.file.as_deref() {
                // The format knows the file of a function only, and readers take it for that of its lines.
                Some(file) if Some(file) != own => {
                    let (next, filename) = (functions.len() as u64 + 1, texts.index(file));
                    *elsewhere.entry((row, filename)).or_insert_with(|| {
                        functions.push(Function {
                            id: next,
                            filename,
                            start_line: 0,
                            ..functions[row as usize]
                        });
                        next
                    })
                }
                _ => id,
            }
        }
        None => {
            let name = texts.index(&frame_name(tables, frame));
            *nameless.entry(name).or_insert_with(|| {
                let id = functions.len() as u64 + 1;
                functions.push(Function { id, name, system_name: name, ..Function::default() });
                id
            })
        }
    };
    let of_frame = tables.frames.iter().map(&mut function_of).collect();
    (functions, of_frame)
}

/// Addresses are those of the file, so each binary begins at 0.
fn mappings(tables: &Tables, texts: &mut Texts) -> Vec<Mapping> {
    let mut limits = vec![0; tables.binaries.len()];
    for frame in &tables.frames {
        if let (Some(binary), Some(address)) = (frame.binary, frame.address) {
            let limit: &mut u64 = &mut limits[binary as usize];
            *limit = (*limit).max(address.cast_unsigned().saturating_add(1));
        }
    }
    (1..)
        .zip(tables.binaries.iter().zip(limits))
        .map(|(id, (binary, memory_limit))| {
            let named = !["", "none"].contains(&binary.symbols_from.as_str());
            let debug_info = binary.symbols_from == "dwarf";
            Mapping {
                id,
                memory_start: 0,
                memory_limit,
                file_offset: 0,
                filename: texts.index(&binary.path),
                build_id: texts.optional(binary.build_id.as_deref()),
                has_functions: named,
                has_filenames: debug_info,
                has_line_numbers: debug_info,
                has_inline_frames: debug_info,
            }
        })
        .collect()
}
