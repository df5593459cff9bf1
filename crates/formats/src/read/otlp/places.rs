//! Stacks, locations, functions and binaries of the dictionary as rows.

use std::sync::Arc;

use pyrometer_tables::schema::{Frame, FrameKind, Function};
use rustc_hash::FxHashMap;

use super::properties::{attributes, text};
use crate::error::{Error, Result};
use crate::otlp::common::Value;
use crate::otlp::message::{Location, Mapping, ProfilesDictionary};
use crate::read::mapped::{Files, Mapped, Span, own_address};
use crate::read::pprof::Row;
use crate::read::{Builder, Input};

/// Attributes in which build ids are: that of linkers first.
const BUILD_IDS: [&str; 4] = [
    "process.executable.build_id.gnu",
    "process.executable.build_id.go",
    "process.executable.build_id.htlhash",
    "pyrometer.build_id",
];

/// Rows by the indices of the dictionary.
pub(super) struct Places<'a, 'i> {
    input: &'a Input<'i>,
    dictionary: &'a ProfilesDictionary,
    stacks: FxHashMap<i32, i32>,
    /// Frames of locations, from the outermost.
    locations: FxHashMap<i32, Vec<i32>>,
    /// Where addresses of mappings are in their binaries.
    mapped: FxHashMap<i32, Mapped>,
    files: Files,
    /// Rows of functions of a binary, and their files: a name is gone through once.
    functions: FxHashMap<(i32, Option<i32>), Row>,
}

impl<'a, 'i> Places<'a, 'i> {
    pub(super) fn new(input: &'a Input<'i>, dictionary: &'a ProfilesDictionary) -> Self {
        let (stacks, locations, mapped, files, functions) = Default::default();
        Self { input, dictionary, stacks, locations, mapped, files, functions }
    }

    fn nowhere(&self, what: &str, rows: usize, index: i32) -> Error {
        self.input.misfit(&format!("an index of one of {rows} {what}"), &index.to_string())
    }

    /// The row of a stack.
    pub(super) fn stack(&mut self, builder: &mut Builder, index: i32) -> Result<i32> {
        if let Some(row) = self.stacks.get(&index) {
            return Ok(*row);
        }
        let stacks = &self.dictionary.stack_table;
        let stack = usize::try_from(index).ok().and_then(|index| stacks.get(index));
        let stack = stack.ok_or_else(|| self.nowhere("stacks", stacks.len(), index))?;
        let mut node = None;
        for location in stack.location_indices.iter().rev() {
            self.locate(builder, *location)?;
            for frame in &self.locations[location] {
                node = Some(builder.stack(node, *frame));
            }
            builder.check_room(self.input.path())?;
        }
        let row = node.unwrap_or_else(|| {
            let frame = builder.name("[no stack]", "unknown");
            builder.stack(None, frame)
        });
        self.stacks.insert(index, row);
        Ok(row)
    }

    /// Makes sure that the frames of a location have rows.
    fn locate(&mut self, builder: &mut Builder, index: i32) -> Result<()> {
        if self.locations.contains_key(&index) {
            return Ok(());
        }
        let rows = &self.dictionary.location_table;
        let location = usize::try_from(index).ok().and_then(|index| rows.get(index));
        let location = location.ok_or_else(|| self.nowhere("locations", rows.len(), index))?;
        let frames = self.frames(builder, location)?;
        self.locations.insert(index, frames);
        Ok(())
    }

    fn frames(&mut self, builder: &mut Builder, location: &Location) -> Result<Vec<i32>> {
        let mapping = self.mapping(location.mapping_index)?;
        let binary = mapping.map(|mapping| self.binary(builder, mapping)).transpose()?.flatten();
        let place = Frame {
            binary,
            address: self.address(location, mapping)?,
            kind: self.kind(location, mapping)?,
            ..Frame::default()
        };
        let outermost = location.lines.len().saturating_sub(1);
        let positive = |number: i64| i32::try_from(number).ok().filter(|number| *number > 0);
        let mut frames = Vec::with_capacity(location.lines.len().max(1));
        for (inner, line) in location.lines.iter().enumerate().rev() {
            let (function, file) = self.function(builder, line.function_index, binary)?;
            let (line, column) = (positive(line.line), positive(line.column));
            let inlined = inner < outermost;
            let frame = Frame { function, file, line, column, inlined, ..place.clone() };
            frames.push(builder.frame(frame));
        }
        if frames.is_empty() {
            frames.push(builder.frame(place));
        }
        Ok(frames)
    }

    fn mapping(&self, index: i32) -> Result<Option<&'a Mapping>> {
        let rows = &self.dictionary.mapping_table;
        match usize::try_from(index).ok() {
            Some(0) => Ok(None),
            at => at
                .and_then(|at| rows.get(at))
                .map(Some)
                .ok_or_else(|| self.nowhere("mappings", rows.len(), index)),
        }
    }

    fn binary(&self, builder: &mut Builder, mapping: &Mapping) -> Result<Option<i32>> {
        let (path, build_id) = self.identity(mapping)?;
        Ok((!path.is_empty() || build_id.is_some()).then(|| builder.binary(path, build_id)))
    }

    /// As the binary numbers it, as far as its mapping or its file tells.
    fn address(&mut self, location: &Location, mapping: Option<&Mapping>) -> Result<Option<i64>> {
        let Some(mapping) = mapping else { return Ok(own_address(None, location.address)) };
        let index = location.mapping_index;
        if !self.mapped.contains_key(&index) {
            let (path, build_id) = self.identity(mapping)?;
            let span =
                Span { start: mapping.memory_start, end: mapping.memory_limit, offset: mapping.file_offset };
            let mapped = Mapped::new(span, None).asking(&mut self.files, path, build_id);
            self.mapped.insert(index, mapped);
        }
        Ok(own_address(self.mapped.get(&index), location.address))
    }

    /// Path and build id.
    fn identity(&self, mapping: &'a Mapping) -> Result<(&'a str, Option<&'a str>)> {
        let path = text(self.input, self.dictionary, mapping.filename_strindex)?;
        let known = attributes(self.input, self.dictionary, &mapping.attribute_indices)?;
        let of_key =
            |wanted: &&str| known.iter().find(|(key, _)| key == wanted).and_then(|(_, value)| *value);
        let build_id = BUILD_IDS.iter().find_map(|key| match of_key(key)? {
            Value::String(id) => Some(id.as_str()),
            Value::Strindex(index) => text(self.input, self.dictionary, *index).ok(),
            _ => None,
        });
        Ok((path, build_id))
    }

    /// As the attribute says it; without one, code is of the kernel or native by its binary.
    fn kind(&self, location: &Location, mapping: Option<&Mapping>) -> Result<FrameKind> {
        for (key, value) in attributes(self.input, self.dictionary, &location.attribute_indices)? {
            if let ("profile.frame.type", Some(Value::String(kind))) = (key, value) {
                return Ok(match kind.as_str() {
                    "native" => FrameKind::Native,
                    "kernel" => FrameKind::Kernel,
                    // Of languages that run in a machine of their own.
                    _ => FrameKind::Jit,
                });
            }
        }
        let path = mapping.map_or(Ok(""), |of| text(self.input, self.dictionary, of.filename_strindex))?;
        Ok(match path {
            "" if location.address == 0 && location.lines.is_empty() => FrameKind::Unknown,
            path if path.starts_with("[kernel") => FrameKind::Kernel,
            "" => FrameKind::Unknown,
            _ => FrameKind::Native,
        })
    }

    fn function(&mut self, builder: &mut Builder, index: i32, binary: Option<i32>) -> Result<Row> {
        if let Some((row, file)) = self.functions.get(&(index, binary)) {
            return Ok((*row, file.clone()));
        }
        let rows = &self.dictionary.function_table;
        let function = usize::try_from(index).ok().and_then(|index| rows.get(index));
        let function = function.ok_or_else(|| self.nowhere("functions", rows.len(), index))?;
        let text = |index| text(self.input, self.dictionary, index);
        let file = Some(text(function.filename_strindex)?).filter(|file| !file.is_empty()).map(Arc::from);
        let row = Function {
            name: text(function.name_strindex)?.to_owned(),
            linkage_name: text(function.system_name_strindex)?.to_owned(),
            binary,
            file: file.clone(),
            line: i32::try_from(function.start_line).ok().filter(|line| *line > 0),
            ..Function::default()
        };
        let is_named = !row.name.is_empty() || !row.linkage_name.is_empty();
        let row = is_named.then(|| builder.function(row));
        builder.check_room(self.input.path())?;
        self.functions.insert((index, binary), (row, file.clone()));
        Ok((row, file))
    }
}
