//! Functions as other tools know them: by name, file and binary.

use pyrometer_tables::labels::frame_name;
use pyrometer_tables::schema::{Function, Tables};
use rustc_hash::FxHashMap;

/// How a file or a binary is named that is not known.
pub(crate) const UNKNOWN: &str = "???";

/// A function; what is not known is [`UNKNOWN`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) binary: String,
}

/// The functions of a profile, each once.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) functions: Vec<Named>,
    /// For each row of `frames`, its place in `functions`.
    pub(crate) of_frame: Vec<u32>,
    /// The same for each row of the table `functions`.
    pub(crate) of_function: Vec<u32>,
}

impl Code {
    pub(crate) fn new(tables: &Tables) -> Self {
        let mut known = FxHashMap::default();
        let mut code = Self::default();
        let mut place = |named: Named| {
            *known.entry(named).or_insert_with_key(|named| {
                code.functions.push(named.clone());
                (code.functions.len() - 1) as u32
            })
        };
        let function_of = |row: usize| tables.frames[row].function.map(|row| row as usize);
        let lines_in = only_files(tables, tables.functions.len(), function_of);
        let file = |row: i32| {
            let own = tables.functions[row as usize].file.as_deref();
            own.or(lines_in[row as usize]).unwrap_or_default()
        };
        let binary = |row: Option<i32>| row.map_or("", |row| &tables.binaries[row as usize].path);
        let of_function = (0..).zip(&tables.functions).map(|(row, function)| {
            place(Named {
                name: one_line(exact_name(function)),
                file: one_line(file(row)),
                binary: one_line(binary(function.binary)),
            })
        });
        let of_function: Vec<_> = of_function.collect();
        let of_frame = tables.frames.iter().map(|frame| {
            let function = frame.function.map(|row| &tables.functions[row as usize]);
            let own = function.and_then(|function| function.binary);
            match frame.function {
                Some(row) if frame.binary.is_none() || frame.binary == own => of_function[row as usize],
                _ => place(Named {
                    name: function
                        .map_or_else(|| one_line(&frame_name(tables, frame)), |f| one_line(exact_name(f))),
                    file: one_line(frame.function.map_or("", file)),
                    binary: one_line(binary(frame.binary.or(own))),
                }),
            }
        });
        code.of_frame = of_frame.collect();
        code.of_function = of_function;
        code
    }
}

/// Of each of `count` things that frames are of, the one file that all their lines are in.
///
/// Compilers say of some functions only that: of C++ lambdas for one.
pub(crate) fn only_files(
    tables: &Tables,
    count: usize,
    thing_of: impl Fn(usize) -> Option<usize>,
) -> Vec<Option<&str>> {
    let mut files = vec![None; count];
    let mut several = vec![false; count];
    for (row, frame) in tables.frames.iter().enumerate() {
        if let (Some(thing), Some(file)) = (thing_of(row), frame.file.as_deref()) {
            several[thing] |= files[thing].is_some_and(|known| known != file);
            files[thing] = Some(file);
        }
    }
    files.into_iter().zip(several).map(|(file, several)| file.filter(|_| !several)).collect()
}

/// The name, with what Pyrometer takes off: other tools tell `f`, `f.constprop.0` and `f@@LIB_2` apart.
pub(crate) fn exact_name(function: &Function) -> &str {
    let (name, linkage_name) = (&function.name, &function.linkage_name);
    if linkage_name.starts_with(name.as_str()) { linkage_name } else { name }
}

/// A name as a line can hold it.
pub(crate) fn one_line(name: &str) -> String {
    match name.trim() {
        "" => UNKNOWN.to_owned(),
        name => name.replace(['\n', '\r'], " "),
    }
}
