//! What is left when a recording ends: its journal, what it saw held open, and a program that may still run.

use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::time::Instant;

use pyrometer_symbols::generated::Named;

use crate::binary::Source;
use crate::live::error::{Error, Result};
use crate::live::launch::{Child, Exit};
use crate::live::signals::Signals;

/// A finished recording.
pub struct Recording {
    /// The journal.
    pub journal: PathBuf,
    /// What is known of each row of `binaries`: its open file, or its bytes.
    pub binaries: Vec<Source>,
    /// Names of generated code.
    pub named: Vec<Named>,
    /// How the launched program ended; none if it still runs or none was launched.
    pub exit: Option<Exit>,
    /// The launched program, if it still runs.
    pub(crate) running: Option<Running>,
    /// Set when the journal could not be written to the end.
    pub failure: Option<Error>,
    /// When the program ended or recording stopped.
    pub ended: Instant,
}

/// A program that outlives its recording; signals to us go on to it.
pub(crate) struct Running {
    pub(crate) child: Child,
    pub(crate) signals: Signals,
}

impl Recording {
    /// Waits for the launched program: how it ended, or none if none was launched.
    ///
    /// # Errors
    /// [`Error::System`] if the kernel does not let us wait.
    pub fn wait(&mut self) -> Result<Option<Exit>> {
        if let Some(running) = self.running.take() {
            self.exit = Some(running.wait()?);
        }
        Ok(self.exit)
    }
}

impl Running {
    fn wait(mut self) -> Result<Exit> {
        hand_on(&self.signals, Some(&mut self.child));
        // Anew, for since then the host of this library may have set handlers of its own.
        drop(self.signals);
        let signals = Signals::watch()?;
        while !self.child.has_ended() {
            let entry = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
            let mut entries = [entry(signals.descriptor()), entry(self.child.ended.as_raw_fd())];
            // SAFETY: two valid entries; a signal that interrupts the call is in the pipe.
            unsafe { libc::poll(entries.as_mut_ptr(), 2, -1) };
            hand_on(&signals, Some(&mut self.child));
        }
        self.child.wait()
    }
}

/// Hands on to the program what it has not got itself; without one, a signal is for us: true if any came.
pub(crate) fn hand_on(signals: &Signals, mut child: Option<&mut Child>) -> bool {
    while let Some(signal) = signals.next() {
        match &mut child {
            Some(child) if signal.to_us_alone => child.signal(signal.number),
            Some(_) => {}
            None => return true,
        }
    }
    false
}
