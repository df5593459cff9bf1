//! Files whose lines are understood one after the other.

use super::{Builder, Input, Line};
use crate::error::{Error, Result};

/// Understands lines. What one should have been, if it does not fit, is the error.
pub(super) trait ByLine {
    /// In words: `` `frame;frame NUMBER` ``.
    type Expected: AsRef<str>;
    /// How many bytes [`Self::lines`] is given at least, unless the file ends before.
    const AHEAD: usize = 1;

    /// Takes in as many whole lines from the front of `text` as are of a kind that comes in great numbers and fit. What is
    /// left comes line by line.
    #[inline]
    fn lines(&mut self, text: &[u8]) -> Taken {
        let _ = text;
        Taken::default()
    }

    /// Takes in the next line.
    fn line(&mut self, line: &Line<'_>) -> std::result::Result<(), Self::Expected>;

    /// Whether the last line of the file, which has no end, would fit as well if it were cut: `12` of `123`.
    fn may_be_cut(&self, line: &[u8]) -> bool {
        let _ = line;
        false
    }

    /// After the last line: what should have followed it, if something should.
    fn end(&mut self) -> std::result::Result<(), Self::Expected> {
        Ok(())
    }

    /// What is filled.
    fn builder(&mut self) -> &mut Builder;
}

/// Whole lines that were taken in at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// With the ends of the lines.
    pub(super) bytes: usize,
    pub(super) lines: u64,
}

/// Hands all lines over; what does not fit is left out or an error, as the builder has it.
///
/// # Errors
/// Those of reading, and of a strict reading the first line that does not fit.
pub(super) fn read_by_line<R: ByLine>(input: &mut Input<'_>, reader: &mut R) -> Result<()> {
    let path = input.path().to_owned();
    let mut lines = input.lines();
    let mut end = 0;
    loop {
        // A file that cannot be unpacked any further ends there, if it is read leniently.
        let ready = match lines.ready(R::AHEAD) {
            Ok(ready) => ready,
            Err(error) => {
                reader.builder().left_out(error)?;
                break;
            }
        };
        let taken = reader.lines(ready);
        if taken.lines > 0 {
            end = lines.skip(taken.bytes, taken.lines);
        }
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                reader.builder().left_out(error)?;
                break;
            }
        };
        end = line.offset + line.bytes.len() as u64;
        if line.is_open && reader.may_be_cut(line.bytes) {
            reader.builder().left_out(line.malformed("the end of the line"))?;
        } else if let Err(expected) = reader.line(&line) {
            reader.builder().left_out(line.malformed(expected.as_ref()))?;
        }
    }
    if let Err(expected) = reader.end() {
        reader.builder().left_out(Error::malformed(&path, end, expected.as_ref(), "the end of the file"))?;
    }
    Ok(())
}
