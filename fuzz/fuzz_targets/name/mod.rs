//! Names all that a binary's code could be asked for.

use pyrometer_symbols::disassemble::disassemble;
use pyrometer_symbols::{DebugSections, ElfImage, Resolver};

/// Addresses asked for in each stretch of code.
const ADDRESSES: usize = 64;

pub fn name_all(bytes: &[u8]) {
    let Ok(image) = ElfImage::parse(bytes) else { return };
    let debug = DebugSections::load(&image);
    let resolver = Resolver::new(&image, debug.as_ref());
    let code = image.code_ranges();
    let step = |range: &std::ops::Range<u64>| usize::try_from((range.end - range.start) / ADDRESSES as u64);
    let some = |range: &std::ops::Range<u64>| {
        range.clone().step_by(step(range).unwrap_or(usize::MAX).max(1)).take(ADDRESSES)
    };
    let mut addresses: Vec<u64> = code.iter().take(16).flat_map(some).collect();
    addresses.extend([0, 1, u64::MAX]);
    let found = resolver.resolve(&addresses);
    for &address in &addresses {
        let frames = found.frames(address).expect("it was asked for");
        assert!(frames.iter().all(|frame| frame.function.is_none() || found.function(frame).is_some()));
        if let Some(symbol) = resolver.symbols().find(address) {
            assert!((symbol.start..symbol.end).contains(&address));
        }
    }
    for range in code.iter().take(2) {
        let end = range.end.min(range.start.saturating_add(256));
        // Code of another processor is refused.
        if let Ok(listing) = disassemble(&image, &resolver, range.start..end) {
            assert!(listing.instructions.iter().all(|instruction| !instruction.bytes.is_empty()));
        }
    }
}
