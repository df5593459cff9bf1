//! What `pyrometer export --to inferno` does, without Python: `inferno_lines FILE > LINES`, to be profiled.

use std::io::BufWriter;
use std::path::PathBuf;

use pyrometer_formats::read::{Options, read};
use pyrometer_tables::select::Selection;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args().nth(1).ok_or("no file")?);
    let profile = read(&[path], &Options::default(), &mut |_, _| true)?;
    let out = BufWriter::new(std::io::stdout().lock());
    for left_out in pyrometer_formats::inferno::write(&profile, &Selection::default(), out)? {
        eprintln!("left out: {left_out}");
    }
    Ok(())
}
