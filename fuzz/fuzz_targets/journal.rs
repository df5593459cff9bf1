//! Any bytes as a recording: opened or refused, never a crash. Once as they are, and once packed
//! into a block with a right checksum, which lets them reach the records.
#![no_main]

mod open;
mod views;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let header = [&b"PYRJOURN"[..], &1_u32.to_le_bytes()].concat();
    open::open_and_use(&[&header[..], bytes].concat());
    let mut journal = header;
    journal.extend(block(bytes));
    open::open_and_use(&journal);
});

fn block(records: &[u8]) -> Vec<u8> {
    let payload = zstd::bulk::compress(records, 1).expect("memory");
    let lengths = [payload.len() as u32, records.len() as u32].map(u32::to_le_bytes).concat();
    let checksum = crc32fast::hash(&[&lengths[..], &payload[..]].concat());
    [&b"PYRB"[..], &lengths, &checksum.to_le_bytes(), &payload].concat()
}
