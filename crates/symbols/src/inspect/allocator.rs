//! Memory allocators that a program brings along, told by names that only they have.

use std::collections::BTreeSet;

/// The name of an allocator, or `#[global_allocator]` for one that Rust code defines.
pub type Allocator = &'static str;

/// A Rust program's own allocator.
const OF_RUST: Allocator = "#[global_allocator]";
/// A C program's own `malloc`.
const OF_C: Allocator = "malloc of its own";

/// Allocators by a function that each exports under any of these names.
const FUNCTIONS: [(&str, Allocator); 11] = [
    ("mallocx", "jemalloc"),
    ("je_mallocx", "jemalloc"),
    ("_rjem_mallocx", "jemalloc"),
    ("mi_malloc", "mimalloc"),
    ("mi_heap_malloc", "mimalloc"),
    ("_mi_malloc_generic", "mimalloc"),
    ("tc_malloc", "tcmalloc"),
    ("TCMallocInternalMalloc", "tcmalloc"),
    ("sn_malloc", "snmalloc"),
    ("sn_rust_alloc", "snmalloc"),
    ("rust_alloc_snmalloc", "snmalloc"),
];

/// Allocators by how the file names of their shared libraries begin.
const LIBRARIES: [(&str, Allocator); 4] = [
    ("libjemalloc", "jemalloc"),
    ("libmimalloc", "mimalloc"),
    ("libtcmalloc", "tcmalloc"),
    ("libsnmalloc", "snmalloc"),
];

/// What the names of a binary's functions tell.
#[derive(Default)]
pub(super) struct Names {
    known: BTreeSet<Allocator>,
    /// Rust's calls into whatever allocates, defined where a program is linked.
    rust_alloc: bool,
    /// The functions behind it that belong to std's own choice, and to anybody else's.
    default: bool,
    global: bool,
    /// A mark that is defined beside a program's own allocator.
    shim: bool,
    malloc: bool,
}

impl Names {
    pub(super) fn see(&mut self, name: &str, defined: bool) {
        if !name.contains("alloc") && !name.contains("Alloc") {
            return;
        }
        let known = FUNCTIONS.iter().find(|(function, _)| *function == name);
        self.known.extend(known.map(|(_, allocator)| *allocator));
        if !defined {
            return;
        }
        self.malloc |= name == "malloc";
        // Since Rust 1.89 these names are mangled, as items of a crate that does not exist.
        let bare = if name.starts_with("_R") { after_crate(name) } else { name };
        self.rust_alloc |= bare == "__rust_alloc";
        self.default |= bare == "__rdl_alloc";
        self.global |= bare == "__rg_alloc";
        self.shim |= bare.starts_with("__rust_no_alloc_shim");
    }

    /// The allocators of a binary that asks for `libraries`, and for a loader if it is `dynamic`.
    pub(super) fn found(mut self, libraries: &[String], dynamic: bool) -> Vec<Allocator> {
        for (start, allocator) in LIBRARIES {
            if libraries.iter().any(|library| library.starts_with(start)) {
                self.known.insert(allocator);
            }
        }
        // Whole-program optimisation leaves no function behind std's own choice, but then no mark either.
        let own = self.global || (self.rust_alloc && self.shim && !self.default);
        if own {
            self.known.insert(OF_RUST);
        } else if self.malloc && dynamic && self.known.is_empty() {
            // A static binary has the C library's.
            self.known.insert(OF_C);
        }
        self.known.into_iter().collect()
    }
}

/// `__rust_alloc` of `_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc`: an identifier that begins with an
/// underscore is separated by one from its length.
fn after_crate(name: &str) -> &str {
    let Some((_, rest)) = name.split_once("7___rustc") else { return name };
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    rest.strip_prefix('_').unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Vec<Allocator> {
        let mut seen = Names::default();
        names.iter().for_each(|name| seen.see(name, true));
        seen.found(&[], true)
    }

    #[test]
    fn stds_own_choice_is_none_and_a_programs_is_one() {
        let std = ["_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc", "_RNvCsfLfy6EI15iL_7___rustc11___rdl_alloc"];
        assert!(found(&std).is_empty());
        assert!(found(&std[..1]).is_empty(), "whole-program optimisation inlines the other");
        let own = [std[0], "_RNvCsfLfy6EI15iL_7___rustc35___rust_no_alloc_shim_is_unstable_v2"];
        assert_eq!(found(&own), [OF_RUST]);
        assert_eq!(found(&["__rust_alloc", "__rg_alloc"]), [OF_RUST], "older compilers");
        assert!(found(&["__rust_alloc", "__rdl_alloc", "__rust_no_alloc_shim_is_unstable"]).is_empty());
    }

    #[test]
    fn libraries_and_functions_name_allocators_once() {
        let mut seen = Names::default();
        seen.see("mi_malloc", false);
        seen.see("malloc", true);
        let libraries =
            ["libc.so.6".to_owned(), "libmimalloc.so.2".to_owned(), "libjemalloc.so.2".to_owned()];
        assert_eq!(seen.found(&libraries, true), ["jemalloc", "mimalloc"]);
    }

    #[test]
    fn a_malloc_is_its_own_only_where_the_c_library_is_another_file() {
        let malloc = |dynamic| {
            let mut seen = Names::default();
            seen.see("malloc", true);
            seen.found(&[], dynamic)
        };
        assert_eq!(malloc(true), [OF_C]);
        assert!(malloc(false).is_empty());
        let mut imported = Names::default();
        imported.see("malloc", false);
        assert!(imported.found(&[], true).is_empty());
    }
}
