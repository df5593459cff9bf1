//! Signals while recording.
//!
//! A signal from the terminal reaches the program by itself, one that somebody sends to the
//! recorder is handed on. Neither ends the recorder: it ends with the program.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};

use crate::live::error::{Error, Result};

const WATCHED: [i32; 6] =
    [libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGHUP, libc::SIGUSR1, libc::SIGUSR2];

/// The write end for the handler; -1 while nobody records.
static REPORT: AtomicI32 = AtomicI32::new(-1);

/// A signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Which.
    pub number: i32,
    /// Sent to us by a process, so that the program has not got it.
    pub to_us_alone: bool,
}

/// Watches signals until dropped, then restores what was there.
pub struct Signals {
    arrived: OwnedFd,
    report: OwnedFd,
    previous: Vec<(i32, libc::sigaction)>,
}

impl Signals {
    /// Begins.
    ///
    /// # Errors
    /// [`Error`] if there is no descriptor left for a pipe.
    pub fn watch() -> Result<Self> {
        let mut ends = [0; 2];
        // SAFETY: the array holds two descriptors.
        if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } < 0 {
            return Err(Error::system("making a pipe for signals"));
        }
        // SAFETY: both descriptors are fresh and ours.
        let (arrived, report) = unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
        REPORT.store(report.as_raw_fd(), Ordering::SeqCst);
        let previous = WATCHED.iter().filter_map(|signal| Some((*signal, install(*signal)?))).collect();
        Ok(Self { arrived, report, previous })
    }

    /// Readable when a signal has arrived.
    #[must_use]
    pub fn descriptor(&self) -> i32 {
        self.arrived.as_raw_fd()
    }

    /// The next signal that has arrived, without waiting.
    #[must_use]
    pub fn next(&self) -> Option<Signal> {
        let mut bytes = [0u8; 2];
        // SAFETY: the buffer is valid for writes.
        let read = unsafe { libc::read(self.arrived.as_raw_fd(), bytes.as_mut_ptr().cast(), 2) };
        (read == 2).then(|| Signal { number: i32::from(bytes[0]), to_us_alone: bytes[1] == 1 })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for (signal, action) in &self.previous {
            // SAFETY: the action is what the kernel gave us for this signal.
            unsafe { libc::sigaction(*signal, action, std::ptr::null_mut()) };
        }
        let ours = self.report.as_raw_fd();
        let _ = REPORT.compare_exchange(ours, -1, Ordering::SeqCst, Ordering::SeqCst);
    }
}

/// Installs the handler, unless the signal is ignored (`nohup`): then it stays so.
fn install(signal: i32) -> Option<libc::sigaction> {
    // SAFETY: all-zero is a valid sigaction; the handler is async-signal-safe.
    unsafe {
        let mut previous: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut previous);
        if previous.sa_sigaction == libc::SIG_IGN {
            return None;
        }
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = report as extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigaction(signal, &action, std::ptr::null_mut());
        Some(previous)
    }
}

extern "C" fn report(signal: i32, information: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid siginfo; write(2) is async-signal-safe, and errno is kept.
    unsafe {
        let errno = *libc::__errno_location();
        // Codes above zero are the kernel's own: the terminal has signalled the whole group.
        let to_us_alone = information.is_null() || (*information).si_code <= 0;
        let bytes = [signal as u8, u8::from(to_us_alone)];
        libc::write(REPORT.load(Ordering::SeqCst), bytes.as_ptr().cast(), 2);
        *libc::__errno_location() = errno;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_sent_to_us_is_reported_and_handlers_are_restored() {
        let signals = Signals::watch().unwrap();
        // SAFETY: a signal to ourselves, for which a handler is installed.
        unsafe { libc::raise(libc::SIGUSR1) };
        assert_eq!(signals.next(), Some(Signal { number: libc::SIGUSR1, to_us_alone: true }));
        assert_eq!(signals.next(), None);
        drop(signals);
        // SAFETY: all-zero is a valid sigaction; only the current action is asked for.
        let current = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(libc::SIGUSR1, std::ptr::null(), &mut action);
            action.sa_sigaction
        };
        assert_eq!(current, libc::SIG_DFL);
    }
}
