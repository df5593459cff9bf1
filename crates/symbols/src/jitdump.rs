//! `jit-PID.dump`: code, names and lines that a just-in-time compiler writes as it goes.
//!
//! Format: Linux, `tools/perf/Documentation/jitdump-specification.txt`.
//!
//! Constraints:
//! - the file is still being written: bytes are fed as they come, a record is used once it is whole;
//! - code is reused and moved, so a lookup asks for an address at a moment; times are those of the
//!   file (by its flag, `CLOCK_MONOTONIC` or the processor's counter);
//! - either byte order; an absurd record ends the reading with an error, what was read stays.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::code_index::CodeIndex;
use crate::error::Error;

/// `JiTD` in the writer's byte order.
const MAGIC: u32 = 0x4a69_5444;
const HEADER: usize = 40;
const PREFIX: usize = 16;
/// A record longer than this is taken as corrupt.
const LONGEST_RECORD: usize = 256 << 20;
/// Names and paths are cut to this many bytes.
pub const LONGEST_TEXT: usize = 1 << 14;
/// The header's flag for times of the processor's counter.
const ARCH_TIMESTAMP: u64 = 1;

const CODE_LOAD: u32 = 0;
const CODE_MOVE: u32 = 1;
const CODE_DEBUG_INFO: u32 = 2;
const CODE_CLOSE: u32 = 3;

/// One piece of compiled code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JitFunction {
    /// Name, as the compiler wrote it, at most [`LONGEST_TEXT`] bytes.
    pub name: String,
    /// First address at the time of compilation.
    pub start: u64,
    /// Bytes of code.
    pub size: u64,
    /// When it was written.
    pub time: u64,
    /// Process that compiled it.
    pub pid: u32,
    /// Source positions by offset in the code, ascending.
    pub lines: Vec<JitLine>,
}

/// From `offset` on, code was compiled from this position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JitLine {
    /// Bytes after the first address of the function.
    pub offset: u64,
    /// Path of the source, at most [`LONGEST_TEXT`] bytes; shared by the lines of one file.
    pub file: Arc<str>,
    /// Line, from 1.
    pub line: u32,
}

/// What a lookup found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitFound<'j> {
    /// The function.
    pub function: &'j JitFunction,
    /// Row of the function: the same for all its addresses.
    pub row: usize,
    /// The position at the address, if the compiler wrote any.
    pub line: Option<&'j JitLine>,
}

/// A piece of code at one of the places that it lay.
struct Placed {
    function: u32,
    start: u64,
}

/// What was read of a file so far.
#[derive(Default)]
pub struct JitDump {
    pending: Vec<u8>,
    /// Bytes consumed, for messages.
    offset: u64,
    order: Option<Order>,
    clock_is_counter: bool,
    closed: bool,
    functions: Vec<JitFunction>,
    places: Vec<Placed>,
    index: CodeIndex,
    by_code_index: HashMap<u64, u32>,
    /// Lines whose code has not come yet, by address.
    lines: HashMap<u64, Vec<JitLine>>,
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl JitDump {
    /// Takes the next bytes of the file. After an error the file is not worth feeding any more.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(bytes);
        let mut used = 0;
        let result = loop {
            match self.step(&pending[used..]) {
                Ok(0) => break Ok(()),
                Ok(step) => {
                    used += step;
                    self.offset += step as u64;
                }
                Err(what) => break Err(Error::JitDump { what, offset: self.offset }),
            }
        };
        pending.drain(..used);
        self.pending = pending;
        result
    }

    /// The function at `address` at `time`.
    pub fn find(&self, address: u64, time: u64) -> Option<JitFound<'_>> {
        let place = &self.places[self.index.find(address, time)? as usize];
        let row = place.function as usize;
        let function = &self.functions[row];
        let offset = address - place.start;
        let line = function.lines.partition_point(|line| line.offset <= offset).checked_sub(1);
        Some(JitFound { function, row, line: line.map(|at| &function.lines[at]) })
    }

    /// All functions in the order of the file.
    pub fn functions(&self) -> &[JitFunction] {
        &self.functions
    }

    /// True if times are the processor's counter, not `CLOCK_MONOTONIC`.
    pub fn clock_is_counter(&self) -> bool {
        self.clock_is_counter
    }

    /// True once the writer has said that nothing more comes.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Reads the header or one record; 0 if it is not whole yet.
    fn step(&mut self, bytes: &[u8]) -> Result<usize, &'static str> {
        let Some(order) = self.order else { return self.header(bytes) };
        let mut prefix = Fields { rest: bytes, order };
        let (Some(kind), Some(size), Some(time)) = (prefix.u32(), prefix.u32(), prefix.u64()) else {
            return Ok(0);
        };
        let size = size as usize;
        if !(PREFIX..=LONGEST_RECORD).contains(&size) {
            return Err("a record of impossible length");
        }
        let Some(record) = bytes.get(PREFIX..size) else { return Ok(0) };
        let fields = Fields { rest: record, order };
        match kind {
            CODE_LOAD => self.load(fields, time).ok_or("a truncated code load record")?,
            CODE_MOVE => self.moved(fields, time).ok_or("a truncated code move record")?,
            CODE_DEBUG_INFO => self.debug_info(fields).ok_or("a truncated debug info record")?,
            CODE_CLOSE => self.closed = true,
            // Unwinding tables, and what later versions add.
            _ => {}
        }
        Ok(size)
    }

    fn header(&mut self, bytes: &[u8]) -> Result<usize, &'static str> {
        let Some(magic) = bytes.first_chunk::<4>() else { return Ok(0) };
        let order = match (u32::from_le_bytes(*magic), u32::from_be_bytes(*magic)) {
            (MAGIC, _) => Order::Little,
            (_, MAGIC) => Order::Big,
            _ => return Err("not the magic number of a jitdump file"),
        };
        let mut fields = Fields { rest: bytes, order };
        let (Some(_magic), Some(_version), Some(size)) = (fields.u32(), fields.u32(), fields.u32()) else {
            return Ok(0);
        };
        let size = size as usize;
        if !(HEADER..=LONGEST_RECORD).contains(&size) {
            return Err("a header of impossible length");
        }
        if bytes.len() < size {
            return Ok(0);
        }
        fields.rest = &bytes[HEADER - 8..HEADER];
        self.clock_is_counter = fields.u64().unwrap_or(0) & ARCH_TIMESTAMP != 0;
        self.order = Some(order);
        Ok(size)
    }

    fn load(&mut self, mut fields: Fields<'_>, time: u64) -> Option<()> {
        let pid = fields.u32()?;
        let (_tid, _vma) = (fields.u32()?, fields.u64()?);
        let (start, size, code_index) = (fields.u64()?, fields.u64()?, fields.u64()?);
        let name = fields.text()?;
        let lines = self.lines.remove(&start).unwrap_or_default();
        let function = self.functions.len() as u32;
        self.functions.push(JitFunction { name, start, size, time, pid, lines });
        self.by_code_index.insert(code_index, function);
        self.place(function, start, size, time);
        Some(())
    }

    fn moved(&mut self, mut fields: Fields<'_>, time: u64) -> Option<()> {
        let (_pid, _tid, _vma, _old) = (fields.u32()?, fields.u32()?, fields.u64()?, fields.u64()?);
        let (start, size, code_index) = (fields.u64()?, fields.u64()?, fields.u64()?);
        if let Some(&function) = self.by_code_index.get(&code_index) {
            self.place(function, start, size, time);
        }
        Some(())
    }

    fn place(&mut self, function: u32, start: u64, size: u64, time: u64) {
        self.index.insert(start, size, time, self.places.len() as u32);
        self.places.push(Placed { function, start });
    }

    fn debug_info(&mut self, mut fields: Fields<'_>) -> Option<()> {
        let start = fields.u64()?;
        let count = fields.u64()?;
        let mut lines: Vec<JitLine> = Vec::new();
        for _ in 0..count {
            let (address, line, _discriminator) = (fields.u64()?, fields.u32()?, fields.u32()?);
            let named = fields.bytes()?;
            let file = match (named, lines.last()) {
                // The specification's mark for "the same file as before".
                (b"\xff", Some(last)) => Arc::clone(&last.file),
                _ => shortened(named).into(),
            };
            lines.push(JitLine { offset: address.wrapping_sub(start), file, line });
        }
        lines.sort_by_key(|line| line.offset);
        self.lines.insert(start, lines);
        Some(())
    }
}

/// Reads the fields of a record one after the other.
struct Fields<'f> {
    rest: &'f [u8],
    order: Order,
}

impl<'f> Fields<'f> {
    fn u32(&mut self) -> Option<u32> {
        let (field, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(match self.order {
            Order::Little => u32::from_le_bytes(*field),
            Order::Big => u32::from_be_bytes(*field),
        })
    }

    fn u64(&mut self) -> Option<u64> {
        let (field, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(match self.order {
            Order::Little => u64::from_le_bytes(*field),
            Order::Big => u64::from_be_bytes(*field),
        })
    }

    /// Bytes up to a zero, which is taken too.
    fn bytes(&mut self) -> Option<&'f [u8]> {
        let end = self.rest.iter().position(|&byte| byte == 0)?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        Some(text)
    }

    fn text(&mut self) -> Option<String> {
        self.bytes().map(|bytes| shortened(bytes).into_owned())
    }
}

/// What a program wrote as a name, of bounded length: every frame of its code gets it.
fn shortened(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&bytes[..bytes.len().min(LONGEST_TEXT)])
}

#[cfg(test)]
mod tests;
