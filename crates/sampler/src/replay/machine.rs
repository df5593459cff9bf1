//! The machine that reads a recording: its files may be the recorded ones; its processes are not.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use pyrometer_symbols::identity;
use rustc_hash::FxHashMap;

use crate::binary::{Binary, MappedFile, version};
use crate::kernel;
use crate::kernel_text::MapLine;
use crate::machine::Machine;

/// What perf calls the kernel and the vdso in its list of build ids.
pub(super) const KERNEL: &str = "[kernel.kallsyms]";
const VDSO: &str = "[vdso]";

/// Where the files of the recorded machine may lie here.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// A copy of that machine's file system, looked into first.
    pub sysroot: Option<PathBuf>,
    /// Binaries, files with debug info and folders that have some.
    pub debug_paths: Vec<PathBuf>,
    /// perf's own cache, usually `~/.debug`.
    pub perf_cache: Option<PathBuf>,
    /// When the recording was written, nanoseconds since 1970: a binary without a build id that is younger is
    /// another one.
    pub written: Option<i64>,
}

/// What is left of a recording's machine.
pub(super) struct Recorded {
    pub(super) places: Places,
    pub(super) build_ids: FxHashMap<String, String>,
    /// Whether the kernel that was recorded runs here, since the same start.
    pub(super) is_same_boot: bool,
}

/// What was found where a binary should be.
enum Found {
    It(File),
    Another { build_id: Option<String> },
    Younger,
    Nothing,
}

impl Recorded {
    /// The paths where a binary may lie under its own name.
    fn by_path(&self, path: &str) -> Vec<PathBuf> {
        let relative = path.trim_start_matches('/');
        let under = |root: &PathBuf| root.join(relative);
        self.places.sysroot.iter().map(under).chain([PathBuf::from(path)]).collect()
    }

    /// The paths where a binary may lie of which the build id must tell that it is the one.
    fn by_id(&self, path: &str, build_id: &str) -> Vec<PathBuf> {
        let relative = path.trim_start_matches('/');
        let name = Path::new(relative).file_name().unwrap_or_default();
        let (folder, rest) = build_id.split_at_checked(2).unwrap_or(("", build_id));
        let linked = Path::new(".build-id").join(folder);
        let mut paths = Vec::new();
        for place in &self.places.debug_paths {
            let debug = linked.join(format!("{rest}.debug"));
            paths.push(place.clone());
            paths.extend(
                [Path::new(relative), Path::new(name), &linked.join(rest), &debug].map(|at| place.join(at)),
            );
        }
        let cached = self.places.perf_cache.iter().map(|cache| cache.join(&linked).join(rest));
        paths.extend(cached.flat_map(|folder| ["elf", "vdso"].map(|file| folder.join(file))));
        paths
    }

    fn find(&self, path: &str, build_id: Option<&str>) -> Found {
        let Some(build_id) = build_id else { return self.find_unproven(path) };
        let mut found = Found::Nothing;
        for candidate in self.by_path(path).into_iter().chain(self.by_id(path, build_id)) {
            let Some(file) = open(&candidate) else { continue };
            let has = identity::build_id(&file);
            if has.as_deref().is_some_and(|has| is_same(has, build_id)) {
                return Found::It(file);
            }
            if matches!(found, Found::Nothing) {
                found = Found::Another { build_id: has };
            }
        }
        found
    }

    /// A binary that has no build id, or whose was not recorded: all that is known of it is its path, and that it
    /// was there before the recording ended.
    fn find_unproven(&self, path: &str) -> Found {
        let Some(file) = self.by_path(path).iter().find_map(|path| open(path)) else { return Found::Nothing };
        let changed = version(&file).map(|(changed, _)| changed);
        match changed.zip(self.places.written) {
            Some((changed, written)) if changed > written => Found::Younger,
            _ => Found::It(file),
        }
    }

    /// The vdso of this process, if it is the recorded one: by its build id, or where perf has recorded none (in pipes,
    /// with `-z`), because one kernel has one.
    fn vdso_here(&self, build_id: Option<&str>) -> Option<Binary> {
        let own = crate::own_vdso()?;
        let is_it = match build_id {
            Some(recorded) => own.build_id.as_deref().is_some_and(|own| is_same(own, recorded)),
            None => self.is_same_boot,
        };
        is_it.then_some(own)
    }
}

/// Whether an id is the recorded one, which is padded to 20 bytes where perf did not keep its length.
fn is_same(has: &str, recorded: &str) -> bool {
    let rest = recorded.strip_prefix(has);
    rest.is_some_and(|rest| rest.bytes().all(|digit| digit == b'0'))
}

/// Opens a regular file; none for anything else: paths come from the recording.
fn open(path: &Path) -> Option<File> {
    let is_file = fs::metadata(path).is_ok_and(|about| about.is_file());
    is_file.then(|| File::open(path).ok()).flatten()
}

const CURE: &str = "give the folder that has it with --sysroot or --debug-path";

impl Machine for Recorded {
    /// The processes are gone: nothing is asked of them at any time.
    fn now(&self) -> i64 {
        0
    }

    fn thread_name(&self, _: i32, _: i32) -> Option<String> {
        None
    }

    fn command_line(&self, _: i32) -> String {
        String::new()
    }

    fn maps(&self, _: i32) -> Vec<MapLine> {
        Vec::new()
    }

    fn is_live(&self) -> bool {
        false
    }

    fn read_memory(&self, _: i32, _: i32, _: u64, _: &mut [u8]) -> usize {
        0
    }

    fn open(&self, mapped: &MappedFile) -> Binary {
        let path = mapped.path;
        let build_id = mapped.build_id.as_ref().or_else(|| self.build_ids.get(path)).cloned();
        let reason = match self.find(path, build_id.as_deref()) {
            Found::It(file) => return Binary::from_file(path, file),
            Found::Nothing => {
                format!("{path} of the recording is not here, so its names are missing: {CURE}")
            }
            Found::Another { build_id: has } => format!(
                "{path} is not the file that was recorded (build id {}, recorded {}), so its names are missing: {CURE}",
                has.as_deref().unwrap_or("none"),
                build_id.as_deref().unwrap_or("none"),
            ),
            Found::Younger => format!(
                "{path} has no build id in the recording and was written after it, so it may be another file and \
                 its names are missing: {CURE}"
            ),
        };
        Binary::absent(path, build_id, reason)
    }

    fn vdso(&self) -> Binary {
        let build_id = self.build_ids.get(VDSO).cloned();
        if let Some(own) = self.vdso_here(build_id.as_deref()) {
            return own;
        }
        let paths = build_id.as_deref().map_or(Vec::new(), |build_id| self.by_id(VDSO, build_id));
        let is_it = |file: &File| {
            identity::build_id(file).zip(build_id.clone()).is_some_and(|(a, b)| is_same(&a, &b))
        };
        match paths.iter().find_map(|path| open(path).filter(is_it)) {
            Some(file) => Binary::from_file(VDSO, file),
            None => {
                let reason = "the vdso of the recorded kernel is not here, so its names are missing";
                Binary::absent(VDSO, build_id, reason.to_owned())
            }
        }
    }

    fn kernel(&self) -> Binary {
        let mut binary = Binary::nameless(kernel::NAME);
        binary.build_id = self.build_ids.get(KERNEL).cloned();
        binary
    }

    fn perf_map(&self, pid: i32) -> Option<File> {
        self.by_path(&format!("/tmp/perf-{pid}.map")).iter().find_map(|path| open(path))
    }

    fn jit_dump(&self, _: i32, path: &str) -> Option<File> {
        self.by_path(path).iter().find_map(|path| open(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_id_may_be_padded() {
        assert!(is_same("abcd", "abcd0000") && is_same("abcd", "abcd"));
        assert!(!is_same("abcd", "abcd0001") && !is_same("abcd", "abc"));
    }

    fn recorded() -> Recorded {
        Recorded { places: Places::default(), build_ids: FxHashMap::default(), is_same_boot: false }
    }

    #[test]
    fn without_a_build_id_the_vdso_is_that_of_the_same_boot() {
        let Some(own) = crate::own_vdso() else {
            println!("not available here: a vdso");
            return;
        };
        let mut machine = recorded();
        assert!(machine.vdso().missing.is_some(), "of which kernel is not known");
        machine.is_same_boot = true;
        assert_eq!((machine.vdso().missing, machine.vdso().build_id), (None, own.build_id));
        machine.build_ids.insert(VDSO.to_owned(), "abcd".to_owned());
        assert!(machine.vdso().missing.is_some(), "another one was recorded");
    }

    #[test]
    fn a_binary_is_the_recorded_one_or_absent_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bin/prog");
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(&path, "no program").unwrap();
        let mut machine = recorded();
        machine.places.sysroot = Some(folder.path().to_owned());
        let mapped = |build_id: Option<&str>| MappedFile {
            pid: 1,
            start: 0,
            end: 1,
            device: (0, 0),
            inode: 1,
            path: "/bin/prog",
            build_id: build_id.map(str::to_owned),
            seen: 0,
        };
        let missing = |machine: &Recorded, build_id| machine.open(&mapped(build_id)).missing.unwrap();
        assert!(missing(&machine, None).contains("no readable ELF"), "found below the sysroot");
        assert!(missing(&machine, Some("abcd")).contains("build id none, recorded abcd"));
        machine.places.written = Some(1);
        assert!(missing(&machine, None).contains("written after it"));
        machine.places.sysroot = None;
        assert!(missing(&machine, None).contains("is not here"));
    }
}
