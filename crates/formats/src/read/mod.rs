//! Other tools' files as profiles.
//!
//! Constraints:
//! - a file is recognised by its content, unpacked first if it is gzip or zstd, never by its name;
//! - a reader believes nothing: counts and lengths are checked against what is there before memory is taken;
//! - no partial profile: the first thing that does not fit is an error that names the file, the offset and what was
//!   expected. A lenient reading leaves such things out, counts them, and says so;
//! - the same bytes give the same profile.
//!
//! A format is one module with a [`Format`] named `FORMAT`, and its entry in [`FORMATS`].

mod builder;
mod by_line;
mod cachegrind;
mod callgrind;
mod chrome;
mod collapsed;
mod costs;
mod counts;
mod coz;
pub(crate) mod dhat;
mod firefox;
mod folded;
mod gecko;
mod gperftools;
mod heap_text;
mod heaptrack;
mod input;
mod json;
mod json_cut;
mod keyed;
mod lines;
mod mapped;
mod maps;
mod massif;
mod numbers;
mod otlp;
mod perf_script;
mod places;
mod pprof;
mod recognise;
mod room;
mod speedscope;
mod unpack;
mod urls;
mod v8;
pub(crate) mod valgrind;
mod whole;
mod wide_samples;

use std::path::{Path, PathBuf};

use pyrometer_tables::Profile;

use crate::error::{Error, Result};

pub use builder::Builder;
pub use costs::{Costs, Edge, Place};
pub use input::{Input, Watch};
pub use keyed::{Keyed, Weight, profile_of_keys};
pub use lines::{Line, Lines};
pub use recognise::{Head, Likeness};

/// A format that can be read.
#[derive(Debug)]
pub struct Format {
    /// Its name, as after `--from`.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// How much a file that begins so looks like it.
    pub recognise: fn(&Head<'_>) -> Likeness,
    /// Reads a file of it into the builder; what does not fit goes to [`Builder::left_out`].
    pub read: fn(&mut Input, &mut Builder) -> Result<()>,
}

/// Every format that can be read, in the order of their names.
pub const FORMATS: &[Format] = &[
    cachegrind::FORMAT,
    callgrind::FORMAT,
    chrome::FORMAT,
    counts::FORMAT,
    coz::FORMAT,
    v8::FORMAT,
    dhat::FORMAT,
    collapsed::DTRACE,
    firefox::FORMAT,
    folded::FORMAT,
    gecko::FORMAT,
    gperftools::FORMAT,
    heap_text::FORMAT,
    heaptrack::FORMAT,
    collapsed::SAMPLE,
    massif::FORMAT,
    otlp::FORMAT,
    perf_script::FORMAT,
    pprof::FORMAT,
    speedscope::FORMAT,
    collapsed::VTUNE,
    collapsed::XCTRACE,
];

/// The format of this name.
#[must_use]
pub fn by_name(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// The format of a file: that of the surest likeness.
///
/// # Errors
/// [`Error::Ambiguous`] if it looks as much like one as like another, [`Error::Unknown`] if like none.
pub fn recognise(input: &Input) -> Result<&'static Format> {
    let head = input.head();
    let likeness = |format: &&Format| (format.recognise)(&head);
    let best = FORMATS.iter().map(|format| likeness(&format)).max().unwrap_or(Likeness::None);
    let alike: Vec<_> =
        FORMATS.iter().filter(|format| best != Likeness::None && likeness(format) == best).collect();
    match alike[..] {
        [format] => Ok(format),
        [] => Err(input.broken().unwrap_or_else(|| Error::Unknown { path: input.path().to_owned() })),
        _ => Err(Error::Ambiguous {
            path: input.path().to_owned(),
            formats: alike.iter().map(|format| format.name).collect(),
        }),
    }
}

/// How to read.
#[derive(Debug, Default)]
pub struct Options {
    /// The format that all files have; recognised if none is given.
    pub format: Option<&'static Format>,
    /// Whether what does not fit is left out, rather than an error.
    pub lenient: bool,
}

/// Reads files into one profile, in memory: what they have in common is one row, and their values are added.
///
/// `watch` is told the bytes read and those there are, and may stop the reading.
///
/// # Errors
/// [`Error`]: of the file system, of a format that is not recognised, of contents that do not fit.
pub fn read(paths: &[PathBuf], options: &Options, watch: &mut Watch<'_>) -> Result<Profile> {
    let mut builder = Builder::new(options.lenient);
    for path in paths {
        let input = Input::open(path, watch);
        read_into(&mut builder, input, options)?;
    }
    builder.finish(paths.first().map_or(Path::new(""), PathBuf::as_path))
}

/// Reads bytes in memory that `path` is said for.
///
/// # Errors
/// As [`read`].
pub fn read_bytes(path: &Path, bytes: &[u8], options: &Options) -> Result<Profile> {
    let mut builder = Builder::new(options.lenient);
    read_into(&mut builder, Input::of_bytes(path, bytes), options)?;
    builder.finish(path)
}

fn read_into(builder: &mut Builder, input: Result<Input<'_>>, options: &Options) -> Result<()> {
    let read = || {
        let mut input = input?;
        let format = match options.format {
            Some(format) => format,
            None => recognise(&input)?,
        };
        builder.begin(format.name, input.size());
        (format.read)(&mut input, builder)
    };
    // What stops a lenient reading is no part that it could do without.
    read().map_err(|error| if options.lenient { error.of_the_whole() } else { error })
}
