"""The facts of a machine: what ``/proc`` and ``/sys`` say, and which events the kernel lets us open."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from shutil import which

from pyrometer import native
from pyrometer.errors import NoRecorderError
from pyrometer.frozen import frozen

CAP_IPC_LOCK, CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYSLOG, CAP_PERFMON = 14, 19, 21, 34, 38
"""Numbers of ``linux/capability.h``."""
_CONTAINER_MARKS = (".dockerenv", "run/.containerenv", "run/systemd/container")
_RING_BUDGET, _RING_LARGEST, _RING_SMALLEST = 64 << 10, 16 << 10, 64
"""KiB that the recorder asks for: of all rings, and of one."""


@frozen
class Machine:
    """What can be known of a machine without recording on it; None where it does not say."""

    recorder: bool = True
    """Whether this Pyrometer can record at all."""
    system: str = "Linux x86_64"
    events: Mapping[str, int] = field(default_factory=dict)
    """Error numbers of opening events on ourselves; empty where that was not tried."""
    paranoid: int | None = None
    kptr_restrict: int | None = None
    kernel_addresses: bool = True
    """Whether ``/proc/kallsyms`` shows addresses to us."""
    mlock_kb: int | None = None
    locked_limit_kb: int | None = None
    """None: no limit."""
    max_sample_rate: int | None = None
    max_percent: int | None = None
    ptrace_scope: int | None = None
    seccomp: int = 0
    """2: a filter decides on system calls."""
    capabilities: int = 0
    uid: int = 0
    container: bool = False
    virtual: bool = False
    cpus: int = 1
    load: float = 0.0
    clock_source: str | None = None
    clock_sources: tuple[str, ...] = ()
    governors: frozenset[str] = frozenset()
    turbo: str | None = None
    """The command that switches it off, if it is on."""
    swap_used_kb: int = 0
    available_kb: int | None = None
    engines: Mapping[str, str | None] = field(default_factory=dict)
    """Paths of other programs that instruments need; None for those that are not installed."""

    def can(self, *capabilities: int) -> bool:
        """Whether we have any of these capabilities."""
        return any(self.capabilities >> number & 1 for number in capabilities)

    @property
    def perfmon(self) -> bool:
        """Whether ``perf_event_paranoid`` does not apply to us."""
        return self.can(CAP_PERFMON, CAP_SYS_ADMIN)

    @property
    def ring_kb(self) -> int:
        """KiB of ring buffer that a recording wants for each CPU: a power of two."""
        share = max(_RING_SMALLEST, _RING_BUDGET // max(1, self.cpus))
        return min(_RING_LARGEST, 1 << share.bit_length() - 1)


def read_machine(root: Path = Path("/"), events: Mapping[str, int] | None = None) -> Machine:
    """The machine below ``root``; ``events`` are tried on ourselves unless given."""
    kernel = root / "proc/sys/kernel"
    status = status_fields(root / "proc/self/status")
    memory = status_fields(root / "proc/meminfo")
    clock = root / "sys/devices/system/clocksource/clocksource0"
    return Machine(
        recorder=_recorder(),
        system=f"{platform.system()} {platform.machine()}",
        events=dict(native.probe_events()) if events is None else events,
        paranoid=_number(kernel / "perf_event_paranoid"),
        kptr_restrict=_number(kernel / "kptr_restrict"),
        kernel_addresses=_shows_addresses(root / "proc/kallsyms"),
        mlock_kb=_number(kernel / "perf_event_mlock_kb"),
        locked_limit_kb=_locked_limit(root / "proc/self/limits"),
        max_sample_rate=_number(kernel / "perf_event_max_sample_rate"),
        max_percent=_number(kernel / "perf_cpu_time_max_percent"),
        ptrace_scope=_number(kernel / "yama/ptrace_scope"),
        seccomp=whole(status.get("Seccomp", "")) or 0,
        capabilities=_hexadecimal(status.get("CapEff", "")),
        uid=whole(" ".join(status.get("Uid", "").split()[1:2])) or 0,
        container=any((root / mark).exists() for mark in _CONTAINER_MARKS),
        virtual=bool(re.search(r"^flags\s*:.*\bhypervisor\b", _text(root / "proc/cpuinfo"), re.MULTILINE)),
        cpus=len(re.findall(r"^processor\s*:", _text(root / "proc/cpuinfo"), re.MULTILINE)) or 1,
        load=_load(root / "proc/loadavg"),
        clock_source=_text(clock / "current_clocksource").strip() or None,
        clock_sources=tuple(_text(clock / "available_clocksource").split()),
        governors=frozenset(
            _text(path).strip() for path in (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
        ),
        turbo=_turbo(root / "sys/devices/system/cpu"),
        swap_used_kb=_kib(memory, "SwapTotal") - _kib(memory, "SwapFree"),
        available_kb=_kib(memory, "MemAvailable") if "MemAvailable" in memory else None,
        engines={"valgrind": which("valgrind")},
    )


def _recorder() -> bool:
    try:
        native.require_recording()
    except NoRecorderError:
        return False
    return True


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    return whole(_text(path).strip())


def whole(text: str) -> int | None:
    """A whole number; None for any other text."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _hexadecimal(text: str) -> int:
    return int(text, 16) if re.fullmatch(r"[0-9a-fA-F]{1,16}", text) else 0


def _load(path: Path) -> float:
    """Threads that want to run, on the average of a minute."""
    found = re.match(r"[0-9]{1,9}\.[0-9]{1,9}", _text(path))
    return float(found[0]) if found else 0.0


def status_fields(path: Path) -> dict[str, str]:
    """``Name: value`` lines."""
    pairs = (line.partition(":") for line in _text(path).splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _kib(memory: Mapping[str, str], name: str) -> int:
    return whole(memory.get(name, "").removesuffix("kB").strip()) or 0


def _locked_limit(path: Path) -> int | None:
    found = re.search(r"^Max locked memory\s+(\S+)", _text(path), re.MULTILINE)
    limit = whole(found[1]) if found else None
    return None if limit is None else limit >> 10


def _shows_addresses(kallsyms: Path) -> bool:
    """Whether any of the first symbols has an address; a machine without the file hides nothing."""
    try:
        with kallsyms.open() as file:
            addresses = [line.split()[0] for line, _ in zip(file, range(50), strict=False)]
    except (OSError, IndexError):
        return True
    # The first symbols of a kernel lie at the beginning of each CPU's data, which is 0.
    return not addresses or any(address.strip("0") for address in addresses)


def _turbo(cpus: Path) -> str | None:
    """The command that keeps the processor at its base frequency; None if it is there, or cannot be told."""
    if _number(cpus / "intel_pstate/no_turbo") == 0:
        return "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"
    if _number(cpus / "cpufreq/boost") == 1:
        return "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"
    return None
