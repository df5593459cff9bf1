//! Attributes of the events that we open.

use perf_event_open_sys::bindings as perf;

use crate::live::event::Event;
use crate::live::sys::perf_event_attr;
use crate::record::{SAMPLE_TYPE, USER_REGISTERS};

/// What all events of a recording have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Common {
    /// Samples a second.
    pub(crate) rate: u64,
    /// Bytes of stack copied with each sample, a multiple of 8.
    pub(crate) stack: u32,
    /// Leave the kernel out.
    pub(crate) user_only: bool,
    /// Let the kernel walk the user's frame pointers too: for stacks whose memory we may not read.
    pub(crate) user_chain: bool,
    /// Start when the program is executed (launch), not by ioctl (attach, delay).
    pub(crate) enable_on_exec: bool,
    /// Ask each event how many records it lost (Linux 6.0).
    pub(crate) count_lost: bool,
    /// Wake us when so many bytes wait.
    pub(crate) watermark: u32,
}

/// The event that carries mappings, names, forks and exits, and owns the ring.
pub(crate) fn tracking(common: &Common) -> perf_event_attr {
    let mut attr = base(common);
    attr.type_ = perf::PERF_TYPE_SOFTWARE;
    attr.config = u64::from(perf::PERF_COUNT_SW_DUMMY);
    attr.set_exclude_kernel(1);
    attr.set_mmap(1);
    attr.set_mmap2(1);
    attr.set_comm(1);
    attr.set_comm_exec(1);
    attr.set_task(1);
    attr
}

/// An event that samples.
pub(crate) fn sampling(common: &Common, event: &Event) -> perf_event_attr {
    let mut attr = base(common);
    attr.type_ = event.kind;
    attr.config = event.config;
    attr.__bindgen_anon_3.config1 = event.config1;
    attr.__bindgen_anon_4.config2 = event.config2;
    attr.set_freq(1);
    attr.__bindgen_anon_1.sample_freq = common.rate;
    attr.set_precise_ip(u64::from(event.precise));
    attr.set_exclude_kernel(u64::from(common.user_only || event.exclude_kernel));
    attr.set_exclude_user(u64::from(event.exclude_user));
    attr.sample_regs_user = USER_REGISTERS;
    attr.sample_stack_user = common.stack;
    attr.set_exclude_callchain_user(u64::from(!common.user_chain));
    if common.user_only {
        attr.set_exclude_callchain_kernel(1);
    }
    attr
}

fn base(common: &Common) -> perf_event_attr {
    let mut attr = perf_event_attr { size: size_of::<perf_event_attr>() as u32, ..Default::default() };
    attr.sample_type = SAMPLE_TYPE;
    // The dummy event has the layout of the others, though it never samples: one ring, one layout.
    attr.sample_regs_user = USER_REGISTERS;
    attr.sample_stack_user = 8;
    attr.read_format = u64::from(perf::PERF_FORMAT_TOTAL_TIME_ENABLED | perf::PERF_FORMAT_TOTAL_TIME_RUNNING);
    if common.count_lost {
        attr.read_format |= u64::from(perf::PERF_FORMAT_LOST);
    }
    attr.set_disabled(1);
    attr.set_enable_on_exec(u64::from(common.enable_on_exec));
    attr.set_inherit(1);
    attr.set_exclude_hv(1);
    attr.set_sample_id_all(1);
    attr.set_use_clockid(1);
    attr.clockid = libc::CLOCK_MONOTONIC;
    attr.set_watermark(1);
    attr.__bindgen_anon_2.wakeup_watermark = common.watermark;
    attr
}
