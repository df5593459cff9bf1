//! What a thread counts in, and how it finds the record of an event.
//!
//! Everything that may be called while it is under way (allocators, `Display` of keys' arguments, the child of a fork)
//! finds the thread without a writer, so that nothing is used twice at once.

use std::cell::Cell;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use super::argument::Arguments;
use super::file::CountFile;
use super::folder::folder;
use super::known::{Known, Origin};
use super::layout::{Entry, Record};
use super::table::{Place, Table, Wanted};
use crate::weight::Amount;

/// A place in the program that counts a key that never changes. Its number is the index of its record in each thread.
#[derive(Debug)]
pub struct Site {
    /// From 1; 0 until it is reached.
    number: AtomicU32,
}

static NUMBERS: AtomicU32 = AtomicU32::new(1);
/// A site of a higher number is looked up by its key each time: code that makes sites without end has no index.
const MOST_SITES: u32 = 1 << 20;

impl Site {
    /// One that was not reached yet.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "only macros make one")]
    pub const fn new() -> Self {
        Self { number: AtomicU32::new(0) }
    }

    /// Its number, chosen if it has none.
    fn number(&self) -> u32 {
        match self.number.load(Relaxed) {
            0 => self.choose_number(),
            number => number,
        }
    }

    #[cold]
    fn choose_number(&self) -> u32 {
        let new = NUMBERS.fetch_add(1, Relaxed);
        let before = self.number.compare_exchange(0, new, Relaxed, Relaxed);
        before.err().unwrap_or(new)
    }
}

/// All that a thread has, once it has counted.
struct Writer {
    file: CountFile,
    table: Table,
    known: Known,
    /// By the numbers of the sites.
    sites: Vec<Reached>,
}

/// The record of a site, for the place that it was last reached from.
#[derive(Clone, Copy)]
struct Reached {
    /// Null if the site was not reached.
    record: *const Record,
    place: Place,
}

const NOWHERE: Reached = Reached { record: ptr::null(), place: None };

struct Local {
    /// Null before the first event, after the thread's end, and while something is done with it.
    writer: Cell<*mut Writer>,
    state: Cell<State>,
    /// Events that are not in the file yet.
    lost: Cell<u64>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Free,
    /// The writer is in use further up the stack.
    Busy,
    /// There can be no file.
    Failed,
}

thread_local! {
    // Without a destructor, so that it can be used as long as the thread runs, at the cost of one address.
    static LOCAL: Local = const {
        Local { writer: Cell::new(ptr::null_mut()), state: Cell::new(State::Free), lost: Cell::new(0) }
    };
    static END: End = const { End };
}

/// Takes the writer away when the thread ends.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let writer = LOCAL.with(|local| local.writer.replace(ptr::null_mut()));
        if !writer.is_null() {
            // SAFETY: made by `Box::into_raw` in this thread, and nowhere else any more.
            drop(unsafe { Box::from_raw(writer) });
        }
    }
}

/// Lets go of what the parent counts in: the child of a fork begins anew. Nothing is freed, for the files are the
/// parent's.
pub unsafe extern "C" fn forget() {
    LOCAL.with(|local| {
        local.writer.set(ptr::null_mut());
        local.state.set(State::Free);
        local.lost.set(0);
    });
}

/// Counts an event of a site whose key is always this.
pub fn count_at(site: &'static Site, amount: Amount, place: Place, key: &'static str) {
    LOCAL.with(|local| {
        // SAFETY: the writer of this thread, which nobody else uses.
        let writer = unsafe { local.writer.get().as_ref() };
        let number = site.number.load(Relaxed) as usize;
        let reached = writer.and_then(|writer| writer.sites.get(number)).copied().unwrap_or(NOWHERE);
        // SAFETY: records are mapped as long as the writer is there.
        match unsafe { reached.record.as_ref() } {
            // In generic code one site counts weights of several types; and a function has several callers.
            Some(record) if record.kind() == amount.kind() && is_same(place, reached.place) => {
                record.add(amount)
            }
            _ => find_site(local, site, &Wanted::new(key.as_bytes(), amount.kind(), place), amount),
        }
    });
}

/// Whether these are one place, by identity.
fn is_same(one: Place, other: Place) -> bool {
    one.map(ptr::from_ref) == other.map(ptr::from_ref)
}

/// Counts an event by its key.
pub fn count_key(amount: Amount, place: Place, key: &[u8]) {
    let wanted = Wanted::new(key, amount.kind(), place);
    LOCAL.with(|local| {
        // SAFETY: the writer of this thread, which nobody else uses.
        let found = unsafe { local.writer.get().as_ref() }.and_then(|writer| writer.table.find(&wanted));
        match found {
            // SAFETY: records are mapped as long as the writer is there.
            Some(record) => unsafe { &*record }.add(amount),
            None => with_writer(local, |writer| writer.record(&wanted), amount),
        }
    });
}

/// Counts an event by the numbers that its key is made of, if they were met before.
pub fn count_known(site: &'static Site, amount: Amount, place: Place, arguments: &Arguments) -> bool {
    LOCAL.with(|local| {
        let origin = Origin::new(site.number.load(Relaxed), amount.kind(), place, arguments);
        // SAFETY: the writer of this thread, which nobody else uses.
        let found = unsafe { local.writer.get().as_ref() }.and_then(|writer| writer.known.find(&origin));
        // SAFETY: records are mapped as long as the writer is there.
        found.map(|record| unsafe { &*record }.add(amount)).is_some()
    })
}

/// Counts an event by its key, and remembers the numbers that this was made of.
pub fn count_origin(site: &'static Site, amount: Amount, place: Place, arguments: &Arguments, key: &[u8]) {
    let is_full = LOCAL.with(|local| {
        // SAFETY: the writer of this thread, which nobody else uses.
        unsafe { local.writer.get().as_ref() }.is_some_and(|writer| writer.known.is_full())
    });
    if is_full {
        return count_key(amount, place, key);
    }
    let origin = Origin::new(site.number(), amount.kind(), place, arguments);
    let wanted = Wanted::new(key, amount.kind(), place);
    let record = |writer: &mut Writer| {
        let record = writer.record(&wanted)?;
        writer.known.insert(origin, record);
        Some(record)
    };
    LOCAL.with(|local| with_writer(local, record, amount));
}

/// Counts an event of a site that was last reached from elsewhere, or never.
fn find_site(local: &Local, site: &'static Site, wanted: &Wanted<'_>, amount: Amount) {
    let number = site.number();
    // SAFETY: the writer of this thread, which nobody else uses.
    let found = unsafe { local.writer.get().as_mut() }.and_then(|writer| writer.turn(number, wanted));
    match found {
        // SAFETY: records are mapped as long as the writer is there.
        Some(record) => unsafe { &*record }.add(amount),
        None => with_writer(local, |writer| writer.record_of_site(number, wanted), amount),
    }
}

/// Does something with the thread's writer that leads to a record, and counts the event there, or as lost.
#[cold]
fn with_writer(local: &Local, find: impl FnOnce(&mut Writer) -> Option<*const Record>, amount: Amount) {
    if local.state.get() != State::Free {
        return local.lost.set(local.lost.get() + 1);
    }
    local.state.set(State::Busy);
    let mut writer = own(local.writer.replace(ptr::null_mut()));
    let found = writer.as_mut().and_then(|writer| find(writer));
    match found {
        // SAFETY: the record is in the writer's file.
        Some(record) => unsafe { &*record }.add(amount),
        None => local.lost.set(local.lost.get() + 1),
    }
    if let Some(writer) = &writer {
        writer.file.lose(local.lost.take());
    }
    local.state.set(if writer.is_some() { State::Free } else { State::Failed });
    local.writer.set(writer.map_or(ptr::null_mut(), Box::into_raw));
}

/// The writer, or a new one. That of another process, which a fork that the C library knows nothing of has left, is
/// let go of.
fn own(writer: *mut Writer) -> Option<Box<Writer>> {
    if writer.is_null() {
        return begin();
    }
    // SAFETY: made by `Box::into_raw` in this thread, which has taken it away from where others find it.
    let writer = unsafe { Box::from_raw(writer) };
    if writer.file.pid() == std::process::id() {
        return Some(writer);
    }
    std::mem::forget(writer);
    begin()
}

fn begin() -> Option<Box<Writer>> {
    let folder = folder()?;
    match CountFile::create(folder) {
        Ok(file) => {
            // Fails where the thread is at its end: then nobody cuts the file.
            let _ = END.try_with(|_| ());
            Some(Box::new(Writer {
                file,
                table: Table::default(),
                known: Known::default(),
                sites: Vec::new(),
            }))
        }
        Err(error) => {
            static SAID: Once = Once::new();
            SAID.call_once(|| {
                eprintln!(
                    "pyrometer: events are lost: there can be no file in {}: {error}",
                    folder.display()
                );
            });
            None
        }
    }
}

impl Writer {
    fn record(&mut self, wanted: &Wanted<'_>) -> Option<*const Record> {
        let known = self.table.find(wanted);
        known.or_else(|| {
            let (file, line, column) =
                wanted.place.map_or(("", 0, 0), |place| (place.file(), place.line(), place.column()));
            let entry = Entry { kind: wanted.kind, key: wanted.key, file, line, column };
            let record = self.file.append(&entry)?;
            self.table.insert(wanted, record);
            Some(record)
        })
    }

    /// The record of a site that is known, and remembered for the next event.
    fn turn(&mut self, number: u32, wanted: &Wanted<'_>) -> Option<*const Record> {
        let record = self.table.find(wanted)?;
        *self.sites.get_mut(number as usize)? = Reached { record, place: wanted.place };
        Some(record)
    }

    fn record_of_site(&mut self, number: u32, wanted: &Wanted<'_>) -> Option<*const Record> {
        let record = self.record(wanted)?;
        if number < MOST_SITES {
            let at = number as usize;
            if self.sites.len() <= at {
                self.sites.resize(at + 1, NOWHERE);
            }
            self.sites[at] = Reached { record, place: wanted.place };
        }
        Some(record)
    }
}
