//! Any bytes through the filter: the same however they are read, never a crash. The first byte says how.
#![no_main]

use std::io::{self, Read};

use libfuzzer_sys::fuzz_target;
use pyrometer_symbols::demangle::{Form, Spelling, demangle_stream, demangle_text};

struct Pieces<'b> {
    bytes: &'b [u8],
    size: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.size.min(self.bytes.len()).min(buffer.len());
        let (piece, rest) = self.bytes.split_at(size);
        buffer[..size].copy_from_slice(piece);
        self.bytes = rest;
        Ok(size)
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let spelling = Spelling { hashes: size % 2 == 0, unified: false };
    let size = usize::from(*size) + 1;
    for form in [Form::Text, Form::Json] {
        let mut written = Vec::new();
        demangle_stream(&mut Pieces { bytes, size }, &mut written, spelling, form).expect("no I/O");
        assert!(form == Form::Json || written == demangle_text(bytes, spelling));
    }
});
