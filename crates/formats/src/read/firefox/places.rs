//! The stacks of a processed profile: rows of its tables as rows of ours.

use std::sync::Arc;

use pyrometer_tables::schema::{Frame, Function};

use super::document::{Category, Document, FrameTable, FuncTable, ResourceTable, StackTable, Text, Thread};
use crate::error::{Error, Result};
use crate::read::urls::path_of;
use crate::read::{Builder, Input};

/// The tables that a thread uses: its own, or those of all threads.
pub(super) struct Places<'a> {
    document: &'a Document<'a>,
    stacks: &'a StackTable,
    frames: &'a FrameTable,
    functions: &'a FuncTable,
    resources: Option<&'a ResourceTable>,
    texts: &'a [Text<'a>],
}

impl<'a> Places<'a> {
    pub(super) fn new(input: &Input<'_>, document: &'a Document<'a>, thread: &'a Thread<'a>) -> Result<Self> {
        let shared = &document.shared;
        let missing = |name| move || input.misfit(&format!("{name} of every thread, or shared"), "none");
        Ok(Self {
            document,
            stacks: either(&thread.stack_table, &shared.stack_table).ok_or_else(missing("stackTable"))?,
            frames: either(&thread.frame_table, &shared.frame_table).ok_or_else(missing("frameTable"))?,
            functions: either(&thread.func_table, &shared.func_table).ok_or_else(missing("funcTable"))?,
            resources: either(&thread.resource_table, &shared.resource_table),
            texts: either(&thread.string_array, &shared.string_array).ok_or_else(missing("stringArray"))?,
        })
    }

    /// Our stack of each of its stacks.
    pub(super) fn read(&self, input: &Input<'_>, builder: &mut Builder) -> Result<Vec<i32>> {
        let frames: Vec<i32> =
            (0..self.frames.func.len()).map(|at| self.frame(input, builder, at)).collect::<Result<_>>()?;
        let mut rows: Vec<i32> = Vec::with_capacity(self.stacks.frame.len());
        for (at, frame) in self.stacks.frame.iter().enumerate() {
            let frame = *row(input, &frames, *frame, "frames")?;
            // Callers stand before what they call: so there are no cycles.
            let parent = self.prefix(input, at)?.map(|prefix| row(input, &rows, prefix, "stacks before it"));
            rows.push(builder.stack(parent.transpose()?.copied(), frame));
        }
        Ok(rows)
    }

    fn prefix(&self, input: &Input<'_>, at: usize) -> Result<Option<i64>> {
        let prefix = self.stacks.prefix.as_deref().and_then(|prefixes| prefixes.get(at).copied());
        let offset = self.stacks.prefix_offset.as_deref().and_then(|offsets| offsets.get(at));
        match (prefix, offset) {
            (Some(prefix), _) => Ok(prefix),
            (None, Some(0)) => Ok(None),
            (None, Some(offset)) => Ok(Some((at as i64).saturating_sub(*offset))),
            (None, None) => Err(input.misfit("a prefix of every stack", &format!("none of stack {at}"))),
        }
    }

    fn frame(&self, input: &Input<'_>, builder: &mut Builder, at: usize) -> Result<i32> {
        let func = index(input, self.functions.name.len(), self.frames.func[at], "functions")?;
        let binary = self.binary(input, builder, func)?;
        let file: Option<Arc<str>> = self.file(input, func)?.map(Into::into);
        let name = self.text(input, self.functions.name[func])?.to_owned();
        let line = positive(&self.functions.line_number, func);
        let address = cell(&self.frames.address, at).filter(|address| *address >= 0 && binary.is_some());
        // The viewer looks up the names of what samply writes; until then functions are called by their addresses.
        let is_nameless = address.is_some() && is_address(&name);
        let function = Function { name, binary, file: file.clone(), line, ..Function::default() };
        let function = (!is_nameless).then(|| builder.function(function));
        builder.check_room(input.path())?;
        let (category, is_inlined) = self.category(at);
        let depth = cell(&self.frames.inline_depth, at).unwrap_or(0);
        Ok(builder.frame(Frame {
            function,
            line: positive(&self.frames.line, at),
            column: positive(&self.frames.column, at),
            file,
            address,
            binary,
            inlined: is_inlined || depth > 0,
            kind: kind(category, binary.is_some()).into(),
        }))
    }

    fn binary(&self, input: &Input<'_>, builder: &mut Builder, func: usize) -> Result<Option<i32>> {
        let Some(resource) = cell(&self.functions.resource, func).filter(|row| *row >= 0) else {
            return Ok(None);
        };
        let libs = self.resources.map_or(&[][..], |table| &table.lib);
        let Some(lib) = row(input, libs, resource, "resources")?.filter(|lib| *lib >= 0) else {
            return Ok(None);
        };
        let lib = row(input, &self.document.libs, lib, "libs")?;
        let path = if lib.path.is_empty() { &lib.name } else { &lib.path };
        let build_id = lib.code_id.as_deref().filter(|id| !id.is_empty()).map(str::to_lowercase);
        Ok(Some(builder.binary(path, build_id.as_deref())))
    }

    fn file(&self, input: &Input<'_>, func: usize) -> Result<Option<String>> {
        let named = match cell(&self.functions.source, func).filter(|row| *row >= 0) {
            Some(source) => {
                let names = self.document.shared.sources.as_ref().map_or(&[][..], |table| &table.filename);
                *row(input, names, source, "sources")?
            }
            None => cell(&self.functions.file_name, func),
        };
        let text = named.filter(|row| *row >= 0).map(|row| self.text(input, row)).transpose()?;
        Ok(text.filter(|text| !text.is_empty()).map(|url| path_of(url).into_owned()))
    }

    fn text(&self, input: &Input<'_>, at: i64) -> Result<&'a str> {
        row(input, self.texts, at, "strings").map(|text| &*text.0)
    }

    /// The name of a frame's category, and whether it is one for inlined calls.
    fn category(&self, at: usize) -> (&'a str, bool) {
        let categories: &'a [Category<'a>] = &self.document.meta.categories;
        let of_row =
            cell(&self.frames.category, at).and_then(|row| categories.get(usize::try_from(row).ok()?));
        let Some(category) = of_row else { return ("", false) };
        let sub = cell(&self.frames.subcategory, at).and_then(|row| usize::try_from(row).ok());
        let sub = sub.and_then(|row| category.subcategories.get(row));
        (&category.name.0, sub.is_some_and(|sub| sub.0 == "Inlined"))
    }
}

fn either<'a, T>(own: &'a Option<T>, shared: &'a Option<T>) -> Option<&'a T> {
    own.as_ref().or(shared.as_ref())
}

/// `0x13b7`.
fn is_address(name: &str) -> bool {
    let digits = name.strip_prefix("0x").unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// What stands in a column, which may be missing.
fn cell(column: &[Option<i64>], at: usize) -> Option<i64> {
    column.get(at).copied().flatten()
}

/// A line or column.
fn positive(column: &[Option<i64>], at: usize) -> Option<i32> {
    cell(column, at).filter(|number| *number > 0).and_then(|number| i32::try_from(number).ok())
}

fn kind(category: &str, in_binary: bool) -> &'static str {
    match category {
        "Kernel" => "kernel",
        "JIT" | "JavaScript" => "jit",
        "Other" | "" if !in_binary => "unknown",
        _ => "native",
    }
}

/// The row that an id means.
pub(super) fn row<'a, T>(input: &Input<'_>, rows: &'a [T], id: i64, what: &str) -> Result<&'a T> {
    Ok(&rows[index(input, rows.len(), id, what)?])
}

fn index(input: &Input<'_>, length: usize, id: i64, what: &str) -> Result<usize> {
    let fits = usize::try_from(id).ok().filter(|id| *id < length);
    fits.ok_or_else(|| -> Error { input.misfit(&format!("one of {length} {what}"), &id.to_string()) })
}
