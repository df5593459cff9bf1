//! One input for several parts of a made-up file.

/// Cuts `bytes` into `N` parts: the lengths of all but the last come first, as little-endian u16.
pub fn cut<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    let (lengths, mut rest) = bytes.split_at(bytes.len().min(2 * (N - 1)));
    let mut parts: [&[u8]; N] = [&[]; N];
    for (at, part) in parts.iter_mut().enumerate() {
        let length = lengths.get(2 * at..2 * at + 2).map(|length| u16::from_le_bytes([length[0], length[1]]));
        let length = length.map_or(rest.len(), |length| usize::from(length).min(rest.len()));
        (*part, rest) = rest.split_at(length);
    }
    parts
}
