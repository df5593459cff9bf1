//! Work on all processors, in a process that was forked from one that did such work too (`multiprocessing` does so): the
//! threads that work there are not here, and whoever waits for them waits for ever.

use std::process;
use std::sync::OnceLock;

use rayon::ThreadPoolBuilder;

/// The process that has imported this module.
static FIRST: OnceLock<u32> = OnceLock::new();

/// Takes note of this process, whose threads are those of all.
pub fn imported() {
    FIRST.get_or_init(process::id);
}

/// Does work that may use all processors: in a forked process with threads of its own.
pub fn in_parallel<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if FIRST.get().is_none_or(|first| *first == process::id()) {
        return work();
    }
    match ThreadPoolBuilder::new().build() {
        Ok(threads) => threads.install(work),
        Err(_) => work(),
    }
}
