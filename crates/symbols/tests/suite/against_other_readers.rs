//! The same addresses through other readers of debug info: the `addr2line` crate and binutils.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::common::{self, Bench, C_PROGRAM, CPP_PROGRAM, RUST_PROGRAM, read};
use addr2line::Context;
use gimli::EndianSlice;
use pyrometer_symbols::demangle::demangle;
use pyrometer_symbols::{DebugSections, ElfImage, Resolver};

/// Every `step`th address of the code.
fn addresses(image: &ElfImage<'_>, step: usize) -> Vec<u64> {
    image.code_ranges().into_iter().flat_map(|range| range.step_by(step)).collect()
}

/// `function@file:line:column` from the outside in.
fn ours(path: &Path, step: usize) -> Vec<(u64, Vec<String>)> {
    let bytes = read(path);
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let debug = DebugSections::load(&image);
    let resolver = Resolver::new(&image, debug.as_ref());
    let found = resolver.resolve(&addresses(&image, step));
    let text = |address: u64| {
        let frames = found.frames(address).expect("it was asked for");
        let with_debug =
            frames.iter().filter(|frame| frame.file.is_some() || frame.line.is_some() || frames.len() > 1);
        with_debug
            .map(|frame| {
                let function = found.function(frame).map_or("?", |function| function.name.as_str());
                format!(
                    "{function}@{}:{}:{}",
                    found.file(frame).unwrap_or("?"),
                    frame.line.unwrap_or(0),
                    frame.column.unwrap_or(0)
                )
            })
            .collect()
    };
    found.addresses().iter().map(|&address| (address, text(address))).collect()
}

/// The same by the `addr2line` crate.
fn by_crate(path: &Path, addresses: &[u64]) -> Vec<Vec<String>> {
    let bytes = read(path);
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let load = |id: gimli::SectionId| Ok::<_, gimli::Error>(image.section(id.name()).unwrap_or_default());
    let sections = gimli::DwarfSections::load(load).expect("sections");
    let dwarf = sections.borrow(|section| EndianSlice::new(section, gimli::LittleEndian));
    let context = Context::from_dwarf(dwarf).expect("debug info");
    let chain = |address: u64| {
        let mut frames = context.find_frames(address).skip_all_loads().expect("debug info");
        let mut chain = Vec::new();
        while let Some(frame) = frames.next().expect("debug info") {
            let name =
                frame.function.as_ref().map(|function| demangle(&function.raw_name().expect("UTF-8")).name);
            let at = frame.location;
            let file = at.as_ref().and_then(|at| at.file).unwrap_or("?");
            let (line, column) =
                at.as_ref().map_or((0, 0), |at| (at.line.unwrap_or(0), at.column.unwrap_or(0)));
            let file = if at.is_some() { file } else { "?" };
            chain.push(format!("{}@{file}:{line}:{column}", name.unwrap_or("?".into())));
        }
        chain.reverse();
        chain
    };
    addresses.iter().map(|&address| chain(address)).collect()
}

/// Equal, or equal but for a qualified name where the debug info has only the last part of it.
fn agrees(ours: &str, theirs: &str) -> bool {
    let (Some((name, place)), Some((short, same_place))) = (ours.split_once("@/"), theirs.split_once("@/"))
    else {
        return ours == theirs;
    };
    // Where the compiler says no line, we take that of a neighbour.
    let same_place = if same_place.ends_with(":0:0") { place } else { same_place };
    let last = short.split(['<', '(']).next().unwrap_or(short);
    let closures = short.starts_with("{closure") && name.contains("::{closure");
    // The number of a closure is in the debug info only.
    let unnumbered = name.rsplit_once('#').map(|(function, _)| format!("{function}}}"));
    let closures = closures || unnumbered.is_some_and(|function| function == short);
    place == same_place && (name == short || closures || name.contains(&format!("::{last}")))
}

fn agree(path: &Path, step: usize) {
    let ours = ours(path, step);
    let addresses: Vec<u64> = ours.iter().map(|(address, _)| *address).collect();
    let theirs = by_crate(path, &addresses);
    let mut compared = 0;
    for ((address, ours), theirs) in ours.iter().zip(&theirs) {
        // Where the debug info has no function, we ask the symbol table and they do not.
        if theirs.is_empty() || theirs[0].starts_with("?@") || theirs == &["?@?:0:0"] {
            continue;
        }
        let same =
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| agrees(ours, theirs));
        assert!(same, "at {address:#x} of {}:\nours   {ours:?}\ntheirs {theirs:?}", path.display());
        compared += 1;
    }
    println!("{}: {compared} of {} addresses compared", path.display(), addresses.len());
    assert!(
        compared > 20,
        "{} of {} addresses of {} have debug info",
        compared,
        addresses.len(),
        path.display()
    );
}

#[test]
fn every_dwarf_version_reads_as_the_addr2line_crate_reads_it() {
    let bench = Bench::new();
    for version in 2..=5 {
        let flag = format!("-gdwarf-{version}");
        agree(&bench.c(&format!("c{version}"), C_PROGRAM, &["-O2", "-g", &flag]), 1);
        agree(&bench.c(&format!("cc{version}"), CPP_PROGRAM, &["-O2", "-g", &flag]), 1);
    }
}

#[test]
fn rust_binaries_read_as_the_addr2line_crate_reads_them() {
    let bench = Bench::new();
    let levels = [
        ["-Cdebuginfo=2", "-Cprefer-dynamic=no"],
        ["-Cdebuginfo=1", "-Clto=fat"],
        ["-Cdebuginfo=line-tables-only", "-Csymbol-mangling-version=v0"],
    ];
    for (at, level) in levels.iter().enumerate() {
        agree(&bench.rust(&format!("r{at}"), RUST_PROGRAM, level), 61);
    }
}

#[test]
fn inlined_calls_read_as_binutils_prints_them() {
    let bench = Bench::new();
    let path = bench.c("inlined", C_PROGRAM, &["-O2", "-g"]);
    let bytes = read(&path);
    let range = common::symbol(&bytes, "outer");
    let asked: Vec<u64> = range.collect();
    let mut command = Command::new("addr2line");
    command
        .args(["-i", "-f", "-C", "-a", "-e"])
        .arg(&path)
        .args(asked.iter().map(|address| format!("{address:#x}")));
    let Ok(output) = command.output() else {
        println!("not available here: addr2line of binutils");
        return;
    };
    let theirs = String::from_utf8(output.stdout).expect("ASCII");
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let debug = DebugSections::load(&image);
    let found = Resolver::new(&image, debug.as_ref()).resolve(&asked);
    let mut ours = String::new();
    for address in asked {
        writeln!(ours, "{address:#018x}").expect("a string");
        for frame in found.frames(address).expect("it was asked for").iter().rev() {
            let name = &found.function(frame).expect("it has a function").name;
            let line = frame.line.map_or("?".into(), |line| line.to_string());
            writeln!(ours, "{name}\n{}:{line}", found.file(frame).unwrap_or("??")).expect("a string");
        }
    }
    let bare: String = theirs
        .lines()
        .map(|line| line.split(" (discriminator").next().unwrap_or(line).to_owned() + "\n")
        .collect();
    assert_eq!(ours, bare);
    assert!(ours.contains("innermost\n") && ours.contains("middle\n"));
}

/// Compares a large binary named by `PYROMETER_TEST_BINARY`, when that is set.
#[test]
fn a_binary_of_your_choice_reads_as_the_addr2line_crate_reads_it() {
    match std::env::var_os("PYROMETER_TEST_BINARY") {
        Some(path) => agree(Path::new(&path), 13),
        None => agree(&std::env::current_exe().expect("this test"), 1013),
    }
}
