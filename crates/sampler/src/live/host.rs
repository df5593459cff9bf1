//! The machine, for `meta.json`.

use std::fs;

use pyrometer_tables::meta::Host;

use crate::kernel_text;

/// Describes the machine that we run on; what it does not tell stays empty.
pub(crate) fn describe() -> Host {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    // SAFETY: no arguments that could be invalid.
    let cpus = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    Host {
        kernel: read("/proc/sys/kernel/osrelease"),
        cpu_model: kernel_text::cpu_model(&read("/proc/cpuinfo")),
        cpus: i32::try_from(cpus).unwrap_or(0),
        architecture: std::env::consts::ARCH.into(),
        boot_id: read("/proc/sys/kernel/random/boot_id"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_cpus_and_a_kernel() {
        let host = describe();
        assert!(host.cpus > 0 && !host.kernel.is_empty() && !host.boot_id.is_empty());
    }
}
