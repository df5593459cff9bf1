//! Names for a whole profile.
//!
//! Constraints:
//! - every unique (binary, address) is resolved once, binaries in parallel;
//! - a binary whose build id is not the recorded one names nothing: no names are better than wrong
//!   ones;
//! - what already has a function (just-in-time code, markers) is kept as it is;
//! - nothing that a binary holds can make this fail: it says so in `binaries.missing` instead.

use std::path::PathBuf;

use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Tables};
use rayon::prelude::*;

use crate::cache::{Cache, CacheEntry, DEFAULT_LIMIT};
use crate::dwarf::DebugSections;
use crate::elf::ElfImage;
use crate::expand::expand;
use crate::identity::identify;
use crate::kallsyms::{Kallsyms, NoNames};
use crate::missing;
use crate::provider::BinaryProvider;
use crate::resolution::{Builder, Resolution, SymFrame, SymFunction};
use crate::resolver::Resolver;
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
}

impl Default for Options {
    fn default() -> Self {
        Options {
            cache: None,
            cache_limit: DEFAULT_LIMIT,
            kallsyms: None,
            boot_id: String::new(),
            sysroots: Vec::new(),
        }
    }
}

/// Names by address of one binary, and what to say about it.
#[derive(Default)]
pub(crate) struct Symbols {
    pub(crate) resolution: Resolution,
    symbols_from: String,
    missing: Option<String>,
}

/// Gives every frame its function, file and line, and splits it into the calls inlined there.
///
/// Returns the new tables and, for each old row of `stacks`, the row that the same samples have
/// now (`samples.stack` must be translated by it; `events.stack` already is).
pub fn symbolize(
    meta: &Meta,
    mut tables: Tables,
    provider: &dyn BinaryProvider,
    options: &Options,
) -> (Tables, Vec<i32>) {
    let addresses = addresses(&tables);
    let work = tables.binaries.par_iter().zip(&addresses).enumerate();
    let symbols: Vec<Symbols> = work
        .map(|(row, (binary, addresses))| match binary.path.as_str() {
            _ if addresses.is_empty() => Symbols::default(),
            KERNEL => of_kernel(meta, addresses, options),
            VSYSCALL => of_vsyscall(addresses),
            _ => of_file(row, binary, addresses, provider, options),
        })
        .collect();
    let sampled = addresses.iter().map(|of_binary| !of_binary.is_empty());
    for ((binary, symbols), sampled) in tables.binaries.iter_mut().zip(&symbols).zip(sampled) {
        if sampled {
            binary.symbols_from.clone_from(&symbols.symbols_from);
            binary.missing.clone_from(&symbols.missing);
        } else if binary.symbols_from.is_empty() {
            binary.symbols_from = "none".into();
        }
    }
    let library = Library::new(&options.sysroots, options.cache.as_deref());
    expand(tables, &symbols, library)
}

/// For each row of `stacks`, true if its frame is code without a name: the leaf of a sample that
/// counts as unsymbolized.
pub fn unsymbolized_leaf(tables: &Tables) -> Vec<bool> {
    let nameless: Vec<bool> =
        tables.functions.iter().map(|function| function.linkage_name.is_empty()).collect();
    let is_nameless = |frame: &Frame| {
        let code = frame.address.is_some() && frame.kind != "jit";
        let function = frame.function.and_then(|row| nameless.get(usize::try_from(row).ok()?));
        code && function.is_none_or(|&nameless| nameless)
    };
    let frames: Vec<bool> = tables.frames.iter().map(is_nameless).collect();
    let of_row = |row: i32| usize::try_from(row).ok().and_then(|row| frames.get(row).copied());
    tables.stacks.iter().map(|stack| of_row(stack.frame).unwrap_or(false)).collect()
}

/// The addresses to resolve of each binary, ascending.
fn addresses(tables: &Tables) -> Vec<Vec<u64>> {
    let mut addresses = vec![Vec::new(); tables.binaries.len()];
    for frame in tables.frames.iter().filter(|frame| frame.function.is_none()) {
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
        Ok(entry) => Symbols {
            missing: missing::sentence(&entry.gap, &binary.path),
            symbols_from: entry.symbols_from,
            resolution: entry.resolution,
        },
        Err(reason) => without_names(reason),
    }
}

fn without_names(reason: String) -> Symbols {
    Symbols { missing: Some(reason), symbols_from: "none".into(), resolution: Resolution::default() }
}

fn resolve_file(
    row: usize,
    binary: &Binary,
    addresses: &[u64],
    provider: &dyn BinaryProvider,
    options: &Options,
) -> Result<CacheEntry, String> {
    // What the recorder could not read is not what lies at the same path now.
    if let (None, Some(reason)) = (&binary.build_id, &binary.missing) {
        return Err(reason.clone());
    }
    let bytes = provider.open(row, binary)?;
    let found = identify(&bytes[..]).map_err(|error| format!("{}: {error}", binary.path))?;
    if let Some(recorded) = binary.build_id.as_ref().filter(|recorded| **recorded != found) {
        return Err(missing::mismatch(&binary.path, recorded, &found));
    }
    let cache = options.cache.as_ref().map(|folder| Cache::new(folder, options.cache_limit));
    let known = cache.as_ref().and_then(|cache| cache.load(&found));
    let is_new =
        |address: &&u64| known.as_ref().is_none_or(|known| known.resolution.frames(**address).is_none());
    let new: Vec<u64> = addresses.iter().filter(is_new).copied().collect();
    let known = match known {
        Some(known) if new.is_empty() => return Ok(known),
        known => known,
    };
    let fresh = resolve_bytes(&bytes, &new).map_err(|error| missing::unreadable(&binary.path, &error))?;
    if let Some(cache) = cache {
        // A cache that cannot be written costs time at the next recording, nothing now.
        let _ = cache.store(&found, &fresh);
    }
    Ok(match known {
        Some(known) => {
            CacheEntry { resolution: Resolution::merged(&known.resolution, &fresh.resolution), ..fresh }
        }
        None => fresh,
    })
}

fn resolve_bytes(bytes: &[u8], addresses: &[u64]) -> Result<CacheEntry, crate::Error> {
    let image = ElfImage::parse(bytes)?;
    let debug = DebugSections::load(&image);
    let resolver = Resolver::new(&image, debug.as_ref());
    Ok(CacheEntry {
        symbols_from: resolver.symbols_from().to_owned(),
        gap: missing::gap(&image, &resolver),
        resolution: resolver.resolve(addresses),
    })
}

fn of_kernel(meta: &Meta, addresses: &[u64], options: &Options) -> Symbols {
    if meta.host.boot_id != options.boot_id {
        return without_names("the names of kernel functions are missing because this is not the recorded machine, or it was started anew since, which moves them: symbolize there, in the same boot".into());
    }
    let Some(text) = &options.kallsyms else {
        return without_names("the names of kernel functions are missing because /proc/kallsyms cannot be read: mount /proc, or record as root".into());
    };
    match Kallsyms::parse(text) {
        Ok(names) => Symbols { resolution: kernel_names(&names, addresses), symbols_from: "kallsyms".into(), missing: None },
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
    Symbols { resolution, symbols_from: "symtab".into(), missing: None }
}

/// A resolution of plain function names.
fn by_name(addresses: &[u64], name: impl Fn(u64) -> Option<(String, Option<String>)>) -> Resolution {
    let mut builder = Builder::default();
    for &address in addresses {
        let function = name(address).map(|(name, namespace)| {
            builder.function(SymFunction {
                linkage_name: name.clone(),
                name,
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
