//! Files and streams: unpacked, and read so that they can be given up.

use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::bufread::MultiGzDecoder;

use crate::error::{Error, Result};
use crate::feed::Source;

/// Neither can begin a text: their second bytes continue a letter that was not begun.
const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Bytes that an unpacker reads at once.
const PACKED: usize = 128 << 10;

/// Opens a file.
///
/// # Errors
/// [`Error::Read`] if it cannot be opened; what cannot be read is noticed later.
pub fn open(path: &Path, stop: &Arc<AtomicBool>) -> Result<Source> {
    let name = path.display().to_string();
    match File::open(path) {
        Ok(file) => Ok(unpacked(name, Patience::new(file, stop.clone()))),
        Err(source) => Err(Error::Read { name, source }),
    }
}

/// A stream that is unpacked if it is gzip or zstd.
pub fn unpacked(name: String, stream: impl Read + Send + 'static) -> Source {
    Source { name, stream: Box::new(Unpacking::Unknown(Box::new(stream))) }
}

/// A stream whose beginning is looked at when somebody reads it, not before: it may wait for long.
enum Unpacking {
    Unknown(Box<dyn Read + Send>),
    Known(Box<dyn Read + Send>),
}

impl Read for Unpacking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Self::Unknown(stream) = self {
            let stream = std::mem::replace(stream, Box::new(io::empty()));
            *self = Self::Known(recognised(stream)?);
        }
        match self {
            Self::Known(stream) | Self::Unknown(stream) => stream.read(buffer),
        }
    }
}

fn recognised(mut stream: Box<dyn Read + Send>) -> io::Result<Box<dyn Read + Send>> {
    let mut head = vec![0; ZSTD.len()];
    let mut filled = 0;
    // No further than the beginning can still be one of them.
    while filled < head.len() && is_open(&head[..filled]) {
        match stream.read(&mut head[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    head.truncate(filled);
    let (gzip, zstd) = (head.starts_with(GZIP), head.starts_with(ZSTD));
    let stream = Cursor::new(head).chain(stream);
    Ok(if gzip {
        Box::new(MultiGzDecoder::new(BufReader::with_capacity(PACKED, stream)))
    } else if zstd {
        Box::new(zstd::Decoder::new(stream)?)
    } else {
        Box::new(stream)
    })
}

fn is_open(head: &[u8]) -> bool {
    GZIP.starts_with(head) || ZSTD.starts_with(head)
}

/// A stream that ends when it is told to stop, also while it waits for more.
pub struct Patience {
    file: File,
    stop: Arc<AtomicBool>,
    /// Whether reading may wait.
    waits: bool,
}

impl Patience {
    /// The stream of a file, a pipe or a terminal.
    #[must_use]
    pub fn new(file: File, stop: Arc<AtomicBool>) -> Self {
        let waits = !file.metadata().is_ok_and(|metadata| metadata.is_file());
        Self { file, stop, waits }
    }

    /// Waits until there is something to read; false if it was told to stop.
    #[cfg(unix)]
    fn wait(&self) -> bool {
        use std::os::fd::AsRawFd;

        const MILLISECONDS: i32 = 50;
        let mut poll = libc::pollfd { fd: self.file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        while !self.stop.load(Ordering::Relaxed) {
            // SAFETY: one structure, as is said, that lives through the call.
            if unsafe { libc::poll(&raw mut poll, 1, MILLISECONDS) } != 0 {
                return true;
            }
        }
        false
    }

    #[cfg(not(unix))]
    fn wait(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

impl Read for Patience {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.waits && !self.wait() {
            return Ok(0);
        }
        self.file.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: Vec<u8>) -> io::Result<String> {
        let mut text = String::new();
        unpacked("x".to_owned(), Cursor::new(bytes)).stream.read_to_string(&mut text)?;
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).expect("memory");
        encoder.finish().expect("memory")
    }

    #[test]
    fn packed_text_of_several_parts() {
        assert_eq!(read([gzip("a\n"), gzip("b\n")].concat()).expect("text"), "a\nb\n");
        let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 3).expect("memory");
        assert_eq!(read([zstd("a\n"), zstd("b\n")].concat()).expect("text"), "a\nb\n");
    }

    #[test]
    fn short_texts() {
        for text in ["", "(", "a", "(\u{35}", "abcdef"] {
            assert_eq!(read(text.as_bytes().to_vec()).expect("text"), text);
        }
    }

    #[test]
    fn cut_packed_text() {
        let mut bytes = gzip(&"line\n".repeat(1000));
        bytes.truncate(20);
        assert!(read(bytes).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_stream_that_waits_can_be_stopped() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let stop = Arc::new(AtomicBool::new(false));
        let file = File::from(std::os::fd::OwnedFd::from(reader));
        let mut stream = Patience::new(file, stop.clone());
        let waiting = std::thread::spawn(move || stream.read(&mut [0; 8]));
        stop.store(true, Ordering::Relaxed);
        assert_eq!(waiting.join().expect("no panic").expect("an end"), 0);
        drop(writer);
    }
}
