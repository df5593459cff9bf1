//! What `addr2line -i -f -a -e BINARY` does: reads addresses from standard input, one a line in hexadecimal, and
//! prints each with its functions, files and lines, the innermost first. The benchmark compares it.

use std::io::{BufWriter, Read, Write, stdin, stdout};

use pyrometer_symbols::find::{Material, Search, Subject};
use pyrometer_symbols::{BinaryProvider, Files, Resolution, SymFrame};
use pyrometer_tables::schema::Binary;

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
    let mut output = BufWriter::with_capacity(1 << 20, stdout().lock());
    for address in addresses {
        writeln!(output, "{address:#018x}")?;
        for frame in found.frames(address).unwrap_or_default().iter().rev() {
            print(&mut output, &found, frame)?;
        }
    }
    Ok(output.flush()?)
}

fn print(output: &mut impl Write, found: &Resolution, frame: &SymFrame) -> std::io::Result<()> {
    let name = found.function(frame).map_or("??", |function| &function.linkage_name);
    writeln!(output, "{name}\n{}:{}", found.file(frame).unwrap_or("??"), frame.line.unwrap_or(0))
}
