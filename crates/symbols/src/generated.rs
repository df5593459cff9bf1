//! Names of code that a program generated while it ran, put into the tables.

use pyrometer_tables::schema::{Function, Tables};
use rustc_hash::FxHashMap;

/// The name of a frame of generated code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Row in `frames`.
    pub frame: u32,
    /// Row in `binaries`.
    pub binary: u32,
    /// The function's name, as the program wrote it.
    pub name: String,
    /// Source file and line, if it wrote them.
    pub source: Option<(String, u32)>,
    /// `jitdump` or `perf-map`.
    pub from: &'static str,
}

/// Puts the names into the tables of a recording.
pub fn apply_names(tables: &mut Tables, named: &[Named]) {
    let mut rows: FxHashMap<(u32, &str), i32> = FxHashMap::default();
    for name in named {
        let row = *rows.entry((name.binary, &name.name)).or_insert_with(|| {
            tables.functions.push(Function {
                name: name.name.clone(),
                linkage_name: name.name.clone(),
                binary: Some(name.binary.cast_signed()),
                ..Function::default()
            });
            tables.functions.len() as i32 - 1
        });
        if let Some(frame) = tables.frames.get_mut(name.frame as usize) {
            frame.function = Some(row);
            if let Some((file, line)) = &name.source {
                frame.file = Some(file.as_str().into());
                frame.line = i32::try_from(*line).ok().filter(|line| *line > 0);
            }
        }
        if let Some(binary) = tables.binaries.get_mut(name.binary as usize) {
            binary.symbols_from = name.from.into();
            binary.missing = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use pyrometer_tables::schema::{Binary, Frame};

    use super::*;

    #[test]
    fn frames_of_one_function_share_its_row() {
        let mut tables = Tables {
            binaries: vec![Binary {
                path: "[jit]".into(),
                missing: Some("nothing".into()),
                ..Binary::default()
            }],
            frames: vec![Frame::default(); 2],
            ..Tables::default()
        };
        let named = |frame, source| Named { frame, binary: 0, name: "hot".into(), source, from: "jitdump" };
        apply_names(&mut tables, &[named(0, None), named(1, Some(("a.js".into(), 7)))]);
        assert_eq!(tables.functions.len(), 1);
        assert_eq!((tables.frames[0].function, tables.frames[1].function), (Some(0), Some(0)));
        assert_eq!((tables.frames[1].file.as_deref(), tables.frames[1].line), (Some("a.js"), Some(7)));
        assert_eq!(
            (tables.binaries[0].symbols_from.as_str(), &tables.binaries[0].missing),
            ("jitdump", &None)
        );
    }
}
