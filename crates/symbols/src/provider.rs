//! Where the bytes of a profile's binaries come from.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

use memmap2::Mmap;
use pyrometer_tables::positioned::read_exact_at;
use pyrometer_tables::schema::Binary;

/// Bytes of a binary.
pub enum Bytes {
    /// A file, mapped.
    Mapped(Mmap),
    /// Bytes in memory, such as the vdso.
    Owned(Arc<[u8]>),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }
}

/// Gives the bytes of a binary when symbolization asks for them.
pub trait BinaryProvider: Sync {
    /// The bytes of row `row` of `binaries`; else one sentence for a person: what is missing and
    /// how to get it.
    fn open(&self, row: usize, binary: &Binary) -> Result<Bytes, String>;
}

/// Files: those opened while the program ran, else those that lie at the recorded paths now.
///
/// ```
/// use pyrometer_symbols::{BinaryProvider, Files};
/// use pyrometer_tables::schema::Binary;
/// let gone = Binary { path: "/nowhere/prog".into(), ..Binary::default() };
/// let reason = Files::default().open(0, &gone).err().expect("there is no such file");
/// assert!(reason.starts_with("/nowhere/prog cannot be opened"));
/// ```
#[derive(Default)]
pub struct Files {
    opened: HashMap<usize, File>,
    images: HashMap<usize, Arc<[u8]>>,
}

impl Files {
    /// A file that was opened while the program ran: it is right even if the path holds another
    /// one by now.
    pub fn insert(&mut self, row: usize, file: File) {
        self.opened.insert(row, file);
    }

    /// Bytes copied from a process's memory (the vdso).
    pub fn insert_image(&mut self, row: usize, bytes: Vec<u8>) {
        self.images.insert(row, bytes.into());
    }
}

impl BinaryProvider for Files {
    fn open(&self, row: usize, binary: &Binary) -> Result<Bytes, String> {
        let path = &binary.path;
        if let Some(image) = self.images.get(&row) {
            return Ok(Bytes::Owned(Arc::clone(image)));
        }
        if path == "[vdso]" {
            return own_vdso().map(|bytes| Bytes::Owned(bytes.into())).map_err(|error| {
                format!("the kernel's [vdso] page cannot be read ({error}), so its functions are shown as addresses")
            });
        }
        if !is_file(path) && !self.opened.contains_key(&row) {
            return Err(generated(path));
        }
        let mapped = match self.opened.get(&row) {
            Some(file) => map(file),
            None => File::open(path).and_then(|file| map(&file)),
        };
        mapped.map(Bytes::Mapped).map_err(|error| {
            format!("{path} cannot be opened ({error}), so its names and its code are missing: record while the file stays in place, or put it back there")
        })
    }
}

/// False for the kernel's names of memory that comes from no file: `[heap]`, `//anon`, `memfd:x`.
fn is_file(path: &str) -> bool {
    path.starts_with('/') && !path.starts_with("//anon") && !path.starts_with("/memfd:")
}

/// The sentence for code that was made while the program ran.
fn generated(path: &str) -> String {
    format!(
        "the code in {path} was generated while the program ran and has no names, so its functions are shown as addresses: let the generator write a perf map or jitdump (Node.js: `--perf-basic-prof`, Java: a perf map agent, Python: `-X perf`)"
    )
}

/// Maps a file to read it; refused if it has no contents.
pub fn map(file: &File) -> io::Result<Mmap> {
    let about = file.metadata()?;
    if !about.is_file() || about.len() == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a file with contents"));
    }
    // SAFETY: the mapping is read only. Should another process cut the file while we read, the
    // kernel ends us with SIGBUS: linkers and package managers replace binaries by renaming, and
    // copying hundreds of megabytes for the rest would cost every user.
    unsafe { Mmap::map(file) }
}

/// The vdso of this process, which is that of every process of the same boot and architecture.
fn own_vdso() -> io::Result<Vec<u8>> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let none = || io::Error::new(io::ErrorKind::NotFound, "this process has none");
    let line = maps.lines().find(|line| line.ends_with("[vdso]")).ok_or_else(none)?;
    let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).ok_or_else(none)?;
    let address = |text: &str| u64::from_str_radix(text, 16).map_err(io::Error::other);
    let (start, end) = (address(start)?, address(end)?);
    let mut bytes = vec![0; (end.saturating_sub(start)).min(1 << 20) as usize];
    read_exact_at(&File::open("/proc/self/mem")?, &mut bytes, start)?;
    Ok(bytes)
}
