//! What binaries offer: real ones, each built so that it has or lacks something.

use crate::common::{Bench, C_PROGRAM, CPP_PROGRAM, RUST_PROGRAM, read};
use proptest::prelude::*;
use pyrometer_symbols::Inspection;
use pyrometer_symbols::inspect::{Debug, Depth};

fn inspect(path: &std::path::Path) -> Inspection {
    Inspection::of_bytes(&read(path), Depth::All).expect("an ELF file")
}

fn debug(found: &Inspection) -> &Debug {
    found.debug.as_ref().expect("it has debug info")
}

#[test]
fn a_rust_program_has_the_level_it_was_built_with_and_that_of_its_library() {
    let bench = Bench::new();
    let levels = |level: &str| {
        let found =
            inspect(&bench.rust(&format!("level-{level}"), RUST_PROGRAM, &[&format!("-Cdebuginfo={level}")]));
        let library = &debug(&found).library;
        assert!(library.limited > 0 && library.full == 0, "as it is shipped: {library:?}");
        assert!(debug(&found).complete);
        assert_eq!(found.language, "rust");
        debug(&found).own.clone()
    };
    let own = levels("0");
    assert_eq!((own.line_tables, own.limited, own.full), (0, 0, 0));
    assert!(levels("line-tables-only").line_tables > 0);
    assert!(levels("1").limited > 0);
    assert!(levels("2").full > 0);
}

#[test]
fn the_compiler_is_known_from_debug_info_and_without_it() {
    let bench = Bench::new();
    let output = std::process::Command::new("rustc").arg("-vV").output().expect("rustc is installed");
    let output = String::from_utf8(output.stdout).expect("text");
    let commit = output.lines().find_map(|line| line.strip_prefix("commit-hash: ")).expect("it says so");
    for strip in ["none", "debuginfo", "symbols"] {
        let found = inspect(&bench.rust(strip, RUST_PROGRAM, &[&format!("-Cstrip={strip}")]));
        let rustc = found.rustc.expect("a Rust program");
        assert_eq!(rustc.id.as_deref(), Some(commit), "strip={strip}");
        assert_eq!(found.symbols, if strip == "symbols" { "none" } else { "symtab" });
    }
}

#[test]
fn compressed_debug_info_is_read_as_the_plain_one_is() {
    let bench = Bench::new();
    let plain = inspect(&bench.c("plain", C_PROGRAM, &["-O2", "-g"]));
    assert!(debug(&plain).own.full > 0);
    for format in ["zlib", "zstd"] {
        let Some(path) = bench.try_c(format, C_PROGRAM, &["-O2", "-g", &format!("-gz={format}")]) else {
            continue;
        };
        let packed = inspect(&path);
        assert_eq!(debug(&packed).own, debug(&plain).own, "{format}");
        assert!(debug(&packed).complete);
    }
}

#[test]
fn languages_and_kinds() {
    let bench = Bench::new();
    let c = inspect(&bench.c("c", C_PROGRAM, &[]));
    assert_eq!((c.language, c.kind, c.bits, c.architecture.as_str()), ("c", "executable", 64, "X86_64"));
    assert!(c.interpreter.as_deref().is_some_and(|path| path.contains("ld-linux")));
    assert!(c.libraries.iter().any(|name| name.starts_with("libc.so")));
    assert!(c.debug.is_none());
    assert_eq!(inspect(&bench.c("cpp", CPP_PROGRAM, &[])).language, "c++");
    assert_eq!(
        inspect(&bench.c("library", "int f(int x) { return x; }", &["-shared", "-fPIC"])).kind,
        "library"
    );
    assert_eq!(inspect(&bench.c("object", "int f(int x) { return x; }", &["-c"])).kind, "other");
    let fixed = inspect(&bench.c("static", C_PROGRAM, &["-static"]));
    assert_eq!((fixed.kind, fixed.interpreter), ("executable", None));
}

#[test]
fn split_units_name_their_files() {
    let bench = Bench::new();
    for version in ["-gdwarf-4", "-gdwarf-5"] {
        let found = inspect(&bench.c(&version[1..], C_PROGRAM, &["-g", version, "-gsplit-dwarf"]));
        let split = &debug(&found).split;
        assert_eq!(split.units, 1, "{version}");
        assert!(split.files[0].starts_with('/') && split.files[0].ends_with(".dwo"), "{:?}", split.files);
    }
    assert_eq!(debug(&inspect(&bench.c("whole", C_PROGRAM, &["-g"]))).split.units, 0);
}

#[test]
fn tables_and_frame_pointers_are_counted() {
    let bench = Bench::new();
    let with = inspect(&bench.c("with", C_PROGRAM, &["-O2", "-fno-omit-frame-pointer"]));
    let without = inspect(&bench.c("without", C_PROGRAM, &["-O2", "-fomit-frame-pointer"]));
    assert!(with.frame_pointers.with > without.frame_pointers.with);
    assert_eq!(with.unwind.section, Some(".eh_frame"));
    let bare = "void work(void) {} void _start(void) { work(); for (;;) ; }";
    let flags = ["-nostdlib", "-static", "-fno-asynchronous-unwind-tables"];
    let none = inspect(&bench.c("none", bare, &flags)).unwind;
    assert!(none.section.is_none() && none.covered == 0 && none.code > 0);
    let debugger = inspect(&bench.c("debug_frame", bare, &[&flags[..], &["-g"]].concat())).unwind;
    assert_eq!(debugger.section, Some(".debug_frame"));
}

#[test]
fn headers_alone_say_the_same_of_headers() {
    let bench = Bench::new();
    let path = bench.c("program", C_PROGRAM, &["-g"]);
    let (all, headers) =
        (inspect(&path), Inspection::of_bytes(&read(&path), Depth::Headers).expect("an ELF file"));
    assert_eq!((all.kind, all.bits, all.build_id), (headers.kind, headers.bits, headers.build_id));
    assert!(headers.debug.is_none());
    assert!(headers.unwind.covered > 0);
}

#[test]
fn bytes_that_are_no_binary_are_refused() {
    for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", b"PK\x03\x04"] {
        assert!(Inspection::of_bytes(bytes, Depth::All).is_err());
    }
}

#[test]
fn a_binary_with_any_bytes_changed_gives_facts_or_an_error() {
    let bench = Bench::new();
    let original = read(&bench.c("program", C_PROGRAM, &["-O2", "-g"]));
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(256));
    let outcome = runner.run(&proptest::collection::vec(change, 1..200), |changes| {
        let mut bytes = original.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = Inspection::of_bytes(&bytes, Depth::All);
        let _ = Inspection::of_bytes(&bytes[..bytes.len() / 2], Depth::All);
        Ok(())
    });
    outcome.expect("no panic");
}
