//! Any bytes as a file of the symbol cache: once as they are, and once packed with a right checksum.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::cache::{CacheEntry, RESOLVER_VERSION};

fuzz_target!(|bytes: &[u8]| {
    for file in [bytes.to_vec(), packed(bytes)] {
        let Some(entry) = CacheEntry::decode(&file) else { continue };
        for &address in entry.resolution.addresses() {
            let frames = entry.resolution.frames(address).expect("its own address");
            assert!(
                frames
                    .iter()
                    .all(|frame| frame.function.is_none() || entry.resolution.function(frame).is_some())
            );
        }
        let again = CacheEntry::decode(&entry.encode().expect("memory"));
        assert_eq!(again.as_ref(), Some(&entry));
    }
});

fn packed(plain: &[u8]) -> Vec<u8> {
    let packed = zstd::bulk::compress(plain, 1).expect("memory");
    let checksum = crc32fast::hash(&packed);
    let length = plain.len() as u64;
    [
        &b"PYROSYM1"[..],
        &RESOLVER_VERSION.to_le_bytes(),
        &checksum.to_le_bytes(),
        &length.to_le_bytes(),
        &packed,
    ]
    .concat()
}
