//! Names for a whole profile.
//!
//! Constraints:
//! - every unique (binary, address) is resolved once, binaries in parallel;
//! - a binary whose build id is not the recorded one names nothing: no names are better than wrong
//!   ones;
//! - what already has a function (just-in-time code, markers) is kept as it is;
//! - nothing that a binary holds can make this fail: it says so in `binaries.missing` instead.

use std::path::PathBuf;
use std::sync::Arc;

use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Function, Tables};
use rayon::prelude::*;

use crate::cache::{Cache, CacheEntry, DEFAULT_LIMIT};
use crate::collapse::collapse;
use crate::demangle::demangle;
use crate::expand::expand;
use crate::find::{Material, Part, Report, Search, Subject, Wanted};
use crate::identity::identify;
use crate::kallsyms::{Kallsyms, NoNames};
use crate::missing::{self, Gap};
use crate::provider::{BinaryProvider, Bytes};
use crate::resolution::{Builder, Resolution, SymFrame, SymFunction};
use crate::sources::Library;

/// Path of the kernel's row in `binaries`.
const KERNEL: &str = "[kernel]";
/// Path of the page that old programs call for the time.
const VSYSCALL: &str = "[vsyscall]";

/// How to symbolize.
#[derive(Clone, Debug)]
pub struct Options {
    /// The user's cache folder; none to read every binary afresh.
    pub cache: Option<PathBuf>,
    /// Bytes that the cache may hold.
    pub cache_limit: u64,
    /// The text of `/proc/kallsyms`; none if it could not be read.
    pub kallsyms: Option<Vec<u8>>,
    /// Boot id of the machine that `kallsyms` is of.
    pub boot_id: String,
    /// Rust toolchains, whose sources stand in for the paths of the standard library.
    pub sysroots: Vec<PathBuf>,
    /// Where to look for separate debug info.
    pub search: Search,
    /// Whether the files are wanted too, so that the profile can carry them.
    pub keep_files: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            cache: None,
            cache_limit: DEFAULT_LIMIT,
            kallsyms: None,
            boot_id: String::new(),
            sysroots: Vec::new(),
            search: Search::default(),
            keep_files: false,
        }
    }
}

/// A symbolized profile, but for its samples.
pub struct Symbolized {
    /// The new tables.
    pub tables: Tables,
    /// For each old row of `stacks`, the row that the same samples have now: `samples.stack` must be
    /// translated by it (`events.stack` already is).
    pub stacks: Vec<i32>,
    /// Sentences for a person: files that were found and could not be used.
    pub notes: Vec<String>,
    /// The files that were used, if they were wanted.
    pub files: Vec<UsedFile>,
}

/// A file that names came from.
pub struct UsedFile {
    /// Id of its binary.
    pub id: String,
    /// What it is for that.
    pub part: Part,
    /// Its contents.
    pub bytes: Arc<Bytes>,
}

/// Names by address of one binary, and what to say about it.
#[derive(Default)]
pub(crate) struct Symbols {
    pub(crate) resolution: Arc<Resolution>,
    symbols_from: String,
    missing: Option<String>,
    refused: Vec<String>,
    files: Vec<UsedFile>,
    unsaved: Option<Unsaved>,
}

/// What the cache is to be given.
struct Unsaved {
    id: String,
    entry: CacheEntry,
}

impl Unsaved {
    fn save(&self, options: &Options) {
        if let Some(cache) = cache_of(options) {
            // A cache that cannot be written costs time at the next recording, nothing now.
            let _ = cache.store(&self.id, &self.entry);
        }
    }
}

/// Gives every frame its function, file and line, and splits it into the calls inlined there.
pub fn symbolize(
    meta: &Meta,
    mut tables: Tables,
    provider: &dyn BinaryProvider,
    options: &Options,
) -> Symbolized {
    // An address of which no binary's own is known cannot be looked up in it.
    let wanted = |frame: &Frame| frame.function.is_none() && frame.kind != "unknown";
    let addresses = addresses(&tables, wanted);
    let mut symbols = looked_up(meta, &tables, &addresses, provider, options);
    // Before the tables grow: a recorder shall not take more memory than it must.
    for symbols in &mut symbols {
        symbols.unsaved.take().iter().for_each(|unsaved| unsaved.save(options));
    }
    let sampled = addresses.iter().map(|of_binary| !of_binary.is_empty());
    for ((binary, symbols), sampled) in tables.binaries.iter_mut().zip(&symbols).zip(sampled) {
        if sampled {
            binary.symbols_from.clone_from(&symbols.symbols_from);
            binary.missing.clone_from(&symbols.missing);
        } else if binary.symbols_from.is_empty() {
            binary.symbols_from = "none".into();
        }
    }
    expanded(tables, symbols, options)
}

/// Puts the names in, and says what else was found.
fn expanded(tables: Tables, mut symbols: Vec<Symbols>, options: &Options) -> Symbolized {
    let files = symbols.iter_mut().flat_map(|symbols| std::mem::take(&mut symbols.files)).collect();
    let notes = symbols.iter_mut().flat_map(|symbols| std::mem::take(&mut symbols.refused)).collect();
    let library = Library::new(&options.sysroots, options.cache.as_deref());
    let (tables, stacks) = expand(tables, &symbols, library);
    Symbolized { tables, stacks, notes, files }
}

/// Looks names up again, with files that may not have been there the first time. A binary for which less
/// is found now keeps the names it has; so does all of a profile with calls, whose ends have no addresses.
pub fn resymbolize(
    meta: &Meta,
    mut tables: Tables,
    provider: &dyn BinaryProvider,
    options: &Options,
) -> Symbolized {
    if !tables.calls.is_empty() {
        return unchanged(tables, CALLS);
    }
    let addresses = addresses(&tables, |frame| matches!(frame.kind.as_str(), "native" | "kernel"));
    let mut symbols = looked_up(meta, &tables, &addresses, provider, options);
    let lines = with_lines(&tables);
    let unsaved: Vec<Unsaved> = symbols.iter_mut().filter_map(|symbols| symbols.unsaved.take()).collect();
    let mut again = vec![false; tables.binaries.len()];
    for (((binary, symbols), again), &has_lines) in
        tables.binaries.iter_mut().zip(&mut symbols).zip(&mut again).zip(&lines)
    {
        let names = !symbols.resolution.addresses().is_empty();
        let is_first = binary.symbols_from.is_empty() && binary.missing.is_none();
        // Whoever wrote the file may have seen more than is here.
        let has_more = is_first && has_lines && rank(&symbols.symbols_from) < OF_LINES;
        *again = names
            && !has_more
            && worth(symbols.missing.as_ref(), &symbols.symbols_from)
                >= worth(binary.missing.as_ref(), &binary.symbols_from);
        if *again || (is_first && !has_more) {
            binary.symbols_from.clone_from(&symbols.symbols_from);
            binary.missing.clone_from(&symbols.missing);
        }
        if !*again {
            symbols.resolution = Arc::default();
        }
    }
    let (tables, collapsed) = collapse(tables, &again);
    let save = || unsaved.iter().for_each(|unsaved| unsaved.save(options));
    let (found, ()) = rayon::join(|| expanded(tables, symbols, options), save);
    let moved = |&row: &i32| found.stacks.get(usize::try_from(row).ok()?).copied();
    let stacks = collapsed.iter().filter_map(moved).collect();
    Symbolized { stacks, ..found }
}

const CALLS: &str =
    "names were not looked up again: the profile has calls between functions, as another tool named them";

/// The tables as they are, and why.
fn unchanged(tables: Tables, why: &str) -> Symbolized {
    let stacks = (0..).take(tables.stacks.len()).collect();
    Symbolized { tables, stacks, notes: vec![why.into()], files: Vec::new() }
}

/// For each binary, whether lines of its code are known.
fn with_lines(tables: &Tables) -> Vec<bool> {
    let mut known = vec![false; tables.binaries.len()];
    for frame in tables.frames.iter().filter(|frame| frame.line.is_some()) {
        let row = frame.binary.and_then(|row| usize::try_from(row).ok());
        if let Some(known) = row.and_then(|row| known.get_mut(row)) {
            *known = true;
        }
    }
    known
}

/// How much was found: the kind of source, and whether something of it is missing.
fn worth(missing: Option<&String>, symbols_from: &str) -> (u8, bool) {
    (rank(symbols_from), missing.is_none())
}

/// How much a kind of source tells: lines, names of all functions, of some, nothing.
fn rank(symbols_from: &str) -> u8 {
    let kind = symbols_from.split(['+', ':']).next().unwrap_or_default();
    match kind {
        "" | "none" => 0,
        "dynsym" => 1,
        "mini-debuginfo" => 2,
        "symtab" | "kallsyms" => 3,
        _ if symbols_from.contains("+symtab") => 3,
        _ => OF_LINES,
    }
}

/// The rank of what tells lines.
const OF_LINES: u8 = 4;

fn looked_up(
    meta: &Meta,
    tables: &Tables,
    addresses: &[Vec<u64>],
    provider: &dyn BinaryProvider,
    options: &Options,
) -> Vec<Symbols> {
    let work = tables.binaries.par_iter().zip(addresses).enumerate();
    let of_binary = |(row, (binary, addresses)): (usize, (&Binary, &Vec<u64>))| match binary.path.as_str() {
        _ if addresses.is_empty() => Symbols::default(),
        KERNEL => of_kernel(meta, addresses, options),
        VSYSCALL => of_vsyscall(addresses),
        _ => of_file(row, binary, addresses, provider, options),
    };
    work.map(of_binary).collect()
}

/// The files of the sampled binaries that are not here, and that a debuginfod server may have.
pub fn wanted(tables: &Tables, provider: &dyn BinaryProvider, options: &Options) -> Vec<Wanted> {
    let addresses = addresses(tables, |frame| matches!(frame.kind.as_str(), "native"));
    let sampled = tables.binaries.par_iter().zip(&addresses).enumerate();
    let sampled = sampled.filter(|(_, (binary, addresses))| !addresses.is_empty() && is_file(binary));
    let wanted = sampled.flat_map_iter(|(row, (binary, addresses))| {
        let complete = known(binary, options).is_some_and(|known| is_complete(&known, addresses));
        let gathered = (!complete).then(|| gather(row, binary, provider, options));
        match gathered {
            Some(Ok(material)) => material.wanted,
            // Not even the binary is here. Its debug info has its names, too.
            Some(Err(_)) => Wanted::of(binary.build_id.as_deref(), &binary.path).into_iter().collect(),
            None => Vec::new(),
        }
    });
    wanted.collect()
}

/// False for the kernel and for what it makes.
fn is_file(binary: &Binary) -> bool {
    binary.path.starts_with('/')
}

/// For each row of `stacks`, true if its frame is code without a name: the leaf of a sample that
/// counts as unsymbolized.
pub fn unsymbolized_leaf(tables: &Tables) -> Vec<bool> {
    // Other tools' files have names without symbols.
    let is_nameless = |function: &Function| function.linkage_name.is_empty() && is_place(&function.name);
    let nameless: Vec<bool> = tables.functions.iter().map(is_nameless).collect();
    let is_nameless = |frame: &Frame| {
        let code = frame.address.is_some() && frame.kind != "jit";
        let function = frame.function.and_then(|row| nameless.get(usize::try_from(row).ok()?));
        code && function.is_none_or(|&nameless| nameless)
    };
    let frames: Vec<bool> = tables.frames.iter().map(is_nameless).collect();
    let of_row = |row: i32| usize::try_from(row).ok().and_then(|row| frames.get(row).copied());
    tables.stacks.iter().map(|stack| of_row(stack.frame).unwrap_or(false)).collect()
}

/// Whether a function is called by where it is, `libc.so.6+0x97360`, or by what stands for a name that is not known.
fn is_place(name: &str) -> bool {
    let is_address =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let address = name.rsplit_once("+0x").map(|(_, digits)| digits).or_else(|| name.strip_prefix("0x"));
    address.is_some_and(is_address) || matches!(name, "" | "???" | "[unknown]")
}

/// The addresses of each binary in the frames that are `wanted`, ascending.
fn addresses(tables: &Tables, wanted: impl Fn(&Frame) -> bool) -> Vec<Vec<u64>> {
    let mut addresses = vec![Vec::new(); tables.binaries.len()];
    for frame in tables.frames.iter().filter(|frame| wanted(frame)) {
        if let Some((binary, address)) = place(frame)
            && let Some(of_binary) = addresses.get_mut(binary)
        {
            of_binary.push(address);
        }
    }
    for of_binary in &mut addresses {
        of_binary.sort_unstable();
        of_binary.dedup();
    }
    addresses
}

/// Row of the binary and address of a frame. (Addresses are signed in the tables; those of the
/// kernel are negative there.)
pub(crate) fn place(frame: &Frame) -> Option<(usize, u64)> {
    Some((usize::try_from(frame.binary?).ok()?, frame.address?.cast_unsigned()))
}

fn of_file(
    row: usize,
    binary: &Binary,
    addresses: &[u64],
    provider: &dyn BinaryProvider,
    options: &Options,
) -> Symbols {
    match resolve_file(row, binary, addresses, provider, options) {
        Ok(Looked { entry, report, unsaved }) => Symbols {
            missing: missing::sentence(&entry.gap, &binary.path),
            symbols_from: entry.symbols_from,
            resolution: entry.resolution,
            refused: report.refused,
            files: if options.keep_files { used_files(binary, report.parts) } else { Vec::new() },
            unsaved,
        },
        Err(reason) => without_names(reason),
    }
}

fn without_names(reason: String) -> Symbols {
    Symbols { missing: Some(reason), symbols_from: "none".into(), ..Symbols::default() }
}

fn used_files(binary: &Binary, parts: Vec<(Part, Arc<Bytes>)>) -> Vec<UsedFile> {
    let Some(id) = &binary.build_id else { return Vec::new() };
    parts.into_iter().map(|(part, bytes)| UsedFile { id: id.clone(), part, bytes }).collect()
}

fn cache_of(options: &Options) -> Option<Cache> {
    options.cache.as_ref().map(|folder| Cache::new(folder, options.cache_limit))
}

/// What the cache knows of a binary.
fn known(binary: &Binary, options: &Options) -> Option<CacheEntry> {
    cache_of(options)?.load(binary.build_id.as_deref()?)
}

/// True if nothing more can be learnt about these addresses.
fn is_complete(known: &CacheEntry, addresses: &[u64]) -> bool {
    known.gap == Gap::Nothing && knows(known, addresses)
}

fn knows(known: &CacheEntry, addresses: &[u64]) -> bool {
    addresses.iter().all(|&address| known.resolution.frames(address).is_some())
}

fn gather(
    row: usize,
    binary: &Binary,
    provider: &dyn BinaryProvider,
    options: &Options,
) -> Result<Material, String> {
    // What the recorder could not read is not what lies at the same path now.
    if let (None, Some(reason)) = (&binary.build_id, &binary.missing) {
        return Err(reason.clone());
    }
    let subject = Subject { path: &binary.path, id: binary.build_id.as_deref() };
    Material::gather(&options.search, &subject, provider.open(row, binary))
}

/// What was found about a binary.
struct Looked {
    entry: CacheEntry,
    report: Report,
    unsaved: Option<Unsaved>,
}

fn resolve_file(
    row: usize,
    binary: &Binary,
    addresses: &[u64],
    provider: &dyn BinaryProvider,
    options: &Options,
) -> Result<Looked, String> {
    let known = known(binary, options).filter(|_| !options.keep_files);
    if let Some(known) = known.as_ref().filter(|known| is_complete(known, addresses)) {
        return Ok(Looked { entry: known.clone(), report: Report::default(), unsaved: None });
    }
    let material = gather(row, binary, provider, options)?;
    let fingerprint = material.fingerprint();
    let id = binary.build_id.clone().or_else(|| identify(&material.image[..]).ok()).unwrap_or_default();
    let known = known.or_else(|| cache_of(options)?.load(&id).filter(|_| !options.keep_files));
    // Other files say other things about the same addresses.
    let known = known.filter(|known| known.files == fingerprint && !known.gap.may_close());
    if let Some(known) = known.as_ref().filter(|known| knows(known, addresses)) {
        let report = Report { refused: material.refused, ..Report::default() };
        return Ok(Looked { entry: known.clone(), report, unsaved: None });
    }
    let is_new =
        |address: &&u64| known.as_ref().is_none_or(|known| known.resolution.frames(**address).is_none());
    let new: Vec<u64> = addresses.iter().filter(is_new).copied().collect();
    let (resolution, mut report) = material
        .ask(&options.search, |resolver, _| resolver.resolve(&new))
        .map_err(|error| missing::unreadable(&binary.path, &error))?;
    let (symbols_from, gap) = (std::mem::take(&mut report.symbols_from), report.gap.clone());
    let fresh = CacheEntry { symbols_from, gap, files: fingerprint, resolution: Arc::new(resolution) };
    let merge = |known: CacheEntry| Arc::new(Resolution::merged(&known.resolution, &fresh.resolution));
    let resolution = known.map_or_else(|| Arc::clone(&fresh.resolution), merge);
    let entry = CacheEntry { resolution, ..fresh.clone() };
    // What lacks a file would be mixed with what does not.
    let unsaved = (!fresh.gap.may_close()).then_some(Unsaved { id, entry: fresh });
    Ok(Looked { entry, report, unsaved })
}

fn of_kernel(meta: &Meta, addresses: &[u64], options: &Options) -> Symbols {
    if meta.host.boot_id != options.boot_id {
        return without_names("the names of kernel functions are missing because this is not the recorded machine, or it was started anew since, which moves them: symbolize there, in the same boot".into());
    }
    let Some(text) = &options.kallsyms else {
        return without_names("the names of kernel functions are missing because /proc/kallsyms cannot be read: mount /proc, or record as root".into());
    };
    match Kallsyms::parse(text) {
        Ok(names) => Symbols { resolution: kernel_names(&names, addresses).into(), symbols_from: "kallsyms".into(), ..Symbols::default() },
        Err(NoNames::Hidden) => without_names(
            "the names of kernel functions are missing because the kernel hides its addresses: run `sudo sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1`, or record as root".into(),
        ),
        Err(NoNames::Empty) => without_names("the names of kernel functions are missing because /proc/kallsyms is empty: the kernel was built without CONFIG_KALLSYMS".into()),
    }
}

fn kernel_names(names: &Kallsyms, addresses: &[u64]) -> Resolution {
    by_name(addresses, |address| {
        let found = names.find(address)?;
        Some((found.name.to_owned(), found.module.map(str::to_owned)))
    })
}

/// The three calls of the page lie 1024 bytes apart (Linux, arch/x86/entry/vsyscall).
fn of_vsyscall(addresses: &[u64]) -> Symbols {
    let name =
        |address: u64| ["gettimeofday", "time", "getcpu"].get((address as usize & 0xfff) / 0x400).copied();
    let resolution = by_name(addresses, |address| Some((name(address)?.to_owned(), None)));
    Symbols { resolution: resolution.into(), symbols_from: "symtab".into(), ..Symbols::default() }
}

/// A resolution of functions by the names that linkers know: those of a kernel may be of Rust, or of copies and parts that
/// the compiler made (`f.isra.0`).
fn by_name(addresses: &[u64], name: impl Fn(u64) -> Option<(String, Option<String>)>) -> Resolution {
    let mut builder = Builder::default();
    for &address in addresses {
        let function = name(address).map(|(name, namespace)| {
            builder.function(SymFunction {
                name: demangle(&name).name,
                linkage_name: name,
                namespace,
                ..SymFunction::default()
            })
        });
        let frame = function.map(|row| SymFrame {
            function: Some(row),
            file: None,
            line: None,
            column: None,
            inlined: false,
        });
        builder.push(address, frame);
    }
    builder.finish()
}
