//! Instructions against `objdump`, and their inlined calls.

use std::process::Command;

use crate::common::{Bench, C_PROGRAM, read, symbol};
use pyrometer_symbols::disassemble::{Listing, disassemble};
use pyrometer_symbols::{DebugSections, ElfImage, Resolver};

fn list(bytes: &[u8], function: &str) -> Listing {
    let image = ElfImage::parse(bytes).expect("an ELF file");
    let debug = DebugSections::load(&image);
    let resolver = Resolver::new(&image, debug.as_ref());
    disassemble(&image, &resolver, symbol(bytes, function)).expect("x86-64 code")
}

#[test]
fn instructions_have_the_addresses_bytes_and_targets_that_objdump_prints() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let bytes = read(&path);
    let listing = list(&bytes, "main");
    let output = Command::new("objdump")
        .args(["-d", "-M", "intel", "--insn-width=16", "--disassemble=main"])
        .arg(&path)
        .output()
        .expect("binutils are installed");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let theirs = text.lines().filter_map(|line| {
        let (address, rest) = line.split_once(":\t")?;
        let (bytes, text) = rest.split_once('\t')?;
        Some((u64::from_str_radix(address.trim(), 16).ok()?, bytes.trim().to_owned(), text.trim().to_owned()))
    });
    let mut calls = 0;
    for (ours, (address, bytes, text)) in listing.instructions.iter().zip(theirs) {
        let hex: Vec<String> = ours.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((ours.address, hex.join(" ")), (address, bytes));
        let mnemonic = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
        if mnemonic(&text) == "call" && text.contains("@plt>") {
            let (_, name) = text.split_once('<').expect("it has a name");
            assert_eq!(ours.text, format!("call {}", name.trim_end_matches('>')));
            calls += 1;
        }
    }
    assert!(calls >= 3, "main calls the C library: {text}");
}

#[test]
fn each_instruction_knows_the_calls_inlined_at_it() {
    let bench = Bench::new();
    let bytes = read(&bench.c("prog", C_PROGRAM, &["-O2", "-g"]));
    let listing = list(&bytes, "outer");
    let chain = |address| {
        let frames = listing.resolution.frames(address).expect("every instruction is resolved");
        frames
            .iter()
            .map(|frame| listing.resolution.function(frame).expect("named").name.as_str())
            .collect::<Vec<_>>()
    };
    // The innermost function keeps its variable in memory.
    let stores = listing.instructions.iter().filter(|instruction| instruction.text.starts_with("mov [rsp"));
    let innermost = stores.filter(|store| chain(store.address) == ["outer", "middle", "innermost"]).count();
    assert!(innermost >= 2, "two calls are inlined in each of the loop's rounds");
    assert_eq!(chain(listing.instructions[0].address), ["outer"]);
    let jumps = listing.instructions.iter().filter(|instruction| instruction.text.starts_with('j'));
    assert!(jumps.clone().count() > 0);
    for jump in jumps {
        assert!(jump.text.contains("outer"), "{}", jump.text);
        assert!(listing.instructions.iter().any(|other| Some(other.address) == jump.target));
    }
}

#[test]
fn variables_and_imported_functions_are_named() {
    let bench = Bench::new();
    let source = r#"
        #include <stdio.h>
        int shared_counter[4];
        __attribute__((noinline)) int count(void) { puts("once"); return ++shared_counter[1]; }
        int main(void) { return count(); }
    "#;
    let bytes = read(&bench.c("data", source, &["-O2", "-g", "-fno-plt"]));
    let text: Vec<String> =
        list(&bytes, "count").instructions.into_iter().map(|instruction| instruction.text).collect();
    assert!(text.iter().any(|text| text.contains("shared_counter+4")), "{text:?}");
    assert!(text.iter().any(|text| text.starts_with("call") && text.contains("puts@got")), "{text:?}");
}
