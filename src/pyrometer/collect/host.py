"""The machine that we run on, for the profile."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

from pyrometer.profile import Host


def this_host(root: Path = Path("/")) -> Host:
    """Kernel, processor and boot; empty where the system does not say."""
    return Host(
        kernel=platform.release(),
        cpu_model=_cpu_model(root / "proc/cpuinfo"),
        cpus=os.cpu_count() or 0,
        architecture=platform.machine(),
        boot_id=_text(root / "proc/sys/kernel/random/boot_id").strip(),
    )


def _cpu_model(path: Path) -> str:
    found = re.search(r"^model name\s*:\s*(.*)$", _text(path), re.MULTILINE)
    return found.group(1) if found else platform.processor()


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def this_folder() -> str:
    """The folder that we run in; empty if somebody has removed it, which keeps no program from running."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""
