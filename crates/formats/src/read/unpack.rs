//! Packed files, gzip and zstd: unpacked in a thread of its own while what came before is understood.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flate2::bufread::MultiGzDecoder;

use super::input::Watch;

/// How much may be unpacked whatever the file's size.
const UNPACKED: u64 = 256 << 20;
/// How much larger than the file what is unpacked may be beyond that. Text of profiles packs to a fortieth, seldom to
/// a two-hundredth; a bomb to less than a thousandth.
const RATIO: u64 = 500;
/// The largest window of zstd that is unpacked, as a power of two: that of its `--ultra --long=31`.
const WINDOW: u32 = 31;
/// Bytes that the thread hands over at once.
const PIECE: usize = 1 << 18;
/// Pieces that it may be ahead.
const AHEAD: usize = 4;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    /// By the first bytes of a file; none if it is not packed.
    pub(super) fn of(magic: &[u8]) -> Option<Self> {
        // A frame to be skipped, as parallel writers and `pzstd` put first.
        let is_skipped = magic.len() > 4 && magic[0] & 0xf0 == 0x50 && magic[1..4] == [0x2a, 0x4d, 0x18];
        match magic {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => is_skipped.then_some(Self::Zstd),
        }
    }

    /// What `packed` holds, of a file of `size` bytes.
    pub(super) fn unpacked<'a>(self, packed: impl BufRead + 'a, size: u64) -> io::Result<Box<dyn Read + 'a>> {
        let source: Box<dyn Read> = match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(packed)?;
                decoder.window_log_max(WINDOW)?;
                Box::new(decoder)
            }
        };
        Ok(Box::new(Bounded { source, unpacked: 0, size }))
    }
}

/// Why reading was stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error("interrupted")]
    ByWatch,
    #[error("{unpacked} bytes unpacked from {size}")]
    Bomb { unpacked: u64, size: u64 },
}

/// Unpacks no bomb.
struct Bounded<'a> {
    source: Box<dyn Read + 'a>,
    unpacked: u64,
    size: u64,
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.unpacked += read as u64;
        let (unpacked, size) = (self.unpacked, self.size);
        if unpacked > UNPACKED.saturating_add(size.saturating_mul(RATIO)) {
            return Err(io::Error::other(Stopped::Bomb { unpacked, size }));
        }
        Ok(read)
    }
}

/// A file that a thread unpacks, a few pieces ahead of who reads it. It ends when the last piece was read or is no
/// longer wanted.
pub(super) struct Ahead<'a, 'b> {
    pieces: Receiver<io::Result<Vec<u8>>>,
    /// Pieces that were read, to be filled again.
    read: SyncSender<Vec<u8>>,
    piece: Vec<u8>,
    taken: usize,
    ended: bool,
    packed: Arc<AtomicU64>,
    size: u64,
    watch: &'a mut Watch<'b>,
}

impl<'a, 'b> Ahead<'a, 'b> {
    pub(super) fn new(
        packing: Packing,
        file: BufReader<File>,
        size: u64,
        watch: &'a mut Watch<'b>,
    ) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(AHEAD);
        // One more for each that waits, for the one that is read, and the one that is filled.
        let (read, empty) = sync_channel(AHEAD + 2);
        let packed = Arc::new(AtomicU64::new(0));
        let counted = BufReader::with_capacity(PIECE, Counted { inner: file, read: Arc::clone(&packed) });
        let run = move || unpack(packing, counted, size, &sender, &empty);
        thread::Builder::new().name("unpack".to_owned()).spawn(run)?;
        Ok(Self { pieces, read, piece: Vec::new(), taken: 0, ended: false, packed, size, watch })
    }

    /// Fetches the next piece; an empty one is the end.
    fn fetch(&mut self) -> io::Result<()> {
        let gone = || io::Error::other("the thread that unpacks has ended");
        let piece = self.pieces.recv().unwrap_or_else(|_| Err(gone()))?;
        let read = std::mem::replace(&mut self.piece, piece);
        self.taken = 0;
        self.ended = self.piece.is_empty();
        // A thread that has ended fills no more.
        let _ = self.read.try_send(read);
        let packed = self.packed.load(Ordering::Relaxed);
        if (self.watch)(packed, self.size) { Ok(()) } else { Err(io::Error::other(Stopped::ByWatch)) }
    }
}

impl Read for Ahead<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.piece.len() && !self.ended {
            self.fetch()?;
        }
        let read = (&self.piece[self.taken..]).read(into)?;
        self.taken += read;
        Ok(read)
    }
}

/// Sends pieces until an empty one or an error ends them, or nobody takes them any more.
fn unpack(
    packing: Packing,
    packed: impl BufRead,
    size: u64,
    pieces: &SyncSender<io::Result<Vec<u8>>>,
    empty: &Receiver<Vec<u8>>,
) {
    let mut source = match packing.unpacked(packed, size) {
        Ok(source) => source,
        Err(error) => return drop(pieces.send(Err(error))),
    };
    loop {
        let mut piece = empty.try_recv().unwrap_or_default();
        piece.clear();
        let read = source.by_ref().take(PIECE as u64).read_to_end(&mut piece);
        let is_last = piece.is_empty();
        // What came before an error is read first.
        if !(is_last && read.is_err()) && pieces.send(Ok(piece)).is_err() {
            return;
        }
        if let Err(error) = read {
            return drop(pieces.send(Err(error)));
        }
        if is_last {
            return;
        }
    }
}

/// Counts what is read of a file.
struct Counted {
    inner: BufReader<File>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::input::Input;
    use crate::error::Error;

    /// Longer than all pieces that are unpacked ahead.
    fn text() -> Vec<u8> {
        (0..1_000_000_u32)
            .flat_map(|number| format!("{number} {}\n", number.wrapping_mul(2_654_435_761)).into_bytes())
            .collect()
    }

    fn packed(text: &[u8]) -> [Vec<u8>; 2] {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(text).unwrap();
        [gzip.finish().unwrap(), zstd::encode_all(text, 1).unwrap()]
    }

    /// What is read of a file of these bytes.
    fn read(bytes: &[u8], watch: &mut dyn FnMut(u64, u64) -> bool) -> crate::error::Result<Vec<u8>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Input::open(file.path(), watch)?.bytes()
    }

    #[test]
    fn a_packed_file_is_read_whole_and_its_reading_is_told() {
        let text = text();
        for bytes in packed(&text) {
            let mut last = 0;
            let found = read(&bytes, &mut |read, size| {
                assert!(last <= read && read <= size && size == bytes.len() as u64);
                last = read;
                true
            });
            assert!(found.unwrap() == text);
            assert_eq!(last, bytes.len() as u64);
        }
        for bytes in packed(b"") {
            assert_eq!(read(&bytes, &mut |_, _| true).unwrap(), b"");
        }
    }

    #[test]
    fn a_file_that_is_cut_is_an_error_and_who_stops_gets_one() {
        for bytes in packed(&text()) {
            let cut = read(&bytes[..bytes.len() / 2], &mut |_, _| true).unwrap_err();
            assert!(matches!(cut, Error::Malformed { .. }), "{cut}");
            let mut pieces = 0;
            let stopped = read(&bytes, &mut |_, _| {
                pieces += 1;
                pieces < 3
            });
            assert!(matches!(stopped, Err(Error::Interrupted)));
        }
    }
}
