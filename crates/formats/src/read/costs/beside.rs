//! Batches are added up in a thread of their own, while the reader reads on.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::adder::Adder;
use super::batch::Batch;

/// Batches that wait: as many as even out the two threads.
const WAITING: usize = 4;

/// Where batches are added up: here until there is more than one, so that a small file starts no thread.
#[derive(Debug)]
pub(super) enum Adding {
    /// By whoever hands them over.
    Here(Box<Adder>),
    /// By a thread.
    Beside(Beside),
}

/// A thread that adds up.
#[derive(Debug)]
pub(super) struct Beside {
    full: SyncSender<(Batch, Box<[usize]>)>,
    empty: Receiver<Batch>,
    thread: JoinHandle<Box<Adder>>,
}

impl Default for Adding {
    fn default() -> Self {
        Self::Here(Box::default())
    }
}

impl Adding {
    /// Adds a batch, now or soon; an empty one. `widths`: columns of each set.
    pub(super) fn add(&mut self, batch: Batch, widths: &[usize]) -> Batch {
        if let Self::Here(adder) = self
            && let Some(beside) = Beside::start(adder)
        {
            *self = Self::Beside(beside);
        }
        match self {
            Self::Here(adder) => {
                adder.add(&batch, widths);
                batch.emptied()
            }
            Self::Beside(beside) => beside.add(batch, widths),
        }
    }

    /// Adds the last batch; all sums.
    pub(super) fn finish(self, batch: Batch, widths: &[usize]) -> Box<Adder> {
        let mut adder = match self {
            Self::Here(adder) => adder,
            Self::Beside(beside) => beside.finish(),
        };
        adder.add(&batch, widths);
        adder
    }
}

impl Beside {
    /// Goes on in a thread with what was added; none where there is one core only, or no thread to be had.
    fn start(adder: &mut Box<Adder>) -> Option<Self> {
        if thread::available_parallelism().map_or(1, usize::from) < 2 {
            return None;
        }
        let (full, batches) = sync_channel::<(Batch, Box<[usize]>)>(WAITING);
        let (give_back, empty) = sync_channel(WAITING);
        let (hand_in, begun) = sync_channel::<Box<Adder>>(1);
        let add_up = move || {
            let mut adder = begun.recv().unwrap_or_default();
            for (batch, widths) in batches {
                adder.add(&batch, &widths);
                // Nobody may need it any more.
                let _ = give_back.try_send(batch.emptied());
            }
            adder
        };
        let thread = thread::Builder::new().name("costs".to_owned()).spawn(add_up).ok()?;
        // The thread waits for it.
        let _ = hand_in.send(std::mem::take(adder));
        Some(Self { full, empty, thread })
    }

    fn add(&mut self, batch: Batch, widths: &[usize]) -> Batch {
        // It takes all of them unless it panicked, which its end tells.
        let _ = self.full.send((batch, widths.into()));
        self.empty.try_recv().unwrap_or_default()
    }

    fn finish(self) -> Box<Adder> {
        drop(self.full);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}
