//! What can stop a recording, each with its cause and its cure.

use std::path::PathBuf;

/// Why a recording could not start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The program to launch does not exist.
    #[error("program '{program}' was not found")]
    ProgramNotFound {
        /// As the user wrote it.
        program: String,
    },
    /// The program exists, but cannot be executed.
    #[error("program '{program}' cannot be executed: {reason}")]
    NotExecutable {
        /// As the user wrote it.
        program: String,
        /// The kernel's reason.
        reason: String,
    },
    /// There is no such process.
    #[error("there is no process {pid}")]
    NoSuchProcess {
        /// The process asked for.
        pid: i32,
    },
    /// A thread is asked for where a process is meant.
    #[error("{tid} is a thread of process {pid}, not a process")]
    Thread {
        /// As the user wrote it.
        tid: i32,
        /// Its process.
        pid: i32,
    },
    /// The process belongs to somebody else.
    #[error("process {pid} belongs to another user (uid {uid}) and may not be observed")]
    NotOurs {
        /// The process asked for.
        pid: i32,
        /// Its owner.
        uid: u32,
    },
    /// The kernel refuses perf events.
    #[error("the kernel refuses perf events: {reason}")]
    NoPermission {
        /// Which setting is in the way, and its value.
        reason: String,
        /// The exact command that cures it.
        cure: String,
    },
    /// The kernel was built without perf events.
    #[error("this kernel has no perf events (perf_event_open is not implemented)")]
    NoPerfEvents,
    /// An event name that nothing here knows.
    #[error("unknown event '{event}'")]
    UnknownEvent {
        /// As the user wrote it.
        event: String,
        /// What is known, or what is nearest.
        hint: String,
    },
    /// The event is known, but this machine cannot count it.
    #[error("event '{event}' is not supported on this machine: {reason}")]
    UnsupportedEvent {
        /// As the user wrote it.
        event: String,
        /// Why, as far as the kernel says.
        reason: String,
    },
    /// The rate is above the kernel's limit.
    #[error("a rate of {rate} samples a second is above this kernel's limit of {limit}")]
    RateTooHigh {
        /// Asked for.
        rate: u64,
        /// /proc/sys/kernel/perf_event_max_sample_rate.
        limit: u64,
    },
    /// No ring buffer could be mapped, not even the smallest.
    #[error("no ring buffer could be mapped, not even of {bytes} bytes a CPU: {reason}")]
    NoRing {
        /// Smallest size tried.
        bytes: usize,
        /// The kernel's reason.
        reason: String,
    },
    /// Too many files are open.
    #[error(
        "{needed} perf events need as many open files, beside those of the recorder, and no more than {limit} are allowed"
    )]
    TooManyFiles {
        /// Descriptors needed.
        needed: usize,
        /// RLIMIT_NOFILE.
        limit: u64,
    },
    /// The journal could not be begun.
    #[error("the recording cannot begin: {source}")]
    NoJournal {
        /// The cause.
        source: pyrometer_tables::Error,
    },
    /// The journal could not be written to its end.
    #[error("the recording at {} could not be written: {source}", path.display())]
    Journal {
        /// The journal.
        path: PathBuf,
        /// The cause.
        source: pyrometer_tables::Error,
    },
    /// A system call failed that should not.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// The kernel's reason.
        source: std::io::Error,
    },
}

/// What is said of an interpreter or a loader that does not exist.
pub(crate) const NOT_THERE: &str = "does not exist";

impl Error {
    /// A short name of the cause, one a class of errors.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ProgramNotFound { .. } => "program-not-found",
            Self::NotExecutable { .. } => "not-executable",
            Self::NoSuchProcess { .. } | Self::Thread { .. } => "no-such-process",
            Self::NotOurs { .. } => "not-ours",
            Self::NoPermission { .. } => "no-permission",
            Self::NoPerfEvents => "no-perf-events",
            Self::UnknownEvent { .. } => "unknown-event",
            Self::UnsupportedEvent { .. } => "unsupported-event",
            Self::RateTooHigh { .. } => "rate-too-high",
            Self::NoRing { .. } => "no-ring",
            Self::TooManyFiles { .. } => "too-many-files",
            Self::Journal { .. } | Self::NoJournal { .. } => "journal",
            Self::System { .. } => "system",
        }
    }

    /// What the user can do about it.
    pub fn cure(&self) -> String {
        match self {
            Self::ProgramNotFound { .. } => "check the spelling, or give a path such as ./program".into(),
            Self::NotExecutable { program, reason } if reason.contains("format") => {
                format!("start a script by its interpreter: sh {program}")
            }
            Self::NotExecutable { reason, .. } if reason.contains(NOT_THERE) => {
                "install it, or correct what names it: the first line of a script, the linker's options of a binary".into()
            }
            Self::NotExecutable { program, .. } => format!("make it executable: chmod +x {program}"),
            Self::NoSuchProcess { .. } => "list the running processes: ps -e".into(),
            Self::Thread { tid, pid } => format!(
                "record its process with -p {pid}, and look at the thread alone: pyrometer show --thread {tid}"
            ),
            Self::NotOurs { pid, .. } => {
                format!("run as that user or as root: sudo pyrometer record -p {pid}")
            }
            Self::NoPermission { cure, .. } => cure.clone(),
            Self::NoPerfEvents => {
                "use a kernel with CONFIG_PERF_EVENTS, or run outside of this sandbox".into()
            }
            Self::UnknownEvent { hint, .. } => hint.clone(),
            Self::UnsupportedEvent { .. } => "use a software event: --event cpu-clock".into(),
            Self::RateTooHigh { rate, limit } => format!(
                "use --rate {limit}, or raise the limit: sudo sysctl kernel.perf_event_max_sample_rate={rate}"
            ),
            Self::NoRing { .. } => "end other recordings of this user, or raise the limit: \
                                    sudo sysctl kernel.perf_event_mlock_kb=1024 (or ulimit -l)"
                .into(),
            Self::TooManyFiles { needed, .. } => {
                format!("raise the limit in this shell: ulimit -n {}", needed + 64)
            }
            Self::NoJournal { source } => source.cure(),
            Self::Journal { path, source } => {
                format!("{}; what was recorded until then is in {}", source.cure(), path.display())
            }
            Self::System { .. } => "try again; if it stays, report it with this message".into(),
        }
    }

    pub(crate) fn system(what: impl Into<String>) -> Self {
        Self::System { what: what.into(), source: std::io::Error::last_os_error() }
    }
}

/// The result of what this crate does.
pub type Result<T> = std::result::Result<T, Error>;
