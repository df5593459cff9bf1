//! The file that an archive is written to, quiet after its first failure.
//!
//! An archive that is dropped unfinished still writes its directory, and prints to standard error
//! when it cannot. The caller has the error already and the program may own the terminal, so
//! whatever comes after a failure goes nowhere, and only the position in the file is kept up: the
//! file is thrown away anyhow.

use std::fs::File;
use std::io::{BufWriter, Result, Seek, SeekFrom, Write};

pub(super) struct Output {
    file: BufWriter<File>,
    position: u64,
    end: u64,
    failed: bool,
}

impl Output {
    pub(super) fn new(file: File) -> Self {
        Self { file: BufWriter::new(file), position: 0, end: 0, failed: false }
    }

    pub(super) fn finish(self) -> Result<()> {
        let file = self.file.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()
    }

    fn attempt<T>(
        &mut self,
        after_failure: T,
        act: impl FnOnce(&mut BufWriter<File>) -> Result<T>,
    ) -> Result<T> {
        if self.failed {
            return Ok(after_failure);
        }
        let result = act(&mut self.file);
        self.failed = result.is_err();
        result
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let written = self.attempt(bytes.len(), |file| file.write(bytes))?;
        self.position += written as u64;
        self.end = self.end.max(self.position);
        Ok(written)
    }

    fn flush(&mut self) -> Result<()> {
        self.attempt((), Write::flush)
    }
}

impl Seek for Output {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(distance) => self.position.saturating_add_signed(distance),
            SeekFrom::End(distance) => self.end.saturating_add_signed(distance),
        };
        self.position = self.attempt(target, |file| file.seek(to))?;
        Ok(self.position)
    }
}
