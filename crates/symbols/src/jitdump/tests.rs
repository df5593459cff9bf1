//! Files written here and read back, whole, in pieces and damaged.

use proptest::prelude::*;

use super::*;

/// Writes jitdump records in either byte order.
struct Writer {
    bytes: Vec<u8>,
    big: bool,
}

impl Writer {
    fn new(big: bool, flags: u64) -> Self {
        let mut writer = Writer { bytes: Vec::new(), big };
        for field in [MAGIC, 1, HEADER as u32, 62, 0, 77] {
            writer.u32(field);
        }
        writer.u64(5);
        writer.u64(flags);
        writer
    }

    fn u32(&mut self, field: u32) {
        self.bytes.extend(if self.big { field.to_be_bytes() } else { field.to_le_bytes() });
    }

    fn u64(&mut self, field: u64) {
        self.bytes.extend(if self.big { field.to_be_bytes() } else { field.to_le_bytes() });
    }

    fn record(&mut self, kind: u32, time: u64, body: impl FnOnce(&mut Writer)) {
        let mut inner = Writer { bytes: Vec::new(), big: self.big };
        body(&mut inner);
        self.u32(kind);
        self.u32((PREFIX + inner.bytes.len()) as u32);
        self.u64(time);
        self.bytes.extend(inner.bytes);
    }

    fn load(&mut self, time: u64, start: u64, size: u64, code_index: u64, name: &str) {
        self.record(CODE_LOAD, time, |w| {
            w.u32(77);
            w.u32(78);
            for field in [start, start, size, code_index] {
                w.u64(field);
            }
            w.bytes.extend(name.as_bytes());
            w.bytes.push(0);
            w.bytes.extend(vec![0x90; size as usize]);
        });
    }

    fn moved(&mut self, time: u64, old: u64, new: u64, size: u64, code_index: u64) {
        self.record(CODE_MOVE, time, |w| {
            w.u32(77);
            w.u32(78);
            for field in [new, old, new, size, code_index] {
                w.u64(field);
            }
        });
    }

    fn debug_info(&mut self, start: u64, lines: &[(u64, u32, &[u8])]) {
        self.record(CODE_DEBUG_INFO, 0, |w| {
            w.u64(start);
            w.u64(lines.len() as u64);
            for &(address, line, file) in lines {
                w.u64(address);
                w.u32(line);
                w.u32(0);
                w.bytes.extend(file);
                w.bytes.push(0);
            }
        });
    }
}

fn example(big: bool) -> Vec<u8> {
    let mut writer = Writer::new(big, 0);
    writer.debug_info(0x1000, &[(0x1000, 3, b"a.js"), (0x1010, 4, b"\xff")]);
    writer.load(10, 0x1000, 0x40, 1, "first");
    writer.record(4, 11, |w| w.u64(0));
    writer.load(20, 0x1000, 0x20, 2, "second");
    writer.moved(30, 0x1000, 0x9000, 0x40, 1);
    writer.record(CODE_CLOSE, 40, |_| ());
    writer.bytes
}

#[test]
fn code_is_found_where_it_lay_at_the_time() {
    for big in [false, true] {
        let mut dump = JitDump::default();
        dump.feed(&example(big)).expect("the example is well formed");
        let name = |address, time| dump.find(address, time).map(|found| found.function.name.as_str());
        assert_eq!(
            [name(0x1000, 5), name(0x1000, 15), name(0x1000, 25), name(0x1030, 25)],
            [None, Some("first"), Some("second"), Some("first")]
        );
        assert_eq!([name(0x9010, 25), name(0x9010, 30), name(0x9040, 30)], [None, Some("first"), None]);
        let line = dump.find(0x9018, 30).and_then(|found| found.line).expect("it has lines");
        assert_eq!((&*line.file, line.line), ("a.js", 4));
        assert!(dump.is_closed() && !dump.clock_is_counter());
    }
}

#[test]
fn what_is_not_jitdump_is_refused_with_the_offset() {
    let mut dump = JitDump::default();
    let error = dump.feed(b"\x7fELF....").expect_err("another magic number");
    assert_eq!(error.to_string(), "jitdump: not the magic number of a jitdump file at byte 0");
    let mut bytes = example(false);
    bytes[HEADER + 4..HEADER + 8].copy_from_slice(&3u32.to_le_bytes());
    let error = JitDump::default().feed(&bytes).expect_err("a record shorter than its prefix");
    assert_eq!(error.to_string(), "jitdump: a record of impossible length at byte 40");
}

proptest! {
    #[test]
    fn the_pieces_in_which_a_file_is_fed_do_not_matter(cut: usize) {
        let bytes = example(false);
        let cut = cut % bytes.len();
        let mut dump = JitDump::default();
        prop_assert!(dump.feed(&bytes[..cut]).is_ok());
        prop_assert!(dump.feed(&bytes[cut..]).is_ok());
        prop_assert!(dump.is_closed() && dump.functions().len() == 2);
    }

    #[test]
    fn corrupt_bytes_never_crash(at: usize, value: u8, address: u64, time: u64) {
        let mut bytes = example(false);
        let at = at % bytes.len();
        bytes[at] = value;
        let mut dump = JitDump::default();
        let _ = dump.feed(&bytes);
        dump.find(address % 0x10000, time % 64);
    }
}
