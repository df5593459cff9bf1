"""What of the kernel's settings stands in the way of perf events."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from pyrometer.diagnosis.finding import Check, Found, Run
from pyrometer.diagnosis.machine import CAP_IPC_LOCK, CAP_SYS_PTRACE, CAP_SYSLOG, Machine

DEFAULT_RATE = 999
"""Samples a second that `pyrometer record` asks for."""
LOW_PERCENT = 10
"""Below this share of CPU time the kernel throttles what Pyrometer asks for by default."""
_USER, _KERNEL, _CYCLES = "cpu-clock:u", "cpu-clock", "cycles:u"
_REFUSED = (errno.EACCES, errno.EPERM)
_NO_COUNTER = (errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV)
_FILTER = 2
_CAPABILITY = Run("sudo setcap cap_perfmon,cap_sys_ptrace+ep $(readlink -f $(which python3))")
_CONTAINER = Run("docker run --cap-add PERFMON --security-opt seccomp=unconfined IMAGE")


def _opens(machine: Machine, event: str) -> bool:
    return machine.events.get(event, 0) == 0


def _no_recorder(machine: Machine) -> Iterator[Found]:
    if not machine.recorder:
        yield Found(f"this Pyrometer was built for {machine.system} and has no recorder", "record on Linux on x86-64")


def _no_perf_events(machine: Machine) -> Iterator[Found]:
    if machine.recorder and machine.paranoid is None:
        cure = "use a kernel with CONFIG_PERF_EVENTS, or run outside of this sandbox"
        yield Found("/proc/sys/kernel/perf_event_paranoid does not exist: this kernel has no perf events", cure)


def _filtered(machine: Machine) -> bool:
    """Whether a seccomp filter, and no setting, refuses: the kernel itself says EACCES to those without permission."""
    refused = machine.events.get(_USER, 0)
    allowed = machine.paranoid is not None and (machine.paranoid <= 2 or machine.perfmon)
    by_filter = refused in (errno.EPERM, errno.ENOSYS) or (refused == errno.EACCES and allowed)
    return by_filter and machine.paranoid is not None and machine.seccomp == _FILTER


def _seccomp(machine: Machine) -> Iterator[Found]:
    if _filtered(machine):
        name = errno.errorcode[machine.events[_USER]]
        what = (
            f"a seccomp filter refuses perf_event_open ({name}), which kernel.perf_event_paranoid = {machine.paranoid}"
        )
        yield Found(f"{what} would allow" if _allows(machine) else f"{what} does too", _CONTAINER)


def _allows(machine: Machine) -> bool:
    return machine.perfmon or (machine.paranoid is not None and machine.paranoid <= 2)


def _paranoid(machine: Machine) -> Iterator[Found]:
    level = machine.paranoid
    if level is None or machine.perfmon or _filtered(machine) or level <= 1 or _is_bare_root(machine):
        return
    if not _opens(machine, _USER) and level > 2:
        what = f"kernel.perf_event_paranoid is {level}: users without CAP_PERFMON may not open any event"
        why = "Nothing can be recorded by this user."
        yield Found(what, Run("sudo sysctl kernel.perf_event_paranoid=1"), why, "blocks")
    elif not _opens(machine, _KERNEL):
        what = f"kernel.perf_event_paranoid is {level}: users without CAP_PERFMON see user code only"
        why = "Time inside the kernel (system calls, page faults) is not sampled, so its share is missing."
        yield Found(what, Run("sudo sysctl kernel.perf_event_paranoid=1"), why)


def _is_bare_root(machine: Machine) -> bool:
    """Root without root's capabilities, as in a container: no setting of its own helps it."""
    return machine.uid == 0 or machine.container


def _capability(machine: Machine) -> Iterator[Found]:
    if machine.perfmon or machine.paranoid is None or _filtered(machine):
        return
    if _is_bare_root(machine) and not _opens(machine, _KERNEL):
        blocks = not _opens(machine, _USER)
        seen = "no event may be opened" if blocks else "only user code is seen"
        what = f"CAP_PERFMON is missing here, and kernel.perf_event_paranoid is {machine.paranoid}: {seen}"
        # What is added to a container is its root's only.
        user = "--user root " if machine.uid else ""
        run = Run(f"docker run {user}--cap-add PERFMON IMAGE")
        cure = run if machine.container else Run("sysctl kernel.perf_event_paranoid=1")
        yield Found(what, cure, severity="blocks" if blocks else "limits")
    elif machine.paranoid <= 2 and machine.events.get(_USER, 0) in _REFUSED:
        what = (
            f"perf_event_open is refused though kernel.perf_event_paranoid is {machine.paranoid}: by a security module"
        )
        yield Found(what, _CAPABILITY, severity="blocks")


def _kernel_addresses(machine: Machine) -> Iterator[Found]:
    if machine.kernel_addresses or not _opens(machine, _KERNEL) or not machine.recorder:
        return
    if machine.kptr_restrict:
        cure = Run("sudo sysctl kernel.kptr_restrict=0")
    elif not machine.can(CAP_SYSLOG):
        cure = Run("sudo sysctl kernel.perf_event_paranoid=1")
    else:
        cure = "run outside of this sandbox"
    yield Found(f"/proc/kallsyms hides addresses (kernel.kptr_restrict is {machine.kptr_restrict})", cure)


def _no_pmu(machine: Machine) -> Iterator[Found]:
    if machine.events.get(_CYCLES, 0) not in _NO_COUNTER:
        return
    if machine.virtual:
        what = "this virtual machine has no performance counters"
        cure = "record on the host, or give the machine a PMU (QEMU/KVM: -cpu host,pmu=on)"
    else:
        what = "the kernel knows no performance counters of this CPU"
        cure = "use a kernel with this CPU's PMU driver, or -e cpu-clock"
    yield Found(what, cure)


def _locked_memory(machine: Machine) -> Iterator[Found]:
    unlimited = machine.can(CAP_IPC_LOCK) or (machine.paranoid is not None and machine.paranoid < 0)
    if unlimited or machine.mlock_kb is None or machine.locked_limit_kb is None:
        return
    # Each ring has a page of its own for the positions in it.
    wanted = machine.ring_kb + 4
    allowed = machine.mlock_kb + machine.locked_limit_kb // machine.cpus
    if wanted > allowed:
        what = f"{allowed:,} KiB of ring buffer may be locked for each CPU, {wanted:,} are wanted"
        yield Found(what, Run(f"sudo sysctl kernel.perf_event_mlock_kb={wanted}"))


def _sample_rate(machine: Machine) -> Iterator[Found]:
    limit = machine.max_sample_rate
    if limit is not None and limit < DEFAULT_RATE:
        cure = Run("sudo sysctl kernel.perf_event_max_sample_rate=100000")
        yield Found(f"kernel.perf_event_max_sample_rate is {limit}, below the default rate of {DEFAULT_RATE}", cure)


def _cpu_percent(machine: Machine) -> Iterator[Found]:
    percent = machine.max_percent
    # 0 and 100 switch the limit off.
    if percent is not None and 0 < percent < LOW_PERCENT:
        cure = Run("sudo sysctl kernel.perf_cpu_time_max_percent=25")
        yield Found(f"kernel.perf_cpu_time_max_percent is {percent}: sampling may use {percent} % of a CPU", cure)


def _ptrace_scope(machine: Machine) -> Iterator[Found]:
    scope = machine.ptrace_scope or 0
    if scope == 3 or (scope == 2 and not machine.can(CAP_SYS_PTRACE)):
        allowed = "nobody" if scope == 3 else "only CAP_SYS_PTRACE"
        cure = (
            "remove it from /etc/sysctl.d and restart" if scope == 3 else Run("sudo sysctl kernel.yama.ptrace_scope=1")
        )
        yield Found(f"kernel.yama.ptrace_scope is {scope}: {allowed} may read another process's memory", cure)


DECISIVE = (
    Check(
        "no-recorder",
        "machine",
        "blocks",
        "not Linux on x86-64",
        "Nothing can be recorded here; viewing, exporting and symbolizing work.",
        "record on Linux on x86-64",
        _no_recorder,
    ),
    Check(
        "no-perf-events",
        "machine",
        "blocks",
        "a kernel without perf events",
        "Samples come from the kernel's perf events.",
        "a kernel with `CONFIG_PERF_EVENTS`",
        _no_perf_events,
    ),
    Check(
        "seccomp",
        "machine",
        "blocks",
        "a seccomp filter that refuses `perf_event_open`, as in a container",
        "No event can be opened, whatever the kernel's own settings are.",
        f"`{_CONTAINER}`",
        _seccomp,
    ),
    Check(
        "perf-event-paranoid",
        "machine",
        "limits",
        "`kernel.perf_event_paranoid` of 2 (user code only), or above (nothing; blocks)",
        "At 2 time inside the kernel is missing; above, no event can be opened.",
        "`sudo sysctl kernel.perf_event_paranoid=1`",
        _paranoid,
    ),
    Check(
        "missing-capability",
        "machine",
        "limits",
        "root of a container without `CAP_PERFMON`, or a security module",
        "What this user may observe is decided by the capability, not by being root.",
        "`docker run --cap-add PERFMON IMAGE`, or `setcap` on the interpreter",
        _capability,
    ),
)
"""Checks of whether anything may be recorded, the most harmful first."""

LIMITS = (
    Check(
        "sample-rate",
        "machine",
        "limits",
        "`kernel.perf_event_max_sample_rate` below 999",
        "A recording at the default rate is refused; the kernel lowers the limit itself when samples took it too long.",
        "`sudo sysctl kernel.perf_event_max_sample_rate=100000`",
        _sample_rate,
    ),
    Check(
        "cpu-time-limit",
        "machine",
        "limits",
        f"`kernel.perf_cpu_time_max_percent` below {LOW_PERCENT}",
        "The kernel throttles samples that cost more, so that the busiest moments have too few.",
        "`sudo sysctl kernel.perf_cpu_time_max_percent=25`",
        _cpu_percent,
        early=True,
    ),
    Check(
        "kernel-addresses",
        "machine",
        "limits",
        "`kernel.kptr_restrict`, or `/proc/kallsyms` without addresses",
        "Functions of the kernel have no names.",
        "`sudo sysctl kernel.kptr_restrict=0`",
        _kernel_addresses,
    ),
    Check(
        "locked-memory",
        "machine",
        "limits",
        "`kernel.perf_event_mlock_kb` and `ulimit -l` too low for the ring buffers",
        "Rings are made smaller: busy programs may lose samples, and less of each stack is copied.",
        "`sudo sysctl kernel.perf_event_mlock_kb=16388`",
        _locked_memory,
    ),
    Check(
        "no-pmu",
        "machine",
        "limits",
        "no performance counters, as in most virtual machines",
        "Only the CPU clock can be sampled: no cycles or cache misses, nor code that runs with interrupts off.",
        "record on the host, or give the machine a PMU",
        _no_pmu,
    ),
    Check(
        "ptrace-scope",
        "machine",
        "limits",
        "`kernel.yama.ptrace_scope` of 2 or 3",
        "What lies deeper in a stack than its copy cannot be read, so that deep stacks have no root.",
        "`sudo sysctl kernel.yama.ptrace_scope=1`",
        _ptrace_scope,
        early=True,
    ),
)
"""Checks of what a recording may lack then, the most harmful first."""
