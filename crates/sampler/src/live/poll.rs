//! Waiting for whatever comes first.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

use crate::live::signals::Signals;

/// What the recorder waits for: signals, ends of processes, filling rings.
pub(crate) struct Poll {
    entries: Vec<libc::pollfd>,
    processes: usize,
}

impl Poll {
    pub(crate) fn new(signals: &Signals, processes: &[File], rings: &[OwnedFd]) -> Self {
        let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        let mut entries = vec![entry(signals.descriptor())];
        entries.extend(processes.iter().map(|process| entry(process.as_raw_fd())));
        entries.extend(rings.iter().map(|ring| entry(ring.as_raw_fd())));
        Self { entries, processes: processes.len() }
    }

    pub(crate) fn wait(&mut self, nanoseconds: i64) {
        let timeout =
            libc::timespec { tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000 };
        // SAFETY: the entries are valid for the duration of the call; no signal mask is given.
        let ready = unsafe {
            libc::ppoll(
                self.entries.as_mut_ptr(),
                self.entries.len() as libc::nfds_t,
                &timeout,
                std::ptr::null(),
            )
        };
        if ready <= 0 {
            self.entries.iter_mut().for_each(|entry| entry.revents = 0);
        }
        for (index, entry) in self.entries.iter_mut().enumerate().skip(1) {
            // A process that ended, or a ring whose task did, would wake us for ever.
            let process_ended = index <= self.processes && entry.revents != 0;
            if process_ended || entry.revents & (libc::POLLHUP | libc::POLLERR) != 0 {
                entry.fd = -1;
            }
        }
    }

    pub(crate) fn all_ended(&self) -> bool {
        self.entries[1..=self.processes].iter().all(|entry| entry.fd < 0)
    }
}
