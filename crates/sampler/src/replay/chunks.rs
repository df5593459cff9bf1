//! Compressed records: one stream of zstd, cut into records without regard to what is in it.

use std::path::Path;
use std::rc::Rc;

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::error::{Error, Result};
use super::fields::Fields;
use super::file::kind;

/// How much may be unpacked whatever the file's size, and how much larger than the file beyond that.
const UNPACKED: u64 = 256 << 20;
const RATIO: u64 = 500;
/// Bytes of a record: its size is a number of 16 bits.
const LARGEST_RECORD: usize = u16::MAX as usize;
/// Bytes that are made room for at once.
const ROOM: usize = 128 << 10;

/// Unpacks the stream piece by piece.
pub(super) struct Unpacker {
    decoder: Decoder<'static>,
    /// The begin of a record whose rest is in the next piece.
    begun: Vec<u8>,
    unpacked: u64,
    size: u64,
}

impl Unpacker {
    /// `size`: bytes of the file.
    pub(super) fn new(size: u64) -> std::io::Result<Self> {
        Ok(Self { decoder: Decoder::new()?, begun: Vec::new(), unpacked: 0, size })
    }

    /// The whole records that the compressed record at a place completes; the rest is kept.
    pub(super) fn unpack(
        &mut self,
        (path, offset): (&Path, u64),
        record: Fields,
        of: u32,
    ) -> Result<Rc<[u8]>> {
        let cut = || Error::malformed(path, offset, "a compressed record", "too few bytes");
        let packed = match of {
            kind::COMPRESSED2 => record.part(16, record.length(8).ok_or_else(cut)?),
            _ => record.rest(8),
        };
        let mut bytes = std::mem::take(&mut self.begun);
        self.run(packed.ok_or_else(cut)?.bytes, &mut bytes).map_err(|error| match error {
            Failed::Bomb => {
                Error::TooLarge { path: path.to_owned(), unpacked: self.unpacked, size: self.size }
            }
            Failed::Stream(error) => Error::malformed(path, offset, "compressed data", error.to_string()),
        })?;
        let whole = whole_records(Fields::new(&bytes, record.big));
        self.begun = bytes.split_off(whole);
        if self.begun.len() > LARGEST_RECORD {
            return Err(Error::malformed(path, offset, "records in what is compressed", "none"));
        }
        Ok(bytes.into())
    }

    fn run(&mut self, packed: &[u8], bytes: &mut Vec<u8>) -> std::result::Result<(), Failed> {
        let mut input = InBuffer::around(packed);
        loop {
            let start = bytes.len();
            bytes.resize(start + ROOM, 0);
            let mut output = OutBuffer::around_pos(bytes.as_mut_slice(), start);
            let run = self.decoder.run(&mut input, &mut output).map(|_| output.pos());
            let end = run.map_err(Failed::Stream)?;
            bytes.truncate(end);
            self.unpacked += (end - start) as u64;
            if self.unpacked > UNPACKED.saturating_add(self.size.saturating_mul(RATIO)) {
                return Err(Failed::Bomb);
            }
            // A full buffer may not have had room for all that was read.
            if input.pos() == packed.len() && end < start + ROOM {
                return Ok(());
            }
        }
    }

    /// Bytes of a record that was never completed.
    pub(super) fn unfinished(&self) -> usize {
        self.begun.len()
    }
}

enum Failed {
    Bomb,
    Stream(std::io::Error),
}

/// Bytes up to the end of the last whole record, or to where no record can begin.
fn whole_records(fields: Fields) -> usize {
    let mut at = 0;
    while let Some(size) = fields.u16(at + 6).map(usize::from) {
        if size < 8 || at + size > fields.bytes.len() {
            break;
        }
        at += size;
    }
    at
}
