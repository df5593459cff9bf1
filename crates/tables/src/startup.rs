//! Start-up code that cannot be told by its name.
//!
//! Distributions strip their C library of all names but the exported ones, so what calls `main` or
//! begins a thread is an address there. It is told by where it stands: never anywhere but between the
//! root and the program's own code. And the `main` of a Rust program is not the one that somebody
//! wrote, but a shim that the compiler made.

use crate::naming::is_runtime;
use crate::schema::{Frame, Tables};

/// File names of C libraries and of their loaders begin with these.
const C_LIBRARIES: [&str; 6] = ["libc.so", "libc-2.", "libpthread", "ld-linux", "ld-musl", "libc.musl"];

/// What a frame says by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Start-up code by its name.
    Runtime,
    /// The shim that calls the runtime of a Rust program.
    Shim,
    /// Code of a C library without a name.
    Nameless,
    Other,
}

/// For each row of `frames`, if it is such start-up code.
pub(crate) fn unnamed_startup(tables: &Tables) -> Vec<bool> {
    let known = Known::new(tables);
    let roles: Vec<Role> = tables.frames.iter().map(|frame| known.role(tables, frame)).collect();
    let mut startup: Vec<bool> = roles.iter().map(|role| *role == Role::Nameless).collect();
    // Twice: what stands on a frame that is none after all may be none either.
    for _ in 0..2 {
        if startup.contains(&true) {
            keep_those_at_the_root(tables, &roles, &mut startup);
        }
    }
    startup.iter().zip(roles).map(|(nameless, role)| *nameless || role == Role::Shim).collect()
}

fn keep_those_at_the_root(tables: &Tables, roles: &[Role], startup: &mut [bool]) {
    let mut at_root: Vec<bool> = Vec::with_capacity(tables.stacks.len());
    let candidates = startup.to_vec();
    for stack in &tables.stacks {
        let frame = stack.frame as usize;
        let below = stack.parent.is_none_or(|parent| at_root[parent as usize]);
        let role = roles[frame];
        at_root.push(below && (matches!(role, Role::Runtime | Role::Shim) || candidates[frame]));
        startup[frame] &= below;
    }
}

fn is_c_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    C_LIBRARIES.iter().any(|library| name.starts_with(library))
}

/// For each row of `binaries`, what it is.
struct Known {
    c_library: Vec<bool>,
    rust_program: Vec<bool>,
}

impl Known {
    fn new(tables: &Tables) -> Self {
        let mut rust_program = vec![false; tables.binaries.len()];
        let entries = tables.functions.iter().filter(|function| function.name.starts_with(RUST_ENTRY));
        for binary in entries.filter_map(|function| function.binary) {
            rust_program[binary as usize] = true;
        }
        let c_library = tables.binaries.iter().map(|binary| is_c_library(&binary.path)).collect();
        Self { c_library, rust_program }
    }

    fn role(&self, tables: &Tables, frame: &Frame) -> Role {
        let function = frame.function.map(|row| &tables.functions[row as usize]);
        let is_in = |binaries: &[bool]| frame.binary.is_some_and(|row| binaries[row as usize]);
        match function {
            Some(function) if is_runtime(&function.name) => Role::Runtime,
            Some(function) if function.linkage_name == "main" && is_in(&self.rust_program) => Role::Shim,
            Some(function) if !function.linkage_name.is_empty() => Role::Other,
            _ if is_in(&self.c_library) => Role::Nameless,
            _ => Role::Other,
        }
    }
}

/// What the shim of a Rust program calls.
const RUST_ENTRY: &str = "std::rt::lang_start";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Binary, Function, Stack};

    /// `_start → libc+1 → main → libc+2`, and `[truncated stack] → libc+3 → libc+1`, if `truncated`.
    fn program(library: &str, truncated: bool) -> Tables {
        let name = |name: &str, linkage: &str| Function {
            name: name.to_owned(),
            linkage_name: linkage.to_owned(),
            ..Function::default()
        };
        let frame = |function: i32, binary| Frame { function: Some(function), binary, ..Frame::default() };
        let node = |parent, frame| Stack { parent, frame };
        let mut tables = Tables {
            binaries: vec![Binary { path: library.to_owned(), ..Binary::default() }],
            functions: vec![
                name("_start", "_start"),
                name("libc+1", ""),
                name("main", "main"),
                name("libc+2", ""),
                name("[truncated stack]", ""),
                name("libc+3", ""),
            ],
            frames: vec![frame(0, None), frame(1, Some(0)), frame(2, None), frame(3, Some(0))],
            stacks: vec![node(None, 0), node(Some(0), 1), node(Some(1), 2), node(Some(2), 3)],
            ..Tables::default()
        };
        if truncated {
            tables.frames.extend([frame(4, None), frame(5, Some(0))]);
            tables.stacks.extend([node(None, 4), node(Some(4), 5), node(Some(5), 1)]);
        }
        tables
    }

    fn found(tables: &Tables) -> Vec<usize> {
        unnamed_startup(tables).iter().enumerate().filter_map(|(row, is)| is.then_some(row)).collect()
    }

    #[test]
    fn what_calls_main_is_told_from_what_main_calls() {
        assert_eq!(found(&program("/usr/lib/libc.so.6", false)), [1]);
        assert_eq!(found(&program("/opt/libcrypto.so", false)), [0_usize; 0]);
    }

    #[test]
    fn the_main_of_a_rust_program_is_a_shim() {
        let mut tables = program("/usr/bin/program", false);
        tables.frames[2].binary = Some(0);
        assert_eq!(found(&tables), [0_usize; 0]);
        tables.functions.push(Function {
            name: "std::rt::lang_start::<()>".to_owned(),
            binary: Some(0),
            ..Function::default()
        });
        assert_eq!(found(&tables), [2]);
    }

    #[test]
    fn code_that_also_stands_elsewhere_is_no_startup_code() {
        assert_eq!(found(&program("/usr/lib/libc.so.6", true)), [0_usize; 0]);
    }
}
