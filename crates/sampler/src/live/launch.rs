//! Starting the program: forked and held before `execve`, so that its first instruction is observed.

use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection};

use crate::live::error::{Error, NOT_THERE, Result};
use crate::live::proc::Accounts;
use crate::live::sys;

/// A child that waits for [`Child::release`] before it becomes the program.
pub struct Child {
    /// Its process id.
    pub(crate) pid: i32,
    /// Becomes readable when it ends.
    pub(crate) ended: File,
    go: Option<File>,
    failure: File,
    program: String,
    path: PathBuf,
    reaped: Option<Exit>,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Exit status, or minus the signal that killed it.
    pub status: i32,
    /// User and system time of it and of the children it waited for, nanoseconds.
    pub cpu_time: i64,
    /// The part of it in the program's own code.
    pub user_time: i64,
    /// The part of it in the kernel.
    pub system_time: i64,
    /// The largest resident set of it or of one of these children, bytes, or ours when it was forked, if larger.
    pub peak_memory: i64,
    /// The kernel's accounting of it and of these children.
    pub accounts: Accounts,
}

impl Child {
    /// Forks. The program does not run yet; what it will print on stdout goes nowhere if `silent`.
    pub(crate) fn fork(command: &[OsString], silent: bool) -> Result<Self> {
        let program = command.first().ok_or_else(|| Error::ProgramNotFound { program: String::new() })?;
        let file = find(program)?;
        let path = c_string(file.as_os_str())?;
        let arguments: Vec<CString> = command.iter().map(|word| c_string(word)).collect::<Result<_>>()?;
        let mut pointers: Vec<_> = arguments.iter().map(|word| word.as_ptr()).collect();
        pointers.push(std::ptr::null());
        let (hold, go) = pipe()?;
        let (failure, report) = pipe()?;
        // SAFETY: the child calls only async-signal-safe functions before it executes or exits.
        let pid = unsafe { libc::fork() };
        match pid {
            -1 => Err(Error::system("starting the program")),
            0 => {
                // With our end of the pipe open in the child, it would wait for ever if we died.
                drop((go, failure));
                become_program(&path, &pointers, silent, hold, report)
            }
            pid => {
                drop((hold, report));
                let ended = sys::pidfd(pid);
                let ended =
                    ended.map_err(|source| Error::System { what: "watching the program".into(), source })?;
                let program = program.to_string_lossy().into_owned();
                Ok(Self { pid, ended, go: Some(go), failure, program, path: file, reaped: None })
            }
        }
    }

    /// Lets the program begin; an error if it could not be executed after all.
    pub(crate) fn release(&mut self) -> Result<()> {
        if let Some(mut go) = self.go.take() {
            // If the child is gone already, the failure pipe or its exit status says so.
            let _ = go.write_all(&[1]);
        }
        let mut code = [0; 4];
        match self.failure.read_exact(&mut code) {
            Ok(()) => {
                self.wait()?;
                let refused = std::io::Error::from_raw_os_error(i32::from_ne_bytes(code));
                let reason = missing_interpreter(&refused, &self.path).unwrap_or_else(|| refused.to_string());
                Err(Error::NotExecutable { program: self.program.clone(), reason })
            }
            Err(_) => Ok(()),
        }
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<Exit> {
        if let Some(exit) = self.reaped {
            return Ok(exit);
        }
        let mut status = 0;
        // SAFETY: all-zero is a valid rusage.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both out-parameters are valid for writes.
        while unsafe { libc::wait4(self.pid, &mut status, 0, &mut usage) } < 0 {
            if std::io::Error::last_os_error().kind() != std::io::ErrorKind::Interrupted {
                return Err(Error::system("waiting for the program"));
            }
        }
        let status =
            if libc::WIFSIGNALED(status) { -libc::WTERMSIG(status) } else { libc::WEXITSTATUS(status) };
        let user_time = sys::timeval_nanoseconds(usage.ru_utime);
        let system_time = sys::timeval_nanoseconds(usage.ru_stime);
        let exit = Exit {
            status,
            cpu_time: user_time + system_time,
            user_time,
            system_time,
            peak_memory: usage.ru_maxrss * 1024,
            accounts: Accounts {
                cpu_time: user_time + system_time,
                minor_faults: usage.ru_minflt,
                major_faults: usage.ru_majflt,
                switches: usage.ru_nvcsw + usage.ru_nivcsw,
                peak_memory: usage.ru_maxrss * 1024,
            },
        };
        Ok(*self.reaped.insert(exit))
    }

    /// Whether it has ended, waited for or not.
    pub(crate) fn has_ended(&self) -> bool {
        let mut poll = libc::pollfd { fd: self.ended.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry.
        unsafe { libc::poll(&mut poll, 1, 0) == 1 }
    }

    /// Whether it has not been waited for.
    pub(crate) fn is_running(&self) -> bool {
        self.reaped.is_none()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, number: i32) {
        if self.is_running() {
            // SAFETY: the process is our unreaped child, so the pid is not somebody else's.
            unsafe { libc::kill(self.pid, number) };
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.go.take().is_some() {
            // It was never released: it exits when its pipe closes, and is waited for here.
            let _ = self.wait();
        }
    }
}

fn become_program(
    path: &CString,
    arguments: &[*const libc::c_char],
    silent: bool,
    mut hold: File,
    mut report: File,
) -> ! {
    let mut byte = [0];
    // SAFETY: all calls are async-signal-safe; the arrays are terminated and outlive the call.
    unsafe {
        // Python ignores these two; the program must find them as the shell left them.
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
        if !matches!(hold.read(&mut byte), Ok(1)) {
            libc::_exit(127);
        }
        if !silent || print_nowhere() {
            libc::execv(path.as_ptr(), arguments.as_ptr());
        }
        let code = *libc::__errno_location();
        let _ = report.write_all(&code.to_ne_bytes());
        libc::_exit(127);
    }
}

/// Lets the null device be this process's stdout, which may be closed; whether that was possible.
fn print_nowhere() -> bool {
    // SAFETY: all calls are async-signal-safe, and the path is terminated.
    unsafe {
        let nowhere = libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY);
        if nowhere < 0 || nowhere == libc::STDOUT_FILENO {
            return nowhere >= 0;
        }
        let taken = libc::dup2(nowhere, libc::STDOUT_FILENO);
        libc::close(nowhere);
        taken >= 0
    }
}

/// Of a program that exists, the kernel says "no such file" if what should interpret it does not.
fn missing_interpreter(refused: &std::io::Error, path: &Path) -> Option<String> {
    if refused.kind() != std::io::ErrorKind::NotFound {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    if let Some(rest) = bytes.strip_prefix(b"#!") {
        let line = rest.split(|byte| *byte == b'\n').next()?;
        let line = String::from_utf8_lossy(line);
        return Some(format!("its interpreter {} {NOT_THERE}", line.split_whitespace().next()?));
    }
    let image = object::File::parse(&bytes[..]).ok()?;
    let loader = image.section_by_name(".interp")?.data().ok()?;
    let loader = String::from_utf8_lossy(loader);
    Some(format!("its loader {} {NOT_THERE}", loader.trim_end_matches('\0')))
}

fn pipe() -> Result<(File, File)> {
    let mut ends = [0; 2];
    // SAFETY: the array holds two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } < 0 {
        return Err(Error::system("making a pipe"));
    }
    // SAFETY: both descriptors are fresh and ours.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]).into(), OwnedFd::from_raw_fd(ends[1]).into()) })
}

fn c_string(text: &OsStr) -> Result<CString> {
    CString::new(text.as_bytes()).map_err(|_| Error::NotExecutable {
        program: text.to_string_lossy().into_owned(),
        reason: "an argument holds a NUL byte".into(),
    })
}

/// The file that a command names, looked for as `execvp(3)` does.
fn find(program: &OsStr) -> Result<PathBuf> {
    let name = || program.to_string_lossy().into_owned();
    if program.is_empty() {
        return Err(Error::ProgramNotFound { program: name() });
    }
    if program.as_bytes().contains(&b'/') {
        let path = Path::new(program);
        return match executable(path) {
            Ok(()) => Ok(path.to_owned()),
            Err(None) => Err(Error::ProgramNotFound { program: name() }),
            Err(Some(reason)) => Err(Error::NotExecutable { program: name(), reason }),
        };
    }
    let folders = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let mut refused = None;
    for folder in std::env::split_paths(&folders) {
        let path = folder.join(program);
        match executable(&path) {
            Ok(()) => return Ok(path),
            Err(reason) => refused = refused.or(reason),
        }
    }
    Err(match refused {
        Some(reason) => Error::NotExecutable { program: name(), reason },
        None => Error::ProgramNotFound { program: name() },
    })
}

/// Whether a file can be executed; the reason is none if it does not exist.
fn executable(path: &Path) -> std::result::Result<(), Option<String>> {
    let metadata = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => None,
        _ => Some(format!("{}: {error}", path.display())),
    })?;
    if metadata.is_dir() {
        return Err(Some(format!("{} is a directory", path.display())));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(Some(format!("{} has no permission to execute", path.display())));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    fn run(words: &[&str]) -> Result<Exit> {
        let mut child = Child::fork(&command(words), false)?;
        child.release()?;
        child.wait()
    }

    #[test]
    fn exit_status_and_signal_are_told_apart() {
        assert_eq!(run(&["sh", "-c", "exit 7"]).unwrap().status, 7);
        assert_eq!(run(&["sh", "-c", "kill -TERM $$"]).unwrap().status, -libc::SIGTERM);
    }

    #[test]
    fn what_cannot_be_executed_says_why() {
        assert_eq!(run(&["no-such-program-here"]).unwrap_err().kind(), "program-not-found");
        assert_eq!(run(&["./no-such-program-here"]).unwrap_err().kind(), "program-not-found");
        let error = run(&["/tmp"]).unwrap_err();
        assert!(error.to_string().contains("is a directory"), "{error}");
        let error = run(&["/etc/passwd"]).unwrap_err();
        assert!(error.to_string().contains("no permission to execute"), "{error}");
    }

    #[test]
    fn a_file_that_the_kernel_rejects_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broken");
        fs::write(&path, b"\x7fELF, but not really").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let error = run(&[path.to_str().unwrap()]).unwrap_err();
        assert_eq!(error.kind(), "not-executable");
        assert!(error.to_string().contains("Exec format error"), "{error}");
    }

    #[test]
    fn an_interpreter_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script");
        fs::write(&path, "#!/nowhere/interpreter -x\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let error = run(&[path.to_str().unwrap()]).unwrap_err();
        assert!(
            error.to_string().ends_with("its interpreter /nowhere/interpreter does not exist"),
            "{error}"
        );
        assert!(error.cure().starts_with("install it"), "{}", error.cure());
    }

    #[test]
    fn a_child_that_is_never_released_does_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        drop(Child::fork(&command(&["touch", mark.to_str().unwrap()]), false).unwrap());
        assert!(!mark.exists());
    }
}
