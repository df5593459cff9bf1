//! Resolved addresses on disk, so that the next profile of the same binary need not read its debug
//! info.
//!
//! Constraints:
//! - one file a binary, `symbols/<first two digits>/<build id>.sym`, keyed by the build id and, in
//!   its header, by the version of the resolver;
//! - a file is replaced by renaming, and merged with what another process wrote meanwhile under a
//!   lock on `symbols/<first two digits>.lock`;
//! - a corrupt, foreign or older file counts as absent and is written anew;
//! - bounded: the files used longest ago go first;
//! - a cache that cannot be written costs nothing but time later.
//!
//! Format: magic, version and checksum, then zstd over postcard.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::missing::Gap;
use crate::resolution::Resolution;

/// Total size of all files by default.
pub const DEFAULT_LIMIT: u64 = 512 << 20;
/// Changes whenever the same binary would resolve differently.
pub const RESOLVER_VERSION: u32 = 8;
const MAGIC: [u8; 8] = *b"PYROSYM1";
const HEADER: usize = 24;
/// Larger files are not read: they would not be ours.
const LARGEST_ENTRY: u64 = 1 << 30;
/// Names and lines pack to a tenth; a file that claims more than this is not ours.
const LARGEST_EXPANSION: usize = 256;
/// How long to wait for another process that is writing into the same folder.
const LOCK_PATIENCE: Duration = Duration::from_millis(200);

/// What is kept of one binary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheEntry {
    /// As `binaries.symbols_from`.
    pub symbols_from: String,
    /// What the binary does not say about itself.
    pub gap: Gap,
    /// The files that were found beside the binary, as [`crate::find::Material::fingerprint`] says.
    pub files: String,
    /// Names by address.
    pub resolution: Arc<Resolution>,
}

impl CacheEntry {
    /// The bytes of its file.
    ///
    /// # Errors
    /// Those of packing.
    pub fn encode(&self) -> io::Result<Vec<u8>> {
        let plain = postcard::to_stdvec(self).map_err(io::Error::other)?;
        let packed = zstd::bulk::compress(&plain, 1)?;
        let mut bytes = Vec::with_capacity(HEADER + packed.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&RESOLVER_VERSION.to_le_bytes());
        bytes.extend_from_slice(&crc32fast::hash(&packed).to_le_bytes());
        bytes.extend_from_slice(&(plain.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&packed);
        Ok(bytes)
    }

    /// What a file holds; none if it is corrupt, foreign or older.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (header, packed) = bytes.split_at_checked(HEADER)?;
        let ours = header.starts_with(&MAGIC) && header[8..12] == RESOLVER_VERSION.to_le_bytes();
        if !ours || header[12..16] != crc32fast::hash(packed).to_le_bytes() {
            return None;
        }
        let size = u64::from_le_bytes(header[16..24].try_into().ok()?);
        let largest = packed.len().saturating_mul(LARGEST_EXPANSION).min(LARGEST_ENTRY as usize);
        let size = usize::try_from(size).ok().filter(|&size| size <= largest)?;
        let plain = zstd::bulk::decompress(packed, size).ok().filter(|plain| plain.len() == size)?;
        let entry: CacheEntry = postcard::from_bytes(&plain).ok()?;
        entry.resolution.is_consistent().then_some(entry)
    }
}

/// A folder of resolved addresses.
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

impl Cache {
    /// The cache below `folder` (its files go to `folder/symbols`), which may come to `limit` bytes.
    pub fn new(folder: &Path, limit: u64) -> Self {
        Cache { folder: folder.join("symbols"), limit }
    }

    /// What is known of a binary; none if nothing readable is.
    pub fn load(&self, build_id: &str) -> Option<CacheEntry> {
        let path = self.path(build_id)?;
        let entry = read(&path)?;
        // The time of the last use decides what goes first; a read-only cache keeps its times.
        let _ = touch(&path, SystemTime::now());
        Some(entry)
    }

    /// Adds what `entry` knows to what is kept of a binary.
    pub fn store(&self, build_id: &str, entry: &CacheEntry) -> io::Result<()> {
        let Some(path) = self.path(build_id) else { return Ok(()) };
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder)?;
        // Beside the folder: what is inside may go when space is needed.
        let lock = File::create(folder.with_extension("lock"))?;
        if !locked(&lock)? {
            return Ok(());
        }
        match read(&path) {
            Some(older) if older.files == entry.files => write(&path, &merged(&older, entry))?,
            _ => write(&path, entry)?,
        }
        drop(lock);
        self.shrink(&path)
    }

    /// Path of a binary's file; none for an id that is no id (it becomes a file name).
    fn path(&self, build_id: &str) -> Option<PathBuf> {
        let sane = build_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let digits = build_id.strip_prefix("fallback-").unwrap_or(build_id);
        let folder = digits.get(..2).filter(|_| sane && build_id.len() <= 128)?;
        Some(self.folder.join(folder).join(format!("{build_id}.sym")))
    }

    /// Removes files, the one used longest ago first, until the rest fits; never `keep`.
    fn shrink(&self, keep: &Path) -> io::Result<()> {
        let mut files = self.files()?;
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        files.sort();
        for (_, size, path) in files.iter().filter(|(_, _, path)| path != keep) {
            if total <= self.limit {
                break;
            }
            // Another process may have removed it already.
            let _ = fs::remove_file(path);
            total -= size;
        }
        Ok(())
    }

    fn files(&self) -> io::Result<Vec<(SystemTime, u64, PathBuf)>> {
        let mut files = Vec::new();
        for folder in fs::read_dir(&self.folder)?.flatten() {
            let Ok(inside) = fs::read_dir(folder.path()) else { continue };
            files.extend(inside.flatten().filter_map(|file| {
                let about = file.metadata().ok()?;
                Some((about.modified().ok()?, about.len(), file.path()))
            }));
        }
        Ok(files)
    }
}

fn merged(older: &CacheEntry, newer: &CacheEntry) -> CacheEntry {
    let resolution = Arc::new(Resolution::merged(&older.resolution, &newer.resolution));
    CacheEntry { resolution, ..newer.clone() }
}

/// Sets when the file was last used. It is opened for writing, which some systems demand for that.
fn touch(path: &Path, time: SystemTime) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_modified(time)
}

/// True once the folder is ours; false if another process keeps it too long.
fn locked(lock: &File) -> io::Result<bool> {
    let pause = LOCK_PATIENCE / 20;
    for _ in 0..20 {
        match lock.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => std::thread::sleep(pause),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

fn read(path: &Path) -> Option<CacheEntry> {
    if fs::metadata(path).ok()?.len() > LARGEST_ENTRY {
        return None;
    }
    CacheEntry::decode(&fs::read(path).ok()?)
}

fn write(path: &Path, entry: &CacheEntry) -> io::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| file.write_all(&entry.encode()?));
    match written.and_then(|()| fs::rename(&temporary, path)) {
        Ok(()) => Ok(()),
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::resolution::{Builder, SymFrame, SymFunction};

    fn entry(addresses: &[u64]) -> CacheEntry {
        let mut builder = Builder::default();
        for &address in addresses {
            let function =
                Some(builder.function(SymFunction { name: format!("f{address}"), ..SymFunction::default() }));
            builder
                .push(address, [SymFrame { function, file: None, line: None, column: None, inlined: false }]);
        }
        let (symbols_from, files) = ("dwarf".into(), String::new());
        CacheEntry { symbols_from, gap: Gap::default(), files, resolution: builder.finish().into() }
    }

    const ID: &str = "0123456789abcdef";

    #[test]
    fn what_is_stored_is_found_again_and_adds_up() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::new(folder.path(), DEFAULT_LIMIT);
        assert_eq!(cache.load(ID), None);
        cache.store(ID, &entry(&[1, 5])).expect("the folder is writable");
        cache.store(ID, &entry(&[3])).expect("the folder is writable");
        let found = cache.load(ID).expect("it was stored");
        assert_eq!(found.resolution.addresses(), [1, 3, 5]);
        assert!(folder.path().join(format!("symbols/01/{ID}.sym")).is_file());
    }

    #[test]
    fn a_damaged_file_counts_as_absent_and_is_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::new(folder.path(), DEFAULT_LIMIT);
        cache.store(ID, &entry(&[1])).expect("the folder is writable");
        let path = folder.path().join(format!("symbols/01/{ID}.sym"));
        let good = fs::read(&path).expect("it was stored");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&path, &bad).expect("the folder is writable");
            assert_eq!(cache.load(ID), None, "byte {at}");
        }
        cache.store(ID, &entry(&[9])).expect("the folder is writable");
        assert_eq!(cache.load(ID).map(|found| found.resolution.addresses().to_vec()), Some(vec![9]));
    }

    #[test]
    fn the_files_used_longest_ago_go_first() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let size = entry(&[1]).encode().expect("it encodes").len() as u64;
        let cache = Cache::new(folder.path(), size * 2 + size / 2);
        for (age, id) in [(300, "aaaa"), (200, "bbbb")] {
            cache.store(id, &entry(&[1])).expect("the folder is writable");
            let path = cache.path(id).expect("a sane id");
            touch(&path, SystemTime::now() - Duration::from_secs(age)).expect("it was stored");
        }
        assert!(cache.load("aaaa").is_some(), "this use makes it the younger one");
        cache.store("cccc", &entry(&[1])).expect("the folder is writable");
        assert_eq!(["aaaa", "bbbb", "cccc"].map(|id| cache.load(id).is_some()), [true, false, true]);
    }

    #[test]
    fn many_writers_lose_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::thread::scope(|scope| {
            for n in 0..8 {
                let cache = Cache::new(folder.path(), DEFAULT_LIMIT);
                scope.spawn(move || cache.store(ID, &entry(&[n])).expect("the folder is writable"));
            }
        });
        let found = Cache::new(folder.path(), DEFAULT_LIMIT).load(ID).expect("it was stored");
        assert_eq!(found.resolution.addresses(), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn an_id_that_is_no_file_name_is_not_cached() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::new(folder.path(), DEFAULT_LIMIT);
        for id in ["", "a", "../../etc/passwd", "a/b", "zz\0"] {
            cache.store(id, &entry(&[1])).expect("nothing to do");
            assert_eq!(cache.load(id), None);
        }
        assert!(!folder.path().join("symbols").exists());
    }

    #[test]
    fn a_small_file_that_unpacks_to_much_is_refused() {
        let plain = vec![0; 100 << 20];
        let packed = zstd::bulk::compress(&plain, 1).expect("memory");
        let length = (plain.len() as u64).to_le_bytes();
        let head =
            [&MAGIC[..], &RESOLVER_VERSION.to_le_bytes(), &crc32fast::hash(&packed).to_le_bytes(), &length];
        assert_eq!(CacheEntry::decode(&[&head.concat()[..], &packed].concat()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_crash(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            // With a right header, so that the inside is reached.
            if bytes.len() >= HEADER {
                bytes[..8].copy_from_slice(&MAGIC);
                bytes[8..12].copy_from_slice(&RESOLVER_VERSION.to_le_bytes());
                let crc = crc32fast::hash(&bytes[HEADER..]);
                bytes[12..16].copy_from_slice(&crc.to_le_bytes());
            }
            prop_assert_eq!(CacheEntry::decode(&bytes), None);
        }

        #[test]
        fn any_postcard_is_read_without_a_crash(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let entry: Result<CacheEntry, _> = postcard::from_bytes(&bytes);
            if let Ok(entry) = entry && entry.resolution.is_consistent() {
                for at in 0..entry.resolution.addresses().len() {
                    entry.resolution.frames_at(at);
                }
            }
        }
    }
}
