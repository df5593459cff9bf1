//! The Parquet reader, held at arm's length.
//!
//! It checks most of what it reads, but bytes that were forged with right checksums can still make
//! it panic. Here such a panic becomes an error of the file, and prints nothing.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use ::arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `read`; says what is wrong if it fails or panics. What it leaves half done is thrown away.
pub(super) fn guarded<T, E: ToString>(read: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    stay_quiet_while_guarded();
    let before = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(read));
    GUARDED.set(before);
    match outcome {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("what the reader gives up on: {}", message(&*panic))),
    }
}

/// The hook of the program stays in force for all panics but those that are turned into errors.
fn stay_quiet_while_guarded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                previous(panic);
            }
        }));
    });
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

/// Batches of a table, until the first that cannot be read.
pub(crate) struct Batches {
    reader: Option<ParquetRecordBatchReader>,
}

impl Batches {
    pub(super) fn new(reader: ParquetRecordBatchReader) -> Self {
        Self { reader: Some(reader) }
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, String>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        match guarded(|| reader.next().transpose()) {
            Ok(batch) => batch.map(Ok),
            Err(error) => {
                self.reader = None;
                Some(Err(error))
            }
        }
    }
}
