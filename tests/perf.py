"""perf, the kernel's own profiler, as a second opinion."""

import collections
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def why_missing() -> str | None:
    """Why perf cannot be used here, or ``None`` when it can."""
    if shutil.which("perf") is None:
        return "perf is not installed and could not be: apt-get install linux-perf"
    tried = subprocess.run(["perf", "stat", "-e", "cpu-clock:u", "true"], capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"perf does not work here: {tried.stderr.strip()}"


def record_command(data: Path, rate: int, extra: Sequence[str] = ()) -> list[str]:
    """The command that records the program that is appended to it."""
    return ["perf", "record", "--quiet", "-e", "cpu-clock:u", "-F", str(rate), *extra, "-o", str(data), "--"]


def self_counts(data: Path, command: str | None = None) -> collections.Counter[str]:
    """Samples by function, of user space: the leaf's mangled symbol, inlined functions not looked at.

    Args:
        data: what ``perf record`` wrote.
        command: count only threads of this name.
    """
    script = ["perf", "script", "-i", str(data), "-G", "--no-inline", "--no-demangle", "-F", "comm,ip,sym"]
    lines = subprocess.run(script, capture_output=True, text=True, check=True).stdout.splitlines()
    counts: collections.Counter[str] = collections.Counter()
    for line in lines:
        thread, _, rest = line.strip().partition("  ")
        if command is None or thread.strip() == command:
            counts[rest.strip().partition(" ")[2].strip()] += 1
    return counts
