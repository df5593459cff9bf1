//! Numbers of `linux/perf_event.h` and `asm/perf_regs.h`, as far as records are made of them: they are the same on
//! every machine, and a recording may be read on any.

/// Types of records.
pub(crate) mod record {
    pub(crate) const MMAP: u32 = 1;
    pub(crate) const LOST: u32 = 2;
    pub(crate) const COMM: u32 = 3;
    pub(crate) const EXIT: u32 = 4;
    pub(crate) const THROTTLE: u32 = 5;
    pub(crate) const UNTHROTTLE: u32 = 6;
    pub(crate) const FORK: u32 = 7;
    pub(crate) const SAMPLE: u32 = 9;
    pub(crate) const MMAP2: u32 = 10;
    pub(crate) const LOST_SAMPLES: u32 = 13;
}

/// Bits of `misc` in a record's header.
pub(crate) mod misc {
    /// The part that says where the CPU was.
    pub(crate) const CPU_MODE: u16 = 7;
    pub(crate) const KERNEL: u16 = 1;
    /// Above are hypervisor and guests.
    pub(crate) const USER: u16 = 2;
    /// Of MMAP: not code.
    pub(crate) const MMAP_DATA: u16 = 1 << 13;
    /// Of COMM: set by `execve`.
    pub(crate) const COMM_EXEC: u16 = 1 << 13;
    /// Of MMAP2: the build id stands where device and inode do otherwise.
    pub(crate) const MMAP_BUILD_ID: u16 = 1 << 14;
}

/// Bits of `sample_type`: what a sample carries.
pub(crate) mod sample {
    pub(crate) const IP: u64 = 1;
    pub(crate) const TID: u64 = 1 << 1;
    pub(crate) const TIME: u64 = 1 << 2;
    pub(crate) const ADDR: u64 = 1 << 3;
    pub(crate) const READ: u64 = 1 << 4;
    pub(crate) const CALLCHAIN: u64 = 1 << 5;
    pub(crate) const ID: u64 = 1 << 6;
    pub(crate) const CPU: u64 = 1 << 7;
    pub(crate) const PERIOD: u64 = 1 << 8;
    pub(crate) const STREAM_ID: u64 = 1 << 9;
    pub(crate) const RAW: u64 = 1 << 10;
    pub(crate) const BRANCH_STACK: u64 = 1 << 11;
    pub(crate) const REGS_USER: u64 = 1 << 12;
    pub(crate) const STACK_USER: u64 = 1 << 13;
    pub(crate) const IDENTIFIER: u64 = 1 << 16;
}

/// `PERF_SAMPLE_REGS_ABI_*`.
pub(crate) mod registers {
    pub(crate) const NONE: u64 = 0;
    pub(crate) const ABI_32: u64 = 1;
}

/// `PERF_CONTEXT_*`: what the addresses behind it in a call chain are.
pub(crate) mod context {
    pub(crate) const KERNEL: u64 = (-128_i64).cast_unsigned();
    pub(crate) const USER: u64 = (-512_i64).cast_unsigned();
    /// From here on it is a mark, not an address.
    pub(crate) const MAX: u64 = (-4095_i64).cast_unsigned();
}
