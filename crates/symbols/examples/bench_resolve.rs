//! Times the naming of addresses of a binary: `bench_resolve BINARY [COUNT]`.
//!
//! Prints one line for each step: ours step by step, a whole profile without and with the cache, and
//! the `addr2line` crate on the same addresses.

use std::time::Instant;

use pyrometer_symbols::{DebugSections, ElfImage, Files, Options, Resolver, symbolize};
use pyrometer_tables::meta::Meta;
use pyrometer_tables::schema::{Binary, Frame, Stack, Tables};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().expect("usage: bench_resolve BINARY [COUNT]");
    let count: u64 = arguments.next().map_or(20_000, |text| text.parse().expect("COUNT is a number"));
    let bytes = std::fs::read(&path).expect("BINARY can be read");
    let image = ElfImage::parse(&bytes).expect("BINARY is an ELF file");
    let addresses = spread(&image, count);
    steps(&image, &addresses);
    whole_profile(&path, &addresses);
    by_addr2line(&image, &addresses);
}

fn step<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let (start, before) = (Instant::now(), cpu_time());
    let result = work();
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_time() - before);
    println!("{name:<44} {:8.2} ms {:8.2} ms of CPU", wall * 1e3, cpu * 1e3);
    result
}

/// CPU time of this process so far, in seconds: on a busy machine, what the work really took.
fn cpu_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec to write to, and the clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Addresses at even distances over all code.
fn spread(image: &ElfImage<'_>, count: u64) -> Vec<u64> {
    let code = image.code_ranges();
    let total: u64 = code.iter().map(|range| range.end - range.start).sum();
    let distance = (total / count).max(1) as usize;
    let mut addresses: Vec<u64> = code.into_iter().flat_map(|range| range.step_by(distance)).collect();
    addresses.truncate(count as usize);
    addresses
}

fn steps(image: &ElfImage<'_>, addresses: &[u64]) {
    let debug = step("debug sections", || DebugSections::load(image));
    let resolver = step("symbol table, units", || Resolver::new(image, debug.as_ref()));
    step("first address", || resolver.resolve(&addresses[addresses.len() / 2..][..1]));
    let found = step("all addresses, cold", || resolver.resolve(addresses));
    let again = step("all addresses, warm", || resolver.resolve(addresses));
    assert!(found == again, "the same addresses give the same result");
    if let Some(dwarf) = resolver.dwarf() {
        let mut frames = Vec::new();
        step("lookups alone, warm, one thread", || {
            addresses.iter().for_each(|&address| dwarf.lookup(address, &mut frames));
        });
        println!(
            "  {} addresses, {} frames, {} functions",
            addresses.len(),
            frames.len(),
            found.functions.len()
        );
    }
}

fn whole_profile(path: &str, addresses: &[u64]) {
    let frame = |&address: &u64| Frame {
        address: Some(address.cast_signed()),
        binary: Some(0),
        kind: "native".into(),
        ..Frame::default()
    };
    let tables = Tables {
        binaries: vec![Binary { path: path.into(), ..Binary::default() }],
        frames: addresses.iter().map(frame).collect(),
        stacks: (0..addresses.len() as i32).map(|frame| Stack { parent: None, frame }).collect(),
        ..Tables::default()
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |cache: bool| {
        let cache = cache.then(|| folder.path().to_owned());
        let options = Options { cache, ..Options::default() };
        symbolize(&Meta::default(), tables.clone(), &Files::default(), &options)
    };
    step("whole profile, no cache", || run(false));
    step("whole profile, writing the cache", || run(true));
    step("whole profile, from the cache", || run(true));
}

fn by_addr2line(image: &ElfImage<'_>, addresses: &[u64]) {
    let load = |id: gimli::SectionId| Ok::<_, gimli::Error>(image.section(id.name()).unwrap_or_default());
    let sections = gimli::DwarfSections::load(load).expect("sections");
    let dwarf = sections.borrow(|section| gimli::EndianSlice::new(section, gimli::LittleEndian));
    let context =
        step("addr2line crate: units", || addr2line::Context::from_dwarf(dwarf).expect("debug info"));
    for name in ["addr2line crate: cold, one thread", "addr2line crate: warm, one thread"] {
        let frames =
            step(name, || addresses.iter().map(|&address| count_frames(&context, address)).sum::<usize>());
        println!("  {frames} frames");
    }
}

fn count_frames<R: gimli::Reader>(context: &addr2line::Context<R>, address: u64) -> usize {
    let mut frames = context.find_frames(address).skip_all_loads().expect("debug info");
    std::iter::from_fn(|| frames.next().ok().flatten()).count()
}
