//! What `addr2line -i -f -a -e BINARY` does: reads addresses from standard input, one a line in hexadecimal, and
//! prints each with its functions, files and lines, the innermost first. The benchmark compares it.

use std::io::{Read, Write, stdin, stdout};

use pyrometer_symbols::find::{Material, Search, Subject};
use pyrometer_symbols::{BinaryProvider, Files, Resolution, SymFrame};
use pyrometer_tables::schema::Binary;
use rayon::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: resolve_addresses BINARY < ADDRESSES")?;
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    let digits = text.lines().map(|line| line.trim().trim_start_matches("0x"));
    let addresses: Vec<u64> = digits.map(|line| u64::from_str_radix(line, 16)).collect::<Result<_, _>>()?;
    let bytes = Files::default().open(0, &Binary { path: path.clone(), ..Binary::default() });
    let search = Search::default();
    let material = Material::gather(&search, &Subject { path: &path, id: None }, bytes)?;
    let (found, _) = material.ask(&search, |resolver, _| resolver.resolve(&addresses))?;
    let mut output = stdout().lock();
    for batch in addresses.chunks(BATCH) {
        let texts: Vec<Vec<u8>> = batch.par_chunks(CHUNK).map(|chunk| text_of(chunk, &found)).collect();
        texts.iter().try_for_each(|text| output.write_all(text))?;
    }
    output.flush()?;
    // What was read is given back by the end of the process, at once.
    std::process::exit(0)
}

/// Addresses whose text one thread writes at a time, and those whose texts are held at a time.
const CHUNK: usize = 1024;
const BATCH: usize = 32 * CHUNK;

fn text_of(addresses: &[u64], found: &Resolution) -> Vec<u8> {
    let mut text = Vec::new();
    for &address in addresses {
        // Writing to memory does not fail.
        let _ = writeln!(text, "{address:#018x}");
        for frame in found.frames(address).unwrap_or_default().iter().rev() {
            let _ = print(&mut text, found, frame);
        }
    }
    text
}

fn print(output: &mut Vec<u8>, found: &Resolution, frame: &SymFrame) -> std::io::Result<()> {
    let name = found.function(frame).map_or("??", |function| &function.linkage_name);
    for part in [name, "\n", found.file(frame).unwrap_or("??")] {
        output.extend_from_slice(part.as_bytes());
    }
    writeln!(output, ":{}", frame.line.unwrap_or(0))
}
