//! Debug info outside the binary: every place where it may lie gives what the whole binary gives.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use crate::common::{self, Bench, C_PROGRAM, read, run, symbol};
use pyrometer_symbols::find::{Bundle, Material, Part, Report, Search, Subject};
use pyrometer_symbols::identity::identify;
use pyrometer_symbols::symtab::SymbolTable;
use pyrometer_symbols::{BinaryProvider, Bytes, ElfImage, Files, Gap};
use pyrometer_tables::schema::Binary;

/// Function, last part of the file, line, whether inlined: of every frame at an address.
type Chain = Vec<(String, Option<String>, Option<u32>, bool)>;

struct Answer {
    chains: Vec<Chain>,
    report: Report,
}

/// What is found about all of `outer` in the binary at `path`, recorded as `id`.
fn ask(path: &Path, id: &str, search: &Search, range: std::ops::Range<u64>) -> Result<Answer, String> {
    let text = path.to_str().expect("UTF-8");
    let binary = Binary { path: text.into(), build_id: Some(id.into()), ..Binary::default() };
    let subject = Subject { path: text, id: Some(id) };
    let material = Material::gather(search, &subject, Files::default().open(0, &binary))?;
    let addresses: Vec<u64> = range.collect();
    let (found, report) = material
        .ask(search, |resolver, _| resolver.resolve(&addresses))
        .map_err(|error| error.to_string())?;
    let chain = |address: &u64| {
        let frames = found.frames(*address).expect("it was asked for");
        let of_frame = |frame| {
            let frame: &pyrometer_symbols::SymFrame = frame;
            let name = found.function(frame).map(|function| function.name.clone()).unwrap_or_default();
            let file = found.file(frame).and_then(|file| Some(file.rsplit('/').next()?.to_owned()));
            (name, file, frame.line, frame.inlined)
        };
        frames.iter().map(of_frame).collect()
    };
    Ok(Answer { chains: addresses.iter().map(chain).collect(), report })
}

/// A binary with all debug info, and what that says.
struct Whole {
    bench: Bench,
    path: PathBuf,
    id: String,
    range: std::ops::Range<u64>,
    chains: Vec<Chain>,
}

/// Nothing of this machine's own: only what a test puts there.
fn nowhere() -> Search {
    Search { system: Vec::new(), ..Search::default() }
}

impl Whole {
    fn new(arguments: &[&str]) -> Self {
        let bench = Bench::new();
        let path = bench.c("program", C_PROGRAM, &[&["-O2", "-g", "-Wl,--build-id"], arguments].concat());
        Self::of(bench, path)
    }

    fn of(bench: Bench, path: PathBuf) -> Self {
        let bytes = read(&path);
        let id = identify(&bytes[..]).expect("it can be read");
        let range = symbol(&bytes, "outer");
        let answer = ask(&path, &id, &nowhere(), range.clone()).expect("it has everything");
        assert!(answer.chains.iter().any(|chain| chain.len() == 3), "calls are inlined two deep");
        Whole { bench, path, id, range, chains: answer.chains }
    }

    /// Splits the debug info off; the binary keeps its path. Returns the path of the debug file.
    fn split_off(&self, name: &str) -> PathBuf {
        let debug = self.bench.path(name);
        objcopy(&["--only-keep-debug"], &self.path, &debug);
        tool("strip", &["-s".as_ref(), self.path.as_ref()]);
        debug
    }

    fn ask(&self, search: &Search) -> Answer {
        ask(&self.path, &self.id, search, self.range.clone()).expect("the binary is there")
    }

    /// Everything is known, from `source`.
    fn expect(&self, search: &Search, source: &str) -> Answer {
        let answer = self.ask(search);
        assert_eq!(answer.report.symbols_from, source);
        assert_eq!(answer.report.gap, Gap::Nothing);
        assert_eq!(answer.chains, self.chains);
        answer
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.bench.path(name);
        fs::create_dir_all(&folder).expect("the folder is writable");
        folder
    }

    fn by_id(&self, root: &Path) -> PathBuf {
        let path = root.join(".build-id").join(&self.id[..2]).join(format!("{}.debug", &self.id[2..]));
        fs::create_dir_all(path.parent().expect("it has one")).expect("the folder is writable");
        path
    }
}

fn tool(name: &str, arguments: &[&std::ffi::OsStr]) {
    let mut command = Command::new(name);
    command.args(arguments);
    assert!(run(command), "{name} is installed and takes {arguments:?}");
}

fn objcopy(arguments: &[&str], input: &Path, output: &Path) {
    let mut all: Vec<&std::ffi::OsStr> = arguments.iter().map(|argument| argument.as_ref()).collect();
    all.extend([input.as_os_str(), output.as_os_str()]);
    tool("objcopy", &all);
}

fn link(whole: &Whole, debug: &Path) {
    let argument = format!("--add-gnu-debuglink={}", debug.display());
    objcopy(&[&argument], &whole.path, &whole.path);
}

fn moved(from: &Path, to: &Path) -> PathBuf {
    fs::create_dir_all(to.parent().expect("it has one")).expect("the folder is writable");
    fs::rename(from, to).expect("the folder is writable");
    to.to_owned()
}

#[test]
fn every_version_of_dwarf_and_every_compression_says_the_same() {
    let chains = Whole::new(&[]).chains;
    let same_functions = |other: &[Chain]| {
        let names = |chains: &[Chain]| -> Vec<Vec<String>> {
            chains.iter().map(|chain| chain.iter().map(|frame| frame.0.clone()).collect()).collect()
        };
        names(&chains) == names(other)
    };
    for version in ["-gdwarf-2", "-gdwarf-3", "-gdwarf-4", "-gdwarf-5"] {
        for compression in ["none", "zlib", "zlib-gnu", "zstd"] {
            let whole = Whole::new(&[version]);
            // Not every linker here can write zstd; objcopy of binutils 2.40 can.
            objcopy(&[&format!("--compress-debug-sections={compression}")], &whole.path, &whole.path);
            let answer = whole.expect(&nowhere(), "dwarf");
            assert!(same_functions(&answer.chains), "{version} {compression}");
        }
    }
}

#[test]
fn a_debug_link_is_followed_beside_the_binary_and_below_the_system_root() {
    let whole = Whole::new(&[]);
    let debug = whole.split_off("program.debug");
    link(&whole, &debug);
    let beside = whole.path.parent().expect("a folder");
    whole.expect(&nowhere(), &format!("debuglink:{}", debug.display()));
    let hidden = moved(&debug, &beside.join(".debug/program.debug"));
    whole.expect(&nowhere(), &format!("debuglink:{}", hidden.display()));
    let root = whole.folder("system");
    let below = moved(&hidden, &root.join(beside.strip_prefix("/").expect("absolute")).join("program.debug"));
    let search = Search { system: vec![root], ..nowhere() };
    whole.expect(&search, &format!("debuglink:{}", below.display()));
}

#[test]
fn a_debug_link_without_build_ids_is_proved_by_its_checksum() {
    let whole = Whole::new(&["-Wl,--build-id=none"]);
    assert!(whole.id.starts_with("fallback-"));
    let debug = whole.bench.path("program.debug");
    objcopy(&["--only-keep-debug"], &whole.path, &debug);
    tool("strip", &["-g".as_ref(), whole.path.as_ref()]);
    link(&whole, &debug);
    let id = identify(&read(&whole.path)[..]).expect("it can be read");
    let source = format!("debuglink:{}", debug.display());
    let answer = ask(&whole.path, &id, &nowhere(), whole.range.clone()).expect("it is there");
    assert_eq!((answer.report.symbols_from, &answer.chains), (source, &whole.chains));
    let mut bytes = read(&debug);
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&debug, bytes).expect("the folder is writable");
    let answer = ask(&whole.path, &id, &nowhere(), whole.range.clone()).expect("it is there");
    assert_eq!((answer.report.symbols_from.as_str(), answer.report.gap), ("symtab", Gap::Lines));
    let [refused] = &answer.report.refused[..] else { panic!("one file was refused") };
    assert!(refused.contains("program.debug was not used for") && refused.contains("checksum"), "{refused}");
}

#[test]
fn a_build_id_is_looked_up_in_the_systems_folders() {
    let whole = Whole::new(&[]);
    let root = whole.folder("system");
    let path = moved(&whole.split_off("x"), &whole.by_id(&root));
    whole.expect(&Search { system: vec![root], ..nowhere() }, &format!("build-id:{}", path.display()));
}

#[test]
fn a_folder_of_the_user_is_searched_with_all_below_it() {
    let whole = Whole::new(&[]);
    let path = moved(&whole.split_off("x"), &whole.folder("mine").join("deep/er/any-name"));
    for given in [whole.bench.path("mine"), path.clone()] {
        let search = Search { debug_paths: vec![given], ..nowhere() };
        whole.expect(&search, &format!("debug-path:{}", path.display()));
    }
}

#[test]
fn a_system_root_has_the_binary_and_its_debug_info() {
    let whole = Whole::new(&[]);
    let root = whole.folder("root");
    let debug = whole.split_off("x");
    let path = moved(&debug, &whole.by_id(&root.join("usr/lib/debug")));
    let search = Search { sysroot: Some(root.clone()), ..nowhere() };
    whole.expect(&search, &format!("sysroot:{}", path.display()));
    // Now the binary is not at its own path any more.
    moved(&whole.path, &root.join(whole.path.strip_prefix("/").expect("absolute")));
    whole.expect(&search, &format!("sysroot:{}", path.display()));
}

#[test]
fn what_was_downloaded_is_used() {
    let whole = Whole::new(&[]);
    let downloads = whole.folder("downloads");
    let path = moved(&whole.split_off("x"), &downloads.join(&whole.id).join("debuginfo"));
    let search = Search { downloads: Some(downloads), ..nowhere() };
    whole.expect(&search, &format!("debuginfod:{}", path.display()));
    // On a machine without the program, its debug info has its names too.
    fs::remove_file(&whole.path).expect("the folder is writable");
    whole.expect(&search, &format!("debuginfod:{}", path.display()));
}

#[test]
fn what_is_missing_is_wanted_by_its_build_id() {
    let whole = Whole::new(&[]);
    whole.split_off("x");
    let text = whole.path.to_str().expect("UTF-8");
    let subject = Subject { path: text, id: Some(&whole.id) };
    let open = || Files::default().open(0, &Binary { path: text.into(), ..Binary::default() });
    let material = Material::gather(&nowhere(), &subject, open()).expect("the binary is there");
    let wanted: Vec<_> = material.wanted.iter().map(|wanted| wanted.build_id.as_str()).collect();
    assert_eq!(wanted, [whole.id.as_str()]);
}

#[test]
fn what_dwz_shares_between_files_is_read() {
    let whole = Whole::new(&[]);
    let other = whole.bench.c("other", C_PROGRAM, &["-O2", "-g", "-Wl,--build-id"]);
    let shared = whole.bench.path("shared.debug");
    tool(
        "dwz",
        &[
            "-m".as_ref(),
            shared.as_ref(),
            "-M".as_ref(),
            "shared.debug".as_ref(),
            whole.path.as_ref(),
            other.as_ref(),
        ],
    );
    assert!(shared.is_file(), "dwz found something to share");
    let answer = whole.expect(&nowhere(), "dwarf+dwz");
    assert_eq!(answer.report.refused, [] as [String; 0]);
    // Elsewhere, where the user says.
    let moved_to = moved(&shared, &whole.folder("mine").join("common"));
    let search = Search { debug_paths: vec![moved_to], ..nowhere() };
    whole.expect(&search, "dwarf+dwz");
    // Without it, it is wanted; the rest of the debug info is still used.
    let text = whole.path.to_str().expect("UTF-8");
    let subject = Subject { path: text, id: Some(&whole.id) };
    let open = Files::default().open(0, &Binary { path: text.into(), ..Binary::default() });
    let material = Material::gather(&nowhere(), &subject, open).expect("the binary is there");
    assert_eq!(material.wanted.len(), 1);
    assert_ne!(material.wanted[0].build_id, whole.id);
}

#[test]
fn split_units_are_read_from_their_files_and_from_a_package() {
    for version in ["-gdwarf-4", "-gdwarf-5"] {
        let plain = Whole::new(&[version]);
        let whole = Whole::new(&[version, "-gsplit-dwarf"]);
        assert_eq!(whole.chains, plain.chains, "{version}");
        whole.expect(&nowhere(), "dwarf+dwo");
        let folder = whole.path.parent().expect("a folder");
        let package = folder.join("program.dwp");
        let dwo = fs::read_dir(folder).expect("it is there").flatten();
        let dwo: Vec<PathBuf> = dwo
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|end| end == "dwo"))
            .collect();
        // The packers of this system do not take what its compiler writes as version 5; rustc packs that itself.
        if version == "-gdwarf-4" {
            tool("dwp", &["-e".as_ref(), whole.path.as_ref(), "-o".as_ref(), package.as_ref()]);
        }
        let mine = whole.folder("mine");
        let kept: Vec<PathBuf> =
            dwo.iter().map(|path| moved(path, &mine.join(path.file_name().expect("a name")))).collect();
        if version == "-gdwarf-4" {
            whole.expect(&nowhere(), "dwarf+dwp");
            fs::remove_file(&package).expect("the folder is writable");
        }
        let search = Search { debug_paths: vec![mine], ..nowhere() };
        whole.expect(&search, "dwarf+dwo");
        let answer = whole.ask(&nowhere());
        let Gap::Split { units, example } = answer.report.gap else { panic!("a unit is missing") };
        assert!(units == 1 && example.ends_with(".dwo"), "{example}");
        // The skeleton still has the lines.
        assert!(answer.chains.iter().all(|chain| chain.len() == 1 && chain[0].2.is_some()));
        assert_eq!(kept.len(), 1);
    }
}

#[test]
fn cargos_split_debug_info_is_read_packed_and_unpacked() {
    let bench = Bench::new();
    let source = common::RUST_PROGRAM;
    let names = |version: &str, mode: &str| {
        let arguments =
            ["-g".to_owned(), format!("-Cdwarf-version={version}"), format!("-Csplit-debuginfo={mode}")];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let _ = fs::remove_file(bench.path("program.dwp"));
        let path = bench.rust("program", source, &arguments);
        let bytes = read(&path);
        let image = ElfImage::parse(&bytes).expect("an ELF file");
        let table = SymbolTable::new(&image);
        let total = table.matching(&|name| name.contains("5total")).next().expect("it has a symbol");
        let id = identify(&bytes[..]).expect("it can be read");
        let answer = ask(&path, &id, &nowhere(), total.start..total.end).expect("it is there");
        (answer.report.symbols_from, answer.report.gap, answer.chains)
    };
    for version in ["4", "5"] {
        let (source_of, gap, chains) = names(version, "off");
        assert_eq!((source_of.as_str(), gap), ("dwarf", Gap::Nothing));
        assert!(chains.iter().any(|chain| chain.iter().any(|frame| frame.0.contains("{closure") && frame.3)));
        for (mode, by) in [("packed", "dwarf+dwp"), ("unpacked", "dwarf+dwo")] {
            let (source_of, gap, others) = names(version, mode);
            assert_eq!((source_of.as_str(), gap), (by, Gap::Nothing));
            assert_eq!(others, chains, "{mode}");
        }
    }
}

#[test]
fn mini_debug_info_has_the_names_that_were_stripped() {
    let whole = Whole::new(&[]);
    let (mini, packed) = (whole.bench.path("mini"), whole.bench.path("mini.xz"));
    objcopy(&["--strip-debug", "--only-keep-debug"], &whole.path, &mini);
    tool("xz", &["--keep".as_ref(), mini.as_ref()]);
    tool("strip", &["-s".as_ref(), whole.path.as_ref()]);
    objcopy(&[&format!("--add-section=.gnu_debugdata={}", packed.display())], &whole.path, &whole.path);
    let answer = whole.ask(&nowhere());
    assert_eq!((answer.report.symbols_from.as_str(), answer.report.gap), ("mini-debuginfo", Gap::Lines));
    assert!(answer.chains.iter().all(|chain| chain[0].0 == "outer"), "a local function that was stripped");
}

#[test]
fn what_does_not_fit_is_named_and_the_next_source_is_tried() {
    let whole = Whole::new(&[]);
    let good = whole.split_off("good.debug");
    let (first, second, third) = (whole.folder("first"), whole.folder("second"), whole.folder("third"));
    let fourth = whole.folder("fourth");
    let bytes = read(&good);
    fs::write(whole.by_id(&first), b"certainly no ELF file").expect("the folder is writable");
    fs::write(whole.by_id(&second), &bytes[..bytes.len() / 2]).expect("the folder is writable");
    let stranger = whole.bench.c("stranger", C_PROGRAM, &["-O1", "-g", "-Wl,--build-id"]);
    moved(&stranger, &whole.by_id(&third));
    let path = moved(&good, &whole.by_id(&fourth));
    let search = Search { system: vec![first, second, third, fourth], ..nowhere() };
    let answer = whole.expect(&search, &format!("build-id:{}", path.display()));
    let [no_elf, short, other] = &answer.report.refused[..] else { panic!("{:?}", answer.report.refused) };
    assert!(no_elf.contains("first") && no_elf.ends_with("it is not an ELF file"), "{no_elf}");
    assert!(short.contains("second") && short.contains("cut short"), "{short}");
    assert!(other.contains("third") && other.contains("it belongs to another build"), "{other}");
}

#[test]
fn a_link_that_leads_to_a_pipe_or_a_folder_is_not_opened() {
    let whole = Whole::new(&[]);
    let debug = whole.split_off("program.debug");
    link(&whole, &debug);
    fs::remove_file(&debug).expect("the folder is writable");
    tool("mkfifo", &[debug.as_ref()]);
    fs::create_dir(whole.path.parent().expect("a folder").join(".debug")).expect("the folder is writable");
    assert_eq!(whole.ask(&nowhere()).report.symbols_from, "none");
}

#[test]
fn without_what_dwz_shares_nothing_gets_a_wrong_name_or_none() {
    let whole = Whole::new(&[]);
    let other = whole.bench.c("other", C_PROGRAM, &["-O2", "-g", "-Wl,--build-id"]);
    let shared = whole.bench.path("shared.debug");
    let flags: [&std::ffi::OsStr; 4] =
        ["-m".as_ref(), shared.as_ref(), "-M".as_ref(), "shared.debug".as_ref()];
    tool("dwz", &[&flags[..], &[whole.path.as_ref(), other.as_ref()]].concat());
    fs::remove_file(&shared).expect("the folder is writable");
    let answer = whole.ask(&nowhere());
    assert_eq!(answer.report.gap, Gap::Shared { file: "shared.debug".into() });
    for (chain, whole) in answer.chains.iter().zip(&whole.chains) {
        // The linker's name of the function itself is there, and the line; the inlined calls are not.
        let leaf = whole.last().expect("all is known");
        let expected = (whole[0].0.clone(), leaf.1.clone(), leaf.2, false);
        assert_eq!(chain[..], [expected], "{whole:?}");
    }
}

#[test]
fn a_package_is_found_beside_a_binary_whose_debug_info_is_elsewhere() {
    let whole = Whole::new(&["-gdwarf-4", "-gsplit-dwarf"]);
    let package = whole.path.with_extension("dwp");
    tool("dwp", &["-e".as_ref(), whole.path.as_ref(), "-o".as_ref(), package.as_ref()]);
    let folder = whole.path.parent().expect("a folder");
    for entry in fs::read_dir(folder).expect("it is there").flatten() {
        if entry.path().extension().is_some_and(|end| end == "dwo") {
            fs::remove_file(entry.path()).expect("the folder is writable");
        }
    }
    let root = whole.folder("system");
    let path = moved(&whole.split_off("x"), &whole.by_id(&root));
    whole.expect(&Search { system: vec![root], ..nowhere() }, &format!("build-id+dwp:{}", path.display()));
}

#[test]
fn one_of_many_split_units_of_the_same_name_is_found_without_a_word_about_the_others() {
    let whole = Whole::new(&["-gsplit-dwarf"]);
    let folder = whole.path.parent().expect("a folder");
    let dwo = fs::read_dir(folder).expect("it is there").flatten().map(|entry| entry.path());
    let dwo =
        dwo.into_iter().find(|path| path.extension().is_some_and(|end| end == "dwo")).expect("the unit");
    let name = dwo.file_name().expect("a name").to_owned();
    let mine = whole.folder("mine");
    moved(&dwo, &mine.join("z").join(&name));
    // The same name in other folders, as projects have it.
    let stranger = Whole::new(&["-O1", "-gsplit-dwarf"]);
    let strange = fs::read_dir(stranger.path.parent().expect("a folder")).expect("it is there").flatten();
    let strange =
        strange.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "dwo"));
    let strange = strange.expect("its unit");
    for at in 0..100 {
        let folder = mine.join(format!("m{at}"));
        fs::create_dir_all(&folder).expect("the folder is writable");
        fs::copy(&strange, folder.join(&name)).expect("the folder is writable");
    }
    let search = Search { debug_paths: vec![mine.clone()], ..nowhere() };
    let answer = whole.expect(&search, "dwarf+dwo");
    assert_eq!(answer.report.refused, [] as [String; 0]);
    // Where none of them is right, one of them is named.
    fs::remove_dir_all(mine.join("z")).expect("the folder is writable");
    let answer = whole.ask(&Search { debug_paths: vec![mine], ..nowhere() });
    assert!(matches!(answer.report.gap, Gap::Split { units: 1, .. }));
    let [sentence] = &answer.report.refused[..] else { panic!("{:?}", answer.report.refused) };
    assert!(sentence.contains("does not hold the unit"), "{sentence}");
}

#[test]
fn a_binary_without_a_build_id_is_found_elsewhere_by_its_code() {
    let whole = Whole::new(&["-Wl,--build-id=none"]);
    assert!(whole.id.starts_with("fallback-"));
    let root = whole.folder("root");
    let inside = whole.path.strip_prefix("/").expect("absolute").to_owned();
    let path = moved(&whole.path, &root.join(inside));
    let search = Search { sysroot: Some(root.clone()), ..nowhere() };
    whole.expect(&search, &format!("sysroot:{}", path.display()));
    let search = Search { debug_paths: vec![root], ..nowhere() };
    whole.expect(&search, &format!("debug-path:{}", path.display()));
    // Other code of the same name is refused.
    whole.bench.c("program", C_PROGRAM, &["-O1", "-g", "-Wl,--build-id=none"]);
    fs::rename(&whole.path, &path).expect("the folder is writable");
    let refused = ask(&whole.path, &whole.id, &search, whole.range.clone()).err().expect("it is another one");
    assert!(refused.contains("another build"), "{refused}");
}

/// A profile that carries one file, as anything that is asked for.
struct Carries(Vec<u8>);

impl Bundle for Carries {
    fn part(&self, _: &str, _: Part) -> Option<Arc<Bytes>> {
        Some(Arc::new(Bytes::Owned(self.0.clone().into())))
    }
}

#[test]
fn a_file_in_the_profile_that_is_of_another_build_is_not_used() {
    let whole = Whole::new(&[]);
    let stranger = whole.bench.c("stranger", C_PROGRAM, &["-O1", "-g", "-Wl,--build-id"]);
    let with = |bytes| Search { bundle: Some(Arc::new(Carries(bytes))), ..nowhere() };
    let (right, wrong) = (with(read(&whole.path)), with(read(&stranger)));
    fs::remove_file(&whole.path).expect("the folder is writable");
    whole.expect(&right, "bundle");
    assert!(ask(&whole.path, &whole.id, &wrong, whole.range.clone()).is_err());
}
