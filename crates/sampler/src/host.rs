//! The machine, for `meta.json`.

use std::fs;

use pyrometer_tables::meta::Host;

/// Describes the machine that we run on; what it does not tell stays empty.
pub(crate) fn describe() -> Host {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default();
    // SAFETY: no arguments that could be invalid.
    let cpus = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    Host {
        kernel: read("/proc/sys/kernel/osrelease"),
        cpu_model: cpu_model(&read("/proc/cpuinfo")),
        cpus: i32::try_from(cpus).unwrap_or(0),
        architecture: std::env::consts::ARCH.into(),
        boot_id: read("/proc/sys/kernel/random/boot_id"),
    }
}

fn cpu_model(cpuinfo: &str) -> String {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':')).map(|(_, model)| model.trim().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_behind_the_colon() {
        assert_eq!(cpu_model("processor\t: 0\nmodel name\t: AMD EPYC\n"), "AMD EPYC");
        assert_eq!(cpu_model(""), "");
    }

    #[test]
    fn this_machine_has_cpus_and_a_kernel() {
        let host = describe();
        assert!(host.cpus > 0 && !host.kernel.is_empty() && !host.boot_id.is_empty());
    }
}
