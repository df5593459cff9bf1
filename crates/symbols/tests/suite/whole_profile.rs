//! Symbolizing the tables of a recording.

use std::path::Path;
use std::process::Command;

use crate::common::{Bench, C_PROGRAM, read, symbol};
use pyrometer_symbols::identity::identify;
use pyrometer_symbols::{
    DebugSections, ElfImage, Files, Options, Resolver, Search, resymbolize, symbolize, unsymbolized_leaf,
};
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Call, Event, Frame, Function, Stack, Tables};

/// An address in `outer` at which two calls are inlined, and one in `main`.
fn interesting(path: &Path) -> (i64, i64) {
    let bytes = read(path);
    let image = ElfImage::parse(&bytes).expect("an ELF file");
    let debug = DebugSections::load(&image);
    let outer: Vec<u64> = symbol(&bytes, "outer").collect();
    let found = Resolver::new(&image, debug.as_ref()).resolve(&outer);
    let deep = outer
        .iter()
        .find(|&&address| found.frames(address).expect("asked for").len() == 3)
        .expect("calls were inlined");
    (*deep as i64, symbol(&bytes, "main").start as i64 + 20)
}

fn native(binary: i32, address: i64) -> Frame {
    Frame { address: Some(address), binary: Some(binary), kind: "native".into(), ..Frame::default() }
}

fn node(parent: Option<i32>, frame: i32) -> Stack {
    Stack { parent, frame }
}

/// Two stacks of one program: `main > outer`, and `main > outer` (again, by another node) `> JIT`.
fn recording(path: &Path) -> Tables {
    let (deep, main) = interesting(path);
    let build_id = identify(&read(path)[..]).expect("bytes can be read");
    let jit = Function { name: "js:run".into(), linkage_name: "js:run".into(), ..Function::default() };
    let marker = Function { name: "[truncated stack]".into(), ..Function::default() };
    Tables {
        binaries: vec![Binary {
            path: path.to_str().expect("UTF-8").into(),
            build_id: Some(build_id),
            ..Binary::default()
        }],
        functions: vec![jit, marker],
        frames: vec![
            native(0, main),
            native(0, deep),
            Frame { function: Some(0), address: Some(0x7f00), kind: "jit".into(), ..Frame::default() },
            Frame { function: Some(1), kind: "unknown".into(), ..Frame::default() },
            Frame { address: Some(0x1234), kind: "unknown".into(), ..Frame::default() },
        ],
        stacks: vec![
            node(None, 0),
            node(Some(0), 1),
            node(None, 3),
            node(Some(2), 1),
            node(Some(1), 2),
            node(Some(4), 4),
        ],
        events: vec![Event { stack: Some(4), ..Event::default() }],
        ..Tables::default()
    }
}

/// Function names from the root to a node.
fn path_to(tables: &Tables, row: i32) -> Vec<String> {
    let mut names = Vec::new();
    let mut next = Some(row);
    while let Some(row) = next {
        let node = tables.stacks[row as usize];
        assert!(node.parent.is_none_or(|parent| parent < row), "a parent stands before its children");
        let frame = &tables.frames[node.frame as usize];
        names.push(
            tables.functions[frame.function.expect("every frame has a function") as usize].name.clone(),
        );
        next = node.parent;
    }
    names.reverse();
    names
}

fn run(tables: &Tables, files: &Files, options: &Options) -> (Tables, Vec<i32>) {
    let found = symbolize(&Meta::default(), tables.clone(), files, options);
    (found.tables, found.stacks)
}

#[test]
fn stacks_grow_by_the_calls_inlined_in_them() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let (tables, moved) = run(&recording(&path), &Files::default(), &Options::default());
    let inlined = ["main", "outer", "middle", "innermost"];
    assert_eq!(path_to(&tables, moved[0]), ["main"]);
    assert_eq!(path_to(&tables, moved[1]), inlined);
    assert_eq!(path_to(&tables, moved[3]), ["[truncated stack]", "outer", "middle", "innermost"]);
    assert_eq!(path_to(&tables, moved[4]), [&inlined[..], &["js:run"]].concat());
    assert_eq!(path_to(&tables, moved[5]), [&inlined[..], &["js:run", "[unknown]"]].concat());
    assert_eq!(tables.events[0].stack, Some(moved[4]));
    assert_eq!(
        (tables.functions[0].name.as_str(), tables.functions[1].name.as_str()),
        ("js:run", "[truncated stack]")
    );
    // main, three at one address, the JIT code, the marker and the unknown code.
    assert_eq!(tables.frames.len(), 7);
    let innermost = &tables.frames[tables.stacks[moved[1] as usize].frame as usize];
    assert!(
        innermost.inlined
            && innermost.file.as_ref().is_some_and(|file| file.ends_with("prog.c"))
            && innermost.line == Some(6)
    );
    let function = &tables.functions[innermost.function.expect("it has one") as usize];
    assert_eq!((function.binary, function.line), (Some(0), Some(5)));
    assert_eq!((tables.binaries[0].symbols_from.as_str(), &tables.binaries[0].missing), ("dwarf", &None));
    let unsymbolized = unsymbolized_leaf(&tables);
    let counted: Vec<bool> = moved.iter().map(|&row| unsymbolized[row as usize]).collect();
    assert_eq!(counted, [false, false, false, false, false, true]);
}

#[test]
fn a_rebuilt_binary_names_nothing_and_says_so() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let recorded = recording(&path);
    let old = recorded.binaries[0].build_id.clone().expect("it has one");
    bench.c("prog", C_PROGRAM, &["-O1", "-g"]);
    let new = identify(&read(&path)[..]).expect("bytes can be read");
    let (tables, moved) = run(&recorded, &Files::default(), &Options::default());
    let missing = tables.binaries[0].missing.as_deref().expect("a sentence");
    assert!(
        missing.contains("rebuilt or replaced") && missing.contains(&old) && missing.contains(&new),
        "{missing}"
    );
    assert_eq!(tables.binaries[0].symbols_from, "none");
    let address = recorded.frames[0].address.expect("it has one");
    assert_eq!(path_to(&tables, moved[0]), [format!("prog+{address:#x}")]);
    assert!(unsymbolized_leaf(&tables)[moved[0] as usize]);
}

#[test]
fn a_file_opened_during_the_recording_serves_after_its_deletion() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let recorded = recording(&path);
    let mut files = Files::default();
    files.insert(0, std::fs::File::open(&path).expect("it was built"));
    std::fs::remove_file(&path).expect("our file");
    let (tables, moved) = run(&recorded, &files, &Options::default());
    assert_eq!(path_to(&tables, moved[0]), ["main"]);
    let (tables, _) = run(&recorded, &Files::default(), &Options::default());
    let missing = tables.binaries[0].missing.as_deref().expect("a sentence");
    assert!(
        missing.contains("cannot be opened") && missing.contains("record while the file stays in place"),
        "{missing}"
    );
}

#[test]
fn code_without_a_name_is_called_by_where_its_function_begins() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let function = symbol(&read(&path), "outer");
    let stripped = std::process::Command::new("strip").arg("-s").arg(&path).status();
    assert!(stripped.is_ok_and(|status| status.success()), "binutils are installed");
    let binary = Binary { path: path.to_string_lossy().into_owned(), ..Binary::default() };
    let addresses = [function.start, function.end - 1];
    let recorded = Tables {
        binaries: vec![binary],
        frames: addresses.map(|address| native(0, address.cast_signed())).to_vec(),
        stacks: vec![node(None, 0), node(None, 1)],
        ..Tables::default()
    };
    let (tables, moved) = run(&recorded, &Files::default(), &Options::default());
    for row in moved {
        assert_eq!(path_to(&tables, row), [format!("prog+{:#x}", function.start)]);
    }
    assert_eq!(unsymbolized_leaf(&tables), [true, true]);
    assert_eq!(tables.functions.len(), 1);
}

#[test]
fn what_is_missing_is_said_with_its_cure() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let mut recorded = recording(&path);
    recorded.binaries[0].build_id = None;
    for (option, expected) in [("-g", "no debug info"), ("-s", "stripped")] {
        let stripped = std::process::Command::new("strip").arg(option).arg(&path).status();
        assert!(stripped.is_ok_and(|status| status.success()), "binutils are installed");
        let (tables, _) = run(&recorded, &Files::default(), &Options::default());
        let missing = tables.binaries[0].missing.as_deref().expect("a sentence");
        assert!(missing.contains(expected) && missing.contains("debug = 1"), "{missing}");
    }
    std::fs::write(&path, "not an ELF file").expect("our file");
    let (tables, _) = run(&recorded, &Files::default(), &Options::default());
    let missing = tables.binaries[0].missing.as_deref().expect("a sentence");
    assert!(missing.contains("not an ELF binary"), "{missing}");
}

#[test]
fn generated_code_without_names_says_how_to_get_them() {
    for path in ["//anon", "[jit]", "memfd:code"] {
        let tables = Tables {
            binaries: vec![Binary { path: path.into(), ..Binary::default() }],
            frames: vec![native(0, 0x10)],
            stacks: vec![node(None, 0)],
            ..Tables::default()
        };
        let (tables, _) = run(&tables, &Files::default(), &Options::default());
        let missing = tables.binaries[0].missing.as_deref().expect("a sentence");
        assert!(
            missing.contains("generated while the program ran") && missing.contains("perf map"),
            "{missing}"
        );
    }
}

#[test]
fn the_cache_gives_the_same_tables_and_grows_with_new_addresses() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let recorded = recording(&path);
    let options = Options { cache: Some(bench.path("cache")), ..Options::default() };
    let mut partial = recorded.clone();
    partial.frames[1] = partial.frames[0].clone();
    run(&partial, &Files::default(), &options);
    let (cold, cold_rows) = run(&recorded, &Files::default(), &options);
    let (warm, warm_rows) = run(&recorded, &Files::default(), &options);
    let (plain, plain_rows) = run(&recorded, &Files::default(), &Options::default());
    for (tables, rows) in [(&cold, &cold_rows), (&warm, &warm_rows)] {
        assert_eq!((&tables.stacks, rows), (&plain.stacks, &plain_rows));
        for row in rows {
            assert_eq!(path_to(tables, *row), path_to(&plain, *row));
        }
        assert_eq!(
            tables.frames.iter().map(|f| (&f.file, f.line)).collect::<Vec<_>>(),
            plain.frames.iter().map(|f| (&f.file, f.line)).collect::<Vec<_>>()
        );
    }
    let id = recorded.binaries[0].build_id.clone().expect("it has one");
    assert!(bench.path("cache").join("symbols").join(&id[..2]).join(format!("{id}.sym")).is_file());
}

#[test]
fn the_cache_tells_a_stripped_binary_from_what_it_was_before() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let recorded = recording(&path);
    let options = || Options { cache: Some(bench.path("cache")), ..Options::default() };
    let whole = read(&path);
    let lessened = |less: &str, to: &Path| {
        let mut strip = Command::new("strip");
        strip.args([less, "-o"]).args([to, &path]);
        assert!(crate::common::run(strip));
        read(to)
    };
    let bare = lessened("--strip-all", &bench.path("bare"));
    let named = lessened("--strip-debug", &bench.path("named"));
    let found = [bare, named, whole].map(|bytes| {
        std::fs::write(&path, bytes).expect("the folder is writable");
        run(&recorded, &Files::default(), &options()).0.binaries[0].symbols_from.clone()
    });
    assert_eq!(found, ["none", "symtab", "dwarf"]);
}

#[test]
fn kernel_functions_are_named_within_the_same_boot_only() {
    let kernel = Frame {
        address: Some(0xffff_ffff_8100_0010_u64.cast_signed()),
        binary: Some(0),
        kind: "kernel".into(),
        ..Frame::default()
    };
    let tables = Tables {
        binaries: vec![Binary { path: "[kernel]".into(), ..Binary::default() }],
        frames: vec![kernel],
        stacks: vec![node(None, 0)],
        ..Tables::default()
    };
    let mut meta = Meta::default();
    meta.host.boot_id = "this-boot".into();
    let mut options = Options {
        kallsyms: Some(b"ffffffff81000000 T do_syscall_64\n".to_vec()),
        boot_id: "this-boot".into(),
        ..Options::default()
    };
    let name = |options: &Options| {
        let found = symbolize(&meta, tables.clone(), &Files::default(), options);
        let (tables, moved) = (found.tables, found.stacks);
        (
            path_to(&tables, moved[0])[0].clone(),
            tables.binaries[0].symbols_from.clone(),
            tables.binaries[0].missing.clone().unwrap_or_default(),
        )
    };
    assert_eq!(name(&options), ("do_syscall_64".into(), "kallsyms".into(), String::new()));
    // Copies and parts that the compiler made are shown as those of programs are, and Rust is demangled.
    for (told, shown) in [
        ("switch.isra.0", "switch"),
        ("switch.cold", "switch"),
        ("_RNvNtCs1_6kernel2fs4open", "kernel::fs::open"),
    ] {
        let kallsyms = Some(format!("ffffffff81000000 t {told}\n").into_bytes());
        assert_eq!(name(&Options { kallsyms, ..options.clone() }).0, shown);
    }
    options.boot_id = "another".into();
    let (shown, source, missing) = name(&options);
    assert_eq!((shown.as_str(), source.as_str()), ("[kernel]+0xffffffff81000010", "none"));
    assert!(missing.contains("started anew"), "{missing}");
    // A machine without kernel symbols is another one first of all.
    let elsewhere = Options { kallsyms: None, boot_id: String::new(), ..options.clone() };
    assert!(name(&elsewhere).2.contains("not the recorded machine"));
    options = Options {
        kallsyms: Some(b"0000000000000000 T do_syscall_64\n".to_vec()),
        boot_id: "this-boot".into(),
        ..options
    };
    assert!(name(&options).2.contains("kptr_restrict"));
}

#[test]
fn the_vdso_is_named_from_this_process() {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux");
    if !maps.contains("[vdso]") {
        println!("not available here: a vdso");
        return;
    }
    // The page begins with an ELF header, so its code lies in the first pages.
    let frames: Vec<Frame> = (0x400..0x1400).step_by(16).map(|address| native(0, address)).collect();
    let stacks = (0..frames.len() as i32).map(|frame| node(None, frame)).collect();
    let tables = Tables {
        binaries: vec![Binary { path: "[vdso]".into(), ..Binary::default() }],
        frames,
        stacks,
        ..Tables::default()
    };
    let (tables, _) = run(&tables, &Files::default(), &Options::default());
    let named = tables.functions.iter().any(|function| function.name.contains("clock_gettime"));
    assert!(named, "{:?}", tables.functions.iter().map(|function| &function.name).collect::<Vec<_>>());
    assert_eq!(tables.binaries[0].missing, None);
}

/// What a profile says, without its row numbers: the path to the node of each old one.
fn paths(tables: &Tables, moved: &[i32]) -> Vec<Vec<String>> {
    moved.iter().map(|&row| path_to(tables, row)).collect()
}

#[test]
fn looking_names_up_again_changes_nothing_where_nothing_is_new() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g"]);
    let (tables, ends) = run(&recording(&path), &Files::default(), &Options::default());
    let again = resymbolize(&Meta::default(), tables.clone(), &Files::default(), &Options::default());
    // Where samples end: never within the calls inlined at one address.
    let again_ends: Vec<i32> = ends.iter().map(|&row| again.stacks[row as usize]).collect();
    assert_eq!(paths(&again.tables, &again_ends), paths(&tables, &ends));
    let sizes = |tables: &Tables| [tables.frames.len(), tables.functions.len(), tables.stacks.len()];
    assert_eq!(sizes(&again.tables), sizes(&tables));
    std::fs::remove_file(&path).expect("the folder is writable");
    let gone = resymbolize(&Meta::default(), tables.clone(), &Files::default(), &Options::default());
    assert_eq!(gone.tables, tables, "what cannot be looked up keeps its names");
}

#[test]
fn names_with_lines_that_another_tool_gave_are_not_replaced_by_names_alone() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2"]);
    let mut tables = Tables {
        binaries: vec![Binary { path: path.to_str().expect("UTF-8").into(), ..Binary::default() }],
        functions: vec![Function { name: "given".into(), ..Function::default() }],
        frames: vec![Frame {
            function: Some(0),
            line: Some(7),
            ..native(0, symbol(&read(&path), "main").start as i64)
        }],
        stacks: vec![node(None, 0)],
        ..Tables::default()
    };
    let name = |tables: &Tables| {
        let again = resymbolize(&Meta::default(), tables.clone(), &Files::default(), &Options::default());
        (again.tables.functions[0].name.clone(), again.tables.binaries[0].symbols_from.clone(), again.notes)
    };
    assert_eq!(name(&tables), ("given".into(), String::new(), vec![]));
    tables.frames[0].line = None;
    assert_eq!(name(&tables), ("main".into(), "symtab".into(), vec![]));
    tables.calls = vec![Call { caller: 0, callee: 0, count: 1, ..Call::default() }];
    let (kept, _, notes) = name(&tables);
    assert_eq!((kept.as_str(), notes.len()), ("given", 1));
}

#[test]
fn names_that_were_missing_come_with_the_debug_info() {
    let bench = Bench::new();
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g", "-Wl,--build-id"]);
    let recorded = recording(&path);
    let (whole, moved) = run(&recorded, &Files::default(), &Options::default());
    let debug = bench.path("mine/prog.debug");
    std::fs::create_dir(bench.path("mine")).expect("the folder is writable");
    std::fs::rename(&path, &debug).expect("the folder is writable");
    let (bare, bare_moved) = run(&recorded, &Files::default(), &Options::default());
    assert!(paths(&bare, &bare_moved)[1].iter().all(|name| name.starts_with("prog+0x")));
    let search = Search { debug_paths: vec![bench.path("mine")], ..Search::default() };
    let options = Options { search, ..Options::default() };
    let again = resymbolize(&Meta::default(), bare, &Files::default(), &options);
    let both: Vec<i32> = bare_moved.iter().map(|&row| again.stacks[row as usize]).collect();
    assert_eq!(paths(&again.tables, &both), paths(&whole, &moved));
    assert_eq!(again.tables.events[0].stack, Some(both[4]));
    let from = &again.tables.binaries[0].symbols_from;
    assert!(from.starts_with("debug-path:") && from.ends_with("prog.debug"), "{from}");
    assert_eq!(again.tables.binaries[0].missing, None);
}

/// A recording of a program whose unit is in a `.dwo` file, and that file.
fn with_split_unit(bench: &Bench) -> (Tables, std::path::PathBuf) {
    // The same code, and all in one file: it tells which addresses are of interest.
    let mut recorded = recording(&bench.c("whole", C_PROGRAM, &["-O2", "-g", "-Wl,--build-id"]));
    let path = bench.c("prog", C_PROGRAM, &["-O2", "-g", "-gsplit-dwarf", "-Wl,--build-id"]);
    recorded.binaries[0].build_id = identify(&read(&path)[..]).ok();
    recorded.binaries[0].path = path.to_str().expect("UTF-8").into();
    let folder = std::fs::read_dir(path.parent().expect("a folder")).expect("it is there").flatten();
    let mut files = folder.map(|entry| entry.path());
    let unit = files.find(|path| path.extension().is_some_and(|end| end == "dwo")).expect("its unit");
    (recorded, unit)
}

#[test]
fn names_are_kept_when_a_part_of_the_debug_info_is_gone() {
    let bench = Bench::new();
    let (recorded, unit) = with_split_unit(&bench);
    let (tables, _) = run(&recorded, &Files::default(), &Options::default());
    assert_eq!(tables.binaries[0].symbols_from, "dwarf+dwo");
    std::fs::remove_file(unit).expect("the folder is writable");
    let again = resymbolize(&Meta::default(), tables.clone(), &Files::default(), &Options::default());
    assert_eq!(again.tables, tables);
}

#[test]
fn the_cache_does_not_keep_what_lacked_a_part_of_the_debug_info() {
    let bench = Bench::new();
    let (recorded, unit) = with_split_unit(&bench);
    let options = || Options { cache: Some(bench.path("cache")), ..Options::default() };
    let (whole, moved) = run(&recorded, &Files::default(), &Options::default());
    let hidden = bench.path("hidden");
    std::fs::rename(&unit, &hidden).expect("the folder is writable");
    let (partial, _) = run(&recorded, &Files::default(), &options());
    assert!(partial.binaries[0].missing.is_some());
    std::fs::rename(&hidden, &unit).expect("the folder is writable");
    // Another profile, of one of the addresses: what the cache has of the others must not count as complete.
    let mut of_main = recorded.clone();
    of_main.frames[1].address = of_main.frames[0].address;
    run(&of_main, &Files::default(), &options());
    let (later, later_moved) = run(&recorded, &Files::default(), &options());
    assert_eq!(paths(&later, &later_moved), paths(&whole, &moved));
    assert_eq!(later.binaries[0].missing, None);
}
