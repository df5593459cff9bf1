//! The machine code of the functions that hold some addresses.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyrometer_symbols::disassemble::{Instruction, Listing, disassemble as list};
use pyrometer_symbols::find::{Material, Search, Subject};
use pyrometer_symbols::{BinaryProvider, ElfImage, Files, Resolver, identity};
use pyrometer_tables::schema::Binary;

use crate::error::{Known, Result};
use crate::finish::Options;

/// Address, text, innermost function, its file and line.
type Line = (u64, String, String, Option<String>, Option<u32>);
/// A symbol's name and its instructions.
type Code = (String, Vec<Line>);

/// The code of every function that holds one of `addresses`. Refused if the file is not the one that
/// was recorded.
#[pyfunction]
pub fn disassemble(
    py: Python<'_>,
    path: PathBuf,
    build_id: Option<String>,
    addresses: Vec<u64>,
    options: Options,
) -> PyResult<Vec<Code>> {
    let binary = Binary { path: path.to_string_lossy().into_owned(), build_id, ..Binary::default() };
    Ok(py.detach(|| symbols(&binary, &addresses, &options.search()))?)
}

fn symbols(binary: &Binary, addresses: &[u64], search: &Search) -> Result<Vec<Code>> {
    let bytes = Files::default().open(0, binary).map_err(Known::of_binary)?;
    check_identity(binary, &bytes)?;
    let subject = Subject { path: &binary.path, id: binary.build_id.as_deref() };
    let material = Material::gather(search, &subject, Ok(bytes)).map_err(Known::of_binary)?;
    let (code, _) = material
        .ask(search, |resolver, image| code(resolver, image, addresses))
        .map_err(|error| unreadable(binary, &error))?;
    code.map_err(|error| unreadable(binary, &error))
}

fn unreadable(binary: &Binary, error: &pyrometer_symbols::Error) -> Known {
    Known::of_binary(format!("{}: {error}", binary.path))
}

fn code(
    resolver: &Resolver<'_>,
    image: &ElfImage<'_>,
    addresses: &[u64],
) -> std::result::Result<Vec<Code>, pyrometer_symbols::Error> {
    let listed = ranges(resolver, addresses).into_values().map(|(name, range)| {
        let listing = list(image, resolver, range)?;
        Ok((name, listing.instructions.iter().map(|one| line(&listing, one)).collect()))
    });
    listed.collect()
}

fn check_identity(binary: &Binary, bytes: &[u8]) -> Result<()> {
    let found =
        identity::identify(bytes).map_err(|error| Known::of_binary(format!("{}: {error}", binary.path)))?;
    match &binary.build_id {
        Some(recorded) if *recorded != found => Err(Known::of_binary(format!(
            "{} is not the file that was recorded: its build id is {found}, not {recorded}",
            binary.path
        ))),
        Some(_) => Ok(()),
        None => Err(Known::of_binary(format!(
            "{} may be another build than the one that was recorded: the profile does not tell that one's build id",
            binary.path
        ))),
    }
}

/// The functions that hold the addresses, by where they begin.
fn ranges(resolver: &Resolver<'_>, addresses: &[u64]) -> BTreeMap<u64, (String, Range<u64>)> {
    let found = addresses.iter().filter_map(|address| resolver.function_at(*address));
    found
        .map(|(name, range)| {
            let name = pyrometer_symbols::demangle::demangle(name).name;
            (range.start, (name, range))
        })
        .collect()
}

fn line(listing: &Listing, one: &Instruction) -> Line {
    let frames = listing.resolution.frames(one.address).unwrap_or_default();
    let innermost = frames.last();
    let function = innermost.and_then(|frame| listing.resolution.function(frame));
    let file = innermost.and_then(|frame| listing.resolution.file(frame));
    (
        one.address,
        one.text.clone(),
        function.map(|function| function.name.clone()).unwrap_or_default(),
        file.map(str::to_owned),
        innermost.and_then(|frame| frame.line),
    )
}
