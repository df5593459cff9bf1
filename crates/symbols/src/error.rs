//! What can go wrong with symbols.

/// Why a binary could not be read.
///
/// One binary's failure never fails a profile: [`crate::symbolize`] turns it into the sentence of
/// `binaries.missing`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are no ELF file of a kind that we read.
    #[error("not an ELF binary ({found}); expected one for Linux")]
    NotElf {
        /// What the reader says about it.
        found: String,
    },
    /// Code of a processor whose instructions we do not list.
    #[error("instructions of {found} code cannot be listed; x86-64 code can")]
    Architecture {
        /// The processor.
        found: String,
    },
    /// A jitdump file that does not follow its format.
    #[error("jitdump: {what} at byte {offset}")]
    JitDump {
        /// What is wrong.
        what: &'static str,
        /// Offset in the file.
        offset: u64,
    },
}
