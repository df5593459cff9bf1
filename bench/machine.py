"""What the figures were measured on."""

import os
import platform
import re
import subprocess
from pathlib import Path

from bench.recorders import PEERS, VENV


def describe() -> dict[str, str]:
    """The machine and the versions of everything that was measured."""
    return {
        "CPU": _cpu(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "hardware counters": "yes"
        if Path("/sys/bus/event_source/devices/cpu").exists()
        else "no: cpu-clock is sampled",
        "rustc": _version("rustc", "--version"),
        "Python": platform.python_version(),
        "pyrometer": _version(str(VENV / "pyrometer"), "--version"),
        "perf": _version("perf", "--version"),
        "addr2line": _version("addr2line", "--version"),
        "llvm-symbolizer": _version("llvm-symbolizer", "--version", line=1),
        **{crate: _installed(crate) for crate in ("inferno", "flamegraph", "samply", "rustfilt")},
    }


def _cpu() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found.group(1) if found else platform.machine()


def _installed(crate: str) -> str:
    """The version of a peer, as cargo remembers it: not all of them tell."""
    try:
        known = (PEERS.parent / ".crates.toml").read_text()
    except OSError:
        return "not there"
    found = re.search(rf'^"{crate} (\S+) ', known, re.MULTILINE)
    return found.group(1) if found else "not there"


def _version(*command: str, line: int = 0) -> str:
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "not there"
    return output.strip().splitlines()[line].strip()
