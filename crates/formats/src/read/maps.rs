//! Which binary an address is in: the lines of `/proc/PID/maps` that profiles of gperftools and its kin end with.

use std::collections::BTreeMap;

use pyrometer_tables::schema::Frame;

use super::Builder;
use super::mapped::{Mapped, Span};
use super::numbers::hexadecimal;

/// A part of a file in memory.
#[derive(Debug)]
struct Mapping {
    mapped: Mapped,
    end: u64,
    path: String,
}

/// All of them, by where they begin.
#[derive(Debug, Default)]
pub(super) struct Maps {
    mappings: BTreeMap<u64, Mapping>,
}

impl Maps {
    /// Adds a line: `START-END PERMISSIONS OFFSET DEVICE INODE PATH`. What is no such line says nothing of addresses.
    /// Lines are in the order of memory.
    pub(super) fn add(&mut self, line: &[u8]) {
        let Some((span, path)) = parse(line) else { return };
        let before = self.mappings.range(..span.start).next_back().map(|(_, other)| other);
        let same = before.filter(|other| other.path == path).map(|other| &other.mapped);
        let mapped = Mapped::new(span, same);
        self.mappings.insert(span.start, Mapping { mapped, end: span.end, path });
    }

    /// The row of the frame of a return address: it belongs to the call before it.
    pub(super) fn caller(&self, builder: &mut Builder, address: u64) -> i32 {
        self.frame(builder, address.saturating_sub(1))
    }

    /// The row of the frame of an instruction.
    pub(super) fn frame(&self, builder: &mut Builder, address: u64) -> i32 {
        let before = self.mappings.range(..=address).next_back().map(|(_, mapping)| mapping);
        let frame = match before.filter(|mapping| address < mapping.end) {
            Some(mapping) => Frame {
                address: mapping.mapped.own(address).map(u64::cast_signed),
                binary: Some(builder.binary(&mapping.path, None)),
                kind: "native".into(),
                ..Frame::default()
            },
            None => Frame { address: Some(address.cast_signed()), ..Frame::default() },
        };
        builder.frame(frame)
    }
}

fn parse(line: &[u8]) -> Option<(Span, String)> {
    let (start, rest) = hexadecimal(line)?;
    let (end, rest) = hexadecimal(rest.strip_prefix(b"-")?)?;
    let text = String::from_utf8_lossy(rest);
    let mut fields = text.split_ascii_whitespace();
    let offset = u64::from_str_radix(fields.nth(1)?, 16).ok()?;
    let path = fields.skip(2).collect::<Vec<_>>().join(" ");
    let is_file = path.starts_with('/') || path.starts_with('[');
    (is_file && start < end).then_some((Span { start, end, offset }, path))
}
