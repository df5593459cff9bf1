"""Where binaries lay in memory, out of Valgrind's log: DHAT names no binary where it knows a line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

OPTIONS = ("-v", "-v")
"""What makes Valgrind say it."""
_LOADED = re.compile(r"^--\d+-- Reading syms from (.+)\n--\d+-- +svma 0x[0-9a-f]+, avma 0x([0-9a-f]+)$", re.MULTILINE)
_GONE = re.compile(r"^[-=]+\d+[-=]+ Discarding syms at 0x([0-9a-f]+)-0x[0-9a-f]+ in ", re.MULTILINE)
_PARENT = re.compile(r"^==\d+== Parent PID: (\d+)$", re.MULTILINE)
_STARTED = re.compile(r"^--\d+-- Valgrind options:$", re.MULTILINE)
_END = 64
"""Bytes, at the end of a file, that have its last brace."""


def add_modules(file: Path, pid: str, folder: Path) -> None:
    """Tell a file of DHAT, of the process ``pid``, the binaries of its addresses: as ``modules``, which we read."""
    found = sorted((at, path) for at, path in modules(pid, folder).items())
    if not found:
        return
    with file.open("r+b") as target:
        begin = max(0, target.seek(0, os.SEEK_END) - _END)
        target.seek(begin)
        brace = target.read().rfind(b"}")
        if brace < 0:
            return
        target.seek(begin + brace)
        target.truncate()
        target.write(b',"modules":' + json.dumps(found).encode() + b"}\n")


def modules(pid: str, folder: Path) -> dict[int, str]:
    """Paths of binaries by where their code began when the process ended; a forked one begins with its parent's."""
    found: dict[int, str] = {}
    for log in reversed(list(_logs(pid, folder))):
        events = [(one.start(), int(one[2], 16), one[1]) for one in _LOADED.finditer(log)]
        events += [(one.start(), int(one[1], 16), "") for one in _GONE.finditer(log)]
        found |= {at: path for _, at, path in sorted(events)}
    return {at: path for at, path in found.items() if path}


def _logs(pid: str, folder: Path) -> Iterator[str]:
    """The log of a process, then those of the processes that it was forked from."""
    seen: set[str] = set()
    while pid not in seen:
        seen.add(pid)
        try:
            log = (folder / f"log.{pid}").read_text(errors="replace")
        except OSError:
            return
        yield log
        parent = _PARENT.search(log)
        if parent is None or _STARTED.search(log):
            return
        pid = parent[1]
