//! Functions that hand out memory, and the standard library's between them and the code that asks for it.
//!
//! In a heap profile every stack ends in them, so that by self nothing else would be seen.

use crate::schema::{Frame, Function, Tables};
use crate::select::Weight;

const NAMES: [&str; 43] = [
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "free",
    "cfree",
    "memalign",
    "aligned_alloc",
    "posix_memalign",
    "valloc",
    "pvalloc",
    "malloc_usable_size",
    // glibc's own parts.
    "_int_malloc",
    "_int_free",
    "_int_realloc",
    "_int_memalign",
    "_mid_memalign",
    "_int_free_merge_chunk",
    "_int_free_create_chunk",
    "_int_free_maybe_consolidate",
    "malloc_consolidate",
    "unlink_chunk",
    "sysmalloc",
    "systrim",
    "alloc_perturb",
    "tcache_get",
    "tcache_put",
    "tcache_init",
    "arena_get2",
    "malloc_hook_ini",
    "ptmalloc_init",
    // What Rust calls an allocator by.
    "__rust_alloc",
    "__rust_alloc_zeroed",
    "__rust_realloc",
    "__rust_dealloc",
    "__rdl_alloc",
    "__rdl_alloc_zeroed",
    "__rdl_realloc",
    "__rdl_dealloc",
    "__rg_alloc",
    "__rg_alloc_zeroed",
    "__rg_realloc",
    "__rg_dealloc",
];

const PREFIXES: [&str; 30] = [
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_free",
    "__libc_memalign",
    "__GI___libc_malloc",
    "__GI___libc_calloc",
    "__GI___libc_realloc",
    "__GI___libc_free",
    "operator new(",
    "operator new[](",
    "operator delete(",
    "operator delete[](",
    "je_",
    "_rjem_",
    "mi_",
    "_mi_",
    "tc_malloc",
    "tc_new",
    "std::__new_allocator<",
    "__gnu_cxx::new_allocator<",
    "std::allocator_traits<",
    "__rustc::__r",
    "alloc::alloc::",
    "alloc::raw_vec::",
    "std::alloc::",
    "<alloc::alloc::Global as ",
    "<alloc::raw_vec::",
    "<std::alloc::System as ",
    "<dhat::Alloc as ",
];

/// What files of nothing but an allocator are called: their own functions seldom have names.
const FILES: [&str; 4] = ["libjemalloc.", "libtcmalloc", "libmimalloc.", "libsnmalloc"];

/// Namespaces of the standard libraries of Rust and C++.
const LIBRARIES: [&str; 5] = ["alloc", "core", "std", "hashbrown", "__gnu_cxx"];

/// Parts of the paths of Rust's functions that ask for memory: some tools tell names without namespaces.
const ALLOCATORS: [&str; 4] = [
    "/library/alloc/src/alloc.rs",
    "/library/alloc/src/raw_vec.rs",
    "/library/alloc/src/raw_vec/",
    "/library/std/src/sys/alloc/",
];

/// And of those of the standard libraries.
const SOURCES: [&str; 5] =
    ["/library/alloc/src/", "/library/core/src/", "/library/std/src/", "/rust/deps/", "/include/c++/"];

/// What the C library's functions that copy are called by, but for [`COPYING_PREFIXES`] and [`COPYING_SUFFIX`].
const COPYING: [&str; 17] = [
    "memcpy", "memmove", "mempcpy", "bcopy", "memccpy", "strcpy", "strncpy", "strlcpy", "stpcpy", "stpncpy",
    "strcat", "strncat", "strlcat", "wcscpy", "wcsncpy", "wmemcpy", "wmemmove",
];
const COPYING_PREFIXES: [&str; 4] = ["__GI___", "__GI_", "__", ""];
const COPYING_SUFFIX: &str = "_chk";

/// Whether a metric is of copies: its stacks end in functions that copy, rather than in an allocator.
fn is_of_copies(tables: &Tables, metric: i32) -> bool {
    let metric = usize::try_from(metric).ok().and_then(|row| tables.metrics.get(row));
    metric.is_some_and(|metric| metric.name.starts_with("copy-"))
}

/// Whether a function of the C library copies; `memcpy@GLIBC_2.2.5` is one of a version.
fn copies(function: &Function) -> bool {
    let name = function.name.split('@').next().unwrap_or_default();
    let name = name.strip_suffix(COPYING_SUFFIX).unwrap_or(name);
    let plain = COPYING_PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
    plain.is_some_and(|plain| COPYING.contains(&plain))
}

/// Moves what stacks that end in an allocator weigh to the code that asked for memory, as [`askers`] has it.
pub(crate) fn to_askers(tables: &Tables, metric: i32, weights: &mut [Weight]) {
    for (row, asker) in askers(tables, metric).into_iter().enumerate().filter(|(row, asker)| row != asker) {
        let weight = std::mem::take(&mut weights[row]);
        weights[asker].add(&weight);
    }
}

/// For each row of `stacks` the one that ends in the code that asked for memory: over the allocator's functions and the
/// standard library's that follow, up to one that is neither. A stack that ends in no allocator, or has no such function,
/// is its own. Of a metric of copies the functions that copy stand for the allocator's.
#[must_use]
pub fn askers(tables: &Tables, metric: i32) -> Vec<usize> {
    let mut roles = Roles::of(tables);
    if is_of_copies(tables, metric) {
        roles.add_copying(tables);
    }
    let mut askers: Vec<Option<usize>> = Vec::with_capacity(tables.stacks.len());
    let mut in_allocator: Vec<bool> = Vec::with_capacity(tables.stacks.len());
    for (row, stack) in tables.stacks.iter().enumerate() {
        let parent = stack.parent.map(|parent| parent as usize);
        let role = roles.of_frame(&tables.frames[stack.frame as usize]);
        askers.push(match role {
            Role::Asker => Some(row),
            _ => parent.and_then(|parent| askers[parent]),
        });
        in_allocator.push(match role {
            Role::Allocator => true,
            Role::Library => parent.is_some_and(|parent| in_allocator[parent]),
            Role::Asker => false,
        });
    }
    let own = |(row, asker): (usize, Option<usize>)| asker.filter(|_| in_allocator[row]).unwrap_or(row);
    askers.into_iter().enumerate().map(own).collect()
}

/// What a function has to do with allocating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Asker,
    Library,
    Allocator,
}

/// The roles of a profile's functions: the least one of their frames', where these have files and the function has none.
pub(crate) struct Roles {
    of_functions: Vec<Role>,
    /// Of each binary, whether it is an allocator.
    binaries: Vec<bool>,
}

impl Roles {
    pub(crate) fn of(tables: &Tables) -> Self {
        let binaries: Vec<bool> =
            tables.binaries.iter().map(|binary| is_file_of_allocator(&binary.path)).collect();
        let is_in_allocator = |function: &Function| is_one(&binaries, function.binary);
        let role = |function| if is_in_allocator(function) { Role::Allocator } else { role(function) };
        let mut roles: Vec<_> = tables.functions.iter().map(role).collect();
        let mut by_files: Vec<Option<Role>> = vec![None; roles.len()];
        for frame in &tables.frames {
            let Some(row) = frame.function.map(|row| row as usize) else { continue };
            if roles[row] == Role::Asker && tables.functions[row].file.is_none() {
                let role = role_of_file(frame.file.as_deref());
                by_files[row] = Some(by_files[row].map_or(role, |before| before.min(role)));
            }
        }
        for (role, by_files) in roles.iter_mut().zip(by_files) {
            *role = by_files.unwrap_or(*role);
        }
        Self { of_functions: roles, binaries }
    }

    fn add_copying(&mut self, tables: &Tables) {
        for (role, _) in
            self.of_functions.iter_mut().zip(&tables.functions).filter(|(_, function)| copies(function))
        {
            *role = Role::Allocator;
        }
    }

    pub(crate) fn of_frame(&self, frame: &Frame) -> Role {
        match frame.function {
            Some(row) => self.of_functions[row as usize],
            None if is_one(&self.binaries, frame.binary) => Role::Allocator,
            None => Role::Asker,
        }
    }
}

fn is_one(binaries: &[bool], row: Option<i32>) -> bool {
    row.and_then(|row| binaries.get(usize::try_from(row).ok()?)).copied().unwrap_or(false)
}

fn is_file_of_allocator(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    FILES.iter().any(|file| name.starts_with(file))
}

fn role(function: &Function) -> Role {
    if NAMES.contains(&function.name.as_str())
        || PREFIXES.iter().any(|prefix| function.name.starts_with(prefix))
    {
        return Role::Allocator;
    }
    let library = function.namespace.as_deref().is_some_and(|namespace| LIBRARIES.contains(&namespace));
    role_of_file(function.file.as_deref()).max(if library { Role::Library } else { Role::Asker })
}

fn role_of_file(file: Option<&str>) -> Role {
    let is_in = |parts: &[&str]| file.is_some_and(|file| parts.iter().any(|part| file.contains(part)));
    if is_in(&ALLOCATORS) {
        Role::Allocator
    } else if is_in(&SOURCES) {
        Role::Library
    } else {
        Role::Asker
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Binary, Metric, Stack};

    fn function(name: &str, namespace: Option<&str>, file: Option<&str>) -> Function {
        let (namespace, file) = (namespace.map(str::to_owned), file.map(Into::into));
        Function { name: name.to_owned(), namespace, file, ..Function::default() }
    }

    #[test]
    fn who_allocates_and_who_asks() {
        for name in ["malloc", "__libc_malloc2", "operator new(unsigned long)", "_rjem_malloc", "__rdl_alloc"]
        {
            assert_eq!(role(&function(name, None, None)), Role::Allocator, "{name}");
        }
        for function in [
            function("alloc::raw_vec::finish_grow", Some("alloc"), None),
            function("finish_grow", None, Some("/rustc/1234/library/alloc/src/raw_vec/mod.rs")),
        ] {
            assert_eq!(role(&function), Role::Allocator, "{}", function.name);
        }
        let library = [
            function("std::vector<int>::push_back", Some("std"), None),
            function("with_capacity_in", None, Some("/rustc/1234/library/alloc/src/vec/mod.rs")),
            function("allocate", None, Some("/usr/include/c++/12/bits/new_allocator.h")),
        ];
        for function in library {
            assert_eq!(role(&function), Role::Library, "{}", function.name);
        }
        for name in ["main", "mallocate", "free_list"] {
            assert_eq!(
                role(&function(name, Some("app"), Some("src/library/alloc.rs"))),
                Role::Asker,
                "{name}"
            );
        }
    }

    /// Each row calls the next: main, push, finish_grow, malloc; beside them main, push, memcpy.
    fn tables() -> Tables {
        let functions = vec![
            function("app::main", Some("app"), None),
            function("alloc::vec::Vec<T>::push", Some("alloc"), None),
            function("finish_grow", None, None),
            function("malloc", None, None),
            function("memcpy", None, None),
        ];
        let mut frames: Vec<_> =
            (0..5).map(|row| Frame { function: Some(row), ..Frame::default() }).collect();
        frames[2].file = Some("/rustc/1234/library/alloc/src/raw_vec/mod.rs".into());
        let stack = |parent, frame| Stack { parent, frame };
        let stacks = vec![
            stack(None, 0),
            stack(Some(0), 1),
            stack(Some(1), 2),
            stack(Some(2), 3),
            stack(Some(1), 4),
            stack(None, 3),
        ];
        Tables { functions, frames, stacks, ..Tables::default() }
    }

    #[test]
    fn a_name_of_several_functions_has_the_least_role() {
        let mut tables = tables();
        tables.functions.push(function("{closure#0}", None, None));
        let frame = |file: &str| Frame { function: Some(5), file: Some(file.into()), ..Frame::default() };
        tables.frames.push(frame("/rustc/1234/library/std/src/rt.rs"));
        assert_eq!(
            Roles::of(&tables).of_functions[2..],
            [Role::Allocator, Role::Allocator, Role::Asker, Role::Library]
        );
        tables.frames.push(frame("src/main.rs"));
        assert_eq!(Roles::of(&tables).of_functions[5], Role::Asker);
    }

    #[test]
    fn all_that_lies_in_the_file_of_an_allocator_is_one() {
        let mut tables = tables();
        tables.binaries = ["/usr/lib/libjemalloc.so.2", "/usr/bin/jemalloc-app"]
            .map(|path| Binary { path: path.to_owned(), ..Binary::default() })
            .to_vec();
        let within = |binary| Function { binary: Some(binary), ..function("f", None, None) };
        tables.functions.extend([within(0), within(1)]);
        let roles = Roles::of(&tables);
        assert_eq!(roles.of_functions[5..], [Role::Allocator, Role::Asker]);
        let nameless = |binary| roles.of_frame(&Frame { binary, address: Some(1), ..Frame::default() });
        assert_eq!([Some(0), Some(1), None].map(nameless), [Role::Allocator, Role::Asker, Role::Asker]);
    }

    #[test]
    fn what_is_allocated_goes_to_the_first_function_outside_of_libraries() {
        let tables = tables();
        let mut weights: Vec<_> = (1..7).map(|value| Weight { value, count: 1 }).collect();
        to_askers(&tables, 0, &mut weights);
        // Only what ends in an allocator moves, and not where nobody has called it.
        let values: Vec<_> = weights.iter().map(|weight| weight.value).collect();
        assert_eq!(values, [1 + 3 + 4, 2, 0, 0, 5, 6]);
        assert_eq!(weights[0].count, 3);
    }

    #[test]
    fn what_is_copied_goes_to_the_code_that_copies() {
        let mut tables = tables();
        tables.metrics.push(Metric { name: "copy-bytes".to_owned(), ..Metric::default() });
        let mut weights: Vec<_> = (1..7).map(|value| Weight { value, count: 1 }).collect();
        to_askers(&tables, 0, &mut weights);
        assert_eq!(weights[4].value, 0, "memcpy");
        assert_eq!(weights[0].value, 1 + 3 + 4 + 5, "main, over the library");
        for (name, expected) in [("__memcpy_chk", true), ("memmove@@GLIBC_2.2.5", true), ("memcmp", false)] {
            assert_eq!(copies(&function(name, None, None)), expected, "{name}");
        }
    }
}
