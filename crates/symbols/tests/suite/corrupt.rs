//! Damaged binaries: any answer is fine, a crash or an endless run is not.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::common::{Bench, C_PROGRAM, CPP_PROGRAM, RUST_PROGRAM, read};
use object::{Object, ObjectSection};
use proptest::prelude::*;
use pyrometer_symbols::disassemble::disassemble;
use pyrometer_symbols::identity::{fallback_id, identify};
use pyrometer_symbols::{DebugSections, ElfImage, Resolver};

/// Far more than any case needs, far less than a bomb takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Binaries of several kinds, built once.
fn binaries() -> &'static [Vec<u8>] {
    static BINARIES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    BINARIES.get_or_init(|| {
        let bench = Bench::new();
        vec![
            read(&bench.c("c5", C_PROGRAM, &["-O2", "-g", "-gdwarf-5"])),
            read(&bench.c("c4", C_PROGRAM, &["-O2", "-g", "-gdwarf-4", "-gz=zlib"])),
            read(&bench.c("cpp2", CPP_PROGRAM, &["-O2", "-g", "-gdwarf-2"])),
            read(&bench.rust("rust", RUST_PROGRAM, &["-Cdebuginfo=1", "-Cprefer-dynamic=yes"])),
        ]
    })
}

/// Does with `bytes` all that a profile would.
fn use_all(bytes: &[u8]) {
    let start = Instant::now();
    identify(bytes).expect("bytes can be read");
    fallback_id(bytes).expect("bytes can be read");
    let Ok(image) = ElfImage::parse(bytes) else { return };
    let debug = DebugSections::load(&image);
    let resolver = Resolver::new(&image, debug.as_ref());
    let code = image.code_ranges();
    let mut addresses: Vec<u64> = code.iter().flat_map(|range| range.clone().step_by(16).take(400)).collect();
    addresses.extend([0, 1, u64::MAX, u64::MAX - 1, 1 << 63]);
    let found = resolver.resolve(&addresses);
    for &address in &addresses {
        let frames = found.frames(address).expect("it was asked for");
        assert!(frames.iter().all(|frame| frame.function.is_none() || found.function(frame).is_some()));
    }
    for range in code.iter().take(4) {
        if let Ok(listing) =
            disassemble(&image, &resolver, range.start..range.end.min(range.start.saturating_add(256)))
        {
            assert!(listing.instructions.iter().all(|instruction| !instruction.bytes.is_empty()));
        }
    }
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

/// File range of a section of the debug info.
fn debug_range(bytes: &[u8], which: usize) -> (usize, usize) {
    let file = object::File::parse(bytes).expect("an ELF file");
    let sections: Vec<_> = file
        .sections()
        .filter(|section| section.name().is_ok_and(|name| name.starts_with(".debug")))
        .collect();
    let (offset, size) = sections[which % sections.len()].file_range().expect("it has bytes");
    (offset as usize, size as usize)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn flipped_bits_anywhere(which: usize, flips in prop::collection::vec(any::<(usize, u8)>(), 1..40)) {
        let mut bytes = binaries()[which % binaries().len()].clone();
        for (at, mask) in flips {
            let at = at % bytes.len();
            bytes[at] ^= mask;
        }
        use_all(&bytes);
    }

    #[test]
    fn flipped_bits_in_the_headers(which: usize, flips in prop::collection::vec((0usize..1024, any::<u8>()), 1..10), tail: bool) {
        let mut bytes = binaries()[which % binaries().len()].clone();
        for (at, mask) in flips {
            // Program headers stand first, section headers last.
            let at = if tail { bytes.len() - 1 - at } else { at };
            bytes[at] ^= mask;
        }
        use_all(&bytes);
    }

    #[test]
    fn overwritten_debug_info(which: usize, section: usize, values in prop::collection::vec(any::<(usize, u8)>(), 1..200)) {
        let mut bytes = binaries()[which % binaries().len()].clone();
        let (offset, size) = debug_range(&bytes, section);
        for (at, value) in values {
            bytes[offset + at % size] = value;
        }
        use_all(&bytes);
    }

    #[test]
    fn cut_short(which: usize, length: usize) {
        let bytes = &binaries()[which % binaries().len()];
        use_all(&bytes[..length % bytes.len()]);
    }

    #[test]
    fn no_binary_at_all(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        use_all(&bytes);
        use_all(&[b"\x7fELF\x02\x01\x01".as_slice(), &bytes].concat());
    }
}
