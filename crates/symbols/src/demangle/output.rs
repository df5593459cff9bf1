//! Where a demangled name is written to: bounded in length and in steps, whatever the mangled name says.

/// Mangled or demangled names longer than this are not demangled.
pub const LONGEST_NAME: usize = 1 << 16;
/// What one name may make us do: back-references can lead through the same text again and again
/// without printing anything. The longest name of a real program takes some thousands.
const MOST_STEPS: u32 = 1 << 17;

/// The name is none of this scheme, or beyond a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

pub(crate) type Parsed<T = ()> = Result<T, Malformed>;

/// Spelling of a Rust name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spelling {
    /// With the hash (legacy), disambiguators of crates and suffixes of constants (v0).
    pub hashes: bool,
    /// As views spell it, alike for both schemes; else as `rustfilt` does.
    pub unified: bool,
}

/// Appends one name to bytes that may hold others already.
pub(crate) struct Output<'b> {
    bytes: &'b mut Vec<u8>,
    start: usize,
    end: usize,
    steps: u32,
}

impl<'b> Output<'b> {
    pub(crate) fn new(bytes: &'b mut Vec<u8>) -> Self {
        let start = bytes.len();
        Output { bytes, start, end: start + LONGEST_NAME, steps: MOST_STEPS }
    }

    #[inline]
    pub(crate) fn push(&mut self, text: &[u8]) -> Parsed {
        if text.len() > self.end - self.bytes.len() {
            return Err(Malformed);
        }
        self.bytes.extend_from_slice(text);
        Ok(())
    }

    pub(crate) fn push_char(&mut self, character: char) -> Parsed {
        self.push(character.encode_utf8(&mut [0; 4]).as_bytes())
    }

    pub(crate) fn push_number(&mut self, number: u64, radix: u64) -> Parsed {
        let mut digits = [0_u8; 20];
        let (mut at, mut rest) = (digits.len(), number);
        loop {
            at -= 1;
            digits[at] = b"0123456789abcdef"[(rest % radix) as usize];
            rest /= radix;
            if rest == 0 {
                return self.push(&digits[at..]);
            }
        }
    }

    /// Pays for one step.
    #[inline]
    pub(crate) fn step(&mut self) -> Parsed {
        self.steps = self.steps.checked_sub(1).ok_or(Malformed)?;
        Ok(())
    }

    /// The name as far as it is written.
    pub(crate) fn written(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Takes back what is written beyond `length` of the name.
    pub(crate) fn shorten(&mut self, length: usize) {
        self.bytes.truncate(self.start + length);
    }

    /// Takes the name back.
    pub(crate) fn undo(&mut self) {
        self.bytes.truncate(self.start);
    }
}
