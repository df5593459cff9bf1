//! What a frame is called in a view, and which frames are called the same.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::naming::{fold_generics, is_runtime};
use crate::schema::{Frame, FrameKind, Function, Tables};
use crate::startup::unnamed_startup;

/// The name of a run of start-up or panic machinery.
pub const RUNTIME: &str = "[runtime]";

/// What makes two frames the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// The same function.
    #[default]
    Function,
    /// The same line of the same function.
    Line,
}

/// How frames are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// Callees at the top, callers below them.
    pub inverted: bool,
    /// `Vec<u8>::push` and `Vec<u16>::push` are the same.
    pub fold_generics: bool,
    /// Consecutive frames that start a program or a thread or unwind a panic are one `[runtime]`.
    pub collapse_runtime: bool,
    /// What makes two frames the same.
    pub by: By,
}

/// What a node or a row of a view is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The function, or `binary+0xaddress`, or a marker in brackets.
    pub name: String,
    /// Path of its binary, empty if it belongs to none.
    pub binary: String,
    /// By function: the file of its definition. By line: the file of the line.
    pub file: Option<Arc<str>>,
    /// By function: the line of its definition. By line: the line.
    pub line: Option<i32>,
    /// Crate or outermost namespace.
    pub namespace: Option<String>,
    /// `native`, `kernel`, `jit` or `unknown`.
    pub kind: FrameKind,
}

/// The name of a frame: its function's, else where it lies.
#[must_use]
pub fn frame_name<'a>(tables: &'a Tables, frame: &Frame) -> Cow<'a, str> {
    if let Some(function) = frame.function {
        return Cow::Borrowed(&tables.functions[function as usize].name);
    }
    let Some(address) = frame.address else {
        return Cow::Borrowed("[unknown]");
    };
    match frame.binary.map(|binary| &tables.binaries[binary as usize].path) {
        Some(path) => Cow::Owned(format!("{}+{address:#x}", file_name(path))),
        None => Cow::Owned(format!("{address:#x}")),
    }
}

fn file_name(path: &str) -> &str {
    let name = Path::new(path).file_name().and_then(|name| name.to_str());
    name.unwrap_or(path)
}

/// The labels of a profile, each once, and the label of each frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// In the order of the first frame of each.
    pub labels: Vec<Label>,
    /// For each row of `frames`, its label.
    pub of_frame: Vec<u32>,
    /// The label that stands for runs of runtime frames, if these are collapsed.
    pub runtime: Option<u32>,
}

type Key<'a> = (Cow<'a, str>, &'a str, Option<&'a str>, Option<i32>);

impl Labels {
    /// Labels every frame.
    #[must_use]
    pub fn new(tables: &Tables, grouping: &Grouping) -> Self {
        Self::with(tables, &[], grouping)
    }

    /// Labels every frame, then `more` that are not in the table: `of_frame` goes on with them.
    pub(crate) fn with(tables: &Tables, more: &[Frame], grouping: &Grouping) -> Self {
        Self::apart(tables, more, grouping, &[])
    }

    /// The same, but functions of one name and binary that are defined in different files have labels of their own.
    pub(crate) fn by_definition(tables: &Tables, more: &[Frame], grouping: &Grouping) -> Self {
        Self::apart(tables, more, grouping, &files_of_namesakes(tables))
    }

    /// `files`: for each row of `functions`, the file that tells it from its namesakes, if it has any.
    fn apart(tables: &Tables, more: &[Frame], grouping: &Grouping, files: &[Option<&str>]) -> Self {
        let mut labels = Vec::new();
        let runtime = grouping.collapse_runtime.then(|| {
            labels.push(runtime_label());
            0
        });
        let startup = if runtime.is_some() { unnamed_startup(tables) } else { Vec::new() };
        let mut known: FxHashMap<Key<'_>, u32> = FxHashMap::default();
        let mut met = Met::of(tables, grouping);
        let of_frame = tables.frames.iter().chain(more).enumerate().map(|(row, frame)| {
            let starts = startup.get(row).copied().unwrap_or_default();
            if let Some(label) = met.label(frame).filter(|_| !starts) {
                return label;
            }
            let name = frame_name(tables, frame);
            if let Some(runtime) = runtime.filter(|_| starts || is_runtime(&name)) {
                return runtime;
            }
            let file = frame.function.and_then(|row| files.get(row as usize).copied().flatten());
            let key = key(tables, frame, name, file, grouping);
            let label = *known.entry(key).or_insert_with_key(|key| {
                labels.push(label(tables, frame, key, grouping.by));
                (labels.len() - 1) as u32
            });
            met.note(frame, label);
            label
        });
        let of_frame = of_frame.collect();
        Self { labels, of_frame, runtime }
    }
}

/// The last label of each function that frames are called by: millions of frames are of some thousand functions.
struct Met {
    /// The binary of the frame, and its label.
    of_function: Vec<Option<(Option<i32>, u32)>>,
}

impl Met {
    fn of(tables: &Tables, grouping: &Grouping) -> Self {
        // Lines have labels of their own.
        let functions = if grouping.by == By::Function { tables.functions.len() } else { 0 };
        Self { of_function: vec![None; functions] }
    }

    fn label(&self, frame: &Frame) -> Option<u32> {
        let (binary, label) = self.of_function.get(frame.function? as usize).copied().flatten()?;
        (binary == frame.binary).then_some(label)
    }

    fn note(&mut self, frame: &Frame, label: u32) {
        let known = frame.function.and_then(|function| self.of_function.get_mut(function as usize));
        if let Some(known) = known {
            *known = Some((frame.binary, label));
        }
    }
}

/// For each row of `functions` its file, where functions of its name and binary are in several. One whose file is not
/// known may be any of them, and is none if there is one only.
fn files_of_namesakes(tables: &Tables) -> Vec<Option<&str>> {
    let mut files: FxHashMap<(&str, Option<i32>), (&str, bool)> = FxHashMap::default();
    for function in &tables.functions {
        if let Some(file) = function.file.as_deref() {
            let (known, several) =
                files.entry((&function.name, function.binary)).or_insert_with(|| (file, false));
            *several |= *known != file;
        }
    }
    let several = |function: &Function| {
        files.get(&(&*function.name, function.binary)).is_some_and(|(_, several)| *several)
    };
    tables.functions.iter().map(|function| function.file.as_deref().filter(|_| several(function))).collect()
}

fn key<'a>(
    tables: &'a Tables,
    frame: &'a Frame,
    name: Cow<'a, str>,
    apart: Option<&'a str>,
    grouping: &Grouping,
) -> Key<'a> {
    let name = match grouping.fold_generics {
        true => match fold_generics(&name) {
            Cow::Owned(folded) => Cow::Owned(folded),
            Cow::Borrowed(_) => name,
        },
        false => name,
    };
    let binary = binary_path(tables, frame);
    match grouping.by {
        By::Function => (name, binary, apart, None),
        By::Line => (name, binary, frame.file.as_deref(), frame.line),
    }
}

fn function<'a>(tables: &'a Tables, frame: &Frame) -> Option<&'a Function> {
    frame.function.map(|row| &tables.functions[row as usize])
}

fn binary_path<'a>(tables: &'a Tables, frame: &Frame) -> &'a str {
    let of_function = || function(tables, frame)?.binary;
    let binary = frame.binary.or_else(of_function);
    binary.map_or("", |row| &tables.binaries[row as usize].path)
}

fn label(tables: &Tables, frame: &Frame, key: &Key<'_>, by: By) -> Label {
    let function = function(tables, frame);
    let (file, line) = match by {
        By::Function => (function.and_then(|f| f.file.clone()), function.and_then(|f| f.line)),
        By::Line => (frame.file.clone(), frame.line),
    };
    Label {
        name: key.0.to_string(),
        binary: key.1.to_owned(),
        file,
        line,
        namespace: function.and_then(|function| function.namespace.clone()),
        kind: frame.kind,
    }
}

fn runtime_label() -> Label {
    Label { name: RUNTIME.to_owned(), kind: "native".into(), ..Label::default() }
}
