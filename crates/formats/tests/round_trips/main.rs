//! What is written is read again, and is equal as far as both sides can express it.
#![allow(clippy::unwrap_used)]

mod by_our_readers;
mod chrome;
mod csv;
mod otlp;
mod places;
mod profiles;
mod said;
