//! One block: `PYRB`, packed length, unpacked length, CRC-32 of both lengths and of the packed
//! bytes (little-endian `u32` each), then records packed by zstd.

use std::fs::File;
use std::io::{self, Read};

use crate::positioned::read_exact_at;

const MAGIC: [u8; 4] = *b"PYRB";
pub(super) const HEADER_LENGTH: usize = 16;
/// No writer makes a larger block, so no reader unpacks one.
pub(super) const UNPACKED_LIMIT: usize = 64 << 20;
/// Cheapest level: the recorder shares the machine with what it measures.
const LEVEL: i32 = 1;

/// Appends `records` to `out` as one block.
pub(super) fn pack(records: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let payload = zstd::bulk::compress(records, LEVEL)?;
    let lengths = [length(payload.len())?, length(records.len())?].concat();
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&lengths);
    out.extend_from_slice(&checksum(&lengths, &payload).to_le_bytes());
    out.extend_from_slice(&payload);
    Ok(())
}

fn length(bytes: usize) -> io::Result<[u8; 4]> {
    u32::try_from(bytes).map(u32::to_le_bytes).map_err(|_| io::Error::other("a block is larger than 4 GiB"))
}

fn checksum(lengths: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(lengths);
    hasher.update(payload);
    hasher.finalize()
}

/// Unpacks the block at `offset` of a file of `file_length` bytes into `records`.
/// Returns the offset after it, or `None` if no whole block stands there.
pub(super) fn unpack(
    file: &File,
    offset: u64,
    file_length: u64,
    records: &mut Vec<u8>,
) -> io::Result<Option<u64>> {
    let payload_at = offset.saturating_add(HEADER_LENGTH as u64);
    if payload_at > file_length {
        return Ok(None);
    }
    let mut header = [0; HEADER_LENGTH];
    read_exact_at(file, &mut header, offset)?;
    let (packed, unpacked) = (word(&header, 4), word(&header, 8) as usize);
    let end = payload_at.saturating_add(u64::from(packed));
    if header[..4] != MAGIC || end > file_length || unpacked > UNPACKED_LIMIT {
        return Ok(None);
    }
    let mut payload = vec![0; packed as usize];
    read_exact_at(file, &mut payload, payload_at)?;
    if checksum(&header[4..12], &payload) != word(&header, 12) {
        return Ok(None);
    }
    records.clear();
    zstd::Decoder::new(&payload[..])?.take(unpacked as u64 + 1).read_to_end(records)?;
    Ok((records.len() == unpacked).then_some(end))
}

fn word(header: &[u8; HEADER_LENGTH], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}
