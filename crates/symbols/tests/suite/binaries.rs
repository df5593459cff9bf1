//! Binaries as compilers and linkers really make them: stripped, compressed, folded, with stubs.

use std::path::Path;
use std::process::Command;

use crate::common::{Bench, C_PROGRAM, CPP_PROGRAM, RUST_PROGRAM, read, run, symbol};
use pyrometer_symbols::identity::{build_id, fallback_id, identify};
use pyrometer_symbols::symtab::{SymbolSource, SymbolTable};
use pyrometer_symbols::{DebugSections, ElfImage, Resolver};

/// Names of the frames at an address, outermost first.
fn names(path: &Path, address: u64) -> Vec<String> {
    let bytes = read(path);
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let debug = DebugSections::load(&image);
    let found = Resolver::new(&image, debug.as_ref()).resolve(&[address]);
    let frames = found.frames(address).expect("it was asked for");
    frames
        .iter()
        .map(|frame| found.function(frame).map_or("?".into(), |function| function.name.clone()))
        .collect()
}

fn strip(bench: &Bench, from: &Path, name: &str, argument: &str) -> std::path::PathBuf {
    let path = bench.path(name);
    let mut command = Command::new("strip");
    command.arg(argument).arg("-o").arg(&path).arg(from);
    assert!(run(command), "binutils are installed");
    path
}

#[test]
fn the_build_id_is_the_one_that_readelf_prints() {
    let bench = Bench::new();
    let path = bench.c("with_id", C_PROGRAM, &["-O2", "-Wl,--build-id=sha1"]);
    let output = Command::new("readelf").arg("-n").arg(&path).output().expect("binutils are installed");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let printed = text.lines().find_map(|line| line.trim().strip_prefix("Build ID: ")).expect("it has one");
    let bytes = read(&path);
    assert_eq!(build_id(&bytes[..]).as_deref(), Some(printed));
    let file = std::fs::File::open(&path).expect("it was built");
    assert_eq!(identify(&file).expect("a readable file"), printed);
}

#[test]
fn without_a_build_id_the_code_decides() {
    let bench = Bench::new();
    let path = bench.c("no_id", C_PROGRAM, &["-O2", "-g", "-Wl,--build-id=none"]);
    let bytes = read(&path);
    assert_eq!(build_id(&bytes[..]), None);
    let id = identify(&bytes[..]).expect("bytes can be read");
    assert_eq!(id, fallback_id(&std::fs::File::open(&path).expect("it was built")).expect("a readable file"));
    let main = symbol(&bytes, "main").start as usize;
    let mut other = bytes.clone();
    other[main] ^= 1;
    assert_ne!(identify(&other[..]).expect("bytes can be read"), id, "other code is another binary");
}

#[test]
fn compressed_debug_info_reads_as_plain() {
    let bench = Bench::new();
    let expected = ["outer", "middle", "innermost"];
    for flag in ["-gz=none", "-gz=zlib", "-gz=zlib-gnu", "-gz=zstd"] {
        let Some(path) = bench.try_c(&format!("c{flag}"), C_PROGRAM, &["-O2", "-g", flag]) else { continue };
        let bytes = read(&path);
        let image = ElfImage::parse(&bytes).expect("an ELF file");
        let debug = DebugSections::load(&image);
        let range = symbol(&bytes, "outer");
        let all: Vec<u64> = range.collect();
        let found = Resolver::new(&image, debug.as_ref()).resolve(&all);
        let deepest = all
            .iter()
            .map(|&address| found.frames(address).expect("asked for"))
            .max_by_key(|frames| frames.len())
            .expect("some");
        let names: Vec<_> =
            deepest.iter().map(|frame| found.function(frame).expect("named").name.as_str()).collect();
        assert_eq!(names, expected, "{flag}");
    }
}

#[test]
fn debug_sections_compressed_by_objcopy_read_as_plain() {
    let bench = Bench::new();
    let plain = bench.c("plain", C_PROGRAM, &["-O2", "-g"]);
    let address = symbol(&read(&plain), "outer").start;
    for kind in ["zlib", "zstd"] {
        let packed = bench.path(kind);
        let mut command = Command::new("objcopy");
        command.arg(format!("--compress-debug-sections={kind}")).arg(&plain).arg(&packed);
        if run(command) {
            assert_eq!(names(&packed, address), ["outer"], "{kind}");
        }
    }
}

#[test]
fn a_stripped_binary_says_where_its_names_come_from() {
    let bench = Bench::new();
    let full = bench.c("full", C_PROGRAM, &["-O2", "-g", "-rdynamic"]);
    let range = symbol(&read(&full), "outer");
    let table =
        [("full", "dwarf", vec!["outer"]), ("-g", "symtab", vec!["outer"]), ("-s", "dynsym", vec!["outer"])];
    for (argument, source, expected) in table {
        let path = if argument == "full" { full.clone() } else { strip(&bench, &full, argument, argument) };
        let bytes = read(&path);
        let image = ElfImage::parse(&bytes).expect("an ELF file");
        let debug = DebugSections::load(&image);
        assert_eq!(Resolver::new(&image, debug.as_ref()).symbols_from(), source);
        assert_eq!(names(&path, range.start), expected, "{argument}");
    }
    let plain = bench.c("plain", C_PROGRAM, &["-O2"]);
    let bare = strip(&bench, &plain, "bare", "-s");
    let outer = symbol(&read(&plain), "outer").start;
    let bytes = read(&bare);
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let found = Resolver::new(&image, None).resolve(&[outer + 1]);
    let [frame] = found.frames(outer + 1).expect("it was asked for") else { panic!("one frame") };
    let function = found.function(frame).expect("its beginning is known");
    assert_eq!((function.name.as_str(), function.start), ("", Some(outer)));
}

#[test]
fn separate_debug_info_is_read_with_the_stripped_binary() {
    let bench = Bench::new();
    let full = bench.c("full", C_PROGRAM, &["-O2", "-g"]);
    let debug_file = bench.path("full.debug");
    let mut command = Command::new("objcopy");
    command.arg("--only-keep-debug").arg(&full).arg(&debug_file);
    assert!(run(command), "binutils are installed");
    let (stripped, debug_bytes) = (read(&strip(&bench, &full, "stripped", "-s")), read(&debug_file));
    let image = ElfImage::parse(&stripped).expect("an ELF file");
    let debug_image = ElfImage::parse(&debug_bytes).expect("an ELF file");
    let debug = DebugSections::load(&debug_image);
    let resolver = Resolver::new(&image, debug.as_ref());
    let address = symbol(&read(&full), "outer").start;
    let found = resolver.resolve(&[address]);
    let frame = found.frames(address).expect("asked for")[0];
    assert_eq!(found.function(&frame).expect("named").name, "outer");
    assert!(found.file(&frame).is_some_and(|file| file.ends_with("full.c")));
}

#[test]
fn linkage_stubs_are_named_after_their_targets() {
    let bench = Bench::new();
    let layouts: [(&str, &[&str]); 8] = [
        ("bfd", &["-fuse-ld=bfd"]),
        ("bfd_now", &["-fuse-ld=bfd", "-Wl,-z,now"]),
        ("bfd_ibt", &["-fuse-ld=bfd", "-fcf-protection=full", "-Wl,-z,ibtplt"]),
        ("bfd_static_pie_off", &["-fuse-ld=bfd", "-no-pie"]),
        ("lld", &["-fuse-ld=lld"]),
        ("lld_ibt", &["-fuse-ld=lld", "-fcf-protection=full", "-Wl,-z,force-ibt"]),
        ("mold", &["-fuse-ld=mold"]),
        ("mold_lazy", &["-fuse-ld=mold", "-Wl,-z,lazy", "-no-pie"]),
    ];
    for (name, arguments) in layouts {
        let arguments = [&["-O2", "-g", "-fplt"], arguments].concat();
        let Some(path) = bench.try_c(name, C_PROGRAM, &arguments) else { continue };
        let targets = call_targets(&path);
        let mut stubs: Vec<String> = targets
            .iter()
            .flat_map(|&target| names(&path, target))
            .filter(|name| name.ends_with("@plt"))
            .collect();
        stubs.sort();
        stubs.dedup();
        // The start-up code may call more of them.
        let expected = ["free@plt", "malloc@plt", "puts@plt", "snprintf@plt", "strlen@plt"];
        let found: Vec<_> =
            expected.into_iter().filter(|name| stubs.iter().any(|stub| stub == name)).collect();
        assert_eq!(found, expected, "{name}: {stubs:?}");
        for &target in targets.iter().filter(|&&target| names(&path, target)[0].ends_with("@plt")) {
            assert_eq!(names(&path, target), names(&path, target + 5), "{name}: all of a stub has its name");
        }
    }
}

/// Where the calls of the code go, as `objdump` decodes them.
fn call_targets(path: &Path) -> Vec<u64> {
    let output = Command::new("objdump")
        .args(["-d", "--no-show-raw-insn"])
        .arg(path)
        .output()
        .expect("binutils are installed");
    let text = String::from_utf8(output.stdout).expect("ASCII");
    let target = |line: &str| {
        let (_, operand) = line.split_once("call ")?;
        u64::from_str_radix(operand.split_whitespace().next()?, 16).ok()
    };
    text.lines().filter_map(target).collect()
}

#[test]
fn folded_functions_know_their_other_names() {
    let bench = Bench::new();
    let source = r"
        __attribute__((noinline)) int first_twin(int x) { volatile int y = x; return y * 31 + 5; }
        __attribute__((noinline)) int second_twin(int x) { volatile int y = x; return y * 31 + 5; }
        __attribute__((noinline)) int unlike(int x) { volatile int y = x; return y * 37 + 5; }
        int main(int argc, char **argv) { return first_twin(argc) + second_twin(argc + 1) + unlike(argc); }
    ";
    let arguments = ["-O1", "-ffunction-sections", "-fno-ipa-icf", "-fuse-ld=lld", "-Wl,--icf=all"];
    for debug in ["-g0", "-g"] {
        let Some(path) = bench.try_c(&format!("icf{debug}"), source, &[&arguments[..], &[debug]].concat())
        else {
            return;
        };
        let bytes = read(&path);
        let (first, second) = (symbol(&bytes, "first_twin"), symbol(&bytes, "second_twin"));
        assert_eq!(first, second, "the linker folded them");
        let image = ElfImage::parse(&bytes).expect("an ELF file");
        let sections = DebugSections::load(&image);
        let found = Resolver::new(&image, sections.as_ref())
            .resolve(&[first.start + 1, symbol(&bytes, "unlike").start]);
        let function =
            |address| found.function(&found.frames(address).expect("asked for")[0]).expect("named").clone();
        let twin = function(first.start + 1);
        let mut both = [twin.name.clone(), twin.aliases.join(",")];
        both.sort();
        assert_eq!(both, ["first_twin", "second_twin"], "{debug}");
        assert_eq!(function(symbol(&bytes, "unlike").start).aliases, Vec::<String>::new());
    }
}

/// As the C library names its functions: by a name of its own use, which it exports under others.
#[test]
fn of_a_librarys_names_the_public_one_is_shown() {
    let bench = Bench::new();
    let source = r#"
        __attribute__((noinline)) int __libc_work(int x) { volatile int y = x; return y * 31 + 5; }
        extern __typeof(__libc_work) __GI___libc_work __attribute__((alias("__libc_work"), visibility("hidden")));
        extern __typeof(__libc_work) work __attribute__((weak, alias("__libc_work")));
        static __attribute__((noinline, used)) int own(int x) { volatile int y = x; return y * 37 + 5; }
        extern __typeof(own) __public_own __attribute__((alias("own")));
        int main(int argc, char **argv) { return __libc_work(argc) + own(argc); }
    "#;
    for debug in ["-g0", "-g"] {
        let path = bench.c(&format!("public{debug}"), source, &["-O1", debug]);
        let bytes = read(&path);
        let image = ElfImage::parse(&bytes).expect("an ELF file");
        let sections = DebugSections::load(&image);
        let (work, own) = (symbol(&bytes, "work"), symbol(&bytes, "own"));
        let found = Resolver::new(&image, sections.as_ref()).resolve(&[work.start + 1, own.start + 1]);
        let function =
            |address| found.function(&found.frames(address).expect("asked for")[0]).expect("named").clone();
        let (work, own) = (function(work.start + 1), function(own.start + 1));
        assert_eq!(
            (&*work.name, work.aliases.join(",")),
            ("work", "__GI___libc_work,__libc_work".to_owned()),
            "{debug}"
        );
        // Debug info says what a function is called where it was written; of symbols alone the global one is known.
        assert_eq!(own.name, if debug == "-g" { "own" } else { "__public_own" });
    }
}

#[test]
fn assembly_labels_and_mapping_symbols_are_handled() {
    let bench = Bench::new();
    let source = r#"
        __asm__(".text\n"
                ".globl unsized\n" "unsized: nop\n nop\n nop\n ret\n"
                ".type sized, @function\n" ".globl sized\n" "sized: nop\n" "inner_label: nop\n ret\n" ".size sized, .-sized\n");
        int main(void) { return 0; }
    "#;
    let path = bench.c("labels", source, &["-O2", "-g0"]);
    let bytes = read(&path);
    let (unsized_, sized) = (symbol(&bytes, "unsized").start, symbol(&bytes, "sized").start);
    assert_eq!(names(&path, unsized_ + 2), ["unsized"]);
    assert_eq!(names(&path, sized + 1), ["sized"]);
}

#[test]
fn cold_parts_have_the_name_of_their_function() {
    let bench = Bench::new();
    let source = r#"
        #include <stdio.h>
        __attribute__((cold, noinline)) void rare(int x) { printf("%d", x); }
        __attribute__((noinline)) int work(int x) { if (x > 100) { rare(x); rare(x + 1); x = 7; } puts("often"); return x * 3; }
        int spin(int n) { int s = 0; for (int i = 0; i < n; i++) s += work(i); return s; }
        int main(int argc, char **argv) { return spin(argc); }
    "#;
    for debug in ["-g0", "-g"] {
        let path = bench.c(&format!("cold{debug}"), source, &["-O2", debug]);
        let cold = symbol(&read(&path), "work.cold");
        assert_eq!(names(&path, cold.start), ["work"], "{debug}");
    }
}

#[test]
fn names_are_demangled_in_both_languages() {
    let bench = Bench::new();
    let cpp = bench.c("cpp", CPP_PROGRAM, &["-O2", "-g"]);
    let bytes = read(&cpp);
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let table = SymbolTable::new(&image);
    assert_eq!(table.source(), SymbolSource::Symtab);
    let area = table
        .matching(&|name| name.starts_with("_ZNK6shapes6Circle4areaEv"))
        .next()
        .expect("it has a symbol")
        .start;
    assert_eq!(names(&cpp, area), ["shapes::Circle::area() const"]);
    for mangling in ["legacy", "v0"] {
        let flag = format!("-Csymbol-mangling-version={mangling}");
        let arguments: &[&str] = if mangling == "legacy" { &["-g"] } else { &["-g", &flag] };
        let rust = bench.rust(&format!("rust_{mangling}"), RUST_PROGRAM, arguments);
        let bytes = read(&rust);
        let image = ElfImage::parse(&bytes).expect("an ELF file");
        let table = SymbolTable::new(&image);
        let total = table.matching(&|name| name.contains("5total")).next().expect("it has a symbol").start;
        assert_eq!(names(&rust, total)[0], format!("rust_{mangling}::total"));
    }
}

#[test]
fn inlined_functions_that_no_linker_knows_are_named_with_all_they_stand_in() {
    let bench = Bench::new();
    let source = r#"
        #include <cstdlib>
        #define INLINED inline __attribute__((always_inline))
        volatile long sink;
        namespace app {
        namespace { INLINED void hidden(long n) { for (long i = 0; i < n; i++) sink = sink * 3 + i; }
        struct Private { INLINED void go(long n) { for (long i = 0; i < n; i++) sink = sink * 5 + i; } }; }
        static INLINED void local(long n) { for (long i = 0; i < n; i++) sink = sink * 7 + i; }
        template <typename F> INLINED void twice(F f, long n) { f(n); f(n + 1); }
        __attribute__((noinline)) void run(long n) {
            hidden(n); Private().go(n); local(n);
            twice([](long k) __attribute__((always_inline)) { for (long i = 0; i < k; i++) sink = sink * 9 + i; }, n);
        }
        }
        static INLINED void plain(long n) { for (long i = 0; i < n; i++) sink = sink * 11 + i; }
        int main(int argc, char **) { app::run(argc); plain(argc); }
    "#;
    let path = bench.c("scopes", source, &["-O1", "-g"]);
    let bytes = read(&path);
    let found: std::collections::BTreeSet<String> = ["_ZN3app3runEl", "main"]
        .iter()
        .flat_map(|name| symbol(&bytes, name))
        .flat_map(|at| names(&path, at))
        .collect();
    let expected = [
        "app::(anonymous namespace)::Private::go",
        "app::(anonymous namespace)::hidden",
        "app::local",
        "app::run(long)",
        "app::run(long)::{lambda#1}::operator()",
        "main",
        "plain",
    ];
    // What a template of a lambda is called says what the lambda is called.
    let of_template = |name: &&String| name.starts_with("app::twice<");
    assert_eq!(found.iter().filter(|name| !of_template(name)).collect::<Vec<_>>(), expected);
    assert_eq!(found.iter().filter(of_template).count(), 1);
}
