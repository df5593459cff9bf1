"""Machines and processes as folders of files: what ``/proc`` and ``/sys`` would say."""

from collections.abc import Mapping
from pathlib import Path

ALL_CAPABILITIES = "000001ffffffffff"
SYSCTL = "proc/sys/kernel"
CLOCK = "sys/devices/system/clocksource/clocksource0"
CPU = "sys/devices/system/cpu"

#: A machine on which nothing stands in the way of an ordinary user.
HEALTHY = {
    f"{SYSCTL}/perf_event_paranoid": "1\n",
    f"{SYSCTL}/kptr_restrict": "0\n",
    f"{SYSCTL}/perf_event_mlock_kb": "16388\n",
    f"{SYSCTL}/perf_event_max_sample_rate": "100000\n",
    f"{SYSCTL}/perf_cpu_time_max_percent": "25\n",
    f"{SYSCTL}/yama/ptrace_scope": "0\n",
    "proc/self/status": "Name:\tpython\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\nSeccomp:\t0\n",
    "proc/self/limits": "Max locked memory         8388608              8388608              bytes\n",
    "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu tsc\nprocessor\t: 1\nflags\t\t: fpu tsc\n",
    "proc/loadavg": "0.50 0.40 0.30 1/100 4711\n",
    "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 6000000 kB\nSwapTotal: 1000 kB\nSwapFree: 1000 kB\n",
    "proc/kallsyms": "0000000000000000 A fixed_percpu_data\nffffffff81000000 T _text\n",
    f"{CLOCK}/current_clocksource": "tsc\n",
    f"{CLOCK}/available_clocksource": "tsc hpet acpi_pm\n",
    f"{CPU}/cpu0/cpufreq/scaling_governor": "performance\n",
    f"{CPU}/cpu1/cpufreq/scaling_governor": "performance\n",
    f"{CPU}/intel_pstate/no_turbo": "1\n",
}

#: Every event can be opened.
OPEN = {"cpu-clock:u": 0, "cpu-clock": 0, "cycles:u": 0, "cycles": 0}

STATUS = "Name:\t{name}\nTgid:\t{pid}\nPid:\t{pid}\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nNSpid:\t{ids}\n"


def lay_out(root: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """The healthy machine with some files changed, or left out (None)."""
    for name, text in {**HEALTHY, **(changes or {})}.items():
        if text is not None:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return root


def status(uid: int = 1000, capabilities: str = "0", seccomp: int = 0) -> dict[str, str | None]:
    """The change that makes us another user."""
    text = f"Name:\tpython\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nCapEff:\t{capabilities}\nSeccomp:\t{seccomp}\n"
    return {"proc/self/status": text}


def add_process(
    root: Path, pid: int, exe: str, maps: str, *, name: str = "app", uid: int = 1000, ids: str = ""
) -> None:
    """A process of the machine."""
    folder = root / "proc" / str(pid)
    (folder / "root/tmp").mkdir(parents=True)
    (folder / "status").write_text(STATUS.format(name=name, pid=pid, uid=uid, ids=ids or pid))
    (folder / "maps").write_text(maps)
    if exe:
        (folder / "exe").symlink_to(exe)
