//! The tables that all profiles of a file share. The first row of each is empty: an index of 0 means that there is none.

use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::{Frame, Tables};
use rustc_hash::FxHashMap;

use super::attributes::{build_id, text_value};
use super::common::{AnyValue, Value};
use super::message::{Function, KeyValueAndUnit, Line, Link, Location, Mapping, ProfilesDictionary, Stack};

pub(super) struct Dictionary<'a> {
    tables: &'a Tables,
    rows: ProfilesDictionary,
    texts: FxHashMap<String, i32>,
    /// By key and what the value is written as.
    attributes: FxHashMap<(i32, String), i32>,
    /// By name, linkage name and file.
    functions: FxHashMap<(i32, i32, i32, i64), i32>,
    /// By the frames at one address, the innermost first.
    locations: FxHashMap<Vec<i32>, i32>,
    stacks: FxHashMap<i32, i32>,
}

impl<'a> Dictionary<'a> {
    pub(super) fn new(tables: &'a Tables) -> Self {
        let rows = ProfilesDictionary {
            mapping_table: vec![Mapping::default()],
            location_table: vec![Location::default()],
            function_table: vec![Function::default()],
            link_table: vec![Link::default()],
            string_table: vec![String::new()],
            attribute_table: vec![KeyValueAndUnit::default()],
            stack_table: vec![Stack::default()],
        };
        let texts = FxHashMap::from_iter([(String::new(), 0)]);
        let (attributes, functions, locations, stacks) = Default::default();
        let mut dictionary = Self { tables, rows, texts, attributes, functions, locations, stacks };
        dictionary.add_mappings();
        dictionary
    }

    pub(super) fn tables(&self) -> &'a Tables {
        self.tables
    }

    pub(super) fn finish(self) -> ProfilesDictionary {
        self.rows
    }

    pub(super) fn text(&mut self, text: &str) -> i32 {
        if let Some(index) = self.texts.get(text) {
            return *index;
        }
        let index = push(&mut self.rows.string_table, text.to_owned());
        self.texts.insert(text.to_owned(), index);
        index
    }

    fn optional(&mut self, text: Option<&str>) -> i32 {
        text.map_or(0, |text| self.text(text))
    }

    pub(super) fn attribute(&mut self, key: &str, value: Value) -> i32 {
        let key_strindex = self.text(key);
        let rows = &mut self.rows.attribute_table;
        *self.attributes.entry((key_strindex, format!("{value:?}"))).or_insert_with(|| {
            let value = Some(AnyValue { value: Some(value) });
            push(rows, KeyValueAndUnit { key_strindex, value, unit_strindex: 0 })
        })
    }

    /// The row of a stack of ours.
    pub(super) fn stack(&mut self, leaf: i32) -> i32 {
        if let Some(index) = self.stacks.get(&leaf) {
            return *index;
        }
        let mut location_indices = Vec::new();
        let mut here = Vec::new();
        let mut node = Some(leaf);
        while let Some(row) = node {
            let stack = &self.tables.stacks[row as usize];
            here.push(stack.frame);
            if !self.tables.frames[stack.frame as usize].inlined || stack.parent.is_none() {
                location_indices.push(self.location(std::mem::take(&mut here)));
            }
            node = stack.parent;
        }
        let index = push(&mut self.rows.stack_table, Stack { location_indices });
        self.stacks.insert(leaf, index);
        index
    }

    fn location(&mut self, frames: Vec<i32>) -> i32 {
        if let Some(index) = self.locations.get(&frames) {
            return *index;
        }
        let tables = self.tables;
        let lines = frames.iter().map(|row| self.line(&tables.frames[*row as usize])).collect();
        let physical = frames.last().map(|row| &tables.frames[*row as usize]);
        let kind = physical.map_or("", |frame| frame.kind.as_str());
        let attribute_indices = match kind {
            "" | "unknown" => Vec::new(),
            kind => vec![self.attribute("profile.frame.type", text_value(kind))],
        };
        let location = Location {
            mapping_index: physical.and_then(|frame| frame.binary).map_or(0, |row| row + 1),
            address: physical.and_then(|frame| frame.address).map_or(0, i64::cast_unsigned),
            lines,
            attribute_indices,
        };
        let index = push(&mut self.rows.location_table, location);
        self.locations.insert(frames, index);
        index
    }

    fn line(&mut self, frame: &Frame) -> Line {
        Line {
            function_index: self.function(frame),
            line: frame.line.unwrap_or(0).into(),
            column: frame.column.unwrap_or(0).into(),
        }
    }

    /// The function of a frame. Its file is that of the frame's line, which has none of its own.
    fn function(&mut self, frame: &Frame) -> i32 {
        let tables = self.tables;
        let function = frame.function.map(|row| &tables.functions[row as usize]);
        let own = function.and_then(|function| function.file.as_deref());
        let file = frame.file.as_deref().or(own);
        let name_strindex = self.text(&frame_name(tables, frame));
        let system_name_strindex = self.optional(function.map(|function| function.linkage_name.as_str()));
        let filename_strindex = self.optional(file);
        let line = function.and_then(|function| function.line).filter(|_| file == own);
        let start_line = line.unwrap_or(0).into();
        let row = Function { name_strindex, system_name_strindex, filename_strindex, start_line };
        let rows = &mut self.rows.function_table;
        let key = (name_strindex, system_name_strindex, filename_strindex, start_line);
        *self.functions.entry(key).or_insert_with(|| push(rows, row))
    }

    /// Addresses are those of the file, so each binary begins at 0.
    fn add_mappings(&mut self) {
        let tables = self.tables;
        let mut limits = vec![0_u64; tables.binaries.len()];
        for frame in &tables.frames {
            if let (Some(binary), Some(address)) = (frame.binary, frame.address) {
                let limit = &mut limits[binary as usize];
                *limit = (*limit).max(address.cast_unsigned().saturating_add(1));
            }
        }
        for (binary, memory_limit) in tables.binaries.iter().zip(limits) {
            let filename_strindex = self.text(&binary.path);
            let build_id = binary.build_id.as_deref().map(|id| build_id(id, self));
            let attribute_indices = build_id.into_iter().collect();
            let (memory_start, file_offset) = (0, 0);
            self.rows.mapping_table.push(Mapping {
                memory_start,
                memory_limit,
                file_offset,
                filename_strindex,
                attribute_indices,
            });
        }
    }
}

/// Adds a row; its index.
fn push<T>(rows: &mut Vec<T>, row: T) -> i32 {
    rows.push(row);
    i32::try_from(rows.len() - 1).unwrap_or(i32::MAX)
}
