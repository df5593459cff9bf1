//! Any bytes as a file of another tool: an error or a profile whose rows fit together, in bounded time and memory.

use pyrometer_formats::read::{Options, by_name, read_bytes};

/// Reads the bytes strictly and leniently; what is read strictly is read leniently too.
pub fn read(format: &str, bytes: &[u8]) {
    let format = Some(by_name(format).expect("a known format"));
    let read = |lenient| read_bytes("fuzzed".as_ref(), bytes, &Options { format, lenient });
    if read(false).is_ok() {
        assert!(read(true).is_ok());
    }
}
