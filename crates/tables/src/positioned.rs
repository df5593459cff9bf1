//! Reading and writing at an offset, whatever the operating system calls it.
//!
//! On Windows the position of the file moves with each call, so nobody who uses these may count on it.

use std::fs::File;
use std::io;

#[cfg(unix)]
mod system {
    pub(super) use std::os::unix::fs::FileExt;
}

#[cfg(windows)]
mod system {
    use std::fs::File;
    use std::io;
    use std::os::windows::fs::FileExt as Seeking;

    /// Unix's names for what Windows has.
    pub(super) trait FileExt {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
        fn write_at(&self, buffer: &[u8], offset: u64) -> io::Result<usize>;
    }

    impl FileExt for File {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            self.seek_read(buffer, offset)
        }

        fn write_at(&self, buffer: &[u8], offset: u64) -> io::Result<usize> {
            self.seek_write(buffer, offset)
        }
    }
}

use system::FileExt as _;

/// Reads some bytes at `offset`; none at the end of the file.
///
/// # Errors
/// Those of the system.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Fills `buffer` from `offset`.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] if the file ends before; those of the system.
pub fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match read_at(file, buffer, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
        }
    }
    Ok(())
}

/// Writes all of `bytes` at `offset`.
///
/// # Errors
/// Those of the system; a part may have been written by then.
pub fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                bytes = &bytes[written..];
                offset += written as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_at_an_offset_is_read_there() {
        let file = tempfile::tempfile().expect("a temporary file");
        write_all_at(&file, b"hello", 3).expect("space");
        let mut all = [1; 10];
        assert_eq!(read_at(&file, &mut all, 0).expect("readable"), 8);
        assert_eq!(all, *b"\0\0\0hello\x01\x01");
        let mut part = [0; 4];
        read_exact_at(&file, &mut part, 4).expect("four bytes");
        assert_eq!(part, *b"ello");
    }

    #[test]
    fn a_file_that_ends_too_early_is_an_error() {
        let file = tempfile::tempfile().expect("a temporary file");
        write_all_at(&file, b"abc", 0).expect("space");
        let error = read_exact_at(&file, &mut [0; 4], 0).expect_err("three bytes");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
