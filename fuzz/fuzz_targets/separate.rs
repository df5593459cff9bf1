//! Any bytes as a binary, its separate debug info, its package of split units and one split unit, all found for it.
#![no_main]

mod cut;

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::Bytes;
use pyrometer_symbols::find::{Bundle, Material, Part, Search, Subject, pack, unpack};
use pyrometer_symbols::identity::identify;

/// Addresses asked for in each stretch of code.
const ADDRESSES: u64 = 64;

struct Parts([Arc<Bytes>; 4]);

impl Bundle for Parts {
    fn part(&self, _: &str, part: Part) -> Option<Arc<Bytes>> {
        let at = match part {
            Part::Image => return None,
            Part::Debug => 0,
            Part::Package => 1,
            Part::Split(_) => 2,
            Part::Supplementary => 3,
        };
        Some(Arc::clone(&self.0[at])).filter(|bytes| !bytes.is_empty())
    }
}

fn owned(bytes: &[u8]) -> Bytes {
    Bytes::Owned(bytes.into())
}

fuzz_target!(|bytes: &[u8]| {
    let [image, debug, package, split, shared] = cut::cut::<5>(bytes);
    let parts = Parts([debug, package, split, shared].map(|part| Arc::new(owned(part))));
    let search = Search { system: Vec::new(), bundle: Some(Arc::new(parts)), ..Search::default() };
    let id = identify(image).expect("bytes can be read");
    // Nowhere, so that nothing of this machine is found beside it.
    let subject = Subject { path: "/nowhere/at/all/program", id: Some(&id) };
    let Ok(material) = Material::gather(&search, &subject, Ok(owned(image))) else { return };
    let answer = material.ask(&search, |resolver, image| {
        let spread = |range: std::ops::Range<u64>| {
            let step = ((range.end - range.start) / ADDRESSES).max(1);
            range.step_by(usize::try_from(step).unwrap_or(usize::MAX)).take(ADDRESSES as usize)
        };
        let addresses: Vec<u64> = image.code_ranges().into_iter().take(16).flat_map(spread).collect();
        let found = resolver.resolve(&addresses);
        assert!(addresses.iter().all(|&address| found.frames(address).is_some()));
    });
    if answer.is_ok() {
        let mut packed = Vec::new();
        pack(image, &mut packed).expect("memory");
        assert_eq!(unpack(&packed).expect("what was packed").len(), image.len());
    }
    let _ = unpack(bytes);
});
