//! Start-up code that cannot be told by its name.
//!
//! Distributions strip their C library of all names but the exported ones, so what calls `main` or
//! begins a thread is an address there. It is told by where it stands: never anywhere but between the
//! root and the program's own code. And the `main` of a Rust program is not the one that somebody
//! wrote, but a shim that the compiler made. Valgrind tells inlined functions without their modules: those are told by
//! their source.

use crate::naming::is_runtime;
use crate::schema::{Frame, Function, Tables};

/// File names of C libraries and of their loaders begin with these.
const C_LIBRARIES: [&str; 6] = ["libc.so", "libc-2.", "libpthread", "ld-linux", "ld-musl", "libc.musl"];

/// Where Rust's library starts programs and threads, calls closures and unwinds panics.
const RUNTIME_SOURCES: [&str; 5] = [
    "/library/std/src/rt.rs",
    "/library/std/src/panic.rs",
    "/library/std/src/panicking.rs",
    "/library/std/src/sys/backtrace.rs",
    "/library/core/src/ops/function.rs",
];

/// What a frame says by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Start-up code by its name.
    Runtime,
    /// The shim that calls the runtime of a Rust program.
    Shim,
    /// Start-up code by its source, of a name without modules.
    Unqualified,
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
    let is_startup = |role| matches!(role, Role::Shim | Role::Unqualified);
    startup.iter().zip(roles).map(|(nameless, role)| *nameless || is_startup(role)).collect()
}

fn keep_those_at_the_root(tables: &Tables, roles: &[Role], startup: &mut [bool]) {
    let mut at_root: Vec<bool> = Vec::with_capacity(tables.stacks.len());
    let candidates = startup.to_vec();
    for stack in &tables.stacks {
        let frame = stack.frame as usize;
        let below = stack.parent.is_none_or(|parent| at_root[parent as usize]);
        let role = roles[frame];
        at_root.push(
            below && (matches!(role, Role::Runtime | Role::Shim | Role::Unqualified) || candidates[frame]),
        );
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
    /// For each row of `functions`, if a call leads to it: of calls in place of stacks, those at the root are not called.
    called: Vec<bool>,
}

impl Known {
    fn new(tables: &Tables) -> Self {
        let mut rust_program = vec![false; tables.binaries.len()];
        let entries = tables.functions.iter().filter(|function| function.name.starts_with(RUST_ENTRY));
        for binary in entries.filter_map(|function| function.binary) {
            rust_program[binary as usize] = true;
        }
        let c_library = tables.binaries.iter().map(|binary| is_c_library(&binary.path)).collect();
        let mut called = vec![false; tables.functions.len()];
        for call in &tables.calls {
            called[call.callee as usize] = true;
        }
        Self { c_library, rust_program, called }
    }

    fn called(&self, frame: &Frame) -> bool {
        frame.function.is_some_and(|row| self.called[row as usize])
    }

    fn role(&self, tables: &Tables, frame: &Frame) -> Role {
        let function = frame.function.map(|row| &tables.functions[row as usize]);
        let is_in = |binaries: &[bool]| frame.binary.is_some_and(|row| binaries[row as usize]);
        match function {
            Some(function) if is_runtime(&function.name) => Role::Runtime,
            Some(function) if is_unqualified(&function.name) && is_runtime_source(frame) => Role::Unqualified,
            Some(function) if function.linkage_name == "main" && is_in(&self.rust_program) => Role::Shim,
            Some(function) if !is_nameless(function) => Role::Other,
            _ if is_in(&self.c_library) && !self.called(frame) => Role::Nameless,
            _ => Role::Other,
        }
    }
}

/// Whether a function has an address for a name: `libc.so.6+0x27249`, `0x1ab70` of Callgrind, `???` of others of Valgrind's
/// tools. What other tools have written has no linkage name, but may well have a name.
fn is_nameless(function: &Function) -> bool {
    let name = &function.name[..];
    let is_address = |text: &str| {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let offset = name.rsplit_once('+').map_or("", |(_, offset)| offset);
    let named = name != "???" && !(name.starts_with("0x") && is_address(name)) && !is_address(offset);
    function.linkage_name.is_empty() && !named
}

/// Whether a name has no module before it; `call_once<fn(), ()>` has none.
fn is_unqualified(name: &str) -> bool {
    !name.split(['<', '(']).next().unwrap_or_default().contains("::") && !name.starts_with('<')
}

fn is_runtime_source(frame: &Frame) -> bool {
    let file = frame.file.as_deref().unwrap_or_default();
    RUNTIME_SOURCES.iter().any(|source| file.ends_with(source))
}

/// What the shim of a Rust program calls.
const RUST_ENTRY: &str = "std::rt::lang_start";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Binary, Call, Stack};

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
    fn names_without_modules_are_told_by_their_source() {
        let mut tables = program("/lib/libx.so", false);
        let rows = [
            ("{closure#0}", "/rustc/12/library/std/src/rt.rs", true),
            ("call_once<fn(), ()>", "/rustc/12/library/core/src/ops/function.rs", true),
            ("{closure#0}", "src/main.rs", false),
            ("app::rt::{closure#0}", "/rustc/12/library/std/src/rt.rs", false),
        ];
        tables.frames.clear();
        tables.stacks.clear();
        for (row, (name, file, _)) in (0..).zip(rows) {
            tables.functions[row as usize].name = name.to_owned();
            tables.frames.push(Frame { function: Some(row), file: Some(file.into()), ..Frame::default() });
        }
        let expected: Vec<_> = rows.iter().map(|row| row.2).collect();
        assert_eq!(unnamed_startup(&tables), expected);
    }

    #[test]
    fn what_calls_main_is_told_from_what_main_calls() {
        assert_eq!(found(&program("/usr/lib/libc.so.6", false)), [1]);
        assert_eq!(found(&program("/opt/libcrypto.so", false)), [0_usize; 0]);
    }

    #[test]
    fn functions_of_the_c_library_that_others_named_are_none() {
        for (name, is_startup) in
            [("libc+1", true), ("0x1ab70", true), ("???", true), ("vfprintf", false), ("operator+", false)]
        {
            let mut tables = program("/usr/lib/libc.so.6", false);
            tables.functions[1].name = name.to_owned();
            assert_eq!(found(&tables).contains(&1), is_startup, "{name}");
        }
    }

    #[test]
    fn where_calls_stand_for_stacks_only_what_nobody_calls_is_at_the_root() {
        let mut tables = program("/usr/lib/libc.so.6", false);
        for stack in &mut tables.stacks {
            stack.parent = None;
        }
        tables.calls = vec![Call { caller: 2, callee: 3, ..Call::default() }];
        assert_eq!(found(&tables), [1]);
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
