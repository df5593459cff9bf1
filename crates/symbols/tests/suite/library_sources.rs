//! The library's source files of a Rust program that was really compiled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Bench, RUST_PROGRAM, read};
use pyrometer_symbols::identity::identify;
use pyrometer_symbols::symtab::SymbolTable;
use pyrometer_symbols::{ElfImage, Files, Options, symbolize};
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Stack, Tables};

/// The files of all code of the program's `total`, which is made of the library's iterators.
fn files(program: &Path, sysroots: &[PathBuf]) -> Vec<String> {
    let bytes = read(program);
    let binary = Binary {
        path: program.to_str().expect("UTF-8").into(),
        build_id: Some(identify(&bytes[..]).expect("bytes can be read")),
        ..Binary::default()
    };
    let frame = |address| Frame {
        address: Some(address as i64),
        binary: Some(0),
        kind: "native".into(),
        ..Frame::default()
    };
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let table = SymbolTable::new(&image);
    let total = table.matching(&|name| name.contains("5total")).next().expect("it has a symbol");
    let frames: Vec<Frame> = (total.start..total.end).map(frame).collect();
    let stacks = (0..frames.len() as i32).map(|frame| Stack { parent: None, frame }).collect();
    let tables = Tables { binaries: vec![binary], frames, stacks, ..Tables::default() };
    let options = Options { sysroots: sysroots.to_vec(), ..Options::default() };
    let tables = symbolize(&Meta::default(), tables, &Files::default(), &options).tables;
    let mut files: Vec<String> =
        tables.frames.into_iter().filter_map(|frame| frame.file).map(|file| file.to_string()).collect();
    files.sort();
    files.dedup();
    files
}

/// A toolchain of rustup's with this version and these files of the library.
fn toolchain(sysroot: &Path, version: &str, inside: &[&str]) {
    let sources = sysroot.join("lib/rustlib/src/rust");
    fs::create_dir_all(&sources).expect("folders");
    let manifest = format!("\n[pkg.rustc]\nversion = \"{version}\"\n");
    fs::write(sysroot.join("lib/rustlib/multirust-channel-manifest.toml"), manifest).expect("a file");
    for file in inside {
        let file = sources.join(file);
        fs::create_dir_all(file.parent().expect("it has one")).expect("folders");
        fs::write(file, "").expect("a file");
    }
}

#[test]
fn library_code_is_in_the_files_of_the_toolchain_that_built_it() {
    let bench = Bench::new();
    let program = bench.rust("rust", RUST_PROGRAM, &["-g"]);
    let bare = files(&program, &[]);
    let asked = Command::new("rustc").arg("--version").output().expect("rustc is installed");
    let version = String::from_utf8(asked.stdout).expect("UTF-8").trim().replacen("rustc ", "", 1);
    let inside: Vec<&str> = bare
        .iter()
        .filter_map(|file| file.strip_prefix("/rustc/")?.split_once('/'))
        .map(|(_, inside)| inside)
        .collect();
    assert!(inside.iter().any(|file| file.starts_with("library/core/src/")), "{bare:?}");

    let [other, right] = ["a-other", "b-right"].map(|name| bench.path(name));
    toolchain(&other, "1.0.0 (0123456789 2015-05-15)", &inside);
    toolchain(&right, &version, &inside);
    assert_eq!(files(&program, std::slice::from_ref(&other)), bare, "of another version");
    let found = files(&program, &[other, right.clone()]);
    let below = |root: &Path| found.iter().filter(|file| Path::new(file).starts_with(root)).count();
    assert_eq!((below(&right), below(Path::new("/rustc"))), (inside.len(), 0), "{found:?}");
}
